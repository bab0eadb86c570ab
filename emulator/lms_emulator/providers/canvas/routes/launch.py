"""Pages with tools on them, the LTI 1.3 launch, and deep linking's way back."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.urls import add_query
from lms_emulator.core.keys import private_key
from lms_emulator.providers.canvas import refusals, rules, wire
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.credentials import SESSIONS
from lms_emulator.providers.canvas.lti import launch as lti_launch
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.lti.keys import KeysUnavailableError, tool_keys, use_once
from lms_emulator.providers.canvas.model import Assignment, Course, LineItem, ResourceLink, Session, Tool, User
from lms_emulator.signing import jwt, lti13
from lms_emulator.signing.lti13_services import ServiceError, read_line_item


def _course(x: Call, user: User) -> Course:
    course = x.store.courses.get(number(x.path_params["course_id"]))
    if course is None or course.workflow_state == "deleted":
        raise refusals.page_not_found(f"course {x.path_params['course_id']} exists")
    if not x.check("takes part in the course", rules.may_enter(x, user, course), got=user.login):
        raise refusals.page_forbidden("the session's user takes part in the course")
    return course


@SESSIONS.signed_in
def dashboard(x: Call, session: Session, user: User) -> Response:
    """GET /: the person's courses."""
    mine = {e.course_id for e in rules.active(rules.enrollments_of(x, user))}
    courses = [c for c in x.store.courses if (c.id in mine or user.admin) and c.workflow_state != "deleted"]
    return page(wire.PACKAGE, "dashboard.html", base=x.base_url, csrf=session.csrf, user=user, courses=courses)


def _tools(x: Call, course: Course) -> list[Tool]:
    return [t for t in x.store.tools if t.workflow_state == "active" and t.course_id in (None, course.id)]


@SESSIONS.signed_in
def course(x: Call, session: Session, user: User) -> Response:
    """GET /courses/{course_id}: a course's page, with links to its tools and to what they were placed on."""
    found = _course(x, user)
    staff = rules.is_staff(x, user, found.id)
    assignments = [a for a in x.store.assignments.find("course", found.id) if a.published or staff]
    return page(
        wire.PACKAGE,
        "course.html",
        base=x.base_url,
        csrf=session.csrf,
        user=user,
        course=found,
        tools=_tools(x, found),
        links=x.store.resource_links.find("course", found.id),
        assignments=assignments,
        staff=staff,
    )


def _launch_page(x: Call, user: User, found: Course, tool: Tool, launch: lti13.Launch) -> Response:
    action, fields = lti_launch.initiate(x, user, found, tool, launch)
    return wire.auto_post(action, fields)


@SESSIONS.signed_in
def open_tool(x: Call, _session: Session, user: User) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}: begin a launch from the course navigation."""
    found = _course(x, user)
    tool = _tool(x, found, x.path_params["tool_id"])
    return _launch_page(x, user, found, tool, lti_launch.resource_launch(x, user, found, tool, None))


def _tool(x: Call, found: Course, reference: str) -> Tool:
    tool = x.store.tools.get(number(reference))
    if tool is None or tool not in _tools(x, found):
        raise refusals.page_not_found(f"tool {reference} is placed in course {found.id}")
    return tool


@SESSIONS.signed_in
def open_link(x: Call, _session: Session, user: User) -> Response:
    """GET /courses/{course_id}/external_tools/retrieve?resource_link_lookup_uuid=…: launch a placed link."""
    found = _course(x, user)
    link = _link(x, found, x.query.get("resource_link_lookup_uuid", ""))
    tool = _tool(x, found, str(link.tool_id))
    return _launch_page(x, user, found, tool, lti_launch.resource_launch(x, user, found, tool, link))


def _link(x: Call, found: Course, reference: str) -> ResourceLink:
    link = x.store.resource_links.get(reference)
    if link is None or link.course_id != found.id:
        raise refusals.page_not_found(f"resource link {reference!r} is in course {found.id}")
    return link


@SESSIONS.signed_in
def open_assignment(x: Call, session: Session, user: User) -> Response:
    """GET /courses/{course_id}/assignments/{assignment_id}: launch the tool behind an assignment, or show its text."""
    found = _course(x, user)
    assignment = x.store.assignments.get(number(x.path_params["assignment_id"]))
    hidden = assignment is not None and not assignment.published and not rules.is_staff(x, user, found.id)
    if assignment is None or assignment.course_id != found.id or hidden:
        raise refusals.page_not_found("the assignment is in the course")
    if assignment.resource_link_id is None:
        return page(
            wire.PACKAGE,
            "assignment.html",
            base=x.base_url,
            csrf=session.csrf,
            user=user,
            course=found,
            assignment=assignment,
        )
    link = _link(x, found, assignment.resource_link_id)
    tool = _tool(x, found, str(link.tool_id))
    return _launch_page(x, user, found, tool, lti_launch.resource_launch(x, user, found, tool, link))


@SESSIONS.signed_in
def choose_content(x: Call, _session: Session, user: User) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}/resource_selection: begin a deep linking launch (staff)."""
    found = _course(x, user)
    tool = _tool(x, found, x.path_params["tool_id"])
    if not x.check("may place tools", rules.is_staff(x, user, found.id) and tool.deep_linking):
        raise refusals.page_forbidden("the user teaches the course, and the tool offers deep linking")
    return _launch_page(x, user, found, tool, lti_launch.deep_linking_launch(x, user, found, tool))


def authorize_redirect(x: Call) -> Response:
    """GET or POST /api/lti/authorize_redirect: on to this school's own address, parameters unchanged."""
    pairs = [*x.query.multi_items(), *((n, v) for n, v in x.form().multi_items() if isinstance(v, str))]
    school = lti_launch.school_address(x, dict(pairs).get("lti_message_hint", ""))
    return RedirectResponse(add_query(f"{school}/api/lti/authorize", pairs), 302)


