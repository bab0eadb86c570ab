"""The Python handle of a platform: `lms.canvas.lti.next_launch(expired=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import msgspec

from lms_emulator.core.info import ProviderInfo
from lms_emulator.lti.misbehaviour import NextLaunch

P = ParamSpec("P")
ControlCall = Callable[..., Any]


def _arms(kind: Callable[P, NextLaunch]) -> Callable[Concatenate[LtiHandle, P], int]:
    """A method with the parameters of `kind`."""

    def next_launch(self: LtiHandle, /, *args: P.args, **kwargs: P.kwargs) -> int:
        return self.arm(kind(*args, **kwargs))

    next_launch.__doc__ = """Have the next launch go wrong: `next_launch(expired=True)`; the fields are `NextLaunch`'s.

    Several calls arm the launches one after the other. Returns the number by which it can be taken back.
    Raises ControlError.
    """
    return next_launch


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


class LtiHandle(KeysHandle):
    """What a test can make a platform do wrong, and its keys."""

    next_launch = _arms(NextLaunch)

    def arm(self, wrong: NextLaunch, client_id: str | None = None) -> int:
        """Make the next launch of one tool, or of any, go wrong. Returns its number. Raises ControlError."""
        body = {**msgspec.to_builtins(wrong), **({"client_id": client_id} if client_id else {})}
        return int(self._call("POST", f"{self._base}/next-launch", body)["id"])

    @property
    def armed(self) -> list[dict[str, Any]]:
        """What is armed, with what a tool must do about it."""
        return list(self._call("GET", f"{self._base}/next-launch")["launches"])

    def disarm(self, number: int | None = None) -> None:
        """Take one back, or all. Raises ControlError for an unknown number."""
        self._call("DELETE", f"{self._base}/next-launch" + (f"/{number}" if number is not None else ""))


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

    @property
    def lti(self) -> LtiHandle:
        """What the platform can be made to do wrong."""
        return self._lti
