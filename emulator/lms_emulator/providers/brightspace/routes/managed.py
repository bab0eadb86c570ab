"""What the operations that manage tools share: who may call them, how bodies are read, and custom parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.urls import parts_of
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.brightspace import refusals, rules, shapes
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import Caller, api
from lms_emulator.providers.brightspace.lti import sharing
from lms_emulator.providers.brightspace.model import OrgUnit

B = TypeVar("B")
Handler: TypeAlias = Callable[[Call, OrgUnit], Response]


class Parameter(msgspec.Struct, frozen=True):
    """A custom parameter."""

    Name: str
    Value: str


def managed(
    *scopes: str, needs: str = rules.PLACE_TOOLS, place: Callable[[Call], int] | None = None
) -> Callable[[Handler], Callable[[Call], Response]]:
    """Check the scopes, and a permission in the org unit of the path, or in the organization if none is named.

    Parameters: `place`, finds the org unit of what a path names without it; raises the 404.
    """

    def decorate(handler: Handler) -> Callable[[Call], Response]:
        @api("le", *scopes)
        @wraps(handler)
        def checked(call: Call, caller: Caller) -> Response:
            reference = call.path_params.get("orgUnitId") if place is None else place(call)
            top = sharing.organization(call)
            unit = rules.entered_unit(call, caller.user, reference or (top.id if top is not None else None))
            rules.require(call, caller.user, unit, needs)
            return handler(call, unit)

        return checked

    return decorate


def body_of(call: Call, kind: type[B], what: str) -> B:
    """The body as a block. Raises the 400 for a missing or invalid member: `<what>_invalid`."""
    body, theirs = call.json(), names_of(call)
    if not isinstance(body, dict):
        raise refusals.invalid_parameter(f"{what}_invalid", expected="a JSON object", got=type(body).__name__)
    sent = {name: theirs.get(name, name) for name in kind.__struct_fields__}  # type: ignore[attr-defined]  # a Struct
    try:
        return convert({name: body[other] for name, other in sent.items() if other in body}, kind)  # type: ignore[no-any-return]  # it is one
    except msgspec.ValidationError as error:
        raise refusals.invalid_parameter(f"{what}_invalid", expected=str(error)) from error


def opens(call: Call, url: str) -> bool:
    """Whether a browser can open a link's URL: of http or https, with a host."""
    parts = parts_of(call.resolve(url))
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def names_of(call: Call) -> dict[str, str]:
    """Our names of members, and those that a setting gives them."""
    pairs = (name.partition("=") for name in call.settings.lti_member_names.split())
    return {ours: theirs for ours, _, theirs in pairs if theirs}


def named(call: Call, shape: Mapping[str, Any]) -> shapes.Json:
    """A block with the names of its members that the setting gives them."""
    theirs = names_of(call)
    return {theirs.get(name, name): value for name, value in shape.items()}


def customs(*lists: list[Parameter] | None) -> dict[str, str]:
    """Lists of custom parameters as a mapping."""
    return {parameter.Name: parameter.Value for rows in lists for parameter in rows or ()}


def parameters(custom: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as a list of custom parameters."""
    return [{"Name": name, "Value": value} for name, value in custom.items()]
