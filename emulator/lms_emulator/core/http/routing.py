"""Routes, declared once: the journal, the `routes` command, the docs and OpenAPI all read the declaration."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import msgspec
from starlette.responses import Response
from starlette.routing import compile_path

from lms_emulator.core.evidence import Evidence

_MOST_KNOWN = 1_024
"""How many answers a router remembers."""
_LONGEST_KNOWN = 256
"""A longer path is looked up each time."""
Handler = Callable[[Any], Response | Awaitable[Response]]


class Route(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One operation of a provider.

    Parameters:
        methods: HTTP methods; GET serves HEAD as well. Empty: every method.
        path: template, `/users/{user_id}/`; `{name:path}` spans slashes, `{name:int}` digits.
        regex: instead of matching the template, a pattern over the whole decoded path with named groups, for
            providers whose own router works with patterns; `path` is then for people.
        handler: called with the `Exchange`; returns a Starlette response or raises a `Refusal`.
        evidence, source: how sure this operation is, and where a reader can check that.
        summary: one line for people.
        tag: the family it belongs to in documents.
        defect: whether lists of routes say that the real provider fails on some input (by a 500).
        since, until: the day on which the real provider got the operation, and the day on which it lost it.
        ignores: parameters that the real provider accepts and ignores too.
        openapi: further keys of the operation object (parameters, requestBody, responses, security).
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    evidence: Evidence
    source: str
    summary: str
    regex: str | None = None
    tag: str = ""
    defect: bool = False
    since: str = ""
    until: str = ""
    ignores: tuple[str, ...] = ()
    openapi: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """`GET,POST /path`, as the journal shows it."""
        return f"{','.join(self.methods) or '*'} {self.path}"

    def exists_on(self, day: date) -> bool:
        """Whether the real provider has the operation on that day."""
        if not self.since and not self.until:
            return True
        written = day.isoformat()
        return self.since <= written and (not self.until or written < self.until)


Row: TypeAlias = tuple[str, Handler, str] | tuple[str, Handler, str, str]


def family(tag: str, source: str, evidence: Evidence, *rows: Row) -> tuple[Route, ...]:
    """Routes that belong together and have the same source.

    Parameters: `rows`, each an operation (`GET POST /path`), its handler, one line for people and, where the place in
    the source has a name of its own, that.
    """
    routes = []
    for operation, handler, summary, *place in rows:
        *methods, path = operation.split(" ")
        routes.append(
            Route(
                methods=tuple(methods),
                path=path,
                handler=handler,
                evidence=evidence,
                source=", ".join([source, *place]),
                summary=summary,
                tag=tag,
            )
        )
    return tuple(routes)


class Match(NamedTuple):
    """`route` is None if no path matches (`allowed` is empty) or only the method does not (`allowed` lists others)."""

    route: Route | None
    params: dict[str, Any]
    allowed: tuple[str, ...]


class _Pattern:
    __slots__ = ("convertors", "methods", "place", "regex")

    def __init__(self, regex: re.Pattern[str], convertors: Mapping[str, Any], place: int) -> None:
        self.regex = regex
        self.place = place
        self.convertors = convertors
        self.methods: dict[str, Route] = {}


class _Node:
    """A node of the tree of patterns: one segment, with the patterns that end here."""

    __slots__ = ("literals", "patterns", "variable")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.patterns: list[_Pattern] = []

    def below(self, segment: str) -> _Node:
        """The node of a pattern's next segment, created if necessary."""
        if "{" not in segment:
            return self.literals.setdefault(segment, _Node())
        if self.variable is None:
            self.variable = _Node()
        return self.variable


