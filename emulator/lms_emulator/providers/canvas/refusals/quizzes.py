"""Refusals about quizzes and quiz taking.

Source: canvas-lms lib/api/errors.rb, and the recorded exchanges of `content-quizzes`.
"""

from __future__ import annotations

from http import HTTPStatus

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas.refusals import rest


def quiz(status: int, reason: str, text: str) -> SiteRefusal:
    """An error of the quiz services: `{"status": "bad_request", "message": text}`."""
    body = {"status": HTTPStatus(status).name.lower(), "message": text}
    return rest(reason, status, body, check=reason.replace("_", " "))
