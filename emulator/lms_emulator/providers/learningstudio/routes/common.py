"""What the operations share: declaring them, finding what a path names, and who may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.credentials import Caller, require
from lms_emulator.providers.learningstudio.model import Course, User
from lms_emulator.providers.learningstudio.wire import Call

Handler = Callable[[Call, Caller], Response]
SPEC = "Pearson's libraries and apps, 2011 to 2015"


# --- declaring ---
def resource(
    method: str,
    path: str,
    handler: Handler,
    *,
    summary: str,
    evidence: Evidence = "observed",
    source: str = SPEC,
    tag: str = "",
) -> Route:
    """An operation that wants credentials and answers JSON only."""

    def run(x: Call) -> Response:
        caller = require(x)
        if wire.wants_xml(x):
            raise wire.unsupported_format(x)
        return handler(x, caller)

    return Route(methods=(method,), path=path, handler=run, evidence=evidence, source=source, summary=summary, tag=tag)


def both(
    method: str, path: str, handler: Handler, *, summary: str, evidence: Evidence = "observed", source: str = SPEC
) -> tuple[Route, ...]:
    """The same operation below `/me` (OAuth 2 only) and below `/users/{user_id}`."""
    return tuple(
        resource(method, prefix + path, handler, summary=summary, evidence=evidence, source=source, tag="users")
        for prefix in ("/me", "/users/{user_id}")
    )


# --- finding ---
def subject(x: Call, caller: Caller) -> User:
    """Whom the path is about: the caller himself (`/me`) or the user it names.

    Raises 403 for `/me` with OAuth 1.0a, and for a user that is not the caller's to see.
    """
    identification = x.path_params.get("user_id")
    if identification is None:
        if caller.user is None:
            raise Refusal(
                "user_context_required",
                status=x.settings.me_with_oauth1_status,
                message="This resource requires a user context (OAuth 2).",
                check="/me is called with an access token",
                got="OAuth 1.0a",
                diagnosis="name the user (/users/ID), or call with an access token",
            )
        return caller.user
    return user_named(x, caller, identification)


def user_named(x: Call, caller: Caller, identification: str) -> User:
    """A user of the caller's campus by number, `loginid=NAME` or `loginid=CAMPUS|NAME`."""
    user: User | None = None
    if identification.isascii() and identification.isdigit() and len(identification) < 20:
        user = x.store.users.get(int(identification))
    elif identification.lower().startswith("loginid="):
        campus, pipe, name = identification[8:].partition("|")
        if not pipe:
            campus, name = caller.campus.client_string, identification[8:]
        user = x.store.user_named(campus, name, ignore_case=x.settings.username_case == "ignored")
    if user is None:
        raise wire.not_found("User", identification)
    check_campus(x, caller, user.client_string, "User", identification)
    return user


def check_campus(x: Call, caller: Caller, client_string: str, what: str, got: object) -> None:
    """Refuse what belongs to another campus."""
    if client_string != caller.campus.client_string:
        refusal = wire.not_found(what, got, "it belongs to another campus; keys and tokens are good for one campus")
        refusal.status = x.settings.other_campus_status
        raise refusal


def course_named(x: Call, caller: Caller) -> Course:
    """The course of the path, by number or `ccn=CALLNUMBER`; 403 for a user who is not in it."""
    identification: str = x.path_params["course_id"]
    course: Course | None = None
    if identification.isascii() and identification.isdigit() and len(identification) < 20:
        course = x.store.courses.get(int(identification))
    elif identification.lower().startswith("ccn="):
        course = x.store.courses.first("call_number", (caller.campus.client_string, identification[4:]))
    if course is None:
        raise wire.not_found("Course", identification)
    check_campus(x, caller, course.client_string, "Course", identification)
    user = caller.user
    if user is not None and not user.administrator and x.store.member(course.id, user.id) is None:
        raise Refusal(
            "not_enrolled",
            status=x.settings.not_enrolled_status,
            message="You are not allowed to access this course.",
            check="the user is in the course",
            got=f"user {user.id}, course {course.id}",
        )
    return course


def is_student(x: Call, caller: Caller, course: Course) -> bool:
    """Whether the caller acts as a student of the course."""
    if caller.user is None or caller.user.administrator:
        return False
    member = x.store.member(course.id, caller.user.id)
    return member is None or member.role == "STUD"


