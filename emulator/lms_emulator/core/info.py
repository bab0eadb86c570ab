"""What `GET /_emulator/info` tells about a provider, and the Python handle gives as typed attributes."""

from __future__ import annotations

import msgspec


class ProviderInfo(msgspec.Struct, kw_only=True):
    """Base of each provider's `info.Info`. Its keys are an interface: add to them, never rename them.

    Fields that a world does not have (it is not the demo world) are empty, never missing.
    """

    base_urls: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The provider's address: its own port if it has one, else its prefix on the gateway."""
        return self.base_urls.get("port") or self.base_urls.get("prefix", "")