class Router:
    """Finds the route of a request. Earlier declarations win.

    Patterns are looked up segment by segment, so that the cost does not grow with their number; those that may match
    several segments (`{rest:path}`, an own `regex`) are tried in turn.

    Parameters: `case_insensitive`, whether paths match in any case.
    """

    def __init__(self, routes: Iterable[Route], *, case_insensitive: bool = False) -> None:
        self.routes = tuple(routes)
        self._fold = case_insensitive
        self._exact: dict[str, dict[str, Route]] = {}
        self._root = _Node()
        self._loose: dict[str, list[_Pattern]] = {}
        self._known: dict[tuple[str, str], Match] = {}
        by_pattern: dict[str, _Pattern] = {}
        for route in self.routes:
            if route.regex is None and "{" not in route.path:
                methods = self._exact.setdefault(self._folded(route.path), {})
            else:
                key = route.regex or route.path
                if key not in by_pattern:
                    by_pattern[key] = self._compile(route, len(by_pattern))
                    self._patterns_at(route).append(by_pattern[key])
                methods = by_pattern[key].methods
            for method in route.methods or ("*",):
                methods.setdefault(method, route)
                if method == "GET":
                    methods.setdefault("HEAD", route)

    def _folded(self, path: str) -> str:
        return path.lower() if self._fold else path

    def _patterns_at(self, route: Route) -> list[_Pattern]:
        """The list that a route's pattern belongs to."""
        if route.regex is not None or ":path}" in route.path:
            first = route.path.split("/", 2)[1] if route.path.startswith("/") else ""
            return self._loose.setdefault("" if "{" in first else self._folded(first), [])
        node = self._root
        for segment in self._folded(route.path).split("/"):
            node = node.below(segment)
        return node.patterns

    def _candidates(self, folded: str) -> list[_Pattern]:
        """The patterns that may match a path, in the order of their declaration."""
        nodes = [self._root]
        segments = folded.split("/")
        for segment in segments:
            if not nodes:
                break
            below = []
            for node in nodes:
                child = node.literals.get(segment)
                if child is not None:
                    below.append(child)
                if node.variable is not None:
                    below.append(node.variable)
            nodes = below
        found = [pattern for node in nodes for pattern in node.patterns]
        if self._loose:
            first = segments[1] if len(segments) > 1 else ""
            for bucket in (first, "") if first else ("",):
                found += self._loose.get(bucket, ())
        if len(found) > 1:
            found.sort(key=lambda pattern: pattern.place)
        return found

    def _compile(self, route: Route, place: int) -> _Pattern:
        flags = re.DOTALL | (re.IGNORECASE if self._fold else 0)
        if route.regex is not None:
            return _Pattern(re.compile(route.regex, flags), {}, place)
        regex, _, convertors = compile_path(route.path)
        return _Pattern(re.compile(regex.pattern, flags), convertors, place)

    def knows(self, path: str) -> bool:
        """Whether a decoded path has a route, for any method."""
        found = self.match("", path)
        return found.route is not None or bool(found.allowed)

    def match(self, method: str, path: str) -> Match:
        """Find the route for a method and a decoded path. Recent results are cached, so do not change one."""
        found = self._known.get((method, path))
        if found is None:
            found = self._search(method, path)
            if len(path) <= _LONGEST_KNOWN:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[method, path] = found
        return found

    def _search(self, method: str, path: str) -> Match:
        folded = self._folded(path)
        allowed: dict[str, None] = {}
        methods = self._exact.get(folded)
        if methods is not None:
            route = methods.get(method) or methods.get("*")
            if route is not None:
                return Match(route, {}, ())
            allowed.update(dict.fromkeys(methods))
        for pattern in self._candidates(folded):
            found = pattern.regex.fullmatch(path)
            if found is None:
                continue
            route = pattern.methods.get(method) or pattern.methods.get("*")
            if route is not None:
                params = found.groupdict()
                if pattern.convertors:
                    params = {k: pattern.convertors[k].convert(v) for k, v in params.items()}
                return Match(route, params, ())
            allowed.update(dict.fromkeys(pattern.methods))
        return Match(None, {}, tuple(allowed))
