"""REST: content that users share with one another."""

from __future__ import annotations

from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import ContentExport, ContentShare, Course, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import belonging, contexts, courses, module_content
from lms_emulator.providers.canvas.rules.migrations import exports
from lms_emulator.providers.canvas.rules.migrations.kinds import BY_NAME, key_of
from lms_emulator.providers.canvas.rules.permissions import CONTENT
from lms_emulator.providers.canvas.shapes import Json, people
from lms_emulator.providers.canvas.shapes.courses import course_name
from lms_emulator.providers.canvas.shapes.migrations import export

SOURCE = (
    f"{RECORDED}/misc.jsonl 144, 145, 146, 147, 149, 151, 153, 154; "
    "canvas-lms app/controllers/content_shares_controller.rb"
)
KINDS = {
    "assignment": "assignments",
    "attachment": "attachments",
    "discussion_topic": "discussion_topics",
    "page": "wiki_pages",
    "quiz": "quizzes",
    "module": "context_modules",
    "module_item": "content_tags",
}
STAFF = ("TeacherEnrollment", "TaEnrollment", "DesignerEnrollment")


def _shown(api: Api, record: ContentShare) -> Json:
    packed = api.store.content_exports.get(record.content_export_id)
    sender = api.store.users.get(record.sender_id or 0)
    receivers = [] if record.sender_id is not None else [api.store.users.get(row.user_id) for row in _got(api, record)]
    body: Json = {name: getattr(record, name) for name in ("id", "name", "user_id", "read_state", "content_type")}
    body |= {"created_at": when(record.created_at), "updated_at": when(record.updated_at)}
    body["sender"] = people.display(api, sender) if sender is not None else None
    body["receivers"] = [people.display(api, user) for user in receivers if user is not None]
    if packed is not None:
        body["content_export"] = export(api, packed)
        course = api.store.courses.get(packed.context_id)
        if course is not None and packed.context_type == "Course":
            body["source_course"] = {"id": course.id, "name": course_name(api, course)}
    return body


def _got(api: Api, sent: ContentShare) -> list[ContentShare]:
    """The copies of a user's share that others received."""
    rows = api.store.content_shares.find("export", sent.content_export_id)
    return sorted((share for share in rows if share.sender_id is not None), key=lambda share: share.id)


def _own(api: Api) -> User:
    """The person of the path, who must be the caller."""
    user = identifiers.user(api, api.slot("user_id"))
    if user.id != api.user.id:
        text = "You cannot create or modify other users' content shares"
        raise refusals.message(403, "others_content_shares", text, got=user.id)
    return user


def _readable(api: Api) -> User:
    """The person of the path, for themselves, those who observe them, and admins."""
    user = identifiers.user(api, api.slot("user_id"))
    _ = api.user
    if not api.check("may see what the person shares", belonging.may_read(api, user), got=user.id):
        raise api.refused(f"see what user {user.id} shares")
    return user


def _of(api: Api, user: User) -> list[ContentShare]:
    return sorted(
        api.store.content_shares.find("user", user.id), key=lambda share: (share.created_at, share.id), reverse=True
    )


def _find(api: Api, user: User, slot: str = "id") -> ContentShare:
    return identifiers.pick(_of(api, user), api.slot(slot), "the person's share")


def _receivers(api: Api) -> list[User]:
    """The recipients of a share."""
    names = api.params.texts("receiver_ids")
    if not names:
        raise refusals.missing("receiver_ids")
    known = {found.id: found for found in (identifiers.find(api, "users", name) for name in names) if found is not None}
    if not known:
        raise refusals.message(400, "receivers_unknown", "No valid receiving users found", got=names)
    return list(known.values())


def _content(api: Api) -> tuple[str, Any]:
    """The content to send, with its kind. Raises the refusals for what cannot be shared."""
    kind, number = api.params.text("content_type"), api.params.text("content_id")
    if not kind or not number:
        raise refusals.message(400, "content_missing", "Content type and id required")
    if kind not in KINDS:
        text = f"Content type not allowed. Allowed types: {','.join(KINDS)}"
        raise refusals.message(400, "content_type_unknown", text, got=kind)
    record: Any = getattr(api.store, KINDS[kind]).get(identifiers.local_number(number) or 0)
    if record is None or "deleted" in (getattr(record, "workflow_state", ""), getattr(record, "file_state", "")):
        raise refusals.message(400, "content_unknown", "Requested share content not found", got=number)
    return kind, record


def _pack(api: Api, kind: str, record: Any) -> ContentExport:
    course = api.store.courses.get(getattr(record, "course_id", None) or record.context_id)
    if not isinstance(course, Course):
        raise refusals.message(400, "content_unknown", "Requested share content not found", got=record.id)
    courses.require(api, course, "read_as_admin", *CONTENT)
    content = module_content.content(api, record) if kind == "module_item" else record
    holding = (pack for pack in BY_NAME.values() if _holds(api, pack, course, content))
    packed = BY_NAME.get(KINDS[kind]) or next(holding, None)
    chosen: dict[str, object] = (
        {packed.name: {key_of(packed, content): "1"}} if packed is not None and content is not None else {}
    )
    return exports.begin(api, contexts.get(api, "Course", course.id), "common_cartridge", chosen)


