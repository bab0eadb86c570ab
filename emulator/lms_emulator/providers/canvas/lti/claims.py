"""Builds the claims of a launch and the members of a roster.

Sources: https://canvas.instructure.com/doc/api/file.lti_launch_overview.html;
fixtures/recordings/canvas/lti-launch.jsonl 25, 141, 157, 182, 199, 255, 297;
fixtures/recordings/canvas/lti-deeplink.jsonl 19.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.params import Params, as_whole
from lms_emulator.providers.canvas.lti import deep_linking_spots, documents, notices, places, roles, variables
from lms_emulator.providers.canvas.lti.content_exports import Content
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import (
    Assignment,
    Collaboration,
    ContentTag,
    DeveloperKey,
    ResourceLink,
    Tool,
    User,
)
from lms_emulator.providers.canvas.rules import past_ids, tools
from lms_emulator.providers.canvas.rules.people import (
    effective_locale,
    email_of,
    name_parts,
    sis_user_id,
    sortable_name,
)
from lms_emulator.providers.canvas.rules.scopes import GRADES
from lms_emulator.providers.canvas.rules.tools import Placement
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.people import picture_for_tools
from lms_emulator.signing import lti13

PUBLIC_USER = "https://canvas.instructure.com/public_user"


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One opening of a tool.

    Attributes:
        user: the user who opens it; None for a visitor of a public course.
        placement: where it was opened from; None for a link or assignment.
        link, assignment, item: the resource link, assignment or module item that was opened.
        homework: the assignment for which the tool creates a submission.
        target: the URL, if the request names one.
        new_tab: whether it opens in a tab of its own.
        frame: the size of the tool's frame, if it overrides that of the placement.
        tagged: whether the module item of an assignment is known.
        data: what the deep linking return URL carries, in addition to the placement.
        asked: further query parameters of the request that opened it.
        sealed: its sealed data about an assignment that is not saved yet.
        content: Canvas content that is exported to the tool.
        message: the message type, unless it is a resource link or deep linking request.
        collaboration: the collaboration that the tool is opened to change.
        about: the assignment that the message or the request refers to. student: the student whose page opens the tool.
        custom_fields: additions to the tool's own custom fields.
        claims: further LTI claims, by their short names.
    """

    user: User | None
    real_user: User | None = None
    place: Place
    tool: Tool
    placement: Placement | None = None
    link: ResourceLink | None = None
    assignment: Assignment | None = None
    item: ContentTag | None = None
    homework: Assignment | None = None
    target: str | None = None
    return_url: str
    new_tab: bool = False
    frame: dict[str, int] | None = None
    tagged: bool = True
    data: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    sealed: dict[str, Any] = field(default_factory=dict)
    content: Content | None = None
    message: str | None = None
    collaboration: Collaboration | None = None
    about: Assignment | None = None
    student: User | None = None
    custom_fields: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def deep_linking(self) -> bool:
        """Whether this is a deep linking request."""
        return self.placement is not None and self.placement.message_type == lti13.DEEP_LINKING_REQUEST

    @property
    def title(self) -> str:
        """The title under which it is opened."""
        if self.item is not None:
            return self.item.title
        if self.assignment is not None:
            return self.assignment.name
        return self.placement.text if self.placement is not None else self.tool.name

    @property
    def size(self) -> dict[str, int]:
        """Height and width of the tool's frame, if known."""
        if self.frame is None and self.placement is not None:
            return {"height": self.placement.height, "width": self.placement.width}
        if self.frame is not None:
            return self.frame
        said = (self.item.link_settings if self.item is not None else None) or {}
        sides = ((side, str(said.get(f"selection_{side}"))) for side in ("height", "width"))
        return {side: whole for side, size in sides if (whole := as_whole(size)) is not None}

    @property
    def extensions(self) -> str:
        """The allowed file extensions, if the assignment limits them."""
        return ",".join(self.homework.allowed_extensions) if self.homework is not None else ""

    def scene(self, call: Call) -> variables.Scene:
        """The context in which this launch's variables are expanded."""
        return variables.Scene(
            call,
            user=self.user,
            real_user=self.real_user,
            place=self.place,
            tool=self.tool,
            assignment=self.assignment or self.homework or self.about,
            link=self.link,
            item=self.item,
            placement=self.placement.name if self.placement is not None else None,
            asked=self.asked,
            sealed=self.sealed,
            file=self.content.file if self.content is not None else None,
            tagged=self.tagged and self.homework is None,
            collaboration=self.collaboration,
        )

    def custom(self, call: Call) -> dict[str, Any]:
        """The custom fields of this launch before expansion: the tool's, the placement's, the link's."""
        fields = tools.as_claimed(tools.custom(call.store, self.tool))
        fields |= self.custom_fields
        if self.placement is not None:
            fields |= tools.as_claimed(self.placement.custom)
        tag = self.assignment.external_tool if self.assignment is not None else None
        if tag is not None and tag.custom_params:
            return fields | tools.as_linked(tag.custom_params)
        return fields | tools.as_linked(self.link.custom if self.link is not None else None)


