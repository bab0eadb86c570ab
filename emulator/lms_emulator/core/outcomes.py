"""How an exchange ended: one type for the journal, `explain`, the console and pytest's section."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

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
WELL: tuple[Outcome, ...] = ("answered", "answered_with_warnings")

_SENTENCES: dict[Outcome, str] = {
    "answered": "The provider answered.",
    "answered_with_warnings": "The provider answered; the warnings say what was probably a mistake.",
    "refused": "The provider refused.",
    "not_emulated": "The real provider has this; the emulator does not serve it.",
    "unknown_path": "The real provider has no such path, as far as is known.",
    "provider_defect": "The real provider fails on this request too; the answer reproduces it.",
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
    detail: Any = None
    if outcome == "crash" and crash:
        detail = crash.strip().splitlines()[-1]
    elif outcome == "fault":
        detail = notes.get("fault_effect")
    elif outcome == "provider_defect":
        detail = next((message for code, message in warnings if code != "parameter_not_read"), None)
        detail = detail or (refusal or {}).get("diagnosis") or (refusal or {}).get("check")
    elif refusal is not None:
        detail = refusal.get("diagnosis") or _failed(refusal.get("check"))
    return f"{sentence} {detail}" if isinstance(detail, str) and detail else sentence


def _failed(check: str | None) -> str | None:
    """A check as a sentence of its own: it is written as what has to hold, `the nonce is new`."""
    return f"This check failed: {check.rstrip('.')}." if check else None
