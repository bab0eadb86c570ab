"""`/api/discussion/v1` to `v3`: the discussions of a course: what they are like, topics, roles, who wrote how much.

Sources: edx-platform `lms/djangoapps/discussion/rest_api/views.py`; `fixtures/recordings/openedx-2`, forum.jsonl 2-138,
370-383.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import JSON, MERGE_PATCH, Call, caller
from lms_emulator.providers.openedx.model.courseware import Course, ForumRole
from lms_emulator.providers.openedx.model.forum import Comment, Post
from lms_emulator.providers.openedx.routes import threads
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, cohorts, discussions, keys, people
from lms_emulator.providers.openedx.shapes import accounts
from lms_emulator.providers.openedx.shapes import forum as shapes

_NAMED_ROLES = ("Moderator", "Group Moderator", "Community TA")
_ORDERS = ("flagged", "activity", "recency")
_FORUM = "/api/discussion/v1"


def _course(call: Call) -> Course:
    return threads.course(call, call.path_params["course_id"])


def _threads_url(call: Call, course: Course) -> str:
    return add_query(f"{call.base_url}{_FORUM}/threads/", [("course_id", course.id)])


def read_course(call: Call) -> Response:
    """What the discussions of a course are like for the caller."""
    course, user = _course(call), caller(call)
    page = _threads_url(call, course)
    roles = discussions.roles(call.store, user.username, course.id)
    reasons, closing = discussions.EDIT_REASONS, discussions.CLOSE_REASONS
    return wire.api_json(
        {
            "id": course.id,
            "is_posting_enabled": True,
            "blackouts": [],
            "thread_list_url": page,
            "following_thread_list_url": f"{page}&following=True",
            "topics_url": f"{call.base_url}{_FORUM}/course_topics/{course.id}",
            "allow_anonymous": True,
            "allow_anonymous_to_peers": False,
            "user_roles": roles,
            "has_moderation_privileges": not set(discussions.MODERATORS).isdisjoint(roles),
            "is_group_ta": "Group Moderator" in roles,
            "is_user_admin": user.is_staff,
            "is_course_staff": people.has_course_role(call.store, user, course.id, ("staff",)),
            "is_course_admin": people.has_course_role(call.store, user, course.id, ("instructor",)),
            "provider": "openedx",
            "enable_in_context": True,
            "group_at_subsection": False,
            "edit_reasons": [{"code": code, "label": text} for code, text in reasons.items()],
            "post_close_reasons": [{"code": code, "label": text} for code, text in closing.items()],
            "show_discussions": True,
            "is_notify_all_learners_enabled": False,
        }
    )


# topics


def _counts(call: Call, course: Course, topic: str) -> dict[str, int]:
    found = [thread.type for thread in call.store.threads.find("course", course.id) if thread.topic == topic]
    return {"discussion": found.count("discussion"), "question": found.count("question")}


def _units(call: Call, course: Course) -> list[tuple[blocks.Node, blocks.Node, blocks.Node]]:
    staff = people.is_course_staff(call.store, caller(call), course.id)
    return list(discussions.units(course, staff=staff))


def read_nested_topics(call: Call) -> Response:
    """The topics as a tree (v1): those of units below their lesson, and those of the course."""
    course = _course(call)
    wanted = call.query.getlist("topic_id")
    page = _threads_url(call, course)

    def link(topics: list[str] | str) -> str:
        return add_query(page, (("topic_id", topic) for topic in topics))

    lessons: dict[str, tuple[blocks.Node, list[blocks.Node]]] = {}
    for _, lesson, unit in _units(call, course):
        if not wanted or discussions.topic_of(unit) in wanted:
            lessons.setdefault(lesson.key, (lesson, []))[1].append(unit)
    courseware = [
        {
            "id": None,
            "name": lesson.block.display_name,
            "thread_list_url": link([discussions.topic_of(unit) for unit in units]),
            "children": [
                {
                    "id": (topic := discussions.topic_of(unit)),
                    "name": unit.block.display_name,
                    "thread_list_url": link([topic]),
                    "children": [],
                    "thread_counts": _counts(call, course, topic),
                }
                for unit in units
            ],
            "thread_counts": None,
        }
        for lesson, units in lessons.values()
    ]
    general = [
        {
            "id": topic,
            "name": name,
            "thread_counts": _counts(call, course, topic),
            "children": [],
            # the LMS takes the id apart into its letters here
            "thread_list_url": link(topic),
        }
        for name, topic in _general(course)
        if not wanted or topic in wanted
    ]
    return wire.api_json({"courseware_topics": courseware, "non_courseware_topics": general})


def _general(course: Course) -> list[tuple[str, str]]:
    return list((course.discussion_topics or {"General": "course"}).items())


def _topic(call: Call, course: Course, topic: str, name: str, usage: str | None) -> dict[str, Any]:
    counts = _counts(call, course, topic)
    return {"id": topic, "usage_key": usage, "name": name, "thread_counts": counts, "enabled_in_context": True}


def _unit_topic(call: Call, course: Course, unit: blocks.Node) -> dict[str, Any]:
    return _topic(call, course, discussions.topic_of(unit), unit.block.display_name, unit.key)


def read_topics(call: Call) -> Response:
    """The topics as a list (v2)."""
    errors: dict[str, str] = {}
    order = threads.choice(call, "order_by", ("course_structure", "name"), errors)
    if errors:
        raise threads.invalid(errors)
    course, wanted = _course(call), call.query.getlist("topic_id")
    found = [_topic(call, course, topic, name, None) for name, topic in _general(course)]
    found += [_unit_topic(call, course, unit) for _, _, unit in _units(call, course)]
    if wanted:
        found = [item for item in found if item["id"] in wanted]
    if order == "name":
        found.sort(key=lambda item: str(item["name"]))
    return wire.api_json(found)


def read_outline_topics(call: Call) -> Response:
    """The topics in the outline of the course (v3), without what only its staff sees."""
    course = _course(call)
    found: list[dict[str, Any]] = [
        _topic(call, course, topic, name, None) | {"courseware": False} for name, topic in _general(course)
    ]
    chapters: dict[str, dict[str, Any]] = {}
    lessons: dict[str, dict[str, Any]] = {}
    for chapter, lesson, unit in discussions.units(course, staff=False):
        if chapter.key not in chapters:
            chapters[chapter.key] = _node(call, course, chapter)
        if lesson.key not in lessons:
            lessons[lesson.key] = _node(call, course, lesson) | {"thread_counts": {"discussion": 0, "question": 0}}
            chapters[chapter.key]["children"].append(lessons[lesson.key])
        topic = _unit_topic(call, course, unit)
        lessons[lesson.key]["children"].append(topic)
        for kind, number in topic["thread_counts"].items():
            lessons[lesson.key]["thread_counts"][kind] += number
    return wire.api_json([*found, *(value | {"courseware": True} for value in chapters.values())])


def _node(call: Call, course: Course, node: blocks.Node) -> dict[str, Any]:
    jump = call.url(f"/courses/{course.id}/jump_to/{node.key}")
    return {
        "id": node.key,
        "block_id": node.block.block_id,
        "lms_web_url": jump,
        "legacy_web_url": f"{jump}?experience=legacy",
        "student_view_url": call.url(f"/xblock/{node.key}"),
        "type": node.block.type,
        "display_name": node.block.display_name,
        "children": [],
    }


# settings and roles


def _staff(call: Call) -> None:
    """Permission: global staff."""
    if not people.is_global_staff(caller(call)):
        raise refusals.permission_denied("roles in discussions are for global staff", check="global staff")


def _moderator(call: Call) -> None:
    """Permission: moderators; for changes, global staff."""
    user, course = caller(call), call.path_params["course_id"]
    allowed = (
        people.is_global_staff(user) if call.method == "PATCH" else discussions.is_privileged(call.store, user, course)
    )
    if not allowed:
        raise refusals.permission_denied("settings of discussions are for moderators", check="moderator")


def read_settings(call: Call) -> Response:
    """How the discussions are divided among groups."""
    course = _course(call)
    found = discussions.settings(call.store, course.id)
    return wire.api_json(
        {
            "id": cohorts.settings(call.store, course.id).id,
            "divided_inline_discussions": found.divided_inline_discussions,
            "divided_course_wide_discussions": found.divided_course_wide_discussions,
            "always_divide_inline_discussions": found.always_divide_inline_discussions,
            "division_scheme": found.division_scheme,
            "available_division_schemes": _schemes(call, course),
            "reported_content_email_notifications": found.reported_content_email_notifications,
        }
    )


def _schemes(call: Call, course: Course) -> list[str]:
    schemes = ["cohort"] if cohorts.settings(call.store, course.id).is_cohorted else []
    return [*schemes, "enrollment_track"] if len(course.modes) > 1 else schemes


def change_settings(call: Call) -> Response:
    """Divide the discussions otherwise."""
    course, given = _course(call), wire.read_object(call)
    before = discussions.settings(call.store, course.id)
    known = set(before.__struct_fields__) - {"course"}
    threads.refuse_fields(given, sorted(known), "editable")
    if given.get("division_scheme", "none") not in ("none", "cohort", "enrollment_track"):
        raise threads.invalid({"division_scheme": f'"{given["division_scheme"]}" is not a valid choice.'})
    try:
        after = convert(msgspec.to_builtins(before) | given, type(before))
    except msgspec.ValidationError as error:
        raise threads.invalid({"non_field_errors": str(error)}) from None
    call.store.discussion_settings.put(after)
    return wire.no_content()


def _role(call: Call) -> str:
    role = call.path_params["role"]
    if role not in _NAMED_ROLES:
        raise threads.invalid({"rolename": f"Role '{role}' does not exist"})
    return str(role)


def read_role(call: Call) -> Response:
    """Who has a role in the discussions."""
    course, role = _course(call), _role(call)
    results = []
    for forum_role in call.store.forum_roles.find("course", course.id):
        user = call.store.users.get(forum_role.user)
        if forum_role.role != role or user is None:
            continue
        cohort = discussions.cohort(call.store, course.id, user.username)
        results.append(
            {
                "username": user.username,
                "email": user.email,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "group_name": cohort.name if cohort is not None else None,
            }
        )
    scheme = discussions.settings(call.store, course.id).division_scheme
    return wire.api_json({"course_id": course.id, "results": results, "division_scheme": scheme})


def change_role(call: Call) -> Response:
    """Give a user a discussion role, or remove it."""
    course, role, given = _course(call), _role(call), wire.read_object(call)
    missing = [name for name in ("action", "user_id") if not given.get(name)]
    if missing:
        raise threads.invalid(dict.fromkeys(missing, "This field is required."))
    who, action = str(given["user_id"]), str(given["action"])
    user = people.user_by_name_or_email(call.store, call.settings, who)
    if user is None:
        raise threads.invalid({"user_id": f"'{who}' is not a valid student identifier"})
    if action == "allow":
        call.store.forum_roles.put(ForumRole(user=user.username, course=course.id, role=role))
    elif action == "revoke":
        call.store.forum_roles.delete((user.username, course.id, role))
    else:
        text = f"Select a valid choice. {action} is not one of the available choices."
        raise threads.invalid({"action": text})
    return read_role(call)


# who wrote how much


def read_stats(call: Call) -> Response:
    """Each user's numbers of posts; the recorded release counts no flags, and shows their number only to moderators."""
    errors: dict[str, str] = {}
    order = threads.choice(call, "order_by", _ORDERS, errors)
    _, size = threads.page_numbers(call, errors)
    if errors:
        raise threads.invalid(errors)
    course, named = _course(call), call.query.get("username", "")
    privileged = discussions.is_privileged(call.store, caller(call), course.id)
    if order == "flagged" and not privileged:
        raise threads.invalid({"order_by": "Invalid value"})
    order = order or ("flagged" if privileged else "activity")
    rows = sorted(_stats(call, course), key=_RANKS[order], reverse=True)
    if named:
        rows = [row for row in rows if named.lower() in row["username"].lower()]
    if not privileged:
        rows = [row | {"active_flags": None, "inactive_flags": None} for row in rows]
    page = parse_integer(asked := call.query.get("page", "0"))
    if page is None:
        call.reads.takes(("page",), asked, page := 0)
    begin = max(page - 1, 0) * size
    document = threads.envelope(call, rows[begin : begin + size], page, size, len(rows))
    if named:
        document["pagination"] |= {"next": None, "num_pages": 0}
    return wire.api_json(document)


