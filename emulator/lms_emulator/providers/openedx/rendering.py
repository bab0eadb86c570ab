"""How a refusal becomes an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lms_emulator.providers.openedx import html, visits, wire

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.core.http.refusals import Refusal
    from lms_emulator.providers.openedx.visits import Call


def render(x: Call, refusal: Refusal) -> Response:
    """The refusal in the dialect it names; one of the core's own as a plain page."""
    if not isinstance(refusal, wire.OpenedxRefusal):
        return wire.html(html.plain(refusal.message, refusal.message), refusal.status, refusal.headers)
    response = _render(x, refusal)
    visit = visits.of(x)
    if visit.view is not None and refusal.style not in ("session", "standing", "bad-request"):
        response.headers.setdefault("allow", visit.view.allow)
    return response


def _render(x: Call, refusal: wire.OpenedxRefusal) -> Response:
    status, headers, body = refusal.status, refusal.headers, refusal.body
    match refusal.style:
        case "api":
            view = visits.of(x).view
            if view is None:
                plain = body.data if isinstance(body, wire.Verbatim) else {"detail": refusal.message}
                return wire.api_json(plain, status, headers)
            return view.render(refusal)
        case "oauth":
            return wire.spaced_json(body, status, {**wire.NO_STORE, **headers})
        case "pretty":
            return wire.pretty_json(body, status, headers)
        case "empty":
            media_type = None if visits.of(x).view is not None else wire.HTML
            return wire.empty(status, headers, media_type=media_type)
        case "redirect":
            return wire.redirect(str(body), status)
        case "page":
            template, values = body
            visits.need_csrf(x)
            return html.page(x, template, status, **values)
        case "not-found":
            return html.not_found(x)
        case "too-many":
            return html.too_many_requests(x)
        case "forbidden-page":
            return wire.html(html.plain("403 Forbidden", "403 Forbidden"), status, headers)
        case "forbidden":
            return wire.html(html.plain("403 Forbidden", "Forbidden (403)", refusal.message), status, headers)
        case "plain":
            return wire.html(str(body), status, headers)
        case "bad-request":
            visits.of(x).bare = True
            return wire.html(html.plain("Bad Request (400)", "Bad Request (400)"), status)
        case "standing":
            visits.of(x).bare = True
            return wire.html(_STANDING.format(name=x.store.section.platform_name), status, {"vary": "Cookie"})
        case "session":
            return _session_refused(x)


_STANDING = (
    "Your account has been disabled. If you believe this was done in error, please contact us at the support address "
    "of {name}."
)


def _session_refused(x: Call) -> Response:
    visit = visits.of(x)
    visits.end_session(x)
    visit.bare = True
    visit.cookies = [visits.gone(x, name) for name in (visits.SESSION_COOKIE, *visits.LOGIN_COOKIES)]
    if "text/html" in x.headers.get("accept", ""):
        return wire.redirect(f"{x.prefix}/login?next={quote(x.prefix + x.path)}")
    return wire.empty(401)
