"""Pages of the site. Titles, forms, headings and error texts are the real ones; the look is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.pages import render
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.web import csrf, session

PACKAGE = "lms_emulator.providers.openedx"


def page(call: Call, template: str, status: int = 200, **values: Any) -> Response:
    """A page of the site. The template gets `platform_name`, `prefix` and the signed-in `user` besides `values`."""
    user = session.current(call).user
    text = render(
        PACKAGE, template, platform_name=call.store.section.platform_name, prefix=call.prefix, user=user, **values
    )
    return Response(text.encode("utf-8", "surrogatepass"), status, media_type="text/html; charset=utf-8")


def message(call: Call, status: int, title: str, heading: str, text: str = "") -> Response:
    """A page with one heading and one sentence."""
    return page(call, "message.html", status, title=title, heading=heading, text=text)


def server_error(call: Call) -> Response:
    """The site's page for an unhandled exception."""
    csrf.ensure(call)
    name = call.store.section.platform_name
    return message(call, 500, "", f"There has been a 500 error on the {name} servers")


def not_found(call: Call) -> Response:
    """The site's 404 page."""
    csrf.ensure(call)
    return message(call, 404, "Page Not Found", "Page not found", "The page that you were looking for was not found.")


def too_many_requests(call: Call) -> Response:
    """The site's page for a rate limit."""
    csrf.ensure(call)
    return message(
        call, 429, "Too Many Requests", "Too Many Requests", "Your request has been rate-limited. Try later."
    )


def plain(title: str, heading: str, text: str = "") -> str:
    """The text of one of Django's own pages, without the site's frame."""
    return render(PACKAGE, "plain.html", title=title, heading=heading, text=text)


def launch(action: str, fields: Mapping[str, str]) -> Response:
    """A page that posts a form to a tool when it loads."""
    return Response(
        render(PACKAGE, "lti_launch.html", action=action, fields=fields).encode(),
        media_type="text/html; charset=utf-8",
    )
