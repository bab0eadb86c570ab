"""The Open edX LMS as a provider."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import Response

from lms_emulator.core.access.slips import undone
from lms_emulator.core.http.not_emulated import operation_not_emulated
from lms_emulator.core.http.refusals import Refusal, Unhandled
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.lti.controls import controls
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, Caller
from lms_emulator.providers.openedx.lti.keys import KEYS
from lms_emulator.providers.openedx.model.section import OpenedxSection, OpenedxStore
from lms_emulator.providers.openedx.routes import ROUTES
from lms_emulator.providers.openedx.rules import standing
from lms_emulator.providers.openedx.settings import OpenedxSettings
from lms_emulator.providers.openedx.web import event_bus, methods, middleware

if TYPE_CHECKING:
    from lms_emulator.core.worlds.world import World
    from lms_emulator.providers.openedx.info import Info

_COURSE = re.compile(r"/courses/(?!v\d)([^/]+)")
_SPACED = re.compile(r"course-v1:[^/+, ]{1,255} [^/+, ]{1,255} [^/+, ]{1,255}")
_OLD_KEY = re.compile(r"^/courses/[^/+:]+/[^/+:]+/[^/+:]+(?=/.)")
_FRONT_END = re.compile(r"(?:/.*)?/course/course-v1:|/course-v1:[^/]+/posts/")
_STUDIO = "/settings/grading/course-v1:"


def _why_no_key(call: Call) -> str | None:
    """The mistake in how the servers' API key was sent; None if it was not sent, or sent correctly."""
    key: str | None = call.store.section.edx_api_key
    if not key:
        return None
    if key in (call.headers.get("authorization", "").rpartition(" ")[2], call.headers.get("x-api-key")):
        return "this is the API key of servers: send it as `X-Edx-Api-Key: …`"
    sent = call.headers.get("x-edx-api-key")
    if not sent or sent == key:
        return None
    why = next((why for why, meant in undone(sent) if meant == key), "")
    return f"X-Edx-Api-Key is the right one, but {why}" if why else "X-Edx-Api-Key is another one than the site's"


