"""The source of every route and setting can be opened by a stranger; `docs/evidence.md` says how one is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import pytest

from contract_tests.house import unrecorded
from contract_tests.house.package import ROOT, modules, relative
from lms_emulator.app import load_providers
from lms_emulator.core.settings import EmulatorSettings, describe
from lms_emulator.providers import PROVIDERS

_NOTE = r"(?: \((?P<note>[^()]+)\))?"
PAGE = re.compile(r"https?://(?P<host>[a-z0-9.-]+\.[a-z]{2,})(?::\d+)?(?:/[^\s,;]*)?(?P<place>, [^;()]+)?" + _NOTE)
RECORDING = re.compile(r"(?P<file>fixtures/recordings/[\w./-]+)(?P<numbers>(?:,? \d+(?:-\d+)?)+)" + _NOTE)
DATA = re.compile(r"(?P<file>fixtures/[\w./-]+)(?P<place>, [^;()]+)?" + _NOTE)
FILE = re.compile(
    r"(?P<repository>[\w.-]+(?:/[\w.-]+)?)(?: (?P<version>v?\d[\w.]*))? (?P<file>[\w@.-]+(?:/[\w@.{}-]+)*\.[A-Za-z]\w*)"
    r"(?P<place>, [^;()]+)?" + _NOTE
)
NOWHERE = re.compile(r"(^|\.)(localhost|local|test|example|invalid|internal)$|^\d+(\.\d+){3}$")
OUR_DOCUMENTS = re.compile(r"(?<![\w./-])(?P<path>[\w./-]+\.md)(?![\w/])")
RECORDED = ("recorded", "refusals_recorded")
THEIR_DOCUMENTS = re.compile(r"[\w.-]+/[\w.-]+ [\w.-]+\.md\b")


@cache
def repositories() -> frozenset[str]:
    """The short names of public repositories whose URLs `docs/evidence.md` lists."""
    rows = re.findall(
        r"^\| `([\w.-]+)` \| <?https://[^ |>]+>? \|", (ROOT / "docs/evidence.md").read_text("utf-8"), re.M
    )
    return frozenset(rows)


@cache
def recorded(file: str) -> frozenset[int]:
    """The numbers of the exchanges in a recording."""
    lines = (ROOT / file).read_text("utf-8").splitlines()
    return frozenset(json.loads(line)["n"] for line in lines if line.strip())


def faults(source: str) -> Iterator[str]:
    """Why a stranger cannot open a source; several are separated by `; `."""
    for part in re.split(r"; (?![^()]*\))", source):
        if found := PAGE.fullmatch(part):
            if NOWHERE.search(found["host"]):
                yield f"`{part}`: no public address"
        elif found := RECORDING.fullmatch(part):
            if not (ROOT / found["file"]).is_file():
                yield f"`{part}`: no such recording"
            else:
                yield from (
                    f"`{part}`: no exchange {n} in it" for n in _numbers(found["numbers"]) - recorded(found["file"])
                )
        elif part.startswith("fixtures/"):
            found = DATA.fullmatch(part)
            if found is None or not (ROOT / found["file"]).is_file() or "recordings" in found["file"]:
                yield f"`{part}`: no such file, or a recording without the exchange's number"
        elif found := FILE.fullmatch(part):
            if "/" not in found["repository"] and found["repository"] not in repositories():
                yield f"`{part}`: docs/evidence.md does not say where `{found['repository']}` is"
        else:
            yield f"`{part}`: neither a page's URL, a repository's file nor a recording's exchange"


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def declared(provider: str) -> Iterator[tuple[str, str, str]]:
    """Name, evidence grade and source of each of a provider's routes and settings."""
    loaded = load_providers()[provider]
    yield from ((route.name, route.evidence, route.source) for route in loaded.routes)
    yield from ((row.name, row.evidence, row.source) for row in describe(provider, loaded.settings()))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_source_can_be_opened(provider: str) -> None:
    found = []
    for name, evidence, source in declared(provider):
        if source:
            found += [f"{name}: {fault}" for fault in faults(source)]
        elif evidence != "chosen":
            found.append(f"{name}: {evidence}, but it does not say where")
        if evidence in RECORDED and not source.startswith("fixtures/recordings/"):
            found.append(f"{name}: recorded, but its first source is not a recording")
    assert not found, "\n".join(found)


