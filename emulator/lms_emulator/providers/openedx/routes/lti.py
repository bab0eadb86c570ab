"""The LTI consumer component: its blocks, launches, key sets, tokens and services.

Source: lti-consumer-xblock 9.14.0 `lti_consumer/plugin/urls.py`, `lti_consumer/plugin/views.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http import cookie_policies
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.core.numbers import parse_integer
from lms_emulator.lti.launches import asked
from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call, Dialect, Reply
from lms_emulator.providers.openedx.lti import basic, claims, deep_linking, services, tokens
from lms_emulator.providers.openedx.lti.keys import KEYS
from lms_emulator.providers.openedx.lti.launches import LAUNCHES, error
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.lti import LtiContentItem, LtiTool
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.resource import Family, pattern
from lms_emulator.providers.openedx.rules import blocks, learning, people
from lms_emulator.providers.openedx.web import session
from lms_emulator.signing import jwt
from lms_emulator.signing.token_errors import TokenError

_VIEWS = "lti-consumer-xblock 9.14.0 lti_consumer/plugin/views.py"
_BLOCK = "lti-consumer-xblock 9.14.0 lti_consumer/lti_xblock.py"

# the block


def _seen(call: Call, user: User) -> tuple[LtiTool, Course]:
    """The tool of a block that a signed-in user may see. Raises a page if it does not exist."""
    tool = call.store.lti_tools.first("block", call.path_params["usage_key"])
    found = claims.place(call, tool) if tool is not None else None
    if tool is None or found is None or not learning.may_enter(call.store, user, found[0]):
        raise refusals.page_not_found(call.path)
    return tool, found[0]


def show_block(call: Call) -> Response:
    """The block on its own: a frame in which the tool is launched, and the choice of content for staff."""
    user = session.current(call).user
    if user is None:
        return to_login(call)
    tool, course = _seen(call, user)
    call.per_request(Reply).framed = True
    if tool.version == "lti_1p1":
        frame = call.url(f"/courses/{course.id}/xblock/{tool.block}/handler/lti_launch_handler")
        return _block(call, tool, frame)
    staff = people.is_course_staff(call.store, user, course.id) and bool(tool.deep_linking_url)
    choose = call.url(f"/xblock/{tool.block}?deep_linking=1") if staff else ""
    if call.query.get("deep_linking"):
        if not staff:
            raise refusals.lti_page(
                "deep_linking_not_staff",
                "Unauthorized.",
                "Students don't have permissions to perform LTI Deep Linking configuration launches.",
                status=403,
            )
        frame = LAUNCHES.start_url(call, user, tool, claims.launch(call, user, tool, course, deep=True))
        return _block(call, tool, frame)
    chosen = call.store.lti_content_items.find("tool", tool.id)
    if len(chosen) > 1 or (chosen and chosen[0].type != "ltiResourceLink"):
        key = LAUNCHES.content_key(call, user, tool, claims.launch(call, user, tool, course))
        frame = f"{claims.services_url(call, tool, 'lti-dl/content')}?launch_data_key={key}"
    else:
        frame = _start(call, user, tool, course, chosen[0] if chosen else None)
    return _block(call, tool, frame, choose)


def _block(call: Call, tool: LtiTool, frame: str, choose: str = "") -> Response:
    around = cookie_policies.wanted(call.world.emulator.third_party_cookies, call.resolve(tool.launch_url))
    return pages.page(call, "lti_block.html", title="LTI", frame=frame, choose=choose, **around)


def _start(call: Call, user: User, tool: LtiTool, course: Course, item: LtiContentItem | None) -> str:
    return LAUNCHES.start_url(call, user, tool, claims.launch(call, user, tool, course, item=item), item)


# launches


def launch(call: Call) -> Response:
    """The signed launch, posted to the tool by the browser."""
    call.per_request(Reply).framed = True
    params = asked(call.query if call.method == "GET" else call.form())
    action, fields = LAUNCHES.authenticate(call, params, session.current(call).user)
    return pages.launch(action, fields)


def key_set(call: Call) -> Response:
    """The public key of a configuration."""
    if tokens.tool_at(call).version != "lti_1p3":
        raise refusals.page_not_found(call.path)
    return wire.spaced_json(KEYS.key_set(call), 200, {"content-disposition": "attachment; filename=keyset.json"})


async def token(call: Call) -> Response:
    """A service token for a signed assertion."""
    if tokens.tool_at(call).version != "lti_1p3":
        raise refusals.OpenedxRefusal("lti_version", status=404, style="spaced", body={"error": "invalid_lti_version"})
    return wire.spaced_json(await tokens.service_token(call))


# deep linking


def _tool(call: Call) -> LtiTool:
    number = call.path_params["lti_config_id"]
    found = call.store.lti_tools.get(parse_integer(number))
    if found is None:
        raise refusals.page_not_found(call.path)
    return found


async def keep_content(call: Call) -> Response:
    """The content that a tool chose, verified and kept."""
    tool = _tool(call)
    if not tool.deep_linking_url:
        raise deep_linking.refused("deep_linking_off", "deep linking is switched off for this block")
    message = call.field("JWT")
    if not message:
        raise deep_linking.refused("deep_linking_missing", None, absent="JWT")
    chosen = await deep_linking.items(call, tool, message)
    deep_linking.keep(call, tool, chosen, session.current(call).user)
    text = "The LTI Deep Linking content was successfully saved in the LMS."
    return wire.html(pages.plain("LTI Deep Linking", text, "You can safely close this page now."))


def show_content(call: Call) -> Response:
    """The content that was chosen for a block."""
    key = call.query.get("launch_data_key")
    if not call.check("launch_data_key is present", bool(key)):
        raise error("content_key_missing", "The launch_data_key query param in the request is missing or empty.")
    assert key is not None
    if not call.check("the launch data is known", LAUNCHES.find(call, key) is not None, got=key):
        text = f"There was a cache miss during an LTI 1.3 launch when using the cache_key {key}."
        raise error("content_key_unknown", text, "open the block again: its frame has the address, for ten minutes")
    user = session.current(call).user
    tool = _tool(call)
    found = claims.place(call, tool)
    chosen = call.store.lti_content_items.find("tool", tool.id)
    if user is None or found is None or not learning.may_enter(call.store, user, found[0]):
        raise refusals.OpenedxRefusal("no_access", status=403, style="forbidden-page", check="access to the block")
    if not chosen:
        raise refusals.page_not_found(call.path)
    shown = [
        (item.type, item.attributes, _start(call, user, tool, found[0], item) if item.type == "ltiResourceLink" else "")
        for item in chosen
    ]
    return pages.page(call, "lti_content.html", title="LTI", items=shown)


# services


def list_services(call: Call) -> Response:
    """Where tools of a course send results, block by block."""
    course = call.store.courses.get(call.path_params["course_id"])
    if course is None:
        raise refusals.OpenedxRefusal("course_unknown", status=404, style="empty", check="the course exists")
    tree = blocks.tree(course)
    tools = [(tool, found) for tool in call.store.lti_tools if (found := blocks.find(tree, tool.block)) is not None]
    offered = [
        {
            "display_name": node.block.display_name,
            "lti_2_0_result_service_json_endpoint": basic.outcomes_url(call, tool, course, "result_service_handler")
            + "/user/{anon_user_id}",
            "lti_1_1_result_service_xml_endpoint": basic.outcomes_url(call, tool, course),
        }
        for tool, node in tools
    ]
    return wire.spaced_json(offered)


def start_proctoring(call: Call) -> Response:
    """A proctoring tool's message. No configuration of this site has proctoring, so it is always refused."""
    why = "proctoring is set up by another service (edx-exams), and the emulated site has none"
    try:
        sender = jwt.read(call.field("JWT"))[1].get("iss")
    except TokenError:
        raise refusals.lti_page("proctoring_token_malformed", _PROCTORING, _CONTACT, why) from None
    known = any(tool.client_id == sender for tool in call.store.lti_tools)
    status = 400 if known else 404
    raise refusals.lti_page("proctoring_not_enabled", _PROCTORING, _CONTACT, why, status=status, got=sender)


