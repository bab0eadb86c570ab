"""How far a learner is: completion, the last block, what is due, effort.

Sources: openedx/completion `completion/models.py`; edx-platform `openedx/features/course_experience/utils.py`
(get_course_outline_block_tree); `fixtures/recordings/openedx-2`, learn.jsonl 164-430.
"""

from __future__ import annotations

import math
from datetime import datetime

from msgspec.structs import replace

from lms_emulator.core.http.html_text import without_tags
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import BlockState, Course
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import blocks, enrollment, people, problems

_WORDS_A_MINUTE = 265


class Progress:
    """The completions of one user in one course; nobody has none.

    Parameters: `root`, the content that the user sees.
    """

    def __init__(self, store: OpenedxStore, user: User | None, root: blocks.Node) -> None:
        states = store.block_states.find("user", user.username) if user is not None else []
        course = root.key.rpartition("+type@")[0]
        mine = [state for state in states if state.block.startswith(course)]
        self.states = {state.block: state for state in mine}
        self.known = any(state.completion is not None for state in mine)
        self.root = root

    def of(self, key: str) -> float | None:
        """What is known of one block."""
        state = self.states.get(key)
        return state.completion if state is not None else None

    def is_complete(self, node: blocks.Node) -> bool:
        """Whether a block and everything below it is done; what has nothing to do is done."""
        if node.children:
            return all(self.is_complete(child) for child in node.children)
        if node.block.type in ("vertical", "sequential", "chapter", "course"):
            return True
        return self.of(node.key) == 1.0

    def is_finished(self, node: blocks.Node) -> bool:
        """Whether every leaf is done, also those with nothing to do, such as a discussion."""
        return all(map(self.is_finished, node.children)) if node.children else self.of(node.key) == 1.0

    def is_marked(self, node: blocks.Node) -> bool:
        """The same as the outline marks it: nothing as long as nothing was done, nor what has nothing in it."""
        if not self.known:
            return False
        if node.block.children and not node.children:
            return True
        if node.children:
            return all(self.is_marked(child) for child in node.children)
        return self.of(node.key) == 1.0

    def share(self, node: blocks.Node) -> tuple[float, int]:
        """How much is done of how much, as the navigation counts it."""
        if node.block.type == "vertical":
            done = [value for leaf in node.children if (value := self.of(leaf.key)) is not None and value]
            return sum(done), len(node.children)
        if node.block.type == "chapter":
            parts = [self.share(child) for child in node.children]
            return sum(part[0] for part in parts), sum(part[1] for part in parts)
        return sum(self.is_complete(child) for child in node.children), len(node.children)

    def resumes_in(self, node: blocks.Node) -> bool:
        """Whether the block that was worked on last is below a block."""
        last = self.last()
        return last is not None and bool(blocks.path_to(node, last))

    def last(self) -> str | None:
        """The block that was worked on last."""
        found = [state for state in self.states.values() if state.completion is not None and state.modified is not None]
        return max(found, key=lambda row: row.modified.timestamp() if row.modified else 0.0).block if found else None


def complete(store: OpenedxStore, username: str, usage: str, value: float, now: datetime) -> BlockState:
    """Save a user's completion of a block; an unchanged one has no effect."""
    state = problems.state(store, username, usage)
    if state.completion == value:
        return state
    return store.block_states.put(replace(state, completion=value, modified=now))


def effort(root: blocks.Node, node: blocks.Node) -> tuple[int | None, int | None]:
    """How many activities are below a block, and how many seconds they take; unknown if there are videos."""
    if any(leaf.block.type == "video" for leaf in blocks.leaves(root)):
        return None, None
    found = blocks.leaves(node)
    words = sum(len(without_tags(leaf.block.data, " ").split()) for leaf in found if leaf.block.type == "html")
    seconds = math.ceil(60 * words / _WORDS_A_MINUTE)
    return sum(leaf.block.type == "problem" for leaf in found), seconds or None


def shows_certificates(course: Course, now: datetime) -> bool:
    """Whether the certificates of a course can be seen by now."""
    return (
        course.self_paced
        or course.certificates_display_behavior.startswith("early")
        or course.end is None
        or course.end < now
    )


def may_enter(store: OpenedxStore, user: User | None, course: Course) -> bool:
    """Whether a user may see the content of a course: on its staff, or enrolled."""
    if people.is_course_staff(store, user, course.id):
        return True
    found = enrollment.get(store, user, course.id) if user is not None else None
    return found is not None and found.is_active


def content(store: OpenedxStore, user: User | None, course: Course) -> blocks.Node:
    """The content of a course as a user sees it."""
    return blocks.tree(course, staff=people.is_course_staff(store, user, course.id))
