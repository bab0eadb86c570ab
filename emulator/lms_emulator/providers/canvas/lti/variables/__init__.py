"""Variable substitution in custom fields.

Sources: https://canvas.instructure.com/doc/api/file.tools_variable_substitutions.html;
fixtures/recordings/canvas/lti-vars.jsonl 26, 48, 64, 84, 96, 118; fixtures/recordings/canvas/lti-11.jsonl 26;
canvas-lms lib/lti/variable_expander.rb (2023-06; later ones from the same file of 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.lti.variables import courses, people, site, work
from lms_emulator.providers.canvas.lti.variables.scene import Missing, Scene, moment
from lms_emulator.providers.canvas.rules import features

VALUES: dict[str, Callable[[Scene], Any]] = {**courses.VALUES, **people.VALUES, **work.VALUES, **site.VALUES}
NEWER: dict[str, Callable[[Scene], Any]] = {**courses.NEWER, **people.NEWER, **work.NEWER, **site.NEWER}
CHANGED: dict[str, Callable[[Scene], Any]] = {**people.CHANGED, **work.CHANGED}
OF_INSTRUCTURE = (
    "com.instructure.Account.instructureIdentityOrganizationId",
    "com.instructure.User.instructureIdentityGlobalUserId",
    "com.instructure.User.instructureIdentityOrganizationUserId",
    "com.instructure.instui_nav",
)
"""Variables that a Canvas of 2026 announces to every tool but expands only for Instructure's own tools."""
NUMBERS_AS_TEXT = "variable_substitution_numeric_to_string"
_WITHIN = re.compile(r"\$\{([^}]*+)(\}|\Z)")
__all__ = ["NEWER", "VALUES", "Missing", "Scene", "expanded", "expanded_as_text", "names"]


def names(newer: bool) -> list[str]:
    """The variables that Canvas announces, in its order. Parameters: `newer`, whether to include those added after June
    2023.

    It announces some that LTI 1.3 launches never expand, and omits some that they do. Source: the complete response of
    a Canvas of 2026-02 in github.com/alt-cs-lab/lti-toolkit, docs/content/02-lti/05-lti-registration.
    """
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/variables.tsv").read_text("utf-8")
    return [name for name in text.splitlines()[1:] if newer or name not in (*NEWER, *OF_INSTRUCTURE)]


def expanded(scene: Scene, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields with their variables expanded, for LTI 1.3. Within a longer text `${Name}` is expanded.

    A field that consists of one variable gets its value: today as text, formerly as a number, boolean or null.
    """
    values = ((name, _value(scene, given)) for name, given in fields.items())
    found = {name: moment(text) if isinstance(text, datetime) else text for name, text in values}
    if scene.call.settings.variables_as_text:
        return {name: _text(scene, value) if isinstance(value, int | float) else value for name, value in found.items()}
    if features.enabled(scene.api, scene.school, NUMBERS_AS_TEXT):
        return {name: str(value) if type(value) in (int, float) else value for name, value in found.items()}
    return found


def expanded_as_text(scene: Scene, fields: Mapping[str, Any]) -> dict[str, str]:
    """The same for LTI 1.1, where every value is text."""
    return {name: _text(scene, _value(scene, given)) for name, given in fields.items()}


def _text(scene: Scene, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        own = in_zone(value, scene.zone or UTC)
        return f"{own:%Y-%m-%d %H:%M:%S} {'UTC' if own.tzname() == 'UTC' else format(own, '%z')}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(scene: Scene, given: Any) -> Any:
    if not isinstance(given, str) or "$" not in given:
        return given
    known = _known(scene, given[1:]) if given.startswith("$") else None
    if known is not None:
        value = _of(scene, known, given, given)
        empty = value is None and scene.call.settings.variables_as_text
        return _stays(scene, given, given, "it has no value here") if empty else value
    if given.startswith("$") and "}" not in given.partition("${")[2]:
        return _stays(scene, given, given)
    return _WITHIN.sub(lambda part: _within(scene, part) if part[2] else part[0], given)


def _within(scene: Scene, part: re.Match[str]) -> str:
    """The expansion of a variable within a longer text. Canvas leaves it unexpanded if its value is null or false."""
    name, given = part.group(1).removeprefix("$"), part.group()
    known = _known(scene, name)
    value = _of(scene, known, given, f"${name}") if known is not None else _stays(scene, given, given)
    return given if value is None or value is False else _text(scene, value)


def _known(scene: Scene, name: str) -> Callable[[Scene], Any] | None:
    """The function that computes a variable; None if Canvas has no such variable."""
    known = CHANGED.get(name) if scene.call.settings.changed_variables else None
    known = known or VALUES.get(name)
    if known is None and scene.call.settings.newer_variables:
        known = NEWER.get(name)
    return known or people.with_argument(name)


def _of(scene: Scene, known: Callable[[Scene], Any], given: str, bare: str) -> Any:
    try:
        return known(scene)
    except Missing:
        return _stays(scene, given, bare)


def _stays(scene: Scene, given: str, becomes: str, text: str = "this launch has no such object") -> str:
    if given.strip("${}") in OF_INSTRUCTURE:
        text = "Canvas expands it only for Instructure's own tools"
    scene.call.warn("variable_not_replaced", f"`{given}` is not expanded: {text}")
    return becomes
