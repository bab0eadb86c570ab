"""The LMS's bodies and headers: JSON in three styles, request bodies, and how a refusal becomes an answer.

Sources: Django REST framework `rest_framework/renderers.py` and `rest_framework/views.py` (exception_handler);
edx-platform `openedx/core/lib/api/view_utils.py` (DeveloperErrorViewMixin); `fixtures/recordings/openedx`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lms_emulator.core.access.bodies import why_text
from lms_emulator.core.errors import shortened
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.plain import PlainResponse
from lms_emulator.core.http.refusals import Refusal, SiteRefusal
from lms_emulator.providers.openedx import pages, refusals
from lms_emulator.providers.openedx.call import ANY_BODY, FORM, MULTIPART, Call, Dialect, Reply
from lms_emulator.providers.openedx.web import cookies, csrf, deployment, session

HTML = "text/html; charset=utf-8"
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
#: What Django leaves unescaped in the path of a URL it writes.
SAFE_IN_PATH = "/:@&+$,-_.!~*'()"
_LONGEST_WHY = 300
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# bodies


def api_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Compact JSON as REST resources write it."""
    text = _COMPACT.encode(data)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    body = text.encode("utf-8", "surrogatepass")
    if status == 200 and headers is None:
        return PlainResponse(body, b"application/json")
    return Response(body, status, headers, "application/json")


def spaced_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON with a space after `:` and `,`, ASCII only, as the OAuth endpoints write it."""
    return Response(json.dumps(data).encode(), status, headers, "application/json")


def pretty_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON indented by two, ASCII only, as the platform's own JsonResponse writes it."""
    return Response(json.dumps(data, indent=2).encode(), status, headers, "application/json")


def empty(status: int = 200, headers: Mapping[str, str] | None = None, *, media_type: str | None = HTML) -> Response:
    """No body. REST resources send no Content-Type with it (`no_content`), Django views HTML's."""
    return Response(b"", status, headers, media_type)


def no_content(status: int = 204) -> Response:
    """No body and no Content-Type, as a REST resource sends it."""
    return Response(b"", status)


def html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An HTML page from text."""
    return Response(text.encode("utf-8", "surrogatepass"), status, headers, HTML)


_KEPT_IN_ADDRESSES = "/#%[]=:;$&()+,!?*@'~"


def redirect(location: str, status: int = 302) -> Response:
    """A redirect as Django sends it: what no address can have is percent-encoded.

    Source: django/django django/utils/encoding.py, iri_to_uri.
    """
    return Response(b"", status, {"location": quote(location, _KEPT_IN_ADDRESSES, errors="surrogatepass")}, HTML)


def with_query(call: Call, path: str) -> str:
    """A path followed by the query of the request, where it has one."""
    return f"{path}?{call.query_string.decode('latin-1')}" if call.query_string else path


# request bodies


def read(call: Call) -> Any:
    """The body as the resource's parsers read it: a document, or a dict of form fields; `{}` without a body.

    Raises refusals for a media type that is not read, and for a body that cannot be read.
    """
    dialect = call.per_request(Reply).dialect
    if not call.body:
        return {}
    kind = call.content_type
    taken = dialect.parsers if dialect is not None else ANY_BODY
    if kind not in taken:
        raise refusals.unsupported_media_type(call.headers.get("content-type", ""), taken)
    try:
        if kind in (FORM, MULTIPART):
            return call.fields(files=True)
        return call.json()
    except BodyError as error:
        parser = "Multipart form" if kind == MULTIPART else "JSON"
        raise refusals.parse_error(f"{parser} parse error - {error}") from None


def read_object(call: Call) -> dict[str, Any]:
    """The body, which the real server takes for an object without looking. Raises `Unhandled` for anything else."""
    body = read(call)
    if not isinstance(body, dict):
        raise refusals.Unhandled(why_text(call) or "the body is not an object")
    return body


# refusals and failures


def server_failure(call: Call, failure: refusals.Unhandled) -> Response:
    """The real server's 500 page, where it fails on this input; the journal marks it as the provider's defect."""
    call.warn(failure.code, shortened(failure.why, _LONGEST_WHY))
    return pages.server_error(call)


def render(call: Call, refusal: Refusal) -> Response:
    """The refusal in the dialect it names; one of the core's own as a plain page."""
    if isinstance(refusal, SiteRefusal) and refusal.form is not None:
        return pages.launch(*refusal.form)
    if not isinstance(refusal, refusals.OpenedxRefusal):
        return html(pages.plain(refusal.message, refusal.message), refusal.status, refusal.headers)
    response = _render(call, refusal)
    dialect = call.per_request(Reply).dialect
    if dialect is not None and not call.per_request(Reply).bare:
        dialect.mark(response)
    return response


