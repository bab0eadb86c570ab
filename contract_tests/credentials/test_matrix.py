"""Every kind of credential, created in one world and used in others; the declared kinds and tables write this test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import msgspec
import pytest

from contract_tests.credentials.makers import MAKERS, Held, Side, kinds
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.state.credentials import Credential

KINDS = list(kinds())
SEEDED = {
    ("openlearning", "an API key"),
    ("openlearning", "a consumer secret"),
    ("learningstudio", "the shared secret"),
    ("learningstudio", "the secret of a principal"),
    ("ltiaas", "the API key"),
    ("ltiaas", "a shared secret of LTI 1.1"),
    ("openedx", "a client secret"),
    ("canvas", "the client secret"),
    ("brightspace", "the client secret"),
    ("brightspace", "an access token of the world file"),
}
"""What the world file contains. Worlds of one file share it; another file's world does not."""
SIGNED = {("openlearning", "the nonce of a launch given out")}
"""Proved by a secret of the world file alone, as at the real provider: a reset changes nothing."""
DEAD = {("canvas", "a replaced access token")}
NO_CREDENTIALS = {
    "nonces", "used_nonces", "used_tokens",  # what clients chose, and may use once
    "rate_windows", "request_counts", "buckets", "throttles", "login_failures", "failed_logins",  # counts
    "latest_tokens", "consents",  # which token is the latest, who allowed what: named by their parties
    "override_histories", "reports", "notifications", "progresses", "grade_changes", "quiz_submission_events",
    "observer_alerts", "sis_batch_errors", "sis_batch_roll_back_data",
    "armed_launches", "last_launches", "key_rotations",  # how the next launch misbehaves, and what the last one was
    "armed_signed_launches", "last_signed_launches",
    "lti_history", "lti_update_requests",  # who changed a registration of a tool, and what tools ask for
    "logout_callbacks",  # addresses of tools
    "kept_key_sets",  # public keys of tools
    "copy_jobs",  # copies of courses, which who may copy asks about
}  # fmt: skip
"""Tables that forget and hold nothing that opens anything."""

_SOUNDS = re.compile(
    r"secret|password|token|api_?key|nonce|session|csrf|(^|_)code$|digest|signature|verifier|assertion|jti|cookie|key$",
    re.I,
)
OF_A_RECORD = {
    "users.password", "pseudonyms.password", "pseudonyms.sis_password", "exams.password",
    "users.activation_key", "quizzes.access_code",
    "courses.self_enrollment_code", "classes.activation_code", "communication_channels.confirmation_code",
    "attempts.token", "quiz_submissions.validation_token", "lti_tools.secret", "tools.shared_secret",
    "event_webhooks.secret", "lti_tools.consumer_key", "tools.consumer_key",
    "legacy_links.key", "legacy_links.secret", "legacy_providers.key", "legacy_providers.secret",
}  # fmt: skip
"""Looked up by the record that they are of, which another world has not."""
NO_SECRETS = {
    "nonces.consumer_key", "nonces.nonce", "nonces.signature", "used_nonces.nonce", "used_tokens.key",
    "last_launches.id_token", "last_launches.nonce",  # what tools were sent
    "armed_signed_launches.consumer_key", "last_signed_launches.consumer_key",
    "rate_windows.key", "throttles.key", "request_counts.key", "experiment_data.key", "module_progressions.key",
    "path_choices.key", "new_quiz_accommodations.key", "poll_submissions.poll_session_id",
    "courses.course_code", "courses.display_course_code", "calendar_events.timetable_code", "roles.code",
    "copy_jobs.token", "legacy_providers.default_key", "legacy_providers.signature_method",
    "org_units.code", "org_units.template_code", "groups.code", "folders.submission_context_code",
}  # fmt: skip
"""What sounds like a credential, and opens nothing."""


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start("demo") as lms:
        yield lms


@pytest.fixture(scope="module")
def sides(running: Emulator) -> Iterator[tuple[Side, Side, Side]]:
    """A world, another of the same file, and an empty one."""
    made = (
        Side(running.new_world("a")),
        Side(running.new_world("b")),
        Side(running.new_world("void", world={"name": "void"})),
    )
    yield made
    for side in made:
        side.close()


@pytest.fixture
def a(sides: tuple[Side, Side, Side]) -> Iterator[Side]:
    """The first world, restored afterwards."""
    yield sides[0]
    sides[0].lms.load("demo")


def name_of(kind: tuple[str, Credential]) -> str:
    return f"{kind[0]}: {kind[1].name}"


def made(side: Side, provider: str, credential: Credential) -> Held:
    return MAKERS[provider, credential.name](side)


def test_every_kind_can_be_made_and_no_maker_is_left_over() -> None:
    assert set(MAKERS) == {(provider, credential.name) for provider, credential in KINDS}


def test_every_table_that_forgets_says_whether_it_holds_credentials() -> None:
    """So that a kind of credential added later cannot escape this matrix."""
    silent = {
        name
        for provider in load_providers().values()
        for name, spec in provider.store.tables.items()
        if (spec.keep_until or spec.limit) and not spec.credentials
    }
    assert silent <= NO_CREDENTIALS


def test_what_sounds_like_a_credential_is_declared_or_known_to_be_none() -> None:
    """So that a kind in a table that forgets nothing cannot escape this matrix either."""
    unknown = set()
    for provider in load_providers().values():
        tables = {field.name: field.type for field in msgspec.structs.fields(provider.section)}
        for name, spec in provider.store.tables.items():
            record = tables[name]
            while get_args(record):
                record = get_args(record)[0]
            if not spec.credentials:
                fields = msgspec.structs.fields(record)
                unknown |= {f"{name}.{field.name}" for field in fields if _SOUNDS.search(field.name)}
    assert unknown == OF_A_RECORD | NO_SECRETS


def test_single_use_values_are_declared() -> None:
    spent = {
        name: spec.single_use
        for provider in load_providers().values()
        for name, spec in provider.store.tables.items()
        if "nonce" in name or name.startswith("used_")
    }
    assert all(spent.values()), spent


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_in_other_worlds(sides: tuple[Side, Side, Side], a: Side, kind: tuple[str, Credential]) -> None:
    """Refused in an empty world, and in one of the same file unless the file contains it; accepted in its own."""
    provider, credential = kind
    held = made(a, provider, credential)
    _, same, empty = sides
    answer = held.use(empty)
    assert not held.taken(answer), answer.text
    seeded = (provider, credential.name) in SEEDED
    answer = held.use(same)
    assert held.taken(answer) == seeded, (answer.status_code, answer.text)
    answer = held.use(a)
    assert held.taken(answer) == ((provider, credential.name) not in DEAD), (answer.status_code, answer.text)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if (kind[0], kind[1].name) not in SEEDED | SIGNED], ids=name_of
)
def test_after_a_reset(a: Side, kind: tuple[str, Credential]) -> None:
    held = made(a, *kind)
    a.lms.load("demo")
    answer = held.use(a)
    assert not held.taken(answer), (answer.status_code, answer.text)
