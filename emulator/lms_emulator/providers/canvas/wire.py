"""Canvas's bodies and headers: times, string ids, JSON, pages."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http import pages
from lms_emulator.core.http.plain import PlainResponse
from lms_emulator.core.http.refusals import Refusal, SiteRefusal
from lms_emulator.core.http.urls import in_a_header
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.refusals import PageRefusal, XmlRefusal

PACKAGE = __package__
STRING_IDS = "application/json+canvas-string-ids"
XML = "application/xml; charset=utf-8"
JSON = "application/json; charset=utf-8"
_JSON_BYTES = JSON.encode()
_IDS = ("id", "ids", "unread_entries", "forced_entries")
_ESCAPED = {
    character.encode(): f"\\u{ord(character):04x}".encode() for character in ("<", ">", "&", "\u2028", "\u2029")
}
_BROWSER_LIKE = re.compile(r",\s*\*/\*|\*/\*\s*,")
__all__ = [
    "PACKAGE",
    "answer",
    "auto_post",
    "disposition",
    "dumps",
    "nothing",
    "redirect",
    "reply",
    "stamp",
    "when",
    "with_string_ids",
]
_UPLOADS = ("/files_api", "/api/v1/files/{id}/create_success")
_READ = ("/files/{id}/download", "/files/{id}/preview")
_SENT = "Origin, X-Requested-With, Content-Type, Accept, Authorization, Accept-Encoding"


def answer(call: Call, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer of the REST API. Ids become strings when the client accepts only those."""
    if STRING_IDS in call.headers.get("accept", ""):
        body = with_string_ids(body)
    if status == 200 and headers is None:
        return PlainResponse(encoded(body), _JSON_BYTES)
    return Response(encoded(body), status, headers, media_type=JSON)


def reply(api: Api, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`answer` for handlers of the REST API."""
    return answer(api.call, body, status, headers)


def disposition(kind: str, name: str) -> str:
    """`Content-Disposition` as Rails writes it: the name in ASCII, as far as possible, and in UTF-8."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = quote(bare.encode("ascii", "replace"), safe=" !#$+.^_`|~-")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='!#$&+.^_`|~-')}"


def nothing(status: int, media: str = "text/html") -> Response:
    """An answer without a body."""
    return Response("", status, {"Content-Type": media})


def dumps(body: Any) -> str:
    """`encoded` as text."""
    return encoded(body).decode()


def encoded(body: Any) -> bytes:
    """JSON as Rails writes it: `<`, `>` and `&` are escaped, so that it can be embedded in a page."""
    try:
        text = msgspec.json.encode(body)
    except (TypeError, UnicodeEncodeError):  # a key that is not text; half a surrogate pair
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    if b"&" in text or b"<" in text or b">" in text or not text.isascii():
        for character, escape in _ESCAPED.items():
            text = text.replace(character, escape)
    return text


def with_string_ids(value: Any) -> Any:
    """Integers under `id`, `…_id` and `…_ids` as strings, however deep."""
    if isinstance(value, list):
        return [with_string_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _string_id(name, member) for name, member in value.items()}


def _string_id(name: str, value: Any) -> Any:
    if name in _IDS or name == "never_drop" or name.endswith(("_id", "_ids")):
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, list):
            return [str(item) if type(item) is int else with_string_ids(item) for item in value]
    return with_string_ids(value)


def asked_for(call: Call) -> str:
    """The kind of answer that a page's client wants, by Rails' rules: `html`, `json`, or `other`."""
    accept = call.headers.get("accept", "")
    if not accept or (_BROWSER_LIKE.search(accept) and not by_script(call)):
        return "js" if by_script(call) else "html"
    first = accept.split(",")[0].split(";")[0].strip().lower()
    kinds = {"application/json": "json", "text/html": "html", "application/xhtml+xml": "html", "*/*": "html"}
    return kinds.get(first, "other")


def by_script(call: Call) -> bool:
    """Whether a script of a page sent this."""
    return call.headers.get("x-requested-with", "").lower() == "xmlhttprequest"


def asks_for_text(call: Call) -> bool:
    """Whether the URL or the client asks for plain text, for which Canvas sends errors as JSON."""
    return call.path.endswith(".txt") or (call.headers.get("accept") or "").lower().startswith("text/plain")