class Openedx(Provider[OpenedxStore, OpenedxSettings]):
    """An Open edX LMS between the Teak and Ulmo releases, as a Tutor deployment sets it up."""

    name = "openedx"
    title = "Open edX"
    hosts = ("local.openedx.io", "courses.edx.org", "edx.ektu.kz")
    section = OpenedxSection
    store = OpenedxStore
    settings = OpenedxSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    controls: ClassVar[tuple[Route, ...]] = controls(KEYS)
    package = "lms_emulator.providers.openedx"
    oauth_paths: ClassVar[tuple[str, ...]] = ("/oauth2/access_token", "/oauth2/authorize")
    tables_of_words: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("username", "who", "account"), "users"),
        "lti-ags": "lti_line_items",
        "lti_config": "lti_tools",
    }
    spelt_out = frozenset(
        {
            "/admin/{app}/{model}/",
            "/admin/{app}/{model}/add/",
            "/admin/{app}/{model}/{number:int}/",
            "/admin/{app}/{model}/{number:int}/change/",
            "/admin/{app}/{model}/{number:int}/delete/",
            *(route.path for route in ROUTES if "{version}" in route.path),
        }
    )

    def why_refused(self, call: Call, refusal: Refusal) -> str | None:
        if refusal.status == 403 and getattr(refusal, "style", "") != "lti":
            return standing.why_not(call)
        if (
            refusal.reason == "not_authenticated"
            and not call.headers.get("authorization")
            and credentials.has_api_key(call)
        ):
            return "X-Edx-Api-Key is right, but this resource does not look at it: send a token of a user"
        if refusal.status == 401 and (why := _why_no_key(call)) is not None:
            return why
        if refusal.status in (400, 404):
            for sent in standing.sent_keys(call, refusal.got):
                if (why := standing.why_no_course(call, sent)) is not None:
                    return why
            odd = (str(value) for name, value in call.path_params.items() if name in ("course_id", "course_key"))
            if refusal.status == 400 and (text := next(odd, "course-v1:")) and not text.startswith("course-v1:"):
                return f"`{text[:100]}` is not a course key; it is written course-v1:Org+Course+Run"
            if "course" in refusal.reason and isinstance(refusal.got, str) and not refusal.got.startswith("course-v1:"):
                what = f"`{refusal.got[:100]}` is not a course key" if refusal.got else "no course key was sent"
                return f"{what}; it is written course-v1:Org+Course+Run"
        if isinstance(refusal.got, str) and (user := call.store.users.first("email", refusal.got.lower())) is not None:
            return f"`{refusal.got}` is the e-mail address of {user.username}; send the username"
        if refusal.reason == "token_nonexistent":
            return "the site has no such token; each refresh and each revocation removes the one before"
        return super().why_refused(call, refusal)

    def hint_for_unknown_path(self, path: str) -> str | None:
        """Diagnose paths with a malformed course key, and those of micro-frontends, which the LMS does not serve."""
        if _FRONT_END.match(path):
            where = "the setting openedx.deployment or `micro_frontends` of the world file says where they are"
            return f"this is an address of a micro-frontend, which the LMS is not; {where}"
        if path.startswith(_STUDIO):
            return "this is an address of Studio, which is not emulated, and no part of the LMS"
        if (spaced := _SPACED.search(path)) is not None:
            return f"`{spaced[0]}` is the key of a course whose `+` was sent as spaces; in a path `+` or %2B is right"
        sent = _COURSE.search(path)
        if sent is not None and self.catalogue is not None and "+" not in sent[1]:
            meant = f"{path[: sent.start(1)]}course-v1:Org+Course+Run{path[sent.end(1) :]}"
            if self.catalogue.at(meant) or self.catalogue.at(meant.rstrip("/")):
                return f"`{sent[1]}` is not a course key, written course-v1:Org+Course+Run; `+` or %2B in a path"
        return super().hint_for_unknown_path(path)

    def problems(self, section: Any) -> Iterable[str]:
        """References to records that do not exist, clashing keys, unreadable course keys."""
        from lms_emulator.providers.openedx import checks

        return checks.problems(section)

    def normalise_path(self, path: str) -> str:
        """Collapse several slashes at the beginning into one."""
        return "/" + path.lstrip("/") if path.startswith("//") else path

    def as_catalogued(self, path: str) -> str:
        """With a key of a course as one segment that may be three, `org/course/run`."""
        return _OLD_KEY.sub("/courses/key", path)

    def method_of(self, call: Call) -> str:
        """A view that ignores the method answers every method like GET.

        OPTIONS where a resource is not served counts as a method that it has.
        """
        if call.method in ("GET", "HEAD") or self.catalogue is None:
            return call.method
        path = self.normalise_path(call.path)
        if self.router.match(call.method, path)[0] is not None:
            return call.method
        found = self.catalogue.find(call.method, path)
        if found is not None:
            return "GET" if "ANY" in found.methods and self.router.match("GET", path)[0] else call.method
        if call.method == "OPTIONS" and methods.answers_options(path) and not self.router.knows(path):
            return next((operation.methods[0] for operation in self.catalogue.at(path)), call.method)
        return call.method

    def respond_early(self, call: Call) -> Response | None:
        """CORS preflight."""
        return middleware.preflight(call)

    def admit(self, call: Call) -> Response | None:
        """Check the session cookie, and the CSRF token at a page that ignores the method."""
        early = middleware.open_session(call)
        if (
            early is None
            and call.method not in methods.SAFE
            and call.route is not None
            and call.route.methods == ("GET",)
        ):
            methods.check_csrf(call)  # the page answers it like GET
        return early

    def before_missing(self, call: Call) -> None:
        """A resource that is not emulated still refuses invalid credentials."""
        path = self.normalise_path(call.path)
        if methods.is_resource(path):
            methods.refuse_credentials(call, path)

    def render(self, call: Call, refusal: Refusal) -> Response:
        """The refusal in its dialect."""
        return wire.render(call, refusal)

    def failed(self, call: Call, failure: Unhandled) -> Response:
        """The site's 500 page."""
        return wire.server_failure(call, failure)

    def not_found(self, call: Call) -> Refusal | Response:
        """A redirect to the path with its final slash where that has a route, else the site's 404 page."""
        slashed = f"{call.path}/"
        known = self.catalogue is not None and self.catalogue.at(self.normalise_path(slashed))
        if not call.path.endswith("/") and (self.leads_somewhere(slashed) or known):
            return middleware.append_slash(call)
        return self.admit(call) or refusals.page_not_found(call.path)

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal | Response:
        """A 405, after the checks that precede it.

        At a resource that is not emulated, only callers with all rights are known to get this far.
        """
        path = self.normalise_path(call.path)
        refusal = self.admit(call) or methods.refuse(call, path, allowed, served=self.leads_somewhere(call.path))
        user, known = call.per_request(Caller).identity, self.catalogue.at(path) if self.catalogue is not None else []
        unsure = user is not None and not user.user.is_superuser and known and not self.router.knows(path)
        if unsure and self.catalogue is not None and call.world.emulator.not_emulated == "refuse":
            raise operation_not_emulated(self.catalogue, known[0], self.name, known[0].methods[0])
        return refusal

    def finish(self, call: Call, response: Response) -> None:
        """Events, cookies, and the headers that every page and API of the site carries."""
        event_bus.publish_changes(call)
        middleware.finish(call, response)

    def info(self, world: World, bases: dict[str, str]) -> Info:
        """Credentials and ids of the world."""
        from lms_emulator.providers.openedx.info import read

        return read(world.store(self.name), world.clock.now(), bases)
