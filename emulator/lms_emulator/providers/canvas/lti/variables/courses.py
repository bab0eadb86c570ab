"""Variables of courses, terms, accounts and groups."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.variables.scene import Scene, required
from lms_emulator.providers.canvas.model import Account, Course, EnrollmentTerm, Group, Pseudonym
from lms_emulator.providers.canvas.rules import features, grades, modules, people
from lms_emulator.providers.canvas.rules.permissions import chain

_LONGEST = 1000


def _term(scene: Scene) -> EnrollmentTerm:
    found: EnrollmentTerm = required(scene.call.store.enrollment_terms.get(scene.course.enrollment_term_id))
    return found


def _uuid(scene: Scene) -> str:
    record = scene.place.record
    return places.opaque("uuid of group", record.id) if isinstance(record, Group) else record.uuid


def _account(scene: Scene) -> Account:
    """The course's account, or the account itself; for groups the root account."""
    return scene.school if isinstance(scene.place.record, Group) else scene.place.account


def _roster(scene: Scene) -> str:
    record = scene.place.record
    if isinstance(record, Account):
        required(None)
    return scene.call.url(f"/api/lti/{scene.place.kind}/{record.id}/membership_service")


def _sourced_id(scene: Scene) -> str | None:
    """The SIS id of the course; on a user's own pages that of the user."""
    if scene.place.kind == "users":
        login: Pseudonym = required(people.login_of(scene.call.store, scene.person))
        return login.sis_user_id
    return scene.course.sis_course_id


def _state(scene: Scene) -> str:
    state = scene.course.workflow_state
    return "claimed" if state == "unpublished" else state


def _groups(scene: Scene) -> list[Group]:
    """The undeleted groups of the course."""
    store = scene.call.store
    sets = list(store.group_categories.find("context", ("Course", scene.course.id)))
    return [g for c in sets for g in store.groups.find("category", c.id) if g.workflow_state != "deleted"]


def _own_groups(scene: Scene) -> str:
    found = scene.call.store.group_memberships.find("user", scene.person.id)
    mine = {row.group_id for row in found if row.workflow_state == "accepted"}
    return ",".join(places.group_id(group) for group in _groups(scene) if group.id in mine)


def _scheme(scene: Scene) -> str:
    """The grades of the scheme with their lowest scores, as JSON."""
    rows = grades.scheme(scene.api, scene.course.grading_standard_id)
    found = [{"name": name, "value": value} for name, value in rows]
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _copies(scene: Scene, number: int) -> list[tuple[int, datetime]]:
    """The completed copies of other courses into a course: the id of each source, and the time."""
    rows = scene.call.store.content_migrations.find("context", ("Course", number))
    return [
        (row.source_course_id, row.finished_at or row.updated_at)
        for row in rows
        if row.workflow_state == "completed" and row.source_course_id is not None
    ]


def _sources(scene: Scene) -> list[Course]:
    """The ids of the courses that content was copied from."""
    numbers = sorted({number for number, _ in _copies(scene, scene.course.id)})
    return [course for number in numbers if (course := scene.call.store.courses.get(number)) is not None]


def _history(scene: Scene) -> str:
    """Those courses and, recursively, the ones that they were copied from, latest copy first, at most a thousand."""
    latest: dict[int, datetime] = {}
    reached, waiting = {scene.course.id}, [scene.course.id]
    while waiting:
        for source, done in _copies(scene, waiting.pop()):
            latest[source] = max(done, latest.get(source, done))
            if source not in reached:
                reached.add(source)
                waiting.append(source)
    ordered = sorted(latest, key=lambda number: latest[number], reverse=True)
    found = [places.context_id(row) for number in ordered if (row := scene.call.store.courses.get(number)) is not None]
    return ",".join(found if len(found) <= _LONGEST else [*found[:_LONGEST], "truncated"])


def _separator(name: str) -> Callable[[Scene], Any]:
    """The number separator of the course's account, otherwise of the root account; unexpanded if neither has one."""

    def find(scene: Scene) -> Any:
        required(scene.call.settings.tells_number_separators or None)
        accounts = (scene.course and scene.place.account, scene.school)
        said = (row.settings[name].get("value") for row in accounts if isinstance(row.settings.get(name), dict))
        return required(next((value for value in said if value), None))

    return find


def _feature(name: str) -> Callable[[Scene], bool]:
    """Whether a feature is enabled in the course."""
    return lambda scene: features.enabled(scene.api, scene.course, name)


def _embeds(scene: Scene) -> str:
    record = scene.place.record
    owner = scene.school if isinstance(record, Group) else record
    return str(features.enabled(scene.api, owner, "rce_studio_embed_improvements")).lower()


def _horizon(scene: Scene) -> bool:
    """Whether the account, or one above it, is a Canvas Career account."""
    said = (account.settings.get("horizon_account") for account in chain(scene.call.store, _account(scene).id))
    return any(item.get("value") for item in said if isinstance(item, dict))


def _horizon_course(scene: Scene) -> bool:
    """Whether the course is a Canvas Career course, as are all courses of a Canvas Career account."""
    return bool(scene.course) and _horizon(scene)


