"""Variables of what was placed: assignments, module items, links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lms_emulator.providers.canvas.lti.variables.scene import Scene, moment, there
from lms_emulator.providers.canvas.model import Group
from lms_emulator.providers.canvas.rules import assignments, teams
from lms_emulator.providers.canvas.rules.states import STUDENTS


def _plain(value: float | None) -> float | int | None:
    """A number without a fraction that says nothing."""
    return int(value) if value is not None and value == int(value) else value


def _moment_there(pick: Callable[[Scene], datetime | None]) -> Callable[[Scene], str]:
    return lambda scene: str(there(moment(pick(scene))))


def _in_own_zone(pick: Callable[[Scene], datetime | None]) -> Callable[[Scene], str]:
    """A time in the person's own zone, with milliseconds."""

    def tell(scene: Scene) -> str:
        value: datetime = there(pick(scene))
        own = scene.zone
        text = value.astimezone(own).isoformat(timespec="milliseconds") if own is not None else None
        return (text or value.isoformat(timespec="milliseconds")).replace("+00:00", "Z")

    return tell


def _all_due(scene: Scene) -> str:
    """Every due date of the assignment: the base's first, those without a date as nothing."""
    rows = assignments.overrides(scene.api, scene.task)
    found = [scene.task.due_at, *(row.dates["due_at"] for row in rows if "due_at" in row.dates)]
    return ",".join(moment(one) or "" for one in found)


def _earliest_due(scene: Scene) -> str:
    rows = assignments.overrides(scene.api, scene.task)
    found = [scene.task.due_at, *(row.dates.get("due_at") for row in rows)]
    return moment(min((one for one in found if one is not None), default=None)) or ""


def _attempts(scene: Scene) -> int | None:
    if not any(one.type in STUDENTS for one in scene.current):
        there(None)
    found = scene.x.store.submissions.first("whose", (scene.task.id, scene.person.id))
    return found.attempt if found is not None else None


def _group(scene: Scene) -> Group | None:
    return teams.team(scene.api, scene.task, scene.person.id) if scene.task.group_category_id else None


def _saved_or_sealed(name: str, sealed: str) -> Callable[[Scene], Any]:
    """What an assignment says, or what an editor sealed of one that is not saved."""

    def tell(scene: Scene) -> Any:
        if scene.assignment is None and scene.sealed:
            return scene.sealed.get(sealed)
        return getattr(scene.task, name)

    return tell


def _extensions(scene: Scene) -> str:
    if "online_upload" not in scene.task.submission_types:
        there(None)
    return ",".join(scene.task.allowed_extensions)


def _no_link(scene: Scene) -> None:
    """Canvas tells nothing of an assignment's link here, for all that its name says."""
    there(scene.task)


def _lockdown(scene: Scene) -> bool:
    """Whether a browser that locks everything else is asked for, which only a tool of its own can set."""
    there(scene.task)
    return False


def _title(scene: Scene) -> str:
    return scene.task.name


def _module(scene: Scene) -> int | None:
    """The module that was opened from; an assignment that is in none has none."""
    if scene.item is not None:
        return scene.item.context_module_id
    return None if scene.task and scene.tagged else there(None)


def _item(scene: Scene) -> int | None:
    if scene.item is not None:
        return scene.item.id
    tag = scene.task.external_tool if scene.tagged else there(None)
    return tag.id if tag is not None else None


VALUES: dict[str, Callable[[Scene], Any]] = {
    "ResourceLink.id": _no_link,
    "ResourceLink.title": _title,
    "ResourceLink.description": lambda s: there(s.task.description),
    "ResourceLink.available.startDateTime": _in_own_zone(lambda s: s.dated.unlock_at),
    "ResourceLink.available.endDateTime": _in_own_zone(lambda s: s.dated.lock_at),
    "ResourceLink.submission.endDateTime": _in_own_zone(lambda s: s.dated.due_at),
    "Canvas.assignment.id": lambda s: s.task.id,
    "Canvas.assignment.title": _title,
    "Canvas.assignment.description": lambda s: s.task.description,
    "Canvas.assignment.pointsPossible": lambda s: _plain(s.task.points_possible),
    "Canvas.assignment.published": lambda s: s.task.published,
    "Canvas.assignment.lockdownEnabled": _lockdown,
    "Canvas.assignment.allowedAttempts": lambda s: s.task.allowed_attempts,
    "Canvas.assignment.submission.studentAttempts": _attempts,
    "Canvas.assignment.unlockAt": lambda s: s.dated.unlock_at,
    "Canvas.assignment.lockAt": lambda s: s.dated.lock_at,
    "Canvas.assignment.dueAt": lambda s: s.dated.due_at,
    "Canvas.assignment.unlockAt.iso8601": _moment_there(lambda s: s.dated.unlock_at),
    "Canvas.assignment.lockAt.iso8601": _moment_there(lambda s: s.dated.lock_at),
    "Canvas.assignment.dueAt.iso8601": _moment_there(lambda s: s.dated.due_at),
    "Canvas.assignment.allDueAts.iso8601": _all_due,
    "com.instructure.Assignment.lti.id": _saved_or_sealed("lti_context_id", "lti_assignment_id"),
    "com.instructure.Assignment.description": _saved_or_sealed("description", "lti_assignment_description"),
    "com.instructure.Assignment.allowedFileExtensions": _extensions,
    "com.instructure.Assignment.anonymous_grading": lambda s: s.task.anonymous_grading,
    "com.instructure.Group.id": lambda s: group.id if (group := _group(s)) is not None else None,
    "com.instructure.Group.name": lambda s: group.name if (group := _group(s)) is not None else None,
    "Canvas.module.id": _module,
    "Canvas.moduleItem.id": _item,
}

NEWER: dict[str, Callable[[Scene], Any]] = {
    "Canvas.assignment.hideInGradebook": lambda s: s.task.hide_in_gradebook,
    "Canvas.assignment.omitFromFinalGrade": lambda s: s.task.omit_from_final_grade,
    "Canvas.assignment.earliestEnrollmentDueAt.iso8601": _earliest_due,
    "com.instructure.Assignment.restrict_quantitative_data": lambda s: bool(
        s.task and s.course.settings.get("restrict_quantitative_data")
    ),
    "LineItem.resultValue.max": lambda s: _plain(s.task.points_possible),
}
"""Those that Canvas did not have yet in June 2023."""
