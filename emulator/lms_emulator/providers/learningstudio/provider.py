"""Pearson LearningStudio as a provider of the emulator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from starlette.responses import Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.provider import Provider
from lms_emulator.core.worlds.world import World
from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.credentials import identify
from lms_emulator.providers.learningstudio.info import Info, read
from lms_emulator.providers.learningstudio.model import LearningStudioStore, Section, problems
from lms_emulator.providers.learningstudio.routes import ROUTES
from lms_emulator.providers.learningstudio.settings import LearningStudioSettings
from lms_emulator.providers.learningstudio.wire import Call


class LearningStudio(Provider[LearningStudioStore, LearningStudioSettings]):
    """`api.learningstudio.com`, as it was until 2016, and its older alias."""

    name: ClassVar[str] = "learningstudio"
    title: ClassVar[str] = "Pearson LearningStudio"
    hosts: ClassVar[tuple[str, ...]] = ("api.learningstudio.com", "m-api.ecollege.com", "m-api.ecollege-labs.com")
    section: ClassVar[type[Any]] = Section
    store = LearningStudioStore
    settings = LearningStudioSettings
    routes: ClassVar[tuple[Route, ...]] = ROUTES
    case_insensitive_paths: ClassVar[bool] = True
    package: ClassVar[str] = "lms_emulator.providers.learningstudio"

    def problems(self, section: Section) -> Iterable[str]:
        return problems(section)

    def normalise_path(self, path: str) -> str:
        """Without the format at its end; every path can have one."""
        lowered = path.lower()
        if lowered.endswith(".json"):
            return path[:-5]
        return path[:-4] if lowered.endswith(".xml") else path

    def respond_early(self, x: Call) -> Response | None:
        """A bare `|` in a path has been refused since January 2015, before anything else is looked at."""
        if b"|" in x.raw_path:
            if x.settings.raw_pipe_in_path == "refuse":
                raise wire.bad_request(
                    "raw_pipe_in_path",
                    "Bad Request.",
                    check="no bare | in the path",
                    expected="%7C",
                    got=x.raw_path.decode("latin-1"),
                    diagnosis="percent-encode the pipe as %7C, in the request and in the signed path",
                )
            x.warn("raw_pipe_in_path", "A bare | in the path; the real service has refused it since 2015-01-23.")
        return None

    def render(self, x: Call, refusal: Refusal) -> Response:
        return wire.error(x, refusal)

    def not_found(self, x: Call) -> Refusal:
        """Credentials that are there are looked at first, so that a wrong signature is a 401 on any path."""
        identify(x)
        return wire.not_found("Resource", x.path)

    def method_not_allowed(self, x: Call, allowed: tuple[str, ...]) -> Refusal:
        identify(x)
        return Refusal(
            "method_not_allowed",
            status=x.settings.wrong_method_status,
            message="The method is not allowed for this resource.",
            check="a method of this path",
            expected=", ".join(allowed),
            got=x.method,
            headers={"Allow": ", ".join(allowed)},
        )

    def info(self, world: World, bases: dict[str, str]) -> Info:
        return read(world.store("learningstudio"), bases)
