"""What Brightspace tells a tool about people and courses: the claims of a launch, the members of a roster.

Names and shapes of the claims are those of a launch that a public tool keeps as test data.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.brightspace import oauth, rules, shapes
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.model import (
    Deployment,
    LtiLink,
    OrgUnit,
    Role,
    ToolRegistration,
    User,
)
from lms_emulator.signing import lti13

BRIGHTSPACE_CLAIM = "http://www.brightspace.com"


def registration(x: Call, deployment: Deployment) -> ToolRegistration:
    """The registration that a deployment switches on."""
    found = x.store.registrations.get(deployment.client_id)
    assert found is not None, "the world file's references are checked when it is loaded"
    return found


def membership_roles(role: Role) -> list[str]:
    """The LTI roles of somebody with this role."""
    return [f"{lti13.MEMBERSHIP}{one}" for one in role.lis_roles]


def all_roles(role: Role) -> list[str]:
    """Roles in the course and in the institution."""
    institution = {"Learner": "Student", "Instructor": "Instructor", "Administrator": "Administrator"}
    return [*membership_roles(role), *(f"{lti13.INSTITUTION}{institution.get(one, one)}" for one in role.lis_roles)]


def person(user: User, deployment: Deployment) -> dict[str, str]:
    """Identity claims as far as the deployment's security settings let them through."""
    claims = {"sub": user.lti_sub}
    if deployment.send_name:
        claims |= {"given_name": user.first_name, "family_name": user.last_name, "name": user.name}
    if deployment.send_email:
        claims["email"] = user.email
    return claims


def services_url(x: Call, service: str, deployment: Deployment) -> str:
    """`…/d2l/api/lti/ags/2.0/deployment/<id>/orgunit/<id>`."""
    return x.url(f"/d2l/api/lti/{service}/2.0/deployment/{deployment.id}/orgunit/{deployment.org_unit_id}")


def context(unit: OrgUnit) -> dict[str, Any]:
    """The course, as a launch names it."""
    return {"id": str(unit.id), "label": unit.code, "title": unit.name, "type": [lti13.COURSE_OFFERING]}


def resource_launch(x: Call, user: User, unit: OrgUnit, deployment: Deployment, link: LtiLink) -> lti13.Launch:
    """A launch of one placed link."""
    item = x.store.line_items.first("link", link.id)
    ags = services_url(x, "ags", deployment)
    return _launch(
        x,
        user,
        unit,
        deployment,
        target=link.url or registration(x, deployment).target_link_uri,
        resource_link={"id": link.id, "title": link.title, "description": link.description},
        custom={**deployment.custom, **link.custom} or None,
        line_item=f"{ags}/lineitems/{item.id}" if item is not None and "ags" in deployment.extensions else None,
    )


def deep_linking_launch(x: Call, user: User, unit: OrgUnit, deployment: Deployment) -> lti13.Launch:
    """A launch in which the tool chooses content for the course."""
    claims = {"deployment": deployment.id, "user": user.id, "exp": int(x.clock.timestamp()) + 3600, "jti": x.ids.uuid()}
    settings = {
        "deep_link_return_url": x.url(f"/d2l/le/lti/{unit.id}/deeplinking/return"),
        "accept_types": ["ltiResourceLink", "link", "html", "image", "file"],
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_multiple": True,
        "auto_create": False,
        "data": oauth.issue(x, claims, kind="deep_linking"),
    }
    target = registration(x, deployment).target_link_uri
    return _launch(x, user, unit, deployment, target=target, custom=deployment.custom or None, deep_linking=settings)


def _launch(x: Call, user: User, unit: OrgUnit, deployment: Deployment, *, target: str, **parts: Any) -> lti13.Launch:
    role = rules.role_in(x, user, unit.id)
    ags = "ags" in deployment.extensions
    deep = "deep_linking" in parts
    tenant = x.store.section.tenant_id
    return lti13.Launch(
        issuer=x.base_url,
        client_id=deployment.client_id,
        deployment_id=deployment.id,
        target_link_uri=x.resolve(target),
        message_type=lti13.DEEP_LINKING_REQUEST if deep else lti13.RESOURCE_LINK_REQUEST,
        person=person(user, deployment),
        roles=all_roles(role) if role is not None else [],
        context=context(unit),
        tool_platform={
            "guid": tenant,
            "name": x.store.section.organization,
            "product_family_code": "desire2learn",
        },
        presentation={"locale": "en-us", "return_url": x.url(f"/d2l/home/{unit.id}")},
        lis={"course_offering_sourcedid": f"{x.host}:{unit.code}", "course_section_sourcedid": f"{x.host}:{unit.code}"},
        ags_scopes=list(lti13.AGS_SCOPES) if ags else None,
        line_items=f"{services_url(x, 'ags', deployment)}/lineitems" if ags else None,
        memberships=f"{services_url(x, 'nrps', deployment)}/memberships" if "nrps" in deployment.extensions else None,
        extra={
            BRIGHTSPACE_CLAIM: {
                "tenant_id": tenant,
                "org_defined_id": user.org_defined_id or "",
                "user_id": user.id,
                "username": user.username,
                "Context.id.history": "",
                "ResourceLink.id.history": "",
            }
        },
        **parts,
    )


def member(user: User, role: Role, deployment: Deployment) -> shapes.Json:
    """A person in a roster."""
    claims = person(user, deployment)
    body: shapes.Json = {"status": "Active", "user_id": claims.pop("sub"), "roles": membership_roles(role)}
    body |= claims
    if user.org_defined_id and deployment.send_name:
        body["lis_person_sourcedid"] = user.org_defined_id
    return body
