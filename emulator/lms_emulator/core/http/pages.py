"""HTML pages from Jinja2 templates: a provider's own `templates/`, over the shared layout `layout.html`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from lms_emulator.core.http.refusals import Refusal, SiteRefusal

NOT_IN_FRAMES = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Headers of the pages on which people sign in and consent."""


@cache
def _environment(package: str) -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader(package), PackageLoader("lms_emulator.core.http")])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["marked"] = _marked
    return made


def _marked(text: str) -> str:
    """Plain text for a page, with text between backticks as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def render(package: str, template: str, **values: Any) -> str:
    """The page `template` of the provider in import package `package` as text."""
    return _environment(package).get_template(template).render(**values)


def page(
    package: str, template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """The page as a response (`text/html; charset=utf-8`)."""
    return HTMLResponse(render(package, template, **values), status, headers)


def auto_post(package: str, action: str, fields: Mapping[str, str]) -> HTMLResponse:
    """A page that submits a form to another site when it loads, with a button for browsers without scripts.

    It extends the provider's own `base.html`.
    """
    return page(package, "auto_post.html", 200, {"Cache-Control": "no-store"}, action=action, fields=fields)


def refused(package: str, refusal: Refusal) -> Response:
    """A refusal in the form that it names, by default the provider's `error.html`."""
    if not isinstance(refusal, SiteRefusal):
        return page(package, "error.html", refusal.status, refusal.headers, message=refusal.message)
    if refusal.location is not None:
        return RedirectResponse(refusal.location, refusal.status, refusal.headers)
    if refusal.form is not None:
        return auto_post(package, *refusal.form)
    if refusal.text is not None:
        return Response(refusal.text, refusal.status, refusal.headers, media_type="text/plain")
    if refusal.body is not None:
        return JSONResponse(refusal.body, refusal.status, refusal.headers)
    template, values = refusal.template
    return page(package, template, refusal.status, refusal.headers, **values, message=refusal.message)
