"""Refusals about files and uploads.

Source: the recorded exchanges of `content-files`.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import PageRefusal, message, rest


def without_body(reason: str, check: str, content_type: str, got: Any) -> SiteRefusal:
    """400 without a body, as the steps of an upload answer."""
    return SiteRefusal(reason, status=400, check=check, got=got, text="", headers={"Content-Type": content_type})


def upload_refused(got: Any, why: str) -> SiteRefusal:
    """The second step of an upload does not repeat what the first prescribed."""
    check = "Policy and Signature are those of the first step, young, and not used before"
    refusal = without_body("upload_refused", check, "text/html", got)
    refusal.diagnosis = why
    return refusal


def upload_not_done(uuid: Any) -> SiteRefusal:
    """No upload is waiting for this third step."""
    return without_body("upload_not_done", "`uuid` is that of a file just uploaded", "application/json", uuid)


def two_folders() -> SiteRefusal:
    """400: a folder is named by its number and by its path."""
    return message(400, "two_folders", "Can't set folder path and folder id")


def no_folder() -> SiteRefusal:
    """404: the folder that an upload names is not there."""
    return message(404, "folder_unknown", "The specified resource does not exist.")


def no_metadata(got: Any) -> SiteRefusal:
    """A file that is not an icon maker's icon."""
    body = {"errors": [{"message": "The requested attachment does not support viewing metadata."}]}
    return rest("no_icon", 400, body, check="the file is a made icon", got=got)


def no_file_at_path(got: Any) -> SiteRefusal:
    """400 page: there is no file at a path."""
    return PageRefusal(
        "file_path_unknown",
        status=400,
        title="File Not Found",
        heading="File Not Found",
        check="a file is there",
        got=got,
    )


def to_login(location: str, looked_for: str | None = None) -> SiteRefusal:
    """Anonymous visitors are redirected to the login page."""
    return SiteRefusal("not_signed_in", status=302, check="a session", location=location, looked_for=looked_for)
