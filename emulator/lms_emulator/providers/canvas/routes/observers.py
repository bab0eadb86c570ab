"""REST: observers, pairing codes, and alert thresholds."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import AlertThreshold, PairingCode, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.refusals.grading import fault_of_field
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.routes.users import shared_courses
from lms_emulator.providers.canvas.rules import belonging, collation, courses, observing, people, signing_in, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, root_of
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-linked.jsonl 104, 116, 124, 137; canvas-lms app/controllers/user_observees_controller.rb"
ALERTS = f"{RECORDED}/people-linked.jsonl 142; canvas-lms app/controllers/observer_alert_thresholds_api_controller.rb"
CODES = f"{RECORDED}/people-settings.jsonl 0; canvas-lms app/controllers/observer_pairing_codes_api_controller.rb"
CODE_LIFETIME = timedelta(days=7)
NEED_NUMBERS = ("assignment_grade_high", "assignment_grade_low", "course_grade_high", "course_grade_low")
ALERT_TYPES = (*NEED_NUMBERS, "assignment_missing", "course_announcement", "institution_announcement")
TOO_FEW = "Threshold is required for the provided alert_type."
HIGH_TOO_LOW = "You cannot set a high threshold that is lower or equal to a previously set low threshold."
LOW_TOO_HIGH = "You cannot set a low threshold that is higher or equal to a previously set high threshold."
NOT_LINKED = "Observer must be linked to Student"


def _shown(api: Api, user: User, includes: Collection[str] = (), *, linked: bool = True) -> Json:
    roots = {root_of(api.store, login.account_id).id: None for login in people.logins_of(api.store, user)}
    body = shapes.person(api, user, api.root, includes)
    return body | {"observation_link_root_account_ids": list(roots) if linked else []}


def _short(api: Api, user: User, *, linked: bool = True) -> Json:
    kept = ("sis_user_id", "integration_id", "sis_import_id", "login_id")
    return {name: value for name, value in _shown(api, user, linked=linked).items() if name not in kept}


def _linked(api: Api, user: User, *, of: str) -> list[User]:
    other = "observer" if of == "student" else "student"
    rows = api.store.user_observers.find(of, user.id)
    ids = (getattr(row, f"{other}_id") for row in rows if row.workflow_state == "active")
    found = [user for user in map(api.store.users.get, ids) if user is not None and user.workflow_state != "deleted"]
    return sorted(found, key=lambda record: (collation.key(people.sortable_name(record)), record.id))


def _person(api: Api) -> User:
    """The user in the path: the caller, or anybody for those who manage observers."""
    caller = api.user
    user = identifiers.user(api, api.slot("user_id"))
    if caller.id != user.id:
        _manage(api, user)
    return user


def observees(api: Api) -> Any:
    """The users whom a user observes."""
    return paged(api, _linked(api, _person(api), of="observer"), lambda user: _shown(api, user, api.params.includes))


def observers(api: Api) -> Any:
    """A user's observers."""
    return paged(api, _linked(api, _person(api), of="student"), lambda user: _shown(api, user, api.params.includes))


def observee(api: Api) -> Any:
    """One user whom a user observes."""
    return _one(api, of="observer", slot="observee_id")


def observer(api: Api) -> Any:
    """One observer of a user."""
    return _one(api, of="student", slot="observer_id")


def _one(api: Api, *, of: str, slot: str) -> Json:
    user = _person(api)
    other = identifiers.user(api, api.slot(slot))
    if other not in _linked(api, user, of=of):
        raise refusals.not_found("the link", other.id)
    return _short(api, other)


def _manage(api: Api, *people_: User) -> None:
    """Require that the caller manages observers in a school common to all these people."""
    named = api.params.text("root_account_id") if api.call.method in ("POST", "PUT") else None
    school = identifiers.account(api, named) if named not in (None, "all") else api.root
    if school.id != api.root.id or not all(belonging.belongs(api, user, school) for user in people_):
        raise refusals.not_found("a school that they share", school.id)
    if not api.check("manage_user_observers", account_allows(api, api.user, api.root, "manage_user_observers")):
        raise api.refused("manage_user_observers")


def _observe(api: Api, user: User, student: User) -> Json:
    """Make a user an observer of a student. Raises the refusal for observing oneself."""
    if user.id == student.id:
        raise fault_of_field("observer_id", "Cannot observe yourself", None)
    observing.link(api, user, student)
    return _short(api, student)


def add(api: Api) -> Any:
    """Make a user an observer of a student, as an admin."""
    user = identifiers.user(api, api.slot("user_id"))
    student = identifiers.user(api, api.slot("observee_id"))
    _ = api.user
    _manage(api, user, student)
    return _observe(api, user, student)


def remove(api: Api) -> Any:
    """End a link."""
    user = _person(api)
    student = identifiers.user(api, api.slot("observee_id"))
    if observing.link_between(api, user, student) is None:
        raise refusals.not_found("the link", student.id)
    observing.unlink(api, user, student)
    return _short(api, student, linked=False)


