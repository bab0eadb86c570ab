"""Two worlds in one process never see each other's people, launches, sessions or time."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.openlearning.site import BROWSER, Site
from lms_emulator.client import Emulator


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
