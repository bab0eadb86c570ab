"""The variables that custom fields of a tool may hold, and what Canvas puts in their place.

Sources: https://canvas.instructure.com/doc/api/file.tools_variable_substitutions.html;
fixtures/recordings/canvas/lti-vars.jsonl 26, 48, 64, 84, 96, 118; fixtures/recordings/canvas/lti-11.jsonl 26;
canvas-lms lib/lti/variable_expander.rb (2023-06).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lms_emulator.providers.canvas.lti.variables import courses, people, site, work
from lms_emulator.providers.canvas.lti.variables.scene import Missing, Scene
from lms_emulator.providers.canvas.rules import features

VALUES: dict[str, Callable[[Scene], Any]] = {**courses.VALUES, **people.VALUES, **work.VALUES, **site.VALUES}
NEWER: dict[str, Callable[[Scene], Any]] = {**courses.NEWER, **people.NEWER, **work.NEWER, **site.NEWER}
NUMBERS_AS_TEXT = "variable_substitution_numeric_to_string"
_WITHIN = re.compile(r"\$\{([^}]*)\}")
__all__ = ["NEWER", "VALUES", "Missing", "Scene", "expanded", "expanded_as_text"]


def expanded(scene: Scene, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields with their variables replaced, as LTI 1.3 tells them: a field that is one variable has its value,
    a number or null as it is; within a longer text `${Name}` is replaced."""
    found = {name: _value(scene, given) for name, given in fields.items()}
    if features.enabled(scene.api, scene.school, NUMBERS_AS_TEXT):
        return {name: str(one) if type(one) in (int, float) else one for name, one in found.items()}
    return found


def expanded_as_text(scene: Scene, fields: Mapping[str, Any]) -> dict[str, str]:
    """The same as LTI 1.1 tells them: everything is text."""
    return {name: _text(_value(scene, given)) for name, given in fields.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(scene: Scene, given: Any) -> Any:
    if not isinstance(given, str) or "$" not in given:
        return given
    if given.startswith("$") and not given.startswith("${"):
        return _of(scene, given[1:], given)
    return _WITHIN.sub(lambda part: _text(_of(scene, part.group(1), part.group())), given)


def _of(scene: Scene, name: str, given: str) -> Any:
    known = VALUES.get(name)
    if known is None and scene.x.settings.newer_variables:
        known = NEWER.get(name)
    try:
        return known(scene) if known is not None else people.with_argument(scene, name)
    except Missing:
        scene.x.warn(
            "variable_not_replaced", f"`{given}` stays as it is written: there is no such thing in this launch"
        )
        return given
