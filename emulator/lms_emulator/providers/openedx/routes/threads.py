"""`/api/discussion/v1/threads/`: the threads of a course's discussions.

Sources: edx-platform `lms/djangoapps/discussion/rest_api/views.py` and `api.py`; `fixtures/recordings/openedx-2`,
forum.jsonl 139-275.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import JSON, MERGE_PATCH, Call, caller
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.forum import Edit, Post, Thread
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import discussions, fields, keys, learning
from lms_emulator.providers.openedx.shapes import forum as shapes

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
CHOICES = {
    "view": ("unread", "unanswered", "unresponded"),
    "order_by": ("last_activity_at", "comment_count", "vote_count"),
    "order_direction": ("desc",),
    "thread_type": ("discussion", "question"),
}
_EXCLUSIVE = ("topic_id", "text_search", "following")
_TITLE_LENGTH = 1024


# what threads and comments share


def course(call: Call, text: str) -> Course:
    """A course whose discussions the caller may see. Raises the refusal."""
    found = call.store.courses.get(text)
    if found is None or not learning.may_enter(call.store, caller(call), found):
        raise refusals.developer_error(404, "Course not found.", reason="course_not_found", got=text)
    return found


def invalid(errors: Mapping[str, str]) -> refusals.OpenedxRefusal:
    """Fields or parameters that are not taken."""
    return refusals.field_errors(errors, reason="invalid_fields")


def choice(call: Call, name: str, choices: Sequence[str], errors: dict[str, str]) -> str:
    """A parameter with a fixed set of values."""
    text = call.query.get(name, "")
    if text and text not in choices:
        errors[name] = f"Select a valid choice. {text} is not one of the available choices."
    return text


def boolean(call: Call, name: str, errors: dict[str, str]) -> bool | None:
    """A parameter that is true or false."""
    text = call.query.get(name, "").strip().lower()
    if text and text not in _BOOLEANS:
        errors[name] = "Invalid Boolean Value."
    return _BOOLEANS.get(text)


def page_numbers(call: Call, errors: dict[str, str]) -> tuple[int, int]:
    """The page asked for and its size, at most a hundred."""
    found = {"page": 1, "page_size": 10}
    for name in found:
        text = call.query.get(name, "").strip()
        if not text:
            continue
        try:
            found[name] = int(text)
        except ValueError:
            errors[name] = "Enter a whole number."
            continue
        if found[name] < 1:
            errors[name] = "Ensure this value is greater than or equal to 1."
    return found["page"], min(found["page_size"], 100)


def envelope(call: Call, results: list[Any], page: int, size: int, count: int, **more: Any) -> dict[str, Any]:
    """A page of results.

    Parameters: `page`, which the forum numbers 0 where it did not look; `more`, what comes before the links.
    """
    pages = max(1, -(-count // size))
    return {
        "results": results,
        **more,
        "pagination": {
            "next": paging.with_query(call, page=str(page + 1)) if page < pages else None,
            "previous": paging.with_query(call, page=str(page - 1)) if page > 1 else None,
            "count": count,
            "num_pages": pages,
        },
    }


def refuse_fields(given: Mapping[str, Any], allowed: Sequence[str], verb: str) -> None:
    """Raises the refusal for fields that may not be set now. Parameters: `verb`, `initializable` or `editable`."""
    wrong = {name: f"This field is not {verb}." for name in given if name not in allowed}
    if wrong:
        raise invalid(wrong)


def coded(choices: Mapping[str, str], problem: str) -> fields.Reader:
    """A text that is one of a moderator's codes."""
    text = fields.text()

    def read(value: Any) -> str:
        if text(value) not in choices:
            raise fields.FieldError(problem)
        return str(value)

    return read


#: Members that threads and comments share, apart from the flags.
POST = {
    "raw_body": fields.Field(fields.text(), required=True),
    "anonymous": fields.Field(fields.boolean),
    "anonymous_to_peers": fields.Field(fields.boolean),
    "edit_reason_code": fields.Field(coded(discussions.EDIT_REASONS, "Invalid edit reason code")),
}
_THREAD = POST | {
    "title": fields.Field(fields.text(), required=True),
    "topic_id": fields.Field(fields.text(), required=True),
    "type": fields.Field(fields.choice(*CHOICES["thread_type"]), required=True),
    "group_id": fields.Field(fields.integer, null=True),
    "closed": fields.Field(fields.boolean),
    "close_reason_code": fields.Field(coded(discussions.CLOSE_REASONS, "Invalid close reason code")),
}


def read_fields(given: Mapping[str, Any], known: Mapping[str, fields.Field], *, partial: bool) -> dict[str, Any]:
    """The body with its fields as they are kept. Raises the refusal."""
    values, errors = fields.read(given, known, partial=partial)
    if errors:
        raise invalid({name: messages[0] for name, messages in errors.items()})
    return {**given, **values}


def _ticked(value: Any) -> bool:
    """Whether a box of a form is ticked."""
    return bool(value) and not (isinstance(value, str) and value.lower() in ("false", "0"))


