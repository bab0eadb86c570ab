"""The Open edX LMS as a provider."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.providers.openedx import safe_cookie, visits, wire
from lms_emulator.providers.openedx.model.section import OpenedxSection, OpenedxStore
from lms_emulator.providers.openedx.routes import ROUTES
from lms_emulator.providers.openedx.settings import OpenedxSettings

if TYPE_CHECKING:
    from lms_emulator.core.worlds.world import World
    from lms_emulator.providers.openedx.info import Info
    from lms_emulator.providers.openedx.visits import Call

CORS_HEADERS = (
    "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with, cache-control, expires, pragma, "
    "use-jwt-cookie"
)
CORS_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"


class Openedx(Provider[OpenedxStore, OpenedxSettings]):
    """An Open edX LMS between the Teak and Ulmo releases, as a Tutor deployment sets it up."""

    name = "openedx"
    title = "Open edX"
    hosts = ("local.openedx.io", "courses.edx.org", "edx.ektu.kz")
    section = OpenedxSection
    store = OpenedxStore
    settings = OpenedxSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    package = "lms_emulator.providers.openedx"

    def problems(self, section: Any) -> Iterable[str]:
        """References to users and applications that are not there, and clashing keys."""
        from lms_emulator.providers.openedx.model.checks import problems
        from lms_emulator.providers.openedx.rules import checks

        return (*problems(section), *checks.problems(section))

    def normalise_path(self, path: str) -> str:
        """Several slashes at the beginning count as one."""
        return "/" + path.lstrip("/") if path.startswith("//") else path

    def respond_early(self, x: Call) -> Response | None:
        """CORS preflight, the missing slash, and what the session cookie alone decides."""
        if x.method == "OPTIONS" and "access-control-request-method" in x.headers and "origin" in x.headers:
            return _preflight(x)
        if not x.path.endswith("/") and self._slash_is_missing(x):
            visits.of(x).bare = True
            query = f"?{x.query_string.decode('latin-1')}" if x.query_string else ""
            return wire.redirect(f"{x.prefix}{quote(x.path, safe=wire.SAFE_IN_PATH)}/{query}", 301)
        if visits.SESSION_COOKIE in x.cookies:
            return _session(x)
        return None

    def _slash_is_missing(self, x: Call) -> bool:
        path = self.normalise_path(x.path)
        here = self.router.match(x.method, path)
        if here.route is not None or here.allowed:
            return False
        there = self.router.match(x.method, path + "/")
        return there.route is not None or bool(there.allowed)

    def render(self, x: Call, refusal: Refusal) -> Response:
        """The refusal in the dialect it names."""
        from lms_emulator.providers.openedx import rendering

        return rendering.render(x, refusal)

    def not_found(self, x: Call) -> Refusal | Response:
        """The site's 404 page, whatever was asked for."""
        return wire.page_not_found(x.path)

    def method_not_allowed(self, x: Call, allowed: tuple[str, ...]) -> Refusal | Response:
        """Django's empty 405."""
        return wire.OpenedxRefusal(
            "method_not_allowed",
            status=405,
            style="empty",
            headers={"allow": ", ".join(allowed)},
            check="method",
            expected=list(allowed),
            got=x.method,
        )

    def finish(self, x: Call, response: Response) -> None:
        """Cookies and the headers that every page and API of the site carries."""
        visits.leave(x, response)

    def info(self, world: World, bases: dict[str, str]) -> Info:
        """Credentials and ids of the world."""
        from lms_emulator.providers.openedx.info import read

        return read(world.store(self.name), world.clock.now(), bases)


def _preflight(x: Call) -> Response:
    visits.of(x).bare = True
    headers = {"vary": "origin, Cookie"}
    origin = x.headers["origin"]
    if origin in x.store.section.cors_origin_whitelist:
        headers |= {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-allow-headers": CORS_HEADERS,
            "access-control-allow-methods": CORS_METHODS,
        }
    return wire.empty(200, headers)


def _session(x: Call) -> Response | None:
    if safe_cookie.parse(x.cookies[visits.SESSION_COOKIE]) is None:
        x.notes["provider_defect"] = True
        visits.of(x).bare = True
        text = "A server error occurred.  Please contact the administrator."
        return Response(text, 500, {"content-type": "text/plain"})
    visits.open_session(x)
    visit = visits.of(x)
    if visits.session_is_forged(x):
        raise wire.session_forged(visit.session_user.username if visit.session_user is not None else "")
    if visit.session_user is not None and visit.session_user.standing == "disabled":
        raise wire.account_disabled(visit.session_user.username)
    return None
