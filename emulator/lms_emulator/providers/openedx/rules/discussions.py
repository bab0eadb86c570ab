"""Who may do what in the discussions of a course, and how texts are rendered.

Sources: edx-platform `lms/djangoapps/discussion/rest_api/permissions.py` (get_editable_fields) and `render.py`;
`fixtures/recordings/openedx-2`, forum.jsonl 150-360.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from html import unescape

from lms_emulator.core.http.html_text import shallow, without_tags
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Cohort, Course
from lms_emulator.providers.openedx.model.forum import Comment, DiscussionSettings, Post, Thread
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import blocks, cohorts, people

#: Roles that moderate, as they are shown beside a name.
MODERATORS = ("Administrator", "Moderator", "Group Moderator", "Community TA")
EDIT_REASONS = {
    "grammar-spelling": "Has grammar / spelling issues",
    "needs-clarity": "Content needs clarity",
    "academic-integrity": "Has academic integrity concern",
    "inappropriate-language": "Has inappropriate language",
    "format-change": "Formatting changes needed",
    "post-type-change": "Post type needs change",
    "contains-pii": "Contains personally identifiable information",
    "violates-guidelines": "Violates community guidelines",
}
CLOSE_REASONS = {
    "academic-integrity": "Post violates honour code or academic integrity",
    "read-only": "Post should be read-only",
    "duplicate": "Post is a duplicate",
    "off-topic": "Post is off-topic",
}
_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "dd",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "strike",
    "sub",
    "sup",
    "ul",
}


def roles(store: OpenedxStore, username: str, course: str) -> list[str]:
    """The roles of a user in the discussions of a course; that of a student comes with the enrolment."""
    given = [role.role for role in store.forum_roles.find("course", course) if role.user == username]
    return ["Student", *given] if (username, course) in store.enrollments else given


def label(store: OpenedxStore, username: str | None, course: str) -> str | None:
    """The label beside the name of an author who is more than a learner."""
    if username is None:
        return None
    found = roles(store, username, course)
    if "Administrator" in found or "Moderator" in found:
        return "Moderator"
    return "Community TA" if "Group Moderator" in found or "Community TA" in found else None


def is_privileged(store: OpenedxStore, user: User | None, course: str) -> bool:
    """Whether a user moderates the discussions of a course: by a role in them, or as global staff."""
    if user is None:
        return False
    return people.is_global_staff(user) or not set(MODERATORS).isdisjoint(roles(store, user.username, course))


def settings(store: OpenedxStore, course: str) -> DiscussionSettings:
    """How discussions are divided; by cohorts unless a setting says otherwise."""
    scheme = "cohort" if cohorts.settings(store, course).is_cohorted else "none"
    return store.discussion_settings.get(course) or DiscussionSettings(course=course, division_scheme=scheme)


def cohort(store: OpenedxStore, course: str, username: str) -> Cohort | None:
    """The cohort of a user, who is put into one now where the course has them."""
    if cohorts.settings(store, course).is_cohorted and cohorts.of_user(store, course, username) is None:
        cohorts.assign(store, course, username)
    return cohorts.of_user(store, course, username)


def is_for(store: OpenedxStore, user: User, thread: Thread) -> bool:
    """Whether a thread is for a user: for everybody, for the user's cohort, or the user moderates."""
    if thread.group_id is None or is_privileged(store, user, thread.course):
        return True
    own = cohort(store, thread.course, user.username)
    return own is not None and own.id == thread.group_id


def thread_fields(store: OpenedxStore, user: User, thread: Thread) -> list[str]:
    """What a user may change of a thread."""
    privileged = is_privileged(store, user, thread.course)
    if thread.closed:
        more = {"close_reason_code", "closed", "pinned"} if privileged else set()
        return sorted({"abuse_flagged", "copy_link", "read"} | more)
    mine = user.username == thread.author
    found = {"abuse_flagged", "copy_link", "following", "read"}
    if mine:
        found |= {"anonymous"}
    if mine or privileged:
        found |= {"raw_body", "title", "topic_id", "type"}
    if privileged or not mine:
        found |= {"voted"}
    if privileged:
        found |= {"close_reason_code", "closed", "pinned"} | (set() if mine else {"edit_reason_code"})
        found |= {"group_id"} if cohorts.settings(store, thread.course).is_cohorted else set()
    return sorted(found)


def comment_fields(store: OpenedxStore, user: User, thread: Thread, comment: Comment) -> list[str]:
    """What a user may change of a comment."""
    privileged = is_privileged(store, user, thread.course)
    mine = user.username == comment.author
    found = {"abuse_flagged"} | ({"anonymous"} if mine else set())
    if mine or privileged:
        found |= {"raw_body"}
    if privileged or not mine:
        found |= {"voted"}
    if privileged or (thread.type == "question" and user.username == thread.author):
        found |= {"endorsed"}
    if privileged and not mine:
        found |= {"edit_reason_code"}
    return sorted(found)


def may_delete(store: OpenedxStore, user: User, post: Post) -> bool:
    """Whether a user may delete something: its author, and those who moderate."""
    return user.username == post.author or is_privileged(store, user, post.course)


def rendered(text: str) -> str:
    """Markdown as HTML without anything dangerous, as the LMS renders it."""
    import markdown
    import nh3

    return nh3.clean(shallow(markdown.markdown(text)), tags=_TAGS, link_rel=None)


def preview(text: str) -> str:
    """The text of what is rendered, on one line."""
    return unescape(without_tags(rendered(text))).replace("\n", " ")


def comments(store: OpenedxStore, thread: Thread) -> list[Comment]:
    """What was answered to a thread, newest first."""
    return sorted(store.comments.find("thread", thread.id), key=lambda comment: comment.id, reverse=True)


def is_read(thread: Thread, user: User) -> bool:
    """Whether a user read everything in a thread."""
    at = thread.readers.get(user.username)
    return at is not None and at >= thread.active


def has_voted(store: OpenedxStore, user: User, post: Post) -> bool:
    """Whether a user voted for something.

    Votes are looked up by number alone, so that a vote for a thread is also seen in the comment of the same number.
    """
    same = (store.threads.get(post.id), store.comments.get(post.id))
    return any(item is not None and user.username in item.voters for item in same)


def units(course: Course, *, staff: bool) -> Iterator[tuple[blocks.Node, blocks.Node, blocks.Node]]:
    """The units with a topic of their own: those of ungraded lessons, with their chapter and lesson."""
    for chapter in blocks.tree(course, staff=staff).children:
        for lesson in chapter.children:
            if not lesson.graded:
                yield from ((chapter, lesson, unit) for unit in lesson.children)


def topic_of(unit: blocks.Node) -> str:
    """The id of the topic of a unit."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, unit.key))


def category(course: Course, topic: str) -> str | None:
    """What the discussion block with a topic of its own is called; None for other topics."""
    below = list(course.content)
    while below:
        block = below.pop()
        if block.type == "discussion" and block.discussion_id == topic:
            name = block.discussion_category.split("/")[-1].strip()
            return f"{name} / {block.discussion_target}" if block.discussion_target else name
        below += block.children
    return None


def seconds(at: datetime) -> datetime:
    """A time as the discussions keep it."""
    return at.replace(microsecond=0)
