"""How sure a behaviour is."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lms_emulator.core.http.routing import Route

Evidence = Literal["recorded", "refusals_recorded", "documented", "observed", "inferred", "chosen"]
"""`recorded` from the real software; `refusals_recorded`, of the operation only refusals were; `documented` by the
vendor or a standard; `observed` in public client code or captured output; `inferred` from several facts; `chosen` by
us, as there is no public evidence."""


UNRECORDED, REFUSED = "unrecorded.txt", "refused.txt"
"""Beside a provider's routes: those that were declared with a recording of their family, but are in none themselves,
and those of which recordings show only refusals. `contract_tests.house.unrecorded` writes both."""


def graded(package: str, routes: Iterable[Route]) -> Iterator[Route]:
    """The routes of a provider; those that no recording shows are as sure as what else their source names."""
    listed = (files(package).joinpath(name).read_text("utf-8").splitlines() for name in (UNRECORDED, REFUSED))
    unrecorded, refused = map(frozenset, listed)
    for route in routes:
        if route.name in refused:
            yield replace(route, evidence="refusals_recorded")
            continue
        if route.name not in unrecorded:
            yield route
            continue
        read = any(not part.startswith("fixtures/recordings/") for part in route.source.split("; "))
        yield replace(route, evidence="documented" if read else "inferred")


def recording(file: str, *numbers: int) -> str:
    """The source of what was recorded: a file below `fixtures/recordings` (`openedx/main`) and its exchanges."""
    return f"fixtures/recordings/{file}.jsonl {', '.join(map(str, numbers))}"
