"""`/api/grades/v1/gradebook/` and `subsection/`: the gradebook, and scores overridden by staff.

Source: edx-platform `lms/djangoapps/grades/rest_api/v1/gradebook_views.py`; `fixtures/recordings/openedx-2`,
instr.jsonl 62-178.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, GradeOverride, OverrideHistory
from lms_emulator.providers.openedx.routes.grades import (
    authored_course,
    error,
    grade_of,
    learner_of,
    mode_of,
    page_of,
    require_login,
)
from lms_emulator.providers.openedx.routes.permissions import is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, grades, keys
from lms_emulator.providers.openedx.shapes import grades as shapes
from lms_emulator.providers.openedx.shapes import moment

_SCORES = ("earned_all", "possible_all", "earned_graded", "possible_graded")


# the gradebook


def read_gradebook(call: Call) -> Response:
    """The gradebook of a course, for its staff, page by page, or of one learner."""
    course = authored_course(call, call.path_params["course_id"])
    if username := call.query.get("username"):
        user = learner_of(call, course, username)
        return wire.api_json(_row(call, course, user))
    everybody = grades.learners(call.store, course)
    users = [user for user in everybody if _fits(call, course, user)]
    page = page_of(call, course, users)
    rows = [_row(call, course, user) for user in page.items]
    counts = {"total_users_count": len(everybody), "filtered_users_count": len(users)}
    return wire.api_json({**page.envelope(rows), **counts})


def _row(call: Call, course: Course, user: User) -> dict[str, Any]:
    return shapes.gradebook_row(user, course, grade_of(call, course, user), mode_of(call, course, user))


def _fits(call: Call, course: Course, user: User) -> bool:
    """Whether a learner passes the query's filters."""
    query = call.query
    part = query.get("user_contains") or query.get("username_contains") or ""
    if part.lower() not in f"{user.username}\n{user.email}".lower():
        return False
    if query.get("enrollment_mode") not in (None, "", mode_of(call, course, user)):
        return False
    grade = grade_of(call, course, user)
    percent = 100 * (grade.percent if grade else 0.0)
    if not _between(call, "course_grade", percent, recorded=grade is not None):
        return False
    if not query.get("assignment"):
        return True
    key = keys.usage_key(query["assignment"])
    found = grades.score(grade, key.block_id) if key else None
    share = 100 * found[0] / found[1] if found and found[1] else 0.0
    return _between(call, "assignment_grade", share, recorded=found is not None)


def _between(call: Call, name: str, value: float, *, recorded: bool) -> bool:
    """Whether a value lies between the requested bounds; a missing value is below any lower bound."""
    least, most = (_number(call.query.get(f"{name}_{side}")) for side in ("min", "max"))
    if least is not None and (not recorded or value < least):
        return False
    return most is None or value <= most


