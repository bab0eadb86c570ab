"""OpenLearning as a provider of the emulator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.provider import Provider
from lms_emulator.providers.openlearning import checks, refusals, wire
from lms_emulator.providers.openlearning.call import LAUNCH_PATH, Call, version
from lms_emulator.providers.openlearning.info import Info, describe
from lms_emulator.providers.openlearning.model import OpenLearningStore, Section
from lms_emulator.providers.openlearning.routes import ROUTES
from lms_emulator.providers.openlearning.settings import OpenLearningSettings

if TYPE_CHECKING:
    from lms_emulator.core.worlds.world import World

_UNKNOWN_CALLS = {
    "/completions/": "this API has no known completions endpoint",
    "/members/": "this API has no known members endpoint",
    "/oauth/": "this API has no known OAuth endpoint; calls are authorised by API key",
}


class OpenLearningProvider(Provider[OpenLearningStore, OpenLearningSettings]):
    """API v2.1 and v2.2, sign-on by LTI 1.1, and the v1 provisioning API."""

    name = "openlearning"
    title = "OpenLearning"
    hosts = ("api.openlearning.com", "www.openlearning.com", "openlearning.com", "qa-api.openlearning.com")
    section = Section
    store = OpenLearningStore
    settings = OpenLearningSettings
    routes = ROUTES
    package = wire.PACKAGE

    def problems(self, section: Any) -> Iterable[str]:
        return checks.problems(section)

    def render(self, call: Call, refusal: Refusal) -> Response:
        return wire.render(call, refusal)

    def not_found(self, call: Call) -> Refusal | Response:
        """404, or a redirect to the path with its trailing slash: on the web site always, in the API if the setting
        says so."""
        slashed = call.path + "/"
        if not call.path.endswith("/") and self.leads_somewhere(slashed) and not self._is_no_portal(call, slashed):
            if version(call) and call.settings.trailing_slash == "strict":
                call.warn("missing_trailing_slash", "the path exists only with a trailing slash")
                return refusals.missing_trailing_slash(call.path)
            return self._add_slash(call)
        if version(call):
            return refusals.no_such_endpoint(call.path, self._hint(call))
        if call.path.startswith("/api/"):
            return refusals.v1_not_found(call.path, self._hint(call))
        return refusals.page_not_found(call.path, self._hint(call))

    def _is_no_portal(self, call: Call, path: str) -> bool:
        """Whether the path merely looks like an institution's portal, which does not exist."""
        name = path.strip("/")
        return "/" not in name and call.store.institutions.get(name) is None

    def _add_slash(self, call: Call) -> Response:
        """Redirect as Django's APPEND_SLASH does, which turns a POST without the slash into a GET without its
        fields."""
        call.warn(
            "missing_trailing_slash",
            "redirected to the path with a trailing slash; following that turns a POST into a GET without its fields",
        )
        query = "?" + call.query_string.decode("latin-1") if call.query_string else ""
        location = f"{call.base_url}{call.raw_path.decode('latin-1')}/{query}"
        return Response(b"", 301, {"Location": location}, media_type="text/html; charset=utf-8")

    def _hint(self, call: Call) -> str | None:
        if call.path.startswith("/api/provision/course/courses/"):
            return "this is the old form of the path; the new one is /api/provision/course/<New Course Path>/"
        if call.path.startswith("/api/provision/class/courses/"):
            return "omit `courses/` from the course path: /api/provision/class/<Existing Course Path>/"
        return next((hint for part, hint in _UNKNOWN_CALLS.items() if part in f"{call.path}/"), None)

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal | Response:
        """405 with `Allow`. Launches allow only POST, whatever the setting for GET is."""
        if self._is_no_portal(call, call.path):
            return self.not_found(call)
        if call.path == LAUNCH_PATH:
            return refusals.launch_method(check="the method is POST", expected="POST", got=call.method)
        return refusals.method_not_allowed(call.method, allowed)

    def info(self, world: World, bases: dict[str, str]) -> Info:
        """Credentials and ids of the world's first institution, for tests."""
        return describe(world.store(self.name), world.settings(self.name), bases)
