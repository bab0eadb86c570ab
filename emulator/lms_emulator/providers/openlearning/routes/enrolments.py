"""Enrolling users in classes and programs."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openlearning import credentials, refusals, rules, shapes, wire
from lms_emulator.providers.openlearning.call import (
    JSON,
    Call,
    api,
    boolean,
    declare_fields,
    json_object,
    json_text,
    request_body,
    required,
    sent_fields,
    was_sent,
)
from lms_emulator.providers.openlearning.model import Class, User
from lms_emulator.providers.openlearning.settings import GATEWAY_MOCK, PAYMENT_GATEWAY


def enrol(call: Call) -> Response:
    """Enrol `user` in `class`, both sent in a form."""
    me = credentials.caller(call)
    values = sent_fields(call)
    hints = {"class": "class_id", "user": "user_id"}
    wanted = {
        name: required(
            call, values, name, f"this endpoint's field is {name}, not {other}" if was_sent(values, other) else None
        )
        for name, other in hints.items()
    }
    declare_fields(call, "class", "user")
    return _enrol(call, me, _class(call, wanted["class"]), _user(call, wanted["user"]))


def enrol_by_json(call: Call) -> Response:
    """Enrol `user` in `class`, or in the default class of `course`, sent as JSON (v2.2)."""
    me = credentials.caller(call)
    body = json_object(call)
    texts = {name: json_text(call, body, name) for name in ("user", "course", "class")}
    flags = {name: json_text(call, body, name) or "" for name in ("send_welcome_email", "ignore_course_prereqs")}
    welcome = boolean(call, flags, "send_welcome_email", call.settings.send_mail_by_default)
    boolean(call, flags, "ignore_course_prereqs", False)
    declare_fields(call, *texts, *flags)
    user_id = texts["user"]
    if not user_id:
        raise refusals.field_error(call, "user", "user is required")
    klass = _class_or_default(call, texts["class"], texts["course"])
    user = _user(call, user_id)
    response = _enrol(call, me, klass, user)
    if welcome and user.primary_email_address:
        call.outbox.add(
            "email",
            provider=call.provider,
            kind="enrolment_welcome_email",
            to=user.primary_email_address,
            at=call.clock.now(),
            subject=f"Welcome to {klass.title}",
            body=f"{user.full_name}, you have been enrolled in {klass.title}.",
            data={"user_id": user.id, "class_id": klass.id},
        )
    return response


def _class_or_default(call: Call, class_id: str | None, course_id: str | None) -> Class:
    if class_id:
        klass = _class(call, class_id)
        if course_id and klass.course != course_id:
            raise refusals.field_error(
                call, "class", "class is not a class of course", got=f"{class_id} in {course_id}"
            )
        return klass
    if not course_id:
        raise refusals.field_error(call, "class", "class or course is required")
    if course_id not in call.store.courses:
        raise refusals.not_found("course", course_id, call.store.kind_of(course_id))
    classes = call.store.classes_of(course_id)
    if not classes:
        raise refusals.not_found("class", course_id)
    return classes[0]


def _class(call: Call, class_id: str) -> Class:
    klass = call.store.classes.get(class_id)
    if klass is None:
        raise refusals.not_found("class", class_id, call.store.kind_of(class_id))
    return klass


def _user(call: Call, user_id: str) -> User:
    user = call.store.users.get(user_id)
    if user is None:
        raise refusals.not_found("user", user_id, call.store.kind_of(user_id))
    return user


def _enrol(call: Call, me: User, klass: Class, user: User) -> Response:
    course = call.store.courses.get(klass.course)
    if course is None or not call.store.administers_course(me.id, course):
        why = f"the class is one of {course.institution}" if course is not None else None
        raise refusals.not_allowed("administrator of the course", me.profile_name, why)
    if call.store.enrolment(user.id, klass.id) is not None:
        raise refusals.already_enrolled(user.id, klass.id)
    return wire.data(shapes.enrolment(rules.enrol(call.store, call.ids, call.clock, user, klass, "learner")))


def enrol_in_program(call: Call) -> Response:
    """Enrol `user` in a program, sent as JSON (v2.2)."""
    if call.settings.exact_json_405 and call.headers.get("content-type", "").strip().lower() == "application/json":
        call.warn("exact_json", "exactly `application/json` reaches another handler; add `; charset=utf-8`")
        raise refusals.method_not_allowed(call.method, ("GET",))
    me = credentials.caller(call)
    institution = credentials.administered(call, me)
    program_id = call.path_params["program_id"]
    program = call.store.programs.get(program_id)
    if program is None or program.institution != institution.id:
        raise refusals.not_found("program", program_id, call.store.kind_of(program_id))
    user_id = json_text(call, json_object(call), "user")
    if not user_id:
        raise refusals.field_error(call, "user", "user is required")
    user = _user(call, user_id)
    if call.store.enrolment(user.id, program.id) is not None:
        raise refusals.already_enrolled(user.id, program.id)
    return wire.data(shapes.enrolment(rules.enrol_in_program(call.store, call.ids, call.clock, user, program)))


ROUTES: tuple[Route, ...] = (
    *api(
        ("POST",),
        "/enrolments/",
        enrol,
        evidence="observed",
        source=f"{PAYMENT_GATEWAY} (the body is chosen)",
        summary="Enrol a user in a class",
        body=request_body({"class!": "class id", "user!": "user id"}),
    ),
    *api(
        ("POST",),
        "/enrolments/submit-json/",
        enrol_by_json,
        versions=("v2.2",),
        evidence="observed",
        source=f"{GATEWAY_MOCK} (the body is chosen)",
        summary="Enrol a user in a class, as JSON",
        body=request_body(
            {
                "user!": "user id",
                "course": "course id; without a class, its default class is used",
                "class": "class id",
                "send_welcome_email": "false, or the user gets an e-mail",
                "ignore_course_prereqs": "true or false",
            },
            media_type=JSON,
        ),
    ),
    *api(
        ("POST",),
        "/institutions/{institution_id}/programs/{program_id}/enrolments/",
        enrol_in_program,
        versions=("v2.2",),
        evidence="observed",
        source=f"{GATEWAY_MOCK} (the body is chosen)",
        summary="Enrol a user in a program, as JSON",
        body=request_body({"user!": "user id"}, media_type=JSON),
    ),
)
