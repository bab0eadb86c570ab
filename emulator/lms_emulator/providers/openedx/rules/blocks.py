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
