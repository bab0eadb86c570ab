"""One call of LearningStudio: its type, the declaration of operations, the records in its path, and its body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from starlette.responses import Response

from lms_emulator.core.access.slips import why_no_time
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http import json_text
from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.routing import Route
from lms_emulator.core.state.records import Record
from lms_emulator.core.state.tables import Table
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.credentials import Caller, require
from lms_emulator.providers.learningstudio.model.people import Course, User
from lms_emulator.providers.learningstudio.model.section import LearningStudioStore
from lms_emulator.providers.learningstudio.settings import LearningStudioSettings

Call: TypeAlias = Exchange[LearningStudioStore, LearningStudioSettings]
Handler = Callable[[Call, Caller], Response]
CountT = TypeVar("CountT", int, None)
RecordT = TypeVar("RecordT", bound=Record)

NUMBER = (int, float)
_KINDS: dict[type | tuple[type, ...], str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    NUMBER: "a number",
    dict: "an object",
    list: "a list",
}
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]++|\\.)*"?)|,(?=\s*[}\]])')


# --- declaring an operation ---
def resource(
    method: str, path: str, handler: Handler, *, summary: str, evidence: Evidence = "observed", source: str, tag: str
) -> Route:
    """An operation that needs credentials."""

    def run(call: Call) -> Response:
        return wire.in_format(call, handler(call, require(call)))

    return Route(methods=(method,), path=path, handler=run, evidence=evidence, source=source, summary=summary, tag=tag)


def both(method: str, path: str, handler: Handler, *, summary: str, source: str) -> tuple[Route, ...]:
    """The same operation below `/me` (OAuth 2 only) and below `/users/{user_id}`."""
    return tuple(
        resource(method, prefix + path, handler, summary=summary, source=source, tag="users")
        for prefix in ("/me", "/users/{user_id}")
    )


@dataclass(frozen=True, kw_only=True)
class Place:
    """The course of a call and its caller.

    Parameters:
        user: the user in the path; None below `/courses`.
        role: the caller's, as in `ANYONE`.
    """

    caller: Caller
    course: Course
    user: User | None
    role: str

    @property
    def is_student(self) -> bool:
        """Whether the caller sees what students see."""
        return self.role == "STUD"

    @property
    def whose(self) -> User:
        """The user in the path."""
        assert self.user is not None, "a route below a user"
        return self.user


CourseHandler = Callable[[Call, Place], Mapping[str, Any] | Response]
Row: TypeAlias = tuple[str, CourseHandler, str] | tuple[str, CourseHandler, str, frozenset[str]]

ANYONE = frozenset(("PROF", "TA", "STUD", "ADMIN", refusals.APPLICATION))
STAFF = ANYONE - {"STUD"}
PEOPLE = ANYONE - {refusals.APPLICATION}
MEMBERS = PEOPLE - {"ADMIN"}


def in_course(
    tag: str, source: str, *rows: Row, evidence: Evidence = "observed", of_user: bool = False
) -> tuple[Route, ...]:
    """Operations below a course.

    Parameters:
        tag: their subject, which refusals name.
        rows: operation (`GET /items`), handler, summary and, unless anyone may call it, the permitted callers.
        of_user: below `/users/{user_id}/courses/…` and `/me/courses/…`, instead of `/courses/…`.
    """
    made = []
    for operation, handler, summary, *who in rows:
        method, path = operation.split(" ")
        run = _at_place(handler, who[0] if who else ANYONE, tag)
        for prefix in ("/me", "/users/{user_id}") if of_user else ("",):
            whole = f"{prefix}/courses/{{course_id}}{path}"
            made.append(resource(method, whole, run, summary=summary, evidence=evidence, source=source, tag=tag))
    return tuple(made)


def _at_place(handler: CourseHandler, who: frozenset[str], what: str) -> Handler:
    def run(call: Call, caller: Caller) -> Response:
        if "user_id" in call.path_params or call.path.lower().startswith("/me/"):
            course, user = course_and_subject(call, caller)
        else:
            course, user = course_named(call, caller), None
        role = role_in(call, caller, course)
        if role not in who:
            raise refusals.caller_not_allowed(role, who, what)
        result = handler(call, Place(caller=caller, course=course, user=user, role=role))
        return result if isinstance(result, Response) else wire.answer(result)

    return run


# --- what the path names ---
def number(text: str) -> int | None:
    """The number of an identifier in a request, None if it is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def record_named(
    call: Call, table: Table[RecordT], parameter: str, what: str, fits: Callable[[RecordT], bool] = lambda record: True
) -> RecordT:
    """The record whose number is in the path. Raises a 404.

    Parameters:
        what: its kind, for the answer.
        fits: whether it belongs to the other records of the path.
    """
    identifier: str = call.path_params[parameter]
    key = number(identifier)
    found = None if key is None else table.get(key)
    if found is None or not fits(found):
        raise refusals.not_found(what, identifier)
    return found


