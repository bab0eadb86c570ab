"""Handlers of blocks: answering problems, keeping a place, publishing completion.

Sources: edx-platform `lms/djangoapps/courseware/block_render.py` (handle_xblock_callback), `xmodule/capa_block.py`,
`xmodule/seq_block.py`; `fixtures/recordings/openedx-2`, learn.jsonl 512-535.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.openedx import credentials, pages, refusals, wire
from lms_emulator.providers.openedx.call import Call, Caller, Reply
from lms_emulator.providers.openedx.lti import basic
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import BlockState
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, keys, learning, problems
from lms_emulator.providers.openedx.web import csrf, methods, session

_CLOSED = "Problem is closed."


def handle(call: Call) -> Response:
    """Run a handler of a block for a signed-in user; a bearer token needs no CSRF token."""
    call.per_request(Reply).framed = True
    user = _user(call)
    if call.path_params["handler"].startswith("xmodule_handler"):
        csrf.ensure(call)
    key = keys.usage_key(call.path_params["usage_key"])
    course = call.store.courses.get(call.path_params["course_key"])
    session.note_course(call)
    node = None
    if course is not None and key is not None and key.course == course.id:
        node = blocks.find(learning.content(call.store, user, course), key.text)
    if node is None:
        raise _missing(call)
    name, _, suffix = call.path_params["handler"].partition("/")
    if name == "xmodule_handler" and node.block.type == "problem":
        return _problem(call, user, node, suffix)
    handler = _HANDLERS.get((node.block.type, name)) or _HANDLERS.get(("", name))
    if handler is None:
        raise _missing(call)
    return handler(call, user, node)


def _missing(call: Call) -> refusals.OpenedxRefusal:
    """The site's own page, which frames may not show."""
    call.per_request(Reply).framed = False
    return refusals.page_not_found(call.path)


def _user(call: Call) -> User:
    """Who is calling. Raises the refusal for nobody."""
    identity = credentials.authenticate(call, (credentials.BEARER_INACTIVE,))
    if identity is not None:
        return identity.user
    user = session.current(call).user
    call.per_request(Caller).user = user
    if user is None:
        raise refusals.OpenedxRefusal(
            "not_signed_in", status=403, style="plain", body="Unauthenticated", check="the caller is known"
        )
    methods.check_csrf(call)
    return user


def _json(call: Call) -> dict[str, Any]:
    try:
        body = call.json() if call.body else {}
    except BodyError as error:
        raise refusals.OpenedxRefusal(
            "invalid_json", status=400, style="plain", body=str(error), check="request body"
        ) from None
    return body if isinstance(body, dict) else {}


# problems


def _problem(call: Call, user: User, node: blocks.Node, action: str) -> Response:
    """The action of a problem's handler; an unknown action shows the problem."""
    work = problems.state(call.store, user.username, node.key)
    operation = _ACTIONS.get(action)
    shown = operation(call, user, node, work) if operation is not None else {"html": _markup(node, work)}
    after = problems.state(call.store, user.username, node.key)
    shown |= {
        "progress_changed": after != work,
        "current_score": int(after.earned or 0),
        "total_possible": int(node.block.weight),
        "attempts_used": after.attempts,
    }
    return wire.spaced_json(shown)


def _markup(node: blocks.Node, work: BlockState) -> str:
    return f'<div class="problem" data-attempts="{work.attempts}"><h3>{node.block.display_name}</h3></div>'


def _answers(call: Call) -> dict[str, str]:
    found = call.form()
    return {name: str(value) for name, value in found.items() if name.startswith("input_") and isinstance(value, str)}


def _check(call: Call, user: User, node: blocks.Node, work: BlockState) -> dict[str, Any]:
    if problems.is_closed(node.block, work):
        return {"success": _CLOSED}
    given, question = _answers(call), node.block.question
    if question is not None and question.kind == "numerical" and given:
        text = next(iter(given.values()))
        if text and not _is_number(text):
            return {"success": f"Invalid Input: {text} not permitted in answer as a variable"}
    after = problems.answer(call.store, user.username, node.key, node.block, given, call.clock.now())
    return {"success": "correct" if after.earned else "incorrect", "contents": _markup(node, after)}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _show(call: Call, user: User, node: blocks.Node, work: BlockState) -> dict[str, Any]:
    question = node.block.question
    right = [question.answer] if question is not None else []
    return {"answers": {f"{node.block.block_id}_2_1": right}, "correct_status_html": _markup(node, work)}


def _reset(call: Call, user: User, node: blocks.Node, work: BlockState) -> dict[str, Any]:
    if problems.is_closed(node.block, work):
        return {"success": False, "msg": "You cannot select Reset for a problem that is closed."}
    call.store.block_states.put(replace(work, answers={}))
    return {"success": True, "html": _markup(node, work)}


def _save(call: Call, user: User, node: blocks.Node, work: BlockState) -> dict[str, Any]:
    if problems.is_closed(node.block, work):
        return {"success": False, "msg": _CLOSED}
    call.store.block_states.put(replace(work, answers=_answers(call)))
    return {"success": True, "msg": "Your answers have been saved.", "html": _markup(node, work)}


_ACTIONS: dict[str, Callable[[Call, User, blocks.Node, BlockState], dict[str, Any]]] = {
    "problem_check": _check,
    "problem_show": _show,
    "problem_reset": _reset,
    "problem_save": _save,
    "problem_get": lambda call, user, node, work: {"html": _markup(node, work)},
}


# other blocks


def _goto(call: Call, user: User, node: blocks.Node) -> Response:
    """Store which unit of a sequence is open."""
    position = _json(call).get("position")
    state = problems.state(call.store, user.username, node.key)
    place = position if isinstance(position, int) and position > 0 else 1
    call.store.block_states.put(replace(state, position=place))
    return wire.spaced_json({"success": True})


def _get_completion(call: Call, user: User, node: blocks.Node) -> Response:
    """Whether a unit of the sequence is done."""
    unit = blocks.find(node, str(_json(call).get("usage_key", "")))
    if unit is None:
        raise _missing(call)
    return wire.spaced_json({"complete": learning.Progress(call.store, user, node).is_complete(unit)})


def _publish(call: Call, user: User, node: blocks.Node) -> Response:
    """Store a learner's progress in a block."""
    value = _json(call).get("completion")
    if not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        text = "Invalid completion value. Must be in range [0.0, 1.0]"
        raise refusals.OpenedxRefusal(
            "invalid_completion", status=400, style="pretty", body={"error": text}, check="completion", got=value
        )
    learning.complete(call.store, user.username, node.key, float(value), call.clock.now())
    return wire.spaced_json({"result": "ok"})


def _launch_tool(call: Call, user: User, node: blocks.Node) -> Response:
    """The signed form of an LTI 1.1 tool."""
    tool = call.store.lti_tools.first("block", node.key)
    course = call.store.courses.get(call.path_params["course_key"])
    if tool is None or course is None or tool.version != "lti_1p1":
        raise _missing(call)
    return pages.launch(*basic.launch(call, user, tool, course))


_HANDLERS: dict[tuple[str, str], Callable[[Call, User, blocks.Node], Response]] = {
    ("sequential", "goto_position"): _goto,
    ("sequential", "get_completion"): _get_completion,
    ("lti_consumer", "lti_launch_handler"): _launch_tool,
    ("", "publish_completion"): _publish,
}

ROUTES = (
    Family("/courses/{course_key}/xblock", tag="xblock").page(
        "/{usage_key}/handler/{handler}",
        handle,
        "Run a handler of a block",
        evidence="observed",
        source=recorded("openedx-2/learn", 512, 532, 534),
    ),
)
