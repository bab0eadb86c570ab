"""`/api/courses/v1/blocks/` and `v2`: the content of a course.

Source: edx-platform `lms/djangoapps/course_api/blocks/views.py` and `blocks/forms.py`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, calling_user
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.refusals import developer_error
from lms_emulator.providers.openedx.routes import mobile
from lms_emulator.providers.openedx.routes.courses import invalid
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, enrollment, grades, keys, learning, people
from lms_emulator.providers.openedx.shapes import blocks as shapes

_TRUE = ("true", "1")
_FALSE = ("false", "0", "")


def course_named(call: Call) -> tuple[Course, str]:
    """The course named by `course_id`, and the key of its root. Raises the refusal."""
    text = call.query.get("course_id", "")
    if not text:
        raise developer_error(400, "course_id is required.", reason="course_id_missing")
    key = keys.course_key(text)
    if key is None:
        raise developer_error(400, f"'{text}' is not a valid course key.", reason="invalid_course_key")
    if key.kind == "library":
        root = f"block-v1:{key.org}+{key.course}+type@course+block@course"
        raise invalid({"usage_key": f"'{root}' is not a valid usage key."})
    if key.kind == "deprecated":
        raise refusals.Unhandled(f"`{key.text}` is a course key of the old kind")
    course = call.store.courses.get(key.text)
    if course is None:
        raise developer_error(404, f"Block not found: {key.text}+branch@published-branch", reason="unknown_course")
    return course, key.root


def of_course(call: Call) -> Response:
    """The blocks of the course named by `course_id`."""
    return wire.api_json(answer(call, *course_named(call))[0])


def of_block(call: Call) -> Response:
    """The blocks below one block. An unknown block of a known course is not handled by the real server (500)."""
    text = call.path_params["usage_key"]
    key = keys.usage_key(text)
    if key is None:
        raise invalid({"usage_key": f"'{text}' is not a valid usage key."})
    course = call.store.courses.get(key.course) if key.course else None
    if course is None:
        raise refusals.Unhandled(f"no course has the block `{text}`")
    return wire.api_json(answer(call, course, key.text)[0])


def answer(call: Call, course: Course, usage: str, *, sums: bool = False) -> tuple[Any, User | None]:
    """The blocks below one in the requested form, and the user whose view it is.

    Parameters: `sums`, whether to include the completion of blocks with children too, as the apps want it.
    """
    errors: dict[str, str] = {}
    wanted, form = _wanted(call, errors)
    user = _viewer(call, course, wanted, errors)
    if errors:
        raise invalid(errors)
    staff = wanted.all_blocks or people.is_course_staff(call.store, user, course.id)
    tree = blocks.tree(course, staff=staff)
    root = blocks.find(tree, usage)
    if root is None:
        raise refusals.Unhandled(f"`{usage}` is not a block that the user can see")
    progress = learning.Progress(call.store, user, tree)
    wanted = dataclasses.replace(wanted, completion=lambda node: _completion(call, progress, user, node, sums=sums))
    shown = shapes.below(course, root, wanted, call.base_url)
    return (list(shown.values()) if form == "list" else {"root": root.key, "blocks": shown}), user


def _completion(
    call: Call, progress: learning.Progress, user: User | None, node: blocks.Node, *, sums: bool
) -> dict[str, Any]:
    kind = node.block.type
    if kind not in ("course", "chapter", "sequential", "vertical"):
        return {"completion": progress.of(node.key) or 0.0}
    if not sums or (not node.children and not progress.is_marked(node)):
        return {}
    shape: dict[str, Any] = {"completion": int(progress.is_marked(node))}
    if kind == "sequential":
        earned, possible = 0.0, grades.possible(node)
        if user is not None:
            earned, possible = grades.points_of_answers(call.store, user.username, node) or (earned, possible)
        scores = (earned, possible) if node.graded else (0, 0)
        shape["assignment_progress"] = {
            "assignment_type": node.block.format,
            "num_points_earned": scores[0],
            "num_points_possible": scores[1],
        }
    return shape


def for_apps(call: Call) -> Response:
    """The blocks of a course as the apps want them, with the course around them."""
    course, root = course_named(call)
    around = call.query.get("return_type", "dict") == "dict"
    document, user = answer(call, course, root, sums=around)
    info = mobile.blocks_info(call, course, user) if around and user is not None else {}
    return wire.api_json({**document, **info} if info else document)


def _wanted(call: Call, errors: dict[str, str]) -> tuple[shapes.Wanted, str]:
    """The query's options and the form of the answer; unreadable values go into `errors`."""
    query = call.query
    depth = _depth(query.get("depth", ""), errors)
    nav_depth = query.get("nav_depth", "")
    if nav_depth and not nav_depth.isdecimal():
        errors["nav_depth"] = "Enter a whole number."
    form = query.get("return_type", "") or "dict"
    if form not in ("dict", "list"):
        errors["return_type"] = f"Select a valid choice. {form} is not one of the available choices."
    all_blocks = query.get("all_blocks", "").lower()
    if all_blocks not in _TRUE + _FALSE:
        errors["all_blocks"] = "Invalid Boolean Value."
    wanted = shapes.Wanted(
        depth=depth,
        nav_depth=parse_integer(nav_depth),
        fields=frozenset(_listed(call, "requested_fields")),
        counts=tuple(_listed(call, "block_counts")),
        view_data=frozenset(_listed(call, "student_view_data")),
        types=frozenset(_listed(call, "block_types_filter")),
        all_blocks=all_blocks in _TRUE,
    )
    return wanted, form