def _number(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise refusals.Unhandled(f"`{text}` is not a number") from None


def read_info(call: Call) -> Response:
    """What the gradebook needs to know of the course: policy and subsections."""
    course = authored_course(call, call.path_params["course_id"])
    only_graded = call.reads.flag("graded_only", call.query.get("graded_only", "").lower(), ("true",))
    numbers: dict[str, int] = {}
    lines = []
    stack = [blocks.tree(course, staff=False)]
    while stack:
        node = stack.pop()
        stack += reversed(node.children)
        if node.block.type != "sequential" or (only_graded and not node.block.graded):
            continue
        kind, label = node.block.format, None
        if kind is not None:
            numbers[kind] = numbers.get(kind, 0) + 1
            label = shapes.label(course, kind, numbers[kind])
        lines.append(
            {
                "assignment_type": kind,
                "graded": node.block.graded,
                "short_label": label,
                "module_id": node.key,
                "display_name": node.block.display_name,
            }
        )
    policy = {
        line.type: {
            "type": line.type,
            "short_label": line.short_label or shapes.SHORT_LABELS.get(line.type, line.type),
            "min_count": line.count,
            "drop_count": line.dropped,
            "weight": line.weight,
        }
        for line in course.grading_policy
    }
    return wire.api_json(
        {
            "grade_cutoffs": course.grade_cutoffs,
            "assignment_types": policy,
            "subsections": lines,
            "grades_frozen": False,
            "can_see_bulk_management": True,
        }
    )


# scores given by staff


def bulk_update(call: Call) -> Response:
    """Override learners' scores in subsections. If one fails, the answer is 422, but the others are stored."""
    course, body = authored_course(call, call.path_params["course_id"]), wire.read(call)
    if not isinstance(body, list):
        raise refusals.Unhandled("the body is not a list")
    results = [_give(call, course, line) for line in body]
    if all(line["success"] for line in results):
        return wire.api_json(results, 202)
    raise refusals.api_error(422, results, reason="grade_not_given", check="every grade can be given")


def _give(call: Call, course: Course, line: Any) -> dict[str, Any]:
    if not isinstance(line, dict) or not {"user_id", "usage_id", "grade"} <= line.keys():
        raise refusals.Unhandled(f"a line has no user_id, usage_id and grade: {line!r}")
    number, usage, given = line["user_id"], str(line["usage_id"]), line["grade"]
    user = call.store.users.first("id", number) if isinstance(number, int) else None
    key = keys.usage_key(usage)
    reason = None
    if key is None:
        reason = f"<class 'opaque_keys.edx.locator.BlockUsageLocator'>: {usage}"
    elif user is None:
        reason = "User matching query does not exist."
    elif blocks.find(blocks.tree(course), usage) is None:
        reason = f"usage_key {usage} does not exist in this course."
    else:
        made = GradeOverride(user=user.username, block=usage, comment=str(given.get("comment") or ""))
        scores = {name: _score(given.get(f"{name}_override")) for name in _SCORES}
        made = replace(made, **scores)
        grades.override(call.store, made, call.clock.now(), caller(call).username)
    return {"user_id": number, "usage_id": usage, "success": reason is None, "reason": reason}


def _score(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise refusals.Unhandled(f"the score {value!r} is not a number") from None


def read_subsection(call: Call) -> Response:
    """A learner's score in one subsection with the history of its overrides, for the course's staff."""
    text = call.path_params["subsection_id"]
    key = keys.usage_key(text)
    if key is None:
        raise error(404, "invalid_subsection_id", "Invalid UsageKey", text)
    course = authored_course(call, key.course)
    number = call.query.get("user_id", "")
    user = call.store.users.first("id", parse_integer(number))
    node = blocks.find(blocks.tree(course), key.text)
    if user is None:
        raise refusals.developer_error(404, "User matching query does not exist.", reason="unknown_user", got=number)
    if node is None:
        raise refusals.Unhandled(f"`{key.text}` is not a block of its course")
    found = grades.score(call.store.grades.get((user.username, course.id)), key.block_id)
    earned, most = found or grades.points_of_answers(call.store, user.username, node) or (0.0, grades.possible(node))
    score = {"earned_all": earned, "possible_all": most, "earned_graded": earned, "possible_graded": most}
    if not node.graded:
        score |= {"earned_graded": 0.0, "possible_graded": 0.0}
    override = call.store.grade_overrides.get((user.username, key.text))
    shown = {f"{name}_override": getattr(override, name) for name in _SCORES} if override else None
    history = [
        _line(call, change)
        for change in call.store.override_histories
        if (change.override.user, change.override.block) == (user.username, key.text)
    ]
    limit = parse_integer(asked := call.query.get("history_record_limit", ""))
    if limit is None and asked:
        call.reads.takes(("history_record_limit",), asked, None)
    if limit is not None:
        history = history[-limit:]
    return wire.api_json(
        {
            "success": True,
            "subsection_id": key.text,
            "user_id": user.id,
            "course_id": course.id,
            "original_grade": score,
            "override": shown,
            "history": history,
        }
    )


def _line(call: Call, change: OverrideHistory) -> dict[str, Any]:
    by = call.store.users.get(change.by)
    return {
        "created": moment(change.override.created),
        "grade_id": change.override.id,
        "history_id": change.id,
        "earned_all_override": change.override.earned_all,
        "earned_graded_override": change.override.earned_graded,
        "override_reason": change.override.comment,
        "system": "GRADEBOOK",
        "history_date": moment(change.at),
        "history_type": change.kind,
        "history_user": change.by,
        "history_user_id": by.id if by else None,
        "id": change.override.id,
        "possible_all_override": change.override.possible_all,
        "possible_graded_override": change.override.possible_graded,
    }


FAMILY = Family("/api/grades/v1", tag="grades", developer_errors=True, permissions=(require_login,), defect=True)
_PLAIN: dict[str, Any] = {"permissions": (is_authenticated,)}

ROUTES = (
    *FAMILY.resource(
        "/gradebook/{course_id}/", "Gradebook of a course", get=read_gradebook, source=recorded("more", 134)
    ),
    *FAMILY.resource(
        "/gradebook/{course_id}/grading-info",
        "Grading information for the gradebook",
        get=read_info,
        source=recorded("openedx-2/instr", 71),
        **_PLAIN,
    ),
    *FAMILY.resource(
        "/gradebook/{course_id}/bulk-update",
        "Update scores in bulk",
        post=bulk_update,
        source=recorded("openedx-2/instr", 143),
    ),
    *FAMILY.resource(
        "/subsection/{subsection_id}/",
        "A learner's score in a subsection",
        get=read_subsection,
        source=recorded("more", 89),
    ),
)
