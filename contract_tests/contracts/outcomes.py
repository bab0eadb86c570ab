"""The possible outcomes of a request to a provider, in terms that every adapter can supply."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refused:
    """The provider said no. An adapter whose client hides the status or the code leaves it None."""

    status: int | None = None
    code: str | None = None
    detail: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Token:
    """An access token. `kind` is the answer's `token_type`; `expires_in` is in seconds."""

    access: str
    expires_in: float | None = None
    kind: str | None = None
    scope: str | None = None
    refresh: str | None = None
    more: Any = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    """An authorization code that reached the redirect URI, with what came beside it; `asked` if a page was shown."""

    code: str
    state: str | None
    asked: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member:
    """A person in a roster, with the roles as the LMS writes them."""

    name: str
    roles: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Launched:
    """A launch that a tool accepted: who and where, and all claims. `own` is whatever the client keeps of it."""

    user: str
    context: str
    claims: Any
    own: Any = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """A form for a browser to submit: its URL, and its fields in order."""

    url: str
    fields: tuple[tuple[str, str], ...]

    def changed(self, **values: str | None) -> Form:
        """The same form with some fields replaced, or removed where the value is None."""
        kept = [(name, values.get(name, value)) for name, value in self.fields]
        return dataclasses.replace(self, fields=tuple((name, value) for name, value in kept if value is not None))

    def with_field(self, name: str, value: str) -> Form:
        """The same form with one more field."""
        return dataclasses.replace(self, fields=(*self.fields, (name, value)))

    def __getitem__(self, name: str) -> str:
        return dict(self.fields)[name]