def no_such_configuration(call: Call) -> Response:
    """The page for configurations that a plugin would supply."""
    refusal = refusals.page_not_found(call.path)
    refusal.diagnosis = "external configurations come from a plugin of the site, and the emulated one has none"
    raise refusal


def service(operation: Callable[[Call], Any]) -> Handler:
    """An operation of a service, worded and failing as a REST resource of the platform."""

    def run(call: Call) -> Response | Awaitable[Response]:
        call.per_request(Reply).dialect = Dialect(allow="")
        response: Response = operation(call)
        return response

    return run


FAMILY = Family("/api/lti_consumer/v1", tag="lti_consumer", source=_VIEWS)
_AGS, _ONE = "/lti/{lti_config_id}/lti-ags", "/lti/{lti_config_id}/lti-ags/{pk}"
_ROSTER = "/lti/{lti_config_id}/memberships"
_RESULT = "/courses/{course_key}/xblock/{usage_key}/handler_noauth/result_service_handler/user/{anon_id}"
_PROCTORING = "There was an error while starting your LTI proctored assessment."
_CONTACT = "If you're seeing this on a live course, please contact the course staff."


def _route(
    method: str, path: str, handler: Handler, summary: str, *, source: str = _VIEWS, defect: bool = False
) -> Route:
    return Route(
        methods=(method,) if method else (),
        path=path,
        regex=pattern(path),
        handler=handler,
        evidence="documented",
        source=source,
        summary=summary,
        tag=FAMILY.tag,
        defect=defect,
    )


