"""The JSON of a course's content.

Sources: edx-platform `lms/djangoapps/course_api/blocks/serializers.py` (BlockSerializer);
`fixtures/recordings/openedx`, more.jsonl 1-52.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lms_emulator.providers.openedx.model.courseware import Block, Course
from lms_emulator.providers.openedx.rules.blocks import Node
from lms_emulator.providers.openedx.shapes import moment

#: Fields that are sent only on request, in the order of the answer.
REQUESTABLE = ("graded", "format", "start", "due", "has_score", "weight", "student_view_multi_device")
#: Block types whose student view fits small screens (`student_view_multi_device`).
MULTI_DEVICE = ("html", "problem")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a caller of the blocks API asked for.

    Parameters: `depth` None is down to the leaves; `view_data` names block types whose `student_view_data` is wanted;
    `completion` tells what is done of a block.
    """

    depth: int | None = 0
    nav_depth: int | None = None
    fields: frozenset[str] = frozenset()
    counts: tuple[str, ...] = ()
    view_data: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    all_blocks: bool = False
    completion: Callable[[Node], dict[str, Any]] | None = None


def below(course: Course, root: Node, wanted: Wanted, base_url: str) -> dict[str, dict[str, Any]]:
    """The blocks below `root` down to the wanted depth, by usage key, those below first."""
    return {
        node.key: _block(course, root, node, wanted, base_url)
        for node in root.walk()
        if (wanted.depth is None or node.depth - root.depth <= wanted.depth)
        and (not wanted.types or node.block.type in wanted.types)
    }


def _block(course: Course, root: Node, node: Node, wanted: Wanted, base_url: str) -> dict[str, Any]:
    block, page = node.block, f"{base_url}/courses/{course.id}/jump_to/{node.key}"
    shape: dict[str, Any] = {
        "id": node.key,
        "block_id": block.block_id,
        "lms_web_url": page,
        "legacy_web_url": f"{page}?experience=legacy",
        "student_view_url": f"{base_url}/xblock/{node.key}",
        "type": block.type,
        "display_name": block.display_name,
    }
    shape |= _requested(node, wanted, REQUESTABLE[:-1])
    if block.type in wanted.view_data and (data := _view_data(block)) is not None:
        shape["student_view_data"] = data
    shape |= _requested(node, wanted, REQUESTABLE[-1:])
    below = node.depth - root.depth
    if wanted.counts:
        nodes = list(node.walk())
        shape["block_counts"] = {kind: sum(n.block.type == kind for n in nodes) for kind in wanted.counts}
    if wanted.nav_depth is not None and below <= wanted.nav_depth:
        shape["descendants"] = _descendants(root, node, wanted)
    if "visible_to_staff_only" in wanted.fields:
        shape["visible_to_staff_only"] = node.staff_only
    visible = [child.key for child in node.children if wanted.depth is None or below < wanted.depth]
    if "children" in wanted.fields and (visible or (block.children and (wanted.depth is None or below < wanted.depth))):
        shape["children"] = visible
    if wanted.completion is not None and "completion" in wanted.fields:
        shape |= wanted.completion(node)
    return shape


def _requested(node: Node, wanted: Wanted, names: tuple[str, ...]) -> dict[str, Any]:
    block = node.block
    values: dict[str, Any] = {
        "graded": node.graded,
        "format": block.format,
        "start": moment(block.start),
        "due": moment(block.due),
        "has_score": block.type == "problem",
        "weight": block.weight if block.type == "problem" else None,
        "student_view_multi_device": block.type in MULTI_DEVICE,
    }
    return {name: values[name] for name in names if name in wanted.fields and values[name] is not None}


def _view_data(block: Block) -> dict[str, Any] | None:
    if block.student_view_data is not None:
        return block.student_view_data
    if block.type == "html":
        hint = 'To enable, set FEATURES["ENABLE_HTML_XBLOCK_STUDENT_VIEW_DATA"]'
        return {"enabled": False, "message": hint}
    return None


def _descendants(root: Node, node: Node, wanted: Wanted) -> list[str]:
    """The navigable children of a block; for the deepest navigable block, everything below it."""
    assert wanted.nav_depth is not None
    found: list[str] = []
    for child in node.children:
        depth = child.depth - root.depth
        if wanted.depth is not None and depth > wanted.depth:
            continue
        found.append(child.key)
        if depth > wanted.nav_depth:
            found += _descendants(root, child, wanted)
    return found
