"""Filters of the journal.

An unknown name or an impossible value is an error. A mistyped filter that matches nothing would make every assertion
that something never happened pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import get_args

from lms_emulator.control.calls import Problem
from lms_emulator.control.machine_names import why_none
from lms_emulator.core.outcomes import OUTCOMES, WELL, Outcome
from lms_emulator.core.suggest import nearest
from lms_emulator.core.worlds.journal import Entry

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
Test = Callable[[Entry], bool]

_MEANINGS = {
    "provider": ("string", "only this provider"),
    "method": ("string", "only this HTTP method"),
    "status": ("string", "only this status, `404`, or this class, `4xx`"),
    "path": ("string", "only targets that contain this text"),
    "outcome": ("string", "only those with this outcome: " + ", ".join(OUTCOMES)),
    "refused": ("boolean", "`true`: only refused ones (refused, not emulated, unknown path); `false`: only the others"),
    "reason": ("string", "only refusals with this reason"),
    "warning": ("string", "only those with this warning"),
    "after": ("string", "only those after this id"),
    "limit": ("integer", "only this many of the latest"),
}

PARAMETERS = [
    {
        "name": name,
        "in": "query",
        "schema": {"type": kind, **({"enum": list(get_args(Outcome))} if name == "outcome" else {})},
        "description": text,
    }
    for name, (kind, text) in _MEANINGS.items()
]
"""The filters as OpenAPI describes them."""


def select(entries: list[Entry], filters: Iterable[tuple[str, str]], providers: Iterable[str]) -> list[Entry]:
    """The entries that pass every filter, oldest first.

    Parameters: `filters`, names and values from the query; `providers`, the known names.
    Raises Problem for an unknown or repeated name and for an impossible value.
    """
    given: dict[str, str] = {}
    for name, value in filters:
        if name not in _MEANINGS:
            raise Problem(400, f"no filter `{name}`; {_tip(name, _MEANINGS)}")
        if name in given:
            raise Problem(400, f"{name}: given twice")
        given[name] = value
    limit = given.pop("limit", None)
    if limit is not None and not (limit.isdecimal() and int(limit)):
        raise Problem(400, f"limit: expected a whole number from 1, got `{limit}`")
    _check_together(given)
    tests = [_test(name, value, tuple(providers)) for name, value in given.items()]
    found = [entry for entry in entries if all(test(entry) for test in tests)]
    for name in ("reason", "warning") if not found else ():
        if name in given and (why := why_none(name, given[name])) is not None:
            raise Problem(400, f"{name}: {why}")
    return found if limit is None else found[-int(limit) :]


def _check_together(given: dict[str, str]) -> None:
    """Raises Problem if no exchange can match two of the filters at once."""
    outcome, refused = given.get("outcome", ""), _BOOLEANS.get(given.get("refused", "").lower())
    if refused and outcome in (*WELL, "provider_defect", "crash"):
        raise Problem(400, f"refused: a request that ended as `{outcome}` was not refused")
    for name, outcomes in (("reason", (*WELL, "crash")), ("warning", ("answered",))):
        if name in given and outcome in outcomes:
            raise Problem(400, f"{name}: a request that ended as `{outcome}` has none")


def _tip(got: str, known: Iterable[str]) -> str:
    similar = nearest(got, known)
    return f"did you mean `{similar}`?" if similar else f"known: {', '.join(known)}"


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    if value not in known:
        raise Problem(400, f"{name}: `{value}` is unknown; {_tip(value, known)}")
    return value


def _matching(name: str, value: str, pattern: str, wanted: str) -> str:
    if not re.fullmatch(pattern, value):
        raise Problem(400, f"{name}: expected {wanted}, got `{value}`")
    return value


def _test(name: str, value: str, providers: tuple[str, ...]) -> Test:
    if name == "provider":
        _one_of(name, value, providers)
        return lambda entry: entry.provider == value
    if name == "method":
        method = _one_of(name, value.upper(), METHODS)
        return lambda entry: entry.method == method
    if name == "status":
        _matching(name, value.lower(), r"[2-5](?:\d\d|xx)", "a status such as `404`, or a class such as `4xx`")
        digits = value.lower().rstrip("x")
        return lambda entry: str(entry.status).startswith(digits)
    if name == "path":
        return lambda entry: value in entry.target
    if name == "outcome":
        _one_of(name, value, OUTCOMES)
        return lambda entry: entry.outcome == value
    if name == "refused":
        _one_of(name, value.lower(), _BOOLEANS)
        wanted = _BOOLEANS[value.lower()]
        return lambda entry: entry.refused == wanted
    if name == "after":
        number = int(_matching(name, value, r"r\d{1,18}", "the id of a request (`r17`)")[1:])
        return lambda entry: int(entry.id[1:]) > number
    _matching(name, value, r"[A-Za-z][A-Za-z0-9_.-]*", "a machine name such as `launch_expired`")
    if name == "reason":
        return lambda entry: (entry.refusal or {}).get("reason") == value
    return lambda entry: any(warning.code == value for warning in entry.warnings)


def chosen(entry_id: str, entries: list[Entry]) -> Entry | None:
    """The entry with this id, or the one meant by `last`, `last-refused` or `last-failed`; None if there is none."""
    latest = reversed(entries)
    if entry_id == "last":
        return next(latest, None)
    if entry_id == "last-refused":
        return next((entry for entry in latest if entry.refused), None)
    if entry_id == "last-failed":
        return next((entry for entry in latest if entry.failed), None)
    return next((entry for entry in latest if entry.id == entry_id), None)
