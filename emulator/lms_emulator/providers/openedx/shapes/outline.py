"""The tree of a course as the learning front end draws it, and a learner's scores in it.

Source: edx-platform `lms/djangoapps/course_home_api/outline/serializers.py` and `progress/serializers.py`;
`fixtures/recordings/openedx-2`, learn.jsonl 233-332.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import blocks, grades, learning
from lms_emulator.providers.openedx.shapes import moment

_ICONS = ("problem", "video")


def icon(node: blocks.Node) -> str:
    """What kind of unit it is: a problem before a film before the rest."""
    kinds = {leaf.block.type for leaf in blocks.leaves(node)}
    return next((kind for kind in _ICONS if kind in kinds), "other")


def outline(course: Course, progress: learning.Progress, base_url: str, *, learner: bool) -> dict[str, Any]:
    """The blocks down to the sequentials."""
    return _tree(course, progress, progress.root, base_url, learner=learner, last="sequential")


def navigation(course: Course, progress: learning.Progress, *, learner: bool) -> dict[str, Any]:
    """The blocks down to the units, with how much is done of each."""
    return _tree(course, progress, progress.root, None, learner=learner, last="vertical")


def _tree(
    course: Course, progress: learning.Progress, node: blocks.Node, base_url: str | None, *, learner: bool, last: str
) -> dict[str, Any]:
    """The blocks by key, in whatever order their types are; those below a block of the type `last` are left out."""
    found = {node.key: _block(course, progress, node, base_url, learner=learner, last=last)}
    if node.block.type != last:
        for child in node.children:
            found |= _tree(course, progress, child, base_url, learner=learner, last=last)
    return found


def _block(
    course: Course, progress: learning.Progress, node: blocks.Node, base_url: str | None, *, learner: bool, last: str
) -> dict[str, Any]:
    block, kind = node.block, node.block.type
    activities, seconds = learning.effort(progress.root, node)
    questions = sum(leaf.block.type == "problem" for leaf in blocks.leaves(node))
    is_assignment = kind == "sequential" and block.graded
    name = block.display_name
    if is_assignment and questions:
        name += f" ({questions} Question{'' if questions == 1 else 's'})"
    shown_icon = "fa-pencil-square-o" if is_assignment and block.format else None
    shape: dict[str, Any] = {
        "children": [child.key for child in node.children] if kind != last else [],
        "complete": progress.is_marked(node) if base_url is not None else progress.is_complete(node),
        "description": block.format if is_assignment else None,
        "display_name": name,
        "due": moment(_due(progress.root, node)) if kind in ("sequential", "vertical") else None,
        "effort_activities": activities,
        "effort_time": seconds,
        "icon": icon(node) if kind == "vertical" else shown_icon,
        "id": node.key,
        "lms_web_url": f"{base_url}/courses/{course.id}/jump_to/{node.key}" if base_url is not None else None,
        "resume_block": progress.resumes_in(node),
        "type": kind,
        "has_scheduled_content": False if kind == "course" and learner else None,
        "hide_from_toc": False,
    }
    if base_url is None:
        done, total = progress.share(node)
        shape["completion_stat"] = {"completion": done, "completable_children": total}
    return shape


def _due(root: blocks.Node, node: blocks.Node) -> Any:
    above = blocks.path_to(root, node.key)
    return next((node.block.due for node in reversed(above) if node.block.due is not None), None)


def sections(store: OpenedxStore, course: Course, user: User | None, root: blocks.Node, base_url: str) -> list[Any]:
    """The scores of a learner by section and subsection."""
    return [
        {
            "display_name": chapter.block.display_name,
            "subsections": [_subsection(store, course, user, node, base_url) for node in chapter.children],
        }
        for chapter in root.children
    ]


def _subsection(
    store: OpenedxStore, course: Course, user: User | None, node: blocks.Node, base_url: str
) -> dict[str, Any]:
    scores = []
    for leaf in blocks.of_type(node, "problem"):
        state = store.block_states.get((user.username, leaf.key)) if user is not None else None
        earned = state.earned if state is not None and state.earned is not None else 0.0
        scores.append({"earned": earned, "possible": leaf.block.weight})
    override = store.grade_overrides.get((user.username, node.key)) if user is not None else None
    earned = float(sum(score["earned"] for score in scores))
    possible = float(sum(score["possible"] for score in scores))
    if override is not None and override.earned_graded is not None:
        earned, possible = override.earned_graded, override.possible_graded or possible
    graded = node.graded and possible > 0
    return {
        "assignment_type": node.block.format,
        "block_key": node.key,
        "display_name": node.block.display_name,
        "has_graded_assignment": graded,
        "override": None if override is None else {"system": "GRADEBOOK", "reason": override.comment},
        "learner_has_access": True,
        "num_points_earned": earned,
        "num_points_possible": possible,
        "percent_graded": earned / possible if graded else 0.0,
        "problem_scores": scores,
        "show_correctness": "always",
        "show_grades": True,
        "url": f"{base_url}/courses/{course.id}/jump_to/{node.key}",
    }


def assignments(store: OpenedxStore, course: Course, user: User | None, progress: learning.Progress) -> tuple[int, int]:
    """How many graded subsections there are, and how many of them a learner has done."""
    found = list(grades.graded_subsections(course))
    return sum(progress.known and progress.is_complete(node) for node in found), len(found)
