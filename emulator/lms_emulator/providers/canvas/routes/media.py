"""REST: media objects, without the service behind them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Attachment, MediaObject, MediaTrack
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in, within
from lms_emulator.providers.canvas.routes.files import shortened
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    blueprints,
    collation,
    contexts,
    features,
    files,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import CONTENT

KINDS = ("subtitles", "captions", "descriptions", "chapters", "metadata")
_LOCALE, _TTML = re.compile("[A-Za-z-]+"), re.compile(r"<tt\s+xml", re.IGNORECASE)
_CODE = re.compile(r"(course|user|account|group)_(\d+)")


def _may_caption(api: Api, record: MediaObject) -> bool:
    """Whether the caller may caption a recording; with granular permissions, only who may change its file."""
    if api.caller is None:
        return False
    file = api.store.attachments.get(record.attachment_id or 0)
    if features.enabled(api, api.root, "granular_permissions_manage_course_content") and file is not None:
        return files.may_change(api, file, "edit")
    place = contexts.holding(api, record)
    return record.user_id == api.caller.id or contexts.may(api, place, *CONTENT)


def _webvtt(text: str) -> str:
    """Captions as WebVTT, which SubRip becomes."""
    if "WEBVTT" in text:
        return text
    text = re.sub(r"(:|^)(\d)(,|:)", r"\g<1>0\2\3", text, flags=re.MULTILINE)
    text = re.sub(r"(\d{2}:\d{2}:\d{2}),(\d{3})", r"\1.\2", text)
    return "WEBVTT\n\n{}".format(text.replace("\r\n", "\n")).strip()


def _shape(api: Api, record: MediaObject) -> dict[str, Any]:
    return {
        "media_id": record.media_id,
        "media_type": record.media_type,
        "created_at": stamp(record.created_at),
        "title": record.user_entered_title or record.title,
        "can_add_captions": _may_caption(api, record),
        "embedded_iframe_url": api.url(f"/media_objects_iframe/{record.media_id}"),
    }


def _track(record: MediaObject, track: MediaTrack, includes: Collection[str] = ()) -> dict[str, Any]:
    kept = {"id": track.id, "locale": track.locale, "kind": track.kind, "user_id": track.user_id}
    more = {
        "content": track.content,
        "webvtt_content": _webvtt(track.content),
        "updated_at": stamp(track.updated_at),
        "created_at": stamp(track.created_at),
    }
    return {**kept, "media_object_id": record.id, **{name: more[name] for name in more if name in includes}}


def index(api: Api) -> Any:
    """The recordings of a context or of the caller, by default sorted by title."""
    found = list(api.store.media_objects)
    if api.call.path_params:
        context = contexts.from_path(api, "read")
        found = [media for media in found if (media.context_type, media.context_id) == (context.type, context.id)]
        api.path = f"/api/v1{context.path}/media_objects"
    else:
        found = [media for media in found if (media.context_type, media.context_id) == ("User", api.user.id)]
    term = search_term(api) or ""
    found = [media for media in found if term in (media.title or "").lower()]
    by_title = (api.params.text("sort") or "title") == "title"
    found.sort(key=lambda row: collation.key(row.user_entered_title or row.title or "") if by_title else row.created_at)
    if api.params.text("order") == "desc":
        found.reverse()
    hidden = api.params.texts("exclude")
    return paged(api, found, lambda media: _listed(api, media, hidden))


def _listed(api: Api, record: MediaObject, hidden: list[str]) -> dict[str, Any]:
    body = {**_shape(api, record), "user_entered_title": record.user_entered_title}
    if "tracks" not in hidden:
        body["media_tracks"] = [_track(record, track) for track in record.tracks]
    return body | ({} if "sources" in hidden else {"media_sources": []})


def create(api: Api) -> Any:
    """Register a recording of the media service, and add it to its context's files."""
    context, media_id, kind = _context(api), api.params.text("id"), api.params.text("type")
    contexts.require(api, context, "read")
    if not media_id or not kind:
        raise refusals.crashed("Canvas fails on a recording without `id` or `type`")
    titles = {name: shortened(text) for name in ("title", "user_entered_title") if (text := api.params.text(name))}
    for known in api.store.media_objects.find("media", media_id):
        if (known.media_type, known.context_type, known.context_id) == (kind, context.type, context.id):
            changed = replace(known, user_id=api.user.id, updated_at=api.now, **titles)
            return _row(api, api.store.media_objects.put(changed))
    file = Attachment(
        **api.new_row("attachments"),
        context_type=context.type,
        context_id=context.id,
        user_id=api.user.id,
        display_name=titles.get("title", media_id),
        content_type=f"{kind}/*",
        size=None,
        uuid=api.call.ids.alnum(40),
        media_entry_id=media_id,
        hidden=True,
    )
    made = MediaObject(
        **api.new_row("media_objects"),
        media_id=media_id,
        media_type=kind,
        context_type=context.type,
        context_id=context.id,
        user_id=api.user.id,
        attachment_id=api.store.attachments.put(file).id,
    )
    return _row(api, api.store.media_objects.put(replace(made, **titles)))


