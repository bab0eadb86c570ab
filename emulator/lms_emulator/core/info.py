"""What `GET /_emulator/info` returns for a provider, which the Python handle offers as typed attributes."""

from __future__ import annotations

from typing import Any

import msgspec


class Client(msgspec.Struct, kw_only=True):
    """An application that is registered for OAuth2; `redirect_uri` is an address that it may use."""

    client_id: str = ""
    client_secret: str = ""
    redirect_uri: str = ""


class ProviderInfo(msgspec.Struct, kw_only=True):
    """Base of each provider's `info.Info`. Its keys are an interface: add to them, never rename them.

    A field without a value in this world is empty, never missing.
    """

    base_urls: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The provider's address: its own port if it has one, else its prefix on the gateway."""
        return self.base_urls.get("port") or self.base_urls.get("prefix", "")

    def bind(self, call: Any, provider: str) -> None:
        """Connect it to the control API, so that it can change the provider's behaviour.

        Parameters: `call`, of the control API, `call(method, path, body)`; `provider`, its name.
        """
