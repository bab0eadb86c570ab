"""Variables about assignments, module items and links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.lti.variables.scene import Scene, moment, required
from lms_emulator.providers.canvas.model import Assignment, Attachment, Group, LineItem, MediaObject, ResourceLink
from lms_emulator.providers.canvas.rules import assignments, inherited, line_items, teams
from lms_emulator.providers.canvas.rules.licenses import LICENSES, License
from lms_emulator.providers.canvas.rules.states import STAFF, STUDENTS

_LONGEST, _CUT = 1000, "... (truncated)"


def _plain(value: float | None) -> float | int | None:
    """A number without a trailing `.0`."""
    return int(value) if value is not None and value == int(value) else value


def _moment_there(pick: Callable[[Scene], datetime | None]) -> Callable[[Scene], str]:
    return lambda scene: str(required(moment(pick(scene))))


def _in_own_zone(pick: Callable[[Scene], datetime | None]) -> Callable[[Scene], str]:
    """A time in the user's own time zone, with milliseconds."""

    def tell(scene: Scene) -> str:
        value: datetime = required(pick(scene))
        own = scene.zone
        text = in_zone(value, own).isoformat(timespec="milliseconds") if own is not None else None
        return (text or value.isoformat(timespec="milliseconds")).replace("+00:00", "Z")

    return tell


def _due_dates(scene: Scene) -> list[datetime | None]:
    """The distinct due dates of the assignment's assignees; None for those without one."""
    task, people = scene.task, dict.fromkeys(row.user_id for row in assignments.students(scene.api, scene.course.id))
    mine = (person for person in people if assignments.assigned(scene.api, task, person))
    return list(dict.fromkeys(assignments.dated_for(scene.api, task, value).due_at for value in mine))


def _all_due(scene: Scene) -> str:
    return ",".join(moment(date) or "" for date in _due_dates(scene))


def _earliest_due(scene: Scene) -> str:
    """The user's own due date; for course staff the earliest of all."""
    found = _due_dates(scene) if _runs(scene) else [scene.dated.due_at]
    return moment(min((value for value in found if value is not None), default=None)) or ""


def _runs(scene: Scene) -> bool:
    """Whether the user is on the staff of the course, even if they study there too, or manages it as an admin."""
    if scene.user is None:
        return False
    return any(row.type in STAFF for row in scene.mine) or not scene.mine


def _studies(scene: Scene) -> bool:
    return scene.user is not None and any(enrollment.type in STUDENTS for enrollment in scene.current)


def _attempts(scene: Scene) -> int | None:
    required(_studies(scene) or None)
    found = scene.call.store.submissions.first("whose", (scene.task.id, scene.person.id))
    return found.attempt if found is not None else None


def _group(scene: Scene) -> Group | None:
    person, task = scene.person, scene.task
    return teams.team(scene.api, task, person.id) if task.group_category_id else None


def _group_or_nothing(scene: Scene) -> int | str:
    """The user's group in a group assignment; empty in other assignments."""
    group = _group(scene)
    return group.id if group is not None else ""


def _of_new_quizzes(scene: Scene) -> bool:
    """Whether New Quizzes anonymises participants. Never so: their API does not set it."""
    required(scene.task)
    return False


def _own(pick: Callable[[Assignment], datetime | None]) -> Callable[[Scene], str]:
    """The user's effective date; for course staff that of the assignment itself."""

    def tell(scene: Scene) -> str:
        own = scene.user is not None and not _runs(scene)
        return str(required(moment(pick(scene.dated if own else scene.task))))

    return tell


def _nothing(scene: Scene) -> None:
    """What no assignment has here: differentiation tags, New Quizzes types. Canvas leaves the variable unexpanded."""
    required(None)


def _activities(scene: Scene) -> str:
    """The assignments that this one was copied from, recursively, that had document processors; at most a thousand."""
    store, found, number = scene.call.store, list[str](), scene.task.id
    seen = {number}
    while (copy := store.copied_assets.first("asset", ("assignments", number))) is not None:
        source = store.assignments.get(copy.source_id) if copy.source_id is not None else None
        if source is None or source.id in seen:
            break
        number = source.id
        seen.add(number)
        if store.asset_processors.find("assignment", number):
            found.append(source.lti_context_id)
    return ",".join(found if len(found) <= _LONGEST else [*found[:_LONGEST], "truncated"])


def _description(scene: Scene) -> str | None:
    """The description, truncated if it is long."""
    text = scene.task.description
    return text if text is None or len(text) <= _LONGEST else f"{text[: _LONGEST - len(_CUT)]}{_CUT}"


def _saved_or_sealed(tell: Callable[[Scene], Any], sealed: str) -> Callable[[Scene], Any]:
    """A value of the assignment, or the one that the editor sealed for an unsaved assignment."""
    return lambda s: s.sealed.get(sealed) if s.assignment is None and s.sealed else tell(s)


def _extensions(scene: Scene) -> str:
    if "online_upload" not in scene.task.submission_types:
        required(None)
    return ",".join(scene.task.allowed_extensions)


def _resource(scene: Scene) -> str | None:
    """The tool's resource id of the assignment's line item; despite the variable's name it is not the link's."""
    if scene.task.submission_types != ["external_tool"]:
        required(None)
    first: LineItem = required(next(iter(line_items.of_assignment(scene.call.store, scene.task.id)), None))
    return first.data.resource_id


def _link_id(scene: Scene) -> str:
    """The id of the opened LTI 1.3 link."""
    task = scene.assignment
    if task is not None and task.submission_types == ["external_tool"]:
        first = next(iter(line_items.of_assignment(scene.call.store, task.id)), None)
        if first is not None:
            return str(required(first.data.resource_link_id))
    return str(required(scene.link if scene.advantage else None).id)