@cache
def compared(file: str) -> frozenset[int]:
    """The numbers of the exchanges in a recording of which the body, or what a page is reduced to, was kept.

    A replay can compare only those whole. Of a redirect and of 204 the status and the headers are all there is.
    """
    exchanges = [json.loads(line) for line in (ROOT / file).read_text("utf-8").splitlines() if line.strip()]
    answers = {exchange["n"]: exchange["response"] for exchange in exchanges}
    return frozenset(
        n
        for n, answer in answers.items()
        if answer.get("body") is not None or answer.get("page") is not None or answer["status"] in (204, 301, 302, 304)
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_routes_graded_recorded_are_compared_whole(provider: str) -> None:
    promised = [(name, source) for name, evidence, source in declared(provider) if evidence in RECORDED]
    parts = {name: [RECORDING.fullmatch(part) for part in source.split("; ")] for name, source in promised}
    whole = {
        name: any(item and _numbers(item["numbers"]) & compared(item["file"]) for item in found)
        for name, found in parts.items()
    }
    assert [name for name, was in whole.items() if not was] == [], "grade it `observed`: its body was never compared"


@pytest.mark.parametrize("provider", unrecorded.FOLDERS)
def test_routes_that_no_recording_shows_are_not_graded_recorded(provider: str) -> None:
    mends = "run `python -m contract_tests.house.unrecorded`"
    for name, routes in unrecorded.lists(provider).items():
        assert unrecorded.file(provider, name).read_text("utf-8").splitlines() == routes, mends


def test_a_route_of_which_only_refusals_were_recorded_says_so() -> None:
    grades = {route.name: route.evidence for route in load_providers()["canvas"].routes}
    assert grades["GET /api/v1/courses"] == "recorded"
    refused = unrecorded.lists("canvas")["refused.txt"]
    assert refused
    assert {grades[name] for name in refused} == {"refusals_recorded"}


def test_recordings_are_of_providers_with_a_list() -> None:
    graded = {name for name in PROVIDERS for _, evidence, _ in declared(name) if evidence in RECORDED}
    assert graded == set(unrecorded.FOLDERS)


def test_the_emulators_own_settings_are_chosen() -> None:
    assert {row.evidence for row in describe("emulator", EmulatorSettings())} == {"chosen"}


def test_every_named_document_exists() -> None:
    """In comments, docstrings and sources alike; files of other repositories are named with folder or repository."""
    named = [
        (relative(path), found["path"])
        for path in modules()
        for found in OUR_DOCUMENTS.finditer(THEIR_DOCUMENTS.sub("", path.read_text("utf-8")))
    ]
    assert [(path, name) for path, name in named if not (ROOT / name).is_file() and "/" not in name] == []


@pytest.mark.parametrize(
    "source",
    [
        "https://docs.ltiaas.com/guides/api/dynamic-registration",
        "https://www.rfc-editor.org/rfc/rfc6749, 4.1.3 (the order of checks)",
        "fixtures/recordings/openedx/main.jsonl 0-1, 64 (refusals)",
        "fixtures/vectors/lti11.json",
        "instructure/canvas-lms app/controllers/users_controller.rb, api_index",
        "canvas-lms app/controllers/users_controller.rb; https://canvas.instructure.com/doc/api/users.html",
    ],
)
def test_valid_sources(source: str) -> None:
    assert list(faults(source)) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("openedx.md 6.2", "neither"),
        ("chosen", "neither"),
        ("public clients", "neither"),
        ("https://openedx.localhost/x", "no public address"),
        ("http://127.0.0.1/x", "neither"),
        ("fixtures/recordings/openedx/nothing.jsonl 1", "no such recording"),
        ("fixtures/recordings/openedx/main.jsonl 999999", "no exchange 999999"),
        ("fixtures/recordings/openedx/main.jsonl", "without the exchange's number"),
        ("fixtures/vectors/nothing.json", "no such file"),
        ("unheard-of-repository src/app.py, main", "does not say where"),
    ],
)
def test_invalid_sources(source: str, fault: str) -> None:
    assert [fault in said for said in faults(source)] == [True]
