"""How much of the real provider is emulated: its catalogue against our routes, matched as a request would be."""

from __future__ import annotations

from collections import Counter
from datetime import date
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lms_emulator.core.catalogue import Operation
    from lms_emulator.core.http.routing import Route
    from lms_emulator.core.provider import AnyProvider

UNREAD = "unread.tsv"
"""In a provider's package: method, path, and the documented parameters that nothing in this operation's code looks at.
`contract_tests.everywhere.effects` writes it, from what it tried."""
_COURSE, _BLOCK = "course-v1:edX+DemoX+1", "block-v1:edX+DemoX+1+type@html+block@1"


class Covered(NamedTuple):
    """One operation with one method.

    Attributes: `path`, as the catalogue has it; `clients`, published ones that call it; `served`, whether we do;
    `evidence`, how sure that is, empty where we do not; `parameters_not_emulated`, what we do nothing with, although
    the provider documents it and does something.
    """

    method: str
    path: str
    family: str
    source: str
    clients: tuple[str, ...]
    served: bool
    evidence: str
    parameters_not_emulated: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether it is served with every documented parameter, as far as these are known."""
        return self.served and not self.parameters_not_emulated


class Family(NamedTuple):
    """One group of the provider's documentation, with the figures of its operations.

    Attributes: `whole`, how many are served with every parameter; `evidence`, how many of each grade.
    """

    name: str
    operations: int
    served: int
    whole: int
    called: int
    called_and_served: int
    evidence: Counter[str]

    @property
    def state(self) -> str:
        """`served`, `partly` or `not`."""
        return "not" if not self.served else "served" if self.whole == self.operations else "partly"


def coverage(provider: AnyProvider, day: date = date.max) -> list[Covered]:
    """Every operation that the real provider has on a day, and whether it is served here. Empty without a catalogue."""
    if provider.catalogue is None:
        return []
    unread = _unread(provider)
    found = (
        (method, row, route_of(provider, row, method))
        for row in provider.catalogue.operations
        if row.exists_on(day)
        for method in row.methods
    )
    return [
        Covered(
            *(method, row.path.removesuffix("[/]"), row.family, row.source, row.clients),
            served=route is not None,
            evidence=route.evidence if route is not None else "",
            parameters_not_emulated=unread.get((method, row.path), ()) if route is not None else (),
        )
        for method, row, route in found
    ]


def _unread(provider: AnyProvider) -> dict[tuple[str, str], tuple[str, ...]]:
    try:
        lines = resources.files(provider.package).joinpath(UNREAD).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    rows = (line.split("\t") for line in lines)
    return {(method, path): tuple(names.split(" ")) for method, path, names in rows}


def families(rows: list[Covered]) -> list[Family]:
    """The figures of each family, those that clients call most first."""
    groups: dict[str, list[Covered]] = {}
    for row in rows:
        groups.setdefault(row.family, []).append(row)
    made = [
        Family(
            name,
            len(group),
            sum(row.served for row in group),
            sum(row.whole for row in group),
            sum(bool(row.clients) for row in group),
            sum(row.served for row in group if row.clients),
            Counter(row.evidence for row in group if row.served),
        )
        for name, group in groups.items()
    ]
    return sorted(made, key=lambda family: (-family.called, -family.served, family.name))


def serves(provider: AnyProvider, operation: Operation, method: str) -> bool:
    """Whether a request for the operation reaches a handler of its own."""
    return route_of(provider, operation, method) is not None


def route_of(provider: AnyProvider, operation: Operation, method: str) -> Route | None:
    """Our route for the operation; None if it is not served."""
    asked = "GET" if method == "ANY" else method
    words = {segment for segment in operation.path.split("/") if segment and "{" not in segment}
    for path in examples(operation):
        written = provider.normalise_path(path)
        route, params, _ = provider.router.match(asked, written)
        if route is None or provider.only_fits(route, params, asked, written):
            continue
        taken = {part for value in params.values() if "/" in str(value) for part in str(value).split("/")}
        if words.isdisjoint(taken) or ":path}" in route.path:
            return route
        # a parameter of a looser pattern swallowed literal words of the operation: that is another page
    return None


def examples(operation: Operation) -> list[str]:
    """Paths that fit the operation, with its placeholders filled in various ways."""
    head, *parts = operation.path.removesuffix("[/]").split("{")
    made = []
    for value, by_name in (("1", False), ("1", True), ("ada", True), ("lp", True)):
        path = head
        for part in parts:
            name, _, rest = part.partition("}")
            path += (_named(name.lower()) if by_name or "version" in name else "") or value
            path += rest
        made.append(path)
    return list(dict.fromkeys(made))


def _named(name: str) -> str:
    """What the name of a placeholder suggests; empty if nothing in particular."""
    if "version" in name:
        return "1.92"
    if "course" in name:
        return _COURSE
    return _BLOCK if any(word in name for word in ("usage", "block", "subsection")) else ""


def share(part: int, whole: int) -> str:
    """A percentage, or a dash if the total is zero."""
    return f"{100 * part / whole:.0f} %" if whole else "–"
