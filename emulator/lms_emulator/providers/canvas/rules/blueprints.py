"""Blueprint courses: their associated courses, and locks.

Source: canvas-lms app/models/master_courses/ and app/controllers/master_courses/master_templates_controller.rb
(2023-06), and the recorded exchanges of `courses-migrations` 127-195.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import (
    BlueprintLock,
    BlueprintSubscription,
    BlueprintTemplate,
    CanvasStore,
    CopiedAsset,
    Course,
)
from lms_emulator.providers.canvas.rules import courses
from lms_emulator.providers.canvas.rules.permissions import chain

RESTRICTIONS = ("content", "points", "due_dates", "availability_dates", "settings", "state")
RESTRICTED = ("assignment", "attachment", "discussion_topic", "quiz", "wiki_page", "course_pace")
"""What restrictions can be set for by type."""
TYPES = {
    "assignment": "assignments",
    "attachment": "attachments",
    "course_pace": "",
    "discussion_topic": "discussion_topics",
    "external_tool": "tools",
    "lti-quiz": "assignments",
    "quiz": "quizzes",
    "wiki_page": "wiki_pages",
}
"""What can be locked, with its table."""
NAMES = {"tools": "external_tool", "quizzes": "quiz"}
DATED = {"due_dates": ("due_at",), "availability_dates": ("unlock_at", "lock_at")}
LOCKED: dict[str, dict[str, tuple[str, ...]]] = {
    "assignments": {
        "content": ("name", "description"),
        "points": ("points_possible",),
        "settings": (
            "assignment_group_id",
            "grading_type",
            "omit_from_final_grade",
            "submission_types",
            "group_category_id",
            "grade_group_students_individually",
            "peer_reviews",
            "moderated_grading",
            "allowed_attempts",
        ),
        **DATED,
    },
    "quizzes": {
        "content": ("title", "description"),
        "points": ("points_possible",),
        "settings": (
            "assignment_group_id",
            "could_be_locked",
            "time_limit",
            "shuffle_answers",
            "scoring_policy",
            "allowed_attempts",
            "access_code",
            "ip_filter",
            "one_question_at_a_time",
            "cant_go_back",
        ),
        **DATED,
    },
    "discussion_topics": {
        "content": ("title", "message"),
        "settings": ("discussion_type", "pinned", "require_initial_post", "allow_rating"),
        "availability_dates": ("delayed_post_at", "lock_at"),
    },
    "wiki_pages": {"content": ("title", "body"), "settings": ("editing_roles", "url")},
    "attachments": {
        "content": ("display_name",),
        "settings": ("folder_id", "locked", "lock_at", "unlock_at", "usage_rights"),
        "state": ("locked",),
    },
}
"""The fields that each kind of restriction locks, by table."""
COLUMNS = {("assignments", "name"): "title"}


# templates


def template_of(store: CanvasStore, course: Course) -> BlueprintTemplate | None:
    """The template record that makes a course a blueprint."""
    rows = store.blueprint_templates.find("course", course.id) if course.blueprint else ()
    return next((template for template in rows if template.workflow_state == "active"), None)


def shown(store: CanvasStore, course: Course) -> dict[str, Any]:
    """The restrictions in a course's JSON."""
    template = template_of(store, course)
    if template is None:
        return {}
    if template.uses_types:
        return {"blueprint_restrictions_by_object_type": template.by_type}
    return {"blueprint_restrictions": template.restrictions}


def faults(api: Api, course: Course, sent: Params) -> dict[str, list[Any]]:
    """The faults of a request's blueprint fields."""
    if sent.flag("blueprint") and not course.blueprint:
        if _has_learners(api.store, course):
            return {"master_course": ["Cannot have a blueprint course with students"]}
        if subscription_of(api.store, course) is not None:
            return {"master_course": ["Course is already associated with a blueprint course"]}
    named = [sent.hash("blueprint_restrictions").data] if sent.has("blueprint_restrictions") else []
    types = sent.hash("blueprint_restrictions_by_object_type").data
    named += [data if isinstance(data, dict) else {"": True} for data in types.values()]
    if any(name not in RESTRICTIONS for data in named for name in data) or any(
        kind not in RESTRICTED for kind in types
    ):
        return {"master_course_restrictions": ["Invalid restrictions"]}
    return {}


def _has_learners(store: CanvasStore, course: Course) -> bool:
    kinds = ("StudentEnrollment", "ObserverEnrollment")
    rows = store.enrollments.find("course", course.id)
    return any(enrollment.type in kinds and enrollment.workflow_state != "deleted" for enrollment in rows)