def subject(call: Call, caller: Caller) -> User:
    """The user of the path: the caller (`/me`) or the one it names.

    Raises a 403 for `/me` with OAuth 1.0a, and for a user whom the caller may not see.
    """
    identifier = call.path_params.get("user_id")
    if identifier is not None:
        return user_named(call, caller, identifier)
    if caller.user is None:
        raise refusals.user_context_required(call)
    return caller.user


def user_named(call: Call, caller: Caller, identifier: str) -> User:
    """A user of the caller's campus by number, `loginid=NAME` or `loginid=CAMPUS|NAME`."""
    user_id = number(identifier)
    user = None if user_id is None else call.store.users.get(user_id)
    if identifier.lower().startswith("loginid="):
        campus, pipe, name = identifier[8:].partition("|")
        if not pipe:
            campus, name = caller.campus.client_string, identifier[8:]
        user = call.store.user_named(campus, name, ignore_case=call.settings.username_case == "ignored")
    if user is None:
        raise refusals.not_found("User", identifier)
    check_campus(call, caller, user.client_string, "User", identifier)
    return user


def course_named(call: Call, caller: Caller) -> Course:
    """The course of the path, by number or `ccn=CALLNUMBER`; a 403 for a user who is not in it."""
    identifier: str = call.path_params["course_id"]
    course_id = number(identifier)
    course = None if course_id is None else call.store.courses.get(course_id)
    if identifier.lower().startswith("ccn="):
        course = call.store.courses.first("call_number", (caller.campus.client_string, identifier[4:]))
    if course is None:
        called = call.store.courses.first("call_number", (caller.campus.client_string, identifier))
        why = None if called is None else f"this is a call number: write ccn={identifier}"
        raise refusals.not_found("Course", identifier, why)
    check_campus(call, caller, course.client_string, "Course", identifier)
    user = caller.user
    if user is not None and not user.administrator and call.store.member(course.id, user.id) is None:
        raise refusals.not_enrolled(call, user.id, course.id)
    return course


# --- what the caller may see ---
def check_campus(call: Call, caller: Caller, client_string: str, what: str, got: object) -> None:
    """Refuse records of another campus."""
    if client_string != caller.campus.client_string:
        why = "it belongs to another campus; keys and tokens are valid for one campus"
        raise refusals.not_found(what, got, why, call.settings.other_campus_status)


def role_in(call: Call, caller: Caller, course: Course) -> str:
    """The caller's role in the course: one of `ANYONE`. An administrator is never a student."""
    if caller.user is None:
        return refusals.APPLICATION
    member = call.store.member(course.id, caller.user.id)
    role = "STUD" if member is None else member.role
    return "ADMIN" if caller.user.administrator and role == "STUD" else role


def is_student(call: Call, caller: Caller, course: Course) -> bool:
    """Whether the caller acts as a student of the course."""
    return role_in(call, caller, course) == "STUD"


def require_staff(call: Call, caller: Caller, course: Course, what: str) -> None:
    """Refuse students. The answer names `what` they may not access."""
    if is_student(call, caller, course):
        staff = [user.username for member, user in call.store.members(course.id) if member.role != "STUD"]
        who = caller.user.username if caller.user is not None else ""
        others = f"its staff: {', '.join(staff[:5])}" if staff else "it has no staff"
        raise refusals.students_not_allowed(what, f"{who} is a student of the course {course.id}; {others}")


