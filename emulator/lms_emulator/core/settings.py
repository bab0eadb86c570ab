"""Chosen behaviours as named, typed settings, each with its evidence grade.

A provider declares a frozen Struct whose fields are `Annotated[type, choice(...)]`; the fields' defaults are
the behaviour out of the box. A world holds one such Struct per provider and replaces it when it is changed.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from lms_emulator.core.errors import UsageError
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.suggest import nearest

S = TypeVar("S", bound=msgspec.Struct)


def choice(
    help: str,
    *,
    evidence: Evidence = "chosen",
    source: str = "",
    ge: float | None = None,
    le: float | None = None,
) -> msgspec.Meta:
    """Describe one setting: what it decides, the evidence for its default, and the source of that.

    Parameters: `ge` and `le` bound a number; `source` names the document or section.
    """
    return msgspec.Meta(description=help, extra={"evidence": evidence, "source": source}, ge=ge, le=le)


class SettingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as the `settings` command and the control API show it."""

    name: str
    value: Any
    default: Any
    type: str
    help: str
    evidence: str
    source: str


class EmulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the emulator itself, under the name `emulator`."""

    max_body_bytes: Annotated[
        int, choice("Largest request body in bytes. A larger one is answered with 413 and not read.", ge=0)
    ] = 1_048_576
    journal_entries: Annotated[int, choice("How many exchanges the journal keeps.", ge=0)] = 1_000
    journal_bytes: Annotated[int, choice("How many bytes of exchanges the journal keeps.", ge=0)] = 8_388_608
    outbox_entries: Annotated[int, choice("How many e-mails and webhooks the outbox keeps.", ge=0)] = 1_000
    lms_timeout_seconds: Annotated[
        float, choice("How long to wait for the response of an LMS that the world names.", ge=0.001)
    ] = 10.0


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def describe(prefix: str, settings: msgspec.Struct) -> list[SettingInfo]:
    """Every setting of one Struct, in the order of declaration."""
    hints = _hints(type(settings))
    rows = []
    for field in msgspec.structs.fields(settings):
        annotation = hints[field.name]
        metas = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, msgspec.Meta)]
        extra = next((m.extra for m in metas if m.extra), None) or {}
        rows.append(
            SettingInfo(
                name=f"{prefix}.{field.name}",
                value=getattr(settings, field.name),
                default=field.default if field.default is not msgspec.NODEFAULT else field.default_factory(),
                type=_type_name(annotation),
                help=next((m.description for m in metas if m.description), ""),
                evidence=str(extra.get("evidence", "chosen")),
                source=str(extra.get("source", "")),
            )
        )
    return rows


def _type_name(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _type_name(get_args(annotation)[0])
    if origin is not None and str(origin).endswith("Literal"):
        return " | ".join(str(value) for value in get_args(annotation))
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def change(settings: S, prefix: str, values: dict[str, Any], *, lenient: bool = False) -> S:
    """A copy of `settings` with `values`.

    Parameters: `lenient` also takes numbers and booleans written as text, as the command line gives them.
    Raises UsageError naming the setting, with the nearest known name for an unknown one.
    """
    if not values:
        return settings
    hints = _hints(type(settings))
    converted: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            near = nearest(name, hints)
            tip = f"did you mean `{prefix}.{near}`?" if near else "`lms-emulator settings` lists them"
            raise UsageError(f"unknown setting `{prefix}.{name}`; {tip}")
        try:
            converted[name] = msgspec.convert(value, hints[name], strict=not lenient)
        except msgspec.ValidationError as error:
            wanted = _type_name(hints[name])
            raise UsageError(f"setting `{prefix}.{name}`: {error}; expected {wanted}, got `{value}`") from None
    return msgspec.structs.replace(settings, **converted)