def eligible(store: CanvasStore, course: Course) -> bool:
    """Whether a course can be a blueprint."""
    return subscription_of(store, course) is None and not _has_learners(store, course)


def follow(api: Api, course: Course, sent: Params) -> None:
    """Turn a course into a blueprint or back, as requested, and store the requested restrictions."""
    rows = api.store.blueprint_templates.find("course", course.id)
    known = next((row for row in rows if row.workflow_state == "active"), None)
    if not course.blueprint:
        if known is not None:
            api.store.blueprint_templates.put(replace(known, workflow_state="deleted"))
        return
    template = known or BlueprintTemplate(
        id=api.new_id("master_courses_master_templates"), course_id=course.id, created_at=api.now
    )
    template = api.store.blueprint_templates.put(_asked(template, sent))
    for lock in list(api.store.blueprint_locks):
        if known is not None and lock.template_id == template.id:
            touch(api, lock, restrictions(known, lock), restrictions(template, lock))


def _asked(template: BlueprintTemplate, sent: Params) -> BlueprintTemplate:
    if sent.has("use_blueprint_restrictions_by_object_type"):
        template = replace(template, uses_types=sent.flag("use_blueprint_restrictions_by_object_type"))
    if sent.has("blueprint_restrictions"):
        template = replace(template, restrictions=flags(sent.hash("blueprint_restrictions")))
    types = sent.hash("blueprint_restrictions_by_object_type")
    if types.data:
        template = replace(template, by_type={name: flags(types.hash(name)) for name in types.data})
    return template


def restricts(store: CanvasStore, course: Course, sent: Params) -> bool:
    """Whether a request changes what a blueprint locks."""
    template = template_of(store, course)
    return template is not None and _asked(template, sent) != template


def flags(sent: Params) -> dict[str, bool]:
    """The restrictions that are sent, each on or off."""
    return {name: sent.flag(name) for name in sent.data}


def touch(api: Api, lock: BlueprintLock, before: dict[str, bool], after: dict[str, bool]) -> None:
    """Let an object of a blueprint be synced again if more of it is locked than before."""
    table: Any = getattr(api.store, lock.kind, None)
    record: Any = table.get(lock.content_id) if table is not None else None
    tightened = any(on and not before.get(name) for name, on in after.items())
    if tightened and hasattr(record, "updated_at"):
        table.put(replace(record, updated_at=api.now))


# courses


def subscriptions(store: CanvasStore, template: BlueprintTemplate) -> list[BlueprintSubscription]:
    """The subscriptions of a blueprint's associated courses."""
    rows = store.blueprint_subscriptions.find("template", template.id)
    return [subscription for subscription in rows if subscription.workflow_state == "active"]


def subscription_of(store: CanvasStore, course: Course) -> BlueprintSubscription | None:
    """The subscription of a course to a blueprint."""
    for subscription in store.blueprint_subscriptions.find("course", course.id):
        template = store.blueprint_templates.get(subscription.template_id)
        if subscription.workflow_state == "active" and template is not None and template.workflow_state == "active":
            return subscription
    return None


def fits(api: Api, template: BlueprintTemplate, course: Course) -> bool:
    """Whether a course can be associated: it is in the blueprint's account or below, and not a blueprint itself."""
    master = api.store.courses.get(template.course_id)
    above = {account.id for account in chain(api.store, course.account_id)}
    inside = master is not None and master.account_id in above
    return inside and course.id != template.course_id and not course.blueprint and course.workflow_state != "deleted"


def associate(api: Api, template: BlueprintTemplate, wanted: Collection[Course]) -> bool:
    """Associate courses with a blueprint. False, and nothing is done, if one of them cannot be."""
    own = {subscription.course_id for subscription in subscriptions(api.store, template)}
    new = [course for course in wanted if course.id not in own]
    if any(not fits(api, template, course) or subscription_of(api.store, course) is not None for course in new):
        return False
    for course in new:
        api.store.blueprint_subscriptions.put(
            BlueprintSubscription(
                id=api.new_id("master_courses_child_subscriptions"),
                template_id=template.id,
                course_id=course.id,
                created_at=api.now,
            )
        )
    return True


def dissociate(api: Api, course: Course) -> None:
    """Detach a course from its blueprint."""
    known = subscription_of(api.store, course)
    if known is not None:
        api.store.blueprint_subscriptions.put(replace(known, workflow_state="deleted"))


