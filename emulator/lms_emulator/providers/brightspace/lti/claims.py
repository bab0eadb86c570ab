"""Launch claims and roster members at Brightspace.

Names and formats of the claims come from a launch in a public tool's test data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from lms_emulator.lti.notices import claim as notice_claim
from lms_emulator.providers.brightspace import oauth, rules, shapes
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.lti import variables
from lms_emulator.providers.brightspace.lti.spots import SPOTS
from lms_emulator.providers.brightspace.model import (
    Deployment,
    DropboxFolder,
    LineItem,
    LtiLink,
    OrgUnit,
    Role,
    ToolRegistration,
    User,
)
from lms_emulator.providers.brightspace.model.lti import Extension
from lms_emulator.signing import lti13

BRIGHTSPACE_CLAIM = "http://www.brightspace.com"


def registration(call: Call, deployment: Deployment) -> ToolRegistration:
    """The registration that a deployment belongs to."""
    found = call.store.registrations.get(deployment.client_id)
    assert found is not None, "the world file's references are checked when it is loaded"
    return found


def why_deployment(call: Call, client_id: str) -> str | None:
    """That a deployment's id came in place of a client id; None if it is no deployment's."""
    found = call.store.deployments.get(client_id)
    return f"this is a deployment id; the client id is {found.client_id}" if found is not None else None


def membership_roles(role: Role) -> list[str]:
    """The LTI roles of a user with this role."""
    return [f"{lti13.MEMBERSHIP}{lis_role}" for lis_role in role.lis_roles]


def all_roles(role: Role, *, institution: bool = True) -> list[str]:
    """Roles in the course and, unless the registration withholds them, in the institution."""
    names = {"Learner": "Student", "Instructor": "Instructor", "Administrator": "Administrator"}
    institution_roles = [f"{lti13.INSTITUTION}{names.get(row, row)}" for row in role.lis_roles] if institution else []
    return [*membership_roles(role), *institution_roles]


def subject(user: User, deployment: Deployment) -> str:
    """A user's `sub`; for an anonymous deployment a stable pseudonym."""
    if not deployment.anonymous:
        return user.lti_sub
    return hashlib.sha256(f"{deployment.id} {user.lti_guid}".encode()).hexdigest()[:32]


def person(user: User, deployment: Deployment) -> dict[str, str]:
    """The identity claims that the deployment's security settings allow."""
    claims = {"sub": subject(user, deployment)}
    if deployment.anonymous:
        return claims
    claims |= names(user, deployment)
    if deployment.send_email:
        claims["email"] = user.email
    return claims


def names(user: User, deployment: Deployment) -> dict[str, str]:
    """The parts of a user's name that the deployment sends, and the name that they make."""
    parts = {
        "given_name": user.first_name if deployment.send_first_name else "",
        "middle_name": user.middle_name if deployment.send_middle_name else "",
        "family_name": user.last_name if deployment.send_last_name else "",
    }
    found = {part: text for part, text in parts.items() if text and deployment.send_name}
    return {**found, "name": " ".join(found.values())} if found else {}


def services_url(call: Call, service: str, deployment: Deployment, unit: OrgUnit) -> str:
    """`…/d2l/api/lti/ags/2.0/deployment/<id>/orgunit/<id>`."""
    return call.url(f"/d2l/api/lti/{service}/2.0/deployment/{deployment.id}/orgunit/{unit.id}")


NOTICES_PATH = "/d2l/api/lti/pns/1.0/deployment/{deploymentId}/noticehandlers"


def notices_url(call: Call, deployment: Deployment) -> str:
    """Where a tool registers handlers of notices."""
    return call.url(NOTICES_PATH.format(deploymentId=deployment.id))


def offers(call: Call, deployment: Deployment, extension: Extension) -> bool:
    """Whether a deployment has an extension that its registration must have too."""
    return extension in deployment.extensions and extension in registration(call, deployment).extensions


def notice_types(call: Call, deployment: Deployment) -> list[str]:
    """The types of notices that a deployment can have."""
    processes = offers(call, deployment, "asset_processor")
    supported = (lti13.CONTEXT_COPY_NOTICE, *((lti13.SUBMISSION_NOTICE,) if processes else ()))
    return [kind for kind in supported if deployment.notice_types is None or kind in deployment.notice_types]


def context(unit: OrgUnit) -> dict[str, Any]:
    """The context claim for a course."""
    return {"id": str(unit.id), "label": unit.code, "title": unit.name, "type": [lti13.COURSE_OFFERING]}


