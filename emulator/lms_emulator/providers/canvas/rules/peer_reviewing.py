"""Peer reviews: asking for one, and those that Canvas asks for by itself once work is due.

Source: canvas-lms app/models/assignment.rb, assign_peer_reviews and auto_peer_review_dates (2024-04).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lms_emulator.core.clock import later
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Assignment, PeerReview, Submission
from lms_emulator.providers.canvas.rules import assignments, discussions, states, submissions, teams

if TYPE_CHECKING:
    from lms_emulator.providers.canvas.call import Call

AFTER_A_CHANGE = 60
"""How many seconds Canvas waits at least after an assignment was saved."""


def ask(api: Api, record: Submission, assessor_id: int) -> PeerReview:
    """A student's review of a submission; the one that they were asked for before, if there is one."""
    known = api.store.peer_reviews.find("submission", record.id)
    made = next((review for review in known if review.assessor_id == assessor_id), None) or PeerReview(
        id=api.new_id("assessment_requests"),
        submission_id=record.id,
        user_id=record.user_id,
        assessor_id=assessor_id,
        created_at=api.now,
        updated_at=api.now,
    )
    return api.store.peer_reviews.put(made)


def run(call: Call) -> None:
    """Ask for the automatic reviews whose time has come."""
    for base in list(call.store.assignments.find("automatic", True)):
        api = Api(call, Params({}))
        date = next((date for date in _dates(api, base) if base.asked_at is None or date > base.asked_at), None)
        moment = max(date, later(base.updated_at, AFTER_A_CHANGE)) if date is not None else None
        if moment is None or moment > api.now:
            continue
        api.now = moment
        _ask_all(api, base)
        if any(other > moment for other in _dates(api, base)):
            api.store.assignments.put(replace(base, asked_at=moment))
        else:
            api.store.assignments.put(replace(base, asked_at=moment, peer_reviews_assigned=True, updated_at=moment))


def _dates(api: Api, base: Assignment) -> list[datetime]:
    """When Canvas asks for reviews: once, or whenever work is due for somebody."""
    if base.peer_reviews_assign_at is not None:
        return [base.peer_reviews_assign_at]
    found = {override.dates.get("due_at") for override in assignments.overrides(api, base)}
    if not base.only_visible_to_overrides:
        found.add(base.due_at)
    return sorted(date for date in found if date is not None)


def _ask_all(api: Api, base: Assignment) -> None:
    """Give everybody who handed something in as many reviews as they have to make, while there is work for them."""
    current = {e.user_id for e in assignments.students(api, base.course_id) if e.workflow_state in states.CURRENT}
    stored = submissions.stored(api, base)
    work = {row.user_id: row for row in stored if row.user_id in current and _counts(api, base, row)}
    made = [review for row in stored for review in api.store.peer_reviews.find("submission", row.id)]
    asked = {user: {review.assessor_id for review in made if review.user_id == user} for user in work}
    given = {user: {review.user_id for review in made if review.assessor_id == user} for user in work}

    def chance(_: int = 0) -> int:
        return api.call.ids.integer(0, 1 << 30)

    for user in sorted(work, key=chance):
        others = [other for other in work if other not in (user, *given[user]) and _apart(api, base, work, user, other)]
        others.sort(
            key=lambda other: (
                len(asked[other]) >= base.peer_review_count,
                other in asked[user],
                len(asked[other]),
                len(given[other]),
                chance(),
            )
        )
        for other in others[: max(0, base.peer_review_count - len(given[user]))]:
            ask(api, work[other], user)
            asked[other].add(user)
            given[user].add(other)


def _counts(api: Api, base: Assignment, record: Submission) -> bool:
    """Whether somebody's work is in, and due unless reviews have a date of their own."""
    due = assignments.dated_for(api, base, record.user_id).due_at
    past = base.peer_reviews_assign_at is not None or (due is not None and due <= api.now)
    return submissions.handed_in(record) and past and assignments.assigned(api, base, record.user_id)


def _apart(api: Api, base: Assignment, work: dict[int, Submission], user: int, other: int) -> bool:
    """Whether a student may review another: not of their group; in a group discussion, one who wrote in theirs."""
    if base.group_category_id is not None and not base.intra_group_peer_reviews:
        return work[user].group_id is None or work[user].group_id != work[other].group_id
    topic = api.store.discussion_topics.get(base.discussion_topic_id or 0)
    if topic is None or topic.group_category_id is None:
        return True
    of = teams.team(api, replace(base, group_category_id=topic.group_category_id), user)
    own = next((row for row in discussions.children(api, topic) if of is not None and row.context_id == of.id), None)
    return own is None or any(entry.user_id == other for entry in discussions.entries_of(api, own))
