"""JSON of threads and comments. Source: edx-platform `lms/djangoapps/discussion/rest_api/serializers.py`."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model.forum import Comment, Post, Thread
from lms_emulator.providers.openedx.rules import discussions
from lms_emulator.providers.openedx.shapes import accounts, moment


def _post(call: Call, post: Post, fields: list[str], reason: str | None) -> dict[str, Any]:
    user = caller(call)
    author = None if post.anonymous else post.author
    privileged = discussions.is_privileged(call.store, user, post.course)
    flagged = bool(post.flaggers) if privileged else user.username in post.flaggers
    shape: dict[str, Any] = {
        "id": str(post.id),
        "author": author,
        "author_label": discussions.label(call.store, author, post.course),
        "created_at": moment(post.created),
        "updated_at": moment(post.updated),
        "raw_body": post.body,
        "rendered_body": discussions.rendered(post.body),
        "abuse_flagged": flagged,
        "voted": discussions.has_voted(call.store, user, post),
        "vote_count": len(post.voters),
        "editable_fields": fields,
        "can_delete": discussions.may_delete(call.store, user, post),
        "anonymous": post.anonymous,
        "anonymous_to_peers": False,
        "last_edit": _last_edit(call, post),
    }
    if reason is not None:
        shape["edit_reason_code"] = reason
    last = post.edits[-1] if post.edits and discussions.may_delete(call.store, user, post) else None
    editor = last.editor if last is not None and last.editor != post.author else None
    return shape | {"edit_by_label": discussions.label(call.store, editor, post.course)}


def _last_edit(call: Call, post: Post) -> dict[str, Any] | None:
    user = caller(call)
    if not post.edits or not discussions.may_delete(call.store, user, post):
        return None
    last = post.edits[-1]
    shape = {
        "original_body": last.original,
        "reason_code": last.reason,
        "editor_username": last.editor,
        "created_at": moment(last.moment),
    }
    return shape | ({"reason": discussions.EDIT_REASONS.get(last.reason)} if last.reason else {})


def thread(
    call: Call,
    record: Thread,
    *,
    listed: bool = False,
    counts_responses: bool = False,
    counts_flags: bool = False,
    edit_reason: str | None = None,
    close_reason: str | None = None,
) -> dict[str, Any]:
    """A thread as the caller sees it.

    Parameters:
        listed: lists do not show what was read and endorsed.
        counts_responses: single threads show the count, those in lists and new ones do not.
        counts_flags: whether a moderator asked how many of the answers are flagged.
        edit_reason, close_reason: codes that were just given.
    """
    user = caller(call)
    answers = discussions.comments(call.store, record)
    responses = [comment for comment in answers if comment.parent is None]
    group = call.store.cohorts.get(record.group_id) if record.group_id is not None else None
    read = not listed and discussions.is_read(record, user)
    page = f"{call.base_url}/api/discussion/v1/comments/?thread_id={record.id}"
    question = record.type == "question"
    flags = sum(bool(comment.flaggers) for comment in answers)
    shape = _post(call, record, discussions.thread_fields(call.store, user, record), edit_reason) | {
        "course_id": record.course,
        "topic_id": record.topic,
        "group_id": record.group_id,
        "group_name": group.name if group is not None else None,
        "type": record.type,
        "preview_body": discussions.preview(record.body),
        "abuse_flagged_count": (flags or None) if counts_flags else None,
        "title": record.title,
        "pinned": record.pinned,
        "closed": record.closed,
        "following": user.username in record.followers,
        "comment_count": len(answers) + 1,
        "unread_comment_count": 0 if read else len(answers) + 1,
        "comment_list_url": None if question else page,
        "endorsed_comment_list_url": f"{page}&endorsed=True" if question else None,
        "non_endorsed_comment_list_url": f"{page}&endorsed=False" if question else None,
        "read": read,
        "has_endorsed": not listed and any(comment.endorsed for comment in responses),
    }
    if counts_responses:
        shape["response_count"] = len(responses)
    if close_reason is not None:
        shape["close_reason_code"] = close_reason
    why = discussions.CLOSE_REASONS.get(close_reason or (record.close_reason if record.closed else None) or "")
    by = record.closed_by if record.closed else None
    return shape | {
        "close_reason": why,
        "closed_by": by,
        "closed_by_label": discussions.label(call.store, by, record.course),
    }


def comment(
    call: Call, above: Thread, record: Comment, *, edit_reason: str | None = None, before: Comment | None = None
) -> dict[str, Any]:
    """A comment as the caller sees it.

    Parameters: `before`, the comment before a change; the answer to the change still has its endorsement.
    """
    user = caller(call)
    known = before or record
    by = known.endorsed_by if record.endorsed and known.endorsed else None
    children = sum(child.parent == record.id for child in call.store.comments.find("thread", above.id))
    privileged = discussions.is_privileged(call.store, user, record.course)
    author = call.store.users.get(record.author)
    return _post(call, record, discussions.comment_fields(call.store, user, above, record), edit_reason) | {
        "thread_id": str(above.id),
        "parent_id": str(record.parent) if record.parent is not None else None,
        "endorsed": record.endorsed,
        "endorsed_by": by,
        "endorsed_by_label": discussions.label(call.store, by, record.course),
        "endorsed_at": moment(known.endorsed_at) if by else None,
        "child_count": children,
        "children": [],
        "abuse_flagged_any_user": bool(record.flaggers) if privileged else None,
        "profile_image": accounts.profile_image(author, call.base_url) if author is not None else None,
    }
