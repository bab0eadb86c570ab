"""Which of our values corresponds to which recorded one, learned answer by answer, and substituted in later
requests."""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Iterable

from . import volatile

_RUN = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9_-]{8,}")
_SESSION = re.compile(r"1(?:\||%7C)([a-z0-9]{32})(?:\||%7C)[\w=%:|-]+")
_MASKED = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{64}(?![A-Za-z0-9])")
_ALPHABET = string.ascii_letters + string.digits


class Ledger:
    """The correspondence of one run.

    `static` is text whose values both sides know from the start (the run's initial data): such a value always
    corresponds to itself.
    """

    def __init__(self, static: str) -> None:
        self._static = static
        self._ours: dict[str, str] = {}
        self._by_run: dict[str, set[str]] = {}
        self._session_keys: dict[str, str] = {}

    def expect(self, recorded: str) -> str | None:
        """What we must answer where the real server answered `recorded`, or None if this is still open."""
        if recorded in self._ours:
            return self._ours[recorded]
        return recorded if recorded in self._static else None

    def bind(self, recorded: str, ours: str) -> None:
        """Map `recorded` to `ours` from now on."""
        self._ours[recorded] = ours
        first = _RUN.search(recorded)
        if first is not None:
            self._by_run.setdefault(first.group(), set()).add(recorded)
        if (session := _SESSION.fullmatch(recorded)) is not None:
            self._session_keys[session.group(1)] = ours
        if (parts := recorded.split("."))[0].startswith("eyJ") and len(parts) == 3 and ours.count(".") == 2:
            self.bind(parts[2], ours.split(".")[2])

    def translate(self, text: str) -> str:
        """A recorded text with every known recorded value replaced by ours."""
        runs = {part for run in _RUN.findall(text) for part in (run, *run.split("-"))}
        found = {known for run in runs for known in self._by_run.get(run, ())}
        for known in sorted(found, key=len, reverse=True):
            text = text.replace(known, self._ours[known])
        text = _SESSION.sub(lambda match: self._session_keys.get(match.group(1), match.group()), text)
        return _MASKED.sub(lambda match: self._remask(match.group()), text)

    def header(self, name: str, value: str) -> str:
        """A recorded request header with our values, inside Basic credentials too."""
        scheme, _, rest = value.partition(" ")
        if name.lower() == "authorization" and scheme.lower() == "basic":
            try:
                plain = base64.b64decode(rest, validate=True).decode()
            except (ValueError, binascii.Error):
                return value
            ours = self.translate(plain)
            return value if ours == plain else f"{scheme} {base64.b64encode(ours.encode()).decode()}"
        return self.translate(value)

    def _remask(self, masked: str) -> str:
        """A masked CSRF value (mask, then the secret shifted by it) over a secret we know, over our secret."""
        mask, cipher = masked[:32], masked[32:]
        pairs = [(_ALPHABET.index(c), _ALPHABET.index(m)) for c, m in zip(cipher, mask, strict=True)]
        secret = "".join(_ALPHABET[c - m] for c, m in pairs)
        ours = self._ours.get(secret)
        if ours is None or len(ours) != 32:
            return masked
        shifted = (_ALPHABET.index(o) + m for o, (_, m) in zip(ours, pairs, strict=True))
        return mask + "".join(_ALPHABET[i % len(_ALPHABET)] for i in shifted)

    def align(self, recorded: str, ours: str, *, echoed: str = "") -> list[str]:
        """Compare two texts, learning the values that are new, and tell what differs.

        `echoed` is the recorded request: a value in it that no answer gave stands for itself.
        """
        if recorded == ours:
            self._same(volatile.split(recorded)[1])
            return []
        wanted, wanted_values = volatile.split(recorded)
        got, got_values = volatile.split(ours)
        if [*map(self.translate, wanted)] != got:
            return [f"expected {recorded!r}, got {ours!r}"]
        problems: list[str] = []
        for expected, actual in zip(wanted_values, got_values, strict=True):
            problems += self._pair(expected, actual, echoed)
        return problems

    def _same(self, values: Iterable[volatile.Value]) -> None:
        for value in values:
            if value.kind != "wait" and self.expect(value.text) is None:
                self.bind(value.text, value.text)

    def _pair(self, recorded: volatile.Value, ours: volatile.Value, echoed: str) -> list[str]:
        if recorded.kind != ours.kind:
            return [f"expected a {recorded.kind} like {recorded.text!r}, got {ours.text!r} ({ours.kind})"]
        if recorded.kind == "wait":
            close = abs(int(recorded.text) - int(ours.text)) <= volatile.WAIT_TOLERANCE
            return [] if close else [f"expected to wait {recorded.text} s, got {ours.text} s"]
        known = self.expect(recorded.text)
        if known is None and recorded.text in echoed:
            known = recorded.text
        if known == ours.text:
            return []
        moments = volatile.moment(recorded), volatile.moment(ours)
        if moments[0] is not None and moments[1] is not None:
            apart = abs((moments[0] - moments[1]).total_seconds())
            if apart > volatile.TOLERANCE_SECONDS:
                return [f"expected about {recorded.text!r}, got {ours.text!r}"]
            if known is None:
                self.bind(recorded.text, ours.text)
            return []
        if known is not None and recorded.kind != "session":
            return [f"{recorded.text!r} stood for {known!r} before, now for {ours.text!r}"]
        problems = self._inside(recorded, ours, echoed)
        if not problems:
            self.bind(recorded.text, ours.text)
        return problems

    def _inside(self, recorded: volatile.Value, ours: volatile.Value, echoed: str) -> list[str]:
        if recorded.kind == "cursor":
            cursors = volatile.cursor_text(recorded.text), volatile.cursor_text(ours.text)
            if cursors[0] is not None and cursors[1] is not None:
                return self.align(cursors[0], cursors[1], echoed=echoed)
        if recorded.kind != "jwt":
            return []
        wanted, got = volatile.jwt_parts(recorded.text), volatile.jwt_parts(ours.text)
        if wanted is None or got is None:
            return [f"expected the JWT {wanted}, got {got}"]
        return [
            f"JWT {part}: {problem}"
            for part, expected, other in zip(("header", "claims"), wanted, got, strict=True)
            for problem in self.align(expected, other, echoed=echoed)
        ]
