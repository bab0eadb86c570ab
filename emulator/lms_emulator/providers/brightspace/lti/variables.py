"""Custom parameters whose value is a variable, as Brightspace puts values for them.

Sources: https://community.d2l.com/brightspace/kb/articles/4261 (LTI 1.1.1); 1EdTech LTI Core 1.3, appendix B.
What is not known stays as it is. That a value which the deployment's settings keep back is empty is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, OrgUnit, User
from lms_emulator.providers.brightspace.wire import when


class Scene(NamedTuple):
    """What a launch is about. `link` is None where content is to be chosen."""

    x: Call
    user: User
    unit: OrgUnit
    deployment: Deployment
    link: LtiLink | None


def _sourced_id(scene: Scene) -> str:
    return f"{scene.x.host}:{scene.unit.code}" if scene.deployment.send_org_unit else ""


def _unset(scene: Scene) -> str:
    """What the world's courses and links do not have: templates, sections, copies."""
    return ""


def _unit(read: Callable[[OrgUnit], str]) -> Callable[[Scene], str]:
    return lambda scene: read(scene.unit) if scene.deployment.send_org_unit else ""


def _dated(read: Callable[[LtiLink], datetime | None]) -> Callable[[Scene], str | None]:
    return lambda scene: (when(read(scene.link)) or "") if scene.link is not None else None


def _link(setting: str, read: Callable[[LtiLink], str]) -> Callable[[Scene], str | None]:
    def value(scene: Scene) -> str | None:
        if scene.link is None:
            return None
        return read(scene.link) if getattr(scene.deployment, setting) else ""

    return value


def _person(setting: str, read: Callable[[User], str]) -> Callable[[Scene], str]:
    def value(scene: Scene) -> str:
        told = getattr(scene.deployment, setting) and not scene.deployment.anonymous
        return read(scene.user) if told else ""

    return value


_VALUES: Mapping[str, Callable[[Scene], str | None]] = {
    "User.id": _person("send_user_id", lambda user: str(user.id)),
    "User.username": _person("send_username", lambda user: user.username),
    "Person.email.primary": _person("send_email", lambda user: user.email),
    "Person.name.full": _person("send_name", lambda user: user.name),
    "Person.name.family": _person("send_name", lambda user: user.last_name),
    "Person.name.given": _person("send_name", lambda user: user.first_name),
    "Person.sourcedId": _person("send_org_defined_id", lambda user: user.org_defined_id or ""),
    "ResourceLink.title": _link("send_link_title", lambda link: link.title),
    "ResourceLink.description": _link("send_link_description", lambda link: link.description),
    "ResourceLink.available.startDateTime": _dated(lambda link: link.available_from),
    "ResourceLink.available.endDateTime": _dated(lambda link: link.available_until),
    "ResourceLink.submission.startDateTime": _dated(lambda link: link.submission_from),
    "ResourceLink.submission.endDateTime": _dated(lambda link: link.submission_until),
    "CourseTemplate.sourcedId": _unset,
    "CourseTemplate.title": _unset,
    "CourseOffering.sourcedId": _sourced_id,
    "CourseOffering.title": _unit(lambda unit: unit.name),
    "CourseOffering.label": _unit(lambda unit: unit.code),
    "CourseSection.label": _unset,
    "CourseSection.sourcedId": _sourced_id,
    "CourseSection.title": _unset,
    "CourseSection.dept": _unset,
    "CourseSection.timeFrame.begin": _unit(lambda unit: when(unit.start_date) or ""),
    "CourseSection.timeFrame.end": _unit(lambda unit: when(unit.end_date) or ""),
    "Context.id.history": _unset,
    "ResourceLink.id.history": _unset,
}
NAMES = tuple(_VALUES)
"""The variables that have values."""


def expanded(scene: Scene, fields: Mapping[str, str]) -> dict[str, str]:
    """Custom parameters with values for the variables; a warning names those that stay."""
    found = {}
    for name, value in fields.items():
        variable = _VALUES.get(value[1:]) if value.startswith("$") else None
        given = variable(scene) if variable is not None else None
        if given is None and value.startswith("$"):
            scene.x.warn("variable_unknown", f"`{value}` of the custom parameter `{name}` is sent as it is")
        found[name] = value if given is None else given
    return found
