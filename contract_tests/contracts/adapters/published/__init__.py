"""Published clients, unchanged, behind the ports. Each does what it can; the wire adapter does the rest of the port."""

from __future__ import annotations

from typing import Any

from ...outcomes import Refused


def refused(answer: Any) -> Refused:
    """A refusal as `requests` reports it; a failure of the provider is a page, which has no code."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    return Refused(status=answer.status_code, code=document.get("error") if isinstance(document, dict) else None)
