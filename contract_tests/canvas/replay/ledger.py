"""Which of our values corresponds to which recorded one: learned from answers, substituted in later requests."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from typing import Any

from .values import ANY_ID, ID, decoded

#: How a server-generated value may come back: unchanged, or encoded in a form or query.
_ENCODINGS = (str, lambda text: urllib.parse.quote(text, safe=""), urllib.parse.quote_plus, urllib.parse.quote)


class Ledger:
    """Recorded value to our value. Parameters: `setup`, whose ids and tokens are the same in both worlds."""

    def __init__(self, setup: dict[str, Any]) -> None:
        tokens = (entry["token"] for entry in setup["keys"]["tokens"].values())
        self._values: dict[str, str] = {token: token for token in tokens}
        given = json.dumps({key: value for key, value in setup.items() if key != "last_ids"})
        self.ids: dict[str, str] = {found: found for found in re.findall(rf"(?<!\d)({ID})(?!\d)", given)}

    def learn(self, kind: str, recorded: str, ours: str) -> str | None:
        """Map `recorded` to `ours`. Returns an error if either is already mapped to something else."""
        table = self.ids if kind in ("id", "global id") else self._values
        known = table.setdefault(recorded, ours)
        return None if known == ours else f"{kind} {ours!r} where {known!r} was expected (recorded {recorded!r})"

    def seal(self, recorded: str, ours: str) -> None:
        """Note an opaque value of the server that clients return unread."""
        for encode in _ENCODINGS:
            self._values[encode(recorded)] = encode(ours)

    def id_of(self, recorded: str) -> str:
        """Our id of a recorded row; ids of the common start are the same."""
        return self.ids.get(recorded, recorded)

    def value_of(self, recorded: str) -> str:
        """Our value for a recorded one."""
        return self.ids.get(recorded, self._values.get(recorded, recorded))

    def translate(self, text: str) -> str:
        """A recorded text with our values in place of the recorded ones."""
        changed = [old for old, new in self._values.items() if new != old and old in text]
        for old in sorted(changed, key=len, reverse=True):
            pattern = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))" + re.escape(old) + r"(?![A-Za-z0-9])"
            text = re.sub(pattern, self._values[old].replace("\\", r"\\"), text)
        if all(old == new for old, new in self.ids.items()):
            return text
        return decoded(self._with_our_ids(text), self._our_graphql_id)

    def _with_our_ids(self, text: str) -> str:
        return ANY_ID.sub(lambda match: (match.group(1) or "") + self.id_of(match.group(2)), text)

    def _our_graphql_id(self, plain: str) -> str:
        return base64.b64encode(self._with_our_ids(plain).encode()).decode()