def _accepted(scene: Scene) -> Any:
    """The kinds that the Canvas page accepts, from the URL: one, or a list."""
    given = scene.asked.get("accept_canvas_resource_types")
    return ",".join(map(str, given)) if isinstance(given, list) else given


def _resources(scene: Scene) -> str | None:
    """The selectable resources from the URL, as JSON. For all modules or assignment groups of a course, a list with
    their names."""
    given = scene.asked.get("available_canvas_resources")
    found = list(given.values()) if isinstance(given, dict) else given
    only = found[0] if isinstance(found, list) and len(found) == 1 else None
    asked = only if isinstance(only, dict) else {}
    course = scene.call.store.courses.get(number(str(asked.get("course_id"))))
    if course is not None and asked.get("type") == "module":
        every = modules.of_course(scene.api, course)
        seen = [m for m in every if modules.sees_all(scene.api, course) or m.workflow_state == "active"]
        found = [{"id": module.id, "name": module.name} for module in seen]
    elif course is not None and asked.get("type") == "assignment_group":
        groups = scene.call.store.assignment_groups.find("course", course.id)
        found = [{"id": group.id, "name": group.name} for group in groups if group.workflow_state != "deleted"]
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False) if found is not None else None


VALUES: dict[str, Callable[[Scene], Any]] = {
    "Context.id": lambda s: s.place.opaque,
    "Context.title": lambda s: s.place.name,
    "Context.sourcedId": _sourced_id,
    "Context.id.history": _history,
    "CourseOffering.sourcedId": lambda s: s.course.sis_course_id,
    "CourseSection.sourcedId": lambda s: s.course.sis_course_id,
    "com.instructure.contextLabel": lambda s: s.course.course_code,
    "Canvas.course.id": lambda s: s.course.id,
    "Canvas.course.name": lambda s: s.course.name,
    "Canvas.course.sisSourceId": lambda s: s.course.sis_course_id,
    "Canvas.course.startAt": lambda s: s.course.start_at,
    "Canvas.course.endAt": lambda s: s.course.end_at,
    "Canvas.course.workflowState": _state,
    "Canvas.course.hideDistributionGraphs": lambda s: bool(s.course.settings.get("hide_distribution_graphs")),
    "Canvas.course.gradePassbackSetting": lambda s: s.course.grade_passback_setting,
    "Canvas.course.previousContextIds": lambda s: ",".join(map(places.context_id, _sources(s))),
    "Canvas.course.previousContextIds.recursive": _history,
    "Canvas.course.previousCourseIds": lambda s: ",".join(str(course.id) for course in _sources(s)),
    "vnd.instructure.Course.uuid": lambda s: s.course.uuid,
    "com.instructure.Course.integrationId": lambda s: s.course.integration_id,
    "com.instructure.Course.groupIds": lambda s: ",".join(str(group.id) for group in _groups(s)),
    "Canvas.group.contextIds": _own_groups,
    "ToolProxyBinding.memberships.url": _roster,
    "Canvas.term.name": lambda s: _term(s).name,
    "Canvas.term.startAt": lambda s: required(_term(s).start_at),
    "Canvas.account.id": lambda s: _account(s).id,
    "Canvas.account.name": lambda s: _account(s).name,
    "Canvas.account.sisSourceId": lambda s: _account(s).sis_account_id,
    "Canvas.rootAccount.id": lambda s: s.school.id,
    "Canvas.rootAccount.sisSourceId": lambda s: s.school.sis_account_id,
    "Canvas.root_account.id": lambda s: s.school.id,
    "Canvas.root_account.sisSourceId": lambda s: s.school.sis_account_id,
    "Canvas.root_account.global_id": lambda s: global_id(s.school.id),
    "vnd.Canvas.root_account.uuid": lambda s: s.school.uuid,
    "com.instructure.Account.usage_metrics_enabled": lambda s: features.enabled(s.api, s.school, "send_usage_metrics"),
    "com.instructure.Course.accept_canvas_resource_types": _accepted,
    "com.instructure.Course.canvas_resource_type": lambda s: s.asked.get("canvas_resource_type"),
    "com.instructure.Course.allow_canvas_resource_selection": lambda s: s.asked.get("allow_canvas_resource_selection"),
    "com.instructure.Course.available_canvas_resources": _resources,
}

NEWER: dict[str, Callable[[Scene], Any]] = {
    "com.instructure.Context.globalId": lambda s: global_id(s.place.record.id),
    "com.instructure.Context.uuid": _uuid,
    "Canvas.term.id": lambda s: _term(s).id,
    "Canvas.term.endAt": lambda s: required(_term(s).end_at),
    "com.instructure.Course.gradingScheme": _scheme,
    "com.instructure.Course.canvas_resource_id": lambda s: s.asked.get("canvas_resource_id"),
    "com.instructure.Course.rce_studio_embed_improvements": _embeds,
    "Canvas.account.decimal_separator": _separator("decimal_separator"),
    "Canvas.account.thousand_separator": _separator("thousand_separator"),
    "Canvas.account.horizonMode": _horizon,
    "Canvas.course.horizonMode": _horizon_course,
    "Canvas.course.aiQuizGeneration": _feature("new_quizzes_ai_quiz_generation"),
}
"""Variables added after June 2023."""