def _render(call: Call, refusal: refusals.OpenedxRefusal) -> Response:
    status, headers, body = refusal.status, refusal.headers, refusal.body
    dialect = call.per_request(Reply).dialect
    match style := refusal.style:
        case "api":
            return _render_api(refusal, dialect)
        case "oauth":
            return spaced_json(body, status, {**NO_STORE, **headers})
        case "pretty":
            return pretty_json(body, status, headers)
        case "spaced":
            return spaced_json(body, status, headers)
        case "empty":
            return empty(status, headers, media_type=None if dialect is not None else HTML)
        case "redirect":
            return redirect(str(body), status)
        case "plain":
            return html(str(body), status, headers)
        case "xml":
            return Response(str(body), status, headers, media_type="application/xml")
        case _:
            return _render_page(call, refusal, style)


def _render_page(call: Call, refusal: refusals.OpenedxRefusal, style: refusals.PageStyle) -> Response:
    status, headers, body = refusal.status, refusal.headers, refusal.body
    match style:
        case "page":
            template, values = body
            csrf.ensure(call)
            return pages.page(call, template, status, **values)
        case "failure":
            return pages.server_error(call)
        case "not-found":
            return pages.not_found(call)
        case "too-many":
            return pages.too_many_requests(call)
        case "forbidden-page":
            return html(pages.plain("403 Forbidden", "403 Forbidden"), status, headers)
        case "forbidden":
            return html(pages.plain("403 Forbidden", "Forbidden (403)", refusal.message), status, headers)
        case "lti":
            return html(pages.plain("LTI", *body), status, headers)
    call.per_request(Reply).bare = True
    match style:
        case "bad-request":
            return html(pages.plain("Bad Request (400)", "Bad Request (400)"), status)
        case "standing":
            return html(_STANDING.format(name=call.store.section.platform_name), status, {"vary": "Cookie"})
        case "session":
            return _render_session(call)


def _render_api(refusal: refusals.OpenedxRefusal, dialect: Dialect | None) -> Response:
    """A refusal as the resource words it; outside the REST APIs in the framework's own words."""
    status, headers = refusal.status, dict(refusal.headers)
    if isinstance(refusal.body, refusals.Verbatim):
        return api_json(refusal.body.data, status, headers)
    detail = refusal.message if refusal.body is None or dialect is None else refusal.body
    if dialect is not None and dialect.developer_errors:
        headers.pop("retry-after", None)
        document = {"developer_message": detail}
        if refusal.code is not None:
            document["error_code"] = refusal.code
        return api_json(document, status, headers)
    if dialect is not None and status == 401:
        if dialect.challenge is None:
            status = 403
        else:
            headers["www-authenticate"] = dialect.challenge
    return api_json(detail if isinstance(detail, dict | list) else {"detail": detail}, status, headers)


_STANDING = (
    "Your account has been disabled. If you believe this was done in error, please contact us at the support address "
    "of {name}."
)


def _render_session(call: Call) -> Response:
    session.end(call)
    cookies.replace(
        call, *(cookies.expired(call, name) for name in (deployment.session_cookie_name(call), *cookies.LOGIN_COOKIES))
    )
    if "text/html" in call.headers.get("accept", ""):
        return redirect(f"{call.prefix}/login?next={quote(call.prefix + call.path)}")
    return empty(401)
