"""Every refusal names the mistake, finds whose credential was sent, or says why it does neither."""

from __future__ import annotations

import re

import pytest

from contract_tests.house.refusals import explanation, rows
from lms_emulator.control.machine_names import why_none
from lms_emulator.providers import PROVIDERS

pytestmark = pytest.mark.slow

STRANGE = re.compile(
    "(token|secret|client|code|grant|cookie|ltik|api_key|service_key)_?(unknown|of_another|not_issued)"
)
"""Reasons of credentials that nobody has, or somebody else."""


def test_the_code_is_read() -> None:
    """A few that must be there, so that a reader that finds nothing fails."""
    known = {(row.where, row.reason) for row in rows()}
    assert {
        ("openlearning", "unknown_api_key"),
        ("learningstudio", "nonce_reused"),
        ("ltiaas", "gateway_forbidden"),
        ("openedx", "token_nonexistent"),
        ("canvas", "incorrect_client"),
        ("brightspace", "refresh_token_of_another_client"),
    } <= known
    assert {row.where for row in rows()} >= set(PROVIDERS)


def test_every_row_has_a_diagnosis_or_the_reason_for_none() -> None:
    assert [(row.where, row.reason) for row in rows() if explanation(row) == "MISSING"] == []


@pytest.mark.parametrize(
    ("where", "reason", "words"),
    [
        ("canvas", "oauth_signature_wrong", "names the mistake"),
        ("openlearning", "launch_without_key", "looks for it under other names"),
        ("openlearning", "missing_api_key", "looks for a credential elsewhere in the request"),
        ("canvas", "media_title_missing", "where the operation has it: appointment_group[title]"),
        ("openlearning", "method_not_allowed", "which methods the path takes"),
        ("brightspace", "access_denied", "none: the redirect is the answer"),
    ],
)
def test_a_row_says_what_is_done_when_the_request_is_refused(where: str, reason: str, words: str) -> None:
    (row,) = [row for row in rows() if (row.where, row.reason) == (where, reason)]
    assert words in explanation(row)


def test_few_refusals_have_no_diagnosis_and_each_of_them_a_reason() -> None:
    none = [explanation(row) for row in rows() if explanation(row).startswith("none")]
    assert len(none) < len(rows()) / 4
    assert all(text.removeprefix("none: ") for text in none)


def test_an_unknown_credential_is_looked_for() -> None:
    strange = [row for row in rows() if STRANGE.search(row.reason)]
    assert len(strange) > 10
    assert [row for row in strange if not {"credential", "diagnosis"} & row.details] == []


def test_a_filter_of_the_journal_knows_every_reason() -> None:
    reasons = {row.reason for row in rows()} - {"…", ""}  # the latter: the code of LTIAAS's check, in lower case
    assert {reason for reason in reasons if why_none(reason.replace("…", "x"))} == set()
    assert why_none("nonce_already_received") is None
    assert why_none("launch_expird") == "`launch_expird` does not exist; did you mean `launch_expired`?"
