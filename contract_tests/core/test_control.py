"""The control API: worlds, snapshots, clock, settings, outbox, and its own description."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from lms_emulator.client.emulator import Emulator
from lms_emulator.server.sockets import Server


def _pupils(http: httpx.Client, prefix: str = "") -> list[int]:
    return [pupil["id"] for pupil in http.get(f"{prefix}/_emulator/world").json()["toy"]["pupils"]]


def test_health_and_info(server: Server, http: httpx.Client) -> None:
    assert http.get("/_emulator/health").json() == {"status": "ready", "version": "0.1.0"}
    info = http.get("/_emulator/info").json()
    assert info["world"] == "demo"
    assert info["public_url"] == server.url
    assert set(info["providers"]["toy"]["base_urls"]) == {"port", "prefix", "host"}
    port = server.gateway.addresses.port_of("toy")
    on_own_port = httpx.get(f"http://127.0.0.1:{port}/_emulator/info", trust_env=False).json()
    assert on_own_port["public_url"] == server.url
    by_host = http.get("/_emulator/info", headers={"Host": "api.toy.example"})
    assert by_host.status_code == 200


def test_reset_snapshot_and_restore(http: httpx.Client) -> None:
    http.post("/toy/pupils", data={"email": "a@b"})
    kept = http.post("/_emulator/snapshots").json()["id"]
    http.post("/toy/pupils", data={"email": "c@d"})
    http.patch("/_emulator/settings", json={"toy": {"greeting": "hi"}})
    http.post("/_emulator/clock", json={"set": "2040-01-01T00:00:00Z"})
    assert _pupils(http) == [1, 2, 3]
    assert http.post("/_emulator/reset").status_code == 204
    assert _pupils(http) == [1]
    assert http.get("/toy/pupils/1").json()["greeting"] == "hello"
    assert http.get("/_emulator/clock").json()["mode"] == "real"
    assert http.get("/_emulator/outbox").json()["emails"] == []
    for _ in range(2):
        assert http.post(f"/_emulator/snapshots/{kept}/restore").status_code == 204
        assert _pupils(http) == [1, 2]
        assert len(http.get("/_emulator/outbox").json()["emails"]) == 1
        http.post("/toy/pupils", data={"email": "e@f"})
    assert http.delete(f"/_emulator/snapshots/{kept}").status_code == 204
    assert http.post(f"/_emulator/snapshots/{kept}/restore").status_code == 404


def test_a_dumped_world_is_the_same_world_when_it_is_put_back(http: httpx.Client) -> None:
    http.post("/toy/pupils", data={"email": "ü@x"})
    http.patch("/_emulator/settings", json={"toy.most": 3})
    http.post("/_emulator/clock", json={"set": "2040-01-01T00:00:00Z", "freeze": True})
    dumped = http.get("/_emulator/world").json()
    http.post("/_emulator/reset")
    http.put("/_emulator/world", json="empty")
    assert _pupils(http) == []
    assert http.put("/_emulator/world", json=dumped).status_code == 204
    assert http.get("/_emulator/world").json() == dumped
    assert http.post("/toy/pupils", data={"email": "n@x"}).json() == {"id": 3}


def test_a_dump_has_every_table_and_omits_defaults(server: Server, http: httpx.Client) -> None:
    assert http.get("/_emulator/world").json()["toy"]["tickets"] == []
    with Emulator.in_process("empty") as lms:
        dumped = lms.dump()
        assert dumped["canvas"]["courses"] == []
        lms.load(dumped)
        assert lms.dump() == dumped
    with Emulator.in_process("demo") as lms:
        dumped = lms.dump()
        lms.load(dumped)
        assert lms.dump() == dumped


def test_every_problem_of_a_posted_world_is_reported_and_nothing_is_lost(http: httpx.Client) -> None:
    http.post("/toy/pupils", data={"email": "a@b"})
    bad: dict[str, Any] = {
        "tyo": {},
        "settings": {"toy": {"most": "x"}, "nobody": {}},
        "toy": {"pupils": [{"id": "1"}, {"id": 2, "email": "a@b", "emial": 1}, {"id": 3, "email": "x", "tags": [1]}]},
    }
    answer = http.put("/_emulator/world", json=bad)
    assert answer.status_code == 400
    errors = "\n".join(answer.json()["errors"])
    for text in (
        "tyo: unknown key or provider; did you mean `toy`?",
        "settings.toy.most",
        "settings.nobody",
        "toy.pupils[0].id: expected `int`",
        "toy.pupils[0].email: required key is missing, expected str",
        "toy.pupils[1].emial: unknown key; did you mean `email`?",
        "toy.pupils[2].tags[0]: expected `str`",
    ):
        assert text in errors
    assert _pupils(http) == [1, 2]


def test_contradictory_records_are_reported(http: httpx.Client) -> None:
    pupil = {"id": 1, "email": "a@b"}
    answer = http.put("/_emulator/world", json={"toy": {"pupils": [pupil, pupil, {"id": 2, "email": "x"}]}})
    assert answer.json()["errors"] == [
        "toy.pupils[1]: another record already has the key 1",
        "toy.pupils[2].email: no @ in it",
    ]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"nope"', b"\xff"])
def test_invalid_worlds_are_refused(http: httpx.Client, body: bytes) -> None:
    answer = http.put("/_emulator/world", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


class TestClock:
    def test_moves(self, http: httpx.Client) -> None:
        http.post("/_emulator/clock", json={"set": "2030-01-01T00:00:00Z", "freeze": True})
        assert http.post("/_emulator/clock", json={"advance": "PT10M"}).json()["now"] == "2030-01-01T00:10:00Z"
        assert http.post("/_emulator/clock", json={"advance": -60}).json()["now"] == "2030-01-01T00:09:00Z"
        assert http.post("/_emulator/clock", json={"resume": True}).json()["mode"] == "offset"

    @pytest.mark.parametrize(
        "body", [{}, {"advance": "soon"}, {"set": "x"}, {"freeze": "no"}, {"advance": 1e18}, {"advance": "P9999999W"}]
    )
    def test_wrong_moves_change_nothing(self, http: httpx.Client, body: dict[str, Any]) -> None:
        http.post("/_emulator/clock", json={"freeze": True})
        before = http.get("/_emulator/clock").json()
        answer = http.post("/_emulator/clock", json=body)
        assert answer.status_code == 400
        assert answer.json()["detail"]
        assert http.get("/_emulator/clock").json() == before


class TestWorlds:
    def test_further_worlds_are_isolated(self, http: httpx.Client) -> None:
        for name in ("a", "b"):
            made = http.post("/_emulator/worlds", json={"name": name})
            assert made.status_code == 201
            assert made.json()["control_url"].endswith(f"/w/{name}/_emulator")
        http.post("/w/a/toy/pupils", data={"email": "a@b"})
        http.post("/w/a/_emulator/clock", json={"set": "2040-01-01T00:00:00Z"})
        assert (_pupils(http), _pupils(http, "/w/a"), _pupils(http, "/w/b")) == ([1], [1, 2], [1])
        assert http.get("/_emulator/clock").json()["mode"] == "real"
        assert http.get("/w/b/_emulator/requests").json()["requests"] == []
        assert http.get("/pupils/2", headers={"Host": "toy.a.localhost"}).status_code == 200
        assert http.get("/pupils/2", headers={"Host": "toy.b.localhost"}).status_code == 404
        assert http.delete("/_emulator/worlds/a").status_code == 204
        assert http.get("/w/a/toy/pupils/1").status_code == 404
        assert [w["name"] for w in http.get("/_emulator/worlds").json()["worlds"]] == ["default", "b"]

    def test_the_explanation_of_a_refusal_is_in_its_own_world(self, http: httpx.Client) -> None:
        http.post("/_emulator/worlds", json={"name": "a", "world": "empty"})
        refused = http.get("/w/a/toy/pupils/1")
        assert http.get(refused.headers["x-emulator-explain"]).json()["world"] == "a"

    @pytest.mark.parametrize(
        ("body", "status"),
        [({"name": "A b"}, 400), ({"name": "default"}, 400), ({}, 400), ({"name": "x", "world": {"toy": 3}}, 400)],
    )
    def test_wrong_names_and_worlds_are_refused(self, http: httpx.Client, body: dict[str, Any], status: int) -> None:
        assert http.post("/_emulator/worlds", json=body).status_code == status

    def test_the_default_world_stays(self, http: httpx.Client) -> None:
        assert http.delete("/_emulator/worlds/default").status_code == 400
        assert http.delete("/_emulator/worlds/nobody").status_code == 404


class TestSettings:
    def test_listed_with_grades_and_changed_all_or_none(self, http: httpx.Client) -> None:
        rows = {row["name"]: row for row in http.get("/_emulator/settings").json()["settings"]}
        assert rows["toy.most"]["evidence"] == "inferred"
        assert "emulator.max_body_bytes" in rows
        bad = http.patch("/_emulator/settings", json={"toy": {"greeting": "hi", "most": 0}})
        assert bad.status_code == 400
        assert http.get("/toy/pupils/1").json()["greeting"] == "hello"
        assert http.patch("/_emulator/settings", json={"toy": {"greeting": "hi", "most": 1}}).status_code == 200
        assert http.get("/toy/pupils/1").json()["greeting"] == "hi"

    @pytest.mark.parametrize("body", [{"nobody.x": 1}, {"toy": 3}, {"toy.zzz": 1}, []])
    def test_unknown_names_are_reported(self, http: httpx.Client, body: Any) -> None:
        assert http.patch("/_emulator/settings", json=body).status_code == 400


def test_the_outbox(http: httpx.Client) -> None:
    http.post("/toy/pupils", data={"email": "a@b"})
    (email,) = http.get("/_emulator/outbox").json()["emails"]
    assert (email["kind"], email["to"], email["provider"]) == ("welcome", "a@b", "toy")
    assert http.get("/_emulator/outbox?provider=other").json()["emails"] == []
    http.delete("/_emulator/outbox")
    assert http.get("/_emulator/outbox").json()["emails"] == []


def test_its_description_names_every_call(http: httpx.Client) -> None:
    document = http.get("/_emulator/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for path in (
        "/health",
        "/info",
        "/reset",
        "/world",
        "/snapshots/{id}/restore",
        "/clock",
        "/requests/{id}",
        "/ca.pem",
    ):
        assert path in document["paths"]
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))
    for path, item in document["paths"].items():
        if "get" in item and "{" not in path and path != "/ca.pem":
            assert http.get(f"/_emulator{path}").status_code == 200


def test_unknown_calls_and_methods_are_refused_in_our_own_shape(http: httpx.Client) -> None:
    assert http.get("/_emulator/nothing").json()["title"] == "Not Found"
    wrong = http.get("/_emulator/reset")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_the_handle_does_the_same_over_http(server: Server) -> None:
    with Emulator.connect(server.url) as lms:
        httpx.get(f"{server.url}/toy/pupils/7", trust_env=False)
        assert lms.requests.last.refusal is not None
        assert lms.requests.last.refusal.reason == "unknown_pupil"
        with lms.restored():
            lms.settings["toy.greeting"] = "hi"
            lms.clock.freeze()
            lms.clock.advance(minutes=6)
            assert lms.clock.mode == "frozen"
        assert lms.settings["toy.greeting"] == "hello"
        assert lms.clock.mode == "real"
        other = lms.new_world("x")
        assert other.dump()["toy"]["pupils"][0]["id"] == 1
        lms.delete_world("x")
        with pytest.raises(Exception, match="unknown setting"):
            lms.settings["toy.nothing"] = 1


def test_connecting_without_a_server_says_so() -> None:
    with pytest.raises(ConnectionError, match="no emulator answers"):
        Emulator.connect("http://127.0.0.1:9")


def test_the_console_says_why(http: httpx.Client) -> None:
    assert "Nothing yet" in http.get("/_emulator").text
    http.get("/toy/pupils/7?x=<script>")
    page = http.get("/_emulator/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "unknown_pupil" in page.text
    assert "<script>" not in page.text
    http.get("/toy/pupils/1")
    assert "/toy/pupils/1<" in http.get("/_emulator").text
    assert "/toy/pupils/1<" not in http.get("/_emulator?failed=true").text
    http.post("/_emulator/faults", json={"status": 503})
    http.get("/toy/pupils/1")
    assert "status 503 instead of the provider" in http.get("/_emulator?failed=true").text
    for query, said in (("failed=x", "expected true or false"), ("provider=toy", "takes `failed`, not `provider`")):
        answer = http.get(f"/_emulator/?{query}")
        assert (answer.status_code, said in answer.json()["detail"]) == (400, True)
    assert "did you mean /requests?" in http.get("/_emulator/request").json()["detail"]
