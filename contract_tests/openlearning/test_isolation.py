"""Two worlds in one process never see each other's people, launches, sessions or time."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.openlearning.site import BROWSER, Site
from lms_emulator.client.emulator import Emulator


@pytest.fixture
def north(lms: Emulator) -> Iterator[Site]:
    yield from world(lms, "north")


@pytest.fixture
def south(lms: Emulator) -> Iterator[Site]:
    yield from world(lms, "south")


def world(lms: Emulator, name: str) -> Iterator[Site]:
    site = Site(lms.new_world(name))
    yield site
    site.close()
    lms.delete_world(name)


def people(site: Site) -> set[str]:
    rows = site.get(site.managed_users()).json()["data"]
    return {row["user"]["primary_email_address"] for row in rows}


def test_people_stay_in_their_world(site: Site, north: Site, south: Site) -> None:
    everybody = people(site)
    assert people(north) == people(south) == everybody
    created = {}
    for number, each in enumerate((site, north, south)):
        user = each.provision(full_name=f"Person {number}", primary_email_address=f"p{number}@example.edu").json()[
            "data"
        ]
        created[each] = user["id"]
    for number, each in enumerate((site, north, south)):
        assert people(each) == everybody | {f"p{number}@example.edu"}
        for other, user_id in created.items():
            assert each.get(f"/users/{user_id}/").status_code == (200 if other is each else 404)
            assert each.sign_on(user_id).status_code == (200 if other is each else 404)


def test_the_same_person_may_be_made_in_each(north: Site, south: Site) -> None:
    first, second = north.provision(), south.provision()
    assert first.status_code == second.status_code == 200
    assert first.json()["data"]["id"] != second.json()["data"]["id"]


def test_launches_stay_in_their_world(north: Site, south: Site) -> None:
    data = north.launch_data()
    assert "/w/north/openlearning/lti/launch/" in data["url"]
    elsewhere = data | {"url": data["url"].replace("/w/north/", "/w/south/")}
    assert south.post_launch(elsewhere).status_code == 403
    assert south.refusal().reason == "launch_signature"
    assert north.post_launch(data).status_code == 302
    assert north.post_launch(data).status_code == 403


def test_a_nonce_used_in_one_world_is_new_in_the_other(north: Site, south: Site) -> None:
    for each in (north, south):
        data = each.signed(oauth_nonce="n" * 24)
        assert each.post_launch(data).status_code == 302
        assert each.post_launch(data).status_code == 403
        assert each.refusal().reason == "launch_replayed"


def test_sessions_stay_in_their_world(north: Site, south: Site) -> None:
    data = north.launch_data()
    arrived = httpx.post(data["url"], data=data["params"], headers=BROWSER)
    cookie = arrived.cookies["openlearning_session"]
    assert "Path=/w/north/openlearning/" in arrived.headers["set-cookie"]
    for each, seen in ((north, True), (south, False)):
        page = each.http.get("/lakeside/", headers={"Cookie": f"openlearning_session={cookie}"})
        assert ("Ada Lovelace" in page.text) is seen


def test_clock_mail_settings_and_journal_stay_in_their_world(north: Site, south: Site) -> None:
    launches = {each: each.launch_data() for each in (north, south)}
    north.lms.clock.advance(minutes=10)
    assert north.post_launch(launches[north]).status_code == 403
    assert south.post_launch(launches[south]).status_code == 302
    assert not south.lms.requests.refused
    north.provision(send_welcome_email="true")
    assert len(north.lms.outbox.emails) == 1
    assert not south.lms.outbox.emails
    north.lms.settings["openlearning.bearer_keys"] = "refuse"
    assert south.lms.settings["openlearning.bearer_keys"] == "accept"


def test_reset_of_one_world_leaves_the_other(north: Site, south: Site) -> None:
    for each in (north, south):
        each.provision()
    north.lms.reset()
    assert len(people(north)) == 2
    assert len(people(south)) == 3


WORKERS = """
import json, os, time, urllib.parse, urllib.request
from pathlib import Path

import pytest

SHARED = Path({shared!r})


def call(url, data=None):
    body = urllib.parse.urlencode(data).encode() if data else None
    with urllib.request.urlopen(url, body) as answer:
        return json.load(answer)["data"]


@pytest.mark.parametrize("number", range(2))
def test_alone(lms, number):
    ol = lms.openlearning
    path = f"{{ol.url}}/v2.1/institutions/{{ol.institution_id}}/managed-users/?api_key={{ol.api_key}}"
    call(path, {{"full_name": f"W{{number}}", "external_institution_id": f"w{{number}}",
                "primary_email_address": f"w{{number}}@example.edu"}})
    (SHARED / os.environ["PYTEST_XDIST_WORKER"]).touch()
    until = time.monotonic() + 30
    while len(list(SHARED.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(list(SHARED.iterdir())) == 2, "the other worker never came"
    names = [row["user"]["full_name"] for row in call(path)]
    assert names == ["Ada Lovelace", "Katherine Johnson", f"W{{number}}"]
"""


@pytest.mark.slow
def test_two_workers_at_the_same_time_never_see_each_others_people(pytester: pytest.Pytester) -> None:
    """Both workers wait until both have made their person, so that a shared world would show two."""
    shared = pytester.mkdir("shared")
    pytester.makepyfile(WORKERS.format(shared=str(shared)))
    pytester.runpytest_subprocess("-q", "-n2").assert_outcomes(passed=2)


@pytest.mark.slow
def test_two_workers_on_one_running_emulator_have_worlds_of_their_own(lms: Emulator, pytester: pytest.Pytester) -> None:
    shared = pytester.mkdir("shared")
    pytester.makepyfile(WORKERS.format(shared=str(shared)))
    pytester.runpytest_subprocess("-q", "-n2", f"--lms-url={lms.url}").assert_outcomes(passed=2)
    for worker in ("gw0", "gw1"):
        lms.delete_world(worker)