def claim(api: Api) -> Any:
    """Observe a student by their credentials, token or pairing code."""
    user = _person(api)
    return _observe(api, user, _claimed(api))


def _claimed(api: Api) -> User:
    if (token := api.params.text("access_token")) is not None:
        found = api.store.access_tokens.first("token", token)
        ends = (
            [] if found is None else [day for day in (found.expires_at, found.permanent_expires_at) if day is not None]
        )
        alive = found is not None and not found.revoked and all(api.now < day for day in ends)
        student = api.store.users.get(found.user_id) if found is not None and alive else None
        if student is None:
            raise _unprocessable("observee_unknown", "Unknown observee.")
        return student
    if (code := api.params.text("pairing_code")) is not None:
        student = observing.paired(api, code)
        if student is None:
            raise _unprocessable("pairing_code_invalid", "Invalid pairing code.", credential=code)
        observing.use(api, code)
        return student
    sent = api.params.hash("observee")
    if not sent.data:
        raise refusals.crashed("`observee` is missing")
    rows = api.store.pseudonyms.find("unique_id", (sent.text("unique_id") or "").lower())
    login = next((row for row in rows if row.workflow_state == "active"), None)
    student = api.store.users.get(login.user_id) if login is not None else None
    if login is None or student is None:
        raise _unprocessable("observee_unknown", "Unknown observee.")
    if not api.check("the password is the student's", signing_in.fits(login, sent.text("password") or "")):
        body = {"errors": [{"message": "Invalid credentials provided."}]}
        raise refusals.rest("observee_password", 401, body, check="the password is the student's")
    return student


def _unprocessable(reason: str, text: str, **details: Any) -> SiteRefusal:
    return refusals.rest(reason, 422, {"errors": [{"message": text}]}, check=reason.replace("_", " "), **details)


def pair(api: Api) -> Any:
    """Create a pairing code for a student, if observers may self-register."""
    _ = api.user
    student = identifiers.user(api, api.slot("user_id"))
    observable = api.root.settings.get("self_registration_type") in ("observer", "all")
    own = api.user.id == student.id
    taught = any(
        courses.may(api, api.caller, course, "generate_observer_pairing_code")
        for course in shared_courses(api, student)
    )
    of_school = account_allows(api, api.caller, api.root, "generate_observer_pairing_code")
    rows = [e for e in api.store.enrollments.find("user", student.id) if e.type in states.STUDENTS]
    studies = any(e.workflow_state not in ("rejected", "deleted", "inactive") for e in rows)
    if not api.check("may make a pairing code", observable and studies and (own or taught or of_school)):
        raise api.refused(f"pairing code for user {student.id}")
    made = PairingCode(
        id=api.new_id("observer_pairing_codes"),
        user_id=student.id,
        code=api.call.ids.text(6),
        expires_at=api.now + CODE_LIFETIME,
    )
    api.store.pairing_codes.put(made)
    return {
        "user_id": student.id,
        "code": made.code,
        "expires_at": stamp(made.expires_at),
        "workflow_state": made.workflow_state,
    }


def _threshold(record: AlertThreshold) -> Json:
    return {
        "id": record.id,
        "alert_type": record.alert_type,
        "threshold": record.threshold,
        "workflow_state": record.workflow_state,
        "user_id": record.user_id,
        "observer_id": record.observer_id,
    }


def thresholds(api: Api) -> Any:
    """The caller's alert thresholds."""
    rows = [
        t for t in api.store.observer_alert_thresholds.find("observer", api.user.id) if t.workflow_state == "active"
    ]
    if (named := api.params.text("student_id")) is not None:
        rows = [row for row in rows if row.user_id == identifiers.local_number(named)]
    return [_threshold(row) for row in rows if _observed(api, row)]


def _observed(api: Api, record: AlertThreshold) -> bool:
    """Whether the caller still observes the threshold's student."""
    student = api.store.users.get(record.user_id)
    return student is not None and observing.still_linked(api, api.user, student)


def add_threshold(api: Api) -> Any:
    """Add an alert threshold; a second one of the same type changes the number."""
    sent = api.params.require("observer_alert_threshold")
    student = identifiers.find(api, "users", sent.text("user_id") or "")
    if student is None or student.workflow_state == "deleted":
        body = {"errors": ["user_id is invalid"]}
        raise refusals.rest("threshold_of_nobody", 400, body, check="`user_id` is somebody", got=sent.text("user_id"))
    kind, number = sent.text("alert_type") or "", sent.text("threshold")
    if faults := _faults(api, student, kind, number):
        raise refusals.invalid(faults)
    rows = api.store.observer_alert_thresholds.find("observer", api.user.id)
    same = next((row for row in rows if row.user_id == student.id and row.alert_type == kind), None)
    made = AlertThreshold(
        id=same.id if same is not None else api.new_id("observer_alert_thresholds"),
        observer_id=api.user.id,
        user_id=student.id,
        alert_type=kind,
        threshold=number,
        created_at=same.created_at if same is not None else api.now,
    )
    return _threshold(api.store.observer_alert_thresholds.put(made))


