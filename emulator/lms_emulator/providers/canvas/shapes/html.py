"""HTML in the REST API: absolute URLs, verifiers for files, and API endpoints of links.

It works on the output of `rules.html.clean`, so each tag has one canonical form.
Source: canvas-lms lib/api/html (2023-06), and the recorded exchanges of `content-html`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote

from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.queries import query_of
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes.equations import with_mathml

_TAG = re.compile(r"<(\w+)((?:\s[\w:-]+=\"[^\"]*\")*)>")
_ADDRESS = re.compile(r"(?<=\s)(href|src|poster)=\"(/(?!/)[^\"]*)\"")
_FILE = re.compile(r"/(course|user|group)s/(\d+)/files/(\d+)(?:/(?:download|preview))?(?:\?(.*))?")
# Unterminated text matches too and is left unchanged, so that it is scanned only once.
_MEDIA = re.compile(
    r'<a id="media_comment_([\w-]+)" class="(?=[^"]*instructure_inline_media_comment)([^"]*)"'
    r"[^>]*+(?:>(?:[^<\n]++|<(?!/a>))*(</a>)?|\Z)"
)
_OBJECT = re.compile(r"<object\b([^>]*+)(?:>((?:[^<]++|<(?!/object>))*)(</object>)?|\Z)")
_EMBED = re.compile(r"<embed\b([^>]*+)(>|\Z)")
_WITHIN = r"/(?P<context>(?:courses|groups|users)/\d+)"


class Target(NamedTuple):
    """What a kind of URL links to, and its API endpoint."""

    pattern: re.Pattern[str]
    endpoint: str
    returns: str


TARGETS = tuple(
    Target(re.compile(pattern + r"(?:\?.*)?"), endpoint, returns)
    for pattern, endpoint, returns in (
        (_WITHIN + r"/(?:pages|wiki)/(?P<id>[^/?]+)", "{context}/pages/{id}", "Page"),
        (_WITHIN + r"/(?:pages|wiki)", "{context}/pages", "[Page]"),
        (_WITHIN + r"/assignments/(?P<id>\d+)", "{context}/assignments/{id}", "Assignment"),
        (_WITHIN + r"/assignments", "{context}/assignments", "[Assignment]"),
        (_WITHIN + r"/discussion_topics/(?P<id>\d+)", "{context}/discussion_topics/{id}", "Discussion"),
        (_WITHIN + r"/discussion_topics", "{context}/discussion_topics", "[Discussion]"),
        (_WITHIN + r"/quizzes/(?P<id>\d+)", "{context}/quizzes/{id}", "Quiz"),
        (_WITHIN + r"/quizzes", "{context}/quizzes", "[Quiz]"),
        (_WITHIN + r"/modules/(?P<id>\d+)", "{context}/modules/{id}", "Module"),
        (_WITHIN + r"/modules", "{context}/modules", "[Module]"),
        (_WITHIN + r"/files/(?P<id>\d+)(?:/[^?]*)?", "{context}/files/{id}", "File"),
        (r"/files/(?P<id>\d+)(?:/[^?]*)?", "files/{id}", "File"),
        (_WITHIN + r"/files/folder/(?P<id>[^?]+)", "{context}/folders/by_path/{id}", "Folder"),
        (_WITHIN + r"/files", "{context}/folders/root", "Folder"),
    )
)
_TOOL = re.compile(_WITHIN + r"/external_tools/retrieve\?(?P<query>.*)")


def shown(api: Api, text: str | None, context: Context | Course | None, *, verifiers: bool = True) -> str | None:
    """HTML of something in `context`, as in the API; None stays None.

    Parameters: `verifiers`, whether links to files of the context get a verifier, which opens them without a session.
    """
    if not text or "<" not in text:
        return text
    where = context if context is None or isinstance(context, Context) else Context("Course", context.id, context)
    if "media_comment" in text and where is not None:
        text = _MEDIA.sub(lambda found: _media(api, where, found) if found[3] else found[0], text)
    if "<object" in text or "<embed" in text:
        text = _embedded(api, text)
    if "equation_image" in text:
        text = with_mathml(api, text)
    if '="/' not in text:
        return text
    return _TAG.sub(lambda found: _tag(api, where if verifiers else None, found), text)


def _tag(api: Api, context: Context | None, found: re.Match[str]) -> str:
    name, attributes = found.groups()
    address = _ADDRESS.search(attributes)
    if address is None:
        return found.group()
    plain = unescape(address.group(2))
    extra = _api_attributes(api, plain) if name in ("a", "img") and "data-api-endpoint" not in attributes else ""
    attributes = _ADDRESS.sub(lambda match: _absolute(api, context, match), attributes)
    return f"<{name}{attributes}{extra}>"


def _absolute(api: Api, context: Context | None, found: re.Match[str]) -> str:
    attribute, address = found.group(1), unescape(found.group(2))
    if context is not None:
        address = _with_key(api, context, address)
    return f'{attribute}="{escape(api.url(address))}"'


def _with_key(api: Api, context: Context, address: str) -> str:
    """The URL of a file of the context, with its verifier."""
    found = _FILE.fullmatch(address)
    if found is None or (found.group(1).capitalize(), int(found.group(2))) != (context.type, context.id):
        return address
    file = api.store.attachments.get(number(found.group(3)))
    if file is None or (file.context_type, file.context_id) != (context.type, context.id):
        return address
    query = dict(parse_qsl(found.group(4) or "", keep_blank_values=True))
    return f"{address.partition('?')[0]}?{'&'.join(query_of({**query, 'verifier': file.uuid}))}"


def _api_attributes(api: Api, address: str) -> str:
    """The attributes with the API endpoint of a link's target."""
    tool = _TOOL.fullmatch(address)
    if tool is not None:
        url = parse_qs(tool["query"]).get("url", [""])[0]
        endpoint = f"{tool['context']}/external_tools/sessionless_launch?url={quote(url, safe='')}"
        return _attributes(api, endpoint, "SessionlessLaunchUrl")
    for target in TARGETS:
        found = target.pattern.fullmatch(address)
        if found is not None:
            return _attributes(api, target.endpoint.format(**found.groupdict()), target.returns)
    return ""


