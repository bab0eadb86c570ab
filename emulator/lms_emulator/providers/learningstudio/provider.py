"""LearningStudio as a provider of the emulator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.provider import Provider
from lms_emulator.providers.learningstudio import checks, refusals, wire
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.credentials import identify
from lms_emulator.providers.learningstudio.info import Info, describe
from lms_emulator.providers.learningstudio.model.section import LearningStudioStore, Section
from lms_emulator.providers.learningstudio.routes import ROUTES
from lms_emulator.providers.learningstudio.settings import LearningStudioSettings

if TYPE_CHECKING:
    from lms_emulator.core.worlds.world import World


class LearningStudio(Provider[LearningStudioStore, LearningStudioSettings]):
    """`api.learningstudio.com`, as it was until 2016, and its older alias."""

    name = "learningstudio"
    title = "Pearson LearningStudio"
    hosts = ("api.learningstudio.com", "m-api.ecollege.com", "m-api.ecollege-labs.com", "prospero.ecollege.com")
    section = Section
    store = LearningStudioStore
    settings = LearningStudioSettings
    routes = ROUTES
    case_insensitive_paths = True
    package = "lms_emulator.providers.learningstudio"
    ignored_parameters = frozenset({"UseSourceDomain", "useSourceDomain"})
    """It changes the links of an answer, which not every answer has."""
    spelt_out = frozenset({"/courses/{course_id}/textMultimedias/{document_id}/{content_path:path}"})

    def problems(self, section: Any) -> Iterable[str]:
        return checks.problems(section)

    def normalise_path(self, path: str) -> str:
        """The path without the optional format suffix (`.json`, `.xml`)."""
        lowered = path.lower()
        if lowered.endswith(".json"):
            return path[:-5]
        return path[:-4] if lowered.endswith(".xml") else path

    def method_of(self, call: Call) -> str:
        """The method with which X-METHOD-OVERRIDE replaces POST; the signature still covers POST."""
        other = call.headers.get("x-method-override", "").strip().upper()
        return other if call.method == "POST" and other and call.settings.method_override == "honour" else call.method

    def respond_early(self, call: Call) -> Response | None:
        """Refuse an unencoded `|` in the path before anything else is checked."""
        if b"|" in call.raw_path:
            if call.settings.raw_pipe_in_path == "refuse":
                raise refusals.raw_pipe_in_path(call.raw_path.decode("latin-1"))
            call.warn(
                "raw_pipe_in_path", "The path has an unencoded |; the real service has refused it since 2015-01-23."
            )
        return None

    def render(self, call: Call, refusal: Refusal) -> Response:
        return wire.render(call, refusal)

    def not_found(self, call: Call) -> Refusal:
        """Credentials, if any, are checked first, so that a wrong signature is a 401 on any path."""
        identify(call)
        return refusals.not_found("Resource", call.path)

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal:
        identify(call)
        return refusals.method_not_allowed(call, allowed)

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return describe(world.store(self.name), bases)
