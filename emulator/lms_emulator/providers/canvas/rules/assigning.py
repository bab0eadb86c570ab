"""Creating and updating assignments from requests.

Source: canvas-lms lib/api/v1/assignment.rb, update_api_assignment and app/models/assignment.rb, validations (2023-06),
and the recorded exchanges of `grading-assignments`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http import json_text
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import to_the_second
from lms_emulator.providers.canvas.call.params import Params, as_integer, is_number
from lms_emulator.providers.canvas.model import (
    Assignment,
    AssignmentGroup,
    AssignmentOverride,
    Course,
    DiscussionTopic,
    Quiz,
    ToolTag,
)
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    features,
    grades,
    grading,
    html,
    line_items,
    overriding,
    periods,
    submissions,
    tools,
    unfit,
)

SUBMISSION_TYPES = {
    "discussion_topic",
    "external_tool",
    "media_recording",
    "none",
    "not_graded",
    "on_paper",
    "online_quiz",
    "online_text_entry",
    "online_upload",
    "online_url",
}
FLAGS = (
    "peer_reviews",
    "automatic_peer_reviews",
    "anonymous_peer_reviews",
    "intra_group_peer_reviews",
    "omit_from_final_grade",
    "hide_in_gradebook",
    "grade_group_students_individually",
    "grader_comments_visible_to_graders",
    "graders_anonymous_to_graders",
    "grader_names_visible_to_final_grader",
    "anonymous_instructor_annotations",
)
BY_WORD = ("published", "only_visible_to_overrides", "moderated_grading", "post_to_sis", "important_dates")
"""The flags that are true by Canvas's words only, and false by JSON null (canvas-lms lib/api/v1/assignment.rb)."""
NESTED = (*BY_WORD, "submission_types", "allowed_extensions", "integration_data", "external_tool_tag_attributes")
"""What may be a list or a hash, or is read whatever it is."""
LONGEST = 255
TOOL_TYPES = ("ContextExternalTool", "context_external_tool")
"""What `content_type` says where `content_id` is that of a tool (canvas-lms app/models/assignment.rb)."""
WORTH = ("points_possible", "grading_type", "grading_standard_id")
JUDGED = ("due_at", "published", "only_visible_to_overrides", "moderated_grading", "anonymous_grading", "grading_type")
"""The fields whose change has the course's policy for late work applied."""


def read(api: Api, course: Course, known: Assignment | None) -> tuple[Assignment, list[AssignmentOverride] | None]:
    """The assignment that a request describes, with its overrides if it mentions any. Nothing is stored.

    Raises: the refusals for invalid fields.
    """
    sent = api.params.require("assignment")
    base = known or Assignment(
        id=0,
        course_id=course.id,
        name="Assignment",
        description=None,
        submission_types=["none"],
        published=False,
        lti_context_id=api.call.ids.uuid(),
        created_at=api.now,
        updated_at=api.now,
    )
    if known is None:
        base = _known_to_tools(api, sent, base)
    _unfit(sent)
    changes = _dates(api, sent) | _columns(api, course, sent, base) | _sis(api, course, sent)
    if known is not None and sent.get("due_at") is not None:
        changes["only_visible_to_overrides"] = False
    wanted = unfit.settled(replace(base, **changes), base)
    found = _overrides(api, wanted, sent)
    if periods.binds(api, course):
        unfit.require_open(api, course, wanted, known)
    if (fault := unfit.of_final_grader(api, course, wanted, base)) is not None:
        raise refusals.invalid({"final_grader_id": [fault]})
    unfit.require_custom(sent.hash("external_tool_tag_attributes").get("custom_params"))
    faults = unfit.of(api, course, wanted, known)
    if faults:
        raise unfit.refusal(faults, known)
    touched = wanted != known or found is not None or sent.flag("force_updated_at")
    if known is not None and touched:
        wanted = replace(wanted, updated_at=api.now)
    return wanted, found


