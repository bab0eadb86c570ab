"""The variables that custom fields of a tool may hold, and what Canvas puts in their place.

Sources: https://canvas.instructure.com/doc/api/file.tools_variable_substitutions.html;
fixtures/recordings/canvas/lti-vars.jsonl 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lms_emulator.providers.canvas import rules
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.lti import places, roles
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import Account, Assignment, Course, Tool, User
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.providers.canvas.rules.people import effective_locale, email_of, sis_user_id, unique_id


class Missing(Exception):
    """There is no such thing here: the variable stays as it is written."""


@dataclass(frozen=True)
class Scene:
    """What variables speak of."""

    x: Call
    user: User | None
    place: Place
    tool: Tool
    real_user: User | None = None
    assignment: Assignment | None = None

    @property
    def person(self) -> User:
        """The user. Raises Missing for nobody."""
        if self.user is None:
            raise Missing
        return self.user

    @property
    def course(self) -> Course:
        """The course. Raises Missing outside of courses."""
        if self.place.course is None:
            raise Missing
        return self.place.course

    @property
    def task(self) -> Assignment:
        """The assignment. Raises Missing outside of assignments."""
        if self.assignment is None:
            raise Missing
        return self.assignment

    @property
    def school(self) -> Account:
        """The account at the top."""
        return places.school(self.x, self.place.account.id)


def _moment(value: Any) -> str:
    if value is None:
        raise Missing
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _split(user: User) -> tuple[str, str]:
    first, _, last = user.name.rpartition(" ")
    return first or last, last if first else ""


def _types(scene: Scene) -> list[str]:
    mine = rules.active(rules.enrollments_of(scene.x, scene.person, scene.course.id))
    return list(dict.fromkeys(e.type for e in mine))


def _names_of_roles(scene: Scene) -> str:
    admin = any(one.workflow_state == "active" for one in scene.x.store.account_users.find("user", scene.person.id))
    types = _types(scene) if scene.place.course is not None else []
    return ",".join([*types, *(["Account Admin"] if admin else [])])


def _sections(scene: Scene) -> str:
    mine = rules.active(rules.enrollments_of(scene.x, scene.person, scene.course.id))
    return ",".join(str(e.course_section_id) for e in mine)


def _masquerading(scene: Scene) -> User:
    if scene.real_user is None:
        raise Missing
    return scene.real_user


def _email(scene: Scene) -> str:
    found = email_of(scene.x.store, scene.person)
    if not found:
        raise Missing
    return found


def _login(scene: Scene) -> str:
    return unique_id(scene.x.store, scene.person)


def _sis(scene: Scene) -> str | None:
    return sis_user_id(scene.x.store, scene.person)


def _image(scene: Scene) -> str:
    return scene.x.url("/images/messages/avatar-50.png") if scene.user is not None else scene.person.name


def _term(scene: Scene) -> Any:
    found = scene.x.store.enrollment_terms.get(scene.course.enrollment_term_id)
    if found is None:
        raise Missing
    return found


def _watched(scene: Scene) -> list[User]:
    mine = rules.active(rules.enrollments_of(scene.x, scene.person, scene.course.id))
    ids = [e.associated_user_id for e in mine if e.type == "ObserverEnrollment" and e.associated_user_id]
    return [seen for id_ in ids if (seen := scene.x.store.users.get(id_)) is not None]


def _section_names(scene: Scene) -> str:
    ids = [number for number in _sections(scene).split(",") if number]
    sections = (scene.x.store.course_sections.get(int(number)) for number in ids)
    return json.dumps([section.name for section in sections if section is not None], ensure_ascii=False)


def _editor_host(scene: Scene) -> str:
    if not scene.x.settings.rich_content_host:
        raise Missing
    return scene.x.settings.rich_content_host


def _installed_at(scene: Scene) -> str:
    kind, number = tools.place_of(scene.x.store, scene.tool)
    return scene.x.url(f"/api/v1/{kind.lower()}s/{number}/external_tools/{scene.tool.id}")


VALUES: dict[str, Callable[[Scene], Any]] = {
    "Context.id": lambda s: s.place.opaque,
    "Context.title": lambda s: s.place.name,
    "Context.sourcedId": lambda s: s.course.sis_course_id,
    "Context.id.history": lambda s: "" if s.course else None,
    "CourseOffering.sourcedId": lambda s: s.course.sis_course_id,
    "CourseSection.sourcedId": lambda s: s.course.sis_course_id,
    "com.instructure.contextLabel": lambda s: s.course.course_code,
    "Canvas.course.id": lambda s: s.course.id,
    "Canvas.course.name": lambda s: s.course.name,
    "Canvas.course.sisSourceId": lambda s: s.course.sis_course_id,
    "Canvas.course.startAt": lambda s: _moment(s.course.start_at),
    "Canvas.course.endAt": lambda s: _moment(s.course.end_at),
    "Canvas.course.workflowState": lambda s: (
        "claimed" if s.course.workflow_state == "unpublished" else s.course.workflow_state
    ),
    "Canvas.course.sectionIds": _sections,
    "Canvas.course.previousContextIds": lambda s: "" if s.course else None,
    "Canvas.course.previousCourseIds": lambda s: "" if s.course else None,
    "vnd.instructure.Course.uuid": lambda s: s.course.uuid,
    "com.instructure.Course.integrationId": lambda s: s.course.integration_id,
    "Canvas.term.name": lambda s: _term(s).name,
    "Canvas.term.startAt": lambda s: _moment(_term(s).start_at),
    "Canvas.account.id": lambda s: s.place.account.id,
    "Canvas.account.name": lambda s: s.place.account.name,
    "Canvas.account.sisSourceId": lambda s: s.place.account.sis_account_id,
    "Canvas.rootAccount.id": lambda s: s.school.id,
    "Canvas.rootAccount.sisSourceId": lambda s: s.school.sis_account_id,
    "Canvas.root_account.id": lambda s: s.school.id,
    "Canvas.root_account.sisSourceId": lambda s: s.school.sis_account_id,
    "Canvas.root_account.global_id": lambda s: global_id(s.school.id),
    "vnd.Canvas.root_account.uuid": lambda s: s.school.uuid,
    "Canvas.shard.id": lambda _: 1,
    "Canvas.api.domain": lambda s: s.x.authority,
    "Canvas.api.baseUrl": lambda s: s.x.base_url,
    "Canvas.externalTool.global_id": lambda s: global_id(s.tool.id),
    "Canvas.user.id": lambda s: s.person.id,
    "User.id": lambda s: s.person.id,
    "User.username": _login,
    "User.image": _image,
    "Canvas.user.loginId": _login,
    "Canvas.user.sisSourceId": _sis,
    "Person.sourcedId": _sis,
    "Canvas.user.globalId": lambda s: global_id(s.person.id),
    "vnd.instructure.User.uuid": lambda s: s.person.uuid,
    "vnd.instructure.User.current_uuid": lambda s: s.person.uuid,
    "Canvas.user.prefersHighContrast": lambda s: "false" if s.person else None,
    "Canvas.user.isRootAccountAdmin": lambda s: rules.is_admin(s.x, s.person),
    "Person.name.full": lambda s: s.person.name,
    "Person.name.display": lambda s: s.person.short_name or s.person.name,
    "Person.name.given": lambda s: _split(s.person)[0],
    "Person.name.family": lambda s: _split(s.person)[1],
    "com.instructure.Person.name_sortable": lambda s: s.person.sortable_name,
    "Person.email.primary": _email,
    "Person.address.timezone": lambda s: s.person.time_zone or "Etc/UTC",
    "com.instructure.Person.pronouns": lambda s: s.person.pronouns,
    "Message.locale": lambda s: effective_locale(s.user) if s.user is not None else "en",
    "Message.documentTarget": lambda _: "iframe",
    "Membership.role": lambda s: ",".join(roles.of(s.x, s.person, s.place.course)),
    "com.instructure.User.allRoles": lambda s: ",".join(roles.of(s.x, s.user, s.place.course)),
    "com.Instructure.membership.roles": lambda s: ",".join(roles.of_members(_types(s))),
    "Canvas.membership.roles": _names_of_roles,
    "Canvas.masqueradingUser.id": lambda s: _masquerading(s).id,
    "Canvas.masqueradingUser.userId": lambda s: places.user_id(_masquerading(s)),
    "ToolConsumerInstance.guid": lambda s: f"{s.school.guid}:canvas-lms",
    "Canvas.assignment.id": lambda s: s.task.id,
    "Canvas.assignment.title": lambda s: s.task.name,
    "Canvas.assignment.description": lambda s: s.task.description,
    "Canvas.assignment.pointsPossible": lambda s: _plain(s.task.points_possible),
    "Canvas.assignment.published": lambda s: s.task.published,
    "Canvas.assignment.dueAt": lambda s: _moment(s.task.due_at),
    "Canvas.assignment.dueAt.iso8601": lambda s: _moment(s.task.due_at),
    "Canvas.assignment.lockAt": lambda s: _moment(s.task.lock_at),
    "Canvas.assignment.lockAt.iso8601": lambda s: _moment(s.task.lock_at),
    "Canvas.assignment.unlockAt": lambda s: _moment(s.task.unlock_at),
    "Canvas.assignment.unlockAt.iso8601": lambda s: _moment(s.task.unlock_at),
    "com.instructure.User.observees": lambda s: ",".join(seen.lti_id for seen in _watched(s)),
    "com.instructure.Observee.sisIds": lambda s: ",".join(sis_user_id(s.x.store, seen) or "" for seen in _watched(s)),
    "com.instructure.User.sectionNames": _section_names,
    "com.instructure.PostMessageToken": lambda s: s.x.ids.uuid(),
    "com.instructure.RCS.app_host": _editor_host,
    "Canvas.externalTool.url": _installed_at,
    "ToolProxyBinding.memberships.url": lambda s: s.x.url(f"/api/lti/courses/{s.course.id}/membership_service"),
    "ResourceLink.title": lambda s: s.task.name,
    "ResourceLink.description": lambda s: s.task.description,
}


def _plain(value: float | None) -> float | int | None:
    """A number without a fraction that says nothing."""
    return int(value) if value is not None and value == int(value) else value


def expanded(scene: Scene, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields with their variables replaced; a field holds one variable alone, or none."""
    return {name: _value(scene, given) for name, given in fields.items()}


def _value(scene: Scene, given: Any) -> Any:
    if not isinstance(given, str) or not given.startswith("$"):
        return given
    known = VALUES.get(given[1:])
    if known is None:
        return given
    try:
        return known(scene)
    except Missing:
        return given
