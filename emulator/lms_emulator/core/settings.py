"""Chosen behaviours as named, typed settings, each with its evidence grade.

A provider declares a frozen Struct whose fields are `Annotated[type, choice(...)]`; the fields' defaults are
the behaviour out of the box. A world holds one such Struct per provider and replaces it when it is changed.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import replace

from lms_emulator.core.clock import CENTURY
from lms_emulator.core.errors import UsageError
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.cookie_policies import Choice
from lms_emulator.core.state.structure import convert
from lms_emulator.core.suggest import nearest

S = TypeVar("S", bound=msgspec.Struct)


def choice(
    help: str,
    *,
    evidence: Evidence = "chosen",
    source: str = "",
    ge: float | None = None,
    le: float | None = None,
    was: tuple[Was, ...] = (),
) -> msgspec.Meta:
    """Describe one setting: what it decides, and the evidence and source for its default.

    Parameters:
        ge, le: bounds of a number.
        source: names the document or section.
        was: earlier defaults, the oldest first, if the real provider has changed.
    """
    extra: dict[str, Any] = {"evidence": evidence, "source": source, "was": was}
    return msgspec.Meta(description=help, extra=extra, ge=ge, le=le)


class Was(NamedTuple):
    """A default that held until the real provider changed.

    Attributes: `value`, the default before the day `until` (`2025-10-01`); `source`, for the change.
    """

    value: Any
    until: str
    source: str


def defaults_on(kind: type[S], day: date) -> S:
    """The settings of one type with the defaults of a given day."""
    changed = {name: value for name, was in dated(kind).items() if (value := _before(was, day)) is not _NONE}
    return replace(kind(), **changed) if changed else kind()


_NONE: Any = object()


def _before(was: tuple[Was, ...], day: date) -> Any:
    return next((old.value for old in was if day.isoformat() < old.until), _NONE)


def dated(kind: type[msgspec.Struct]) -> dict[str, tuple[Was, ...]]:
    """The settings whose defaults have changed, with their earlier defaults."""
    return _dated(kind)


@cache
def _dated(kind: type[msgspec.Struct]) -> dict[str, tuple[Was, ...]]:
    return {name: was for name, hint in _hints(kind).items() if (was := tuple(_extra(hint).get("was") or ()))}


def _metas(annotation: Any) -> list[msgspec.Meta]:
    return [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, msgspec.Meta)]


def _extra(annotation: Any) -> dict[str, Any]:
    return next((m.extra for m in _metas(annotation) if m.extra), None) or {}


class SettingInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as the `settings` command and the control API show it."""

    name: str
    value: Any
    default: Any
    type: str
    help: str
    evidence: str
    source: str
    was: list[Was] = []


class EmulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The emulator's own settings, under the name `emulator`."""

    max_body_bytes: Annotated[
        int, choice("Largest request body in bytes. A larger one is answered with 413 and not read.", ge=0)
    ] = 1_048_576
    max_fields: Annotated[
        int,
        choice("Most fields of a form in a request body. More are answered with 413 and not taken apart.", ge=0),
    ] = 5_000
    max_json_values: Annotated[
        int, choice("Most values in a JSON request body. More are answered with 413 and not taken apart.", ge=0)
    ] = 20_000
    max_outgoing_bytes: Annotated[
        int, choice("Largest answer that is read of a site that the emulator asks: a key set, a token.", ge=0)
    ] = 4_194_304
    journal_entries: Annotated[int, choice("How many exchanges the journal keeps.", ge=0)] = 1_000
    journal_bytes: Annotated[int, choice("How many bytes of exchanges the journal keeps.", ge=0)] = 8_388_608
    outbox_entries: Annotated[int, choice("How many e-mails and webhooks the outbox keeps.", ge=0)] = 1_000
    lms_timeout_seconds: Annotated[
        float, choice("How long to wait for the response of an LMS that the world names.", ge=0.001)
    ] = 10.0
    tool_keys_kept_seconds: Annotated[
        float,
        choice(
            "How long LTI platforms keep a tool's key set before they fetch it again; Canvas says that it may keep one "
            "for five minutes. 0 fetches it each time, so that a changed key takes effect at once.",
            ge=0,
        ),
    ] = 0.0
    third_party_cookies: Annotated[
        Choice,
        choice(
            "What the browser has to do with cookies in a frame of another site for a page to open a tool there: keep "
            "all but Lax and Strict ones (`allow`), keep only `SameSite=None; Secure` (`lax`), keep none (`block`), or "
            "what a browser does by itself. The page measures it. `any` opens tools in every browser."
        ),
    ] = "any"
    not_emulated: Annotated[
        Literal["refuse", "provider"],
        choice(
            "A request for an operation that the real provider has and the emulator does not serve: `refuse` answers "
            "501 and says so, `provider` answers with the provider's own 404."
        ),
    ] = "refuse"
    strict: Annotated[
        bool,
        choice("Refuse with 501, and undo, a request with parameters that nothing reads. Off, they are a warning."),
    ] = False
    as_of: Annotated[
        str,
        choice(
            "The day whose provider is emulated, `2025-09-01`. `start`: the day on which the world began, by its own "
            "clock, wherever the clock is moved later. `clock`: always the clock's day."
        ),
    ] = "start"

    def __post_init__(self) -> None:
        if self.as_of not in ("start", "clock"):
            try:
                date.fromisoformat(self.as_of)
            except ValueError:
                wanted = "a day such as `2025-09-01`, `start` or `clock`"
                raise ValueError(f"as_of: expected {wanted}, got `{self.as_of}`") from None


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def describe(prefix: str, settings: msgspec.Struct, day: date | None = None) -> list[SettingInfo]:
    """Every setting of one Struct, in the order of declaration.

    Parameters: `day`, the day whose defaults are shown; None for the latest.
    """
    defaults = defaults_on(type(settings), day or date.max)
    return [
        replace(
            declared,
            name=f"{prefix}.{declared.name}",
            value=getattr(settings, declared.name),
            default=getattr(defaults, declared.name),
        )
        for declared in _declared(type(settings))
    ]


@cache
def _declared(kind: type[msgspec.Struct]) -> tuple[SettingInfo, ...]:
    """What the declarations of a Struct say of its fields, in their order."""
    rows = []
    for name in kind.__struct_fields__:
        annotation = _hints(kind)[name]
        extra = _extra(annotation)
        rows.append(
            SettingInfo(
                name=name,
                value=None,
                default=None,
                type=_type_name(annotation),
                help=next((m.description for m in _metas(annotation) if m.description), ""),
                evidence=str(extra.get("evidence", "chosen")),
                source=str(extra.get("source", "")),
                was=list(extra.get("was") or ()),
            )
        )
    return tuple(rows)


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
            similar = nearest(name, hints)
            tip = f"did you mean `{prefix}.{similar}`?" if similar else "`lms-emulator settings` lists them"
            raise UsageError(f"unknown setting `{prefix}.{name}`; {tip}")
        if isinstance(value, date):  # TOML has dates of its own
            value = value.isoformat()
        try:
            converted[name] = _within_a_century(name, convert(value, hints[name], strict=not lenient))
        except (msgspec.ValidationError, ValueError) as error:
            wanted = _type_name(hints[name])
            raise UsageError(f"setting `{prefix}.{name}`: {error}; expected {wanted}, got `{value}`") from None
    try:
        # rebuilt, as older msgspec validates nothing in a replacement
        return type(settings)(**{**msgspec.structs.asdict(settings), **converted})
    except ValueError as error:
        raise UsageError(f"settings of `{prefix}`: {error}") from None


_UNITS = ("seconds", "minutes", "hours", "days")


def _within_a_century(name: str, value: Any) -> Any:
    """Names of durations end in their unit. More than a century would leave the range of datetimes."""
    unit = name.rpartition("_")[2]
    if unit in _UNITS and value is not None and value > (most := CENTURY // timedelta(**{unit: 1})):
        raise ValueError(f"Expected at most {most} {unit}, a century")
    return value