def _known_to_tools(api: Api, sent: Params, base: Assignment) -> Assignment:
    """The new assignment with the id that tools were given for it. Raises the refusal for that of another."""
    number = assignments.opened_params(api, sent.text("secure_params")).get("lti_assignment_id")
    if number and any(row.lti_context_id == number for row in api.store.assignments.find("course", base.course_id)):
        raise refusals.invalid({"assignment[lti_context_id]": ["lti_context_id should be unique"]})
    return replace(base, lti_context_id=number) if number else base


def keep(
    api: Api, course: Course, wanted: Assignment, found: list[AssignmentOverride] | None, *, by_caller: bool = True
) -> Assignment:
    """Store an assignment with its overrides, and the rows of its students.

    Parameters: `by_caller`, whether grades that follow from the change are the caller's.
    """
    if not wanted.id:
        wanted = _in_group(api, course, wanted)
    known = api.store.assignments.get(wanted.id)
    kept = follow(api, with_content(api, api.store.assignments.put(_abandoned(api, wanted))))
    line_items.follow(api, known, kept)
    if known is not None and any(getattr(known, name) != getattr(kept, name) for name in WORTH):
        grading.regrade(api, kept, by_caller=by_caller)
    if known is not None and known.group_category_id != kept.group_category_id:
        for old in assignments.overrides(api, kept):
            if old.set_type == "Group":
                api.store.assignment_overrides.put(replace(old, workflow_state="deleted"))
    if found is not None:
        _replace_overrides(api, kept, found)
    submissions.ensure(api, kept)
    if found is not None or any(getattr(known, name, None) != getattr(kept, name) for name in JUDGED):
        grading.apply_policy(api, course, kept)
    return kept


def _in_group(api: Api, course: Course, wanted: Assignment) -> Assignment:
    """A new assignment with its id, at the end of its group unless it has a position."""
    group_id = wanted.assignment_group_id or default_group(api, course).id
    last = max((a.position for a in api.store.assignments.find("group", group_id)), default=0)
    position = wanted.position or last + 1
    return replace(wanted, id=api.new_id("assignments"), assignment_group_id=group_id, position=position)


def _replace_overrides(api: Api, base: Assignment, found: list[AssignmentOverride]) -> None:
    staying = {assignment_override.id for assignment_override in found}
    for old in assignments.overrides(api, base):
        if old.id not in staying:
            api.store.assignment_overrides.put(replace(old, workflow_state="deleted"))
    for override in found:
        overriding.keep(api, replace(override, assignment_id=base.id))


def _abandoned(api: Api, wanted: Assignment) -> Assignment:
    """The assignment without the discussion or quiz that it is no longer done in; what is empty or a draft is deleted.

    Source: canvas-lms app/models/assignment.rb, delete_empty_abandoned_children (2024-04).
    """
    topic = api.store.discussion_topics.get(wanted.discussion_topic_id or 0)
    if topic is not None and "discussion_topic" not in wanted.submission_types:
        said = any(entry.workflow_state != "deleted" for entry in api.store.discussion_entries.find("topic", topic.id))
        changes = {} if said else {"workflow_state": "deleted", "deleted_at": api.now}
        api.store.discussion_topics.put(replace(topic, assignment_id=None, **changes))
        wanted = replace(wanted, discussion_topic_id=None)
    quiz = api.store.quizzes.get(wanted.quiz_id or 0)
    if quiz is not None and "online_quiz" not in wanted.submission_types:
        state = quiz.workflow_state if quiz.workflow_state == "available" else "deleted"
        api.store.quizzes.put(replace(quiz, assignment_id=None, workflow_state=state))
        wanted = replace(wanted, quiz_id=None)
    return wanted


