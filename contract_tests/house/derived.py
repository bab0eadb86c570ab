"""`python -m contract_tests.house.derived`: write what depends on the list of providers or on the map of the package.

Each place is a whole file, or the part of one that a pattern finds. `test_derived.py` compares them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract_tests.house import layers, rooms
from contract_tests.house.package import ROOT
from contract_tests.lti import messages
from lms_emulator.app import load_providers
from lms_emulator.providers import PROVIDERS

GATEWAY_PORT = 8080
TLS_PORT = 8443
_FIRST = GATEWAY_PORT + 1
_LAST = GATEWAY_PORT + len(PROVIDERS)


@dataclass(frozen=True)
class Place:
    """Text that is derived.

    Parameters:
        file: below the repository's root.
        pattern: finds the text in the file; every place that it finds is replaced. None: the whole file.
        begun: what the file says when it is new.
    """

    file: str
    text: Callable[[], str]
    pattern: re.Pattern[str] | None = None
    begun: str = ""

    def __str__(self) -> str:
        return self.file

    def as_it_is(self) -> str | None:
        """The file's text; None if it does not exist."""
        path = ROOT / self.file
        return path.read_text("utf-8") if path.is_file() else None

    def as_it_should_be(self) -> str:
        """The file's text with this place up to date. Raises LookupError if the pattern matches nowhere."""
        if self.pattern is None:
            return self.text()
        text, found = self.pattern.subn(lambda _: self.text(), self.as_it_is() or self.begun)
        if not found:
            raise LookupError(f"{self.file}: no place for what is derived, {self.pattern.pattern!r}")
        return text


def _block(file: str, name: str, text: Callable[[], str], begun: str = "") -> Place:
    """The text between the comments `derived: NAME` and `end` of a page."""
    first, last = f"<!-- derived: {name} -->", "<!-- end -->"
    pattern = re.compile(rf"{first}\n.*?{last}", re.S)
    return Place(file, lambda: f"{first}\n\n{text()}\n\n{last}", pattern, begun)


def port_of(name: str) -> int:
    """A provider's default port."""
    return _FIRST + PROVIDERS.index(name)


def titles() -> str:
    """`OpenLearning, Open edX, … and Brightspace`."""
    *first, last = (provider.title for provider in load_providers().values())
    return f"{', '.join(first)} and {last}"


def providers_table() -> str:
    """Where each provider is, for the README."""
    rows = [
        f"| [{provider.title}](docs/providers/{name}.md) | {port_of(name)} | `{name}.localhost` | "
        f"{', '.join(f'`{host}`' for host in provider.hosts)} |"
        for name, provider in load_providers().items()
    ]
    return "\n".join(["| provider | port | host name on any port | real host names |", "|---|---|---|---|", *rows])


def addresses(name: str) -> str:
    """The URLs of one provider, for its page."""
    hosts = (f"{name}.localhost", *load_providers()[name].hosts)
    return "\n".join(
        (
            "| | |",
            "|---|---|",
            f"| own port | `http://127.0.0.1:{port_of(name)}` |",
            f"| prefix | `http://127.0.0.1:{GATEWAY_PORT}/{name}` |",
            f"| host name | {', '.join(f'`{host}`' for host in hosts)} |",
        )
    )


def reference_page(name: str) -> str:
    """The page of a provider's routes and settings, which the site fills from the declarations."""
    return f"""\
# {load_providers()[name].title}: routes and settings

From the declarations in the code. The [evidence grades](../evidence.md) say how sure each one is.

## Routes

```{{lms-routes}} {name}
```

## Parameters that are not emulated

Of served operations, with what the provider documents and nothing here reads. A request with one of them gets a
[warning](../answers.md#parameters-that-nothing-reads), with `emulator.strict` a 501.

```{{lms-unread}} {name}
```

## Settings

Change one with `--set`, `LMS_EMULATOR_SET`, `PATCH /_emulator/settings`, or `lms.settings["…"] = …` in a test.

```{{lms-settings}} {name}
```
"""


def handle_module() -> str:
    """`lms.canvas` and the like, typed."""
    imports = "\n".join(f"    import lms_emulator.providers.{name}.info" for name in sorted(PROVIDERS))
    attributes = "\n".join(
        f'    {name}: lms_emulator.providers.{name}.info.Info\n    """{provider.title}."""'
        for name, provider in load_providers().items()
    )
    return f'''\
"""Each provider's addresses, demo credentials and ids, typed: `lms.canvas.url`.

Written by `python -m contract_tests.house.derived`; do not edit by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
{imports}


class ProviderInfos:
    """What `GET /_emulator/info` gives of each provider; `Emulator` reads an attribute when it is first used."""

{attributes}
'''


def _ports_row() -> str:
    own = ", ".join(f"{port_of(name)} {name}" for name in PROVIDERS)
    return f"| ports | {GATEWAY_PORT} gateway; {own}; {TLS_PORT} HTTPS |"


def _exposed() -> str:
    ports = " ".join(str(port) for port in range(GATEWAY_PORT, _LAST + 1))
    return f"# The gateway; {', '.join(PROVIDERS)}; HTTPS.\nEXPOSE {ports} {TLS_PORT}"


def _range() -> str:
    return f"{GATEWAY_PORT}-{_LAST}:{GATEWAY_PORT}-{_LAST}"


_RANGE = re.compile(rf"\b{GATEWAY_PORT}-\d{{4}}:{GATEWAY_PORT}-\d{{4}}\b")


def places() -> Iterator[Place]:
    """Every derived place."""
    yield Place("emulator/lms_emulator/client/providers.py", handle_module)
    yield Place("pyproject.toml", lambda: f'description = "{titles()}', re.compile(r'description = "[^"]*? and \w+'))
    yield _block("README.md", "providers", providers_table)
    yield _block("docs/architecture.md", "layers", layers.table)
    yield _block("docs/writing-a-provider.md", "rooms", lambda: rooms.table(rooms.ALWAYS | rooms.DATA))
    yield _block("docs/writing-a-provider.md", "further rooms", lambda: rooms.table(rooms.WHERE_NEEDED))
    yield _block("docs/lti.md", "messages", messages.table)
    for name in PROVIDERS:
        yield Place(f"docs/reference/{name}.md", lambda name=name: reference_page(name))
        page = f"# {load_providers()[name].title}\n\n<!-- derived: addresses -->\n<!-- end -->\n"
        yield _block(f"docs/providers/{name}.md", "addresses", lambda name=name: addresses(name), page)
    yield Place("docs/containers.md", _ports_row, re.compile(r"\| ports \| .* \|"))
    yield Place("docker/Dockerfile", _exposed, re.compile(r"# The gateway; .*\nEXPOSE .*"))
    yield Place("docker/Dockerfile", lambda: f'description="{titles()},', re.compile(r'description="[^"]*? and \w+,'))
    for file in ("docker/examples/compose.yaml", "docker/examples/github-actions.yml", "docs/containers.md"):
        yield Place(file, _range, _RANGE)


if __name__ == "__main__":
    for place in places():
        text = place.as_it_should_be()
        if text != place.as_it_is():
            (ROOT / place.file).write_text(text, "utf-8")
            print(f"{place.file}: written")
