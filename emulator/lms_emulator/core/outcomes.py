"""How an exchange ended: one type for the journal, `explain`, the console and pytest's section."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, get_args

from lms_emulator.core.errors import shortened

Outcome = Literal[
    "answered",
    "answered_with_warnings",
    "refused",
    "not_emulated",
    "unknown_path",
    "provider_defect",
    "fault",
    "crash",
]
"""`answered`, perhaps with warnings; `refused` by the provider; `not_emulated`: the provider has it, the emulator does
not; `unknown_path`: as far as is known the provider has no such path either; `provider_defect`: the real one fails here
too; `fault`: a scripted failure acted; `crash`: the emulator itself failed."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_LONGEST = 200
_PLACE = re.compile(r'File "([^"\n]+)", line (\d+), in (\S+)')
_PACKAGE = "lms_emulator/"
WELL: tuple[Outcome, ...] = ("answered", "answered_with_warnings")

_SENTENCES: dict[Outcome, str] = {
    "answered": "The provider answered.",
    "answered_with_warnings": "The provider answered; the warnings say what was probably a mistake.",
    "refused": "The provider refused.",
    "not_emulated": "The real provider has this; the emulator does not serve it.",
    "unknown_path": "The real provider has no such path, as far as is known.",
    "provider_defect": "The real provider fails on this request too, and the answer reproduces that.",
    "fault": "A scripted failure acted on this request.",
    "crash": "The emulator itself failed. This is a defect of the emulator: please report it.",
}


def explanation(
    outcome: Outcome,
    refusal: dict[str, Any] | None,
    notes: dict[str, Any],
    warnings: Iterable[tuple[str, str]],
    crash: str | None,
) -> str:
    """Why an exchange ended as it did, in one or two sentences.

    Parameters: `warnings`, code and message of each.
    """
    sentence = _SENTENCES[outcome]
    if outcome == "crash":
        return f"{sentence} {_failure(crash)}" if crash else sentence
    detail: Any = None
    if outcome == "fault":
        detail = notes.get("fault_effect")
    elif outcome == "provider_defect":
        detail = next((message for code, message in warnings if code != "parameter_not_read"), None)
    if not detail and refusal is not None and outcome != "fault":
        detail = refusal.get("diagnosis") or _failed(refusal)
    if not isinstance(detail, str) or not detail:
        return sentence
    return f"{sentence.removesuffix('.')}: {detail}{'' if detail[-1] in '.?!' else '.'}"


def _failure(crash: str) -> str:
    """The last line of a traceback, and the innermost of our own places in it."""
    places = [(path.partition(f"/{_PACKAGE}")[2], line, name) for path, line, name in _PLACE.findall(crash)]
    ours = [f" (in {_PACKAGE}{path}, line {line}, {name})" for path, line, name in places if path]
    return crash.strip().splitlines()[-1] + "".join(ours[-1:])


def _failed(refusal: dict[str, Any]) -> str | None:
    """What is left to say of a refusal whose mistake is unknown: its check, with both sides of it."""
    if not refusal.get("check"):
        return None
    sides = [
        f"{word} {shortened(str(found), _LONGEST)}"
        for word, found in (("expected", refusal.get("expected")), ("got", refusal.get("got")))
        if found not in (None, "")
    ]
    return f'the check "{refusal["check"]}" failed' + (f" ({', '.join(sides)})" if sides else "")
