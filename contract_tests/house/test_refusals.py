"""Every refusal names the mistake, finds whose credential was sent, or says why it does neither."""

from __future__ import annotations

import re

import pytest

from contract_tests.house import machine_names
from contract_tests.house.machine_names import Kind
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
        ("canvas", "submission_type_invalid", "where the operation has it: submission[submission_type]"),
        ("canvas", "folder_not_empty", "none: the answer says in the provider's own words"),
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
    reasons = {row.reason for row in rows() if row.reason and "…" not in row.reason}
    assert {reason for reason in reasons if why_none("reason", reason)} == set()


@pytest.mark.parametrize("kind", ["reason", "warning"])
def test_the_names_that_filters_know_are_those_that_the_code_writes(kind: Kind) -> None:
    written = machine_names.names(kind)
    assert machine_names.flow().unfollowed == set(), "write the name so that it can be followed"
    mends = "run `python -m contract_tests.house.machine_names`"
    assert machine_names.FILES[kind].read_text("utf-8").split() == written, mends


@pytest.mark.parametrize(
    ("kind", "written", "other"),
    [
        ("reason", "assertion_alg_none", "course_workflow_state"),  # of two parts; a column of a table
        ("reason", "topic_published_refused", "topic_fault_refused"),
        ("reason", "duplicate_email_username", "duplicate_"),
        ("reason", "id_token_expired", "id_token"),
        ("warning", "redirect_uri_unchecked", "code_challenge"),
        ("warning", "lti_score_for_nobody", "lti_token_missing"),
    ],
)
def test_names_are_followed_through_the_code(kind: Kind, written: str, other: str) -> None:
    names = machine_names.names(kind)
    assert written in names
    assert other not in names
