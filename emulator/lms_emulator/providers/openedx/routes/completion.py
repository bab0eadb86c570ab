"""`/api/completion/v1/`: which blocks a learner has done.

Source: openedx/completion `completion/api/v1/views.py`; `fixtures/recordings/openedx-2`, learn.jsonl 164-200.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.permissions import is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, enrollment, keys, learning


def may_write(call: Call) -> None:
    """Permission: the user named in the body (case matters), or staff."""
    user, body = caller(call), wire.read(call)
    named = body.get("username") if isinstance(body, dict) else None
    if user.is_staff and call.method == "POST":
        return
    if named != user.username:
        why = "only the user named and staff may write"
        why = why if named is not None else f"{why}, and the body names nobody: send `username` in it"
        raise refusals.permission_denied(why, check="own completion or staff")


def _invalid(text: str, *, absent: str | None = None, why: str | None = None) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        "invalid_completion", status=400, message=text, check="completion", got=text, absent=absent, diagnosis=why
    )


def write_batch(call: Call) -> Response:
    """Keep how far a learner is with some blocks. An unknown block of the course is kept too."""
    body = wire.read_object(call)
    for name in ("username", "course_key", "blocks"):
        if name not in body:
            raise _invalid(f"Key '{name}' not found.", absent=name)
    key = keys.course_key(str(body["course_key"]))
    if key is None:
        raise _invalid(f"Invalid learning context key: {body['course_key']}")
    user = lookup.user_named(call.store, call.settings, str(body["username"]))
    if user is None:
        text = f"User matching query does not exist: {body['username']}"
        raise refusals.OpenedxRefusal("unknown_user", status=404, message=text, check="user exists")
    known = enrollment.get(call.store, user, key.text)
    if known is None or not known.is_active:
        raise _invalid("User is not enrolled in course.", why=f"{user.username} is not enrolled in {key.text}")
    given: Any = body["blocks"]
    if not isinstance(given, dict):
        raise refusals.Unhandled(f"blocks is not an object but {given!r}")
    values = {_block(str(name), key.text): _value(value) for name, value in given.items()}
    for usage, value in values.items():
        learning.complete(call.store, user.username, usage, value, call.clock.now())
    return wire.api_json({"detail": "ok"})


def _block(text: str, course: str) -> str:
    usage = keys.usage_key(text)
    if usage is None:
        raise _invalid(f"Invalid block key: {text}", why=keys.why_no_usage_key(text))
    if usage.course != course:
        why = f"this is a block of {usage.course}; `course_key` is {course}"
        raise _invalid(f"Block with key: '{text}' is not in context {course}", why=why)
    return usage.text


def _value(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise refusals.Unhandled(f"a completion is not a number but {value!r}") from None
    if not 0.0 <= number <= 1.0:
        why = f"a completion was sent as {str(value)[:100]}; it is a share from 0 to 1"
        raise _invalid(f"['{value} must be between 0.0 and 1.0']", why=why)
    return number


def read_subsection(call: Call) -> Response:
    """Whether a learner has done a subsection; for staff and the learner."""
    user = caller(call)
    wanted = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if not user.is_staff and (wanted is None or wanted.id != user.id):
        raise refusals.permission_denied("only the user named and staff may see this", check="own completion or staff")
    key = keys.usage_key(call.path_params["usage_key"])
    course = call.store.courses.get(call.path_params["course_id"])
    if wanted is None or key is None or course is None:
        raise refusals.OpenedxRefusal("unknown", status=404, message="Not found.", check="user, course and block exist")
    root = learning.content(call.store, wanted, course)
    node = blocks.find(root, key.text)
    done = node is not None and learning.Progress(call.store, wanted, root).is_finished(node)
    return wire.api_json({"completion": int(done)})


FAMILY = Family("/api/completion/v1", tag="completion")

ROUTES = (
    *FAMILY.resource(
        "/completion-batch",
        "Save completions",
        post=write_batch,
        permissions=(is_authenticated, may_write),
        defect=True,
        source=recorded("openedx-2/learn", 164),
    ),
    *FAMILY.resource(
        "/subsection-completion/{username}/{course_id}/{usage_key}",
        "Completion of a subsection",
        get=read_subsection,
        authenticators=credentials.JWT_SESSION,
        source=recorded("openedx-2/learn", 198),
    ),
)
