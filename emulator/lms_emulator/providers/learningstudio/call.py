"""One call of LearningStudio: its type, how an operation is declared, whom its path names, and what its body holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from starlette.responses import Response

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.credentials import Caller, require
from lms_emulator.providers.learningstudio.model.people import Course, User
from lms_emulator.providers.learningstudio.model.section import LearningStudioStore
from lms_emulator.providers.learningstudio.settings import LearningStudioSettings

Call: TypeAlias = Exchange[LearningStudioStore, LearningStudioSettings]
Handler = Callable[[Call, Caller], Response]

NUMBER = (int, float)
_KINDS: dict[type | tuple[type, ...], str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    NUMBER: "a number",
    dict: "an object",
}
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


# --- declaring an operation ---
def resource(
    method: str, path: str, handler: Handler, *, summary: str, evidence: Evidence = "observed", source: str, tag: str
) -> Route:
    """An operation that needs credentials and answers JSON only."""

    def run(x: Call) -> Response:
        caller = require(x)
        if wire.wants_xml(x):
            raise refusals.unsupported_format(x)
        return handler(x, caller)

    return Route(methods=(method,), path=path, handler=run, evidence=evidence, source=source, summary=summary, tag=tag)


def both(method: str, path: str, handler: Handler, *, summary: str, source: str) -> tuple[Route, ...]:
    """The same operation below `/me` (OAuth 2 only) and below `/users/{user_id}`."""
    return tuple(
        resource(method, prefix + path, handler, summary=summary, source=source, tag="users")
        for prefix in ("/me", "/users/{user_id}")
    )


# --- what the path names ---
def number(text: str) -> int | None:
    """The number that an identifier in a request is, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def subject(x: Call, caller: Caller) -> User:
    """Whom the path is about: the caller (`/me`) or the user it names.

    Raises a 403 for `/me` with OAuth 1.0a, and for a user whom the caller may not see.
    """
    identifier = x.path_params.get("user_id")
    if identifier is not None:
        return user_named(x, caller, identifier)
    if caller.user is None:
        raise refusals.user_context_required(x)
    return caller.user


def user_named(x: Call, caller: Caller, identifier: str) -> User:
    """A user of the caller's campus by number, `loginid=NAME` or `loginid=CAMPUS|NAME`."""
    user_id = number(identifier)
    user = None if user_id is None else x.store.users.get(user_id)
    if identifier.lower().startswith("loginid="):
        campus, pipe, name = identifier[8:].partition("|")
        if not pipe:
            campus, name = caller.campus.client_string, identifier[8:]
        user = x.store.user_named(campus, name, ignore_case=x.settings.username_case == "ignored")
    if user is None:
        raise refusals.not_found("User", identifier)
    check_campus(x, caller, user.client_string, "User", identifier)
    return user


def course_named(x: Call, caller: Caller) -> Course:
    """The course of the path, by number or `ccn=CALLNUMBER`; a 403 for a user who is not in it."""
    identifier: str = x.path_params["course_id"]
    course_id = number(identifier)
    course = None if course_id is None else x.store.courses.get(course_id)
    if identifier.lower().startswith("ccn="):
        course = x.store.courses.first("call_number", (caller.campus.client_string, identifier[4:]))
    if course is None:
        raise refusals.not_found("Course", identifier)
    check_campus(x, caller, course.client_string, "Course", identifier)
    user = caller.user
    if user is not None and not user.administrator and x.store.member(course.id, user.id) is None:
        raise refusals.not_enrolled(x, user.id, course.id)
    return course


# --- what the caller may see ---
def check_campus(x: Call, caller: Caller, client_string: str, what: str, got: object) -> None:
    """Refuse what belongs to another campus."""
    if client_string != caller.campus.client_string:
        why = "it belongs to another campus; keys and tokens are good for one campus"
        raise refusals.not_found(what, got, why, x.settings.other_campus_status)


