"""What in a record lets whoever sends it act for a user: tokens, codes, keys, secrets, session cookies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One kind of credential that a table's records hold, declared with the table.

    So there is one register of all of them: `core.access.recognise` tells by it whose a refused one is, and tests make
    one of each kind and try it elsewhere.

    Parameters:
        name: in words, with an article: `an access token`.
        value: the field that holds it, or a function; None and "" count as none, a list as several.
        owner: whose it is, in words: `developer key 7`.
        tip: what it is good for, where the one who sends it elsewhere should know.
        once: whether it can be used once.
        public: whether it only names somebody, as a client id does.
        read: from the text that is sent to the value that is kept; None for a text that cannot be one.
        proved: whether a text is the record's own, where `read` alone cannot tell; gets store, record and text.
    """

    name: str
    value: str | Callable[[Any], Any]
    owner: Callable[[Any], str] | None = None
    tip: str = ""
    once: bool = False
    public: bool = False
    read: Callable[[str], Any] | None = None
    proved: Callable[[Any, Any, str], bool] | None = None

    def values(self, record: Any) -> Any:
        """What the record holds of this kind, as an index takes it."""
        found = getattr(record, self.value) if isinstance(self.value, str) else self.value(record)
        return found or None

    def kept(self, text: str) -> Any:
        """The value under which a text that was sent would be kept."""
        return self.read(text) if self.read is not None else text

    def described(self, record: Any) -> str:
        """The credential with its owner: `a refresh token of developer key 7`."""
        whose = self.owner(record) if self.owner is not None else ""
        return f"{self.name} of {whose}" if whose else self.name
