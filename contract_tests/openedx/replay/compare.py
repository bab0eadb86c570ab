"""What differs between a recorded answer and ours."""

from __future__ import annotations

import http.cookies

from contract_tests.replay.exchanges import Exchange
from contract_tests.replay.targets import Answer

from . import pages
from .ledger import Ledger

#: Headers that clients read, each compared whole. A header that only one side sends is a difference too.
HEADERS = (
    "Content-Type",
    "WWW-Authenticate",
    "Cache-Control",
    "Pragma",
    "Location",
    "Allow",
    "Retry-After",
    "Vary",
    "Content-Language",
    "X-Frame-Options",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
)


def differences(recorded: Exchange, answer: Answer, ledger: Ledger) -> list[str]:
    """Compare one answer with the recorded one, in the recorded order of things, learning the values that are new.

    Returns one line for each difference, beginning with the part it is in; empty if the answers agree.
    """
    found: list[str] = []
    echoed = recorded.target + "\n" + (recorded.request_body or "") + "\n".join(v for _, v in recorded.request_headers)
    if answer.status != recorded.status:
        found.append(f"status: expected {recorded.status}, got {answer.status}")
    found += _headers(recorded, answer, ledger, echoed)
    found += _cookies(recorded, answer, ledger)
    if recorded.page is not None and recorded.body is None:
        found += [f"page {line}" for line in pages.differences(recorded.page, pages.reduce(answer.body))]
    elif recorded.body is not None:
        found += [f"body: {line}" for line in ledger.align(recorded.body, answer.body, echoed=echoed)]
    return found


def _headers(recorded: Exchange, answer: Answer, ledger: Ledger, echoed: str) -> list[str]:
    found: list[str] = []
    wanted = {name.lower(): value for name, value in recorded.headers}
    for name in HEADERS:
        expected, actual = wanted.get(name.lower()), answer.first(name)
        if expected is None and actual is None:
            continue
        if expected is None or actual is None:
            found.append(f"{name}: expected {expected!r}, got {actual!r}")
            continue
        if name == "Retry-After":
            expected, actual = f"available in {expected} seconds", f"available in {actual} seconds"
        found += [f"{name}: {line}" for line in ledger.align(expected, actual, echoed=echoed)]
    return found


def _cookies(recorded: Exchange, answer: Answer, ledger: Ledger) -> list[str]:
    wanted = [_cookie(value) for name, value in recorded.headers if name.lower() == "set-cookie"]
    got = [_cookie(value) for value in answer.all("Set-Cookie")]
    if [name for name, _, _ in wanted] != [name for name, _, _ in got]:
        found = [f"cookies: expected {[name for name, _, _ in wanted]}, got {[name for name, _, _ in got]}"]
        ours = {name: (value, attributes) for name, value, attributes in got}
        for name, value, _ in wanted:
            if name in ours:
                ledger.align(value, ours[name][0])
        return found
    found = []
    for (name, value, attributes), (_, our_value, our_attributes) in zip(wanted, got, strict=True):
        found += [f"cookie {name}: {line}" for line in ledger.align(value, our_value)]
        if attributes != our_attributes:
            found.append(f"cookie {name}: expected attributes {attributes}, got {our_attributes}")
    return found


def _cookie(header: str) -> tuple[str, str, dict[str, str]]:
    """Name, value and attributes (without `expires`, which says the same as `Max-Age`) of one Set-Cookie header."""
    first, *rest = header.split("; ")
    name, _, value = first.partition("=")
    attributes = {}
    for attribute in rest:
        key, _, text = attribute.partition("=")
        if key.lower() != "expires":
            attributes[key.lower()] = text
    return name, http.cookies._unquote(value), attributes
