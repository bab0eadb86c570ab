"""The demo world with a Canvas tool whose key the tests hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lms_emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing.jwk import public_jwk

TOOL_KID = "ours"


@contextmanager
def with_tool_key() -> Iterator[Emulator]:
    """An emulator whose world has `private_key("tool")` as the key of Canvas's LTI tool."""
    with Emulator.start() as lms:
        world = lms.dump()
        for key in world["canvas"]["developer_keys"]:
            if str(key["id"]) == lms.canvas.lti_client_id:
                key.pop("public_jwk_url", None)
                key["public_jwk"] = public_jwk(private_key("tool"), TOOL_KID)
        lms.load(world)
        yield lms


def fetch_keys_from(url: str, lms: Emulator) -> None:
    """Have the tool's key set fetched from this URL, at Canvas, Brightspace and Open edX."""
    world = lms.dump()
    for key in world["canvas"]["developer_keys"]:
        if str(key["id"]) == lms.canvas.lti_client_id:
            key.pop("public_jwk", None)
            key["public_jwk_url"] = url
    for tool in (*world["brightspace"]["registrations"], *world["openedx"]["lti_tools"]):
        tool["keyset_url"] = url
    lms.load(world)
