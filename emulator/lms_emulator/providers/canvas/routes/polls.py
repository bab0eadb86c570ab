"""REST: polls, in the JSON API style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Poll, PollChoice, PollSession, PollSubmission
from lms_emulator.providers.canvas.paging import accepts_json_api, paged, with_meta
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import courses, polling
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/misc.jsonl 29, 41, 48, 54, 56, 57, 63, 64; canvas-lms app/controllers/polling/polls_controller.rb"
LONGEST = 255
T = TypeVar("T")


def _one(name: str, body: Json) -> Json:
    return {name: [body], "meta": {}}


def _listed(api: Api, name: str, found: Sequence[T], shape: Callable[[T], Json]) -> Response:
    if accepts_json_api(api):
        return with_meta(api, found, shape, name, base=api.url(api.path), primary=True)
    return paged(api, found, shape, wrap=lambda rows: {name: rows, "meta": {}})


def _sent(api: Api, name: str) -> Params:
    """The first object in a request."""
    api.params.require_some(name)
    return api.params.rows(name)[0]


def _allowed(api: Api, passed: bool, what: str) -> None:
    if not api.check(f"may {what}", passed):
        raise api.refused(what)


def _find(api: Api, table: str, slot: str) -> Any:
    return identifiers.named(api, table, api.slot(slot), f"a row of {table}")


def _text(sent: Params, name: str, known: str | None = None) -> str:
    """A required text. Raises the refusal if it is missing or too long."""
    text = sent.text(name) if sent.has(name) else known
    faults = {name: ["too_long"] for name in (name, "description") if len(sent.text(name) or "") > LONGEST}
    if not text or not text.strip():
        faults[name] = ["blank"]
    if faults:
        raise refusals.invalid(faults)
    return text or ""


# polls


def _poll(record: Poll, api: Api) -> Json:
    body: Json = {
        "id": str(record.id),
        "question": record.question,
        "description": record.description,
        "created_at": when(record.created_at),
    }
    if not polling.may(api, record, "edit"):
        return body
    counted = Counter(
        str(row.poll_choice_id) for session in polling.sessions_of(api, record) for row in polling.answers(api, session)
    )
    return body | {"total_results": dict(counted), "user_id": str(record.user_id)}


def _any_poll(api: Api, slot: str = "poll_id") -> Poll:
    """A poll, for anybody signed in. Its parts are looked up and read before permissions are checked."""
    record: Poll = _find(api, "polls", slot)
    return record


def _require(api: Api, poll: Poll, deed: Literal["edit", "delete"] = "edit") -> None:
    _allowed(api, polling.may(api, poll, deed), f"{deed} poll {poll.id}")


def _require_seen(api: Api, poll: Poll) -> None:
    """Refuse callers who neither manage the poll nor can take it."""
    seen = polling.may(api, poll, "add", "edit", "delete") or any(
        polling.put_to(api, session) for session in polling.sessions_of(api, poll)
    )
    _allowed(api, seen, f"see poll {poll.id}")


def polls(api: Api) -> Any:
    """The caller's polls, latest first."""
    own = sorted(api.store.polls.find("user", api.user.id), key=lambda poll: poll.id, reverse=True)
    return _listed(api, "polls", own, lambda poll: _poll(poll, api))


def create(api: Api) -> Any:
    """A new poll."""
    user, sent = api.user, _sent(api, "polls")
    _allowed(api, polling.teaches(api), "make polls")
    question, text = _text(sent, "question"), sent.text("description")
    made = Poll(id=api.new_id("polls"), user_id=user.id, question=question, description=text, created_at=api.now)
    return _one("polls", _poll(api.store.polls.put(made), api))


def show(api: Api) -> Any:
    """One poll."""
    record = _any_poll(api, "id")
    _require_seen(api, record)
    return _one("polls", _poll(record, api))


def update(api: Api) -> Any:
    """Change a poll."""
    record, sent = _any_poll(api, "id"), _sent(api, "polls")
    _require(api, record)
    text = sent.text("description") if sent.has("description") else record.description
    changed = replace(record, question=_text(sent, "question", record.question), description=text)
    return _one("polls", _poll(api.store.polls.put(changed), api))


