"""Creating and updating discussions and announcements from requests.

Source: canvas-lms app/controllers/discussion_topics_controller.rb, process_discussion_topic (2023-06), and the recorded
exchanges of `content-discussions` and `content-announcements`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Upload
from lms_emulator.providers.canvas.model import Assignment, Attachment, Course, DiscussionTopic, Folder, Group
from lms_emulator.providers.canvas.rules import (
    assigning,
    assignments,
    contexts,
    copying,
    discussions,
    features,
    files,
    groups,
    html,
    media_types,
    saying,
    slugs,
    uploads,
)
from lms_emulator.providers.canvas.rules.contexts import Context

LONGEST = 255
FLAGS = (
    "allow_rating",
    "only_graders_can_rate",
    "sort_by_rating",
    "podcast_enabled",
    "podcast_has_student_posts",
    "pinned",
)
REDESIGN = "react_discussions_post"
ANONYMITY = ("full_anonymity", "partial_anonymity")
SHOWING = ("expanded", "expanded_locked", "sort_order_locked")
"""The fields that control the display of a topic's threads."""
MODERATORS_ONLY = ("podcast_enabled", "podcast_has_student_posts", "allow_rating", "sort_by_rating")


def pinned(api: Api, context: Context) -> list[DiscussionTopic]:
    """The pinned topics of a context, in their order."""
    found = [topic for topic in discussions.topics_of(api, context) if topic.pinned and not topic.is_announcement]
    return sorted(found, key=lambda topic: (topic.position or 0, topic.id))


def create(api: Api, context: Context) -> DiscussionTopic:
    """A new topic as the request describes it. Raises the refusals for invalid values."""
    moderator = discussions.moderates(api, context)
    announces = moderator or context.type == "Group"
    announcement = api.params.flag("is_announcement") and announces
    topic = DiscussionTopic(
        id=0,
        context_type="Group" if context.type == "Group" else "Course",
        context_id=context.id,
        user_id=api.user.id,
        title="No Title",
        is_announcement=announcement,
        published=announcement or not moderator,
        posted_at=api.now,
        last_reply_at=api.now,
        created_at=api.now,
        updated_at=api.now,
    )
    topic = replace(topic, **_anonymity(api, context))
    wanted = _described(api, context, topic, moderator)
    if announcement:
        wanted = _announced(api, context, wanted)
    wanted = replace(wanted, group_category_id=_grouped(api, wanted, moderator))
    wanted = replace(wanted, id=api.new_id("discussion_topics"))
    if api.params.has("attachment"):
        wanted = _attached(api, context, wanted)
    made = _placed(api, context, _graded(api, context, wanted, moderator))
    _divide(api, made)
    return made


def _divide(api: Api, topic: DiscussionTopic) -> None:
    """Create the child topic of every group of a group discussion."""
    known = {child.context_id for child in discussions.children(api, topic)}
    for group in (group for group in _groups(api, topic) if group.id not in known):
        part = replace(topic, title=f"{topic.title} - {group.name}", root_topic_id=topic.id, require_initial_post=False)
        part = replace(part, id=api.new_id("discussion_topics"), context_type="Group", context_id=group.id)
        api.store.discussion_topics.put(replace(part, assignment_id=None, section_ids=[]))


def _anonymity(api: Api, context: Context) -> dict[str, Any]:
    """Who stays anonymous in a new topic, if the course has the feature. Raises refusals for callers who may not."""
    course = context.record
    asked, alone = api.params.text("anonymous_state"), columns.filled(api.params, ("is_anonymous_author",))
    if not isinstance(course, Course) or not features.enabled(api, course, REDESIGN) or asked not in ANONYMITY:
        return alone
    allowed = course.settings.get("allow_student_anonymous_discussion_topics")
    if api.params.has("assignment"):
        raise _field("anonymous_state", "Anonymous discussions cannot be graded")
    if api.params.has("group_category_id"):
        raise _field("anonymous_state", "Group discussions cannot be anonymous.")
    if not allowed and not contexts.may(api, context, "manage"):
        raise _field("anonymous_state", "You are not able to create an anonymous discussion")
    return {"anonymous_state": asked, **alone}


def _groups(api: Api, topic: DiscussionTopic) -> list[Group]:
    """The groups of a group discussion."""
    category = api.store.group_categories.get(topic.group_category_id or 0)
    found = groups.of_category(api, category) if category is not None and topic.context_type == "Course" else []
    return sorted(found, key=lambda group: group.id)