_RANKS: dict[str, Callable[[dict[str, Any]], tuple[Any, ...]]] = {
    "flagged": lambda row: (row["active_flags"], row["inactive_flags"], row["username"]),
    "activity": lambda row: (row["threads"], row["responses"], row["replies"], row["username"]),
    "recency": lambda row: (row["username"],),
}


def _stats(call: Call, course: Course) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for thread in call.store.threads.find("course", course.id):
        for post in (thread, *call.store.comments.find("thread", thread.id)):
            if post.anonymous:
                continue
            none = dict.fromkeys(("threads", "replies", "responses", "active_flags", "inactive_flags"), 0)
            row = rows.setdefault(post.author, none | {"username": post.author})
            row[_kind(post)] += 1
    return list(rows.values())


def _kind(post: Post) -> str:
    if isinstance(post, Comment):
        return "responses" if post.parent is None else "replies"
    return "threads"


def read_learner(call: Call) -> Response:
    """The threads that a user started."""
    course, author = _course(call), call.store.users.get(call.query.get("username", ""))
    if author is None:
        raise refusals.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="username")
    errors: dict[str, str] = {}
    page, size = threads.page_numbers(call, errors)
    words = {name: call.query.get(name, "") for name in ("order_by", "thread_type")}
    status = call.query.get("status", "")
    counts = call.reads.flag("count_flagged", call.query.get("count_flagged", ""), ("true",))
    if errors:
        raise threads.invalid(errors)
    call.reads.words(("status",), [status], (*threads.CHOICES["view"], "flagged", "all"))
    for name, word in words.items():
        call.reads.words((name,), [word], threads.CHOICES[name])
    flagged = status == "flagged"
    chosen = words | {"view": status if status in ("unread", "unanswered", "unresponded") else ""}
    found = threads.select(call, course.id, author=author.username, chosen=chosen)
    found = [thread for thread in found if not thread.anonymous and (thread.flaggers or not flagged)]
    image = {"profile": {"image": accounts.profile_image(author, call.base_url)}}
    results = [
        shapes.thread(call, row, listed=True, counts_flags=counts)
        | {"pinned": False, "users": {author.username: image}}
        for row in found[(page - 1) * size : page * size]
    ]
    document = threads.envelope(call, results, page, size, len(found))
    document["pagination"]["count"] = len(results)  # of this page alone, as recorded
    return wire.api_json(document)


