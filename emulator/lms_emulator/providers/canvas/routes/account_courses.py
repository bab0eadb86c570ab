"""REST: the courses of an account, and bulk changes to them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, Enrollment, Progress, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import blueprints, collation, course_events, people, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, account_from_path, chain, require_account
from lms_emulator.providers.canvas.shapes import accounts as account_shapes
from lms_emulator.providers.canvas.shapes import courses as shapes
from lms_emulator.providers.canvas.shapes.progress import progress

SOURCE = f"{RECORDED}/people-accounts.jsonl 117, 120; canvas-lms app/controllers/accounts_controller.rb, courses_api"
BATCH = f"{RECORDED}/courses-write.jsonl 233, 243; canvas-lms app/controllers/accounts_controller.rb, update_courses"
LARGEST_BATCH = 500
IN_DATABASE = {"claimed": "unpublished", "available": "available", "completed": "completed", "deleted": "deleted"}
"""The states that can be asked for. A course is `created` only until Canvas has saved it."""


def index(api: Api) -> Any:
    """The courses of an account and those below it, by id unless a sorting is asked for."""
    account = account_from_path(api, "read_course_list")
    tests = [test for test in _tests(api, account) if test is not None]
    found = [c for c in api.store.courses if account in chain(api.store, c.account_id) and all(t(c) for t in tests)]
    found = _sorted(api, found)
    includes = api.params.includes
    path = f"/api/v1/accounts/{account.id}/courses"
    return paged(api, found, lambda course: _shown(api, course, includes), path=path, counted="ui_invoked" in includes)


def _shown(api: Api, course: Course, includes: set[str]) -> Any:
    body = shapes.course(api, course, [], includes - {"sections", "permissions"})
    del body["enrollments"]
    account = api.store.accounts.get(course.account_id)
    # Canvas batches the rights in many courses, and then an admin of a sub-account has this one too.
    if account is not None and account_allows(api, api.caller, account, "manage_sis", at_any_level=True):
        body["sis_import_id"] = course.sis_batch_id
    if "account" in includes and account is not None:
        body["account"] = account_shapes.account(api, account)
    return body


def _tests(api: Api, account: Account) -> list[Any]:
    """The filters of the list."""
    ask = api.params
    enrolled = ask.flag("with_enrollments") or ask.has("hide_enrollmentless_courses")
    emptied = ask.has("with_enrollments") and not enrolled
    return [
        _of_state(api),
        (lambda c: bool(_living(api, c))) if enrolled else None,
        (lambda c: not _living(api, c)) if emptied else None,
        _flagged(api, "published", lambda c: c.workflow_state == "available"),
        _flagged(api, "completed", lambda c: _completed(api, c)),
        _flagged(api, "blueprint", lambda c: c.blueprint),
        _flagged(api, "blueprint_associated", lambda c: blueprints.subscription_of(api.store, c) is not None),
        (lambda c: c.is_public is ask.flag("public")) if ask.has("public") else None,
        (lambda c: c.homeroom_course) if ask.flag("homeroom") else None,
        _of_term(api),
        _searched(api, account),
        _of_types(api),
        _of_enrollment_states(api),
        _taught(api),
        _in_accounts(api),
        _dated(api),
    ]


def _living(api: Api, course: Course) -> list[Enrollment]:
    return [e for e in api.store.enrollments.find("course", course.id) if e.workflow_state != "deleted"]


def _flagged(api: Api, name: str, test: Any) -> Any:
    if not api.params.has(name):
        return None
    wanted = api.params.flag(name)
    return lambda course: bool(test(course)) == wanted


def _completed(api: Api, course: Course) -> bool:
    """Whether a course is over, by its state, its end or, if it has none, its term's."""
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    end = course.end_at or (term.end_at if term is not None else None)
    return course.workflow_state == "completed" or (end is not None and end < api.now)


def _of_state(api: Api) -> Any:
    asked = api.params.chosen({*IN_DATABASE, "all"}, "state")
    if not asked:
        return lambda course: course.workflow_state != "deleted"
    wanted = set(IN_DATABASE.values()) if "all" in asked else {IN_DATABASE.get(state) for state in asked}
    return lambda course: course.workflow_state in wanted


def _of_term(api: Api) -> Any:
    named = api.params.text("enrollment_term_id")
    term = identifiers.term(api, named) if named is not None else None
    return None if term is None else lambda course: course.enrollment_term_id == term.id


def _searched(api: Api, account: Account) -> Any:
    term = search_term(api, blank=True)
    if term is None:
        return None
    if api.params.text("search_by") == "teacher":
        return lambda course: any(term in user.name.lower() for user in _teachers(api, course, without=states.ENDED))
    sis = any(account_allows(api, api.caller, account, name) for name in ("read_sis", "manage_sis"))

    def fits(course: Course) -> bool:
        texts = [course.name, course.course_code or "", (course.sis_course_id or "") if sis else ""]
        return any(term in text.lower() for text in texts) or term == str(course.id)

    return fits


def _teachers(api: Api, course: Course, *, without: tuple[str, ...] = ()) -> list[User]:
    rows = [e for e in _living(api, course) if e.type == "TeacherEnrollment"]
    ids = {e.user_id for e in rows if e.workflow_state not in without}
    return [user for user in map(api.store.users.get, ids) if user is not None]