def staffed_course(call: Call, caller: Caller, what: str) -> Course:
    """The course of the path, refused to students; `what` as for `require_staff`."""
    course = course_named(call, caller)
    require_staff(call, caller, course, what)
    return course


def course_and_subject(call: Call, caller: Caller) -> tuple[Course, User]:
    """The course and the member of it that the path names; a student may only name themselves."""
    course, user = course_named(call, caller), subject(call, caller)
    if caller.user is not None and user.id != caller.user.id and is_student(call, caller, course):
        raise refusals.other_user(user.id)
    if call.store.member(course.id, user.id) is None:
        raise refusals.not_found("User in this course", user.id, refusals.courses_instead(call, user.id, course.id))
    return course, user


# --- queries and bodies ---
def count(call: Call, name: str, default: CountT, *, least: int = 0) -> int | CountT:
    """A count in the query. Raises a 400 if it is not a number, or too small."""
    text = call.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        message, wanted = f"Invalid value for {name}.", f"a whole number from {least}"
        raise refusals.bad_request("malformed_number", message, check=name, expected=wanted, got=text)
    return int(text)


def listed_ids(call: Call, name: str) -> set[str] | None:
    """The ids that a query lists, separated by semicolons or commas; None if it has none of that name."""
    text = call.query.get(name)
    if text is None:
        return None
    found = set(text.replace(",", ";").split(";"))
    if strange := [word for word in sorted(found) if word.strip() and not word.isdecimal()]:
        call.reads.knows_no((name,), ", ".join(strange))
    return found


def expansions(call: Call) -> set[str]:
    """The values of `expand`, in lower case, separated by commas (or semicolons, on an older route); remembers which
    values were tested."""

    def listed() -> list[str]:
        return [name.strip().lower() for name in re.split("[,;]", call.query.get("expand", "")) if name.strip()]

    return call.reads.choose("expand", listed)


def day(call: Call, name: str, text: str) -> datetime:
    """A date of a query, MM/DD/YYYY, as the beginning of that day in UTC."""
    if re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", text):
        month, date, year = (int(part) for part in text.split("/"))
        try:
            return call.clock.now().replace(year=year, month=month, day=date, hour=0, minute=0, second=0, microsecond=0)
        except ValueError:
            pass
    message = f"Invalid date in {name}."
    raise refusals.bad_request("malformed_date", message, check=name, expected="MM/DD/YYYY", got=text)


def days(call: Call, name: str) -> tuple[datetime, datetime] | None:
    """A range of a query, `MM/DD/YYYY,MM/DD/YYYY`: from the beginning of one day to the end of the other."""
    text = call.query.get(name)
    if text is None:
        return None
    first, comma, last = text.partition(",")
    if not comma:
        message, wanted = f"Invalid range in {name}.", "MM/DD/YYYY,MM/DD/YYYY"
        raise refusals.bad_request("malformed_date", message, check=name, expected=wanted, got=text)
    end = day(call, name, last)
    return day(call, name, first), end if end.year == 9999 else end + timedelta(days=1)


def body_of(call: Call, *wrappers: str) -> dict[str, Any]:
    """The object inside a body's wrapper, `{"grade": {…}}`, or `<grade>…</grade>` of a body that says it is XML.

    Raises a 400 if it is missing. Parameters: `wrappers`, its names; clients disagree about some.
    """
    inner: dict[str, Any] = _unwrapped(call, wrappers, dict, "{…}")
    return inner


def rows_of(call: Call, wrapper: str) -> list[dict[str, Any]]:
    """The list of objects inside a body's wrapper. Raises a 400 if it is missing."""
    rows = _unwrapped(call, (wrapper,), list, "[{…}]")
    for row in rows:
        if not isinstance(row, dict):
            message, check = f"Invalid element in {wrapper}.", "every element is an object"
            raise refusals.malformed_body(message, check=check, got=_plain(row))
    return list(rows)


