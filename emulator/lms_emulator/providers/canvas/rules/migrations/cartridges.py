"""Packages of content as zip archives.

Source: IMS Common Cartridge 1.1 and 1.3 (1edtech.org), canvas-lms lib/cc and lib/cc/importer (2023-06).
"""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from typing import Any, NamedTuple

from lms_emulator.core import archives
from lms_emulator.core.http import json_text
from lms_emulator.providers.canvas.rules import media_types
from lms_emulator.providers.canvas.rules.migrations.packages import Package

OF_TOOLS = "external_content"
"""The folder for what tools export."""


class Unreadable(ValueError):
    """Why a file is not a package, in Canvas's words where they are known."""


class Read(NamedTuple):
    """What was read from a package, and what could not be imported."""

    package: Package
    issues: list[str]


def content_type(name: str) -> str:
    """The content type that a name suggests."""
    return media_types.of_name(name)


def entries(content: bytes) -> dict[str, bytes]:
    """The files of a zip archive. Raises `zipfile.BadZipFile`."""
    with archives.opened(content) as archive:
        names = [entry for entry in archive.infolist() if not entry.is_dir() and "__MACOSX" not in entry.filename]
        return {entry.filename: archive.read(entry) for entry in names if ".." not in entry.filename.split("/")}


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def opened(name: str, content: bytes) -> dict[str, bytes]:
    """The files of a package. Raises Unreadable."""
    try:
        return entries(content)
    except zipfile.BadZipFile as error:
        kind = _kind(content)
        raise Unreadable(f"Error identifying package type: unknown mime type {kind} for archive {name}") from error


def content_of_tools(content: bytes) -> dict[str, Any]:
    """What tools exported into a package, by tool (`lti_5`). Files that are not JSON are left out, as at Canvas."""
    found: dict[str, Any] = {}
    with archives.opened(content) as archive:
        for path in archive.namelist():
            if path.startswith(f"{OF_TOOLS}/"):
                with suppress(ValueError):
                    found[path.rpartition("/")[2].removesuffix(".json")] = json_text.parse(archive.read(path))
    return found


def _kind(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"
