"""HTML pages from Jinja2 templates: a provider's own `templates/`, over the shared layout `layout.html`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
from starlette.responses import HTMLResponse


@cache
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader(package), PackageLoader("lms_emulator.core.http")])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render(package: str, template: str, **values: Any) -> str:
    """The page `template` of the provider in import package `package` as text."""
    return _environment(package).get_template(template).render(**values)


def page(
    package: str, template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """The page as a response (`text/html; charset=utf-8`)."""
    return HTMLResponse(render(package, template, **values), status, headers)


def auto_post(package: str, action: str, fields: Mapping[str, str]) -> HTMLResponse:
    """A page that posts a form to another site by itself, with a button for browsers without scripts.

    It extends the provider's own `base.html`.
    """
    return page(package, "auto_post.html", 200, {"Cache-Control": "no-store"}, action=action, fields=fields)