def _of_types(api: Api) -> Any:
    """Courses with an enrollment of some type; a scalar does not filter, an unknown type matches nothing."""
    if not isinstance(api.params.get("enrollment_type"), list):
        return None
    wanted = {f"{name.capitalize()}Enrollment" for name in api.params.texts("enrollment_type")}
    return lambda course: any(e.type in wanted for e in _living(api, course))


def _of_enrollment_states(api: Api) -> Any:
    """Courses with an enrollment in one of the states."""
    wanted = set(api.later.texts("enrollment_workflow_state"))
    if not wanted:
        return None
    return lambda course: any(e.workflow_state in wanted for e in api.store.enrollments.find("course", course.id))


def _taught(api: Api) -> Any:
    if not isinstance(api.params.get("by_teachers"), list):
        return None
    named = api.params.texts("by_teachers")
    ids = {user.id for name in named if (user := identifiers.find(api, "users", name)) is not None}
    return lambda course: any(user.id in ids for user in _teachers(api, course))


def _in_accounts(api: Api) -> Any:
    if not isinstance(api.params.get("by_subaccounts"), list):
        return None
    named = api.params.texts("by_subaccounts")
    ids = {account.id for name in named if (account := identifiers.find(api, "accounts", name)) is not None}
    return lambda course: any(ancestor.id in ids for ancestor in chain(api.store, course.account_id))


def _dated(api: Api) -> Any:
    before, after = api.moment("starts_before"), api.moment("ends_after")
    if before is None and after is None:
        return None

    def fits(course: Course) -> bool:
        term = api.store.enrollment_terms.get(course.enrollment_term_id)
        starts = [
            moment for moment in (course.start_at, term.start_at if term is not None else None) if moment is not None
        ]
        ends = [moment for moment in (course.end_at, term.end_at if term is not None else None) if moment is not None]
        begins = before is None or not starts or min(starts) <= before
        return begins and (after is None or not ends or max(ends) >= after)

    return fits


def _sorted(api: Api, found: list[Course]) -> list[Course]:
    """Sorted as asked for; `order` counts only together with `sort`, whatever that says."""
    by, order = api.params.text("sort"), api.params.text("order")

    def account(course: Course) -> Any:
        own = api.store.accounts.get(course.account_id)
        tie = "" if order else course.name.lower()
        return (collation.key((own.name if own is not None else None) or ""), tie, course.id)

    def term(course: Course) -> Any:
        own = api.store.enrollment_terms.get(course.enrollment_term_id)
        return (collation.key((own.name if own is not None else None) or ""), course.id)

    def teacher(course: Course) -> Any:
        names = sorted(collation.key(people.sortable_name(user)) for user in _teachers(api, course))
        return (not names, names[:1], course.id)

    keys = {
        "course_name": lambda c: (collation.key(c.name), c.id),
        "sis_course_id": lambda c: (c.sis_course_id is None, c.sis_course_id or "", c.id),
        "subaccount": account,
        "account_name": account,
        "teacher": teacher,
        "term": term,
    }
    down = by is not None and order == "desc"
    return sorted(found, key=keys.get(by or "", lambda c: c.id), reverse=down)


def change(api: Api) -> Any:
    """Apply one event to many courses; the job finishes at once."""
    account = identifiers.account(api, api.slot("account_id"))
    undeletes = api.params.text("event") == "undelete"
    require_account(api, account, "undelete_courses" if undeletes else "manage_courses_admin")
    named = api.params.get("course_ids")
    if not isinstance(named, list):
        raise refusals.message(400, "courses_missing", "must specify course_ids[]")
    if len(named) > LARGEST_BATCH:
        raise refusals.message(403, "batch_too_large", f"course batch size limit ({LARGEST_BATCH}) exceeded")
    event = api.params.text("event")
    if not event:
        raise refusals.message(400, "event_missing", "need to specify event")
    if event not in course_events.EVENTS or event == "claim":
        takes = [event for event in course_events.EVENTS if event != "claim"]
        raise refusals.message(400, "event_unknown", "invalid event", expected=takes)
    lost = []
    for name in named:
        course = identifiers.find(api, "courses", name)
        if course is None or account not in chain(api.store, course.account_id):
            lost.append(str(name))
        elif course.workflow_state in course_events.EVENTS[event]:
            course_events.apply(api, course, event)
    job = Progress(
        **api.new_row("progresses"),
        context_type="Account",
        context_id=account.id,
        user_id=api.user.id,
        tag="course_batch_update",
        completion=100,
        workflow_state="completed",
        message=_message(len(named) - len(lost), lost),
    )
    api.store.progresses.put(job)
    return progress(api, replace(job, completion=0, workflow_state="queued", message=None))


def _message(done: int, lost: list[str]) -> str:
    text = "1 course processed" if done == 1 else f"{done} courses processed"

    return f"{text}\nThe course was not found: {', '.join(lost)}" if lost else text


COURSES = "/api/v1/accounts/{account_id}/courses"
ROUTES: tuple[Route, ...] = (
    *rest("accounts", SOURCE, (f"GET {COURSES}", index, "Courses of an account")),
    *rest("accounts", BATCH, (f"PUT {COURSES}", change, "Apply an event to many courses")),
)