def update(api: Api, context: Context, topic: DiscussionTopic) -> DiscussionTopic:
    """A topic with the request's changes. Raises the refusals for invalid ones."""
    moderator = discussions.moderates(api, context)
    if api.params.has("anonymous_state") and api.params.get("anonymous_state") != topic.anonymous_state:
        raise _field("anonymous_state", "You are not able to update the anonymous state of a discussion")
    wanted = replace(_described(api, context, topic, moderator), editor_id=api.user.id, updated_at=api.now)
    if wanted.published and not topic.published:
        wanted = replace(wanted, posted_at=api.now, last_reply_at=api.now)
    if api.params.has("group_category_id"):
        wanted = replace(wanted, group_category_id=_grouped(api, topic, moderator))
    if api.params.flag("remove_attachment"):
        wanted = replace(wanted, attachment_id=None)
    if api.params.file("attachment") is not None:
        wanted = _attached(api, context, wanted)
    changed = _placed(api, context, _graded(api, context, wanted, moderator))
    _divide(api, changed)
    return changed


def _described(api: Api, context: Context, topic: DiscussionTopic, moderator: bool) -> DiscussionTopic:
    changes: dict[str, Any] = {}
    if api.params.has("title"):
        changes["title"] = api.params.text("title") or "No Title"
        if len(changes["title"]) > LONGEST:
            raise refusals.invalid({"title": ["too_long"]})
    if api.params.has("message"):
        changes["message"] = html.clean(api.params.text("message"), api.url(""))
    if api.params.has("discussion_type"):
        changes["discussion_type"] = api.params.text("discussion_type")
        if changes["discussion_type"] not in (takes := ["side_comment", "threaded"]):
            raise refusals.invalid({"discussion_type": ["inclusion"]}, takes={"discussion_type": takes})
    changes |= columns.filled(api.params, (name for name in FLAGS if moderator or name not in MODERATORS_ONLY))
    if moderator and api.params.flag("podcast_has_student_posts"):
        changes["podcast_enabled"] = True
    changes |= columns.filled(api.later, SHOWING)
    if api.later.has("sort_order"):
        changes["sort_order"] = "asc" if api.later.text("sort_order") == "asc" else "desc"
    for name, wanted in columns.filled(api.params, ("require_initial_post",)).items():
        changes[name] = wanted or None
    changes |= _dates(api, topic, moderator)
    changes |= _locked(api, topic, changes)
    changes |= _published(api, topic, moderator)
    changes |= _sections(api, context)
    return replace(topic, **changes)


def _locked(api: Api, topic: DiscussionTopic, changes: dict[str, Any]) -> dict[str, Any]:
    """Whether the topic is closed: new dates decide, and publish a draft; else the request, which may clear a date."""
    ends = changes.get("lock_at", topic.lock_at)
    found: dict[str, Any] = {}
    if any(changes.get(name, getattr(topic, name)) != getattr(topic, name) for name in ("delayed_post_at", "lock_at")):
        found["locked"] = ends is not None and ends < api.now
        if topic.id:
            found["published"] = True
    if ends == topic.lock_at and api.params.has("locked") and not isinstance(api.params.peek("locked"), dict):
        wanted = api.params.flag("locked")
        if found.get("locked", topic.locked) and not wanted:
            found["lock_at"] = None
        found["locked"] = wanted
    graded = discussions.assignment_of(api, topic)
    if found.get("locked") and not topic.locked and graded is not None and graded.due_at and graded.due_at > api.now:
        raise refusals.crashed("Canvas does not lock a discussion that is due later", topic.id)
    return found


