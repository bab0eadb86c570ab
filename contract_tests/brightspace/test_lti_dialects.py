"""The shared LTI code also supports a laxer platform: here Brightspace's dialect is replaced with one like Moodle's.

Such a platform checks the signature and the signer, not `aud`, `jti` or the age. It caches a tool's keys
until none of them matches, and only then fetches the set again.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import DEPLOYMENT, assertion, launched, service
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.lti.assertions import Client
from lms_emulator.lti.platform import key_set
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import tokens
from lms_emulator.providers.brightspace.lti.deep_linking import BrightspaceDeepLinking
from lms_emulator.providers.brightspace.routes import launch as pages
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import Claims, read, signed
from lms_emulator.signing.token_errors import TokenError


class LaxAssertions(tokens.BrightspaceAssertions):
    """Accepts anything signed; caches keys until none matches."""

    kept: KeySet | None = None

    async def claims(self, call: Call, client: Client, assertion: str) -> Claims:
        if self.kept is not None:
            try:
                return self.check(call, client, assertion, self.kept)
            except TokenError:
                pass
        keys = await key_set(call, client.keys, self.read_keys)
        claims = self.check(call, client, assertion, keys)
        self.kept = keys
        return claims

    def check(self, call: Call, client: Client, assertion: str, keys: KeySet) -> Claims:
        return signed(assertion, keys, algorithms=["RS256"])


class LaxDeepLinking(BrightspaceDeepLinking):
    """Accepts anything signed."""

    def check(
        self, call: Call, message: str, keys: KeySet, *, client_id: str, deployment_id: str
    ) -> list[dict[str, Any]]:
        return list(signed(message, keys, algorithms=["RS256"])[f"{lti13.DL_CLAIM}content_items"])


def test_an_assertion_with_no_more_than_a_signature(
    brightspace: Site, tool: Tool, keys: KeySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "ASSERTIONS", LaxAssertions())
    bare = assertion(brightspace, tool, aud=None, iat=None, exp=None, jti=None)
    for _ in range(2):
        assert service(brightspace, bare).status_code == 200
    assert [w.code for w in brightspace.lms.requests.last.warnings] == ["jti_missing"]
    without_end = assertion(brightspace, tool, aud=None, iat=None, exp=None, jti="one")
    assert service(brightspace, without_end).status_code == 200
    keys.answer = 200, b'{"keys": []}'
    assert service(brightspace, assertion(brightspace, tool, jti="kept")).status_code == 200
    assert service(brightspace, assertion(brightspace, tool, kid="new", jti="new")).status_code == 400
    assert brightspace.reason == "assertion_unknown_kid"
    assert service(brightspace, assertion(brightspace, tool, key="spare", jti="forged")).status_code == 400


def test_chosen_content_with_no_more_than_a_signature(
    brightspace: Site, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DEEP_LINKING", LaxDeepLinking())
    opened = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    back = opened.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    whole = read(opened.get_deep_link().get_response_jwt([])).claims
    needed = (f"{lti13.DL_CLAIM}content_items", f"{lti13.DL_CLAIM}data")
    answer = tool.sign({name: whole[name] for name in needed})
    for _ in range(2):
        assert httpx.post(back, data={"JWT": answer}).status_code == 200
    forged = tool.sign({name: whole[name] for name in needed}, key="spare")
    assert httpx.post(back, data={"JWT": forged}).status_code == 400
