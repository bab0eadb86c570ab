"""The same requests on two days differ only by the documented changes between them."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials, furnish
from contract_tests.lms_site import form
from contract_tests.lti_tool import LAUNCH
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.changes import changes
from lms_emulator.core.keys import private_key
from lms_emulator.core.settings import dated, describe
from lms_emulator.providers import PROVIDERS
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import public_jwk

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAYS = sorted({change.day for provider in load_providers().values() for change in changes(provider)})
WORLDS = Path(__file__).parents[2] / "fixtures" / "worlds"
FULL = [
    ("canvas", "canvas-recorded.toml", "zqbjhplkpfPliswyIhknN1QAWB3crgGiNNBDGtgKJvbf2YfqpVdKlmyp0vp2Glbt", 280),
    ("openedx", "openedx-recorded-2.toml", "staff-token", 90),
]
"""A provider, a world with much in it, a token of an administrator there, and how much can be read at least."""
OLD, NEW = "2015-01-01", NOW.date().isoformat()


def world(day: str, **settings: Any) -> Emulator:
    lms = Emulator.in_process("demo", seed="two dates", as_of=day, settings=settings)
    lms.clock.freeze(NOW)
    return lms


def values(lms: Emulator) -> dict[str, Any]:
    rows = lms.call("GET", "/settings")["settings"]
    return {row["name"]: row["value"] for row in rows if not row["name"].startswith("emulator.")}


@pytest.mark.parametrize("day", DAYS)
def test_on_each_day_exactly_that_changes(day: str) -> None:
    """From one day to the next: the settings that `changes` lists for it, with its old and new values."""
    before = values(world((date.fromisoformat(day) - timedelta(days=1)).isoformat()))
    after = values(world(day))
    differing = {name for name in after if before[name] != after[name]}
    documented = {
        change.what for provider in load_providers().values() for change in changes(provider) if change.day == day
    }
    assert differing == {name for name in documented if name in after}
    for name in documented - differing:
        routes = [route for provider in load_providers().values() for route in provider.routes if route.name == name]
        assert routes
        assert all(route.since == day or route.until == day for route in routes)


def requests(lms: Emulator, name: str) -> Iterator[tuple[str, str]]:
    """Every route that came and went with no date, with ids of the demo world: read first, then written to.

    An empty document changes things at some, and a removal at all.
    """
    demo = DemoWorld(lms, name)
    undated = [route for route in load_providers()[name].routes if not route.since and not route.until]
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        yield from ((method, demo.filled(route.path)) for route in undated if method in route.methods)


def answers(
    lms: Emulator, name: str, shown: dict[str, str], *methods: str
) -> dict[tuple[str, str], tuple[int, bytes, dict[bytes, bytes]]]:
    """The answers to a caller with these credentials; only for these methods, if any is named."""
    assert lms.app is not None
    headers = [(key.lower().encode(), value.encode()) for key, value in shown.items()]
    headers.append((b"user-agent", b"test"))
    found = {}
    for method, path in requests(lms, name):
        if methods and method not in methods:
            continue
        kind = [] if method in ("GET", "DELETE") else [(b"content-type", b"application/json")]
        sent = Sent(method, f"/{name}{path}".encode(), b"", [*headers, *kind], b"{}" if kind else b"")
        status, body, entry = send(lms.app, sent)
        assert entry is not None
        kept = {k: v for k, v in entry.response_headers if k not in (b"x-emulator-explain", b"set-cookie")}
        found[method, path] = (status, body, kept)
    return found


@pytest.mark.parametrize("name", PROVIDERS)
def test_dated_settings_account_for_every_difference_between_two_days(name: str) -> None:
    """With the dated settings of that day, today's answers are the old ones, byte for byte."""
    kind = load_providers()[name].settings
    was = {setting: history[0].value for setting, history in dated(kind).items()}
    before, after = world(OLD), world(NEW, **{name: was})
    long_ago, pinned = (answers(lms, name, credentials(lms, name)) for lms in (before, after))
    assert len(long_ago) > 3
    differing = [key for key in long_ago if long_ago[key] != pinned[key]]
    assert differing == []
    names = {row.name.partition(".")[2] for row in describe(name, kind())}
    assert set(was) <= names