def _listed(call: Call, name: str) -> list[str]:
    return [part.strip() for text in call.query.getlist(name) for part in text.split(",") if part.strip()]


def _depth(text: str, errors: dict[str, str]) -> int | None:
    if not text:
        return 0
    if text == "all":
        return None
    try:
        return int(text)
    except ValueError:
        errors["depth"] = f"'{text}' is not a valid depth value."
        return 0


def _viewer(call: Call, course: Course, wanted: shapes.Wanted, errors: dict[str, str]) -> User | None:
    """The user whose view is asked for, if the caller may see it. Raises the refusal, which precedes any `errors`."""
    user, username = calling_user(call), call.query.get("username", "").strip()
    staff = people.is_course_staff(call.store, user, course.id)
    if not username:
        _require_all(course, wanted, user, staff, errors)
        return user
    if user is None:
        raise developer_error(403, "Anonymous users cannot access another user's blocks.", reason="anonymous")
    if username.lower() == user.username.lower():
        return _enrolled(call, course, user, staff=staff)
    if not staff:
        text = f"'{user.username}' does not have permission to access view for '{username}'."
        raise developer_error(403, text, reason="not_course_staff")
    found = lookup.user_named(call.store, call.settings, username)
    if found is None:
        raise developer_error(404, f"Requested user '{username}' does not exist.", reason="unknown_user")
    return found


def _require_all(course: Course, wanted: shapes.Wanted, user: User | None, staff: bool, errors: dict[str, str]) -> None:
    """Without a username, all blocks must be asked for, and the caller must be on the course staff."""
    if not wanted.all_blocks:
        errors["username"] = "This field is required unless all_blocks is requested."
    elif user is None:
        text = f"Anonymous users do not have permission to access all blocks in '{course.id}'."
        raise developer_error(403, text, reason="anonymous")
    elif not staff:
        text = f"'{user.username}' does not have permission to access all blocks in '{course.id}'."
        raise developer_error(403, text, reason="not_course_staff")


def _enrolled(call: Call, course: Course, user: User, *, staff: bool) -> User:
    found = enrollment.get(call.store, user, course.id)
    if not staff and (found is None or not found.is_active):
        raise developer_error(403, f"Course blocks for '{user.username}' cannot be accessed.", reason="not_enrolled")
    return user


FAMILY = Family("/api/courses", tag="courses", permissions=(anyone,), developer_errors=True, defect=True)

ROUTES = (
    *Family("/api/mobile/{version}", tag="mobile", permissions=(anyone,), developer_errors=True, defect=True).resource(
        "/course_info/blocks/",
        "Blocks of a course, for the apps",
        get=for_apps,
        source=recorded("openedx-2/learn", 138),
    ),
    *FAMILY.resource("/v1/blocks/", "Blocks of a course", get=of_course, source=recorded("more", 8)),
    *FAMILY.resource("/v1/blocks/{usage_key}", "Blocks below one block", get=of_block, source=recorded("more", 52)),
    *FAMILY.resource(
        "/v2/blocks/",
        "Blocks of a course",
        get=of_course,
        evidence="documented",
        source="edx-platform lms/djangoapps/course_api/blocks/views.py, BlocksInCourseView",
    ),
    *FAMILY.resource(
        "/v2/blocks/{usage_key}",
        "Blocks below one block",
        get=of_block,
        evidence="documented",
        source="edx-platform lms/djangoapps/course_api/blocks/views.py, BlocksView",
    ),
)
