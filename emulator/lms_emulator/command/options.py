"""Options and arguments that several commands share."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, TypeAlias

from lms_emulator.command.health import default_url
from lms_emulator.core.errors import UsageError
from lms_emulator.providers import PROVIDERS

if TYPE_CHECKING:
    from lms_emulator.core.provider import AnyProvider

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command declares itself."""


def env(option: str) -> str | None:
    """The environment variable for an option: `LMS_EMULATOR_TLS_PORT` for `tls-port`."""
    return os.environ.get(_variable(option))


def env_list(given: list[str] | None, option: str) -> list[str]:
    """The values of an option that may be repeated, or the words of its environment variable."""
    return given if given is not None else (env(option) or "").split()


def env_flag(option: str) -> bool:
    """The environment variable of an option without a value; unset is false. Raises UsageError."""
    value = (env(option) or "").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return False
    if value in ("1", "true", "yes", "on"):
        return True
    raise UsageError(f"{_variable(option)}: `{value}` is neither true nor false")


def _variable(option: str) -> str:
    return "LMS_EMULATOR_" + option.upper().replace("-", "_")


def port_number(text: str, option: str) -> int:
    """The port given to `option`. Raises UsageError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise UsageError(f"{option}: `{shown(text)}` is not a port number; give 0 to 65535")
    return int(text)


def add_url(parser: argparse.ArgumentParser) -> None:
    """Give a command `--url`, the address of a running emulator."""
    default = "default LMS_EMULATOR_URL, else http://127.0.0.1:<LMS_EMULATOR_PORT or 8080>"
    parser.add_argument("--url", help=f"address of the emulator ({default})")


def emulator_url(args: argparse.Namespace) -> str:
    """The URL of the running emulator, without a trailing slash. Raises UsageError if it is invalid."""
    return checked_url(str(args.url or default_url()), "--url" if args.url else "the address in the environment")


def shown(given: str, most: int = 200) -> str:
    """A command-line value, on one line and truncated, for an error message."""
    return (given if given.isprintable() else repr(given)[1:-1])[:most]


def checked_url(url: str, option: str) -> str:
    """An emulator's URL, without a trailing slash. Raises UsageError naming `option`."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(f"{option}: `{shown(url)}` is not an address such as http://127.0.0.1:8080")
    return url.rstrip("/")


def check_provider(name: str, *also: str) -> None:
    """Raises UsageError unless this is the name of a provider or one of `also`."""
    if name not in (*PROVIDERS, *also):
        raise UsageError(f"unknown provider `{name}`; known: {', '.join((*also, *PROVIDERS))}")


def add_provider(parser: argparse.ArgumentParser, help: str = "only this provider") -> None:
    """Give a command an optional argument that names one provider."""
    parser.add_argument("provider", nargs="?", help=help)


def chosen_providers(only: str | None) -> list[AnyProvider]:
    """The provider of this name, or all. Raises UsageError for an unknown name."""
    from lms_emulator.app import Providers

    if only is not None:
        check_provider(only)
    providers = Providers()
    return [providers[name] for name in PROVIDERS if only in (None, name)]