def require_staff(x: Call, caller: Caller, course: Course, what: str) -> None:
    """Refuse students (403)."""
    if is_student(x, caller, course):
        raise wire.forbidden(
            "students_not_allowed",
            f"Students are not allowed to access {what}.",
            check="the caller is professor, teaching assistant, administrator or an application (OAuth 1.0a)",
            got="STUD",
        )


def course_and_subject(x: Call, caller: Caller) -> tuple[Course, User]:
    """The course and the member of it that the path names; a student may name only himself."""
    course, user = course_named(x, caller), subject(x, caller)
    if caller.user is not None and user.id != caller.user.id and is_student(x, caller, course):
        raise other_user(user.id)
    if x.store.member(course.id, user.id) is None:
        raise wire.not_found("User in this course", user.id)
    return course, user


def other_user(user_id: int) -> Refusal:
    """403: a student asked about somebody else."""
    return wire.forbidden(
        "other_user",
        "You are not allowed to access this user.",
        check="a student reads his own records only",
        got=user_id,
        diagnosis="an access token sees what its user may see; use OAuth 1.0a for other users",
    )


# --- reading ---
def expansions(x: Call) -> set[str]:
    """What `expand` lists, in lower case; commas, or semicolons in an older route."""
    return {name.strip().lower() for name in re.split("[,;]", x.query.get("expand", "")) if name.strip()}


def day(x: Call, name: str, text: str) -> datetime:
    """A date of a query, MM/DD/YYYY, as the beginning of that day in UTC."""
    if re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", text):
        month, date, year = (int(part) for part in text.split("/"))
        try:
            return x.clock.now().replace(year=year, month=month, day=date, hour=0, minute=0, second=0, microsecond=0)
        except ValueError:
            pass
    raise wire.bad_request("malformed_date", f"Invalid date in {name}.", check=name, expected="MM/DD/YYYY", got=text)


def days(x: Call, name: str) -> tuple[datetime, datetime] | None:
    """A range of a query, `MM/DD/YYYY,MM/DD/YYYY`: from the beginning of one day to the end of the other."""
    text = x.query.get(name)
    if text is None:
        return None
    first, comma, last = text.partition(",")
    if not comma:
        raise wire.bad_request(
            "malformed_date", f"Invalid range in {name}.", check=name, expected="MM/DD/YYYY,MM/DD/YYYY", got=text
        )
    end = day(x, name, last)
    return day(x, name, first), end if end.year == 9999 else end + timedelta(days=1)


_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


def body_of(x: Call, wrapper: str) -> dict[str, Any]:
    """The object inside a JSON body's wrapper, `{"grade": {…}}`.

    Raises 400 when there is none.
    """
    import json

    expected = f'{{"{wrapper}": {{…}}}}'
    try:
        data = x.json()
    except BodyError as failed:
        data = None
        if x.settings.lenient_json:
            try:
                text = _TRAILING_COMMA.sub(lambda found: found[1] or "", x.body.decode())
                data = json.loads(text)
                x.warn("trailing_comma", "The JSON body has a trailing comma; a strict parser refuses it.")
            except (ValueError, RecursionError):
                pass
        if data is None:
            raise wire.bad_request(
                "malformed_body",
                "The request body is not valid JSON.",
                check="a JSON body",
                expected=expected,
                got=str(failed),
            ) from None
    inner = data.get(wrapper) if isinstance(data, dict) else None
    if not isinstance(inner, dict):
        raise wire.bad_request(
            "malformed_body",
            f"Missing required element: {wrapper}.",
            check=f"the body is wrapped in {wrapper}",
            expected=expected,
            got=data,
        )
    return inner


def field(body: dict[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """One field of a body; 400 when it is of another type. None and a missing field give the default."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise wire.bad_request(
            "malformed_body", f"Invalid value for {name}.", check=f"type of {name}", expected=str(kind), got=value
        )
    return value


# --- writing ---
def created(x: Call, path: str, body: dict[str, Any]) -> Response:
    """201 with the new thing's address."""
    return wire.answer(body, 201, {"Location": wire.link_base(x) + path})
