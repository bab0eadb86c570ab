"""Claims of the LTI consumer component about people, courses and the tool's block.

Source: lti-consumer-xblock 9.14.0 `lti_consumer/lti_xblock.py` (get_lti_1p3_launch_data),
`lti_consumer/lti_1p3/consumer.py` (get_lti_launch_message), `constants.py`, `ags.py`, `deep_linking.py`.
"""

from __future__ import annotations

import uuid
from typing import Any

from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.lti import LtiContentItem, LtiLineItem, LtiTool
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import blocks, keys, people
from lms_emulator.signing import lti13

DEPLOYMENT = "1"
"""The id of every deployment: the component knows no other."""
_INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
ROLES = {
    "staff": ["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator", f"{_INSTITUTION}Instructor"],
    "instructor": [f"{_INSTITUTION}Instructor"],
    "student": [f"{_INSTITUTION}Student"],
}
CONTEXT_ROLES = {
    "staff": [f"{lti13.MEMBERSHIP}Administrator"],
    "instructor": [f"{lti13.MEMBERSHIP}Instructor"],
    "student": [f"{lti13.MEMBERSHIP}Learner"],
}
ACCEPTED_TYPES = ("ltiResourceLink", "link", "html", "image")
ORDER = (
    "message_type", "version", "iss", "aud", "azp", "deployment_id", "target_link_uri", "sub", "roles", "name", "email",
    "preferred_username", "resource_link", "launch_presentation", "context", "tool_platform", "custom",
)  # fmt: skip
"""The claims in the component's order; the rest comes after them."""


def place(call: Call, tool: LtiTool) -> tuple[Course, blocks.Node] | None:
    """The course and the block of a tool, if they exist."""
    key = keys.usage_key(tool.block)
    course = call.store.courses.get(key.course) if key is not None else None
    node = blocks.find(blocks.tree(course), tool.block) if course is not None else None
    return (course, node) if course is not None and node is not None else None


def external_id(store: OpenedxStore, user: User) -> str:
    """A user's `sub`, the same for all tools."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{store.section.jwt.secret}/lti/{user.id}"))


def user_of(call: Call, sub: str) -> User | None:
    """The user with this `sub`."""
    return next((user for user in call.store.users if external_id(call.store, user) == sub), None)


def role(call: Call, user: User, course: str) -> str:
    """A user's role in a course, by the platform's name; global staff count as instructors."""
    if people.is_instructor(call.store, user, course):
        return "instructor"
    return "staff" if people.is_course_staff(call.store, user, course) else "student"


def services_url(call: Call, tool: LtiTool, service: str) -> str:
    """The URL of one of a tool's services."""
    return call.url(f"/api/lti_consumer/v1/lti/{tool.id}/{service}")


def line_item_url(call: Call, item: LtiLineItem) -> str:
    """The URL of a line item, which is its id for tools."""
    return call.url(f"/api/lti_consumer/v1/lti/{item.tool}/lti-ags/{item.id}")


def title(course: Course) -> str:
    """A course's title for tools: its name and organisation."""
    key = keys.course_key(course.id)
    return f"{course.display_name} - {key.org if key is not None else ''}"


def custom(call: Call, tool: LtiTool) -> dict[str, str]:
    """The custom parameters from lines `name=value`; a warning names values that look like variables."""
    lines = (line.partition("=") for line in tool.custom_parameters)
    found = {name.strip(): value.strip() for name, _, value in lines}
    for name, value in found.items():
        if value.startswith("$"):
            call.warn("variable_unknown", f"`{value}` of the custom parameter `{name}` is sent as it is")
    return found


def launch(
    call: Call, user: User, tool: LtiTool, course: Course, *, deep: bool = False, item: LtiContentItem | None = None
) -> lti13.Launch:
    """A launch of a tool's block, of content that it chose, or for choosing content (`deep`)."""
    names = {
        "name": user.name if tool.ask_to_send_full_name else "",
        "email": user.email if tool.ask_to_send_email else "",
        "preferred_username": user.username if tool.ask_to_send_username else "",
    }
    chosen = item.attributes if item is not None else {}
    platform = call.store.section.platform_name
    graded = tool.grades != "disabled" and not deep
    return lti13.Launch(
        issuer=call.base_url,
        client_id=tool.client_id,
        deployment_id=DEPLOYMENT,
        target_link_uri=str(chosen.get("url") or call.resolve(tool.launch_url)),
        message_type=lti13.DEEP_LINKING_REQUEST if deep else lti13.RESOURCE_LINK_REQUEST,
        person={"sub": external_id(call.store, user), **{name: value for name, value in names.items() if value}},
        roles=ROLES[role(call, user, course.id)],
        resource_link={"id": tool.block},
        presentation=None if deep else {"document_target": "iframe"},
        context=None
        if deep
        else {"id": course.id, "type": [lti13.COURSE_OFFERING], "title": title(course), "label": course.id},
        tool_platform=None if deep else {"guid": str(uuid.uuid5(uuid.NAMESPACE_DNS, platform)), "name": platform},
        custom=None if deep else chosen.get("custom") or custom(call, tool) or None,
        ags_scopes=_scopes(tool) if graded else None,
        line_items=services_url(call, tool, "lti-ags") if graded else None,
        line_item=_own_line_item(call, tool, course) if graded else None,
        memberships=services_url(call, tool, "memberships") if tool.roster and not deep else None,
        deep_linking=_deep_linking(call, tool) if deep else None,
    )


def _scopes(tool: LtiTool) -> list[str]:
    items = lti13.SCOPE_LINE_ITEM if tool.grades == "programmatic" else lti13.SCOPE_LINE_ITEM_READ
    return [items, lti13.SCOPE_RESULT_READ, lti13.SCOPE_SCORE]


def _own_line_item(call: Call, tool: LtiTool, course: Course) -> str | None:
    """The first line item of a tool; the platform creates it if the tool may not."""
    item = call.store.lti_line_items.first("tool", tool.id)
    if item is None and tool.grades == "declarative":
        node = blocks.find(blocks.tree(course), tool.block)
        assert node is not None  # a launch begins at the block
        item = call.store.lti_line_items.put(
            LtiLineItem(
                id=call.store.next_number("lti_line_items"),
                tool=tool.id,
                label=node.block.display_name,
                score_maximum=int(node.block.weight),
                resource_id=tool.block,
                resource_link_id=tool.block,
                start_date_time=node.block.start,
                end_date_time=node.block.due,
            )
        )
    return line_item_url(call, item) if item is not None else None


def _deep_linking(call: Call, tool: LtiTool) -> dict[str, Any]:
    return {
        "accept_types": list(ACCEPTED_TYPES),
        "accept_presentation_document_targets": ["iframe", "window", "embed"],
        "accept_multiple": True,
        "auto_create": True,
        "title": "",
        "text": "",
        "deep_link_return_url": services_url(call, tool, "lti-dl/response"),
    }


def member(call: Call, user: User, course: str, *, names: bool) -> dict[str, Any]:
    """A user in a roster."""
    body = {
        "status": "Active",
        "user_id": external_id(call.store, user),
        "roles": CONTEXT_ROLES[role(call, user, course)],
    }
    return {**body, "name": user.name, "email": user.email} if names else body