@pytest.mark.parametrize(("name", "file", "token", "found"), FULL, ids=["canvas", "openedx"])
def test_the_same_holds_with_many_parameters(name: str, file: str, token: str, found: int) -> None:
    """In a world that has a record for most URLs."""
    data = tomllib.loads((WORLDS / file).read_text())
    data.pop("settings", None)
    lms = world(NEW)
    lms.load(data)
    if name == "canvas":
        furnish(lms, 1800001, next(row["token"] for row in data[name]["access_tokens"] if row["user_id"] == 3460003))
        data = lms.dump()
        data.pop("settings", None)
    was = {setting: history[0].value for setting, history in dated(load_providers()[name].settings).items()}
    seen = []
    for day, settings in ((OLD, {}), (NEW, {name: was})):
        lms = world(day, **settings)
        lms.load(data)
        lms.clock.freeze(NOW)
        seen.append(answers(lms, name, {"Authorization": f"Bearer {token}"}, "GET"))
    assert [key for key in seen[0] if seen[0][key] != seen[1][key]] == []
    good = [key for key, (status, _, _) in seen[0].items() if status < 300]
    assert len(good) >= found


def test_the_day_changes_answers() -> None:
    """For example every answer of Canvas to a request without a User-Agent."""
    for day, status in (("2025-12-01", 200), (NEW, 403)):
        lms = world(day)

        async def nameless(lms: Emulator = lms) -> int:
            transport = httpx.ASGITransport(lms.app)
            headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.student}", "User-Agent": ""}
            async with httpx.AsyncClient(transport=transport, headers=headers) as http:
                return (await http.get(f"{lms.url}/canvas/api/v1/users/self")).status_code

        assert asyncio.run(nameless()) == status


# what each change shows


def named(answer: httpx.Response) -> Any:
    return answer.status_code, answer.json()


def denial(site: Site) -> Any:
    browser = site.browser()
    browser.consent_page(site.auth_url(), site.info.student)
    return "error_description" in browser.get("/login/oauth2/deny").headers["location"]


def dead_token(site: Site) -> Any:
    token = site.tokens()["access_token"]
    api = site.api(token)
    assert api.delete("/login/oauth2/token").status_code == 200
    return named(api.get("/api/v1/users/self"))


