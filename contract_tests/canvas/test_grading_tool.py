"""A typical grading tool: canvasapi for REST and PyLTI1p3 for LTI see the same state."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from statistics import mean
from typing import Any

from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem

from contract_tests.canvas.lti import launched
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_clients import client
from contract_tests.lti_tool import LAUNCH, Tool
from lms_emulator.signing import lti13

NEW = ("Alan Turing", "Edith Clarke", "Mary Somerville")
CRITERIA = {
    str(number): {
        "description": text,
        "points": points,
        "ratings": {"0": {"description": "Full", "points": points}, "1": {"description": "None", "points": 0}},
    }
    for number, (text, points) in enumerate((("Argument", 12), ("Sources", 8)))
}
SUBMISSION = "https://canvas.instructure.com/lti/submission"


def a_course_at_work(canvas: Site) -> tuple[Any, Any, Any]:
    """The teacher's course with three more students, an essay that a rubric grades, and a quiz behind the tool."""
    admin = client(canvas, canvas.info.access_tokens.admin)
    course = client(canvas, canvas.info.access_tokens.teacher).get_course(1)
    for name in NEW:
        login = name.lower().replace(" ", ".")
        user = admin.get_account(1).create_user({"unique_id": login}, user={"name": name})
        course.enroll_user(user, enrollment={"type": "StudentEnrollment", "enrollment_state": "active"})
    sent = {"name": "Long essay", "points_possible": 20, "submission_types": ["online_upload"], "published": True}
    essay = course.create_assignment(sent)
    association = {"association_type": "Assignment", "association_id": essay.id, "purpose": "grading"}
    rubric = {"title": "Essays", "criteria": CRITERIA}
    course.create_rubric(rubric=rubric, rubric_association={**association, "use_for_grading": True})
    tag = {
        "url": LAUNCH,
        "content_type": "ContextExternalTool",
        "content_id": 77,
        "custom_params": {"person": "$Canvas.user.id"},
    }
    sent = {"name": "Quiz", "points_possible": 10, "submission_types": ["external_tool"], "published": True}
    quiz = course.create_assignment({**sent, "external_tool_tag_attributes": tag})
    return course, essay, quiz


def students(nrps: Any, link: str) -> dict[int, str]:
    """The roster's students: each one's Canvas id, with the LTI user id."""
    members = nrps.get_members(link)
    learning = [member for member in members if f"{lti13.MEMBERSHIP}Learner" in member["roles"]]
    return {int(item["message"][0][f"{lti13.CLAIM}custom"]["person"]): item["user_id"] for item in learning}


def test_from_the_roster_to_the_gradebook(canvas: Site, tool: Tool, tmp_path: Path) -> None:
    course, essay, quiz = a_course_at_work(canvas)
    launch = launched(canvas, tool, "teacher", path=f"/courses/1/assignments/{quiz.id}")
    link = launch.get_launch_data()[f"{lti13.CLAIM}resource_link"]["id"]
    known = students(launch.get_nrps(), link)
    assert set(known) == {user.id for user in course.get_users(enrollment_type=["student"])}
    assert len(known) == 2 + len(NEW)

    hand_in(canvas, essay, tmp_path)
    grade_by_rubric(course.get_assignment(essay.id), course)

    ags = launch.get_ags()
    item = ags.find_lineitem_by_resource_link_id(link)
    assert (item.get_label(), item.get_score_maximum()) == ("Quiz", 10)
    scores = {person: float(5 + place) for place, person in enumerate(sorted(known))}
    now = canvas.lms.clock.now
    for person, score in scores.items():
        ags.put_grade(_grade(known[person], score, 10, now).set_comment("From the tool"), item)
    own = ags.find_or_create_lineitem(LineItem().set_label("Participation").set_score_maximum(5).set_tag("own"))
    ags.put_grade(_grade(known[101], 1, 1, now), own)

    agree(ags, item, course, quiz, known, scores)
    participation = next(assignment for assignment in course.get_assignments() if assignment.name == "Participation")
    assert participation.get_submission(101).score == 5

    changed = quiz.get_submission(101).edit(submission={"posted_grade": "9.5"})
    assert changed.grader_id == 103
    scores[101] = 9.5
    agree(ags, item, course, quiz, known, scores)
    ags.put_grade(_grade(known[102], 4, 5, now + timedelta(seconds=1)), item)
    scores[102] = 8
    agree(ags, item, course, quiz, known, scores)
    gradebook(canvas, course, quiz, scores)