def authorize(x: Call) -> Response:
    """GET /api/lti/authorize: the signed launch, posted to the tool by the browser."""
    params = dict(x.query.items())
    action, fields = lti_launch.authenticate(x, params, SESSIONS.user(x, SESSIONS.find(x)))
    return wire.auto_post(action, fields)


def jwks(x: Call) -> Response:
    """GET /api/lti/security/jwks: the public keys of Canvas's id_tokens."""
    return JSONResponse(jwt.jwks([(lti_launch.KID, private_key("canvas"))]))


async def deep_linking_response(x: Call) -> Response:
    """POST /courses/{course_id}/deep_linking_response: the content a tool chose, proved and placed."""
    data = _return_data(x)
    found = x.store.courses.get(number(x.path_params["course_id"]))
    tool = x.store.tools.get(data.get("tool"))
    if found is None or tool is None or data.get("course") != found.id:
        raise refusals.deep_linking("deep_linking_context", {"data": "Context does not match"}, got=data.get("course"))
    key = x.store.developer_keys.get(tool.developer_key_id)
    assert key is not None
    items = await _proved_items(x, tool, key)
    placed = [_place(x, found, tool, item) for item in items if item["type"] == "ltiResourceLink"]
    return page(wire.PACKAGE, "deep_linking.html", base=x.base_url, course=found, tool=tool, items=items, placed=placed)


def _return_data(x: Call) -> dict[str, Any]:
    try:
        data = jwt.verify(x.query.get("data", ""), tokens.secret(), algorithms=["HS256"], now=x.clock.timestamp())
    except jwt.TokenError as error:
        x.check("data", False, expected=error.expected, got=error.got)
        diagnosis = "post to the deep_link_return_url exactly as it came, its query included"
        raise refusals.deep_linking(
            "deep_linking_data_invalid", {"data": "Data invalid"}, diagnosis=diagnosis
        ) from error
    if not x.check("this world issued data", issued.find(x.store.issued_tokens, x.query["data"]) is not None):
        raise refusals.deep_linking(
            "deep_linking_data_not_issued_here", {"data": "Data invalid"}, diagnosis=issued.DIAGNOSIS
        )
    return data


async def _proved_items(x: Call, tool: Tool, key: Any) -> list[dict[str, Any]]:
    message = x.field("JWT")
    try:
        keys = await tool_keys(x, key)
        items = lti13.check_deep_linking_response(
            message,
            keys,
            client_id=str(key.id),
            issuer=x.settings.issuer,
            deployment_id=tool.deployment_id,
            now=x.clock.timestamp(),
            leeway=x.settings.assertion_future_buffer_seconds,
            max_age=x.settings.assertion_max_age_seconds,
        )
    except KeysUnavailableError as error:
        raise refusals.deep_linking("tool_keys_unavailable", {"jwt": "JWT exception"}, diagnosis=str(error)) from error
    except jwt.TokenError as error:
        x.check(f"JWT: {error.check}", False, expected=error.expected, got=error.got)
        raise refusals.deep_linking(
            f"deep_linking_{error.reason}", {"jwt": _sentence(error)}, expected=error.expected, got=error.got
        ) from error
    claims = jwt.read(message).claims
    if not use_once(x, "nonce", key, str(claims["nonce"]), claims["exp"] - x.clock.timestamp()):
        x.check("nonce is new", False, got=claims["nonce"])
        raise refusals.deep_linking("deep_linking_nonce_used", {"jwt": "the 'nonce' is invalid"}, got=claims["nonce"])
    return items


def _sentence(error: jwt.TokenError) -> str:
    sentences = {
        "malformed": "JWT format is invalid",
        "alg_none": "JWT has unexpected alg",
        "alg_confusion": "JWT has unexpected alg",
        "alg_not_allowed": "JWT has unexpected alg",
        "unknown_kid": "JWT verification failure",
        "bad_signature": "JWT verification failure",
        "expired": "the JWT has expired",
        "missing_claim": f"the following assertions are missing: {error.check}",
    }
    return sentences.get(error.reason, f"the '{error.check}' is invalid")


def _place(x: Call, found: Course, tool: Tool, item: dict[str, Any]) -> ResourceLink:
    custom = item.get("custom")
    link = ResourceLink(
        id=x.ids.uuid(),
        course_id=found.id,
        tool_id=tool.id,
        title=str(item.get("title") or tool.name),
        url=str(item["url"]) if item.get("url") else None,
        description=str(item.get("text") or ""),
        custom={str(k): str(v) for k, v in custom.items()} if isinstance(custom, dict) else {},
    )
    x.store.resource_links.put(link)
    if isinstance(item.get("lineItem"), dict):
        _line_item(x, found, tool, link, item["lineItem"])
    return link


def _line_item(x: Call, found: Course, tool: Tool, link: ResourceLink, data: dict[str, Any]) -> None:
    try:
        read = read_line_item({"label": link.title, **data, "resourceLinkId": link.id})
    except ServiceError as error:
        raise refusals.deep_linking(
            "deep_linking_line_item", {"lineItem": f"{error.field} is invalid"}, expected=error.expected, got=error.got
        ) from error
    now = x.clock.now()
    x.store.assignments.put(
        Assignment(
            id=x.store.next_number("assignments"),
            course_id=found.id,
            name=read.label,
            points_possible=read.score_maximum,
            resource_link_id=link.id,
            created_at=now,
            updated_at=now,
        )
    )
    x.store.line_items.put(
        LineItem(
            id=x.store.next_number("line_items"),
            course_id=found.id,
            developer_key_id=tool.developer_key_id,
            data=read,
            coupled=True,
        )
    )
