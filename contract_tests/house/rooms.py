"""The rooms of a provider: every provider uses the same names for the same things.

The page on writing a provider shows these tables; `python -m contract_tests.house.derived` writes them there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from contract_tests.house.package import PACKAGE

ALWAYS = {
    "__init__": "`provider = MyProvider()`, nothing else",
    "provider": "the `Provider` subclass: name, hosts, and which room does what",
    "call": "the `Call` alias, and what handlers share about one request",
    "model": "records, the section of a world file, the store with its tables. No HTTP",
    "settings": "every chosen behaviour, with its evidence grade",
    "info": "addresses, demo credentials and ids: `GET /_emulator/info` and the Python handle",
    "credentials": "who is calling, or why not",
    "wire": "bodies, headers and rendering: the provider's dialect",
    "refusals": "a named constructor per refusal",
    "shapes": "objects as the provider's JSON",
    "checks": "what is wrong with a world file that its types allow, such as a reference to nobody",
    "routes": "one function per operation, and the declaration of each",
}
WHERE_NEEDED = {
    "rules": "decisions without HTTP",
    "oauth": "grants, codes and tokens",
    "lti": "launches and LTI services",
    "limits": "rate limits and throttles",
    "paging": "pages of a list",
    "sign": "`lms-emulator sign`: what a client would send",
    "pages": "HTML pages",
    "templates": "Jinja2 templates of those pages",
    "catalogue": "every operation of the real provider, as data",
    "unread": "the documented parameters that served operations do nothing with, as data",
}
DATA = {"demo.toml": "its section of the demo world, without the `[<name>]` prefix"}
ONLY_IN = {
    "openedx": {"web": "pages and sessions of the LMS's web site", "admin": "the Django admin site"},
}
NAMELESS = {"misc", "extras", "common", "views", "representations", "consistency", "visits", "near", "once", "utils"}
"""Names that say nothing, or something else to whoever knows the field."""

_WORDS = {
    "checks": "consistency reference valid",
    "refusals": "refus error fault",
    "shapes": "view representation shape serial",
    "credentials": "scheme csrf auth caller sign_in key jwt permission safe_cookie",
    "call": "visit reading call",
    "wire": "answer render html envelope cookie header body",
    "oauth": "token oauth client grant code registration",
    "lti": "lti launch deep lms idtoken",
    "limits": "rate throttle limit quota",
    "paging": "page paging cursor",
    "pages": "page html form",
    "rules": "account rule decision permission login",
    "routes": "declare document common route",
    "catalogue": "catalogue",
}


def rooms_of(provider: str) -> dict[str, str]:
    """Every room that the provider may have, with its contents."""
    return ALWAYS | WHERE_NEEDED | ONLY_IN.get(provider, {})


def folders() -> list[Path]:
    """The folder of every provider."""
    return sorted(path.parent for path in (PACKAGE / "providers").glob("*/__init__.py"))


def strays(folder: Path) -> Iterator[str]:
    """Files in a provider's folder that are no room, with the room that each seems to belong in."""
    for path in sorted(folder.iterdir()):
        if path.name == "__pycache__" or path.name in DATA:
            continue
        if path.stem not in rooms_of(folder.name):
            yield f"{folder.name}/{path.name}: no room of a provider; {belongs(path.stem, folder.name)}"
    for path in sorted(folder.rglob("*")):
        if path.stem in NAMELESS and "__pycache__" not in path.parts and path.parent != folder:
            yield f"{folder.name}/{path.relative_to(folder).as_posix()}: name it after what it holds"


def belongs(stem: str, provider: str) -> str:
    """The room of a file, guessed by its name."""
    words = [word for part in stem.lower().split("_") for word in (part, part.rstrip("s")) if len(word) > 2]
    fitting = [room for room, known in _WORDS.items() if any(item in word for word in words for item in known.split())]
    rooms = rooms_of(provider)
    likely = "".join(f"\n    perhaps `{room}`: {rooms[room]}" for room in fitting)
    return likely.lstrip() if likely else f"choose among {', '.join(rooms)}"


def missing(folder: Path) -> list[str]:
    """The rooms that every provider has and this one lacks."""
    found = {path.stem for path in folder.iterdir()}
    return [room for room in ALWAYS if room not in found]


def table(rooms: dict[str, str]) -> str:
    """The rooms as a Markdown table."""
    return "\n".join(
        ["| room | what it holds |", "|---|---|", *(f"| `{name}` | {what} |" for name, what in rooms.items())]
    )