def destroy(api: Api) -> Any:
    """Delete a poll with everything that belongs to it."""
    record = _any_poll(api, "id")
    _require(api, record, "delete")
    for session in polling.sessions_of(api, record):
        _forget(api, session)
    for choice in list(api.store.poll_choices.find("poll", record.id)):
        api.store.poll_choices.delete(choice.id)
    api.store.polls.delete(record.id)
    return Response(None, 204)


def _forget(api: Api, session: PollSession) -> None:
    for row in polling.answers(api, session):
        api.store.poll_submissions.delete(row.id)
    api.store.poll_sessions.delete(session.id)


# choices


def _choice(api: Api, record: PollChoice, poll: Poll) -> Json:
    body: Json = {"id": str(record.id), "text": record.text, "position": record.position}
    reveals = polling.may(api, poll, "edit") or polling.has_answered(api, poll)
    return body | ({"is_correct": record.is_correct} if reveals else {})


def _choice_of(api: Api, poll: Poll) -> PollChoice:
    record: PollChoice = _find(api, "poll_choices", "id")
    if record.poll_id != poll.id:
        raise refusals.not_found("the choice of the poll", record.id)
    return record


def choices(api: Api) -> Any:
    """The answers of a poll, by position."""
    poll = _any_poll(api)
    _require_seen(api, poll)
    rows = api.store.poll_choices.find("poll", poll.id)
    found = sorted(rows, key=lambda choice: (choice.position is None, choice.position, choice.id))
    return _listed(api, "poll_choices", found, lambda choice: _choice(api, choice, poll))


def show_choice(api: Api) -> Any:
    """One answer."""
    poll = _any_poll(api)
    record = _choice_of(api, poll)
    _require_seen(api, poll)
    return _one("poll_choices", _choice(api, record, poll))


def _position(sent: Params, known: int | None) -> int | None:
    if not sent.has("position"):
        return known
    return sent.integer("position") if (sent.text("position") or "").strip() else None


def create_choice(api: Api) -> Any:
    """Add an answer to a poll."""
    poll, sent = _any_poll(api), _sent(api, "poll_choices")
    _require(api, poll)
    made = PollChoice(
        id=0,
        poll_id=poll.id,
        text=_text(sent, "text"),
        position=_position(sent, None),
        is_correct=bool(sent.boolean("is_correct")),
    )
    made = api.store.poll_choices.put(replace(made, id=api.new_id("poll_choices")))
    return _one("poll_choices", _choice(api, made, poll))


def update_choice(api: Api) -> Any:
    """Change an answer."""
    poll, sent = _any_poll(api), _sent(api, "poll_choices")
    record = _choice_of(api, poll)
    _require(api, poll)
    correct = sent.get("is_correct")  # JSON's false counts as not sent, the text does not
    right = record.is_correct if correct is False else sent.boolean("is_correct")
    right = record.is_correct if right is None else right
    place = _position(sent, record.position)
    changed = replace(record, text=_text(sent, "text", record.text), position=place, is_correct=right)
    return _one("poll_choices", _choice(api, api.store.poll_choices.put(changed), poll))


def destroy_choice(api: Api) -> Any:
    """Delete an answer."""
    poll = _any_poll(api)
    record = _choice_of(api, poll)
    _require(api, poll, "delete")
    for session in list(api.store.poll_sessions.find("poll", record.poll_id)):
        for row in polling.answers(api, session):
            if row.poll_choice_id == record.id:
                api.store.poll_submissions.delete(row.id)
    api.store.poll_choices.delete(record.id)
    return Response(None, 204)


# sessions