def _link_title(scene: Scene) -> str:
    """The title in the claim of the link; of LTI 1.1 tools, that of the assignment."""
    if scene.assignment is not None:
        return scene.assignment.name
    link: ResourceLink = required(scene.link if scene.advantage else None)
    return scene.item.title if scene.item is not None else link.title or scene.place.name


def _latest_due(scene: Scene) -> str:
    """The user's own due date; for course staff the latest of all students', or that of the assignment."""
    found = _due_dates(scene) if _runs(scene) else [scene.dated.due_at]
    latest = max((value for value in found if value is not None), default=scene.task.due_at)
    return str(required(moment(latest)))


def _lockdown(scene: Scene) -> bool:
    """Whether a lockdown browser is required, which only its own tool can set."""
    required(scene.task)
    return False


def _title(scene: Scene) -> str:
    return scene.task.name


def _module(scene: Scene) -> int | None:
    """The module from which it was opened; none for an assignment outside modules."""
    if scene.item is not None:
        return scene.item.context_module_id
    return None if scene.task and scene.tagged else required(None)


def _item(scene: Scene) -> int | None:
    if scene.item is not None:
        return scene.item.id
    tag = scene.task.external_tool if scene.tagged else required(None)
    return tag.id if tag is not None else None


def _recording(scene: Scene) -> MediaObject:
    """The recording in the exported file."""
    file: Attachment = required(scene.file)
    found: MediaObject = required(scene.call.store.media_objects.first("file", file.id))
    return found


def _recording_id(scene: Scene) -> str:
    file: Attachment = required(scene.file)
    found = scene.call.store.media_objects.first("file", file.id)
    return str(required(found.media_id if found is not None else file.media_entry_id))


def _of_rights(tell: Callable[[dict[str, Any]], Any]) -> Callable[[Scene], Any]:
    """The usage rights of the exported file."""

    def find(scene: Scene) -> Any:
        file: Attachment = required(scene.file)
        return tell(required(file.usage_rights))

    return find


def _license(rights: dict[str, Any]) -> License:
    return LICENSES[rights.get("license") or "private"]


VALUES: dict[str, Callable[[Scene], Any]] = {
    "ResourceLink.id": _resource,
    "ResourceLink.title": _title,
    "ResourceLink.description": lambda s: required(s.task.description or None),
    "ResourceLink.available.startDateTime": _in_own_zone(lambda s: s.dated.unlock_at),
    "ResourceLink.available.endDateTime": _in_own_zone(lambda s: s.dated.lock_at),
    "ResourceLink.submission.endDateTime": _in_own_zone(lambda s: s.dated.due_at),
    "Canvas.assignment.id": lambda s: s.task.id,
    "Canvas.assignment.title": _title,
    "Canvas.assignment.description": _description,
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
    "com.instructure.Assignment.lti.id": _saved_or_sealed(lambda s: s.task.lti_context_id, "lti_assignment_id"),
    "com.instructure.Assignment.description": _saved_or_sealed(_description, "lti_assignment_description"),
    "com.instructure.Assignment.allowedFileExtensions": _extensions,
    "com.instructure.Assignment.anonymous_grading": lambda s: s.task.anonymous_grading,
    "com.instructure.Group.id": lambda s: group.id if (group := _group(s)) is not None else None,
    "com.instructure.Group.name": lambda s: group.name if (group := _group(s)) is not None else None,
    "Canvas.file.media.id": _recording_id,
    "Canvas.file.media.type": lambda s: _recording(s).media_type,
    "Canvas.file.media.duration": lambda s: _recording(s).duration,
    "Canvas.file.media.size": lambda s: _recording(s).total_size,
    "Canvas.file.media.title": lambda s: _recording(s).user_entered_title or _recording(s).title,
    "Canvas.file.usageRights.name": _of_rights(lambda rights: _license(rights).name),
    "Canvas.file.usageRights.url": _of_rights(lambda rights: _license(rights).url),
    "Canvas.file.usageRights.copyrightText": _of_rights(lambda rights: rights.get("legal_copyright")),
    "Canvas.module.id": _module,
    "Canvas.moduleItem.id": _item,
}

NEWER: dict[str, Callable[[Scene], Any]] = {
    "Canvas.assignment.hideInGradebook": lambda s: s.task.hide_in_gradebook,
    "Canvas.assignment.omitFromFinalGrade": lambda s: s.task.omit_from_final_grade,
    "Canvas.assignment.earliestEnrollmentDueAt.iso8601": _earliest_due,
    "com.instructure.Assignment.restrict_quantitative_data": lambda s: bool(
        s.task and inherited.of_course(s.api, s.course, "restrict_quantitative_data")
    ),
    "LineItem.resultValue.max": lambda s: _plain(s.task.points_possible),
    "Activity.id.history": _activities,
    "CourseGroup.id": _group_or_nothing,
    "com.instructure.Tag.id": _nothing,
    "com.instructure.Tag.name": _nothing,
    "Canvas.assignment.new_quizzes_type": _nothing,
    "Canvas.assignment.anonymous_participants": _of_new_quizzes,
    "Canvas.assignment.unlockAt.overrideForUser.iso8601": _own(lambda task: task.unlock_at),
    "Canvas.assignment.lockAt.overrideForUser.iso8601": _own(lambda task: task.lock_at),
}
"""Variables added after June 2023."""

CHANGED: dict[str, Callable[[Scene], Any]] = {
    "ResourceLink.id": _link_id,
    "ResourceLink.title": _link_title,
    "Canvas.assignment.dueAt.iso8601": _latest_due,
}
"""Variables that got another meaning after April 2024."""
