"""Clock, ids, journal, routing, addresses, settings: the small parts of the core."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.responses import Response

from lms_emulator.core import keys
from lms_emulator.core.clock import Clock, http_date, isoformat, parse_duration, parse_instant
from lms_emulator.core.errors import UsageError
from lms_emulator.core.http.addresses import Addresses
from lms_emulator.core.http.forms import decode_pairs
from lms_emulator.core.http.routing import Route, Router
from lms_emulator.core.ids import Ids
from lms_emulator.core.settings import change, describe
from lms_emulator.core.worlds.journal import Entry, Journal
from lms_emulator.server.targets import BadRequestError, split_target

from .toy import Settings


class TestClock:
    def test_frozen_time_moves_only_when_it_is_moved(self) -> None:
        clock = Clock()
        clock.freeze()
        before = clock.now()
        assert clock.now() == before
        clock.advance(timedelta(minutes=10))
        assert clock.now() == before + timedelta(minutes=10)
        assert clock.mode == "frozen"

    def test_resumed_time_goes_on_from_where_it_stood(self) -> None:
        clock = Clock()
        clock.set(datetime(2030, 1, 1, tzinfo=UTC))
        clock.freeze()
        clock.resume()
        assert clock.mode == "offset"
        assert timedelta(0) <= clock.now() - datetime(2030, 1, 1, tzinfo=UTC) < timedelta(seconds=5)

    def test_a_move_that_no_date_can_hold_changes_nothing(self) -> None:
        clock = Clock()
        clock.freeze()
        before = clock.now()
        with pytest.raises((OverflowError, ValueError)):
            clock.advance(1e15)
        assert clock.now() == before

    @given(st.timedeltas(timedelta(days=-900), timedelta(days=900)))
    def test_any_length_moves_by_itself(self, length: timedelta) -> None:
        clock = Clock()
        clock.set(datetime(2026, 6, 1, tzinfo=UTC))
        clock.freeze()
        before = clock.now()
        clock.advance(length)
        assert abs(clock.now() - before - length) < timedelta(milliseconds=1)

    @pytest.mark.parametrize(
        ("text", "length"),
        [
            ("PT10M", timedelta(minutes=10)),
            ("P1DT2H", timedelta(days=1, hours=2)),
            ("-PT1.5S", timedelta(seconds=-1.5)),
            ("P2W", timedelta(weeks=2)),
        ],
    )
    def test_durations(self, text: str, length: timedelta) -> None:
        assert parse_duration(text) == length

    @pytest.mark.parametrize("text", ["", "P", "PT", "10M", "P1Y", "PT10"])
    def test_bad_durations_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="ISO 8601 duration"):
            parse_duration(text)

    def test_instants(self) -> None:
        assert isoformat(parse_instant("2026-01-31T12:00:00+02:00")) == "2026-01-31T10:00:00Z"
        assert parse_instant("2026-01-31T12:00:00").tzinfo is UTC
        with pytest.raises(ValueError, match="ISO 8601 instant"):
            parse_instant("tomorrow")

    def test_http_date(self) -> None:
        assert http_date(1795295543) == "Sat, 21 Nov 2026 21:12:23 GMT"


class TestIds:
    def test_a_seed_repeats_its_sequence_after_reset(self) -> None:
        ids = Ids("7")
        first = [ids.alnum(30), ids.uuid(), ids.hex(32), ids.token(10), ids.digits(6)]
        ids = ids.fresh()
        assert first == [ids.alnum(30), ids.uuid(), ids.hex(32), ids.token(10), ids.digits(6)]

    def test_without_a_seed_nothing_repeats(self) -> None:
        assert len({Ids().alnum(30) for _ in range(50)}) == 50

    @given(st.text(), st.integers(1, 64))
    def test_shapes(self, seed: str, length: int) -> None:
        ids = Ids(seed)
        assert uuid.UUID(ids.uuid()).version == 4
        assert len(ids.hex(length)) == len(ids.alnum(length)) == len(ids.digits(length)) == length
        assert ids.object_id(1767225600.9).startswith("6955b900")
        assert len(ids.object_id(0)) == 24

    def test_a_snapshot_repeats_what_came_after_it(self) -> None:
        ids = Ids("7")
        ids.uuid()
        kept = ids.snapshot()
        after = ids.uuid()
        ids.restore(kept)
        assert ids.uuid() == after


def _entry(entry_id: str, size: int = 0) -> Entry:
    entry = Entry()
    entry.id, entry.target, entry.body, entry.response_body = entry_id, "/", b"x" * size, b""
    entry.pack([], [])
    return entry


class TestJournal:
    def test_bounded_by_count(self) -> None:
        journal = Journal(max_entries=3)
        for number in range(5):
            journal.add(_entry(f"r{number}"))
        assert [e.id for e in journal.entries()] == ["r2", "r3", "r4"]
        assert journal.dropped == 2

    def test_bounded_by_bytes(self) -> None:
        journal = Journal(max_bytes=10_000)
        for number in range(50):
            journal.add(_entry(f"r{number}", 1_000))
        assert journal.bytes <= 10_000
        assert 1 <= len(journal.entries()) < 10

    def test_ids_go_on_after_clearing(self) -> None:
        journal = Journal()
        journal.next_id()
        journal.clear()
        assert journal.next_id() == "r2"


def _route(methods: tuple[str, ...], path: str, regex: str | None = None) -> Route:
    return Route(
        methods=methods, path=path, regex=regex, handler=lambda x: Response(), evidence="chosen", source="", summary=""
    )


class TestRouter:
    router = Router(
        [
            _route(("GET",), "/a/"),
            _route(("POST",), "/a/"),
            _route(("GET",), "/a/{id}"),
            _route(("GET",), "/files/{rest:path}"),
            _route(("PUT",), "/re", r"^/re/(?P<key>[^/+]+\+[^/+]+)/?$"),
            _route(("GET",), "/{any}/last"),
        ]
    )

    @pytest.mark.parametrize(
        ("method", "path", "params"),
        [
            ("GET", "/a/", {}),
            ("HEAD", "/a/", {}),
            ("POST", "/a/", {}),
            ("GET", "/a/7", {"id": "7"}),
            ("GET", "/files/x/y/", {"rest": "x/y/"}),
            ("PUT", "/re/a+b/", {"key": "a+b"}),
            ("GET", "/x/last", {"any": "x"}),
        ],
    )
    def test_found(self, method: str, path: str, params: dict[str, str]) -> None:
        match = self.router.match(method, path)
        assert match.route is not None
        assert match.params == params

    @pytest.mark.parametrize("path", ["", "/", "/A/", "/a", "/a/7/", "/re/ab", "//a/"])
    def test_not_found(self, path: str) -> None:
        assert self.router.match("GET", path)[::2] == (None, ())

    def test_wrong_method_lists_the_right_ones(self) -> None:
        assert self.router.match("DELETE", "/a/").allowed == ("GET", "HEAD", "POST")

    def test_letters_in_any_case(self) -> None:
        router = Router([_route(("GET",), "/Users/{id}"), _route(("GET",), "/me")], case_insensitive=True)
        assert router.match("GET", "/uSERS/Bob").params == {"id": "Bob"}
        assert router.match("GET", "/ME").route is not None


class TestAddresses:
    addresses = Addresses({"canvas": ["canvas.instructure.com", "*.instructure.com"], "ltiaas": ["*.ltiaas.com"]})
    addresses.listen("127.0.0.1", 8080, {"canvas": 8085})

    @pytest.mark.parametrize(
        ("host", "port", "path", "expected"),
        [
            ("127.0.0.1", 8085, "/x", ("default", "canvas", "", "port")),
            ("127.0.0.1", 8080, "/canvas/x", ("default", "canvas", "/canvas", "prefix")),
            ("127.0.0.1", 8080, "/canvas", ("default", "canvas", "/canvas", "prefix")),
            ("127.0.0.1", 8080, "/canvasx", ("default", None, "", "gateway")),
            ("127.0.0.1", 8080, "/w/a/ltiaas/x", ("a", "ltiaas", "/w/a/ltiaas", "prefix")),
            ("127.0.0.1", 8080, "/w/b/ltiaas/x", ("b", "ltiaas", "/w/b/ltiaas", "prefix")),
            ("canvas.b.localhost", 8080, "/x", ("b", "canvas", "", "host")),
            ("canvas.campus.example", 8080, "/x", ("default", "canvas", "", "host")),
            ("canvas.a.campus.example", 8080, "/x", ("a", "canvas", "", "host")),
            ("127.0.0.1", 8080, "/w/a", ("a", None, "/w/a", "gateway")),
            ("Canvas.Instructure.COM", 8080, "/x", ("default", "canvas", "", "host")),
            ("school.instructure.com", 8085, "/x", ("default", "canvas", "", "host")),
            ("acme.ltiaas.com", 8085, "/x", ("default", "ltiaas", "", "host")),
            ("canvas.localhost", 8080, "/canvas", ("default", "canvas", "", "host")),
            ("canvas.a.localhost", 8080, "/", ("a", "canvas", "", "host")),
            ("canvas.lms.internal", 1, "/", ("default", "canvas", "", "host")),
            ("canvas", 1, "/", ("default", "canvas", "", "host")),
            ("instructure.com", 8080, "/", ("default", None, "", "gateway")),
        ],
    )
    def test_located(self, host: str, port: int, path: str, expected: tuple[str, str | None, str, str]) -> None:
        assert self.addresses.locate(host, port, path, lambda name: name == "a") == expected

    def test_base_urls(self) -> None:
        assert self.addresses.base_urls("canvas", "default", "http", "127.0.0.1", 8080) == {
            "port": "http://127.0.0.1:8085",
            "prefix": "http://127.0.0.1:8080/canvas",
            "host": "http://canvas.localhost:8080",
        }
        assert "port" not in self.addresses.base_urls("canvas", "a", "http", "127.0.0.1", 8080)

    def test_no_own_ports_when_a_container_maps_them_elsewhere(self) -> None:
        bases = self.addresses.base_urls("canvas", "default", "http", "localhost", 49153)
        assert bases == {"prefix": "http://localhost:49153/canvas", "host": "http://canvas.localhost:49153"}


class TestSettings:
    def test_described_with_evidence(self) -> None:
        greeting, most, strict = describe("toy", Settings())
        assert (greeting.name, greeting.type, greeting.evidence) == ("toy.greeting", "hello | hi", "chosen")
        assert (most.default, most.evidence, strict.type) == (10, "inferred", "bool")

    def test_lenient_values_come_as_text(self) -> None:
        changed = change(Settings(), "toy", {"most": "3", "strict": "false", "greeting": "hi"}, lenient=True)
        assert msgspec.structs.astuple(changed) == ("hi", 3, False)

    @pytest.mark.parametrize(
        ("values", "text"),
        [
            ({"greting": "hi"}, "did you mean `toy.greeting`"),
            ({"greeting": "moin"}, "expected hello | hi, got `moin`"),
            ({"most": 0}, "toy.most"),
            ({"zzz": 1}, "lists them"),
        ],
    )
    def test_wrong_ones_are_named(self, values: dict[str, object], text: str) -> None:
        with pytest.raises(UsageError, match=text.replace("|", r"\|")):
            change(Settings(), "toy", values)


@given(st.binary(max_size=40))
@example(b"://")
@example(b"http://a:80?b")
@example(b"https://a@b/")
def test_any_request_target_has_a_path_and_a_query_or_is_no_url_of_http(target: bytes) -> None:
    try:
        path, query, _ = split_target(target)
    except BadRequestError:
        scheme, found, rest = target.partition(b"://")
        assert found
        assert scheme.lower() not in (b"http", b"https") or b"@" in rest
        return
    assert path.startswith(b"/") or path == b"*"
    assert path.isascii()
    assert query.isascii()


@pytest.mark.parametrize("name", keys.NAMES)
def test_the_published_numbers_are_those_of_the_shipped_key(name: str) -> None:
    from lms_emulator.signing.jwk import public_jwk

    published = public_jwk(keys.private_key(name), "k")
    assert keys.public_numbers(name) == {"n": published["n"], "e": published["e"]}


@given(st.lists(st.sampled_from([*"%41aé=&+; \ufffd", "%C3", "%A9", "%e2%82", "%zz"]), max_size=40).map("".join))
def test_forms_are_decoded_as_urllib_decodes_them(text: str) -> None:
    for sent in (text, text + "%41" * 50):
        assert decode_pairs(sent.encode()) == parse_qsl(sent, keep_blank_values=True, errors="replace")