def _listed(names: list[str], username: str, *, wanted: bool) -> list[str]:
    others = [name for name in names if name != username]
    return [*others, username] if wanted else others


def shared_changes(call: Call, post: Post, given: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that threads and comments have in common."""
    name, now = caller(call).username, discussions.seconds(call.clock.now())
    changes: dict[str, Any] = {}
    if "voted" in given:
        changes["voters"] = _listed(post.voters, name, wanted=_ticked(given["voted"]))
    if "abuse_flagged" in given:
        changes["flaggers"] = _listed(post.flaggers, name, wanted=_ticked(given["abuse_flagged"]))
    if "anonymous" in given:
        changes["anonymous"] = given["anonymous"]
    if "raw_body" in given and given["raw_body"] != post.body:
        edit = Edit(original=post.body, editor=name, moment=now, reason=given.get("edit_reason_code"))
        changes |= {"body": given["raw_body"], "edits": [*post.edits, edit]}
    if not {"raw_body", "title", "type", "topic_id", "anonymous", "endorsed", "pinned", "closed"}.isdisjoint(given):
        changes["updated"] = now
    return changes


# threads


def _parameters(call: Call) -> tuple[dict[str, str], dict[str, bool | None], int, int]:
    """The choices, the flags, the page and its size. Raises the refusal that names all invalid parameters."""
    errors: dict[str, str] = {}
    text = call.query.get("course_id", "")
    if not text:
        errors["course_id"] = "This field is required."
    elif keys.course_key(text) is None:
        errors["course_id"] = f"'{text}' is not a valid course id"
    chosen = {name: choice(call, name, choices, errors) for name, choices in CHOICES.items()}
    flags = {name: boolean(call, name, errors) for name in ("following", "flagged", "count_flagged")}
    if flags["following"] is False:
        errors["following"] = "The value of the 'following' parameter must be true."
    page, size = page_numbers(call, errors)
    if sum(bool(call.query.get(name)) for name in _EXCLUSIVE) > 1:
        errors["__all__"] = f"The following query parameters are mutually exclusive: {', '.join(_EXCLUSIVE)}"
    if errors:
        raise invalid(errors)
    return chosen, flags, page, size


def list_threads(call: Call) -> Response:
    """The threads of a course, those pinned first, then the newest; answers move nothing, as recorded."""
    chosen, asked, page, size = _parameters(call)
    found, user = course(call, call.query["course_id"]), caller(call)
    privileged = discussions.is_privileged(call.store, user, found.id)
    for name in ("count_flagged", "flagged"):
        if asked[name] and not privileged:
            said = f"`{name}` can only be set by users with moderator access or higher."
            raise refusals.developer_error(403, said, reason="not_a_moderator")
    author = call.query.get("author", "")
    if author and author not in call.store.users:
        return wire.api_json(envelope(call, [], 0, size, 0, text_search_rewrite=None))
    threads = select(call, found.id, author=author, flagged=bool(asked["flagged"]), chosen=chosen)
    if call.query.get("topic_id"):
        call.warn("topic_without_effect", "`topic_id` narrows nothing: the LMS lists the threads of every topic")
    if asked["following"]:
        threads = [thread for thread in threads if user.username in thread.followers]
    if search := call.query.get("text_search", "").lower():
        threads = [thread for thread in threads if search in f"{thread.title} {thread.body}".lower()]
    shown = threads[(page - 1) * size : page * size]
    results = [shapes.thread(call, thread, listed=True, counts_flags=bool(asked["count_flagged"])) for thread in shown]
    return wire.api_json(envelope(call, results, page, size, len(threads), text_search_rewrite=None))


def select(
    call: Call, course_id: str, *, author: str = "", flagged: bool = False, chosen: Mapping[str, str]
) -> list[Thread]:
    """Threads of a course, sorted. Parameters: `chosen`, the words of `view`, `order_by` and `thread_type`."""
    user = caller(call)
    found = [
        thread
        for thread in call.store.threads.find("course", course_id)
        if (not author or thread.author == author) and discussions.is_for(call.store, user, thread)
    ]
    answers = {thread.id: discussions.comments(call.store, thread) for thread in found}
    if flagged:
        found = [row for row in found if row.flaggers or any(comment.flaggers for comment in answers[row.id])]
    if kind := chosen.get("thread_type"):
        found = [thread for thread in found if thread.type == kind]
    view = chosen.get("view")
    if view == "unread":
        found = [thread for thread in found if not discussions.is_read(thread, user)]
    elif view == "unresponded":
        found = [thread for thread in found if not answers[thread.id]]
    elif view == "unanswered":
        found = [
            row for row in found if row.type == "question" and not any(answer.endorsed for answer in answers[row.id])
        ]

    def rank(thread: Thread) -> tuple[Any, ...]:
        order = chosen.get("order_by")
        number = (
            len(thread.voters) if order == "vote_count" else len(answers[thread.id]) if order == "comment_count" else 0
        )
        return (thread.pinned, number, thread.created, thread.id)

    return sorted(found, key=rank, reverse=True)


def create(call: Call) -> Response:
    """Begin a thread."""
    given, user = wire.read_object(call), caller(call)
    if not given.get("course_id"):
        raise invalid({"course_id": "This field is required."})
    if keys.course_key(str(given["course_id"])) is None:
        raise invalid({"course_id": "Invalid value."})
    found, now = course(call, str(given["course_id"])), discussions.seconds(call.clock.now())
    made = Thread(
        id=0,
        author=user.username,
        course=found.id,
        body="",
        created=now,
        updated=now,
        topic="",
        type="discussion",
        title="",
        active=now,
    )
    refuse_fields(given, ["course_id", *discussions.thread_fields(call.store, user, made)], "initializable")
    given = read_fields(given, _THREAD, partial=False)
    if len(given["title"]) > _TITLE_LENGTH:
        raise refusals.Unhandled(f"the title is longer than {_TITLE_LENGTH} characters")
    stored = replace(
        made,
        id=call.store.next_number("threads"),
        **{name: value for name, value in _changes(call, made, given).items() if name not in ("edits", "updated")},
    )
    call.store.threads.put(stored)
    return wire.api_json(shapes.thread(call, stored))


def _changes(call: Call, thread: Thread, given: Mapping[str, Any]) -> dict[str, Any]:
    name, changes = caller(call).username, shared_changes(call, thread, given)
    for field, attribute in (("title", "title"), ("topic_id", "topic"), ("type", "type")):
        if field in given:
            changes[attribute] = given[field]
    if "group_id" in given:
        changes["group_id"] = given["group_id"]
    if "following" in given:
        changes["followers"] = _listed(thread.followers, name, wanted=_ticked(given["following"]))
    if _ticked(given.get("read")):
        changes["readers"] = thread.readers | {name: thread.active}
    if "pinned" in given:
        changes["pinned"] = _ticked(given["pinned"])
    if "closed" in given:
        closed = given["closed"]
        changes |= {"closed": closed, "closed_by": name if closed else None}
    if "close_reason_code" in given:
        changes["close_reason"] = given["close_reason_code"]
    return changes


def existing(call: Call, text: str) -> Thread:
    """A thread by its id, in a course of the caller's. Raises the refusal; the LMS fails on an unknown id."""
    found = call.store.threads.get(parse_integer(text)) if text.isascii() else None
    if found is None:
        raise refusals.Unhandled(f"`{text}` is not a thread's id")
    course(call, found.course)
    return found


def _read(call: Call, user: User, thread: Thread) -> Thread:
    return call.store.threads.put(replace(thread, readers=_readers(thread, user)))


def _readers(thread: Thread, user: User) -> dict[str, Any]:
    return thread.readers | {user.username: thread.active}


def read_one(call: Call) -> Response:
    """One thread, which is marked as read by the caller."""
    found = _read(call, caller(call), existing(call, call.path_params["thread_id"]))
    return wire.api_json(shapes.thread(call, found, counts_responses=True))


def update(call: Call) -> Response:
    """Change a thread."""
    found, given, user = existing(call, call.path_params["thread_id"]), wire.read_object(call), caller(call)
    refuse_fields(given, discussions.thread_fields(call.store, user, found), "editable")
    given = read_fields(given, _THREAD, partial=True)
    stored = call.store.threads.put(replace(found, **_changes(call, found, given)))
    shape = shapes.thread(
        call,
        replace(stored, readers=_readers(stored, user)),  # which the answer always says
        counts_responses=True,
        edit_reason=given.get("edit_reason_code"),
        close_reason=given.get("close_reason_code") or (found.close_reason if "closed" in given else None),
    )
    return wire.api_json(shape)


def delete(call: Call) -> Response:
    """Delete a thread with its comments."""
    found = existing(call, call.path_params["thread_id"])
    refuse_deletion(call, found)
    for comment in call.store.comments.find("thread", found.id):
        call.store.comments.delete(comment.id)
    call.store.threads.delete(found.id)
    return wire.no_content()


def refuse_deletion(call: Call, post: Post) -> None:
    """Raises the refusal for another user's text, unless the caller moderates."""
    if not discussions.may_delete(call.store, caller(call), post):
        raise refusals.permission_denied("only the author and moderators delete", check="author or moderator")


FAMILY = Family(
    "/api/discussion/v1",
    tag="discussion",
    authenticators=credentials.JWT_BEARER_SESSION,
    developer_errors=True,
    defect=True,
)

ROUTES = (
    *FAMILY.resource(
        "/threads/",
        "The threads of a course",
        get=list_threads,
        post=create,
        parsers=(JSON,),
        source=recorded("openedx-2/forum", 150, 198),
    ),
    *FAMILY.resource(
        "/threads/{thread_id}/",
        "A thread",
        get=read_one,
        patch=update,
        delete=delete,
        parsers=(MERGE_PATCH,),
        source=recorded("openedx-2/forum", 183, 243, 469),
    ),
)