def _session(api: Api, record: PollSession) -> Json:
    poll = api.store.polls.get(record.poll_id)
    own = poll is not None and polling.may(api, poll, "edit")
    found = polling.answers(api, record)
    mine = [row for row in found if row.user_id == api.user.id]
    body: Json = {
        "id": str(record.id),
        "is_published": record.is_published,
        "course_id": str(record.course_id),
        "course_section_id": str(record.course_section_id) if record.course_section_id is not None else None,
        "created_at": when(record.created_at),
        "poll_id": str(record.poll_id),
        "has_submitted": bool(mine),
        "poll_submissions": [_answer(row) for row in (found if own or record.has_public_results else mine)],
    }
    if own or record.has_public_results:
        body["has_public_results"] = record.has_public_results
        body["results"] = dict(Counter(str(row.poll_choice_id) for row in found))
    return body


def _session_of(api: Api, poll: Poll, slot: str = "id") -> PollSession:
    record: PollSession = _find(api, "poll_sessions", slot)
    if record.poll_id != poll.id:
        raise refusals.not_found("the session of the poll", record.id)
    return record


def _own_session(api: Api) -> PollSession:
    """A session of a poll that the caller may change. Raises the refusal for others' sessions."""
    poll = _any_poll(api)
    record = _session_of(api, poll)
    _require(api, poll)
    return record


def sessions(api: Api) -> Any:
    """The sessions of one of the caller's polls."""
    poll = _any_poll(api)
    _require(api, poll)
    return _listed(api, "poll_sessions", polling.sessions_of(api, poll), lambda session: _session(api, session))


def show_session(api: Api) -> Any:
    """One session."""
    poll: Poll = _find(api, "polls", "poll_id")
    record = _session_of(api, poll)
    _allowed(api, polling.may(api, poll, "edit") or polling.visible(api, record), f"see poll session {record.id}")
    return _one("poll_sessions", _session(api, record))


def create_session(api: Api) -> Any:
    """Create a session for a course or a section, initially closed."""
    poll, sent = _any_poll(api), _sent(api, "poll_sessions")
    course = identifiers.row(api.store.courses, sent.text("course_id") or "", "the course")
    section_id = None
    if named := sent.text("course_section_id"):
        rows = api.store.course_sections
        section_id = identifiers.row(rows, named, "the section of the course", course_id=course.id).id
    _allowed(api, polling.teaches(api), "make polls")
    courses.require(api, course, "update")
    made = PollSession(
        id=api.new_id("poll_sessions"),
        poll_id=poll.id,
        course_id=course.id,
        course_section_id=section_id,
        has_public_results=bool(sent.boolean("has_public_results")),
        created_at=api.now,
    )
    return _one("poll_sessions", _session(api, api.store.poll_sessions.put(made)))


def update_session(api: Api) -> Any:
    """Move a session to another course, or change who sees its results."""
    record, sent = _own_session(api), _sent(api, "poll_sessions")
    changes: dict[str, Any] = {}
    for name in ("course_id", "course_section_id"):
        if sent.has(name):
            changes[name] = sent.integer(name) if sent.text(name) else None
    if sent.has("has_public_results"):
        changes["has_public_results"] = bool(sent.boolean("has_public_results"))
    if changes.get("course_id", record.course_id) not in api.store.courses:
        raise refusals.invalid({"course": ["blank"]})
    changed = replace(record, **changes)
    section = api.store.course_sections.get(changed.course_section_id or 0)
    if section is None and changed.course_section_id is not None:
        raise refusals.crashed("there is no such section", changed.course_section_id)
    if section is not None and section.course_id != changed.course_id:
        raise refusals.invalid({"base": ["That course section does not belong to the existing course."]})
    return _one("poll_sessions", _session(api, api.store.poll_sessions.put(changed)))


def destroy_session(api: Api) -> Any:
    """Delete a session with its answers."""
    _forget(api, _own_session(api))
    return Response(None, 204)


def _published(value: bool) -> Callable[[Api], Any]:
    def change(api: Api) -> Any:
        """Open a session for answers, or close it."""
        record = replace(_own_session(api), is_published=value)
        return _one("poll_sessions", _session(api, api.store.poll_sessions.put(record)))

    return change


def _mine(value: bool) -> Callable[[Api], Any]:
    def listed(api: Api) -> Any:
        """The sessions that address the caller, open or closed."""
        found = [row for row in api.store.poll_sessions if row.is_published is value and polling.put_to(api, row)]
        return _listed(api, "poll_sessions", sorted(found, key=lambda row: row.id), lambda row: _session(api, row))

    return listed


