"""Declaring one operation for both versions of the API."""

from __future__ import annotations

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.routing import Handler, Route
from lms_emulator.providers.openlearning.wire import VERSIONS


def api(
    methods: tuple[str, ...],
    path: str,
    handler: Handler,
    *,
    evidence: Evidence,
    source: str,
    summary: str,
    versions: tuple[str, ...] = VERSIONS,
) -> tuple[Route, ...]:
    """One route per version of the API, with the same handler: only the error bodies differ."""
    return tuple(
        Route(
            methods=methods,
            path=f"/{version}{path}",
            handler=handler,
            evidence=evidence,
            source=source,
            summary=summary,
            tag=f"API {version}",
            openapi={"security": [{"api_key": []}]},
        )
        for version in versions
    )
