"""What makes a provider: a name, hosts, a section of the world file, tables, settings, routes, and wire formats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.pages import refused
from lms_emulator.core.http.refusals import Refusal, Unhandled
from lms_emulator.core.http.routing import Route, Router
from lms_emulator.core.state.store import Store

if TYPE_CHECKING:
    from lms_emulator.core.catalogue import Catalogue, Operation
    from lms_emulator.core.worlds.world import World


StoreT = TypeVar("StoreT", bound=Store)
SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


class Provider(Generic[StoreT, SettingsT]):
    """Base of an emulated site family. One instance serves every world; it keeps no state of its own.

    A subclass sets the class attributes and implements `not_found`, `method_not_allowed` and, unless all
    its refusals are `SiteRefusal`s, `render`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    """Real host names, the principal one first; `*.example.com` matches any name below it."""
    section: ClassVar[type[msgspec.Struct]]
    """The provider's section of a world file. Its list fields named in `Store.tables` become tables."""
    store: type[StoreT]
    settings: type[SettingsT]
    routes: ClassVar[tuple[Route, ...]]
    case_insensitive_paths: ClassVar[bool] = False
    package: ClassVar[str]
    """The provider's import package, where `demo.toml`, `catalogue.tsv` and `templates/` lie."""
    ignored_parameters: ClassVar[frozenset[str]] = frozenset()
    """Parameters that the real provider accepts in any request and ignores, such as a submit button's name."""
    shaping_parameters: ClassVar[frozenset[str]] = frozenset()
    """What only says how an item of a list is written; nothing reads it where the list is empty."""
    spelt_out: ClassVar[frozenset[str]] = frozenset()
    """Templates of routes that serve what the catalogue spells out: `/{version}/me`, where that has `/v1/me`."""
    tables_of_words: ClassVar[Mapping[str, str]] = {}
    """The tables of records that paths name by another word than the table's: `files`, which are `attachments`."""
    kinds_of_ids: ClassVar[Mapping[str, Collection[str]]] = {}
    """By table, what may stand before an id that is not its number: `sis_course_id:7`."""
    oauth_paths: ClassVar[tuple[str, ...]] = ()
    """The token endpoint, and where people authorize an application."""
    controls: ClassVar[tuple[Route, ...]] = ()
    """Calls of the control API that only this provider has, below `/_emulator/<name>`; see `core.controls`."""

    @cached_property
    def router(self) -> Router:
        """The routes, compiled on first use."""
        return Router(self.routes, case_insensitive=self.case_insensitive_paths)

    @cached_property
    def control_router(self) -> Router:
        """The provider's own control calls, compiled on first use."""
        return Router(self.controls)

    @cached_property
    def catalogue(self) -> Catalogue | None:
        """The real provider's operations, read on first use; None without a catalogue."""
        try:
            text = resources.files(self.package).joinpath("catalogue.tsv").read_text("utf-8")
        except FileNotFoundError:
            return None
        from lms_emulator.core.catalogue import Catalogue

        return Catalogue(text)

    @cached_property
    def _words(self) -> dict[int, frozenset[str]]:
        return {}

    def only_fits(
        self, route: Route, params: Mapping[str, Any], method: str, path: str, world: World | None = None
    ) -> bool:
        """Whether the real provider has a different operation where one of our routes only happens to match.

        It does if it has a literal word in place of our parameter (`/grades/categories/`, and we have
        `/grades/{gradeObjectId}`), or if our route merely refuses other methods.
        """
        refuses_methods = not route.methods and self._refuses_methods(route)
        if not refuses_methods:
            words = self._words.get(id(route))
            if words is None:
                words = self._words[id(route)] = self._words_of(route)
            if not words or not self._names_one(words, params):
                return False
        assert self.catalogue is not None, "only a route that overlaps with it comes here"
        found = self.catalogue.find(method, path)
        if found is None or (world is not None and not found.exists_on(world.as_of)):
            return False
        return "ANY" not in found.methods if refuses_methods else self.catalogue.is_other(route.path, found.path)

    def _words_of(self, route: Route) -> frozenset[str]:
        if self.catalogue is None or route.path in self.spelt_out:
            return frozenset()
        return self.catalogue.words(route.path)

    def _names_one(self, words: frozenset[str], params: Mapping[str, Any]) -> bool:
        for value in params.values():
            text = str(value).lower() if self.case_insensitive_paths else str(value)
            if text in words or ("/" in text and not words.isdisjoint(text.split("/"))):
                return True
        return False

    def _refuses_methods(self, route: Route) -> bool:
        return self.catalogue is not None and any(other.methods and other.path == route.path for other in self.routes)

    def demo_text(self) -> str:
        """The provider's part of the demo world, as TOML."""
        return resources.files(self.package).joinpath("demo.toml").read_text("utf-8")

    def problems(self, section: Any) -> Iterable[str]:
        """What is wrong with a well-formed section (dangling references, impossible values).

        One line each, beginning with the place (`courses[2].institution: …`).
        """
        return ()

    def normalise_path(self, path: str) -> str:
        """The path as the real provider's router would see it."""
        return path

    def as_catalogued(self, path: str) -> str:
        """The path in the form in which the catalogue has it, for a request that no route takes."""
        return path

    def operation(self, exchange: Exchange[StoreT, SettingsT]) -> Operation | None:
        """The operation of the catalogue that a request is for."""
        return (
            self.catalogue.find(exchange.method, self.normalise_path(exchange.path))
            if self.catalogue is not None
            else None
        )

    def has_waiting_work(self, exchange: Exchange[StoreT, SettingsT]) -> bool:
        """Whether the request has to run long jobs first that earlier ones left behind."""
        return False

    def method_of(self, exchange: Exchange[StoreT, SettingsT]) -> str:
        """The method by which to look up a route: the request's own, or one that a header overrides it with."""
        return exchange.method

    def respond_early(self, exchange: Exchange[StoreT, SettingsT]) -> Response | None:
        """Answer before routing (CORS preflight, throttling); None continues. May raise a Refusal."""
        return None

    def admit(self, exchange: Exchange[StoreT, SettingsT]) -> Response | None:
        """Answer between routing and the handler (an invalid session); None continues. May raise a Refusal.

        Paths without a route do not come here: `not_found` and `method_not_allowed` call it if it applies to them.
        """
        return None

    def before_missing(self, exchange: Exchange[StoreT, SettingsT]) -> None:
        """Raise what the platform would refuse anyway (an invalid token) of an operation that is not emulated."""

    def render(self, exchange: Exchange[StoreT, SettingsT], refusal: Refusal) -> Response:
        """The refusal in the provider's own wire format; a `SiteRefusal` names its own form."""
        return refused(self.package, refusal)

    def not_found(self, exchange: Exchange[StoreT, SettingsT]) -> Refusal | Response:
        """The answer to a path without a route.

        Trailing-slash rules belong here too: `leads_somewhere` says whether the path would have a route with its slash.
        """
        raise NotImplementedError

    def leads_somewhere(self, path: str) -> bool:
        """Whether a decoded path has a route, with any method."""
        return self.router.knows(self.normalise_path(path))

    def method_not_allowed(self, exchange: Exchange[StoreT, SettingsT], allowed: tuple[str, ...]) -> Refusal | Response:
        """The answer to a known path with an unsupported method."""
        raise NotImplementedError

    def body_too_large(self, exchange: Exchange[StoreT, SettingsT], setting: str, limit: int) -> Refusal:
        """The answer to a body over a limit; it was not read, or not parsed.

        Parameters: `setting`, which of `emulator` the limit is, such as `max_body_bytes`.
        """
        return Refusal(
            "body_too_large",
            status=413,
            message="Request Entity Too Large",
            check=f"body within `emulator.{setting}`",
            expected=f"at most {limit} {setting.rpartition('_')[2]}",
            diagnosis=f"raise the setting emulator.{setting} if the real provider accepts more",
        )

    def body_unreadable(self, exchange: Exchange[StoreT, SettingsT], why: str) -> Refusal:
        """The answer to an unreadable form or JSON body, unless the handler has one of its own.

        Parameters: `why`, the parser's own words.
        """
        return Refusal(
            "body_unreadable", status=400, message="Bad Request", check="the body can be read", got=why, diagnosis=why
        )

    def why_refused(self, exchange: Exchange[StoreT, SettingsT], refusal: Refusal) -> str | None:
        """A diagnosis for a refusal that has none: where the missing record is.

        A provider with roles adds which permission was missing, and who has it.
        """
        from lms_emulator.core.access.whereabouts import why_not_found

        missing = refusal.status == 404 or refusal.reason == "not_found" or refusal.reason.startswith("unknown_")
        return why_not_found(exchange, refusal) if missing else None

    def failed(self, exchange: Exchange[StoreT, SettingsT], failure: Unhandled) -> Response:
        """The real provider's answer to input that it fails on."""
        raise failure

    def crashed(self, exchange: Exchange[StoreT, SettingsT]) -> Response:
        """The answer when our own code fails: not the provider's behaviour, and the journal says so."""
        return Response("Internal Server Error", 500, media_type="text/plain")

    def finish(self, exchange: Exchange[StoreT, SettingsT], response: Response) -> None:
        """Add what every answer of the provider carries. Changes `response` in place."""

    def info(self, world: World, bases: dict[str, str]) -> msgspec.Struct:
        """What `GET /_emulator/info` returns: base URLs, demo credentials and ids. Keys are an interface."""
        raise NotImplementedError

    def hint_for_unknown_path(self, path: str) -> str | None:
        """What comes closest to a path that was not found, and how much its absence means, for the journal."""
        from lms_emulator.core.access.unknown_paths import hint

        return hint(self, path)


AnyProvider = Provider[Any, Any]
