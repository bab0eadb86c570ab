"""Every place that signs states what makes its signature invalid in other worlds: not everything signed is in a
table."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from contract_tests.credentials.makers import MAKERS
from contract_tests.house.package import PACKAGE

PROVIDERS = PACKAGE / "providers"
_SIGNS = {"sign", "hmac_sha1", "hmac_sha256"}
ISSUED = {
    "brightspace/oauth.py::issue": "an access token",
    "canvas/credentials/session_tokens.py::_signature": "the token of a session URL",
    "canvas/lti/launches.py::initiate": "the `lti_message_hint` of a launch",
    "canvas/lti/registrations.py::make_token": "a registration token",
    "canvas/lti/tokens.py::seal": "an LTI service token",
    "learningstudio/credentials.py::_read_token": "an access token",
    "learningstudio/oauth/__init__.py::issue": "an access token",
    "ltiaas/credentials.py::make_ltik": "an ltik",
    "ltiaas/credentials.py::make_service_key": "a service key",
    "ltiaas/wire.py::_signature": "the state of a login",
    "openedx/lti/tokens.py::service_token": "an LTI service token",
    "openedx/oauth/jwts.py::create": "a JWT",
    "openedx/rules/passwords.py::_at": "the token of a password reset",
    "openedx/web/safe_cookie.py::_sign": "a session cookie",
}
"""The kind of the matrix: what a table of the world knows, so that another refuses it."""
OF_THE_FILE = {
    "canvas/lti/basic_outcomes.py::_seal": "a `sourcedid`: a tool needs its secret besides",
    "canvas/lti/frames.py::forwarding_address": "names the page around a frame, and opens nothing",
    "canvas/lti/sealed_numbers.py::_seal": "an address that a tool is told: it needs its secret besides",
    "canvas/rules/assignments.py::secure_params": "what an editor told of an assignment, and opens nothing",
    "canvas/rules/avatars.py::_token": "one of the pictures of whoever is signed in",
    "canvas/rules/files.py::seal": "the verifier of a file, for an hour",
    "canvas/rules/files.py::sealed": "the verifier of a file, for an hour",
    "canvas/rules/uploads.py::_signature": "the fields of an upload, by the random id of its file",
    "canvas/rules/uploads.py::exemption": "that an upload is free of the quota, by the random id of its file",
    "canvas/shapes/html.py::_framed": "foreign content of a page, which nothing here takes back",
}
"""Known to no table, as at Canvas: worlds of one file share it."""
BETWEEN_PARTIES = {
    "canvas/lti/basic_launches.py::form": "a launch",
    "canvas/lti/basic_requests.py::_fault": "what a tool sent",
    "canvas/lti/tool_content.py::_followed": "a request to a tool",
    "canvas/routes/sessionless.py::signed": "a launch",
    "ltiaas/lti/keys.py::sign": "what platforms are sent",
    "ltiaas/lti/legacy.py::_check_signature": "a launch",
    "ltiaas/lti/lms.py::service_token": "an assertion",
    "ltiaas/routes/services.py::_deep_link": "a deep linking response",
    "openedx/lti/basic.py::_check_signature": "what a tool sent",
    "openedx/web/event_bus.py::_deliver": "an event",
    "openlearning/lti.py::_check_signature": "a launch",
}
"""Between a platform and a tool, by the key or secret of the one that signs."""


def signing(source: str) -> Iterator[str]:
    """The functions of a module that make signatures."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_signs, ast.walk(function))):
            yield function.name


def _signs(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in _SIGNS or (name in {"new", "digest"} and ast.unparse(node.func) in {"hmac.new", "hmac.digest"})


def found() -> set[str]:
    return {
        f"{path.relative_to(PROVIDERS).as_posix()}::{name}"
        for path in PROVIDERS.rglob("*.py")
        for name in signing(path.read_text("utf-8"))
    }


@pytest.mark.slow
def test_every_place_that_signs_is_known() -> None:
    assert found() == ISSUED.keys() | OF_THE_FILE.keys() | BETWEEN_PARTIES.keys()


def test_what_is_issued_is_tried_in_other_worlds() -> None:
    assert {(place.partition("/")[0], kind) for place, kind in ISSUED.items()} <= MAKERS.keys()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("jwt.sign(claims, secret)", ["issue"]),
        ("sign(claims, secret)", ["issue"]),
        ("hmac.new(key, text, 'sha1').hexdigest()", ["issue"]),
        ("hmac.digest(key, text, 'sha256')", ["issue"]),
        ("jwt.verify(token, keys)", []),
        ("hashlib.new('sha1', text).digest()", []),
    ],
)
def test_a_new_place_is_found(body: str, expected: list[str]) -> None:
    assert list(signing(f"def issue(x):\n    return {body}\n")) == expected