def _dates(api: Api, topic: DiscussionTopic, moderator: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if api.params.has("delayed_post_at"):
        found["delayed_post_at"] = api.moment("delayed_post_at")
    if api.params.has("lock_at"):
        found["lock_at"] = assignments.end_of_day(api.moment("lock_at"), api.zone)
    if api.params.has("todo_date"):
        found["todo_date"] = api.moment("todo_date")
        if found["todo_date"] is not None and not moderator:
            raise refusals.crashed("Canvas fails on a student's `todo_date`", api.params.text("todo_date"))
        if found["todo_date"] is not None and (_sent_assignment(api) or topic.assignment_id is not None):
            raise _field("todo_date", "Date cannot be added if discussion topic is graded")
    return found


def _published(api: Api, topic: DiscussionTopic, moderator: bool) -> dict[str, Any]:
    if not api.params.has("published"):
        return {}
    wanted = api.params.flag("published")
    if not wanted and topic.is_announcement:
        raise discussions.draft_refused("is an announcement")
    if not wanted and not moderator:
        raise _field("published", "You do not have permission to set this topic to draft state.")
    if not wanted and topic.published and not saying.untouched(api, topic):
        raise discussions.draft_refused("contains posts")
    return {"published": wanted}


def _sections(api: Api, context: Context) -> dict[str, Any]:
    if not api.params.has("specific_sections") or not isinstance(context.record, Course):
        return {}
    words = api.params.words("specific_sections")
    if words == ["all"] or not words:
        return {"section_ids": []}
    found = [api.store.course_sections.get(number(word)) for word in words]
    if any(section is None or section.course_id != context.id for section in found):
        raise refusals.not_found("a section of the course", words)
    limited = assignments.sections_seen(api, context.record)
    if limited is not None and (others := [row.id for row in found if row is not None and row.id not in limited]):
        numbers = ", ".join(map(str, others))
        text = f"You do not have permissions to modify discussion for section(s) {numbers}"
        raise _field("specific_sections", text)
    return {"section_ids": [section.id for section in found if section is not None]}


def _announced(api: Api, context: Context, topic: DiscussionTopic) -> DiscussionTopic:
    """An announcement: open for comments only if the request says so, or not yet posted or closed."""
    if _sent_assignment(api):
        raise discussions.draft_refused("is an announcement")
    if not topic.message:
        raise refusals.invalid({"message": ["blank"]})
    others = [row.position or 0 for row in discussions.topics_of(api, context) if row.is_announcement]
    opened = api.params.has("locked") or topic.delayed_post_at is not None or topic.lock_at is not None
    locked = topic.locked if opened else context.type == "Course"
    locked = locked or discussions.comments_disabled(api, topic)
    return replace(topic, locked=locked, position=max(others, default=0) + 1)


def _grouped(api: Api, topic: DiscussionTopic, moderator: bool) -> int | None:
    """The group set of a group discussion. Raises the refusals for a change that is not allowed."""
    wanted = api.params.text("group_category_id") or api.params.hash("assignment").text("group_category_id")
    chosen = number(wanted) if wanted else None
    if chosen == topic.group_category_id:
        return chosen
    if not moderator:
        raise _field("group", "You cannot set a grouped discussion as a student.")
    if topic.is_announcement:
        raise _field("group", "You cannot use grouped discussion on an announcement.")
    if not saying.untouched(api, topic):
        raise _field("group", "You cannot change grouping on a discussion with replies.")
    category = api.store.group_categories.get(chosen) if chosen is not None else None
    place = (category.context_type, category.context_id) if category is not None else None
    if wanted and place != (topic.context_type, topic.context_id):
        raise refusals.not_found("the group category", wanted)
    return chosen


def _placed(api: Api, context: Context, topic: DiscussionTopic) -> DiscussionTopic:
    """Store a topic, with its position among the pinned ones."""
    if topic.is_announcement:
        return api.store.discussion_topics.put(topic)
    others = [discussion_topic for discussion_topic in pinned(api, context) if discussion_topic.id != topic.id]
    asked = api.params.text("position_after") if discussions.moderates(api, context) else None
    after = next((row for row in discussions.topics_of(api, context) if row.id == number(asked or "")), None)
    if asked and after is None:
        raise refusals.not_found("the topic to stand after", asked)
    if not topic.pinned:
        return api.store.discussion_topics.put(replace(topic, position=None))
    if topic.position is None:
        topic = replace(topic, position=max((row.position or 0 for row in others), default=0) + 1)
    if after is None or after.id == topic.id:
        return api.store.discussion_topics.put(topic)
    if after.position is None:
        raise refusals.crashed("Canvas finds no position of a topic that is not pinned", asked)
    return insert(api, context, topic, after.position)


def insert(api: Api, context: Context, topic: DiscussionTopic, place: int) -> DiscussionTopic:
    """Put a pinned topic at a position; those between there and where it was close up.

    So it stands before the topic that had the position if it comes from below, and after it if from above (canvas-lms
    gems/acts_as_list/lib/active_record/acts/list.rb).
    """
    before = topic.position
    for row in pinned(api, context):
        at = row.position or 0
        down = at >= place and (before is None or at < before)
        up = before is not None and before < at <= place
        if row.id != topic.id and (down or up):
            api.store.discussion_topics.put(replace(row, position=at + 1 if down else at - 1))
    return api.store.discussion_topics.put(replace(topic, position=place))


# assignments


def _sent_assignment(api: Api) -> bool:
    sent = api.params.peek("assignment")
    return isinstance(sent, dict) and api.params.flag("assignment", "set_assignment", default=True)


def _graded(api: Api, context: Context, topic: DiscussionTopic, moderator: bool) -> DiscussionTopic:
    """The topic with the requested assignment, or without one."""
    known = discussions.assignment_of(api, topic)
    if not isinstance(context.record, Course):
        return topic
    if isinstance(api.params.peek("assignment"), dict):
        if not moderator:
            raise api.refused("grade a discussion")
        if not _sent_assignment(api):
            if known is not None:
                api.store.assignments.put(replace(known, workflow_state="deleted", updated_at=api.now))
            return replace(topic, assignment_id=None, old_assignment_id=topic.assignment_id)
        made = _assignment(api, context.record, topic, known)
        for entry in discussions.entries_of(api, topic):
            saying.hand_in(api, made, context.record, entry.user_id, entry.created_at)
        return replace(topic, assignment_id=made.id)
    assigning.follow_topic(api, topic)
    return topic


def _assignment(api: Api, course: Course, topic: DiscussionTopic, known: Assignment | None) -> Assignment:
    of_topic = ("set_assignment", "group_category_id")
    sent = {name: value for name, value in api.params.data["assignment"].items() if name not in of_topic}
    sent |= {"name": topic.title, "description": topic.message, "submission_types": ["discussion_topic"]}
    api.params.data["assignment"] = sent | {"published": topic.published}
    wanted, overrides = assigning.read(api, course, known)
    return assigning.keep(api, course, replace(wanted, discussion_topic_id=topic.id), overrides)


def duplicate(api: Api, context: Context, topic: DiscussionTopic) -> DiscussionTopic:
    """An unpublished copy of a discussion with a copy of its assignment, placed right after a pinned original."""
    titles = {discussion.title for discussion in discussions.topics_of(api, context)}
    title = slugs.copied_title(topic.title, titles)
    copy = replace(
        topic,
        id=api.new_id("discussion_topics"),
        user_id=api.user.id,
        title=title,
        published=not discussions.moderates(api, context),
        posted_at=api.now,
        last_reply_at=api.now,
        created_at=api.now,
        updated_at=api.now,
        viewed_in=None,
        assignment_id=None,
    )
    known = discussions.assignment_of(api, topic)
    if known is not None:
        assert isinstance(context.record, Course)  # only courses have assignments
        wanted = copying.copied_assignment(api, known, title)
        wanted = replace(wanted, id=0, position=0, discussion_topic_id=copy.id)
        made = assigning.keep(api, context.record, wanted, None)
        copying.copy_rubric(api, known, made)
        copy = replace(copy, assignment_id=made.id)
    if copy.pinned:
        others = pinned(api, context)
        copy = replace(copy, position=max((row.position or 0 for row in others), default=0) + 1)
    return api.store.discussion_topics.put(copy)


# files


def attach(api: Api, context: Context, folder: Folder, sent: Upload) -> Attachment:
    """Store a file that was sent with the request in a context."""
    name = (sent.filename or "file").rsplit("/", 1)[-1]
    made = Attachment(
        **api.new_row("attachments"),
        context_type=context.type,
        context_id=context.id,
        folder_id=folder.id,
        user_id=api.user.id,
        display_name=name,
        content_type=media_types.UNKNOWN,
        size=None,
        uuid=api.call.ids.alnum(40),
        modified_at=api.now,
    )
    filled = uploads.filled(api.call, made, sent.content, name=name, kind=sent.content_type, numbered=False)
    return api.store.attachments.put(replace(filled, workflow_state="processed"))


def _attached(api: Api, context: Context, topic: DiscussionTopic) -> DiscussionTopic:
    sent = api.params.file("attachment")
    if sent is None:
        return topic
    if not contexts.may(api, context, "attach", "create_forum", "moderate_forum"):
        raise api.refused("attach files to discussions")
    folder = files.child(api, files.root_folder(api, context), "unfiled")
    return replace(topic, attachment_id=attach(api, context, folder, sent).id)


def _field(name: str, text: str) -> Exception:
    """A fault of one field, as a sentence."""
    return refusals.rest(f"topic_{name}_refused", 400, {"errors": {name: text}}, check=f"`{name}` can be set")
