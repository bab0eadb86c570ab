"""What Brightspace tells a tool at a launch, and the two steps that carry it.

Source: a captured launch (claims, their names and shapes); LTI Security Framework 1.0 for what may go wrong.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.keys import private_key
from lms_emulator.providers.brightspace import oauth, refusals, rules, shapes
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.model import (
    Deployment,
    LtiLink,
    OrgUnit,
    PendingLaunch,
    Role,
    ToolRegistration,
    User,
)
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import sign

BRIGHTSPACE_CLAIM = "http://www.brightspace.com"


def registration(x: Call, deployment: Deployment) -> ToolRegistration:
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
        "data": oauth.issue(x, claims),
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


def initiate(x: Call, user: User, deployment: Deployment, launch: lti13.Launch) -> tuple[str, dict[str, str]]:
    """The first step: where to post to at the tool, and what. The launch waits for the tool's answer."""
    tool = registration(x, deployment)
    hint = x.ids.token(64)
    expires = x.clock.now() + timedelta(seconds=x.settings.launch_lifetime_seconds)
    pending = PendingLaunch(
        hint=hint, user_id=user.id, client_id=deployment.client_id, launch=launch, expires_at=expires
    )
    x.store.pending_launches.put(pending)
    fields = {
        "iss": launch.issuer,
        "login_hint": str(user.id),
        "target_link_uri": launch.target_link_uri,
        "client_id": deployment.client_id,
        "lti_deployment_id": deployment.id,
        "lti_message_hint": hint,
    }
    return x.resolve(tool.login_url), fields


def authenticate(x: Call, params: dict[str, str], user: User | None) -> tuple[str, dict[str, str]]:
    """The last step: the tool's authentication request answered with a signed id_token to post back.

    Raises a refusal; what concerns the tool goes to it as an error, but only to an address that is registered.
    """
    tool = x.store.registrations.get(params.get("client_id", ""))
    if tool is None or not tool.enabled:
        x.check("client_id is an enabled registration", False, got=params.get("client_id"))
        raise refusals.lti_page("lti_client_unknown", "Unknown client_id", got=params.get("client_id"))
    redirect_uri, state = params.get("redirect_uri", ""), params.get("state")
    try:
        lti13.check_redirect_uri(redirect_uri, [x.resolve(one) for one in tool.redirect_uris])
    except lti13.AuthenticationRequestError as fault:
        x.check("redirect_uri", False, expected=fault.expected, got=fault.got)
        raise refusals.invalid_lti_redirect(fault) from fault

    def error(reason: str, code: str, description: str, **details: Any) -> SiteRefusal:
        return refusals.launch_error(redirect_uri, reason, code, description, state, **details)

    try:
        lti13.check_authentication_request(params)
    except lti13.AuthenticationRequestError as fault:
        x.check(fault.parameter, False, expected=fault.expected, got=fault.got)
        raise error(
            f"lti_{fault.reason}",
            "invalid_request",
            f"{fault.parameter} is missing or not what LTI 1.3 asks for",
            check=fault.parameter,
            expected=fault.expected,
            got=fault.got,
        ) from fault
    pending = x.store.pending_launches.get(params["lti_message_hint"])
    alive = pending is not None and x.clock.now() < pending.expires_at
    if not x.check("the launch is alive and unused", alive):
        raise error(
            "lti_launch_over",
            "invalid_request",
            "lti_message_hint is unknown, expired or already used",
            check="the launch is alive and unused",
            diagnosis="send back the lti_message_hint of the login initiation unchanged, once",
        )
    assert pending is not None
    same = user is not None and user.id == pending.user_id and str(user.id) == params["login_hint"]
    if not x.check("the session's user is the login_hint's", same, got=params["login_hint"]):
        raise error(
            "lti_login_required",
            "login_required",
            "The user of login_hint is not signed in",
            check="login_hint",
            expected=str(user.id) if user else "a session",
            got=params["login_hint"],
            diagnosis=None if user else "no session cookie came with this; was it lost in a frame of another site?",
        )
    if not x.check("client_id is the launched tool's", pending.client_id == tool.client_id, got=tool.client_id):
        raise error(
            "lti_client_not_authorized",
            "unauthorized_client",
            "client_id is not the launched tool's",
            check="client_id",
            expected=pending.client_id,
            got=tool.client_id,
        )
    x.store.pending_launches.delete(pending.hint)
    now = int(x.clock.timestamp())
    lifetime = x.settings.id_token_lifetime_seconds
    claims = lti13.launch_claims(pending.launch, nonce=params["nonce"], now=now, lifetime=lifetime, azp=False)
    token = sign({"nbf": now, **claims}, private_key("brightspace"), kid=oauth.KID)
    return redirect_uri, {"id_token": token, **({"state": state} if state is not None else {})}


def member(user: User, role: Role, deployment: Deployment) -> shapes.Json:
    """A person in a roster."""
    claims = person(user, deployment)
    body: shapes.Json = {"status": "Active", "user_id": claims.pop("sub"), "roles": membership_roles(role)}
    body |= claims
    if user.org_defined_id and deployment.send_name:
        body["lis_person_sourcedid"] = user.org_defined_id
    return body
