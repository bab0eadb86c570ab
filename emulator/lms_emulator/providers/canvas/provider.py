"""Canvas as a provider of the emulator."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import unquote, unquote_to_bytes

from starlette.responses import Response

from lms_emulator.core.access.absent import why_absent, why_not_sent
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.core.worlds.world import World
from lms_emulator.lti.controls import controls
from lms_emulator.providers.canvas import checks, limits, oauth, refusals, wire
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call import params as parameters
from lms_emulator.providers.canvas.call.api import ENCODED_SLASH, Api, global_id, why_no_token
from lms_emulator.providers.canvas.call.identifiers import KINDS as KINDS_OF_IDS
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.credentials import Identity, Sent, browser, identify, note_identity
from lms_emulator.providers.canvas.credentials.browser import Browser
from lms_emulator.providers.canvas.info import Info, read
from lms_emulator.providers.canvas.lti.keys import KEYS
from lms_emulator.providers.canvas.model import CanvasSection, CanvasStore
from lms_emulator.providers.canvas.refusals.files import to_login
from lms_emulator.providers.canvas.routes import ROUTES, analytics, new_quizzes
from lms_emulator.providers.canvas.rules import people, standing, waiting
from lms_emulator.providers.canvas.settings import CanvasSettings

_SLASHES = re.compile("//+")
_JSON = (b"content-type", b"application/json")
GRAPHQL = "/api/graphql"
_BY_PERSON = ("/api/v1/", GRAPHQL)
_CUT_ID = re.compile(r"/(?:sis_\w+_id|hex:sis_\w+_id):[^/]+/[^/]+")
_METHODS = ("GET", "PUT", "PATCH", "DELETE")


def _hold_to_utf8(path: bytes) -> None:
    """Raise the refusal of a path whose bytes are not UTF-8."""
    try:
        unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise refusals.path_unreadable(path.decode("latin-1")) from None


def _has_rest(provider: Provider[Any, Any], call: Call) -> bool:
    return provider.leads_somewhere(f"/api/v1{call.path}")


def _overridden(call: Call) -> str:
    """The method that a POST is overridden with, by a header or the form field `_method`."""
    named = call.headers.get("x-http-method-override") or (call.field("_method") if b"_method=" in call.body else "")
    return named.upper() if named.upper() in _METHODS else call.method


_LONG = ("/create_success", "/calendar_events/timetable")
"""Paths whose requests read a file that was sent, or make thousands of events."""


class Canvas(Provider[CanvasStore, CanvasSettings]):
    """One school's Canvas."""

    name: ClassVar[str] = "canvas"
    title: ClassVar[str] = "Canvas"
    hosts: ClassVar[tuple[str, ...]] = ("canvas.instructure.com", "*.instructure.com", "sso.canvaslms.com")
    section: ClassVar[type[Any]] = CanvasSection
    store = CanvasStore
    settings = CanvasSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    package: ClassVar[str] = wire.PACKAGE
    shaping_parameters: ClassVar[frozenset[str]] = frozenset({"include"})
    controls: ClassVar[tuple[Route, ...]] = controls(KEYS)
    oauth_paths: ClassVar[tuple[str, ...]] = (oauth.TOKEN, "/login/oauth2/auth")
    kinds_of_ids: ClassVar[Mapping[str, Collection[str]]] = KINDS_OF_IDS
    tables_of_words: ClassVar[dict[str, str]] = {
        "files": "attachments",
        "sections": "course_sections",
        "section": "course_sections",
        "pages": "wiki_pages",
        "modules": "context_modules",
        "module": "context_modules",
        "module_items": "content_tags",
        "items": "content_tags",
        "item": "content_tags",
        "outcome": "learning_outcomes",
        "outcomes": "learning_outcomes",
        "outcome_groups": "learning_outcome_groups",
        "external_tools": "tools",
        "external_tool": "tools",
        "context_external_tool": "tools",
        "assignment_overrides": "assignment_overrides",
        "assignment_submissions": "submissions",
        "topics": "discussion_topics",
        "topic": "discussion_topics",
        "entry": "discussion_entries",
        "terms": "enrollment_terms",
        "sub_accounts": "accounts",
        "question": "quiz_questions",
        "questions": "quiz_questions",
        "progress": "progresses",
        "tokens": "access_tokens",
        "logins": "pseudonyms",
        "person": "users",
    }

    def problems(self, section: Any) -> Iterable[str]:
        return checks.problems(section)

    def why_refused(self, call: Call, refusal: Refusal) -> str | None:
        if refusal.needs or refusal.reason in ("not_authorized", "page_forbidden", "user_refused"):
            return standing.why_not(call, refusal.needs, refusal.check)
        if refusal.reason == "parameter_missing" and isinstance(refusal.expected, str):
            name = refusal.expected.partition("[")[0]
            operation = self.operation(call)
            known = operation.parameters if operation is not None else None
            holds = known is None or any(item.startswith(f"{name}[") for item in known)
            return why_absent(call, name, holds_others=holds) or why_not_sent(call, name)
        by_token = call.path != oauth.TOKEN and not call.path.startswith("/api/lti/v1/")
        by_token = by_token and not refusal.reason.startswith("service_")
        if by_token and call.per_request(Identity).user_id is None:
            unknown = refusal.status == 404 and refusal.got == "self"
            if why := why_no_token(call) or ("send `Authorization: Bearer <token>`" if unknown else None):
                return f"nobody is signed in: {why}"
        named = refusal.got if refusal.check.startswith("the user ") and isinstance(refusal.got, str) else ""
        if named == "me":
            return "`me` names no user at Canvas; the caller is `self`"
        if named and (whose := people.who_is_meant(call, named)) is not None:
            return whose
        if refusal.reason == "not_signed_in" and call.headers.get("authorization", "").startswith("Bearer "):
            return f"a page for people takes no token; REST has `/api/v1{call.path}`" if _has_rest(self, call) else None
        return super().why_refused(call, refusal)

    def has_waiting_work(self, call: Call) -> bool:
        return bool(waiting.jobs(call)) or call.path.endswith(_LONG)

    def normalise_path(self, path: str) -> str:
        """Rails ignores a trailing slash, doubled slashes, and a final `.json`."""
        path = (_SLASHES.sub("/", path) if "//" in path else path).rstrip("/") or "/"
        return path.removesuffix(".json") if path.startswith("/api/") else path

    def respond_early(self, call: Call) -> None:
        """Refuse clients without a User-Agent or over their rate limit; read scheme and method; keep encoded slashes.

        An identifier (`sis_course_id:A%2FB`) may hold one.
        """
        if call.settings.require_user_agent and not call.headers.get("user-agent"):
            raise refusals.no_user_agent()
        limits.admit(call)
        if "\ufffd" in call.path:
            _hold_to_utf8(call.raw_path)
        if call.headers.get("x-forwarded-proto") == "https":
            call.scheme = "https"
        if call.method == "POST" and (named := _overridden(call)) != call.method:
            call.per_request(Sent).method = call.notes["method_sent"] = call.method
            call.method = named
        if b"%" in call.raw_path and b"%2f" in call.raw_path.lower():
            segments = call.raw_path.split(b"/")
            call.path = "/".join(
                unquote(segment.decode("latin-1"), errors="replace").replace("/", ENCODED_SLASH) for segment in segments
            )

    def not_found(self, call: Call) -> Refusal:
        """The school's page, whatever the client asked for."""
        if not call.path.startswith("/api/"):
            browser.identify(api := Api(call, Params({})), refuse_ended=False)
            note_identity(api)
        return refusals.page_not_found(f"{call.path} exists")

    def hint_for_unknown_path(self, path: str) -> str | None:
        """A SIS id may hold a slash, which has to be encoded."""
        if (found := _CUT_ID.search(path)) is not None and self.leads_somewhere(path.replace(found[0], "/1", 1)):
            whole = found[0].removeprefix("/")
            return f"`{whole}` was taken for two parts of the path; write a slash within an id as %2F"
        return super().hint_for_unknown_path(path)

    def only_fits(
        self, route: Route, params: Mapping[str, Any], method: str, path: str, world: World | None = None
    ) -> bool:
        """Also a route in a part that the site does not have."""
        site = None if world is None else world.settings(self.name)
        parts = {} if site is None else {analytics.TAG: site.analytics, new_quizzes.TAG: site.new_quizzes}
        return not parts.get(route.tag, True) or super().only_fits(route, params, method, path, world)

    def before_missing(self, call: Call) -> None:
        """REST and GraphQL authenticate the caller before looking at the operation."""
        if not call.path.startswith(_BY_PERSON):
            return
        call.per_request(Identity).sought = True
        api = Api(call, parameters.read(call))
        identify(api)
        if call.path == GRAPHQL and api.caller is None and wire.asked_for(call) == "html":
            raise to_login(call.url("/login"), "Authorization: Bearer <token>")
        if call.path == GRAPHQL:
            _ = api.user

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal:
        """Rails has no route for another method: the same 404."""
        refusal = self.not_found(call)
        refusal.check, refusal.expected, refusal.got = "method", list(allowed), call.method
        return refusal

    def body_unreadable(self, call: Call, why: str) -> Refusal:
        return refusals.unreadable_body(call.path, why)

    def render(self, call: Call, refusal: Refusal) -> Response:
        return wire.render(call, refusal)

    def finish(self, call: Call, response: Response) -> None:
        raw = response.raw_headers
        if _JSON in raw and response.body:
            raw[raw.index(_JSON)] = (b"content-type", wire.JSON.encode())
        wire.share(call, response)
        rest = call.path.startswith("/api/")
        visitor, identity = call.per_request_if_used(Browser), call.per_request_if_used(Identity)
        served = call.route is not None or (identity is not None and identity.sought)
        unread = response.status_code == 500 and (b"content-type", b"text/plain") in raw
        if served and not (visitor is not None and visitor.quiet) and not unread:
            limits.add_headers(call, response)
        if served and not rest and (call.path != oauth.TOKEN or call.method == "DELETE"):
            browser.open_session(call)
        if served and visitor is None and call.cookies:
            visitor = browser.find(call)
        if served and (not rest or (visitor is not None and (visitor.session is not None or visitor.cookies))):
            browser.add_cookies(call, response)
        if identity is None:
            return
        if identity.user_id is not None:
            raw.append((b"x-canvas-user-id", b"%d" % global_id(identity.user_id)))
        if identity.real_user_id is not None:
            raw.append((b"x-canvas-real-user-id", b"%d" % global_id(identity.real_user_id)))

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return read(world.store(self.name), bases)
