"""What Canvas tells a tool about people and courses: the claims of a launch, the members of a roster.

Sources: https://canvas.instructure.com/doc/api/file.lti_launch_overview.html; names and shapes of claims from launches
that public tools keep as test data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lms_emulator.providers.canvas import rules
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.model import Course, DeveloperKey, ResourceLink, Tool, User
from lms_emulator.providers.canvas.rules.people import effective_locale, email_of, sis_user_id
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.signing import lti13

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
    if rules.is_admin(x, user):
        institution[f"{lti13.INSTITUTION}Administrator"] = None
    for kind in types:
        institution[f"{lti13.INSTITUTION}{'Student' if kind == 'StudentEnrollment' else 'Instructor'}"] = None
    return [*institution, *membership_roles(types), lti13.SYSTEM_USER]


def person(x: Call, user: User, privacy: str) -> dict[str, str]:
    """Identity claims as far as the tool's privacy level lets them through."""
    claims = {"sub": user.lti_id, "locale": effective_locale(user)}
    if privacy in ("public", "name_only"):
        first, _, last = user.name.rpartition(" ")
        claims |= {"name": user.name, "given_name": first or last, "family_name": last if first else ""}
    if privacy in ("public", "email_only"):
        claims["email"] = email_of(x.store, user) or ""
    if privacy == "public":
        claims["picture"] = x.url("/images/messages/avatar-50.png")
    return claims


def context(course: Course) -> dict[str, Any]:
    """The course, as a launch names it."""
    return {
        "id": course.lti_context_id,
        "label": course.course_code or "",
        "title": course.name,
        "type": [lti13.COURSE_OFFERING],
    }


def resource_launch(x: Call, user: User, course: Course, tool: Tool, link: ResourceLink | None) -> lti13.Launch:
    """A launch of a tool in a course: of one resource link, or of the tool itself from the course navigation."""
    key = key_of(x, tool)
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


def key_of(x: Call, tool: Tool) -> DeveloperKey:
    """The developer key that a tool was installed with."""
    key = x.store.developer_keys.get(tool.developer_key_id)
    assert key is not None, "the world file's references are checked when it is loaded"
    return key


def _launch(x: Call, user: User, course: Course, tool: Tool, *, target: str, **parts: Any) -> lti13.Launch:
    key = key_of(x, tool)
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
            "name": (account.name if account else None) or "",
            "version": "cloud",
            "product_family_code": "canvas",
        },
        presentation={
            "document_target": "window",
            "return_url": x.url(f"/courses/{course.id}"),
            "locale": effective_locale(user),
        },
        ags_scopes=ags,
        line_items=x.url(f"/api/lti/courses/{course.id}/line_items") if ags else None,
        memberships=x.url(f"/api/lti/courses/{course.id}/names_and_roles") if roster else None,
        lis={
            "person_sourcedid": sis_user_id(x.store, user) or "$Person.sourcedId",
            "course_offering_sourcedid": course.sis_course_id or "$CourseSection.sourcedId",
        },
        extra={
            "https://www.instructure.com/placement": None,
            f"{lti13.CLAIM}lti11_legacy_user_id": user.lti_user_id,
            f"{lti13.CLAIM}lti1p1": {"user_id": user.lti_user_id},
        },
        **parts,
    )


def member(x: Call, user: User, types: Sequence[str], privacy: str) -> Json:
    """A person in a roster."""
    claims = person(x, user, privacy)
    body: Json = {
        "status": "Active",
        "user_id": claims["sub"],
        "roles": membership_roles(types),
        "lti11_legacy_user_id": user.lti_user_id,
    }
    for name in ("name", "given_name", "family_name", "email", "picture"):
        if name in claims:
            body[name] = claims[name]
    if privacy == "public" and (sourced_id := sis_user_id(x.store, user)):
        body["lis_person_sourcedid"] = sourced_id
    return body
