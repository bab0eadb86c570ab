"""What every provider gets from the gateway: addressing, journal, explain header, limits, faults."""

from __future__ import annotations

import socket
import time
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.unit.toy import gateway
from lms_emulator.server.sockets import Server


def _raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        sock.sendall(request)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
    return received


def test_three_ways_to_a_provider(server: Server, http: httpx.Client) -> None:
    port = server.gateway.addresses.port_of("toy")
    by_port = httpx.get(f"http://127.0.0.1:{port}/echo", trust_env=False).json()
    assert (by_port["reached_by"], by_port["base"]) == ("port", f"http://127.0.0.1:{port}")
    by_prefix = http.get("/toy/echo").json()
    assert (by_prefix["reached_by"], by_prefix["base"]) == ("prefix", f"{server.url}/toy")
    assert by_prefix["other"] == f"{server.url}/toy/there"
    for host in ("api.toy.example", "a.toys.example", f"toy.localhost:{server.port}", "toy.lms.internal"):
        by_host = http.get("/echo", headers={"Host": host}).json()
        assert (by_host["reached_by"], by_host["base"]) == ("host", f"http://{host}")


def test_a_request_for_no_provider_explains_how_to_name_one(http: httpx.Client) -> None:
    answer = http.get("/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/toy/" in answer.json()["detail"]


def test_a_refusal_carries_the_address_of_its_explanation(http: httpx.Client) -> None:
    refused = http.get("/toy/pupils/7")
    assert (refused.status_code, refused.json()) == (404, {"error": "no such pupil"})
    entry = http.get(refused.headers["x-emulator-explain"]).json()
    assert entry["refusal"]["reason"] == "unknown_pupil"
    assert entry["refusal"]["got"] == 7
    accepted = http.get("/toy/pupils/1")
    assert accepted.status_code == 200
    assert "x-emulator-explain" not in accepted.headers


def test_a_path_near_to_a_route_is_explained(http: httpx.Client) -> None:
    refused = http.get("/toy/pupil/1")
    entry = http.get(refused.headers["x-emulator-explain"]).json()
    assert "nearest declared one is `/pupils`" in entry["refusal"]["diagnosis"]
    wrong = http.delete("/toy/pupils/1")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")


def test_our_own_crash_is_reported_as_such(http: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert http.get("/toy/crash").status_code == 500
    assert "ZeroDivisionError" in http.get("/_emulator/requests/last").json()["crash"]
    assert "ZeroDivisionError: on purpose" in capsys.readouterr().err


def test_a_body_that_no_handler_can_read_is_refused(http: httpx.Client) -> None:
    assert http.post("/toy/json", content=b"[1]").json() == [1]
    refused = http.post("/toy/json", content=b"[1")
    assert refused.status_code == 400
    entry = http.get(refused.headers["x-emulator-explain"]).json()
    assert entry["refusal"]["reason"] == "body_unreadable"
    assert "line 1 column 3" in entry["refusal"]["diagnosis"]


def test_per_request_state_is_private_and_not_in_the_journal(http: httpx.Client) -> None:
    assert http.get("/toy/keeps/", params={"pupil": "ada"}).json() == {"pupil": "ada", "same": True}
    assert http.get("/toy/keeps/").json() == {"pupil": "nobody", "same": True}
    http.get("/toy/crash", params={"pupil": "ada"})
    for entry in http.get("/_emulator/requests").json()["requests"]:
        assert "Seen" not in http.get(f"/_emulator/requests/{entry['id']}").text


def test_a_provider_can_answer_or_refuse_between_routing_and_the_handler(http: httpx.Client) -> None:
    refused = http.get("/toy/keeps/", params={"pupil": "stranger"})
    assert (refused.status_code, refused.json()) == (403, {"error": "strangers stay outside"})
    assert http.get(refused.headers["x-emulator-explain"]).json()["route"] == "GET /keeps/"
    assert http.get("/toy/keeps/", params={"pupil": "head"}).json() == {"pupil": "head"}


def test_a_path_that_only_lacks_its_slash_is_distinguished_from_an_unknown_one(http: httpx.Client) -> None:
    moved = http.post("/toy/keeps")
    assert (moved.status_code, moved.headers["location"]) == (301, str(http.base_url.join("/toy/keeps/")))
    assert http.get("/toy/keep").status_code == 404


class TestLimits:
    def test_a_body_at_the_limit_passes_and_one_above_is_refused_unread(self, http: httpx.Client) -> None:
        http.patch("/_emulator/settings", json={"emulator.max_body_bytes": 100})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert http.post("/toy/echo", content=b"a=" + b"x" * 98, headers=form).status_code == 200
        refused = http.post("/toy/echo", content=b"a=" + b"x" * 99, headers=form)
        assert refused.status_code == 413
        entry = http.get(refused.headers["x-emulator-explain"]).json()
        assert entry["refusal"]["reason"] == "body_too_large"
        assert entry["request"]["body"] == ""

    def test_a_chunked_body_above_the_limit_is_refused(self, http: httpx.Client) -> None:
        http.patch("/_emulator/settings", json={"emulator.max_body_bytes": 1000})
        assert http.post("/toy/echo", content=iter([b"x" * 600, b"x" * 400])).status_code == 200
        assert http.post("/toy/echo", content=iter([b"x" * 600, b"x" * 401])).status_code == 413

    @pytest.mark.parametrize(
        ("kind", "within", "beyond", "setting"),
        [
            ("application/x-www-form-urlencoded", b"a=1&" * 9 + b"a=1", b"a=1&" * 10 + b"a=1", "max_fields"),
            ("application/json", b'["' + b"[,{" * 99 + b'",1,2]', b"[" + b"1," * 10 + b"1]", "max_json_values"),
            ("text/plain", b"1," * 99, b' {"a":{"b":[1,2,3,4,5,6,7,8,9]}}', "max_json_values"),
        ],
    )
    def test_a_body_with_too_many_parts_is_refused_unparsed(
        self, http: httpx.Client, kind: str, within: bytes, beyond: bytes, setting: str
    ) -> None:
        http.patch("/_emulator/settings", json={"emulator.max_fields": 10, "emulator.max_json_values": 10})
        headers = {"Content-Type": kind}
        assert http.post("/toy/echo", content=within, headers=headers).status_code == 200
        refused = http.post("/toy/echo", content=beyond, headers=headers)
        assert refused.status_code == 413
        refusal = http.get(refused.headers["x-emulator-explain"]).json()["refusal"]
        assert refusal["expected"] == f"at most 10 {setting.rpartition('_')[2]}"
        assert setting in refusal["diagnosis"]

    @pytest.mark.parametrize(
        "request_line",
        [
            b"GET /toy/echo/%ff%00?%ff=%00&a=1&a=2 HTTP/1.1",
            b"GET //toy/echo HTTP/1.1",
            b"GET http://api.toy.example/echo?a HTTP/1.1",
            b"GET /toy/echo?" + b"a=1&" * 25_000 + b" HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
        ],
    )
    def test_odd_request_targets_never_break_it(self, server: Server, request_line: bytes) -> None:
        answer = _raw(server, request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.split(b" ", 2)[1] in (b"200", b"204", b"404", b"431")

    @pytest.mark.parametrize(
        "headers",
        [
            b"Host: x\r\nHost: y\r\n",
            b"Host: [::1\r\n",
            b"Host: a:b:c\r\n",
            b"Host: \xff\r\n",
            b"Host: x\r\nCookie: a=1; a; =; b=\xff\r\nCookie: c=2\r\n",
            b"Host: x\r\nAuthorization: \xff\r\nX-A: " + b"y" * 60_000 + b"\r\n",
            b"Host: x\r\nContent-Type: multipart/form-data\r\n",
        ],
    )
    def test_odd_headers_never_break_it(self, server: Server, headers: bytes) -> None:
        answer = _raw(server, b"GET /toy/echo HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n")
        assert answer.split(b" ", 2)[1] in (b"200", b"400")

    @pytest.mark.parametrize("sent", [b"\x16\x03\x01 hello", b"GET /\xff\xfe HTTP/1.1\r\nHost: x"])
    def test_garbage_instead_of_http_gets_400_or_nothing(self, server: Server, sent: bytes) -> None:
        assert _raw(server, sent + b"\r\n\r\n").split(b" ", 2)[1:2] in ([b"400"], [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.text(max_size=20),
    query=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4),
    form=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4),
)
def test_requests_arrive_unchanged(
    http: httpx.Client, path: str, query: list[tuple[str, str]], form: list[tuple[str, str]]
) -> None:
    from urllib.parse import quote, urlencode

    def clean(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    target = f"/toy/echo{quote(clean(path), safe='')}?{urlencode([(clean(k), clean(v)) for k, v in query])}"
    body = urlencode([(clean(k), clean(v)) for k, v in form])
    answer = http.post(target, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200
    got = answer.json()
    assert got["path"] == "/echo" + clean(path)
    assert got["query"] == [[clean(k), clean(v)] for k, v in query]
    assert got["form"] == [[clean(k), clean(v)] for k, v in form]


class TestJournal:
    def test_filters(self, http: httpx.Client) -> None:
        for path in ("/toy/pupils/1", "/toy/pupils/7", "/toy/echo"):
            http.get(path)
        http.post("/toy/pupils", data={"email": ""})

        def ids(query: str) -> list[str]:
            return [entry["id"] for entry in http.get(f"/_emulator/requests?{query}").json()["requests"]]

        assert ids("") == ["r1", "r2", "r3", "r4"]
        assert ids("refused=true") == ids("reason=unknown_pupil") == ids("status=404") == ["r2"]
        assert ids("refused=false") == ["r1", "r3", "r4"]
        assert ids("method=post") == ["r4"]
        assert ids("path=pupils&limit=2") == ["r2", "r4"]
        assert ids("after=r3") == ["r4"]
        assert ids("status=4xx") == ids("reason=unknown_pupil") == ["r2"]
        assert ids("outcome=unknown_path") == ids("reason=launch_expired") == ids("reason=nonce_already_received") == []
        assert ids("outcome=answered_with_warnings") == ids("warning=no_email") == ["r4"]
        assert ids("outcome=answered&refused=false") == ["r1", "r3"]
        assert ids("outcome=fault&reason=launch_expired") == ids("outcome=refused&warning=more_pages") == []
        assert http.get("/_emulator/requests/last").json()["warnings"][0]["code"] == "no_email"
        assert http.get("/_emulator/requests/last-refused").json()["id"] == "r2"
        assert http.get("/_emulator/requests/r99").status_code == 404
        http.delete("/_emulator/requests")
        assert ids("") == []

    @pytest.mark.parametrize(
        ("query", "why"),
        [
            ("provider=tory", "did you mean `toy`?"),
            ("reson=x", "did you mean `reason`?"),
            ("status=4x", "a class such as `4xx`"),
            ("status=700", "a status such as `404`"),
            ("method=FETCH", "did you mean `PATCH`?"),
            ("refused=maybe", "`maybe` is unknown"),
            ("outcome=refuse", "did you mean `refused`?"),
            ("reason=unknown+pupil", "a machine name"),
            ("reason=nonce_alredy_received", "did you mean `nonce_already_received`?"),
            ("warning=parameter_not_raed", "did you mean `parameter_not_read`?"),
            ("reason=course_workflow_state", "there is no reason `course_workflow_state`"),
            ("reason=more_pages", "is not a reason but a warning"),
            ("after=17", "the id of a request"),
            ("limit=-1", "expected a whole number from 1"),
            ("limit=0", "expected a whole number from 1"),
            ("status=100", "a status such as `404`"),
            ("outcome=answered&refused=true", "a request that ended as `answered` was not refused"),
            ("outcome=crash&reason=unknown_pupil", "a request that ended as `crash` has none"),
            ("outcome=answered&warning=no_email", "a request that ended as `answered` has none"),
            ("status=404&status=405", "given twice"),
        ],
    )
    def test_a_filter_that_cannot_find_anything_is_an_error(self, http: httpx.Client, query: str, why: str) -> None:
        answer = http.get(f"/_emulator/requests?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert why in answer.json()["detail"]

    def test_a_journal_entry_has_the_whole_exchange(self, http: httpx.Client) -> None:
        http.post("/toy/pupils?a=%20b", data={"email": "é@x"}, headers={"X-Trace": "7"})
        entry = http.get("/_emulator/requests/last").json()
        assert entry["request"]["body"] == "email=%C3%A9%40x"
        assert ["x-trace", "7"] in entry["request"]["headers"]
        assert entry["url"].endswith("/toy/pupils?a=%20b")
        assert entry["response"]["body"] == '{"id":2}'
        assert entry["route"] == "POST /pupils"


class TestFaults:
    def test_a_status_for_a_number_of_requests(self, http: httpx.Client) -> None:
        fault = {"provider": "toy", "path": "/echo", "status": 503, "body": "busy", "times": 2, "after": 1}
        assert http.post("/_emulator/faults", json=fault).status_code == 201
        assert [http.get("/toy/echo").status_code for _ in range(4)] == [200, 503, 503, 200]
        assert http.get("/toy/pupils/1").status_code == 200

    def test_a_rate_limit(self, http: httpx.Client) -> None:
        http.post("/_emulator/faults", json={"rate_limit": 2, "retry_after": 9})
        answers = [http.get("/toy/echo") for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == "9"

    def test_a_delay(self, http: httpx.Client) -> None:
        http.post("/_emulator/faults", json={"delay_ms": 120, "times": 1})
        begun = time.monotonic()
        http.get("/toy/echo")
        assert time.monotonic() - begun >= 0.12

    @pytest.mark.parametrize("fault", [{"drop": True}, {"truncate": 5}])
    def test_a_broken_connection(self, http: httpx.Client, fault: dict[str, Any]) -> None:
        http.post("/_emulator/faults", json={**fault, "times": 1})
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/toy/echo")
        assert http.get("/toy/echo").status_code == 200

    def test_a_malformed_body(self, http: httpx.Client) -> None:
        http.post("/_emulator/faults", json={"malformed": True, "times": 1})
        with pytest.raises(ValueError):
            http.get("/toy/echo").json()

    def test_removed_faults_do_nothing(self, http: httpx.Client) -> None:
        first = http.post("/_emulator/faults", json={"status": 500}).json()["id"]
        assert http.delete(f"/_emulator/faults/{first}").status_code == 204
        assert http.delete(f"/_emulator/faults/{first}").status_code == 404
        assert http.get("/toy/echo").status_code == 200

    @pytest.mark.parametrize(
        ("fault", "text"),
        [({"sttaus": 500}, "did you mean `status`"), ({"status": 99}, "status"), ({"provider": "x"}, "known: toy")],
    )
    def test_wrong_ones_are_named(self, http: httpx.Client, fault: dict[str, Any], text: str) -> None:
        answer = http.post("/_emulator/faults", json=fault)
        assert answer.status_code == 400
        assert text in answer.json()["detail"]


def test_answers_carry_the_time_of_the_world(http: httpx.Client) -> None:
    http.post("/_emulator/clock", json={"set": "2030-01-02T03:04:05Z", "freeze": True})
    assert http.get("/toy/echo").headers["date"] == "Wed, 02 Jan 2030 03:04:05 GMT"


def test_clients_see_the_public_url() -> None:
    server = Server(gateway(public_url="https://lms.example/"))
    server.start()
    try:
        answer = httpx.get(f"{server.url}/toy/echo", trust_env=False).json()
        assert answer["base"] == "https://lms.example/toy"
        refused = httpx.get(f"{server.url}/toy/nothing", trust_env=False)
        assert refused.headers["x-emulator-explain"].startswith("https://lms.example/_emulator/requests/r")
    finally:
        server.stop()


@pytest.mark.parametrize("status", [400, 404, 500, 501, 502, 503, 599])
def test_a_failure_that_a_handler_reproduces_is_the_providers_own(http: httpx.Client, status: int) -> None:
    """Its status alone decides, however the handler answers: nobody has to remember to mark one."""
    for way, otherwise in (("", "answered"), ("?refused", "refused")):
        answer = http.get(f"/toy/answer/{status}{way}")
        entry = http.get("/_emulator/requests/last").json()
        assert (answer.status_code, entry["status"]) == (status, status)
        assert entry["outcome"] == ("provider_defect" if status == 500 else otherwise)
        assert entry["provider_defect"] == (status == 500)


def test_a_crash_is_not_a_provider_defect(http: httpx.Client) -> None:
    assert http.get("/toy/crash").status_code == 500
    assert http.get("/_emulator/requests/last").json()["outcome"] == "crash"