def with_content(api: Api, kept: Assignment) -> Assignment:
    """Create the discussion or quiz in which the work is done."""
    if "discussion_topic" in kept.submission_types and kept.discussion_topic_id is None:
        topic = DiscussionTopic(
            **api.new_row("discussion_topics"),
            context_id=kept.course_id,
            user_id=api.user.id,
            title=kept.name,
            message=kept.description,
            published=kept.published,
            assignment_id=kept.id,
            posted_at=api.now,
            last_reply_at=api.now,
        )
        api.store.discussion_topics.put(topic)
        return api.store.assignments.put(replace(kept, discussion_topic_id=topic.id))
    if "online_quiz" in kept.submission_types and kept.quiz_id is None:
        shared = ("description", "due_at", "unlock_at", "lock_at", "points_possible", "assignment_group_id")
        quiz = Quiz(
            **api.new_row("quizzes"),
            course_id=kept.course_id,
            title=kept.name,
            assignment_id=kept.id,
            workflow_state="available" if kept.published else "unpublished",
            **{name: getattr(kept, name) for name in shared},
        )
        api.store.quizzes.put(quiz)
        api.store.assignments.put(replace(kept, quiz_id=quiz.id))
    return kept


def follow(api: Api, assignment: Assignment) -> Assignment:
    """Copy an assignment's title, description and state to its discussion."""
    topic = api.store.discussion_topics.get(assignment.discussion_topic_id or 0)
    if topic is not None and assignment.workflow_state == "deleted":
        api.store.discussion_topics.put(replace(topic, workflow_state="deleted", deleted_at=api.now))
    elif topic is not None:
        text = {"title": assignment.name, "message": assignment.description, "published": assignment.published}
        api.store.discussion_topics.put(replace(topic, **text))
    return assignment


def follow_topic(api: Api, topic: DiscussionTopic) -> None:
    """Copy a discussion's title, message and state to the assignment that is graded in it."""
    known = api.store.assignments.get(topic.assignment_id or 0)
    if known is None or known.workflow_state == "deleted":
        return
    follows = {"name": topic.title, "description": topic.message, "published": topic.published}
    if any(getattr(known, name) != value for name, value in follows.items()):
        api.store.assignments.put(replace(known, **follows, updated_at=api.now))


def default_group(api: Api, course: Course) -> AssignmentGroup:
    """The first group of a course, created if necessary."""
    found = [g for g in api.store.assignment_groups.find("course", course.id) if g.workflow_state != "deleted"]
    if found:
        return min(found, key=lambda group: (group.position, group.id))
    made = AssignmentGroup(
        id=api.new_id("assignment_groups"), course_id=course.id, name="Assignments", created_at=api.now
    )
    return api.store.assignment_groups.put(made)


def in_group(api: Api, group_id: int) -> list[Assignment]:
    """The undeleted assignments of a group."""
    return [a for a in api.store.assignments.find("group", group_id) if a.workflow_state != "deleted"]


def _unfit(sent: Params) -> None:
    """Refuse what Canvas refuses before it validates the record."""
    faults: unfit.Faults = {}
    if any(kind not in SUBMISSION_TYPES | {"student_annotation", "wiki_page"} for kind in _types(sent) or ()):
        faults["assignment[submission_types]"] = ["Invalid submission types"]
    for name in (*assignments.DATES, "peer_reviews_assign_at"):
        text = sent.text(name) or ""
        if (text.strip() and not to_the_second(text)) or isinstance(sent.peek(name) or "", list | dict):
            faults[f"assignment[{name}]"] = [f"Invalid datetime for {name}"]
    if (sent.text("assignment_group_id") or "").strip() and sent.integer("assignment_group_id") <= 0:
        faults["assignment[assignment_group_id]"] = ["must be a positive number"]
    extensions = sent.get("allowed_extensions")
    if not faults and isinstance(extensions, str | list) and len(extensions) > LONGEST:
        faults["assignment[allowed_extensions]"] = [f"Value too long, allowed length is {LONGEST}"]
    if faults:
        raise refusals.invalid(faults, takes={"submission_types": SUBMISSION_TYPES})
    impossible = "wiki_page" in (_types(sent) or ()) or (
        "student_annotation" in (_types(sent) or ()) and not sent.text("annotatable_attachment_id")
    )
    if impossible or isinstance(sent.peek("assignment_overrides"), str):
        raise refusals.invalid({})