def _faults(api: Api, student: User, kind: str, number: str | None) -> dict[str, list[Any]]:
    """What is wrong with a threshold. Source: canvas-lms app/models/observer_alert_threshold.rb (2024-04)."""
    said: list[Any] = []
    if number is not None:
        said += [] if (fault := _no_percentage(number)) is None else [fault]
    if number is not None and kind not in NEED_NUMBERS:
        said.append(f"Threshold is only applicable to the following alert types: {', '.join(NEED_NUMBERS)}")
    if number is None and (kind in NEED_NUMBERS or kind not in ALERT_TYPES):
        said.append(TOO_FEW)
    if kind in NEED_NUMBERS:
        said += _crossed(api, kind, _leading(number))
    faults: dict[str, list[Any]] = {} if kind in ALERT_TYPES else {"alert_type": ["inclusion"]}
    faults |= {"threshold": said} if said else {}
    return faults | ({} if observing.still_linked(api, api.user, student) else {"observer_id": [NOT_LINKED]})


def _no_percentage(number: str) -> str | None:
    if not re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", number):
        return "not_a_number"
    if not re.fullmatch(r"\s*[+-]?\d+\s*", number):
        return "not_an_integer"
    if _leading(number) < 0:
        return "greater_than_or_equal_to"
    return "less_than_or_equal_to" if _leading(number) > 100 else None


def _leading(number: str | None) -> int:
    """The whole number that a text begins with; 0 if it begins with none."""
    found = re.match(r"\s*[+-]?\d{1,18}", number or "")
    return int(found.group()) if found is not None else 0


def _crossed(api: Api, kind: str, number: int) -> list[str]:
    """What is wrong if a high threshold is not above the low one: the first one, about whichever student."""
    high = kind.endswith("high")
    other = kind.removesuffix("high") + "low" if high else kind.removesuffix("low") + "high"
    rows = api.store.observer_alert_thresholds.find("observer", api.user.id)
    first = min((row for row in rows if row.alert_type == other), key=lambda row: row.id, default=None)
    if first is None:
        return []
    limit = _leading(first.threshold)
    if high:
        return [HIGH_TOO_LOW] if number <= limit else []
    return [LOW_TOO_HIGH] if number >= limit else []


def _own_threshold(api: Api) -> AlertThreshold:
    number = identifiers.local_number(api.slot("observer_alert_threshold_id"))
    found = api.store.observer_alert_thresholds.get(number)
    caller = api.user
    if found is None or found.workflow_state == "deleted":
        raise refusals.not_found("the threshold")
    own = found.observer_id == caller.id and _observed(api, found)
    if not api.check("the threshold is the caller's, who observes the student", own, got=found.id):
        raise api.refused(f"threshold {found.id}")
    return found


def threshold(api: Api) -> Any:
    """One of the caller's alert thresholds."""
    return _threshold(_own_threshold(api))


def change_threshold(api: Api) -> Any:
    """Change the number. Canvas shows one that does not fit, or is missing, but does not store it."""
    found = _own_threshold(api)
    changed = replace(found, threshold=api.params.text("threshold"))
    student = api.store.users.get(found.user_id)
    if student is not None and not _faults(api, student, found.alert_type, changed.threshold):
        api.store.observer_alert_thresholds.put(changed)
    return _threshold(changed)


def drop_threshold(api: Api) -> Any:
    """Delete an alert threshold."""
    found = replace(_own_threshold(api), workflow_state="deleted")
    return _threshold(api.store.observer_alert_thresholds.put(found))


USER = "/api/v1/users/{user_id}"
THRESHOLDS = f"{USER}/observer_alert_thresholds"
ROUTES: tuple[Route, ...] = (
    *signed_in(
        "users",
        SOURCE,
        (f"GET {USER}/observees", observees, "Users whom somebody observes"),
        (f"POST {USER}/observees", claim, "Start observing a student"),
        (f"GET {USER}/observees/{{observee_id}}", observee, "One observed user"),
        (f"PUT {USER}/observees/{{observee_id}}", add, "Make somebody an observer"),
        (f"DELETE {USER}/observees/{{observee_id}}", remove, "End an observer link"),
        (f"GET {USER}/observers", observers, "Observers of somebody"),
        (f"GET {USER}/observers/{{observer_id}}", observer, "One observer"),
    ),
    *rest("users", CODES, (f"POST {USER}/observer_pairing_codes", pair, "Create a pairing code")),
    *signed_in(
        "users",
        ALERTS,
        (f"GET {THRESHOLDS}", thresholds, "The caller's alert thresholds"),
        (f"POST {THRESHOLDS}", add_threshold, "Create an alert threshold"),
        (f"GET {THRESHOLDS}/{{observer_alert_threshold_id}}", threshold, "One alert threshold"),
        (f"PUT {THRESHOLDS}/{{observer_alert_threshold_id}}", change_threshold, "Change an alert threshold"),
        (f"DELETE {THRESHOLDS}/{{observer_alert_threshold_id}}", drop_threshold, "Delete an alert threshold"),
    ),
)
