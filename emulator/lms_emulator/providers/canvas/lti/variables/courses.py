"""Variables of courses, terms, accounts and groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.variables.scene import Scene, moment, there
from lms_emulator.providers.canvas.model import EnrollmentTerm, Group
from lms_emulator.providers.canvas.rules import grades


def _term(scene: Scene) -> EnrollmentTerm:
    found: EnrollmentTerm = there(scene.x.store.enrollment_terms.get(scene.course.enrollment_term_id))
    return found


def _uuid(scene: Scene) -> str:
    record = scene.place.record
    return there(None) if isinstance(record, Group) else record.uuid


def _state(scene: Scene) -> str:
    state = scene.course.workflow_state
    return "claimed" if state == "unpublished" else state


def _groups(scene: Scene) -> list[Group]:
    """The living groups of the course."""
    store = scene.x.store
    sets = list(store.group_categories.find("context", ("Course", scene.course.id)))
    return [g for c in sets for g in store.groups.find("category", c.id) if g.workflow_state != "deleted"]


def _own_groups(scene: Scene) -> str:
    found = scene.x.store.group_memberships.find("user", scene.person.id)
    mine = {row.group_id for row in found if row.workflow_state == "accepted"}
    return ",".join(places.group_id(group) for group in _groups(scene) if group.id in mine)


def _scheme(scene: Scene) -> list[dict[str, Any]]:
    return [
        {"name": name, "value": value} for name, value in grades.scheme(scene.api, scene.course.grading_standard_id)
    ]


def _no_copies(scene: Scene) -> str:
    """The courses that the content was copied from, of which none is kept."""
    there(scene.course)
    return ""


VALUES: dict[str, Callable[[Scene], Any]] = {
    "Context.id": lambda s: s.place.opaque,
    "Context.title": lambda s: s.place.name,
    "Context.sourcedId": lambda s: s.course.sis_course_id,
    "Context.id.history": _no_copies,
    "CourseOffering.sourcedId": lambda s: s.course.sis_course_id,
    "CourseSection.sourcedId": lambda s: s.course.sis_course_id,
    "com.instructure.contextLabel": lambda s: s.course.course_code,
    "Canvas.course.id": lambda s: s.course.id,
    "Canvas.course.name": lambda s: s.course.name,
    "Canvas.course.sisSourceId": lambda s: s.course.sis_course_id,
    "Canvas.course.startAt": lambda s: moment(s.course.start_at),
    "Canvas.course.endAt": lambda s: moment(s.course.end_at),
    "Canvas.course.workflowState": _state,
    "Canvas.course.hideDistributionGraphs": lambda s: bool(s.course.settings.get("hide_distribution_graphs")),
    "Canvas.course.gradePassbackSetting": lambda s: s.course.grade_passback_setting,
    "Canvas.course.previousContextIds": _no_copies,
    "Canvas.course.previousContextIds.recursive": _no_copies,
    "Canvas.course.previousCourseIds": _no_copies,
    "vnd.instructure.Course.uuid": lambda s: s.course.uuid,
    "com.instructure.Course.integrationId": lambda s: s.course.integration_id,
    "com.instructure.Course.groupIds": lambda s: ",".join(str(group.id) for group in _groups(s)),
    "Canvas.group.contextIds": _own_groups,
    "Canvas.term.name": lambda s: _term(s).name,
    "Canvas.term.startAt": lambda s: there(moment(_term(s).start_at)),
    "Canvas.account.id": lambda s: s.place.account.id,
    "Canvas.account.name": lambda s: s.place.account.name,
    "Canvas.account.sisSourceId": lambda s: s.place.account.sis_account_id,
    "Canvas.rootAccount.id": lambda s: s.school.id,
    "Canvas.rootAccount.sisSourceId": lambda s: s.school.sis_account_id,
    "Canvas.root_account.id": lambda s: s.school.id,
    "Canvas.root_account.sisSourceId": lambda s: s.school.sis_account_id,
    "Canvas.root_account.global_id": lambda s: global_id(s.school.id),
    "vnd.Canvas.root_account.uuid": lambda s: s.school.uuid,
    "com.instructure.Account.usage_metrics_enabled": lambda s: bool(s.school.settings.get("enable_usage_metrics")),
    "com.instructure.Course.accept_canvas_resource_types": lambda s: s.asked.get("accept_canvas_resource_types"),
    "com.instructure.Course.canvas_resource_type": lambda s: s.asked.get("canvas_resource_type"),
    "com.instructure.Course.allow_canvas_resource_selection": lambda s: s.asked.get("allow_canvas_resource_selection"),
    "com.instructure.Course.available_canvas_resources": lambda s: s.asked.get("available_canvas_resources"),
}

NEWER: dict[str, Callable[[Scene], Any]] = {
    "com.instructure.Context.globalId": lambda s: global_id(s.place.record.id),
    "com.instructure.Context.uuid": _uuid,
    "Canvas.term.id": lambda s: _term(s).id,
    "Canvas.term.endAt": lambda s: there(moment(_term(s).end_at)),
    "com.instructure.Course.gradingScheme": _scheme,
}
"""Those that Canvas did not have yet in June 2023."""
