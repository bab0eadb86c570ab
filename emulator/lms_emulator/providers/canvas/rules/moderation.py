"""Provisional grades, from which a final grader selects.

Source: canvas-lms app/models/moderated_grading/provisional_grade.rb and lib/moderated_grading (2023-06).
"""

from __future__ import annotations

import hashlib
import string
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Assignment, Course, ProvisionalGrade, Submission
from lms_emulator.providers.canvas.rules import assignments, courses, grades, grading, periods, submissions
from lms_emulator.providers.canvas.rules.permissions import account_allows

_SIGNS = string.ascii_letters + string.digits


def under_way(base: Assignment) -> bool:
    """Whether grades of the assignment await moderation."""
    return base.moderated_grading and base.grades_published_at is None


def moderates(api: Api, course: Course, base: Assignment) -> bool:
    """Whether the caller may select grades."""
    account = api.store.accounts.get(course.account_id)
    admin = account is not None and account_allows(api, api.caller, account, "select_final_grade")
    return api.caller is not None and (base.final_grader_id == api.caller.id or admin)


def why_not_graded(api: Api, course: Course, base: Assignment, user_id: int) -> str | None:
    """Why the caller may not grade a student's work now; None if they may."""
    if under_way(base) and not moderates(api, course, base):
        return "a provisional grade of the final grader"
    if not courses.may(api, api.user, course, "manage_grades"):
        return f"grade assignment {base.id}"
    if not base.published:
        return f"grade assignment {base.id}, which is not published"
    due = assignments.dated_for(api, base, user_id).due_at
    if periods.binds(api, course) and periods.closed(api, periods.of_date(api, course, due)):
        return "grade in a closed grading period"
    return None


def not_graded(api: Api, why: str) -> SiteRefusal:
    """The refusal of a grade. Parameters: `why`, what `why_not_graded` says."""
    tip = "assignment is not published: publish it before its work is graded" if "published" in why else None
    return api.refused(why, "manage_grades", why=tip and f"the {tip}")


def may_join(api: Api, base: Assignment) -> bool:
    """Whether the caller may give a provisional grade: graders up to a limit, and those who already have."""
    others = graders(api, base) - {base.final_grader_id}
    return len(others) < base.grader_count or api.user.id in {*others, base.final_grader_id}


def graders(api: Api, base: Assignment) -> set[int | None]:
    """Those who have a provisional grade in the assignment."""
    rows = (row for record in submissions.stored(api, base) for row in of_submission(api, record))
    return {row.scorer_id for row in rows}


def of_submission(api: Api, record: Submission) -> list[ProvisionalGrade]:
    """The provisional grades of a submission."""
    return sorted(api.store.provisional_grades.find("submission", record.id), key=lambda row: row.id)


def joined(api: Api, base: Assignment, record: Submission, *, final: bool = False) -> ProvisionalGrade:
    """The caller's provisional grade; a new one has no score. Raises the refusal for one grader too many."""
    every = of_submission(api, record)
    own = (row for row in every if row.final == final and (final or row.scorer_id == api.user.id))
    known = next(own, None)
    if known is None and (why := _why_no_more(api, base, every, final=final)) is not None:
        raise refusals.rest("provisional_grade_refused", 400, {"error": why}, check="a provisional grade is allowed")
    number = api.new_id("moderated_grading_provisional_grades") if known is None else known.id
    new = ProvisionalGrade(id=number, submission_id=record.id, scorer_id=api.user.id, final=final)
    return known or api.store.provisional_grades.put(new)


def grade(
    api: Api, course: Course, base: Assignment, record: Submission, text: str | None, *, final: bool, excuse: bool
) -> ProvisionalGrade:
    """Store the caller's provisional grade. An excuse holds at once.

    Raises the refusals for an unreadable grade, and for one that was selected and is not the final grader's.
    """
    score = None if excuse or text is None else grades.to_score(api, base, text)
    known = joined(api, base, record, final=final)
    readable = excuse or text == "" or score is not None
    if not api.check("the grade can be read", readable) or not api.check(
        "the grade is not selected", not known.selected or known.scorer_id == base.final_grader_id
    ):
        raise refusals.rest(
            "provisional_grade_refused",
            400,
            {"error": "Assignment::GradeError"},
            check="a provisional grade is allowed",
        )
    letter = None if score is None else grades.from_score(api, base, score, text)
    made = replace(known, scorer_id=api.user.id, score=score, grade=letter, graded_at=api.now)
    if excuse:
        grading.grade(api, course, base, record, None, excuse=True)
    else:
        api.store.submissions.put(replace(record, grader_id=api.user.id, excused=False, updated_at=api.now))
    return api.store.provisional_grades.put(made)