def resource_launch(call: Call, user: User, unit: OrgUnit, deployment: Deployment, link: LtiLink) -> lti13.Launch:
    """A resource link launch. It includes the line item if the link has exactly one (LTI-AGS 2.0, 3.1)."""
    found = call.store.line_items.find("link", link.id) if "ags" in deployment.extensions else ()
    items = [item for item in found if item.org_unit_id == unit.id]
    ags = services_url(call, "ags", deployment, unit)
    return _launch(
        call,
        user,
        unit,
        deployment,
        target=link.url or registration(call, deployment).target_link_uri,
        link=link,
        resource_link=_link_claim(deployment, link),
        line_item=f"{ags}/lineitems/{items[0].id}" if len(items) == 1 else None,
    )


def deep_linking_launch(
    call: Call,
    user: User,
    unit: OrgUnit,
    deployment: Deployment,
    spot: str,
    link: LtiLink | None = None,
    folder: DropboxFolder | None = None,
    where: Mapping[str, int] | None = None,
) -> lti13.Launch:
    """A deep linking launch.

    Parameters: `spot`, a key of `spots.SPOTS`; `link`, by which the tool was opened; `folder`, to process; `where`, of
    `inserting.opened_at`.
    """
    claims = {
        "deployment": deployment.id,
        "user": user.id,
        "spot": spot,
        **({"folder": folder.id} if folder is not None else {}),
        **(where or {}),
        "exp": int(call.clock.timestamp()) + 3600,
        "jti": call.ids.uuid(),
    }
    settings = {
        "deep_link_return_url": call.url(f"/d2l/le/lti/{unit.id}/deeplinking/return"),
        "accept_types": list(SPOTS[spot].types),
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_multiple": SPOTS[spot].multiple,
        "auto_create": False,
        "data": oauth.issue(call, claims, kind="deep_linking"),
    }
    target = (link.url if link is not None else None) or registration(call, deployment).target_link_uri
    fields = link.custom if link is not None else None
    about = {f"{lti13.CLAIM}activity": {"id": str(folder.id), "title": folder.name}} if folder is not None else None
    return _launch(call, user, unit, deployment, target=target, fields=fields, deep_linking=settings, extra=about)


def message_launch(
    call: Call,
    user: User,
    unit: OrgUnit,
    deployment: Deployment,
    message: str,
    target: str | None,
    *,
    fields: dict[str, str] | None = None,
    about: dict[str, Any],
) -> lti13.Launch:
    """A launch with a message of its own. Parameters: `about`, its own claims, without the prefix of LTI's."""
    return _launch(
        call,
        user,
        unit,
        deployment,
        target=target or registration(call, deployment).target_link_uri,
        fields=fields,
        message_type=message,
        extra={f"{lti13.CLAIM}{name}": value for name, value in about.items()},
    )


def review_launch(
    call: Call, user: User, unit: OrgUnit, deployment: Deployment, item: LineItem, learner: User
) -> lti13.Launch:
    """A submission review launch, which shows a teacher one student's work.

    Source: 1EdTech Submission Review 1.0.
    """
    review = item.data.submission_review or {}
    link = call.store.lti_links.get(item.data.resource_link_id) if item.data.resource_link_id else None
    part = rules.role_in(call, learner, unit.id)
    about: dict[str, Any] = {
        "user_id": subject(learner, deployment),
        **{name: value for name, value in person(learner, deployment).items() if name != "sub"},
        "roles": membership_roles(part) if part is not None and not deployment.anonymous else [],
    }
    return _launch(
        call,
        user,
        unit,
        deployment,
        target=review.get("url") or registration(call, deployment).target_link_uri,
        link=link,
        fields={str(name): str(value) for name, value in (review.get("custom") or {}).items()},
        message_type=lti13.SUBMISSION_REVIEW_REQUEST,
        resource_link=_link_claim(deployment, link) if link is not None else None,
        line_item=f"{services_url(call, 'ags', deployment, unit)}/lineitems/{item.id}",
        extra={f"{lti13.CLAIM}for_user": about},
    )


def _link_claim(deployment: Deployment, link: LtiLink) -> dict[str, Any]:
    return {
        "id": link.id,
        **({"title": link.title} if deployment.send_link_title else {}),
        **({"description": link.description} if deployment.send_link_description else {}),
    }


