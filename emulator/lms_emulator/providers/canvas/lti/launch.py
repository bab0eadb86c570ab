"""What Canvas tells a tool at a launch, and the two steps that carry it: login initiation, authentication response.

Sources: canvas-lms `doc/api/lti_launch_overview.md`; names and shapes of claims from captured launches; the order of
checks and the texts from `authentication_controller.rb`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.keys import private_key
from lms_emulator.providers.canvas import refusals, rules, shapes
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.model import Course, DeveloperKey, PendingLaunch, ResourceLink, Tool, User
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import TokenError, sign, verify

KID = "canvas-2026-01"
CANVAS_ROLES = {
    "StudentEnrollment": "Learner",
    "TeacherEnrollment": "Instructor",
    "DesignerEnrollment": "ContentDeveloper",
    "ObserverEnrollment": "Mentor",
}
TA_ROLES = [
    "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
    f"{lti13.MEMBERSHIP}Instructor",
]


def membership_roles(types: Sequence[str]) -> list[str]:
    """The LTI roles of somebody with these enrollment types."""
    roles: dict[str, None] = {}
    for kind in types:
        for role in TA_ROLES if kind == "TaEnrollment" else [f"{lti13.MEMBERSHIP}{CANVAS_ROLES[kind]}"]:
            roles[role] = None
    return list(roles)


def roles(x: Call, user: User, course_id: int) -> list[str]:
    """All roles that a launch names: in the institution, in the course, in the system."""
    types = [e.type for e in rules.active(rules.enrollments_of(x, user, course_id))]
    institution: dict[str, None] = {}
    if user.admin:
        institution[f"{lti13.INSTITUTION}Administrator"] = None
    for kind in types:
        institution[f"{lti13.INSTITUTION}{'Student' if kind == 'StudentEnrollment' else 'Instructor'}"] = None
    return [*institution, *membership_roles(types), lti13.SYSTEM_USER]


def person(x: Call, user: User, privacy: str) -> dict[str, str]:
    """Identity claims as far as the tool's privacy level lets them through."""
    claims = {"sub": user.lti_id, "locale": user.locale}
    if privacy in ("public", "name_only"):
        first, _, last = user.name.rpartition(" ")
        claims |= {"name": user.name, "given_name": first or last, "family_name": last if first else ""}
    if privacy in ("public", "email_only"):
        claims["email"] = user.email
    if privacy == "public":
        claims["picture"] = x.url("/images/messages/avatar-50.png")
    return claims


def context(course: Course) -> dict[str, Any]:
    return {
        "id": course.lti_context_id,
        "label": course.course_code,
        "title": course.name,
        "type": [lti13.COURSE_OFFERING],
    }


def resource_launch(x: Call, user: User, course: Course, tool: Tool, link: ResourceLink | None) -> lti13.Launch:
    """A launch of a tool in a course: of one resource link, or of the tool itself from the course navigation."""
    key = _key(x, tool)
    item = x.store.line_items.first("link", link.id) if link is not None else None
    if item is not None and item.developer_key_id != key.id:
        item = None
    return _launch(
        x,
        user,
        course,
        tool,
        target=(link.url if link is not None and link.url else tool.url),
        resource_link={
            "id": link.id if link is not None else course.lti_context_id,
            "title": link.title if link is not None else tool.name,
            **({"description": link.description} if link is not None and link.description else {}),
        },
        custom={**tool.custom, **(link.custom if link is not None else {})},
        line_item=x.url(f"/api/lti/courses/{course.id}/line_items/{item.id}") if item is not None else None,
    )


def deep_linking_launch(x: Call, user: User, course: Course, tool: Tool) -> lti13.Launch:
    """A launch in which the tool chooses content for the course."""
    now = int(x.clock.timestamp())
    data = {"nonce": x.ids.uuid(), "tool": tool.id, "user": user.id, "course": course.id, "exp": now + 3600}
    text = tokens.issue(x, data)
    settings = {
        "deep_link_return_url": x.url(f"/courses/{course.id}/deep_linking_response?data={text}"),
        "accept_types": ["ltiResourceLink", "link", "file", "html", "image"],
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_media_types": "application/vnd.ims.lti.v1.ltilink",
        "auto_create": False,
        "accept_multiple": True,
    }
    return _launch(x, user, course, tool, target=tool.url, custom=tool.custom, deep_linking=settings)


