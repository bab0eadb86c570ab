"""The common part of the instructor dashboard's operations: permissions and answers.

Source: edx-platform `lms/djangoapps/instructor/views/api.py` and `lms/djangoapps/instructor/permissions.py`;
`fixtures/recordings/openedx-2`, instr.jsonl 214-472.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user, course_of
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.routes.permissions import Permission, is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, Operation, recorded
from lms_emulator.providers.openedx.rules import blocks, people
from lms_emulator.providers.openedx.web import csrf, methods, session

NOT_CACHED = (("cache-control", "no-cache, no-store, must-revalidate"),)
Rule = Callable[[OpenedxStore, User | None, str], bool]


class Answered(refusals.OpenedxRefusal):
    """A refusal by the view itself, which sets the CSRF cookie."""


def answered(
    text: str = "",
    *,
    status: int = 400,
    reason: str = "invalid_request",
    body: Any = None,
    headers: Any = None,
    **why: Any,
) -> Answered:
    """A refusal in the view's own words.

    Parameters: `body`, a document in place of the text; `why`, arguments of `Refusal` for the journal.
    """
    why.setdefault("check", reason)
    style: Any = "plain" if body is None else "pretty"
    return Answered(
        reason, status=status, style=style, body=text if body is None else body, headers=headers or {}, **why
    )


def allowed(rule: Rule) -> Permission:
    """The permission that checks a rule over user and course."""

    def permission(call: Call) -> None:
        if not rule(call.store, caller(call), course_of(call).id):
            raise refusals.permission_denied("the caller lacks the role in the course", check="course role")

    return permission


def form(call: Call) -> dict[str, Any]:
    """The fields of the request."""
    body = wire.read(call)
    return body if isinstance(body, dict) else {}


def need(call: Call, fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the request, of which some are needed. Raises the refusal that names what is missing.

    Parameters: `fields`, what each needed field is for.
    """
    given = form(call)
    missing = [name for name in fields if given.get(name) is None]
    if missing:
        body = {
            "error": "Missing required query parameter(s)",
            "parameters": missing,
            "info": {name: fields[name] for name in missing},
        }
        raise answered(body=body, reason="parameter_missing")
    return given


def person(call: Call, text: str) -> User | None:
    """The user with this username or e-mail address."""
    return people.user_by_name_or_email(call.store, call.settings, text.strip())


def block(call: Call, url: str) -> blocks.Node | None:
    """The block of a usage key in the course."""
    return blocks.find(blocks.tree(course_of(call)), url)


def as_view(operation: Operation) -> Operation:
    """An operation that sets the CSRF cookie, as every view of the dashboard does."""

    def view(call: Call) -> Response:
        csrf.ensure(call)
        try:
            response = operation(call)
        except Answered as refusal:
            csrf.ensure(call, set_by_view=True)
            refusal.headers["vary"] = "Cookie"
            raise
        csrf.ensure(call, set_by_view=True)
        response.headers["vary"] = "Cookie"
        return response

    return view


FAMILY = Family(
    "/courses/{course_id}/instructor/api",
    tag="instructor",
    authenticators=credentials.JWT_SESSION,
    headers=NOT_CACHED,
    defect=True,
    evidence="recorded",
)


def operation(
    path: str,
    summary: str,
    number: int,
    handler: Operation,
    rule: Rule,
    *,
    developer: bool = False,
    further: tuple[Permission, ...] = (),
    **more: Any,
) -> tuple[Route, ...]:
    """An operation of the dashboard, called with POST.

    Parameters: `number`, of the recorded exchange; `developer`, whether errors come wrapped; `further` permissions.
    """
    given = {"post": as_view(handler), **more}
    return FAMILY.resource(
        path,
        summary,
        permissions=(is_authenticated, allowed(rule), *further),
        developer_errors=developer,
        source=recorded("openedx-2/instr", number),
        **given,
    )


def plain_view(path: str, summary: str, number: int, handler: Operation, rule: Rule) -> Route:
    """An operation outside the REST framework: for browser sessions only, with empty refusals."""
    view = as_view(handler)

    def page(call: Call) -> Response:
        methods.require_post(call)
        methods.check_csrf(call)
        session.note_course(call)
        try:
            if not rule(call.store, session.current(call).user, course_of(call).id):
                csrf.ensure(call, set_by_view=True)
                raise answered(status=403, reason="not_permitted", headers={"vary": "Cookie"})
            response = view(call)
        except Answered as refusal:
            refusal.headers |= dict(NOT_CACHED)
            raise
        response.headers.update(dict(NOT_CACHED))
        return response

    return FAMILY.page(path, page, summary, source=recorded("openedx-2/instr", number))


def acting_user(call: Call) -> User | None:
    """Who is calling, of a REST resource or with a browser session."""
    return calling_user(call) or session.current(call).user