# answers


def _answer(record: PollSubmission) -> Json:
    return {
        "id": str(record.id),
        "poll_session_id": str(record.poll_session_id),
        "poll_choice_id": str(record.poll_choice_id),
        "user_id": str(record.user_id),
        "created_at": when(record.created_at),
    }


def answer(api: Api) -> Any:
    """Submit an answer, once."""
    user, poll = api.user, _find(api, "polls", "poll_id")
    session, sent = _session_of(api, poll, "poll_session_id"), api.params.rows("poll_submissions")
    if not sent:
        raise refusals.crashed("Canvas fails without `poll_submissions`")
    reference = sent[0].text("poll_choice_id")
    choice = identifiers.row(api.store.poll_choices, reference, "the choice of the poll", poll_id=poll.id)
    _allowed(api, session.is_published and polling.visible(api, session), f"answer in poll session {session.id}")
    if any(row.user_id == user.id for row in polling.answers(api, session)):
        raise refusals.invalid({"user_id": [("taken", "can only submit one choice per poll session.")]})
    made = PollSubmission(
        id=api.new_id("poll_submissions"),
        poll_session_id=session.id,
        poll_choice_id=choice.id,
        user_id=user.id,
        created_at=api.now,
    )
    return _one("poll_submissions", _answer(api.store.poll_submissions.put(made)))


def show_answer(api: Api) -> Any:
    """One answer, for its author and for the poll's owner."""
    poll: Poll = _find(api, "polls", "poll_id")
    record: PollSubmission = _find(api, "poll_submissions", "id")
    if record.poll_session_id != _session_of(api, poll, "poll_session_id").id:
        raise refusals.not_found("the answer of the session", record.id)
    _allowed(api, api.user.id == record.user_id or polling.may(api, poll, "edit"), f"see answer {record.id}")
    return _one("poll_submissions", _answer(record))


ALL, CHOICES, SESSIONS = (
    f"/api/v1/{path}" for path in ("polls", "polls/{poll_id}/poll_choices", "polls/{poll_id}/poll_sessions")
)
ANSWERS = f"{SESSIONS}/{{poll_session_id}}/poll_submissions"
ROUTES: tuple[Route, ...] = signed_in(
    "polls",
    SOURCE,
    (f"GET {ALL}", polls, "The caller's polls"),
    (f"POST {ALL}", create, "Create a poll"),
    (f"GET {ALL}/{{id}}", show, "A poll"),
    (f"PUT {ALL}/{{id}}", update, "Change a poll"),
    (f"DELETE {ALL}/{{id}}", destroy, "Delete a poll"),
    (f"GET {CHOICES}", choices, "Answers of a poll"),
    (f"POST {CHOICES}", create_choice, "Add an answer"),
    (f"GET {CHOICES}/{{id}}", show_choice, "An answer"),
    (f"PUT {CHOICES}/{{id}}", update_choice, "Change an answer"),
    (f"DELETE {CHOICES}/{{id}}", destroy_choice, "Delete an answer"),
    (f"GET {SESSIONS}", sessions, "Sessions of a poll"),
    (f"POST {SESSIONS}", create_session, "Create a session"),
    (f"GET {SESSIONS}/{{id}}", show_session, "A session"),
    (f"PUT {SESSIONS}/{{id}}", update_session, "Change a session"),
    (f"DELETE {SESSIONS}/{{id}}", destroy_session, "Delete a session"),
    (f"GET {SESSIONS}/{{id}}/open", _published(True), "Open a session"),
    (f"GET {SESSIONS}/{{id}}/close", _published(False), "Close a session"),
    ("GET /api/v1/poll_sessions/opened", _mine(True), "Sessions that are open"),
    ("GET /api/v1/poll_sessions/closed", _mine(False), "Sessions that are closed"),
    (f"POST {ANSWERS}", answer, "Submit an answer"),
    (f"GET {ANSWERS}/{{id}}", show_answer, "A submitted answer"),
)
