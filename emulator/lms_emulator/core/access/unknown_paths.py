"""What comes closest to a path that the emulator does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from lms_emulator.core.catalogue import BEGINNING
from lms_emulator.core.suggest import nearest

if TYPE_CHECKING:
    from lms_emulator.core.catalogue import Catalogue
    from lms_emulator.core.provider import AnyProvider

_HAS_VERSION = re.compile(r"(?<=/)(v\d+)(?=/)")
_PARAMETER = re.compile(r"\{[^{}]*\}")
_VERSIONS = 5
_WHOLE = re.compile("/https?:/")
_QUERY = re.compile(r"&\w+(?:\[\w*\])?=.*")
_BEGINNING = re.compile(rf"{BEGINNING}/")
_MOST_SEGMENTS = 40
"""The most segments of a path that is compared with others; no operation has as many."""
_VERSION = re.compile(r"/(v\d+(?:\.\d+)*)(?=/)", re.IGNORECASE)
_TOKEN = ("its token endpoint", "token", "access_token")
_SERVICES = (
    ("names_and_roles", "memberships", "membership", "names-and-roles", "nrps"),
    ("line_items", "lineitems", "line-items", "lineitem"),
)
"""What platforms call the services of LTI in their paths."""
_AUTHORIZE = ("its page to authorize applications", "authorize", "authorization", "auth", "login")


def hint(provider: AnyProvider, path: str) -> str | None:
    """What comes closest to a path that was not found, and how much its absence means."""
    catalogue = provider.catalogue
    if catalogue is None:
        similar = nearest(path, (route.path for route in provider.routes), 0.75)
        return f"no such route; the nearest declared one is `{similar}`" if similar else None
    if (oauth := _other_oauth(provider, path)) is not None:
        return oauth
    if _WHOLE.search(path):
        return "there is a whole URL in the path: send the request to that URL itself"
    for change, meant in _slips(path):
        if catalogue.at(meant) and not (change == "capital letters" and catalogue.at(path)):
            return f"{catalogue.title} has `{meant}`, but not with {change}"
    others = (_other_joint, _other_service, _other_version, _other_beginning, _other_word, _other_order)
    found = (of(catalogue, path) for of in others if path.count("/") <= _MOST_SEGMENTS)
    if (other := next(filter(None, found), None)) is not None:
        return other
    return _absence(provider, catalogue, path)


def _absence(provider: AnyProvider, catalogue: Catalogue, path: str) -> str:
    """How much it means that the path was not found, with the nearest one that is known."""
    similar = catalogue.nearest(path) or _served(provider, path)
    tip = f"; the nearest is `{similar}`" if similar else ""
    entries = catalogue.at(path)
    if entries and not any(entry.until for entry in entries):
        methods = ", ".join(dict.fromkeys(method for entry in entries for method in entry.methods))
        if "{" not in entries[0].path:
            return f"{catalogue.title} has `{entries[0].path}`; it takes {methods}"
        return f"{catalogue.title} has `{entries[0].path}` ({methods}), which does not take this value"
    if entries:
        tip = f"; it had it until {next(entry.until for entry in entries if entry.until)}"
    if catalogue.complete:
        return f"{catalogue.title} has no such operation ({catalogue.age}){tip}"
    return f"not among the operations of {catalogue.title} that are known ({catalogue.age}), which are not all{tip}"


def _served(provider: AnyProvider, path: str) -> str | None:
    """The route most like a path, which the catalogue may lack: LTI's services are in no reference of the API."""
    asked = "/".join("{}" if segment.isdigit() else segment for segment in path.split("/"))
    shapes = {_PARAMETER.sub("{}", route.path): route.path for route in provider.routes if route.methods}
    return shapes.get(nearest(asked, shapes, 0.85) or "")


def _other_oauth(provider: AnyProvider, path: str) -> str | None:
    """Where the endpoints of OAuth are, for a path by which another platform would have them."""
    *before, last = path.lower().strip("/").split("/")
    for names, meant in zip((_TOKEN, _AUTHORIZE), provider.oauth_paths, strict=False):
        if last in names and any("auth" in segment or "connect" in segment for segment in before):
            return f"{provider.title} has {names[0]} at `{meant}`"
    return None