def _key(x: Call, tool: Tool) -> DeveloperKey:
    key = x.store.developer_keys.get(tool.developer_key_id)
    assert key is not None, "the world file's references are checked when it is loaded"
    return key


def _launch(x: Call, user: User, course: Course, tool: Tool, *, target: str, **parts: Any) -> lti13.Launch:
    key = _key(x, tool)
    account = x.store.accounts.get(course.account_id)
    scopes = key.scopes or list(lti13.SERVICE_SCOPES)
    ags = [scope for scope in scopes if scope in lti13.AGS_SCOPES]
    roster = lti13.SCOPE_MEMBERSHIP in scopes
    deep = parts.get("deep_linking") is not None
    return lti13.Launch(
        issuer=x.settings.issuer,
        client_id=str(key.id),
        deployment_id=tool.deployment_id,
        target_link_uri=x.resolve(target),
        message_type=lti13.DEEP_LINKING_REQUEST if deep else lti13.RESOURCE_LINK_REQUEST,
        person=person(x, user, tool.privacy),
        roles=roles(x, user, course.id),
        context=context(course),
        tool_platform={
            "guid": f"{account.guid if account else ''}:canvas-lms",
            "name": account.name if account else "",
            "version": "cloud",
            "product_family_code": "canvas",
        },
        presentation={"document_target": "window", "return_url": x.url(f"/courses/{course.id}"), "locale": user.locale},
        ags_scopes=ags,
        line_items=x.url(f"/api/lti/courses/{course.id}/line_items") if ags else None,
        memberships=x.url(f"/api/lti/courses/{course.id}/names_and_roles") if roster else None,
        lis={
            "person_sourcedid": user.sis_user_id or "$Person.sourcedId",
            "course_offering_sourcedid": course.sis_course_id or "$CourseSection.sourcedId",
        },
        extra={
            "https://www.instructure.com/placement": None,
            f"{lti13.CLAIM}lti11_legacy_user_id": user.lti_user_id,
            f"{lti13.CLAIM}lti1p1": {"user_id": user.lti_user_id},
        },
        **parts,
    )


def initiate(x: Call, user: User, course: Course, tool: Tool, launch: lti13.Launch) -> tuple[str, dict[str, str]]:
    """The first step: where to post to at the tool, and what. The launch waits for the tool's answer."""
    key = _key(x, tool)
    seconds = x.settings.launch_lifetime_seconds
    expires = x.clock.now() + timedelta(seconds=seconds)
    verifier = x.ids.hex(128)
    x.store.pending_launches.put(
        PendingLaunch(verifier=verifier, user_id=user.id, developer_key_id=key.id, launch=launch, expires_at=expires)
    )
    hint = {
        "verifier": verifier,
        "canvas_domain": x.authority,
        "context_type": "Course",
        "context_id": 10_000_000_000_000 + course.id,
        "canvas_locale": user.locale,
        "include_storage_target": True,
        "exp": int(x.clock.timestamp()) + seconds,
    }
    fields = {
        "iss": x.settings.issuer,
        "login_hint": user.lti_user_id,
        "client_id": str(key.id),
        "lti_deployment_id": tool.deployment_id,
        "deployment_id": tool.deployment_id,
        "target_link_uri": launch.target_link_uri,
        "lti_message_hint": sign(hint, tokens.secret(), algorithm="HS256"),
        "canvas_environment": "prod",
        "canvas_region": "not_configured",
        "lti_storage_target": "post_message_forwarding",
    }
    return x.resolve(key.oidc_initiation_url or ""), fields


def school_address(x: Call, hint: str) -> str:
    """The school's own address that a hint names; one sign-on host stands before all schools."""
    try:
        domain = verify(hint, tokens.secret(), algorithms=["HS256"], now=x.clock.timestamp()).get("canvas_domain")
    except TokenError:
        return x.base_url
    return x.base_url if domain == x.authority else f"{x.scheme}://{domain}"


