"""Variable substitution in custom parameters.

Sources: https://community.d2l.com/brightspace/kb/articles/4261 (LTI 1.1.1); 1EdTech LTI Core 1.3, appendix B.
Unknown variables stay unexpanded. Chosen: values withheld by the deployment's settings are empty, and
for a user in several sections the first by code is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from lms_emulator.providers.brightspace import rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, OrgUnit, User
from lms_emulator.providers.brightspace.wire import when


class Scene(NamedTuple):
    """The context in which variables are expanded. `link` is None in deep linking launches."""

    call: Call
    user: User
    unit: OrgUnit
    deployment: Deployment
    link: LtiLink | None


def section_of(call: Call, user: User, unit: OrgUnit) -> tuple[str, str] | None:
    """Code and name of the user's section; None without one."""
    part = rules.enrollment(call, user, unit.id)
    return min(part.sections.items(), default=None) if part is not None else None


def history(ids: Iterable[object]) -> str:
    """The history of copies, in the format of the variable."""
    return ",".join(map(str, ids))


def _sourced_id(scene: Scene, code: str) -> str:
    return f"{scene.call.host}:{code}" if code else ""


def _section(place: Literal[0, 1]) -> Callable[[Scene], str]:
    def value(scene: Scene) -> str:
        found = section_of(scene.call, scene.user, scene.unit)
        return found[place] if found is not None and scene.deployment.send_org_unit else ""

    return value


def _section_id(scene: Scene) -> str:
    if not scene.deployment.send_org_unit:
        return ""
    return _sourced_id(scene, (section_of(scene.call, scene.user, scene.unit) or (scene.unit.code,))[0])


def _unit_id(read: Callable[[OrgUnit], str]) -> Callable[[Scene], str]:
    return lambda scene: _sourced_id(scene, read(scene.unit)) if scene.deployment.send_org_unit else ""


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
        shown = getattr(scene.deployment, setting) and not scene.deployment.anonymous
        return read(scene.user) if shown else ""

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
    "CourseTemplate.sourcedId": _unit_id(lambda unit: unit.template_code),
    "CourseTemplate.title": _unit(lambda unit: unit.template_name),
    "CourseOffering.sourcedId": _unit_id(lambda unit: unit.code),
    "CourseOffering.title": _unit(lambda unit: unit.name),
    "CourseOffering.label": _unit(lambda unit: unit.code),
    "CourseSection.label": _section(0),
    "CourseSection.sourcedId": _section_id,
    "CourseSection.title": _section(1),
    "CourseSection.dept": _unit(lambda unit: unit.department),
    "CourseSection.timeFrame.begin": _unit(lambda unit: when(unit.start_date) or ""),
    "CourseSection.timeFrame.end": _unit(lambda unit: when(unit.end_date) or ""),
    "Context.id.history": _unit(lambda unit: history(unit.copied_from)),
    "ResourceLink.id.history": lambda scene: history(scene.link.copied_from) if scene.link is not None else "",
}
NAMES = tuple(_VALUES)
"""The variables that have values."""


def expanded(scene: Scene, fields: Mapping[str, str]) -> dict[str, str]:
    """Custom parameters with their variables expanded; a warning lists those left unexpanded."""
    found = {}
    for name, value in fields.items():
        variable = _VALUES.get(value[1:]) if value.startswith("$") else None
        given = variable(scene) if variable is not None else None
        if given is None and value.startswith("$"):
            scene.call.warn("variable_unknown", f"`{value}` of the custom parameter `{name}` is sent unexpanded")
        found[name] = value if given is None else given
    return found