# locks


def owner_of(store: CanvasStore, course_id: int, table: str, number: int) -> tuple[str, int]:
    """The object whose locks hold: of an assignment that is a quiz's or a discussion's, that quiz or discussion."""
    if table != "assignments":
        return table, number
    topics = store.discussion_topics.find("context", ("Course", course_id))
    for name, rows in (("quizzes", store.quizzes.find("course", course_id)), ("discussion_topics", topics)):
        for row in rows:
            if row.assignment_id == number and row.workflow_state != "deleted":
                return name, row.id
    return table, number


def lock_of(store: CanvasStore, template: BlueprintTemplate, table: str, number: int) -> BlueprintLock | None:
    """The lock of an object in a blueprint."""
    rows = store.blueprint_locks.find("content", owner_of(store, template.course_id, table, number))
    return next((lock for lock in rows if lock.template_id == template.id), None)


def restrictions(template: BlueprintTemplate, lock: BlueprintLock) -> dict[str, bool]:
    """The restrictions on a locked object."""
    if lock.restrictions is not None:
        return lock.restrictions
    if template.uses_types:
        return template.by_type.get(NAMES.get(lock.kind, lock.kind.removesuffix("s")), {})
    return template.restrictions


def _origin(
    store: CanvasStore, course_id: int, table: str, number: int
) -> tuple[CopiedAsset, BlueprintTemplate] | None:
    course = store.courses.get(course_id)
    subscription = subscription_of(store, course) if course is not None else None
    template = store.blueprint_templates.get(subscription.template_id) if subscription is not None else None
    if template is None:
        return None
    rows = store.copied_assets.find("asset", owner_of(store, course_id, table, number))
    found = next((asset for asset in rows if asset.source_course_id == template.course_id), None)
    return (found, template) if found is not None else None


def of_child(store: CanvasStore, course_id: int, table: str, number: int) -> dict[str, bool] | None:
    """The restrictions on an object that came from a blueprint; None for others."""
    found = _origin(store, course_id, table, number)
    if found is None:
        return None
    lock = lock_of(store, found[1], found[0].kind, found[0].source_id or 0)
    return restrictions(found[1], lock) if lock is not None else {}


def is_locked(store: CanvasStore, course_id: int, table: str, number: int) -> bool:
    """Whether anything of an object that came from a blueprint is locked."""
    return any((of_child(store, course_id, table, number) or {}).values())


def notes(store: CanvasStore, course_id: int, table: str, number: int) -> dict[str, Any]:
    """The members of list entries about an object of a blueprint or an associated course."""
    course = store.courses.get(course_id)
    template = template_of(store, course) if course is not None else None
    if template is not None:
        lock = lock_of(store, template, table, number)
        found, role = (restrictions(template, lock) if lock is not None else {}), "master"
    else:
        child = of_child(store, course_id, table, number)
        if child is None:
            return {}
        found, role = child, "child"
    locked = any(found.values())
    body: dict[str, Any] = {f"is_master_course_{role}_content": True, "restricted_by_master_course": locked}
    return body | ({"master_course_restrictions": found} if locked else {})


def require_unlocked(api: Api, course_id: int, table: str, before: Any, after: Any) -> None:
    """Refuse a change that touches something locked."""
    found = of_child(api.store, course_id, table, before.id)
    if not found:
        return
    fields = [name for what, on in found.items() if on for name in LOCKED.get(table, {}).get(what, ())]
    touched = [name for name in fields if getattr(before, name, None) != getattr(after, name, None)]
    if touched:
        raise _locked([COLUMNS.get((table, name), name) for name in touched])


def _locked(columns: list[str]) -> SiteRefusal:
    text = f"cannot change column(s): {', '.join(columns)} - locked by Master Course"
    return refusals.invalid({"base": [text], "invalid_record": [f"Validation failed: {text}"]})


def require_deletable(api: Api, course_id: int, table: str, number: int) -> None:
    """Refuse to delete what is locked."""
    if is_locked(api.store, course_id, table, number):
        raise api.refused(f"delete {table} {number}, which is locked by a blueprint")


def noted(api: Api, course_id: int, table: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
    """A list entry, with the blueprint members that staff of the course see."""
    course = api.store.courses.get(course_id)
    if course is None or not courses.may(api, api.caller, course, "read_as_admin"):
        return body
    return body | notes(api.store, course_id, table, number)
