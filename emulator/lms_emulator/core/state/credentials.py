"""Which values in a record let their sender act for a user: tokens, codes, keys, secrets, session cookies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of credential that a table's records hold, declared with the table.

    This makes one register of all credentials: `core.access.recognise` looks up refused ones in it, and tests make
    one of each kind and try it elsewhere.

    Parameters:
        name: with its article: `an access token`.
        value: the field that holds it, or a function; None and "" count as none, a list as several.
        owner: a description of its owner: `developer key 7`.
        tip: what it is good for, as a hint to somebody who sends it elsewhere.
        single_use: whether it can be used only once.
        public: whether it is merely an identifier, like a client id.
        read: converts the text that is sent to the value that is stored; None for a text that cannot be one.
        proved: whether a text belongs to the record, where `read` alone cannot tell; gets store, record and text.
    """

    name: str
    value: str | Callable[[Any], Any]
    owner: Callable[[Any], str] | None = None
    tip: str = ""
    single_use: bool = False
    public: bool = False
    read: Callable[[str], Any] | None = None
    proved: Callable[[Any, Any, str], bool] | None = None

    def values(self, record: Any) -> Any:
        """The record's credentials of this kind, in the form an index takes."""
        found = getattr(record, self.value) if isinstance(self.value, str) else self.value(record)
        return found or None

    def stored_form(self, text: str) -> Any:
        """The value as which a text that was sent would be stored."""
        return self.read(text) if self.read is not None else text

    def described(self, record: Any) -> str:
        """The credential with its owner: `a refresh token of developer key 7`."""
        whose = self.owner(record) if self.owner is not None else ""
        off = (
            ", which is switched off" if False in (getattr(record, "active", 1), getattr(record, "enabled", 1)) else ""
        )
        return (f"{self.name} of {whose}" if whose else self.name) + off
