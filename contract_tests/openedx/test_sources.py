"""Recordings that sources name show the routes they are named for."""

from __future__ import annotations

import re
from urllib.parse import unquote

from contract_tests.openedx.replay import recordings
from lms_emulator.providers.openedx import provider

RECORDED = re.compile(r"fixtures/recordings/openedx(?:-2)?/(\w+)\.jsonl (\d+(?:, \d+)*)")
EXCHANGES = {(name, e.n): e for name in recordings.RUNS for e in recordings.load(name).exchanges}


def test_a_recording_that_a_route_names_shows_that_route() -> None:
    astray = []
    for route in provider.routes:
        for run, numbers in RECORDED.findall(route.source):
            for number in numbers.split(", "):
                exchange = EXCHANGES[run, int(number)]
                path = provider.normalise_path(unquote(exchange.target.partition("?")[0]))
                found = provider.router.match(exchange.method, path).route
                other_methods = route.methods == () and not route.tag  # said once for all resources
                if not other_methods and (found is None or found.source != route.source):
                    astray.append((route.name, run, number))
    assert astray == []


def test_routes_graded_recorded_name_a_recording() -> None:
    graded = [(route.name, route.source) for route in provider.routes if route.evidence == "recorded"]
    assert [pair for pair in graded if not RECORDED.search(pair[1])] == []
