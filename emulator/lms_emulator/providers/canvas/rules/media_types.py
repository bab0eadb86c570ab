"""The content types of files by the ends of their names, and the reverse.

The table is data: `catalogue/mime_types.tsv`, from mime_types.yml in canvas-lms gems/canvas_mimetype_fu (2024-04).
A type stands for the last of its extensions, an extension for the first type that has it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import NamedTuple

UNKNOWN = "unknown/unknown"
UNTOLD = ("", "application/octet-stream")
"""What browsers send of files that they do not know."""
PICTURES = frozenset(
    f"{main}/{sub}"
    for main, subs in (
        ("image", "jpeg pjpeg jpg gif png x-png x-ms-bmp bmp x-bmp webp x-bitmap x-xbitmap x-win-bitmap"),
        ("image", "x-windows-bmp ms-bmp jp_ pipeg vnd.swiftview-jpeg gi_ x-citrix-pjpeg"),
        ("application", "bmp x-bmp x-win-bitmap preview jpg x-jpg png x-png"),
    )
    for sub in subs.split()
)
"""The content types of which Canvas makes thumbnails: gems/attachment_fu/lib/attachment_fu.rb."""


class Table(NamedTuple):
    """Types by extension, and extensions by type."""

    types: dict[str, list[str]]
    extensions: dict[str, str]


@cache
def table() -> Table:
    """Canvas's table."""
    found = Table({}, {})
    package = resources.files("lms_emulator.providers.canvas")
    for line in package.joinpath("catalogue/mime_types.tsv").read_text("utf-8").splitlines()[1:]:
        kind, extensions = line.split("\t")
        for extension in extensions.split():
            found.types.setdefault(extension, []).append(kind)
            found.extensions[kind] = extension
    return found


def of_name(name: str) -> str:
    """The content type that a name suggests."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    return table().types.get(extension, [UNKNOWN])[0]


def extension_of(kind: str | None) -> str:
    """The extension of a content type, without the dot; empty if it is not known."""
    return table().extensions.get(kind or "", "")


def received(expected: str, sent: str, name: str) -> str:
    """The content type of an uploaded file.

    Parameters: `expected`, the type announced, which holds if Canvas knows it; `sent` and `name`, what the upload says.
    """
    if expected in table().extensions:
        return expected
    return of_name(name) if sent.strip() in UNTOLD else sent


def completed(name: str, kind: str) -> str:
    """The name under which a file is stored: one without an extension gets that of its type."""
    if "." in name.strip("."):
        return name
    extension = extension_of(kind)
    return f"{name}.{extension}" if extension else name
