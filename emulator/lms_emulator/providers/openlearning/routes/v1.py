"""The old API on the web site: provisioning of courses and classes with HTTP Basic, and the public course list."""

from __future__ import annotations

import re
from typing import Any, get_args

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.clock import parse_instant
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.openlearning import credentials, refusals, rules, shapes, wire
from lms_emulator.providers.openlearning.call import Call, in_query, request_body, web_base
from lms_emulator.providers.openlearning.model import Class, ClassType, Course, User
from lms_emulator.providers.openlearning.settings import COURSE_LIST, GUIDE, V1_GUIDE

_SLUG = re.compile(r"[A-Za-z0-9_-]+")
_PRICE = re.compile(r"\d{1,9}(\.\d{1,2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def _fields(call: Call) -> dict[str, str]:
    try:
        fields = call.fields()
    except BodyError as error:
        raise refusals.v1_field("body", "cannot be read", str(error)) from None
    if call.body and not call.is_form:
        call.warn("no_form_content_type", "the body was ignored: the v1 API takes URL-encoded forms")
    return fields


def _course(call: Call) -> Course:
    path = call.path_params["path"]
    course = call.store.courses.first("slug", path.lower())
    if course is None:
        raise refusals.v1_not_found(f"courses/{path}")
    return course


def _administered(call: Call, me: User, course: Course) -> None:
    if not call.store.administers_course(me.id, course):
        raise refusals.v1_forbidden(f"administrator of courses/{course.slug}", me.profile_name)


# --- courses ---
def provision_course(call: Call) -> Response:
    """Create a course (POST), or return an existing one (GET, whose behaviour is chosen)."""
    me = credentials.basic_user(call)
    path = call.path_params["path"]
    if not _SLUG.fullmatch(path):
        raise refusals.v1_not_found(f"courses/{path}", "a course path consists of letters, digits, - and _")
    if call.method == "GET":
        return _course_answer(call, _course(call))
    institution = next((m.institution for m in call.store.memberships.find("user", me.id) if m.role != "member"), None)
    if institution is None:
        raise refusals.v1_forbidden("staff or administrator of an institution", me.profile_name)
    fields = _fields(call)
    title = fields.get("title", "").strip()
    if not title:
        raise refusals.v1_field("title", "this field is required")
    if call.store.courses.first("slug", path.lower()) is not None:
        raise refusals.v1_taken(f"courses/{path}")
    course = Course(
        id=call.ids.object_id(call.clock.timestamp()),
        institution=institution,
        slug=path,
        title=title,
        category=fields.get("category") or None,
        online=call.settings.v1_course_online,
        created_by=me.id,
    )
    rules.create_course(call.store, call.ids, call.clock, course)
    return _course_answer(call, course)


def _course_answer(call: Call, course: Course) -> Response:
    path = f"courses/{course.slug}"
    return wire.json({"success": True, "path": path, "url": f"{web_base(call)}/{path}"})


def course_status(call: Call) -> Response:
    """Put a course online or offline (POST `status`), or return its status (GET)."""
    me = credentials.basic_user(call)
    course = _course(call)
    _administered(call, me, course)
    if call.method == "POST":
        status = _fields(call).get("status", "")
        if status not in ("online", "offline"):
            raise refusals.v1_field("status", "must be online or offline", status)
        course = call.store.courses.put(replace(course, online=status == "online"))
    return wire.json({"success": True, "status": "online" if course.online else "offline"})


# --- classes ---
def provision_class(call: Call) -> Response:
    """Create a class of a course (POST), or return one (GET `title`, or the default class; chosen)."""
    me = credentials.basic_user(call)
    course = _course(call)
    _administered(call, me, course)
    classes = call.store.classes_of(course.id)
    if call.method == "GET":
        title = call.query.get("title")
        found = next((klass for klass in classes if title is None or klass.title == title), None)
        if found is None:
            raise refusals.v1_not_found(f"class {title!r} of courses/{course.slug}")
        return _class_answer(course, found)
    klass = _new_class(call, me, course, _fields(call))
    if any(other.path == klass.path for other in classes):
        raise refusals.v1_taken(f"courses/{course.slug}/Cohorts/{klass.path}")
    return _class_answer(course, call.store.classes.put(klass))


def _new_class(call: Call, me: User, course: Course, fields: dict[str, str]) -> Class:
    title = fields.get("title", "").strip()
    if not title:
        raise refusals.v1_field("title", "this field is required")
    kind = fields.get("type") or "open"
    if kind not in get_args(ClassType):
        raise refusals.v1_field("type", f"must be one of {', '.join(get_args(ClassType))}", kind)
    if kind == "requires-activation-code" and not fields.get("activationCode"):
        raise refusals.v1_field("activationCode", "is required for this type of class")
    billed = fields.get("isBilled") or "false"
    if billed not in ("true", "false"):
        raise refusals.v1_field("isBilled", "must be true or false", billed)
    _match(fields, "studentPrice", _PRICE, "must be an amount such as 12.00")
    _match(fields, "currency", _CURRENCY, "must be a currency code such as USD")
    start = fields.get("startDate") or None
    if start is not None:
        try:
            parse_instant(start)
        except ValueError:
            raise refusals.v1_field("startDate", "must be an ISO 8601 date", start) from None
    made: Class = convert(
        {
            "id": call.ids.object_id(call.clock.timestamp()),
            "course": course.id,
            "title": title,
            "path": rules.class_path(title),
            "created_by": me.id,
            "type": kind,
            "is_billed": billed == "true",
            "student_price": fields.get("studentPrice") or None,
            "currency": fields.get("currency") or None,
            "activation_code": fields.get("activationCode") or None,
            "start_date": start,
        },
        Class,
    )
    return made


def _match(fields: dict[str, str], name: str, pattern: re.Pattern[str], message: str) -> None:
    value = fields.get(name)
    if value and not pattern.fullmatch(value):
        raise refusals.v1_field(name, message, value)


def _class_answer(course: Course, klass: Class) -> Response:
    path = f"courses/{course.slug}/Cohorts/{klass.path}"
    return wire.json({"success": True, "class": {"path": path, "title": klass.title, "type": klass.type}})


# --- the public list ---
def list_courses(call: Call) -> Response:
    """Public courses that are online; `type` is `free`, `paid` or both with a comma. No credentials."""
    kinds = set(call.query.get("type", "free,paid").split(","))
    call.reads.words(("type",), sorted(kinds), ("free", "paid"))
    courses = [
        shapes.listed_course(call, course)
        for course in call.store.courses
        if course.public and course.online and ("paid" if course.price else "free") in kinds
    ]
    return wire.json({"courses": courses})


def _route(
    method: str, path: str, handler: Handler, evidence: Evidence, source: str, summary: str, **openapi: Any
) -> Route:
    return Route(
        methods=(method,),
        path=path,
        handler=handler,
        evidence=evidence,
        source=source,
        summary=summary,
        tag="v1",
        openapi=openapi,
    )


_COURSE, _CLASS, _STATUS = "/api/provision/course/{path}/", "/api/provision/class/{path}/", "/api/course/status/{path}/"
_CLASS_FIELDS = {
    "title!": "title",
    "type": " | ".join(get_args(ClassType)),
    "isBilled": "true or false",
    "studentPrice": "amount such as 12.00",
    "currency": "code such as USD",
    "activationCode": "for classes that need one",
    "startDate": "ISO 8601",
}

ROUTES: tuple[Route, ...] = (
    _route(
        "POST",
        _COURSE,
        provision_course,
        "documented",
        f"{V1_GUIDE} (errors are chosen); {GUIDE} (the reply below it has the new path)",
        "Make a course",
        requestBody=request_body({"title!": "title", "category": "category"}),
    ),
    _route("GET", _COURSE, provision_course, "chosen", f"{V1_GUIDE} (only the method)", "Show a course"),
    _route(
        "POST",
        _CLASS,
        provision_class,
        "documented",
        f"{V1_GUIDE} (errors are chosen)",
        "Make a class",
        requestBody=request_body(_CLASS_FIELDS),
    ),
    _route(
        "GET",
        _CLASS,
        provision_class,
        "chosen",
        f"{V1_GUIDE} (only the method)",
        "Show a class",
        parameters=in_query({"title": "title; the default class without it"}),
    ),
    _route(
        "POST",
        _STATUS,
        course_status,
        "documented",
        f"{V1_GUIDE} (it exists, parameters and answer are chosen)",
        "Put a course online or offline",
        requestBody=request_body({"status!": "online or offline"}),
    ),
    _route("GET", _STATUS, course_status, "chosen", f"{V1_GUIDE} (only the method)", "Whether a course is online"),
    _route(
        "GET",
        "/api/courses/list",
        list_courses,
        "observed",
        COURSE_LIST,
        "Public courses",
        parameters=in_query({"type": "free, paid, or both with a comma"}),
    ),
)