def _row(api: Api, made: MediaObject) -> dict[str, Any]:
    """A recording as its database row."""
    columns = ("id", "user_id", "context_id", "context_type", "title", "user_entered_title", "media_id", "media_type")
    nothing = ("user_type", "duration", "max_size", "total_size", "old_media_id")
    row = {
        **{name: getattr(made, name) for name in columns},
        **dict.fromkeys(nothing),
        "attachment_id": made.attachment_id,
        "workflow_state": "active",
        "root_account_id": api.root.id,
        "data": {},
        "created_at": stamp(made.created_at),
        "updated_at": stamp(made.updated_at),
    }
    return {"media_object": row, "embedded_iframe_url": _shape(api, made)["embedded_iframe_url"]}


def _context(api: Api) -> Context:
    found = _CODE.fullmatch(api.params.text("context_code") or "")
    if found is None:
        return contexts.get(api, "User", api.user.id)
    return contexts.get(api, found.group(1).capitalize(), int(found.group(2)))


def _own(api: Api) -> MediaObject:
    """The caller's recording in the path. Canvas gives the same refusal for others' recordings and unknown ones."""
    found = api.store.media_objects.first("media", api.slot("media_object_id"))
    own = found is not None and api.caller is not None and found.user_id == api.caller.id
    if found is None or not api.check("the recording is one's own", own):
        raise api.refused(f"recording {api.slot('media_object_id')}")
    return found


def rename(api: Api) -> Any:
    """Give a recording a title."""
    return _renamed(api, _own(api))


def _renamed(api: Api, record: MediaObject) -> Any:
    title = api.params.text("user_entered_title")
    if not title or not title.strip():
        text = "The user_entered_title parameter must have a value"
        raise refusals.message(400, "media_title_missing", text)
    changed = replace(record, user_entered_title=shortened(title), updated_at=api.now)
    return _shape(api, api.store.media_objects.put(changed))


def _any(api: Api) -> MediaObject:
    """The recording in the path, whoever owns it. Canvas refuses unknown ones."""
    found = api.store.media_objects.first("media", api.slot("media_object_id"))
    if found is None or not api.check("there is such a recording", api.caller is not None):
        raise api.refused(f"recording {api.slot('media_object_id')}")
    return found


def _attached(api: Api, *, changes: bool = False) -> MediaObject:
    """The recording behind the file in the path, for those who may read, or change, the file."""
    file = api.store.attachments.get(number(api.slot("attachment_id")))
    found = api.store.media_objects.first("media", file.media_entry_id) if file and file.media_entry_id else None
    allowed = file is not None and (files.may_change(api, file, "edit") if changes else files.may_read(api, file))
    if found is None or file is None or file.file_state == "deleted" or not api.check("may use the file", allowed):
        raise api.refused(f"the recording of file {api.slot('attachment_id')}")
    if changes and file.context_type == "Course":
        blueprints.require_deletable(api, file.context_id, "attachments", file.id)
    return found


def rename_attached(api: Api) -> Any:
    """Give the recording of a file a title."""
    return _renamed(api, _attached(api, changes=True))


def tracks(api: Api) -> Any:
    """The caller's captions of a recording."""
    record = _any(api)
    return [_track(record, track, api.params.includes) for track in record.tracks if track.user_id == api.user.id]