def _attributes(api: Api, endpoint: str, returns: str) -> str:
    return f' data-api-endpoint="{escape(api.url(f"/api/v1/{endpoint}"))}" data-api-returntype="{returns}"'


def _media(api: Api, context: Context, found: re.Match[str]) -> str:
    """The player in place of a media comment."""
    media, kind = found.group(1), "audio" if "audio_comment" in found.group(2) else "video"
    poster = f"/media_objects/{media}/thumbnail?height=448&type=3&width=550"
    source = f"{context.path}/media_download?entryId={media}&media_type={kind}&redirect=1"
    shown = f' poster="{escape(poster)}"' if kind == "video" else ""
    return (
        f'<{kind} preload="none" class="instructure_inline_media_comment" data-media_comment_id="{media}" '
        f'data-media_comment_type="{kind}" controls="controls"{shown} src="{escape(source)}" data-alt=""></{kind}>'
    )


def _embedded(api: Api, text: str) -> str:
    """HTML with its foreign content framed by `_framed`."""

    def embeds(within: str) -> str:
        return _EMBED.sub(lambda match: _framed(api, "embed", match[0], match[1]) if match[2] else match[0], within)

    kept, place = [], 0
    for row in _OBJECT.finditer(text):
        if row[3]:
            kept += [embeds(text[place : row.start()]), _framed(api, "object", row[0], row[1], f"{row[2]}</object>")]
            place = row.end()
    return "".join([*kept, embeds(text[place:])])


def _framed(api: Api, tag: str, whole: str, attributes: str, rest: str = "") -> str:
    """Foreign content with signed data for showing it in a frame of another host."""
    snippet = base64.b64encode(whole.encode()).decode()
    width, height = (_size(attributes, side, usual) for side, usual in (("width", "400px"), ("height", "300px")))
    signature = hmac.new(f"user content {api.root.uuid}".encode(), snippet.encode(), hashlib.sha1).hexdigest()
    extra = (
        f' class="instructure_user_content " data-uc_width="{width}" data-uc_height="{height}"'
        f' data-uc_snippet="{snippet}" data-uc_sig="{signature}"'
    )
    return f"<{tag}{attributes}{extra}>{rest}"


def _size(attributes: str, side: str, usual: str) -> str:
    found = re.search(rf'\s{side}="([^"]*)"', attributes)
    return found.group(1) if found is not None else usual
