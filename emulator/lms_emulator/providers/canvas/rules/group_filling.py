"""Making groups, and distributing people among them.

Source: canvas-lms app/models/group_category.rb and group_categories/params.rb (2024-04), and the recorded exchanges of
`groups`.
"""

from __future__ import annotations

import heapq

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import GroupCategory, User
from lms_emulator.providers.canvas.rules import assignments, groups, states
from lms_emulator.providers.canvas.rules.inflections import singular

FILLED = "Groups must be empty to assign by section"
LIMITED = "Groups cannot have size restrictions to assign by section"
TOO_FEW = "Must have at least as many groups as sections to assign by section"


MOST_GROUPS = 200
"""The maximum number of groups that a request can create."""


def asked_count(api: Api, *, signs_up: bool) -> int | None:
    """How many groups the request asks for; None if it leaves that to their size, or wants none."""
    asked = api.params
    if signs_up:
        return asked.integer("create_group_count")
    if asked.text("split_groups") in ("0", "2"):
        return None
    return asked.integer("create_group_count" if asked.text("split_group_count") is None else "split_group_count")


def fill(api: Api, category: GroupCategory) -> None:
    """Create the requested number of groups, and distribute users among them if requested."""
    if category.context_type != "Course":
        return
    signs_up, by_section = category.self_signup is not None, api.params.flag("group_by_section")
    count = asked_count(api, signs_up=signs_up)
    if count is None and not signs_up and api.params.text("split_groups") == "2":
        count = _by_size(api, category, api.params.integer("create_group_member_count"), by_section)
    name = singular(category.name)
    numbers = range(1, min(count or 0, MOST_GROUPS) + 1)
    made = [groups.make_group(api, category, name=f"{name} {number}") for number in numbers]
    if not made or signs_up or api.params.flag("assign_async"):
        return
    if by_section:
        share_out_by_section(api, category)
    else:
        share_out(api, category)


def _by_size(api: Api, category: GroupCategory, size: int, by_section: bool) -> int:
    """How many groups of a size everybody needs who is in none, or each section."""
    if size <= 0:
        return 0
    if not by_section:
        return -(-len(groups.unassigned(api, category)) // size)
    return sum(-(-len(people) // size) for people in students(api, category.context_id).values())


def share_out(api: Api, category: GroupCategory) -> dict[int, list[User]]:
    """Add everybody without a group to the smallest one. Returns who was added, by group."""
    living = groups.of_category(api, category)
    free = [(len(groups.members(api, row)), row.id, row) for row in living if not groups.full(api, category, row)]
    heapq.heapify(free)
    added: dict[int, list[User]] = {}
    for user in groups.unassigned(api, category) if free else []:
        size, number, smallest = free[0]
        groups.join(api, api.store.groups.get(number) or smallest, user.id)
        added.setdefault(number, []).append(user)
        most = smallest.max_membership or category.group_limit
        if most is not None and size + 1 >= most:
            heapq.heappop(free)
        else:
            heapq.heapreplace(free, (size + 1, number, smallest))
        if not free:
            break
    return added


def students(api: Api, course_id: int) -> dict[int, list[int]]:
    """The current students by section, each in the first one that they are in."""
    found: dict[int, list[int]] = {}
    seen: set[int] = set()
    for row in assignments.students(api, course_id):
        current = row.type == "StudentEnrollment" and row.workflow_state in states.CURRENT
        if current and row.user_id not in seen:
            seen.add(row.user_id)
            found.setdefault(row.course_section_id, []).append(row.user_id)
    return found


def share_out_by_section(api: Api, category: GroupCategory) -> str | None:
    """Distribute the students of a course among the empty groups of a set. Returns why that cannot be done."""
    living, by_section = groups.of_category(api, category), students(api, category.context_id)
    if any(groups.members(api, group, "accepted", "invited", "requested") for group in living):
        return FILLED
    if any(group.max_membership is not None for group in living):
        return LIMITED
    if not living or not by_section:
        return None
    if len(living) < len(by_section):
        return TOO_FEW
    free = sorted(living, key=lambda record: record.id)
    for section, count in _shares({number: len(people) for number, people in by_section.items()}, len(free)).items():
        people = by_section[section]
        size, rest = divmod(len(people), count)
        for place in range(count):
            group = free.pop()
            for _ in range(size + (place < rest)):
                groups.join(api, api.store.groups.get(group.id) or group, people.pop())
    return None


def _shares(sizes: dict[int, int], count: int) -> dict[int, int]:
    """How many of the groups each section gets, so that groups are of about the same size."""
    goal = max(int(sum(sizes.values()) / count + 0.5), 1)
    shares = {section: max(size // goal, 1) for section, size in sizes.items()}
    extra = dict.fromkeys(sizes, 0)
    while (missing := count - sum(shares.values())) != 0:
        if missing < 0:
            large = (section for section, share in shares.items() if share > 1)
            shares[max(large, key=lambda key: (shares[key], -sizes[key]))] -= 1
        else:
            least = max(shares, key=lambda key: (-extra[key], sizes[key] / (shares[key] + 1), key))
            shares[least] += 1
            extra[least] += 1
    return shares