def _unwrapped(call: Call, wrappers: tuple[str, ...], kind: type, shape: str) -> Any:
    wrapper = wrappers[0]
    expected = f'{{"{wrapper}": {shape}}}'
    if call.content_type in ("application/xml", "text/xml"):
        data: Any = _xml_body(call)
    else:
        try:
            data = call.json()
        except BodyError as error:
            data = _without_trailing_commas(call) if call.settings.lenient_json else None
            if data is None:
                message, got = "The request body is not valid JSON.", str(error)
                why = "a form was sent; the API takes JSON, or XML that is called so" if call.is_form else None
                raise refusals.malformed_body(
                    message, check="a JSON body", expected=expected, got=got, diagnosis=why
                ) from None
    found = [data.get(name) for name in wrappers] if isinstance(data, dict) else []
    inner = next((_typed(value, kind) for value in found if value is not None), None)
    if not isinstance(inner, kind):
        message, check = f"Missing required element: {wrapper}.", f"the body is wrapped in {wrapper}"
        raise refusals.malformed_body(message, check=check, expected=expected, got=_plain(data))
    return inner


class _Text(str):
    """The content of an XML element, which does not say whether it is a number."""

    __slots__ = ()


class _Elements(dict[str, Any]):
    """The children of an XML element; a single child may be a list of one."""


def _xml_body(call: Call) -> dict[str, Any]:
    from lms_emulator.core.xml import NotXmlError, read_xml

    check, expected = "an XML body", "an XML document without a DOCTYPE"
    try:
        root = read_xml(call.body)
        return _Elements({root.tag.rpartition("}")[2]: _xml_value(root)})
    except NotXmlError as error:
        message = "The request body is not valid XML."
        raise refusals.malformed_body(message, check=check, expected=expected, got=str(error)) from None


def _xml_value(element: Any) -> Any:
    """An object, a list where every element has the same name as another, or a text."""
    names = [child.tag.rpartition("}")[2] for child in element]
    if not names:
        return _Text(element.text or "")
    if len(names) > 1 and len(set(names)) == 1:
        return [_xml_value(child) for child in element]
    return _Elements(zip(names, map(_xml_value, element), strict=True))


def _typed(value: Any, kind: type | tuple[type, ...]) -> Any:
    """A value of an XML body, converted to the kind if possible."""
    if not isinstance(value, (_Text, _Elements)):
        return value
    if kind is list:
        return list(value.values()) if isinstance(value, _Elements) and len(value) == 1 else value
    if isinstance(value, _Elements):
        return value
    text = str(value)
    if kind is bool and text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    for make in (int, float) if kind in (int, NUMBER) else ():
        with suppress(ValueError):
            return make(text)
    return text


def _plain(value: Any) -> Any:
    """The value sent, as the journal shows it."""
    if isinstance(value, _Elements):
        return {name: _plain(member) for name, member in value.items()}
    return str(value) if isinstance(value, _Text) else value


def _without_trailing_commas(call: Call) -> Any:
    try:
        data = json_text.parse(_TRAILING_COMMA.sub(lambda found: found[1] or "", call.body.decode()))
    except ValueError:
        return None
    call.warn("trailing_comma", "The JSON body has a trailing comma; a strict parser refuses it.")
    return data


def moment(body: dict[str, Any], name: str) -> datetime | None:
    """An ISO 8601 time in a body, UTC if it has no zone. Raises a 400 for anything else."""
    text = field(body, name, str)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message, wanted = f"Invalid value for {name}.", "YYYY-MM-DDTHH:MM:SSZ"
        why = f"`{name}` was sent as {text[:100]}; {why_no_time(text)}"
        raise refusals.malformed_body(message, check=name, expected=wanted, got=text, diagnosis=why) from None


def field(body: dict[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """An element of a body; the default if it is missing or null. Raises a 400 if it has another type.

    Parameters:
        kind: `str`, `bool`, `int`, `NUMBER`, `dict` or `list`.
    """
    value = _typed(body.get(name), kind)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        message, check = f"Invalid value for {name}.", f"type of {name}"
        got, wanted = _plain(value), _KINDS[kind]
        why = unfit(name, got, wanted)
        raise refusals.malformed_body(message, check=check, expected=wanted, got=got, diagnosis=why)
    return value
