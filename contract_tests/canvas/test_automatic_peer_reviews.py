"""Peer reviews that Canvas asks for by itself once work is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, GRACE, Body, team, work
from contract_tests.canvas.support import Site


def reviewed(canvas: Site, **fields: Any) -> Body:
    """An assignment that is due in an hour, with automatic reviews, and work of Ada and Grace."""
    due = canvas.lms.clock.now + timedelta(hours=1)
    dates = {"due_at": due.strftime("%Y-%m-%dT%H:%M:%SZ")}
    reviews = {"peer_reviews": True, "automatic_peer_reviews": True, "peer_review_count": 1}
    task = work(canvas.teacher, **dates, **reviews | fields)
    for who in ({}, {"user_id": GRACE, "submitted_at": canvas.lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")}):
        sent = {"submission": {"submission_type": "online_text_entry", "body": "W", **who}}
        api = canvas.teacher if who else canvas.student
        assert api.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent).status_code == 201
    return task


def pairs(canvas: Site, task: Body) -> list[tuple[int, int]]:
    """Who reviews whom."""
    rows = canvas.teacher.get(f"{COURSE}/assignments/{task['id']}/peer_reviews").json()
    return sorted((row["assessor_id"], row["user_id"]) for row in rows)


def test_reviews_are_asked_for_once_when_work_is_due(canvas: Site) -> None:
    task = reviewed(canvas)
    assert pairs(canvas, task) == []
    canvas.lms.clock.advance(hours=1, minutes=1)
    assert pairs(canvas, task) == [(ADA, GRACE), (GRACE, ADA)]
    row = canvas.teacher.get(f"{COURSE}/assignments/{task['id']}/peer_reviews").json()[0]
    path = f"{COURSE}/assignments/{task['id']}/submissions/{row['asset_id']}/peer_reviews"
    assert canvas.teacher.delete(path, params={"user_id": row["assessor_id"]}).status_code == 200
    canvas.lms.clock.advance(days=1)
    assert len(pairs(canvas, task)) == 1


def test_reviews_have_a_date_of_their_own(canvas: Site) -> None:
    at = (canvas.lms.clock.now + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    task = reviewed(canvas, peer_reviews_assign_at=at)
    canvas.lms.clock.advance(minutes=6)
    assert len(pairs(canvas, task)) == 2, "before the work is due"


def test_who_is_not_asked(canvas: Site) -> None:
    manual = reviewed(canvas, automatic_peer_reviews=False)
    none = reviewed(canvas, peer_review_count=0)
    group = team(canvas.teacher, ADA, GRACE)["group_category_id"]
    together = reviewed(canvas, group_category_id=group)
    within = reviewed(canvas, group_category_id=group, intra_group_peer_reviews=True)
    canvas.lms.clock.advance(hours=2)
    assert [pairs(canvas, task) for task in (manual, none, together)] == [[], [], []]
    assert len(pairs(canvas, within)) == 2