def _api(method: str, path: str, handler: Handler, summary: str, **more: Any) -> Route:
    return _route(method, FAMILY.base + path, handler, summary, **more)


ROUTES: tuple[Route, ...] = (
    _route("GET", "/xblock/{usage_key}", show_block, "A page with one LTI block", source=_BLOCK),
    *(
        _api(method, f"/launch/{end}", launch, "Launch a tool")
        for end in ("", "/{suffix}")
        for method in ("GET", "POST")
    ),
    *(
        route
        for name in ("{config_id}", "{usage_key}")
        for route in (
            _api("GET", f"/public_keysets/{name}", key_set, "Public key set of a configuration"),
            _api("POST", f"/token/{name}", token, "A service token"),
        )
    ),
    *(
        _api(method, f"/{name}/{{external_app}}/{{external_slug}}", no_such_configuration, "External configurations")
        for method, name in (("GET", "public_keysets"), ("POST", "token"))
    ),
    _api("POST", "/start_proctoring_assessment", start_proctoring, "Start of a proctored assessment"),
    _api("POST", "/lti/{lti_config_id}/lti-dl/response", keep_content, "Deep linking response", defect=True),
    _api("GET", "/lti/{lti_config_id}/lti-dl/content", show_content, "Show deep linking content"),
    _api("GET", _AGS, service(services.list_line_items), "Line items"),
    _api("POST", _AGS, service(services.create_line_item), "A new line item"),
    _api("GET", _ONE, service(services.show_line_item), "A line item"),
    *(_api(method, _ONE, service(services.update_line_item), "Change a line item") for method in ("PUT", "PATCH")),
    _api("DELETE", _ONE, service(services.other_method), "Delete a line item, which no tool may"),
    _api("GET", f"{_ONE}/results/", service(services.list_results), "Results of a line item", defect=True),
    _api("GET", f"{_ONE}/results/{{user_id}}", service(services.list_results), "Result of a person", defect=True),
    _api("POST", f"{_ONE}/scores", service(services.post_score), "Post a score", defect=True),
    _api("GET", _ROSTER, service(services.memberships), "Roster"),
    _api("GET", f"{_ROSTER}/{{pk}}", service(services.one_member), "One member, which fails", defect=True),
    *(
        _api("", path, service(services.other_method), "Methods that the service does not have")
        for path in (_AGS, _ONE, f"{_ONE}/results/", f"{_ONE}/results/{{user_id}}", f"{_ONE}/scores", _ROSTER)
    ),
    _route(
        "POST",
        "/courses/{course_key}/xblock/{usage_key}/handler_noauth/outcome_service_handler",
        basic.outcomes,
        "Basic Outcomes of LTI 1.1",
        source="lti-consumer-xblock 9.14.0 lti_consumer/outcomes.py",
        defect=True,
    ),
    *(
        _route(method, _RESULT, basic.result, "Result of LTI 2.0 for a person", source=_BLOCK, defect=True)
        for method in ("GET", "PUT", "DELETE", "")
    ),
    _route("GET", "/courses/{course_id}/lti_rest_endpoints/", list_services, "Services of a course's LTI blocks"),
)
