"""The tree of a course's content, as the blocks API tells it. Source: openedx.md 6.4; recorded group `blocks`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lms_emulator.providers.openedx.model.courseware import Block, Course
from lms_emulator.providers.openedx.rules import keys, shapes

#: Fields that are told only when they are asked for, in the order of the answer, and how to read them.
REQUESTABLE = ("graded", "format", "start", "due", "has_score", "weight", "student_view_multi_device")
#: Block types whose student view fits small screens (`student_view_multi_device`).
MULTI_DEVICE = ("html", "problem", "video")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a caller of the blocks API asked for.

    Parameters: `depth` None is all the way down; `view_data` names block types whose `student_view_data` is wanted.
    """

    depth: int | None = 0
    nav_depth: int | None = None
    fields: frozenset[str] = frozenset()
    counts: tuple[str, ...] = ()
    view_data: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    all_blocks: bool = False


@dataclass(kw_only=True)
class Node:
    """A block in its course: its key, how deep it lies, and what it has from those above: graded, for staff only."""

    block: Block
    key: str
    depth: int
    graded: bool
    staff_only: bool = False
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """The blocks below, then this one."""
        for child in self.children:
            yield from child.walk()
        yield self


def tree(course: Course, *, staff: bool = True) -> Node:
    """The whole content of a course; without `staff`, what only staff may see is left out."""
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    root = Block(type="course", block_id=key.root.rpartition("@")[2], display_name=course.display_name)
    node = Node(block=root, key=key.root, depth=0, graded=False)
    node.children = [_node(child, key, node, staff) for child in course.content if staff or not child.staff_only]
    return node


def _node(block: Block, key: keys.CourseKey, above: Node, staff: bool) -> Node:
    node = Node(
        block=block,
        key=key.usage(block.type, block.block_id),
        depth=above.depth + 1,
        graded=above.graded or block.graded,
        staff_only=above.staff_only or block.staff_only,
    )
    node.children = [_node(child, key, node, staff) for child in block.children if staff or not child.staff_only]
    return node


def find(root: Node, usage: str) -> Node | None:
    """The block with a usage key."""
    return next((node for node in root.walk() if node.key == usage), None)


def told(course: Course, root: Node, wanted: Wanted, base_url: str) -> dict[str, dict[str, Any]]:
    """The blocks below `root` down to the wanted depth, by usage key, those below first."""
    shown: dict[str, dict[str, Any]] = {}
    for node in root.walk():
        below = node.depth - root.depth
        if wanted.depth is not None and below > wanted.depth:
            continue
        if wanted.types and node.block.type not in wanted.types:
            continue
        shown[node.key] = _told(course, root, node, wanted, base_url)
    return shown


def _told(course: Course, root: Node, node: Node, wanted: Wanted, base_url: str) -> dict[str, Any]:
    block, page = node.block, f"{base_url}/courses/{course.id}/jump_to/{node.key}"
    told: dict[str, Any] = {
        "id": node.key,
        "block_id": block.block_id,
        "lms_web_url": page,
        "legacy_web_url": f"{page}?experience=legacy",
        "student_view_url": f"{base_url}/xblock/{node.key}",
        "type": block.type,
        "display_name": block.display_name,
    }
    told |= _requested(node, wanted, REQUESTABLE[:-1])
    if block.type in wanted.view_data and (data := _view_data(block)) is not None:
        told["student_view_data"] = data
    told |= _requested(node, wanted, REQUESTABLE[-1:])
    below = node.depth - root.depth
    if wanted.counts:
        nodes = list(node.walk())
        told["block_counts"] = {kind: sum(n.block.type == kind for n in nodes) for kind in wanted.counts}
    if wanted.nav_depth is not None and below <= wanted.nav_depth:
        told["descendants"] = _descendants(root, node, wanted)
    if "visible_to_staff_only" in wanted.fields:
        told["visible_to_staff_only"] = node.staff_only
    visible = [child.key for child in node.children if wanted.depth is None or below < wanted.depth]
    if "children" in wanted.fields and visible:
        told["children"] = visible
    return told


def _requested(node: Node, wanted: Wanted, names: tuple[str, ...]) -> dict[str, Any]:
    block = node.block
    values: dict[str, Any] = {
        "graded": node.graded,
        "format": block.format,
        "start": shapes.moment(block.start),
        "due": shapes.moment(block.due),
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
    """The navigable children of a block; for the deepest navigable one, all that lies below it."""
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