def _why_no_more(api: Api, base: Assignment, known: list[ProvisionalGrade], *, final: bool) -> str | None:
    """Why the caller may not give a provisional grade to work that has these."""
    if final and all(provisional_grade.final for provisional_grade in known):
        return "Cannot give a final mark for a student with no other provisional grades"
    if not may_join(api, base):
        return "The maximum number of graders has been reached for this assignment."
    return None


def choose(api: Api, record: Submission, chosen: ProvisionalGrade) -> None:
    """Select one of a submission's provisional grades."""
    api.store.submissions.put(replace(record, updated_at=api.now))
    for provisional_grade in of_submission(api, record):
        api.store.provisional_grades.put(replace(provisional_grade, selected=provisional_grade.id == chosen.id))


def counting(api: Api, record: Submission) -> ProvisionalGrade | None:
    """The provisional grade that counts: the selected one, the only one with a grade, or one that has none yet."""
    found = of_submission(api, record)
    selected = [row for row in found if row.selected]
    given = [row for row in found if row.graded_at is not None]
    waiting = [row for row in found if row.graded_at is None]
    return next(iter([*selected, *(given if len(given) == 1 else waiting)]), None)


def provided(api: Api, course: Course, base: Assignment) -> list[Submission]:
    """The submissions of students who have not left the course, where there is something to publish."""
    people = {e.user_id for e in assignments.students(api, course.id) if e.workflow_state != "completed"}
    found = (record for record in submissions.stored(api, base) if record.user_id in people)
    return [record for record in found if of_submission(api, record)]


def publish(api: Api, course: Course, base: Assignment) -> None:
    """Turn the selected grades, with their comments, into the submissions' grades."""
    for record in provided(api, course, base):
        chosen = counting(api, record)
        if chosen is None:
            continue
        text, points = chosen.grade, chosen.score
        grading.grade(api, course, base, record, text, points=points, grader_id=chosen.scorer_id)
        for comment in api.store.submission_comments.find("submission", record.id):
            if comment.provisional_grade_id == chosen.id:
                number = api.new_id("submission_comments")
                api.store.submission_comments.put(
                    replace(comment, id=number, provisional_grade_id=None, created_at=api.now)
                )
    api.store.assignments.put(replace(base, grades_published_at=api.now, updated_at=api.now))


def knows_graders(api: Api, course: Course, base: Assignment) -> bool:
    """Whether the caller may know the other graders, as after the grades are published (canvas-lms
    app/models/assignment.rb, can_view_other_grader_identities?)."""
    if not under_way(base):
        return True
    if api.caller is not None and base.final_grader_id == api.caller.id:
        return base.grader_names_visible_to_final_grader
    if moderates(api, course, base):
        return True
    return base.grader_comments_visible_to_graders and not base.graders_anonymous_to_graders


def nameless(base: Assignment, user_id: int) -> str:
    """What a grader of an assignment is called to those who may not know who it is: five characters."""
    number = int.from_bytes(hashlib.sha256(f"{base.id} {user_id}".encode()).digest())
    return "".join(_SIGNS[number // len(_SIGNS) ** place % len(_SIGNS)] for place in range(5))


def shape(
    api: Api, course: Course, record: ProvisionalGrade, base: Assignment, submission: Submission
) -> dict[str, Any]:
    """A provisional grade, as JSON; without its grader to those who may not know who it is."""
    known = knows_graders(api, course, base)
    scorer = {"scorer_id": record.scorer_id} if known else {"anonymous_grader_id": nameless(base, record.scorer_id)}
    page, handed_in = f"/courses/{base.course_id}/gradebook/speed_grader", submission.submitted_at
    query = f"assignment_id={base.id}&student_id={submission.user_id}"
    if submissions.is_anonymous(api, base):
        query = f"anonymous_id={submission.anonymous_id}&assignment_id={base.id}"
    return {
        "grade": record.grade,
        "score": record.score,
        "graded_at": None if record.graded_at is None else stamp(record.graded_at),
        **scorer,
        "final": record.final,
        "graded_anonymously": None,
        "provisional_grade_id": record.id,
        "grade_matches_current_submission": not (handed_in and record.graded_at and handed_in > record.graded_at),
        "entered_score": record.score,
        "entered_grade": record.grade,
        "speedgrader_url": api.url(f"{page}?{query}"),
    }


def shapes(api: Api, course: Course, base: Assignment, submission: Submission) -> list[dict[str, Any]]:
    """The provisional grades of a submission, as JSON: for non-moderators their own; the final one last."""
    found = sorted(of_submission(api, submission), key=lambda provisional_grade: provisional_grade.final)
    if not moderates(api, course, base):
        found = [row for row in found if api.caller is not None and row.scorer_id == api.caller.id]
    return [shape(api, course, provisional_grade, base, submission) for provisional_grade in found]
