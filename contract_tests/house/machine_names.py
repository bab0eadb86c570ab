"""`python -m contract_tests.house.machine_names`: write every reason of a refusal and code of a warning that there is.

The filters of the journal know these names only.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

from contract_tests.house.flow import Flow, Frame, Made, Scope
from contract_tests.house.package import PACKAGE

Kind = Literal["reason", "warning"]
FILES: dict[Kind, Path] = {
    "reason": PACKAGE / "control" / "reasons.txt",
    "warning": PACKAGE / "control" / "warnings.txt",
}
WRITES = ("core", "signing", "lti", "providers", "server")
"""The parts of the package whose names the journal has."""
_REFUSALS = f"{PACKAGE.name}.core.http.refusals"
_CODES = {(_REFUSALS, "Unhandled"): 1, (f"{PACKAGE.name}.core.worlds.journal", "Warning"): 0, (".", "warn"): 0}
"""Where the code of a warning is among the arguments."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]")


@cache
def flow() -> Flow:
    """The code, read once."""
    return Flow(PACKAGE, WRITES)


@cache
def names(kind: Kind) -> list[str]:
    """The names that the code can write."""
    return sorted(name for name in (_reasons() if kind == "reason" else _codes()) if _NAME.fullmatch(name))


def _reasons() -> set[str]:
    code, found = flow(), set()
    kinds = _derived(code, (_REFUSALS, "Refusal"))
    for key in kinds:
        made_by = code.method(code.classes[key], "__init__")
        own = [arg.arg for arg in made_by.parameters] if made_by is not None else ["reason"]
        for made in code.calls[key] if "reason" in own else ():
            found |= _given(code, made, own.index("reason"), "reason")
    for made in code.calls[".", "super.__init__"]:
        above = made.frame.scope.above
        if above is not None and any(above is code.classes[key] for key in kinds):
            found |= _given(code, made, 0, "reason")
    return found


def _codes() -> set[str]:
    code, found = flow(), set()
    for key, position in _CODES.items():
        for made in code.calls[key]:
            found |= _given(code, made, position, "code")
        made_by = code.method(code.classes[key], "__init__") if key in code.classes else None
        default = made_by.default("code") if made_by is not None else None
        found |= code.texts(default, Frame(made_by)) if made_by is not None and default is not None else set()
    return found


def _given(code: Flow, made: Made, position: int, name: str) -> set[str]:
    given = code.argument(made, position, name)
    if given is not None:
        return code.texts(given[0], made.frame, given[1])
    passes_on = any(keyword.arg is None for keyword in made.call.keywords)
    return _passed_on(code, made.frame.scope, name) if passes_on else set()


def _passed_on(code: Flow, scope: Scope, name: str) -> set[str]:
    """What callers of a function give for a parameter that it takes among others and passes on."""
    return {text for made in code.callers(scope) for text in _given(code, made, len(scope.parameters), name)}


def _derived(code: Flow, base: tuple[str, str]) -> set[tuple[str, str]]:
    """A class and those derived from it."""
    found, before = {base}, 0
    while len(found) > before:
        before = len(found)
        found |= {key for key, kind in code.classes.items() if found & {code.called(base, kind) for base in kind.bases}}
    return found


def text(kind: Kind) -> str:
    """A file's text."""
    return "".join(f"{name}\n" for name in names(kind))


if __name__ == "__main__":
    for kind, path in FILES.items():
        path.write_text(text(kind), "utf-8")
        print(f"{path.name}: {len(names(kind))} names")
    print("\n".join(sorted(flow().unfollowed)))
