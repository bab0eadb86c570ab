"""Single-use credentials, used many times at once: exactly one use must succeed.

The list is that of the tables: credentials which say `once`, and tables that remember what a client used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from contract_tests.credentials import accounts, launches
from contract_tests.credentials.makers import MAKERS, Held, Maker, Side, bearer, kinds
from lms_emulator.app import load_providers

SETTINGS = {
    "learningstudio": {"refresh_token_reuse": "refuse", "access_grant_reuse": "refuse"},
    "brightspace": {"reused_jti": "refuse"},
    "canvas": {"reused_jti": "refuse"},
    "openedx": {"lti_checks": "strict"},
}
"""By which the lenient are strict."""

CHOSEN: dict[tuple[str, str], Maker] = {}
"""What clients choose themselves, by the table that remembers it; and what is used up by another call than shows it."""


def chooses(provider: str, table: str) -> Callable[[Maker], Maker]:
    def note(maker: Maker) -> Maker:
        CHOSEN[provider, table] = maker
        return maker

    return note


def once() -> Iterator[tuple[str, str, Maker | None]]:
    """Everything single-use: the provider, the kind, and its maker."""
    for provider, credential in kinds():
        if credential.single_use:
            key = provider, credential.name
            yield provider, credential.name, CHOSEN.get(key) or MAKERS.get(key)
    for name, provider_of in load_providers().items():
        for table, spec in provider_of.store.tables.items():
            if spec.single_use:
                yield name, spec.single_use, CHOSEN.get((name, table))


def winners(side: Side, held: Held, at_once: int) -> int:
    """How many of so many simultaneous uses were accepted."""
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(lambda _: held.use(side), range(at_once)))
    return sum(held.taken(answer) for answer in answers)


@chooses("openlearning", "nonces")
def _(a: Side) -> Held:
    site = a.openlearning
    launch = site.signed(oauth_nonce=f"nonce{a.number()}")
    return Held("", lambda w: w.http.post(launch["url"], data=launch["params"]), accounts.redirected)


@chooses("learningstudio", "nonces")
def _(a: Side) -> Held:
    client, path = a.learningstudio, f"/courses/{a.lms.learningstudio.course_id}"
    signed = {"X-Authorization": client.header("GET", path)}
    return Held("", lambda w: w.http.get(f"{client.url}{path}", headers=signed))


@chooses("ltiaas", "used_nonces")
def _(a: Side) -> Held:
    return MAKERS["ltiaas", "the state of a login"](a)


@chooses("ltiaas", "the id of a dynamic registration")
def _(a: Side) -> Held:
    lms, number, now = a.small_lms, a.number(), a.lms.clock.now
    waiting = {"tenant": "demo", "openid_configuration": lms.openid_configuration(), "created_at": now}
    token, until = "registration-token", now + timedelta(hours=1)
    a.lms.load(a.lms.dump() | {"ltiaas": a.lms.dump()["ltiaas"] | {"lms_urls": [lms.url]}})
    a.add("ltiaas", "registrations", id=f"wait{number}", keep_until=until, registration_token=token, **waiting)
    path, key = f"/api/registrations/wait{number}/complete", bearer(a.lms.ltiaas.api_key)
    return Held("", lambda w: w.request("POST", "ltiaas", path, headers=key))


def _assertion(name: str, endpoint: str, audience: str | None = None) -> Maker:
    def make(a: Side) -> Held:
        url = f"{a.url(name)}{endpoint}"
        ask: dict[str, Any] = launches.assertion(a, name, audience or url)
        return Held("", lambda w: w.http.post(url, data=ask))

    return make


CHOSEN["canvas", "used_tokens"] = _assertion("canvas", "/login/oauth2/token")
CHOSEN["brightspace", "used_tokens"] = _assertion(
    "brightspace", "/core/connect/token", "https://api.brightspace.com/auth/token"
)
CHOSEN["openedx", "used_tokens"] = _assertion("openedx", launches.EDX_LTI_TOKEN)
