"""What the real provider has and the emulator does not: a loud 501, not an imitation of the provider's 404."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.outcomes import Outcome

if TYPE_CHECKING:
    from lms_emulator.core.catalogue import Catalogue, Operation
    from lms_emulator.core.http.exchange import Exchange

MARKER = "X-Emulator-Not-Emulated"
REASON = "not_emulated"
_ASK = (
    "Ask for it by provider, method and path, or add it: `CONTRIBUTING.md` of lms-emulator says how. "
    "The setting emulator.not_emulated=provider answers with the provider's own 404 instead."
)


class NotEmulated(Refusal):
    """The real provider has the operation, or documents the parameter; the emulator does nothing with it.

    Parameters: `what`, a sentence; `marker`, the value of the header `X-Emulator-Not-Emulated`; `problem`, further
    members of the answer.
    """

    outcome: Outcome = "not_emulated"

    def __init__(self, what: str, *, marker: str, ask: str, problem: dict[str, Any]) -> None:
        super().__init__(
            REASON, status=501, message=what, check="the emulator serves the operation", got=marker, diagnosis=what
        )
        self.marker = marker
        self.problem = {"detail": what, "ask": ask, **problem}

    def response(self) -> Response:
        """The answer: `application/problem+json`, for every provider."""
        marker = self.marker.encode("ascii", "backslashreplace").decode()
        content = {"type": "about:blank", "title": "Not emulated", "status": self.status, **self.problem}
        return JSONResponse(
            content, self.status, {MARKER: marker, "Cache-Control": "no-store"}, "application/problem+json"
        )


def operation_not_emulated(catalogue: Catalogue, operation: Operation, provider: str, method: str) -> NotEmulated:
    """The refusal of an operation that only the real provider has."""
    marker = f"{method} {operation.path.removesuffix('[/]')}"
    described = {
        "method": method,
        "path": operation.path.removesuffix("[/]"),
        "family": operation.family,
        "source": operation.source,
        "clients": list(operation.clients),
    }
    if operation.parameters is not None:
        described["parameters"] = sorted(operation.parameters)
    where = f" ({operation.source})" if operation.source else ""
    return NotEmulated(
        f"{catalogue.title[0].upper()}{catalogue.title[1:]} has {marker}{where}; this emulator does not serve it.",
        marker=marker,
        ask=_ASK,
        problem={"provider": provider, "operation": described},
    )


def not_here(exchange: Exchange[Any, Any]) -> NotEmulated:
    """The refusal of the request's own operation, by a handler that serves it in part."""
    provider = exchange.world.providers[exchange.provider]
    operation = provider.operation(exchange)
    assert provider.catalogue is not None
    assert operation is not None, f"{exchange.method} {exchange.path} is in no catalogue"
    return operation_not_emulated(provider.catalogue, operation, provider.name, exchange.method)


def parameters_not_emulated(provider: str, route: str, names: list[str], why: str) -> NotEmulated:
    """The refusal of parameters that are not emulated; with `emulator.strict`, of any that were not read."""
    return NotEmulated(
        f"{route}: {why}.",
        marker=route,
        ask="Leave the parameters out, or ask for them: `CONTRIBUTING.md` of lms-emulator says how.",
        problem={"provider": provider, "parameters": names},
    )
