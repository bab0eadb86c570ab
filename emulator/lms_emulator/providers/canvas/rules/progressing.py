"""A user's progress in modules, what counts towards it, and what modules lock.

Source: canvas-lms app/models/context_module.rb and context_module_progression.rb (2023-06), and the recorded exchanges
of `content-modules`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    Assignment,
    ContentTag,
    ContextModule,
    Course,
    DiscussionTopic,
    ModuleProgression,
    QuizSubmission,
    Submission,
)
from lms_emulator.providers.canvas.rules import assignments, courses, lateness, module_content, modules

MEETS = {
    "seen": ("must_view",),
    "done": ("must_mark_done",),
    "contributed": ("must_view", "must_contribute"),
}
"""The requirements that an action meets; it counts only where the item asks for it then."""
_LITTLE = 1e-6


class Standing(NamedTuple):
    """A user's progress in a module.

    Attributes:
        state: `locked`, `unlocked`, `started` or `completed`.
        met: the completed items, with the time of completion.
        reached: the position up to which a sequential module is open; None for all of it.
    """

    state: str
    completed_at: datetime | None
    met: dict[int, datetime]
    reached: int | None


def progression(api: Api, module: ContextModule, user_id: int) -> ModuleProgression:
    """The stored progress of a user in a module."""
    key = f"{module.id}-{user_id}"
    found = api.store.module_progressions.get(key)
    return found or ModuleProgression(key=key, context_module_id=module.id, user_id=user_id)


def evaluate(api: Api, course: Course, user_id: int) -> None:
    """Start tracking a student's progress in a course's modules, as Canvas does on first use."""
    for module in modules.of_course(api, course):
        record = progression(api, module, user_id)
        if module.workflow_state == "active" and api.store.module_progressions.get(record.key) is None:
            api.store.module_progressions.put(record)


def tracked(api: Api, module: ContextModule, user_id: int) -> bool:
    """Whether a user's progress in a module is tracked yet."""
    return api.store.module_progressions.get(progression(api, module, user_id).key) is not None


def evaluated(api: Api, course: Course, user_id: int) -> bool:
    """Whether a student's progress in the course is tracked yet."""
    keys = (f"{module.id}-{user_id}" for module in modules.of_course(api, course))
    return any(api.store.module_progressions.get(key) is not None for key in keys)


def standing(
    api: Api, course: Course, module: ContextModule, user_id: int, known: dict[int, datetime | None] | None = None
) -> Standing:
    """A user's progress now. When a module is first found completed, that moment is stored.

    A module that somebody has come into stays open to them, whatever is asked before it later, until it is relocked.

    Parameters: `known`, when the modules looked at so far were completed, so that each is looked at once.
    """
    known = {} if known is None else known
    record = progression(api, module, user_id)
    for number in module.prerequisite_ids:
        if number not in known:
            known[number] = _completed(api, course, number, user_id, known)
    before = [known[number] for number in module.prerequisite_ids]
    if not record.opened and (waits(api, module) or None in before):
        return Standing("locked", None, {}, None)
    if not record.opened and api.store.module_progressions.get(record.key) is not None:
        record = api.store.module_progressions.put(replace(record, opened=True))
    asked = [item for item in modules.items(api, module) if item.requirement and modules.published(api, item)]
    met: dict[int, datetime] = {}
    reached = None
    for item in asked:
        at = _met(api, item, record)
        if at is not None:
            met[item.id] = at
        elif module.require_sequential_progress and reached is None:
            reached = item.position or 0
    if len(met) < len(asked):
        if record.completed_at is not None:
            api.store.module_progressions.put(replace(record, completed_at=None))
        begun = met or any(_tried(api, item, user_id) for item in asked)
        return Standing("started" if begun else "unlocked", None, met, reached)
    if record.completed_at is None:
        times = [*met.values(), *(moment for moment in before if moment is not None)]
        record = api.store.module_progressions.put(replace(record, completed_at=max(times, default=api.now)))
    return Standing("completed", record.completed_at, met, None)


def waits(api: Api, module: ContextModule) -> bool:
    """Whether a module opens later."""
    return module.unlock_at is not None and api.now < module.unlock_at


