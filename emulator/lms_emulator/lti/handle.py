"""The Python handle of a platform: `lms.canvas.lti.next_launch(expired=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import msgspec

from lms_emulator.core.info import ProviderInfo
from lms_emulator.lti.misbehaviour import NextLaunch
from lms_emulator.lti.signed_misbehaviour import NextSignedLaunch

P = ParamSpec("P")
ControlCall = Callable[..., Any]


def _arms(kind: Callable[P, msgspec.Struct]) -> Callable[Concatenate[LaunchesHandle, P], int]:
    """A method with the parameters of `kind`."""

    def next_launch(self: LaunchesHandle, /, *args: P.args, **kwargs: P.kwargs) -> int:
        return self._arm(kind(*args, **kwargs), {})

    next_launch.__doc__ = """Have the next launch go wrong: `next_launch(expired=True)`; fields as of `wrong` in `arm`.

    Several calls arm the launches one after the other. Returns the number by which it can be taken back.
    Raises ControlError.
    """
    return next_launch


class LaunchesHandle:
    """The launches that a platform is to get wrong, of one protocol."""

    _call: ControlCall
    _base: str

    def _arm(self, wrong: msgspec.Struct, whose: dict[str, str | None]) -> int:
        named = {name: value for name, value in whose.items() if value}
        return int(self._call("POST", f"{self._base}/next-launch", {**msgspec.to_builtins(wrong), **named})["id"])

    @property
    def armed(self) -> list[dict[str, Any]]:
        """What is armed, with what a tool must do about it."""
        return list(self._call("GET", f"{self._base}/next-launch")["launches"])

    def disarm(self, number: int | None = None) -> None:
        """Take one back, or all. Raises ControlError for an unknown number."""
        self._call("DELETE", f"{self._base}/next-launch" + (f"/{number}" if number is not None else ""))


class KeysHandle:
    """A site's signing keys. Parameters: `call`, of the control API; `provider`, its name."""

    def __init__(self, call: ControlCall, provider: str) -> None:
        self._call = call
        self._base = f"/{provider}/lti"

    @property
    def keys(self) -> dict[str, Any]:
        """`signing`, the id of the signing key; `published`, the ids in the key set; `rotations`."""
        return dict(self._call("GET", f"{self._base}/keys"))

    def rotate_keys(self, *, stale: bool = False, after_seconds: float = 0) -> dict[str, Any]:
        """Sign with the next key.

        Parameters: `stale`, leave the key set unchanged; `after_seconds`, a delay by the emulator's clock.
        Returns `keys`. Raises ControlError.
        """
        wanted = {"stale": stale, "after_seconds": after_seconds}
        return dict(self._call("POST", f"{self._base}/keys/rotate", wanted))

    def fail_key_set(
        self, *, status: int | None = None, delay_ms: float = 0, body: str = "", times: int | None = None
    ) -> None:
        """Make the key set fail: with a status, a delay, or something that is not a key set. Raises ControlError."""
        wanted = {"status": status, "delay_ms": delay_ms, "body": body, "times": times}
        self._call("POST", f"{self._base}/keys/fail", {k: v for k, v in wanted.items() if v not in (None, "")})

    def publish_keys(self) -> dict[str, Any]:
        """Make the key set answer again, with the current keys. Returns `keys`."""
        return dict(self._call("POST", f"{self._base}/keys/publish"))


class LtiHandle(KeysHandle, LaunchesHandle):
    """What a test can make a platform do wrong, and its keys."""

    next_launch = _arms(NextLaunch)

    def arm(self, wrong: NextLaunch, client_id: str | None = None) -> int:
        """Make the next launch of one tool, or of any, go wrong. Returns its number. Raises ControlError."""
        return self._arm(wrong, {"client_id": client_id})


class SignedLaunchesHandle(LaunchesHandle):
    """What a test can make a platform do wrong in launches of LTI 1.1."""

    next_launch = _arms(NextSignedLaunch)

    def __init__(self, call: ControlCall, provider: str) -> None:
        self._call = call
        self._base = f"/{provider}/lti11"

    def arm(self, wrong: NextSignedLaunch, consumer_key: str | None = None) -> int:
        """Make the next launch of one tool, or of any, go wrong. Returns its number. Raises ControlError."""
        return self._arm(wrong, {"consumer_key": consumer_key})


class LtiToolInfo(ProviderInfo, kw_only=True, dict=True):
    """Base of the `info.Info` of providers that are tools."""

    def bind(self, call: ControlCall, provider: str) -> None:
        self._lti = KeysHandle(call, provider)

    @property
    def lti(self) -> KeysHandle:
        """The tool's keys."""
        return self._lti


class LtiPlatformInfo(ProviderInfo, kw_only=True, dict=True):
    """Base of the `info.Info` of providers that launch tools."""

    def bind(self, call: ControlCall, provider: str) -> None:
        self._lti = LtiHandle(call, provider)
        self._lti11 = SignedLaunchesHandle(call, provider)

    @property
    def lti(self) -> LtiHandle:
        """What the platform can be made to do wrong."""
        return self._lti

    @property
    def lti11(self) -> SignedLaunchesHandle:
        """What the platform can be made to do wrong in launches of LTI 1.1."""
        return self._lti11