def _other_service(catalogue: Catalogue, path: str) -> str | None:
    """Where a service of LTI is, for a path by which another platform would have it."""
    before, _, last = path.rstrip("/").rpartition("/")
    names = next((names for names in _SERVICES if last.lower() in names), ()) if "/lti/" in path else ()
    for name in names:
        for meant in (f"{before}/{name}", f"{before.rpartition('/')[0]}/{name}"):
            if meant != path and catalogue.at(meant):
                return f"{catalogue.title} has LTI's service at `{meant}`"
    return None


def _other_joint(catalogue: Catalogue, path: str) -> str | None:
    """Whether the operation is there with `_` for `-` in a word, or the other way round, or with neither."""
    segments = path.split("/")
    for number, segment in enumerate(segments):
        for joint in ("-", "_", "") if re.fullmatch(r"[a-z]+(?:[-_][a-z]+)+", segment) else ():
            word = re.sub("[-_]", joint, segment)
            meant = "/".join((*segments[:number], word, *segments[number + 1 :]))
            if word != segment and any(f"/{word}" in operation.path for operation in catalogue.at(meant)):
                return f"{catalogue.title} has `{meant}`: the word is `{word}`"
    return None


def _other_word(catalogue: Catalogue, path: str) -> str | None:
    """Whether the operation is there with one word spelt a little otherwise, as in the plural."""
    found = catalogue.respelt(path)
    return f"{catalogue.title} has `{found[0]}`: the word is `{found[1]}`" if found else None


def _other_order(catalogue: Catalogue, path: str) -> str | None:
    """Whether the operation is there with an id before the word that it was put behind, or the other way round."""
    segments = path.split("/")
    for number, (first, second) in enumerate(pairwise(segments)):
        if first.isdigit() == second.isdigit():
            continue
        word = second if first.isdigit() else first
        meant = "/".join((*segments[:number], second, first, *segments[number + 2 :]))
        if any(f"/{word}" in entry.path for entry in catalogue.at(meant)):
            return f"{catalogue.title} has `{meant}`: `{second}` comes before `{first}`"
    return None


def _other_version(catalogue: Catalogue, path: str) -> str | None:
    """Whether the operation exists under another version of the API, or the version was left out."""
    begins = _VERSION.match(path)
    shorter = path.removeprefix("/api")
    in_front = any(beginning.startswith("/api") for beginning in catalogue.beginnings[:1])
    if shorter != path and not in_front and not _HAS_VERSION.search(shorter) and catalogue.at(shorter):
        return f"{catalogue.title} has `{shorter}`, without /api in front"
    for found in _HAS_VERSION.finditer(path) if not begins else ():
        for number in range(1, _VERSIONS):
            meant = f"{path[: found.start(1)]}v{number}{path[found.end(1) :]}"
            if f"v{number}" != found[1] and any(f"/v{number}/" in f"{entry.path}/" for entry in catalogue.at(meant)):
                return f"{catalogue.title} has `{meant}`, not in a version `{found[1]}`"
    for version in catalogue.versions:
        meant = f"/{version}{path[begins.end() :] if begins else path}"
        if meant != path and catalogue.at(meant):
            wrong = f"is not known to have a version `{begins[1]}`" if begins else "has its version in the path"
            return f"{catalogue.title} {wrong}; it has `{meant}`"
    return None


def _other_beginning(catalogue: Catalogue, path: str) -> str | None:
    """Whether the operation is there with another `/api` or version in front, or none."""
    rest = _BEGINNING.sub("/", path, count=1)
    for beginning in catalogue.beginnings:
        if not beginning and "/api/" in path:
            continue
        meant = f"{beginning}{rest}"
        if meant != path and catalogue.at(meant):
            return f"{catalogue.title} has `{meant}`: paths begin with {beginning or 'neither /api nor a version'}"
    return None


def _slips(path: str) -> Iterator[tuple[str, str]]:
    """Common mistakes in a path, each with the path without it."""
    single = re.sub("/{2,}", "/", path)
    for change, meant in (
        ("a slash at its end", path.rstrip("/")),
        ("doubled slashes", single),
        ("doubled slashes and one at its end", single.rstrip("/")),
        ("capital letters", path.lower()),
        ("white space at its end", path.rstrip()),
        ("a percent-encoded `?` in it: a query begins with a bare one", path.partition("?")[0]),
        ("a percent-encoded `#` in it", path.partition("#")[0]),
        ("`&` before its query, which begins with `?`", _QUERY.sub("", path)),
    ):
        if meant and meant != path:
            yield change, meant
