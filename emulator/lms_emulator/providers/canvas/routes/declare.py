"""Declares REST operations, and wraps their handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import update_wrapper
from inspect import iscoroutinefunction
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call import params as parameters
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import browser, identify, note_identity
from lms_emulator.providers.canvas.rules import waiting
from lms_emulator.providers.canvas.wire import answer

RECORDED = "fixtures/recordings/canvas"
Handler = Callable[[Api], Any]
Served = Callable[[Call], Response | Awaitable[Response]]
Row = tuple[str, Handler, str]
Page = Callable[[Api], Response | Awaitable[Response]]
PageRow = tuple[str, Page, str]


def rest(tag: str, source: str, *rows: Row, evidence: Evidence = "recorded", since: str = "") -> tuple[Route, ...]:
    """Declare operations of the REST API with a common source.

    Parameters:
        tag: the family in the documentation.
        source: of the behaviour; see `docs/evidence.md`. If there is a recording, it comes first.
        rows: method and path (`GET /api/v1/courses/{course_id}/users`), handler, one line for people. The names in a
            path are Canvas's own: the scope that a developer key needs is made from them. A handler gets an `Api` and
            returns JSON data, sent with 200, or a response; or it raises a refusal. One that waits is `async`.
        since: the day on which Canvas got them, if after 2023.
    """
    routes = family(tag, source, evidence, *((operation, serve(handler), line) for operation, handler, line in rows))
    return tuple(replace(route, since=since) for route in routes) if since else routes


def signed_in(tag: str, source: str, *rows: Row) -> tuple[Route, ...]:
    """Like `rest`, for operations that require a login before they look anything up."""
    return family(tag, source, "recorded", *((op, serve(handler, signed_in=True), line) for op, handler, line in rows))


def ignoring(names: tuple[str, ...], tag: str, source: str, *rows: Row) -> tuple[Route, ...]:
    """Like `rest`. Parameters: `names`, parameters that Canvas also ignores."""
    return tuple(replace(route, ignores=names) for route in rest(tag, source, *rows))


def within(kinds: str, operation: str, handler: Handler, line: str) -> tuple[Row, ...]:
    """An operation for several kinds of contexts: `within("courses groups", "GET /files", …)` declares
    `GET /api/v1/courses/{course_id}/files` and its like for groups.
    """
    method, path = operation.split(" ", 1)
    slots = [f"{kind}/{{{kind.removesuffix('s')}_id}}" for kind in kinds.split()]
    return tuple((f"{method} /api/v1/{slot}{path}", handler, line) for slot in slots)


def service(tag: str, source: str, *rows: Row, evidence: Evidence = "recorded") -> tuple[Route, ...]:
    """Like `rest`, for operations that tools call with a service token; handlers ask `lti.callers` who it is."""
    served = ((operation, serve(handler, by_person=False), line) for operation, handler, line in rows)
    return family(tag, source, evidence, *served)


def serve(handler: Handler, *, by_person: bool = True, signed_in: bool = False) -> Callable[[Call], Any]:
    """Wrap a handler: before it, parameters, credentials, scopes and masquerading; afterwards, the response."""

    def begun(call: Call) -> Api:
        api = Api(call, parameters.read(call))
        if by_person:
            identify(api)
        if signed_in:
            _ = api.user
        return api

    def served(call: Call) -> Response:
        try:
            api = begun(call)
            found = handler(api)
            return found if isinstance(found, Response) else answer(call, found)
        except SiteRefusal as refusal:
            _report(call, refusal)
            raise

    async def served_later(call: Call) -> Response:
        try:
            api = begun(call)
            found = await handler(api)
            return found if isinstance(found, Response) else answer(call, found)
        except SiteRefusal as refusal:
            _report(call, refusal)
            raise

    chosen: Served = served_later if iscoroutinefunction(handler) else served
    return _after_jobs(chosen, handler)


def _after_jobs(serving: Served, handler: Callable[..., Any]) -> Served:
    """What serves a handler, after the jobs that waited, and what they fetch."""

    def begun(call: Call) -> Response | Awaitable[Response]:
        left = waiting.run(call)
        return fetched(call, left) if left else serving(call)

    async def fetched(call: Call, left: list[Coroutine[Any, Any, None]]) -> Response:
        for job in left:
            await job
        found = serving(call)
        return found if isinstance(found, Response) else await found

    return update_wrapper(begun, handler, assigned=("__doc__",), updated=())


def _report(call: Call, refusal: SiteRefusal) -> None:
    """Create the error report for a refusal that mentions one."""
    if isinstance(refusal.body, dict) and "error_report_id" in refusal.body:
        refusal.body = {**refusal.body, "error_report_id": call.store.new_id("error_reports")}


def site(
    tag: str, source: str, *rows: PageRow, evidence: Evidence = "recorded", forms: str = "own"
) -> tuple[Route, ...]:
    """Declare pages of the site, which use a browser session instead of a token.

    Parameters:
        rows: as for `rest`; a handler gets an `Api` and returns a response.
        forms: `own` if only pages of this site may submit, `any` if the handler decides.
    """
    served = ((operation, show(handler, forms == "own"), line) for operation, handler, line in rows)
    return family(tag, source, evidence, *served)


def show(handler: Page, own_forms: bool = True) -> Callable[[Call], Response | Awaitable[Response]]:
    """Wrap the handler of a page: before it, parameters, the browser's session, and the CSRF token."""

    def shown(call: Call) -> Response | Awaitable[Response]:
        api = Api(call, parameters.read(call))
        call.reads.add("utf8", "commit", "authenticity_token")
        browser.identify(api, refuse_ended=False)
        if own_forms:
            browser.require_own_page(api)
        note_identity(api)
        return handler(api)

    return _after_jobs(shown, handler)