def is_student(x: Call, caller: Caller, course: Course) -> bool:
    """Whether the caller acts as a student of the course."""
    if caller.user is None or caller.user.administrator:
        return False
    member = x.store.member(course.id, caller.user.id)
    return member is None or member.role == "STUD"


def require_staff(x: Call, caller: Caller, course: Course, what: str) -> None:
    """Refuse students. `what` they may not access is named in the answer."""
    if is_student(x, caller, course):
        raise refusals.students_not_allowed(what)


def staffed_course(x: Call, caller: Caller, what: str) -> Course:
    """The course of the path, refused to students; `what` as for `require_staff`."""
    course = course_named(x, caller)
    require_staff(x, caller, course, what)
    return course


def course_and_subject(x: Call, caller: Caller) -> tuple[Course, User]:
    """The course and the member of it that the path names; a student may only name themselves."""
    course, user = course_named(x, caller), subject(x, caller)
    if caller.user is not None and user.id != caller.user.id and is_student(x, caller, course):
        raise refusals.other_user(user.id)
    if x.store.member(course.id, user.id) is None:
        raise refusals.not_found("User in this course", user.id)
    return course, user


# --- queries and bodies ---
def expansions(x: Call) -> set[str]:
    """What `expand` lists, in lower case, between commas (or semicolons, as on an older route)."""
    return {name.strip().lower() for name in re.split("[,;]", x.query.get("expand", "")) if name.strip()}


def day(x: Call, name: str, text: str) -> datetime:
    """A date of a query, MM/DD/YYYY, as the beginning of that day in UTC."""
    if re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", text):
        month, date, year = (int(part) for part in text.split("/"))
        try:
            return x.clock.now().replace(year=year, month=month, day=date, hour=0, minute=0, second=0, microsecond=0)
        except ValueError:
            pass
    message = f"Invalid date in {name}."
    raise refusals.bad_request("malformed_date", message, check=name, expected="MM/DD/YYYY", got=text)


def days(x: Call, name: str) -> tuple[datetime, datetime] | None:
    """A range of a query, `MM/DD/YYYY,MM/DD/YYYY`: from the beginning of one day to the end of the other."""
    text = x.query.get(name)
    if text is None:
        return None
    first, comma, last = text.partition(",")
    if not comma:
        message, wanted = f"Invalid range in {name}.", "MM/DD/YYYY,MM/DD/YYYY"
        raise refusals.bad_request("malformed_date", message, check=name, expected=wanted, got=text)
    end = day(x, name, last)
    return day(x, name, first), end if end.year == 9999 else end + timedelta(days=1)


def body_of(x: Call, wrapper: str) -> dict[str, Any]:
    """The object inside a JSON body's wrapper, `{"grade": {…}}`. Raises a 400 when there is none."""
    expected = f'{{"{wrapper}": {{…}}}}'
    try:
        data = x.json()
    except BodyError as error:
        data = _without_trailing_commas(x) if x.settings.lenient_json else None
        if data is None:
            message, got = "The request body is not valid JSON.", str(error)
            raise refusals.malformed_body(message, check="a JSON body", expected=expected, got=got) from None
    inner = data.get(wrapper) if isinstance(data, dict) else None
    if not isinstance(inner, dict):
        message, check = f"Missing required element: {wrapper}.", f"the body is wrapped in {wrapper}"
        raise refusals.malformed_body(message, check=check, expected=expected, got=data)
    return inner


def _without_trailing_commas(x: Call) -> Any:
    import json

    try:
        data = json.loads(_TRAILING_COMMA.sub(lambda found: found[1] or "", x.body.decode()))
    except (ValueError, RecursionError):
        return None
    x.warn("trailing_comma", "The JSON body has a trailing comma; a strict parser refuses it.")
    return data


def field(body: dict[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """One element of a body; the default when it is missing or null. Raises a 400 when it is of another type.

    Parameters:
        kind: `str`, `bool`, `int`, `NUMBER` or `dict`.
    """
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        message, check = f"Invalid value for {name}.", f"type of {name}"
        raise refusals.malformed_body(message, check=check, expected=_KINDS[kind], got=value)
    return value