def tracks_attached(api: Api) -> Any:
    """The captions of the recording of a file."""
    record = _attached(api)
    return [_track(record, track, api.params.includes) for track in record.tracks]


def set_tracks(api: Api) -> Any:
    """Set the captions of a recording, one per language; omitted languages lose theirs. Others get 204 for nothing."""
    record = _any(api)
    if not api.check("may caption the recording", _may_caption(api, record)):
        return Response(status_code=204)
    return _set(api, record)


def set_tracks_attached(api: Api) -> Any:
    """Set the captions of the recording of a file."""
    return _set(api, _attached(api, changes=True))


def _set(api: Api, record: MediaObject) -> Any:
    known = {track.locale: track for track in record.tracks}
    try:
        sent = api.call.json()
    except BodyError as error:
        raise refusals.crashed(str(error)) from error
    found = []
    if sent is not None and not (isinstance(sent, list) and all(isinstance(value, dict) for value in sent)):
        raise refusals.crashed("captions are a list of hashes", sent)
    for item in sent or []:
        locale = str(item.get("locale"))
        old, text = known.get(locale), str(item.get("content") or "")
        if not text.strip():  # it changes nothing, and keeps what there is
            found += [old] if old is not None else []
            continue
        kept = old or MediaTrack(**api.new_row("media_tracks"), user_id=api.user.id, locale=locale, content="")
        kind = item.get("kind") or kept.kind
        if kind not in KINDS or not _LOCALE.fullmatch(locale) or _TTML.search(text):
            raise refusals.crashed("captions are of a known kind and language, and no TTML", item)
        found.append(replace(kept, content=text, kind=kind, updated_at=api.now))
    record = api.store.media_objects.put(replace(record, tracks=found))
    return [_track(record, track, api.params.includes) for track in record.tracks]


def kaltura(api: Api) -> Any:
    """Whether there is a media service: no."""
    _ = api.user
    return {"enabled": False}


def kaltura_session(api: Api) -> Any:
    """Start an upload to the media service: without one, Canvas fails."""
    if api.caller is None:
        body = {"errors": {"base": "You must be logged in to use Kaltura"}, "logged_in": False}
        raise refusals.rest("no_credentials", 401, body, check="somebody is logged in")
    raise refusals.crashed("a media service (Kaltura) is set up; `GET /api/v1/services/kaltura` says that none is")


MEDIA, FILE = "/api/v1/media_objects/{media_object_id}", "/api/v1/media_attachments/{attachment_id}"
SOURCE = f"{RECORDED}/content-misc.jsonl 14-16, 21, 23, 26, 31; canvas-lms app/controllers/media_objects_controller.rb"
ROUTES: tuple[Route, ...] = (
    *signed_in(
        "media",
        SOURCE,
        ("GET /api/v1/media_objects", index, "The caller's recordings"),
        ("GET /api/v1/media_attachments", index, "The caller's recordings"),
        *within("courses groups", "GET /media_objects", index, "Recordings"),
        *within("courses groups", "GET /media_attachments", index, "Recordings"),
        (f"PUT {MEDIA}", rename, "Rename a recording"),
        (f"PUT {FILE}", rename_attached, "Rename the recording of a file"),
    ),
    *rest(
        "media",
        SOURCE,
        ("POST /api/v1/media_objects", create, "Register a recording"),
        (f"GET {MEDIA}/media_tracks", tracks, "Captions"),
        (f"PUT {MEDIA}/media_tracks", set_tracks, "Set captions"),
        ("POST /api/v1/media_attachments", create, "Register a recording"),
        (f"GET {FILE}/media_tracks", tracks_attached, "Captions of the recording of a file"),
        (f"PUT {FILE}/media_tracks", set_tracks_attached, "Set captions of the recording of a file"),
        ("GET /api/v1/services/kaltura", kaltura, "Whether there is a media service"),
    ),
    *rest(
        "media",
        f"{RECORDED}/content-misc.jsonl 32; canvas-lms app/controllers/services_api_controller.rb",
        ("POST /api/v1/services/kaltura_session", kaltura_session, "Start an upload to the media service"),
    ),
)