def _types(sent: Params) -> list[str] | None:
    if not sent.has("submission_types"):
        return None
    return [kind for kind in sent.texts("submission_types") if kind]


def _dates(api: Api, sent: Params) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in assignments.DATES:
        if sent.has(name):
            moment = sent.moment(name, zone=api.zone)
            found[name] = moment if name == "unlock_at" else assignments.end_of_day(moment, api.zone)
    return found


def _columns(api: Api, course: Course, sent: Params, base: Assignment) -> dict[str, Any]:
    sent = columns.permitted(sent, *NESTED)
    found: dict[str, Any] = {name: sent.flag(name) for name in BY_WORD if sent.has(name)}
    found |= {name: bool(sent.boolean(name)) for name in FLAGS if sent.get(name) is not None}
    if sent.has("name") and (base.id or sent.get("name") is not None):
        found["name"] = sent.text("name") or ""
    if sent.has("description"):
        found["description"] = html.clean(sent.text("description"), api.url(""))
    if sent.has("points_possible"):
        found["points_possible"] = sent.real("points_possible")
    if sent.text("grading_type"):
        found["grading_type"] = sent.text("grading_type")
    if sent.text("position"):
        found["position"] = sent.integer("position")
    elif not base.id:
        found["position"] = 0
    found |= _grading_columns(api, course, sent, moderated=found.get("moderated_grading", base.moderated_grading))
    if sent.has("allowed_extensions"):
        found["allowed_extensions"] = [word.lower().removeprefix(".") for word in sent.words("allowed_extensions")]
    if sent.get("allowed_attempts") is not None:
        found["allowed_attempts"] = _attempts(sent.text("allowed_attempts") or "")
    return found | _of_kind(api, course, sent, base, found.get("grading_type")) | _places(api, course, sent)


def _grading_columns(api: Api, course: Course, sent: Params, *, moderated: bool) -> dict[str, Any]:
    names = ("peer_review_count", "grader_count")
    found: dict[str, Any] = {name: sent.integer(name) for name in names if sent.has(name)}
    if sent.has("peer_reviews_assign_at"):
        found["peer_reviews_assign_at"] = sent.moment("peer_reviews_assign_at", zone=api.zone)
    if sent.has("anonymous_grading") and features.enabled(api, course, "anonymous_marking"):
        found["anonymous_grading"] = sent.flag("anonymous_grading")
    if sent.has("final_grader_id") and moderated:
        found["final_grader_id"] = identifiers.local_number(sent.text("final_grader_id") or "")
    return found


def _attempts(text: str) -> Any:
    """How often work may be handed in; None for unlimited. Anything but a number stays as it was sent."""
    if text.strip() and not is_number(text):
        return text
    number = as_integer(text) if text.strip() else -1
    return None if number == -1 else number


def _of_kind(api: Api, course: Course, sent: Params, base: Assignment, grading: Any) -> dict[str, Any]:
    """The submission types, and the tool."""
    kinds = _types(sent)
    if kinds is None and grading == "not_graded":
        kinds = ["not_graded"]
    if "online_quiz" in base.submission_types and any(map(submissions.handed_in, submissions.stored(api, base))):
        if kinds is not None:
            api.call.warn("submission_types_ignored", "the quiz of the assignment has been taken")
        kinds = None
    found: dict[str, Any] = {} if kinds is None else {"submission_types": kinds}
    wanted = base.submission_types if kinds is None else kinds
    tag = sent.hash("external_tool_tag_attributes")
    if "external_tool" not in wanted:
        return found | {"external_tool": None}
    if tag.text("url"):
        found["external_tool"] = _tool(api, course, tag, base.external_tool)
    elif base.external_tool is not None and tag.has("custom_params"):
        found["external_tool"] = replace(base.external_tool, custom_params=tag.get("custom_params") or {})
    return found