def _holds(api: Api, kind: Any, course: Course, content: Any) -> bool:
    return content is not None and any(
        type(item) is type(content) and item.id == content.id for item in kind.lister(api, course)
    )


def create(api: Api) -> Any:
    """Send content to others."""
    user = _own(api)
    receivers = _receivers(api)
    kind, record = _content(api)
    name = next(filter(None, (getattr(record, value, None) for value in ("title", "name", "display_name"))), "")
    sent = ContentShare(
        **api.new_row("content_shares"),
        user_id=user.id,
        content_export_id=_pack(api, kind, record).id,
        content_type=kind,
        name=name,
        read_state="read",
    )
    api.store.content_shares.put(sent)
    _give(api, sent, receivers)
    return wire.reply(api, _shown(api, sent), 201)


def _give(api: Api, sent: ContentShare, receivers: list[User]) -> None:
    for user in receivers:
        number = api.new_id("content_shares")
        given = replace(
            sent, id=number, user_id=user.id, sender_id=sent.user_id, read_state="unread", created_at=api.now
        )
        api.store.content_shares.put(replace(given, updated_at=api.now))


def add_users(api: Api) -> Any:
    """Share something with more users."""
    user = _own(api)
    receivers = _receivers(api)
    sent = _find(api, user)
    if sent.sender_id is not None:
        raise refusals.message(400, "share_not_own", "Content share not owned by you", got=sent.id)
    known = {share.user_id for share in _got(api, sent)}
    _give(api, sent, [receiver for receiver in receivers if receiver.id not in known])
    return _shown(api, sent)


def received(api: Api) -> Any:
    """What a user received, latest first."""
    user = _readable(api)
    return paged(
        api, [share for share in _of(api, user) if share.sender_id is not None], lambda share: _shown(api, share)
    )


def sent(api: Api) -> Any:
    """What a user sent, latest first."""
    user = _readable(api)
    return paged(api, [share for share in _of(api, user) if share.sender_id is None], lambda share: _shown(api, share))


def unread_count(api: Api) -> Any:
    """How many received shares a user has not viewed."""
    found = _of(api, _readable(api))
    return {"unread_count": sum(1 for share in found if share.sender_id is not None and share.read_state == "unread")}


def show(api: Api) -> Any:
    """One share that a user sent or received."""
    return _shown(api, _find(api, _readable(api)))


def update(api: Api) -> Any:
    """Mark a received share as read or unread."""
    record = _find(api, _own(api))
    state = api.params.text("read_state") or record.read_state
    if state not in ("read", "unread"):
        raise refusals.invalid({"read_state": ["inclusion"]})
    marked: Literal["read", "unread"] = "read" if state == "read" else "unread"
    return _shown(api, api.store.content_shares.put(replace(record, read_state=marked, updated_at=api.now)))


def destroy(api: Api) -> Any:
    """Remove a share from the caller's list; others keep theirs."""
    api.store.content_shares.delete(_find(api, _own(api)).id)
    return {"message": "content share deleted"}


def who_may_get(api: Api) -> Any:
    """Course staff of the school, by name, as possible recipients."""
    course = identifiers.course(api, api.slot("course_id"))
    term = (api.params.text("search_term") or "").lower()
    if not term:
        body = {"status": "bad_request", "message": "Search term required"}
        raise refusals.rest("search_term_missing", 400, body, check="a search term is sent")
    courses.require(api, course, "read_as_admin")
    ids = {row.user_id for row in api.store.enrollments if row.type in STAFF and row.workflow_state == "active"}
    found = [user for user in map(api.store.users.get, sorted(ids)) if user is not None and term in user.name.lower()]
    return paged(api, [row for row in found if row.workflow_state != "deleted"], lambda user: people.display(api, user))


SHARES = "/api/v1/users/{user_id}/content_shares"
ROUTES: tuple[Route, ...] = (
    *rest(
        "content shares",
        f"{RECORDED}/courses.jsonl 331; canvas-lms app/controllers/courses_controller.rb",
        ("GET /api/v1/courses/{course_id}/content_share_users", who_may_get, "Possible recipients"),
    ),
    *signed_in(
        "content shares",
        SOURCE,
        (f"POST {SHARES}", create, "Send content to others"),
        (f"GET {SHARES}/sent", sent, "Sent shares"),
        (f"GET {SHARES}/received", received, "Received shares"),
        (f"GET {SHARES}/unread_count", unread_count, "The number of unread shares"),
        (f"GET {SHARES}/{{id}}", show, "One share"),
        (f"POST {SHARES}/{{id}}/add_users", add_users, "Add recipients"),
        (f"PUT {SHARES}/{{id}}", update, "Mark a share as read or unread"),
        (f"DELETE {SHARES}/{{id}}", destroy, "Remove a share"),
    ),
)