def relock(api: Api, course: Course, module: ContextModule) -> None:
    """Lock a module, and those after it, for everybody who does not meet its prerequisites now."""
    closed = [module]
    for closing in closed:  # which grows
        ids = {each.id for each in closed}
        after = (each for each in modules.of_course(api, course) if closing.id in each.prerequisite_ids)
        closed += [each for each in after if each.id not in ids]
    rows = [(closing, row) for closing in closed for row in api.store.module_progressions.find("module", closing.id)]
    for _, row in rows:
        api.store.module_progressions.put(replace(row, opened=False))
    for closing, row in rows:
        if standing(api, course, closing, row.user_id).state == "locked":
            api.store.module_progressions.put(replace(row, opened=False, completed_at=None))


def _completed(
    api: Api, course: Course, module_id: int, user_id: int, known: dict[int, datetime | None]
) -> datetime | None:
    module = api.store.context_modules.get(module_id)
    if module is None or module.workflow_state != "active":
        return course.created_at or api.now
    found = standing(api, course, module, user_id, known)
    return found.completed_at if found.state == "completed" else None


def _met(api: Api, item: ContentTag, record: ModuleProgression) -> datetime | None:
    """When a user met the requirement of an item."""
    key, requirement = str(item.id), item.requirement or {}
    row = _work(api, item, record.user_id)
    if row is not None and row.excused:
        return row.graded_at or api.now
    match requirement.get("type"):
        case "must_view":
            wrote = module_content.first_contribution(api, item, record.user_id)
            return record.seen.get(key) or record.contributed.get(key) or wrote
        case "must_mark_done":
            return record.done.get(key)
        case "must_contribute":
            return record.contributed.get(key) or module_content.first_contribution(api, item, record.user_id)
        case kind:
            return _by_work(api, item, record.user_id, requirement.get("min_score") if kind == "min_score" else None)


def _work(api: Api, item: ContentTag, user_id: int) -> Submission | None:
    """A user's submission to the assignment of an item."""
    return api.store.submissions.first("whose", (module_content.assignment_of(api, item) or 0, user_id))


def _taken(api: Api, item: ContentTag, user_id: int) -> list[QuizSubmission]:
    rows = api.store.quiz_submissions.find("quiz", item.content_id) if item.type == "Quiz" else ()
    return [attempt for attempt in rows if attempt.user_id == user_id]


def _by_work(api: Api, item: ContentTag, user_id: int, least: float | None) -> datetime | None:
    """When something was submitted, or scored enough."""
    assignment_id = module_content.assignment_of(api, item)
    taken = _taken(api, item, user_id)
    if assignment_id is None and taken and taken[0].finished_at is not None:
        worth = taken[0].kept_score or 0.0
        return taken[0].finished_at if least is None or worth >= least else None
    row = _work(api, item, user_id)
    base = api.store.assignments.get(assignment_id or 0)
    if row is None or base is None:
        return None
    if least is None:
        return row.submitted_at
    if row.posted_at is None:
        return None
    # What counts is the score after the late penalty.
    score = lateness.standing(api, base, user_id, row).score
    enough = score is not None and _rounded(score) >= least and row.workflow_state != "pending_review"
    return row.graded_at if enough else None


def _rounded(score: float) -> float:
    """A score, without the error that adding decimals leaves."""
    return round(score) if abs(score - round(score)) < _LITTLE else score


def _tried(api: Api, item: ContentTag, user_id: int) -> bool:
    """Whether somebody submitted to an item that asks for a score, which starts the module."""
    if (item.requirement or {}).get("type") != "min_score":
        return False
    row = _work(api, item, user_id)
    return (row is not None and row.workflow_state != "unsubmitted") or bool(_taken(api, item, user_id))


def act(api: Api, course: Course, item: ContentTag, what: str, *, undo: bool = False) -> None:
    """Record that the caller viewed an item, marked it as done, or contributed: `seen`, `done` or `contributed`."""
    if api.caller is None or not courses.may(api, api.caller, course, "participate_as_student"):
        return
    module = api.store.context_modules.get(item.context_module_id)
    if module is None:
        return
    if not undo and locked(api, course, module):
        return
    record = progression(api, module, api.caller.id)
    marks = dict(getattr(record, what))
    if undo:
        for name in ("seen", "done"):  # Canvas forgets whatever was met at the item
            kept = {key: at for key, at in getattr(record, name).items() if key != str(item.id)}
            record = replace(record, **{name: kept})
        if api.store.module_progressions.get(record.key) is not None:
            api.store.module_progressions.put(record)
        return
    if (item.requirement or {}).get("type") in MEETS[what]:
        marks.setdefault(str(item.id), api.now)
    if marks != getattr(record, what):
        api.store.module_progressions.put(replace(record, **{what: marks}))