def authenticate(x: Call, params: dict[str, str], user: User | None) -> tuple[str, dict[str, str]]:
    """The last step: the tool's authentication request answered with a signed id_token to post back.

    Raises a refusal; what concerns the tool goes to it as an error, but only to an address that is registered.
    """
    verifier = _verifier(x, params.get("lti_message_hint", ""))
    key = _requesting_key(x, params)
    redirect_uri, state = params["redirect_uri"], params.get("state")

    def error(reason: str, error: str, description: str, **details: Any) -> SiteRefusal:
        return refusals.launch_error(redirect_uri, reason, error, description, state, **details)

    try:
        lti13.check_authentication_request(params)
    except lti13.AuthenticationRequestError as fault:
        x.check(fault.parameter, False, expected=fault.expected, got=fault.got)
        raise error(
            f"lti_{fault.reason}",
            "invalid_request_object",
            _request_sentence(fault),
            check=fault.parameter,
            expected=fault.expected,
            got=fault.got,
        ) from fault
    pending = x.store.pending_launches.get(verifier)
    if not x.check(
        "the session's user is the login_hint's", user is not None and user.lti_user_id == params["login_hint"]
    ):
        raise error(
            "lti_login_required",
            "login_required",
            "Must have an active user session",
            check="login_hint",
            expected=user.lti_user_id if user else "a session",
            got=params["login_hint"],
            diagnosis=None if user else "no session cookie came with this; was it lost in a frame of another site?",
        )
    if pending is None or x.clock.now() >= pending.expires_at:
        x.check("the launch is alive and unused", False)
        raise error(
            "lti_launch_over",
            "launch_no_longer_valid",
            "The launch has either expired or already been consumed",
            check="the launch is alive and unused",
        )
    allowed = pending.developer_key_id == key.id and bool(key.accounts) and key.workflow_state == "active"
    if not x.check("the key is the launch's, and switched on", allowed):
        raise error(
            "lti_client_not_authorized",
            "unauthorized_client",
            "Client not authorized in requested context",
            check="client_id is the launched tool's key, switched on",
            expected=pending.developer_key_id,
            got=key.id,
        )
    x.store.pending_launches.delete(verifier)
    claims = lti13.launch_claims(
        pending.launch,
        nonce=params["nonce"],
        now=int(x.clock.timestamp()),
        lifetime=x.settings.id_token_lifetime_seconds,
    )
    fields = {"id_token": sign(claims, private_key("canvas"), kid=KID), "lti_storage_target": "post_message_forwarding"}
    return redirect_uri, {**fields, **({"state": state} if state is not None else {})}


def _verifier(x: Call, hint: str) -> str:
    try:
        claims = verify(hint, tokens.secret(), algorithms=["HS256"], now=x.clock.timestamp())
    except TokenError as error:
        x.check("lti_message_hint", False, expected=error.expected, got=error.got)
        diagnosis = "send back the lti_message_hint of the login initiation unchanged"
        raise refusals.invalid_message_hint(
            diagnosis if error.reason != "expired" else "the launch is too old"
        ) from error
    return str(claims.get("verifier", ""))


def _requesting_key(x: Call, params: dict[str, str]) -> DeveloperKey:
    """The key that asks, its redirect address checked; nothing may be sent to an address before this."""
    from lms_emulator.providers.canvas.oauth import find_key

    key = find_key(x, params.get("client_id", ""))
    try:
        lti13.check_redirect_uri(params.get("redirect_uri", ""), [x.resolve(one) for one in key.redirect_uris])
    except lti13.AuthenticationRequestError as error:
        x.check("redirect_uri", False, expected=error.expected, got=error.got)
        raise refusals.invalid_lti_redirect(error) from error
    return key


def _request_sentence(fault: lti13.AuthenticationRequestError) -> str:
    if fault.reason == "missing_parameter":
        return f"The following parameters are missing: {fault.parameter}"
    return f"The '{fault.parameter}' must be '{fault.expected}'"


def member(x: Call, user: User, types: Sequence[str], privacy: str) -> shapes.Json:
    """A person in a roster."""
    claims = person(x, user, privacy)
    body: shapes.Json = {
        "status": "Active",
        "user_id": claims["sub"],
        "roles": membership_roles(types),
        "lti11_legacy_user_id": user.lti_user_id,
    }
    for name in ("name", "given_name", "family_name", "email", "picture"):
        if name in claims:
            body[name] = claims[name]
    if privacy == "public" and user.sis_user_id:
        body["lis_person_sourcedid"] = user.sis_user_id
    return body
