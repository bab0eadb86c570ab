"""Pages with tools on them, the LTI 1.3 launch, and deep linking's way back."""

from __future__ import annotations

from starlette.responses import JSONResponse, RedirectResponse, Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.core.keys import private_key
from lms_emulator.lti.platform import ToolKeys
from lms_emulator.providers.canvas import refusals, rules, wire
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import visitors
from lms_emulator.providers.canvas.lti import claims
from lms_emulator.providers.canvas.lti.deep_linking import DEEP_LINKING
from lms_emulator.providers.canvas.lti.launches import LAUNCHES
from lms_emulator.providers.canvas.model import Course, ResourceLink, Tool, User
from lms_emulator.providers.canvas.routes import login
from lms_emulator.signing import jwt, lti13


def _course(x: Call, user: User) -> Course:
    course = x.store.courses.get(number(x.path_params["course_id"]))
    if course is None or course.workflow_state == "deleted":
        raise refusals.page_not_found(f"course {x.path_params['course_id']} exists")
    if not x.check("takes part in the course", rules.may_enter(x, user, course), got=user.id):
        raise refusals.page_forbidden(
            x.settings.permission_denied_status, "the session's user takes part in the course"
        )
    return course


def dashboard(api: Api) -> Response:
    """GET /: the person's courses."""
    x = api.x
    if api.params.has("login_success") and not x.cookies:
        return wire.redirect(x.url("/login?needs_cookies=1"))
    led = login.open_session_url(api) or login.offer_masquerade(api)
    if led is not None:
        return led
    user = visitors.require(api)
    mine = {e.course_id for e in rules.active(rules.enrollments_of(x, user))}
    courses = [
        c for c in x.store.courses if (c.id in mine or rules.is_admin(x, user)) and c.workflow_state != "deleted"
    ]
    return wire.page(x, "dashboard.html", user=user, courses=courses)


def _tools(x: Call, course: Course) -> list[Tool]:
    return [t for t in x.store.tools if t.workflow_state == "active" and t.course_id in (None, course.id)]


def course(api: Api) -> Response:
    """GET /courses/{course_id}: a course's page, with links to its tools and to what they were placed on."""
    led = login.open_session_url(api) or login.offer_masquerade(api)
    if led is not None:
        return led
    x, user = api.x, visitors.require(api)
    found = _course(x, user)
    staff = rules.is_staff(x, user, found.id)
    assignments = [a for a in x.store.assignments.find("course", found.id) if a.published or staff]
    return wire.page(
        x,
        "course.html",
        user=user,
        course=found,
        tools=_tools(x, found),
        links=x.store.resource_links.find("course", found.id),
        assignments=assignments,
        staff=staff,
    )


def _launch_page(x: Call, user: User, found: Course, tool: Tool, launch: lti13.Launch) -> Response:
    action, fields = LAUNCHES.initiate(x, user, found, tool, launch)
    return wire.auto_post(action, fields)


def open_tool(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}: begin a launch from the course navigation."""
    x, user = api.x, visitors.require(api)
    found = _course(x, user)
    tool = _tool(x, found, x.path_params["tool_id"])
    return _launch_page(x, user, found, tool, claims.resource_launch(x, user, found, tool, None))


def _tool(x: Call, found: Course, reference: str) -> Tool:
    tool = x.store.tools.get(number(reference))
    if tool is None or tool not in _tools(x, found):
        raise refusals.page_not_found(f"tool {reference} is placed in course {found.id}")
    return tool


def open_link(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/retrieve?resource_link_lookup_uuid=…: launch a placed link."""
    x, user = api.x, visitors.require(api)
    found = _course(x, user)
    link = _link(x, found, x.query.get("resource_link_lookup_uuid", ""))
    tool = _tool(x, found, str(link.tool_id))
    return _launch_page(x, user, found, tool, claims.resource_launch(x, user, found, tool, link))


def _link(x: Call, found: Course, reference: str) -> ResourceLink:
    link = x.store.resource_links.get(reference)
    if link is None or link.course_id != found.id:
        raise refusals.page_not_found(f"resource link {reference!r} is in course {found.id}")
    return link


def open_assignment(api: Api) -> Response:
    """GET /courses/{course_id}/assignments/{assignment_id}: launch the tool behind an assignment, or show its text."""
    x, user = api.x, visitors.require(api)
    found = _course(x, user)
    assignment = x.store.assignments.get(number(x.path_params["assignment_id"]))
    hidden = assignment is not None and not assignment.published and not rules.is_staff(x, user, found.id)
    if assignment is None or assignment.course_id != found.id or hidden:
        raise refusals.page_not_found("the assignment is in the course")
    if assignment.resource_link_id is None:
        return wire.page(
            x,
            "assignment.html",
            user=user,
            course=found,
            assignment=assignment,
        )
    link = _link(x, found, assignment.resource_link_id)
    tool = _tool(x, found, str(link.tool_id))
    return _launch_page(x, user, found, tool, claims.resource_launch(x, user, found, tool, link))


def choose_content(api: Api) -> Response:
    """GET /courses/{course_id}/external_tools/{tool_id}/resource_selection: begin a deep linking launch (staff)."""
    x, user = api.x, visitors.require(api)
    found = _course(x, user)
    tool = _tool(x, found, x.path_params["tool_id"])
    if not x.check("may place tools", rules.is_staff(x, user, found.id) and tool.deep_linking):
        raise refusals.page_forbidden(
            x.settings.permission_denied_status, "the user teaches the course, and the tool offers deep linking"
        )
    return _launch_page(x, user, found, tool, claims.deep_linking_launch(x, user, found, tool))


def authorize_redirect(x: Call) -> Response:
    """GET or POST /api/lti/authorize_redirect: on to this school's own address, parameters unchanged."""
    pairs = [*x.query.multi_items(), *((n, v) for n, v in x.form().multi_items() if isinstance(v, str))]
    school = LAUNCHES.school_address(x, dict(pairs).get("lti_message_hint", ""))
    return RedirectResponse(add_query(f"{school}/api/lti/authorize", pairs), 302)


def authorize(api: Api) -> Response:
    """GET /api/lti/authorize: the signed launch, posted to the tool by the browser."""
    return wire.auto_post(*LAUNCHES.authenticate(api.x, dict(api.x.query.items()), api.caller))


def jwks(x: Call) -> Response:
    """GET /api/lti/security/jwks: the public keys of Canvas's id_tokens."""
    return JSONResponse(jwt.jwks([(LAUNCHES.kid, private_key(LAUNCHES.key))]))


async def deep_linking_response(x: Call) -> Response:
    """POST /courses/{course_id}/deep_linking_response: the content a tool chose, verified and placed."""
    data = DEEP_LINKING.own_data(x, x.query.get("data", ""))
    found = x.store.courses.get(number(x.path_params["course_id"]))
    tool = x.store.tools.get(data.get("tool"))
    if found is None or tool is None or data.get("course") != found.id:
        errors = {"data": "Context does not match"}
        raise refusals.deep_linking("deep_linking_context", errors, got=data.get("course"))
    key = claims.key_of(x, tool)
    keys = ToolKeys(key.public_jwk_url, key.public_jwk)
    items = await DEEP_LINKING.items(
        x, x.field("JWT"), client_id=str(key.id), keys=keys, deployment_id=tool.deployment_id
    )
    placed = [DEEP_LINKING.place(x, found, tool, item) for item in items if item["type"] == "ltiResourceLink"]
    return wire.page(x, "deep_linking.html", course=found, tool=tool, items=items, placed=placed)