FAMILY = Family("/api/discussion", tag="discussion", **threads.FAMILY.defaults)


def _recorded(*numbers: int) -> str:
    return recorded("openedx-2/forum", *numbers)


def _slashed(path: str) -> str:
    """A path that may end in a slash."""
    return "/api/discussion" + path.replace("{course_id}", f"(?P<course_id>{keys.COURSE_URL})") + "/?"


ROUTES = (
    *(
        route
        for version in ("v1", "v2")
        for route in FAMILY.resource(
            f"/{version}/courses/{{course_id}}",
            "The discussions of a course",
            regex=_slashed(f"/{version}/courses/{{course_id}}"),
            get=read_course,
            source=_recorded(5 if version == "v1" else 25),
        )
    ),
    *FAMILY.resource("/v1/course_topics/{course_id}", "Topics as a tree", get=read_nested_topics, source=_recorded(42)),
    *FAMILY.resource("/v2/course_topics/{course_id}", "Topics", get=read_topics, source=_recorded(57)),
    *FAMILY.resource(
        "/v3/course_topics/{course_id}", "Topics in the outline", get=read_outline_topics, source=_recorded(72)
    ),
    *FAMILY.resource(
        "/v1/courses/{course_id}/settings",
        "Discussion settings of a course",
        get=read_settings,
        patch=change_settings,
        permissions=(caller, _moderator),
        parsers=(JSON, MERGE_PATCH),
        source=_recorded(106),
    ),
    *FAMILY.resource(
        "/v1/courses/{course_id}/roles/{role}",
        "Users with a role in discussions",
        get=read_role,
        post=change_role,
        permissions=(caller, _staff),
        source=_recorded(107, 134),
    ),
    *FAMILY.resource(
        "/v1/courses/{course_id}/activity_stats", "Activity statistics", get=read_stats, source=_recorded(372)
    ),
    *FAMILY.resource(
        "/v1/courses/{course_id}/learner/",
        "The threads of a user",
        get=read_learner,
        authenticators=credentials.FOR_ACTIVE,
        developer_errors=False,
        source=_recorded(370),
    ),
)
