"""The tree of a course's content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lms_emulator.providers.openedx.model.courseware import Block, Course
from lms_emulator.providers.openedx.rules import keys


@dataclass(kw_only=True)
class Node:
    """A block in its course: its key, its depth, and what it inherits: graded, for staff only."""

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
    """The whole content of a course; without `staff`, what only staff may see is left out.

    Discussion blocks are never in it: the front ends show discussions beside the content.
    """
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    root = Block(type="course", block_id=key.root.rpartition("@")[2], display_name=course.display_name)
    node = Node(block=root, key=key.root, depth=0, graded=False)
    node.children = [_node(child, key, node, staff) for child in course.content if _shown(child, staff)]
    return node


def _node(block: Block, key: keys.CourseKey, above: Node, staff: bool) -> Node:
    node = Node(
        block=block,
        key=key.usage(block.type, block.block_id),
        depth=above.depth + 1,
        graded=above.graded or block.graded,
        staff_only=above.staff_only or block.staff_only,
    )
    node.children = [_node(child, key, node, staff) for child in block.children if _shown(child, staff)]
    return node


def _shown(block: Block, staff: bool) -> bool:
    return block.type != "discussion" and (staff or not block.staff_only)


def find(root: Node, usage: str) -> Node | None:
    """The block with a usage key."""
    return next((node for node in root.walk() if node.key == usage), None)


def path_to(root: Node, usage: str) -> list[Node]:
    """The blocks from the root down to the one with a usage key; empty if it is not there."""
    if root.key == usage:
        return [root]
    for child in root.children:
        if below := path_to(child, usage):
            return [root, *below]
    return []


def of_type(root: Node, kind: str) -> list[Node]:
    """The blocks of a type below a block, in the order of the course."""
    found = [root] if root.block.type == kind else []
    return found + [node for child in root.children for node in of_type(child, kind)]


def leaves(root: Node) -> list[Node]:
    """The pieces of content themselves, in the order of the course."""
    if root.block.type not in ("course", "chapter", "sequential", "vertical"):
        return [root]
    return [leaf for child in root.children for leaf in leaves(child)]