def hand_in(canvas: Site, essay: Any, tmp_path: Path) -> None:
    """Two students submit files; one of them twice."""
    admin = client(canvas, canvas.info.access_tokens.admin)
    ada = client(canvas, canvas.info.access_tokens.student).get_course(1).get_assignment(essay.id)
    charles = admin.get_course(1).get_assignment(essay.id)
    for assignment, name, text, acting in (
        (ada, "draft.txt", "Notes", {}),
        (ada, "essay.txt", "The engine weaves", {}),
        (charles, "charles.txt", "On machinery", {"as_user_id": 102}),
    ):
        file = tmp_path / name
        file.write_text(text)
        made = assignment.submit({"submission_type": "online_upload"}, file=str(file), **acting)
        assert made.workflow_state == "submitted"
        canvas.lms.clock.advance(seconds=2)  # Canvas tells attempts apart by the second


def grade_by_rubric(essay: Any, course: Any) -> None:
    """The tool reads the submissions and grades them by the assignment's rubric."""
    argument, sources = (criterion["id"] for criterion in essay.rubric)
    assert essay.use_rubric_for_grading
    read = {}
    for work in essay.get_submissions(include=["submission_history", "user"]):
        for file in getattr(work, "attachments", []):
            read[work.user["name"]] = (work.attempt, file.get_contents())
            points = {argument: {"points": 10, "comments": "Clear"}, sources: {"points": 8 if work.attempt > 1 else 3}}
            work.edit(rubric_assessment=points, comment={"text_comment": "Read."})
    assert read == {"Ada Lovelace": (2, "The engine weaves"), "Charles Babbage": (1, "On machinery")}
    found = essay.get_submission(101, include=["rubric_assessment", "submission_comments", "submission_history"])
    assert (found.score, found.workflow_state, len(found.submission_history)) == (18, "graded", 2)
    assert found.rubric_assessment[argument]["comments"] == "Clear"
    assert found.submission_comments[0]["comment"] == "Read."
    assert essay.get_submission(102).score == 13
    left = course.get_multiple_submissions(student_ids=["all"], assignment_ids=[essay.id], workflow_state="graded")
    assert {item.user_id for item in left} == {101, 102}


def agree(ags: Any, item: Any, course: Any, quiz: Any, known: dict[int, str], scores: dict[int, float]) -> None:
    """LTI's results and REST's submissions agree."""
    results = {grade["userId"]: 10 * grade["resultScore"] / grade["resultMaximum"] for grade in ags.get_grades(item)}
    assert results == {known[person]: score for person, score in scores.items()}
    submissions = course.get_multiple_submissions(student_ids=["all"], assignment_ids=[quiz.id])
    assert {submission.user_id: submission.score for submission in submissions} == scores


def gradebook(canvas: Site, course: Any, quiz: Any, scores: dict[int, float]) -> None:
    """The effect of the scores in Canvas: grades of enrolments, statistics, the grading history."""
    grades = {row.user_id: row.grades for row in course.get_enrollments(type=["StudentEnrollment"])}
    assert grades[101]["current_score"] == round(100 * (18 + 9.5 + 5) / (20 + 10 + 5), 2)
    assert grades[102]["current_score"] == 100 * (13 + 8) / 30
    own = client(canvas, canvas.info.access_tokens.student).get_course(1)
    canvas.lms.clock.advance(hours=1)  # a job of Canvas's counts statistics
    assignment = own.get_assignment(quiz.id, include=["score_statistics", "submission"])
    statistics = {name: assignment.score_statistics[name] for name in ("min", "max", "mean")}
    assert statistics == {"min": min(scores.values()), "max": max(scores.values()), "mean": mean(scores.values())}
    assert assignment.submission["score"] == scores[101]
    versions = course.get_uncollated_submissions()  # canvasapi drops the parameters that would narrow it
    mine = [version for version in versions if (version.assignment_id, version.user_id) == (quiz.id, 101)]
    assert [(item.score, item.grader_id) for item in mine] == [(9.5, 103), (5.0, -77)]


def _grade(user: str, given: float, maximum: float, at: Any) -> Grade:
    grade = Grade().set_user_id(user).set_score_given(given).set_score_maximum(maximum)
    return grade.set_timestamp(at.isoformat()).set_activity_progress("Completed").set_grading_progress("FullyGraded")