def person(call: Call, user: User, privacy: str) -> dict[str, str]:
    """Identity claims, as far as the tool's privacy level allows."""
    claims = {"sub": user.lti_id, "locale": effective_locale(user)}
    if privacy in ("public", "name_only"):
        given, family, _ = name_parts(sortable_name(user))
        claims |= {"name": user.name, "given_name": given, "family_name": family}
    email = email_of(call.store, user)
    if privacy in ("public", "email_only") and email:
        claims["email"] = email
    if privacy == "public":
        claims["picture"] = picture_for_tools(Api(call, Params({})), user)
    return claims


def launch(call: Call, opening: Opening) -> lti13.Launch:
    """The launch message."""
    place, tool, user = opening.place, opening.tool, known_user(call, opening)
    key = tools.key_of(call.store, tool)
    platform = places.school(call, place.account.id)
    said = lti13.Launch(
        issuer=call.settings.issuer,
        client_id=str(key.id),
        deployment_id=places.deployment_id(call, tool),
        target_link_uri=call.resolve(target_of(opening)),
        message_type=opening.message
        or (lti13.DEEP_LINKING_REQUEST if opening.deep_linking else lti13.RESOURCE_LINK_REQUEST),
        person=person(call, user, tool.privacy) if user is not None else {"locale": "en"},
        roles=roles.of(call, user, place.own_course),
        context=place.claim,
        resource_link=None if opening.deep_linking or opening.message else _link(opening),
        tool_platform={
            "guid": f"{platform.guid}:canvas-lms",
            "name": platform.name or "",
            "version": "cloud",
            "product_family_code": "canvas",
        },
        presentation=_presentation(call, opening),
        custom=variables.expanded(opening.scene(call), opening.custom(call)),
        lis=_lis(call, opening),
        **_services(call, opening, key),
        deep_linking=deep_linking_spots.settings(call, opening.placement, place, opening.data)
        if opening.deep_linking and opening.placement is not None
        else None,
        predecessor=_predecessor(call, opening),
        extra=_extra(call, opening),
    )
    return _of_terms(said) if opening.message == documents.EULA_REQUEST else said


def _of_terms(said: lti13.Launch) -> lti13.Launch:
    """The EULA message: who has to accept the terms, where, and how to report it."""
    kept = (f"{lti13.CLAIM}lti11_legacy_user_id", f"{lti13.CLAIM}eulaservice")
    return msgspec.structs.replace(
        said,
        person={name: value for name, value in said.person.items() if name == "sub"},
        tool_platform=None,
        presentation=None,
        lis=None,
        line_items=None,
        memberships=None,
        predecessor=None,
        extra={name: value for name, value in said.extra.items() if name in kept},
    )


def _predecessor(call: Call, opening: Opening) -> lti13.Predecessor | None:
    """The LTI 1.1 tool that this one replaces, if Canvas mentions it."""
    if not call.settings.tells_consumer_keys:
        return None
    old = tools.predecessor(call.store, opening.place.record, call.resolve(target_of(opening)))
    return lti13.Predecessor(consumer_key=old.consumer_key, secret=old.shared_secret) if old is not None else None


def target_of(opening: Opening) -> str:
    """The tool's URL that is opened."""
    placed = opening.placement.target if opening.placement is not None else None
    linked = opening.link.url if opening.link is not None else None
    return opening.target or linked or placed or opening.tool.url or ""


def _link(opening: Opening) -> dict[str, Any]:
    link, place = opening.link, opening.place
    if opening.assignment is not None:
        text = opening.assignment.description or None
        return {"id": link.id if link is not None else "", "description": text, "title": opening.assignment.name}
    if opening.item is not None and link is not None:
        return {"id": link.id, "description": None, "title": opening.item.title}
    if link is None:
        return {"id": place.opaque, "description": None, "title": place.name}
    return {"id": link.id, "description": link.description or None, "title": link.title or place.name}


def document_target(call: Call, opening: Opening) -> str:
    """The `document_target` of the launch presentation claim."""
    return "window" if opening.new_tab and call.settings.tells_of_tabs else "iframe"