def by_phone(call: Call) -> bool:
    """Whether it is a phone's browser, which gets smaller pages."""
    agent = call.headers.get("user-agent", "")
    return "iPhone" in agent or ("Android" in agent and "Mobile" in agent)


class Environment:
    """The environment for the scripts of any page that answers a request, error pages included."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}


def page(
    call: Call, template: str, status: int = 200, *, headers: dict[str, str] | None = None, **values: Any
) -> Response:
    """A page with Canvas's environment for scripts: where deep linking may post to, and the session's notices.

    A page at an address of the API does not say where deep linking may post to.
    """
    rest = call.route is not None and call.path.startswith("/api/") and not browser.find(call).quiet
    linking = {"DEEP_LINKING_POST_MESSAGE_ORIGIN": call.base_url, "DEEP_LINKING_LOGGING": None}
    environment: dict[str, Any] = {
        **({} if rest else linking),
        **call.per_request(Environment).values,
        **values.pop("environment", {}),
    }
    notices = [*browser.take_notices(call), *values.pop("notices", [])]
    if notices:
        environment["notices"] = notices
    return pages.page(
        PACKAGE,
        template,
        status,
        headers,
        base=call.base_url,
        root=call.prefix,
        csrf=browser.csrf_token(call),
        env=dumps(environment),
        **values,
    )


def share(call: Call, response: Response) -> None:
    """Allow pages of any other site to upload and download files, as Canvas does (CORS)."""
    path = call.route.path if call.route is not None else ""
    if path in _UPLOADS:
        response.headers["Access-Control-Allow-Methods"] = "POST, PUT, DELETE, GET, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = _SENT
    elif not path.startswith("/api/") and path.endswith(_READ):
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD"
    else:
        return
    response.headers["Access-Control-Allow-Origin"] = call.headers.get("origin", "")
    response.headers["Access-Control-Allow-Credentials"] = "true"


def redirect(location: str, headers: dict[str, str] | None = None, status: int = 302) -> Response:
    """Rails' redirect, with its short page."""
    text = f'<html><body>You are being <a href="{html.escape(location, quote=True)}">redirected</a>.</body></html>'
    return Response(text, status, {**(headers or {}), "Location": in_a_header(location)}, media_type="text/html")


def render(call: Call, refusal: Refusal) -> Response:
    """A refusal in the form it names; for scripts and JSON clients, a page's JSON form."""
    if isinstance(refusal, PageRefusal):
        if by_script(call) or asks_for_text(call) or (refusal.json is not None and asked_for(call) == "json"):
            phrase = HTTPStatus(refusal.status).phrase
            general: dict[str, Any] = {"errors": {"base": "Unexpected error, ID: unknown"}}
            general |= {"status": refusal.word or f"{refusal.status} {phrase}"}
            return Response(dumps(refusal.json or general), refusal.status, refusal.headers, media_type=JSON)
        return _page_of(call, refusal)
    if isinstance(refusal, XmlRefusal):
        return Response(refusal.xml, refusal.status, refusal.headers, media_type=XML)
    if not isinstance(refusal, SiteRefusal):
        return pages.refused(PACKAGE, refusal)
    if refusal.location is not None:
        return redirect(refusal.location, refusal.headers, refusal.status)
    if refusal.body is not None:
        return JSONResponse(refusal.body, refusal.status, refusal.headers)
    if refusal.form is not None:
        return auto_post(call, *refusal.form)
    if refusal.text is not None:
        return pages.refused(PACKAGE, refusal)
    return _page_of(call, refusal)


def _page_of(call: Call, refusal: SiteRefusal) -> Response:
    template, values = refusal.template
    if values.get("title") == "Page Error" and refusal.status != 405:
        browser.open_session(call)  # Canvas puts the id of the error report there
    return page(call, template, refusal.status, headers=refusal.headers, **values, message=refusal.message)


def auto_post(call: Call, action: str, fields: Mapping[str, str]) -> Response:
    """The page that auto-posts a form to a tool."""
    csrf, headers = browser.csrf_token(call), {"Cache-Control": "no-store"}
    return pages.page(
        PACKAGE,
        "to_tool.html",
        200,
        headers,
        base=call.base_url,
        root=call.prefix,
        csrf=csrf,
        action=action,
        fields=fields,
    )