def series(site: Site) -> Any:
    event = {"context_code": "user_103", "title": "Tea", "start_at": "2026-11-28T10:00:00Z"}
    form = {f"calendar_event[{name}]": value for name, value in event.items()}
    answer = site.teacher.post(
        "/api/v1/calendar_events", data=form | {"calendar_event[rrule]": "FREQ=DAILY;INTERVAL=1;COUNT=3"}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["series_uuid"] is not None


def tool_of(site: Site, **changes: Any) -> str:
    """The client id of the demo tool, whose key is known here from now on. Parameters: changes to the tool."""
    world, client = site.lms.dump(), str(site.info.lti_client_id)
    for key in world["canvas"]["developer_keys"]:
        if str(key["id"]) == client:
            key.pop("public_jwk_url", None)
            key |= {"public_jwk": public_jwk(private_key("tool"), "ours"), "redirect_uris": [LAUNCH]}
    for tool in world["canvas"]["tools"]:
        if str(tool["developer_key_id"]) == client:
            tool |= changes
    site.lms.load(world)
    return client


def service_token(site: Site, audience: str, scope: str) -> httpx.Response:
    client, now = tool_of(site), int(site.lms.clock.now.timestamp())
    claims = {"iss": client, "sub": client, "aud": audience, "jti": str(uuid4()), "iat": now, "exp": now + 60}
    signed = jwt.encode(claims, private_key("tool"), "RS256", headers={"kid": "ours"})
    form = {"grant_type": "client_credentials", "client_assertion": signed, "scope": scope}
    return site.client().post(site.token_endpoint, data=form | {"client_assertion_type": lti13.JWT_BEARER})


def assertion(site: Site) -> Any:
    return service_token(site, "https://sso.canvaslms.com/login/oauth2/token", lti13.SCOPE_MEMBERSHIP).status_code


def launched(site: Site, path: str, **changes: Any) -> dict[str, Any]:
    """The claims of a launch of the demo tool by the teacher."""
    client = tool_of(site, **changes)
    browser = signed_in(site, "teacher")
    fields = form(browser.get(path).text)[1]
    asked = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
    asked |= {"client_id": client, "redirect_uri": LAUNCH, "nonce": "n", "state": "s"}
    asked |= {name: fields[name] for name in ("login_hint", "lti_message_hint")}
    answer = browser.follow(browser.get("/api/lti/authorize_redirect", params=asked))
    claims: dict[str, Any] = jwt.decode(form(answer.text)[1]["id_token"], options={"verify_signature": False})
    return claims


def scored_files(site: Site) -> Any:
    """How often two files are tried that cannot be fetched."""
    token = service_token(site, f"{site.url}/login/oauth2/token", f"{lti13.SCOPE_LINE_ITEM} {lti13.SCOPE_SCORE}")
    api = site.api(token.json()["access_token"])
    item = api.post("/api/lti/courses/1/line_items", json={"label": "Files", "scoreMaximum": 10}).json()["id"]
    files = [{"type": "file", "url": f"http://127.0.0.1:9/{name}", "title": name} for name in ("a.txt", "b.txt")]
    score = {"userId": site.info.student.lti_id, "activityProgress": "Completed", "gradingProgress": "Pending"}
    score["timestamp"] = "2026-01-01T00:00:00.000Z"
    extension = {"https://canvas.instructure.com/lti/submission": {"content_items": files}}
    assert api.post(f"{item}/scores", json=score | extension).is_success
    (work,) = (entry for entry in site.teacher.get("/api/v1/courses/1/assignments").json() if entry["name"] == "Files")
    return site.teacher.get(f"/api/v1/courses/1/assignments/{work['id']}/submissions/101").json()["attempt"]


def initiation(site: Site) -> Any:
    browser = site.browser()
    page = browser.follow(browser.get("/courses/1"))
    browser.follow(browser.sign_in(page, site.info.student))
    return sorted(form(browser.get("/courses/1/external_tools/5").text)[1])


def file_in_module(site: Site) -> Any:
    """The status for unpublishing the item of a file."""
    path = "/api/v1/courses/1/modules"
    module = site.teacher.post(path, json={"module": {"name": "Kept"}}).json()["id"]
    sent = {"module_item": {"type": "File", "content_id": 1}}
    item = site.teacher.post(f"{path}/{module}/items", json=sent).json()["id"]
    return site.teacher.put(f"{path}/{module}/items/{item}", json={"module_item": {"published": False}}).status_code


SHOWN: dict[str, Callable[[Site], Any]] = {
    "canvas.first_and_last_names": lambda site: sorted(site.admin.get("/api/v1/users/101").json()),
    "canvas.bodies_of_listed_pages": lambda site: [
        sorted(value) for value in site.teacher.get("/api/v1/courses/1/pages?include[]=body").json()
    ],
    "canvas.keeps_items_published": file_in_module,
    "canvas.tells_auto_subscribe": lambda site: sorted(site.admin.get("/api/v1/account_calendars/1").json()),
    "canvas.series_everywhere": series,
    "canvas.denial_has_description": denial,
    "canvas.tells_why_token_died": dead_token,
    "canvas.sign_on_host": assertion,
    "canvas.deployment_id_twice": initiation,
    "canvas.validation_traces": lambda site: [
        sorted(value)
        for value in launched(site, "/courses/1/external_tools/5").values()
        if isinstance(value, dict) and "validation_context" in value
    ],
    "canvas.newer_variables": lambda site: launched(
        site, "/courses/1/external_tools/5", custom={"term": "$Canvas.term.id"}
    )[f"{lti13.CLAIM}custom"],
    "canvas.deep_linking_line_items": lambda site: launched(
        site,
        "/courses/1/external_tools/5/resource_selection?placement=course_assignments_menu",
        settings={
            "course_navigation": {"enabled": True},
            "course_assignments_menu": {"enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST},
        },
    )[f"{lti13.CLAIM}message_type"],
    "canvas.one_attempt_of_several_files": scored_files,
}
"""Changes that no other test looks at from both sides, with a call that shows each."""


@pytest.mark.parametrize("what", SHOWN)
def test_a_call_shows_the_change_on_its_day(what: str) -> None:
    (day,) = {row.day for provider in load_providers().values() for row in changes(provider) if row.what == what}
    before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    seen = []
    for as_of in (before, day):
        with Emulator.start(as_of=as_of) as lms, closing(Site(lms)) as site:
            seen.append(SHOWN[what](site))
    assert seen[0] != seen[1]


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_route_that_came_is_there_from_its_day(name: str) -> None:
    lms = world(NEW)
    assert lms.app is not None
    demo, headers = DemoWorld(lms, name), {**credentials(lms, name), "User-Agent": "test"}
    raw = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
    for route in load_providers()[name].routes:
        day = route.since or route.until
        if not day:
            continue
        method = min(set(route.methods) - {"HEAD"})
        found = []
        for as_of in ((date.fromisoformat(day) - timedelta(days=1)).isoformat(), day):
            lms.as_of = as_of
            _, _, entry = send(lms.app, Sent(method, f"/{name}{demo.filled(route.path)}".encode(), b"", raw))
            assert entry is not None
            found.append(entry.route)
            if entry.outcome == "unknown_path":
                assert f"since {route.since}" in entry.refusal["diagnosis"], "not what a misspelt path is told"
                assert f"the world is as of {as_of}" in entry.refusal["diagnosis"]
        assert found.count(route.name) == 1, (route.name, found)