def _presentation(call: Call, opening: Opening) -> dict[str, Any]:
    locale = effective_locale(opening.user) if opening.user is not None else "en"
    shown: dict[str, Any] = {
        "document_target": document_target(call, opening),
        "return_url": opening.return_url,
        "locale": locale,
    }
    return {**shown, **opening.size}


def _lis(call: Call, opening: Opening) -> dict[str, Any] | None:
    if opening.tool.privacy not in ("public", "name_only"):
        return None
    course, user = opening.place.own_course, opening.user
    return {
        "person_sourcedid": sis_user_id(call.store, user) if user is not None else "$Person.sourcedId",
        "course_offering_sourcedid": course.sis_course_id if course is not None else "$CourseSection.sourcedId",
    }


def _services(call: Call, opening: Opening, key: DeveloperKey) -> dict[str, Any]:
    course = opening.place.course
    scopes = scopes_of(call, key)
    if course is None:
        return {}
    found: dict[str, Any] = {}
    if any(scope in lti13.AGS_SCOPES for scope in scopes):
        lines = call.url(f"/api/lti/courses/{course.id}/line_items")
        found = {"ags_scopes": [s for s in scopes if s in GRADES], "line_items": lines}
        link = opening.link
        item = call.store.line_items.first("link", link.id) if link is not None else None
        if item is not None and item.developer_key_id == key.id:
            found["line_item"] = f"{lines}/{item.id}"
    if lti13.SCOPE_MEMBERSHIP in scopes:
        found["memberships"] = call.url(f"/api/lti{opening.place.path}/names_and_roles")
    return found


def scopes_of(call: Call, key: DeveloperKey) -> list[str]:
    """The scopes that a tool may request: those of its key, or all of them if the key has no tool configuration."""
    written = call.store.tool_configurations.first("key", key.id) is not None
    return key.scopes if key.scopes or written else list(lti13.SERVICE_SCOPES)


def known_user(call: Call, opening: Opening) -> User | None:
    """Who opens it, with the ids that tools know them by there."""
    return past_ids.as_known(call.store, opening.user, opening.place.record) if opening.user is not None else None


def _extra(call: Call, opening: Opening) -> dict[str, Any]:
    user, course = known_user(call, opening), opening.place.own_course
    legacy = places.user_id(user) if user is not None else ""
    old: dict[str, Any] = {}
    if opening.assignment is not None and opening.assignment.external_tool is not None:
        old["resource_link_id"] = opening.assignment.external_tool.resource_link_id
    old["user_id"] = legacy
    extra: dict[str, Any] = {
        "https://www.instructure.com/placement": opening.placement.name if opening.placement is not None else None,
        f"{lti13.CLAIM}lti11_legacy_user_id": legacy,
        **({f"{lti13.CLAIM}lti1p1": old} if user is not None else {}),
        "errors": {"errors": {}},
    }
    eula = documents.terms_claim(Api(call, Params({})), opening.tool)
    if eula is not None:
        extra[f"{lti13.CLAIM}eulaservice"] = eula
    extra |= {f"{lti13.CLAIM}{name}": value for name, value in opening.claims.items()}
    if notices.offered(call, opening.tool):
        extra[lti13.NOTICES_CLAIM] = notices.NOTICES.claim(call, opening.tool)
    if opening.student is not None:
        extra["https://www.instructure.com/lti_student_id"] = str(global_id(opening.student.id))
    if user is not None and course is not None:
        watched = [
            e.associated_user_id
            for e in call.store.enrollments.find("user", user.id)
            if e.course_id == course.id and e.type == "ObserverEnrollment" and e.workflow_state == "active"
        ]
        seen = [other for id_ in watched if id_ and (other := call.store.users.get(id_)) is not None]
        mentees = [past_ids.as_known(call.store, other, course).lti_id for other in seen]
        if mentees:
            extra[f"{lti13.CLAIM}role_scope_mentor"] = mentees
    return extra


def member(call: Call, user: User, types: Sequence[str], privacy: str) -> Json:
    """A member of a roster, in the order of canvas-lms's names_and_roles_serializer."""
    claims = person(call, user, privacy)
    sourced_id = sis_user_id(call.store, user) if privacy in ("public", "name_only") else None
    named = ("name", "picture", "given_name", "family_name", "email")
    return {
        "status": "Active",
        **{name: claims[name] for name in named if name in claims},
        **({"lis_person_sourcedid": sourced_id} if sourced_id else {}),
        "user_id": claims["sub"],
        "lti11_legacy_user_id": places.user_id(user),
        "roles": roles.of_members(types),
    }