def acted(api: Api, course: Course, kind: str, content_id: int, what: str) -> None:
    """Record in every module that the caller viewed content or contributed to it."""
    for item in modules.of_content(api, course.id, kind, content_id):
        item_acted(api, course, item, what)


def item_acted(api: Api, course: Course, item: ContentTag, what: str) -> None:
    """Record the same in the module of one item, unless that locks it."""
    module = api.store.context_modules.get(item.context_module_id)
    if module is not None and module.workflow_state == "active" and not item_locked(api, course, module, item):
        act(api, course, item, what)


def assignment_seen(api: Api, course: Course, base: Assignment) -> None:
    """Record that the caller viewed an assignment, which is also to view what it is done in; not before it opens."""
    if assignments.shut(api, assignments.dated(api, course, base)) == "unlock_at":
        return
    places = {"Assignment": base.id, "Discussion": base.discussion_topic_id, "Quiz": base.quiz_id}
    for kind, content_id in places.items():
        acted(api, course, kind, content_id or 0, "seen")


def topic_seen(api: Api, topic: DiscussionTopic) -> None:
    """Record that the caller read a discussion, or a group's copy of one, and so the assignment graded in it."""
    whole = api.store.discussion_topics.get(topic.root_topic_id or topic.id)
    course = api.store.courses.get(whole.context_id) if whole is not None and whole.context_type == "Course" else None
    if whole is None or course is None:
        return
    acted(api, course, "Discussion", whole.id, "seen")
    acted(api, course, "Assignment", whole.assignment_id or 0, "seen")


def to_be_done(api: Api, course_id: int, kind: str, content_id: int) -> ContentTag | None:
    """The item at which some content is to be marked as done; None if there are several."""
    rows = modules.of_content(api, course_id, kind, content_id)
    found = [item for item in rows if (item.requirement or {}).get("type") == "must_mark_done"]
    return found[0] if len(found) == 1 else None


# locks


def locked(api: Api, course: Course, module: ContextModule) -> bool:
    """Whether a whole module is still locked for the caller, who is a student."""
    takes_part = api.caller is not None and courses.may(api, api.caller, course, "participate_as_student")
    return takes_part and standing(api, course, module, api.user.id).state == "locked"


def item_locked(api: Api, course: Course, module: ContextModule, item: ContentTag) -> bool:
    """Whether a module locks an item for the caller; for non-students, whether it could.

    Observers wait for its date only.
    """
    if courses.may(api, api.caller, course, "read_as_admin"):
        return False
    if waits(api, module):
        return True
    asks = module.require_sequential_progress and any(module.requirement for module in modules.items(api, module))
    if not (asks or module.prerequisite_ids) or _observes(api, course):
        return False
    if api.caller is None or not courses.may(api, api.caller, course, "participate_as_student"):
        return True
    stands = standing(api, course, module, api.caller.id)
    return stands.state == "locked" or (stands.reached is not None and (item.position or 0) > stands.reached)


def _observes(api: Api, course: Course) -> bool:
    own = [] if api.caller is None else api.store.enrollments.find("user", api.caller.id)
    kind, ended = "ObserverEnrollment", "deleted"
    return any(row.course_id == course.id and row.type == kind and row.workflow_state != ended for row in own)


def lock_of(api: Api, course: Course, kind: str, content_id: int) -> dict[str, Any] | None:
    """The module that locks content for the caller, as `lock_info`. One open module suffices to unlock it."""
    shut = None
    for item in modules.of_content(api, course.id, kind, content_id):
        module = api.store.context_modules.get(item.context_module_id)
        if module is None or module.workflow_state != "active" or not modules.published(api, item):
            continue
        if not item_locked(api, course, module, item):
            return None
        shut = shut or module
    return None if shut is None else lock_info(api, shut, kind, content_id)


def lock_info(api: Api, module: ContextModule, kind: str, content_id: int) -> dict[str, Any]:
    """The module as described in a lock."""
    known = module_content.KINDS.get(kind)
    info: dict[str, Any] = {
        "asset_string": f"{known.asset}{content_id}" if known is not None else f"context_module_{module.id}",
        "context_module": modules.raw(api, module),
    }
    if kind in ("Page", "File") and module.unlock_at is not None and api.now < module.unlock_at:
        info["unlock_at"] = when(module.unlock_at)
    return info
