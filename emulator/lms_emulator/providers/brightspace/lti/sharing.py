"""Where a tool may be used: in its owner's org unit, and where sharing rules say.

Source: https://docs.valence.desire2learn.com/res/ltiadvantage.html and res/lti.html, their routes of sharing. The
organization is above all other org units.
"""

from __future__ import annotations

from collections.abc import Iterator

from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti.claims import registration
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, OrgUnit, SharingRule
from lms_emulator.providers.brightspace.model.lti import SharedKind

ORGANIZATION = 1


def organization(call: Call) -> OrgUnit | None:
    """The org unit above all others."""
    return next((unit for unit in call.store.org_units if unit.type_id == ORGANIZATION), None)


def rules_of(call: Call, shares: SharedKind, owner: object) -> list[SharingRule]:
    """The sharing rules of a deployment, link or tool provider."""
    return call.store.sharing_rules.find("owner", (shares, str(owner)))


def covers(call: Call, rule: SharingRule, unit: OrgUnit) -> bool:
    """Whether a rule shares with an org unit."""
    if rule.org_unit_id == unit.id:
        return rule.with_unit
    above = call.store.org_units.get(rule.org_unit_id)
    below = above is not None and above.type_id == ORGANIZATION != unit.type_id
    return rule.with_descendants and below and (not rule.types or unit.type_id in rule.types)


def shared(call: Call, shares: SharedKind, owner: object, unit: OrgUnit) -> bool:
    """Whether a sharing rule makes something available in an org unit."""
    return any(covers(call, rule, unit) for rule in rules_of(call, shares, owner))


def reaches(call: Call, deployment: Deployment, unit: OrgUnit) -> bool:
    """Whether an org unit has a deployment, enabled or not: as its owner, or because it is shared."""
    return deployment.org_unit_id == unit.id or shared(call, "deployment", deployment.id, unit)


def covering(call: Call, shares: SharedKind, unit: OrgUnit) -> list[str]:
    """The ids of what is shared with an org unit, each once."""
    top = organization(call)
    places = {unit.id, *([top.id] if top is not None else [])}
    found = [rule for place in sorted(places) for rule in call.store.sharing_rules.find("unit", place)]
    return list(dict.fromkeys(rule.owner for rule in found if rule.shares == shares and covers(call, rule, unit)))


def deployments_in(call: Call, unit: OrgUnit) -> list[Deployment]:
    """The deployments of an org unit, its own first, and then those shared with it."""
    own = call.store.deployments.find("unit", unit.id)
    known = {deployment.id for deployment in own}
    others = (call.store.deployments.get(name) for name in covering(call, "deployment", unit) if name not in known)
    return [*own, *(deployment for deployment in others if deployment is not None)]


def usable_in(call: Call, unit: OrgUnit) -> list[Deployment]:
    """The deployments of an org unit that are enabled, as are their registrations."""
    return [row for row in deployments_in(call, unit) if row.enabled and registration(call, row).enabled]


def place_of(link: LtiLink, deployment: Deployment) -> int:
    """The org unit in which a link is placed."""
    return link.org_unit_id if link.org_unit_id is not None else deployment.org_unit_id


def links_in(call: Call, unit: OrgUnit, deployments: list[Deployment]) -> Iterator[LtiLink]:
    """The links of deployments that can be opened in an org unit: those placed there, and the organization's."""
    top = organization(call)
    places = {unit.id, *([top.id] if top is not None else [])}
    for deployment in deployments:
        for link in call.store.lti_links.find("deployment", deployment.id):
            if place_of(link, deployment) in places:
                yield link


def forget(call: Call, shares: SharedKind, owner: object) -> None:
    """Delete the rules of something that is deleted."""
    for rule in rules_of(call, shares, owner):
        call.store.sharing_rules.delete(rule.id)