def _tool(api: Api, course: Course, tag: Params, known: ToolTag | None) -> ToolTag:
    url, custom = tag.text("url") or "", known.custom_params if known is not None else None
    kind = tag.text("content_type")
    named = identifiers.local_number(tag.text("content_id") or "") if kind in TOOL_TYPES else None
    if kind in TOOL_TYPES and api.store.tools.get(named) is None:
        raise refusals.not_found("the tool", tag.text("content_id"))
    known_here = {tool.id for tool in tools.offered(api.store, course)}
    found = tools.by_address(api.store, course, url) if named not in known_here else None
    chosen = named if named in known_here else (found.id if found is not None else None)
    return ToolTag(
        id=known.id if known else api.new_id("content_tags"),
        url=url,
        new_tab=tag.boolean("new_tab"),
        content_id=chosen,
        custom_params=tag.get("custom_params") or {} if tag.has("custom_params") else custom,
        external_data=_hash(tag, "external_data"),
        resource_link_id=known.resource_link_id if known else api.call.ids.hex(40),
        line_item={name: text for name in ("resourceId", "tag") if (text := tag.text("line_item", name))} or None,
    )


def _hash(tag: Params, name: str) -> dict[str, Any] | None:
    """A hash as sent, possibly as a JSON string."""
    value = tag.get(name)
    if isinstance(value, str):
        try:
            value = json_text.parse(value)
        except ValueError:
            return None
    return value if isinstance(value, dict) and value else None


def _places(api: Api, course: Course, sent: Params) -> dict[str, Any]:
    """The records of the course that the request names; of unknown groups the first counts."""
    found: dict[str, Any] = {}
    if sent.has("assignment_group_id"):
        group = api.store.assignment_groups.get(identifiers.local_number(sent.text("assignment_group_id") or ""))
        usable = group is not None and group.course_id == course.id and group.workflow_state != "deleted"
        found["assignment_group_id"] = (group if group is not None and usable else default_group(api, course)).id
        if not usable and sent.text("assignment_group_id"):
            sent.read_as(str(found["assignment_group_id"]), "assignment_group_id")
    if number := identifiers.local_number(sent.text("grading_standard_id") or ""):
        if any(standard.id == number for standard in grades.standards(api, "Course", course.id)):
            found["grading_standard_id"] = number
    elif sent.has("grading_standard_id") and not sent.text("grading_standard_id"):
        found["grading_standard_id"] = None
    if sent.has("group_category_id"):
        found["group_category_id"] = assignments.category_of(api, course, sent.text("group_category_id"))
    return found


def _sis(api: Api, course: Course, sent: Params) -> dict[str, Any]:
    """The SIS ids in the request; ignored for callers who may not set them."""
    found: dict[str, Any] = {}
    if not courses.may(api, api.caller, course, "manage_sis"):
        for name in ("sis_assignment_id", "integration_id", "integration_data"):
            if sent.has(name):
                api.call.warn("sis_fields_ignored", f"only those with the right manage_sis set `{name}`")
        return found
    for name in ("sis_assignment_id", "integration_id"):
        if sent.has(name):
            found[name] = sent.text(name) or None
    if sent.has("integration_data"):
        data = sent.get("integration_data")
        try:
            found["integration_data"] = json_text.parse(data) if isinstance(data, str) and data else data or {}
        except ValueError as error:
            raise refusals.crashed("`integration_data` is text that is not JSON", data) from error
    return found


def _overrides(api: Api, wanted: Assignment, sent: Params) -> list[AssignmentOverride] | None:
    if not sent.has("assignment_overrides"):
        return None
    known = {override.id: override for override in assignments.overrides(api, wanted)} if wanted.id else {}
    found: list[AssignmentOverride] = []
    wrong: list[str] = []
    for fields in sent.hashes("assignment_overrides"):
        old = known.get(identifiers.local_number(fields.text("id") or "") or 0)
        try:
            found.append(overriding.read(api, wanted, fields, old))
        except overriding.Unfit as error:
            wrong += error.faults
    if wrong:
        raise refusals.invalid({"base": [", ".join(wrong)]})
    return found