def _launch(
    call: Call,
    user: User,
    unit: OrgUnit,
    deployment: Deployment,
    *,
    target: str,
    link: LtiLink | None = None,
    fields: dict[str, str] | None = None,
    message_type: str = "",
    extra: dict[str, Any] | None = None,
    **parts: Any,
) -> lti13.Launch:
    role = rules.role_in(call, user, unit.id) if not deployment.anonymous else None
    tool = registration(call, deployment)
    ags = "ags" in deployment.extensions
    deep = "deep_linking" in parts
    said = {**deployment.custom, **(link.custom if link is not None else {}), **(fields or {})}
    return lti13.Launch(
        issuer=call.base_url,
        client_id=deployment.client_id,
        deployment_id=deployment.id,
        target_link_uri=call.resolve(target),
        message_type=message_type or (lti13.DEEP_LINKING_REQUEST if deep else lti13.RESOURCE_LINK_REQUEST),
        person=person(user, deployment),
        roles=all_roles(role, institution=tool.send_institution_role) if role is not None else [],
        context=context(unit) if deployment.send_org_unit else None,
        tool_platform={"guid": call.store.section.tenant_id, "product_family_code": "desire2learn"},
        presentation={"locale": "en-us", "return_url": call.url(f"/d2l/home/{unit.id}"), **_size(link)},
        lis=_lis(call, user, unit, deployment),
        custom=variables.expanded(variables.Scene(call, user, unit, deployment, link), said) or None,
        ags_scopes=list(lti13.AGS_SCOPES) if ags else None,
        line_items=f"{services_url(call, 'ags', deployment, unit)}/lineitems" if ags else None,
        memberships=f"{services_url(call, 'nrps', deployment, unit)}/memberships"
        if "nrps" in deployment.extensions
        else None,
        extra={**_own_claims(call, user, unit, deployment, link), **(extra or {})},
        **parts,
    )


def _size(link: LtiLink | None) -> dict[str, int]:
    size = {"height": link.height, "width": link.width} if link is not None else {}
    return {name: pixels for name, pixels in size.items() if pixels is not None}


def _lis(call: Call, user: User, unit: OrgUnit, deployment: Deployment) -> dict[str, str] | None:
    found: dict[str, str] = {}
    if deployment.send_org_unit:
        section, _ = variables.section_of(call, user, unit) or (unit.code, "")
        found |= {
            "course_offering_sourcedid": f"{call.host}:{unit.code}",
            "course_section_sourcedid": f"{call.host}:{section}",
        }
    if deployment.send_org_defined_id and user.org_defined_id and not deployment.anonymous:
        found["person_sourcedid"] = user.org_defined_id
    return found or None


def _own_claims(call: Call, user: User, unit: OrgUnit, deployment: Deployment, link: LtiLink | None) -> dict[str, Any]:
    """Brightspace's own claim, and the user's LTI 1.1 id."""
    own: dict[str, Any] = {"tenant_id": call.store.section.tenant_id}
    if not deployment.anonymous:
        if deployment.send_org_defined_id:
            own["org_defined_id"] = user.org_defined_id or ""
        if deployment.send_user_id:
            own["user_id"] = user.id
        if deployment.send_username:
            own["username"] = user.username
    own["Context.id.history"] = variables.history(unit.copied_from)
    own["ResourceLink.id.history"] = variables.history(link.copied_from if link is not None else ())
    number = link_number(link.id) if link is not None else None
    if link is not None and link.content_topic_id is not None:
        own["content_topic_id"] = link.content_topic_id
    elif number is not None:
        own["link_id"] = number
    notices = {}
    if offers(call, deployment, "notices"):
        notices[lti13.NOTICES_CLAIM] = notice_claim(notices_url(call, deployment), notice_types(call, deployment))
    legacy = {} if deployment.anonymous else {f"{lti13.CLAIM}lti11_legacy_user_id": user.lti_sub}
    return {BRIGHTSPACE_CLAIM: own, **legacy, **notices}


def link_number(link_id: str) -> int | None:
    """The number of a link in its id, which is `<organization>-<number>_<org unit>`."""
    return number(link_id.rpartition("_")[0].rpartition("-")[2])


def member(user: User, role: Role, deployment: Deployment) -> shapes.Json:
    """A member of a roster, in the order of the specification's sample (NRPS 2.0, 2.2)."""
    claims = person(user, deployment)
    named = ("name", "given_name", "middle_name", "family_name", "email")
    sourced_id = user.org_defined_id if deployment.send_org_defined_id and not deployment.anonymous else None
    return {
        "status": "Active",
        **{name: claims[name] for name in named if name in claims},
        "user_id": claims["sub"],
        **({"lis_person_sourcedid": sourced_id} if sourced_id else {}),
        "roles": [] if deployment.anonymous else membership_roles(role),
    }
