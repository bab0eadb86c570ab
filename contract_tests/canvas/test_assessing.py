"""Side effects of comments and assessments: read marks, names, groups, grades, completed reviews."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.grading import ADA, COURSE, GRACE, Body, associated, grade, made, team, work
from contract_tests.canvas.support import Site


def at(task: Body, rest: str = "", user: int = ADA) -> str:
    return f"{COURSE}/assignments/{task['id']}/submissions/{user}{rest}"


def said(api: httpx.Client, task: Body, **comment: Any) -> list[Body]:
    answer = api.put(at(task), json={"comment": comment})
    assert answer.status_code == 200, answer.text
    found: list[Body] = answer.json()["submission_comments"]
    return found


def read_state(api: httpx.Client, task: Body) -> str:
    found: str = api.get(at(task), params={"include[]": "read_state"}).json()["read_state"]
    return found


def teamed(canvas: Site, **fields: Any) -> Body:
    """An assignment for a group of two."""
    group = team(canvas.teacher, ADA, GRACE)
    return work(canvas.teacher, group_category_id=group["group_category_id"], **fields)


def assess(api: httpx.Client, task: Body, points: float, kind: str | None = "grading", **who: Any) -> httpx.Response:
    assessment = {"assessment_type": kind, f"criterion_{task['criterion']}": {"points": points, "comments": "So."}}
    assessment = {name: value for name, value in {**assessment, **who}.items() if value is not None}
    path = f"{COURSE}/rubric_associations/{task['association']}/rubric_assessments"
    return api.post(path, json={"rubric_assessment": assessment})


def with_rubric(canvas: Site, task: Body) -> Body:
    answer = associated(canvas.teacher, task)
    criterion = answer["rubric"]["data"][0]["id"]
    return {**task, "association": answer["rubric_association"]["id"], "criterion": criterion}


def test_a_comment_is_stripped_and_signed_with_the_short_name_of_its_day(canvas: Site) -> None:
    task = work(canvas.teacher)
    own = canvas.teacher.get("/api/v1/users/self/profile").json()["id"]
    named = {"user": {"short_name": "Prof."}}
    assert canvas.admin.put(f"/api/v1/users/{own}", json=named).status_code == 200
    (first,) = said(canvas.teacher, task, text_comment="  Well done \n")
    assert (first["comment"], first["author_name"]) == ("Well done", "Prof.")
    assert canvas.admin.put(f"/api/v1/users/{own}", json={"user": {"short_name": "Dr."}}).status_code == 200
    first, second = said(canvas.teacher, task, text_comment="Again")
    assert (first["author_name"], second["author_name"]) == ("Prof.", "Dr.")


def test_a_comment_of_blanks_is_none_but_one_with_files_says_so(canvas: Site) -> None:
    task = work(canvas.teacher)
    assert said(canvas.teacher, task, text_comment="  ") == []
    (only,) = said(canvas.teacher, task, text_comment="", file_ids=[])
    assert only["comment"] == "Please see attached files."


def test_the_first_attempt_can_be_commented_on_before_there_is_one(canvas: Site) -> None:
    task = work(canvas.teacher)
    assert said(canvas.teacher, task, text_comment="x", attempt=1)[0]["attempt"] == 1
    answer = canvas.teacher.put(at(task), json={"comment": {"text_comment": "x", "attempt": 2}})
    assert answer.status_code == 422


def test_the_time_of_an_edit_is_that_of_a_change_of_words(canvas: Site) -> None:
    task = work(canvas.teacher)
    (comment,) = said(canvas.teacher, task, text_comment="x")
    path = at(task, f"/comments/{comment['id']}")
    for sent in ({}, {"comment": "x"}):
        body = canvas.teacher.put(path, json=sent).json()
        assert (body["comment"], body["edited_at"]) == ("x", None)
    assert canvas.teacher.put(path, json={"comment": "y"}).json()["edited_at"] is not None


def test_a_comment_to_a_group_is_deleted_for_all_of_it(canvas: Site) -> None:
    task = teamed(canvas)
    (shared,) = said(canvas.teacher, task, text_comment="All", group_comment=True)
    said(canvas.teacher, task, text_comment="Ada")
    everybody = {"include[]": "submission_comments"}
    theirs = canvas.teacher.get(at(task, user=GRACE), params=everybody).json()["submission_comments"]
    assert [item["comment"] for item in theirs] == ["All"]
    assert canvas.teacher.delete(at(task, f"/comments/{shared['id']}")).status_code == 200
    assert canvas.teacher.get(at(task, user=GRACE), params=everybody).json()["submission_comments"] == []
    mine = canvas.teacher.get(at(task), params=everybody).json()["submission_comments"]
    assert [item["comment"] for item in mine] == ["Ada"]


def test_the_group_is_that_of_the_last_submission_or_grade(canvas: Site) -> None:
    task = teamed(canvas)
    asked = {"include[]": "group"}
    assert canvas.teacher.get(at(task), params=asked).json()["group"] == {"id": None, "name": None}
    grade(canvas.teacher, task, 5)
    for user in (ADA, GRACE):
        assert canvas.teacher.get(at(task, user=user), params=asked).json()["group"]["name"] == "Team"


def test_a_posted_grade_is_unread_until_it_is_marked_read(canvas: Site) -> None:
    task = work(canvas.teacher)
    sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
    assert canvas.student.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent).status_code == 201
    assert read_state(canvas.teacher, task) == "read", "a submission alone is not new to anybody"
    grade(canvas.teacher, task, 5)
    assert read_state(canvas.student, task) == "unread"
    assert read_state(canvas.student, task) == "read", "reading it marked it"
    assert read_state(canvas.teacher, task) == "unread", "for teachers as well"
    grade(canvas.teacher, task, 6)
    assert read_state(canvas.student, task) == "read", "others wait for their grades"
    said(canvas.teacher, task, text_comment="x")
    assert canvas.student.put(at(task, "/read/comment")).status_code == 204
    assert read_state(canvas.student, task) == "unread"
    assert canvas.student.delete(at(task, "/read")).status_code == 204
    assert read_state(canvas.student, task) == "unread"


def test_a_new_grade_is_new_once_everybody_has_theirs(canvas: Site) -> None:
    task = work(canvas.teacher)
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"type[]": "StudentEnrollment", "per_page": 100}).json()
    for user in {row["user_id"] for row in rows}:
        grade(canvas.teacher, task, 5, user)
    assert [read_state(canvas.student, task), read_state(canvas.student, task)] == ["unread", "read"]
    grade(canvas.teacher, task, 5)
    assert read_state(canvas.student, task) == "read", "it is the same grade"
    grade(canvas.teacher, task, 6)
    assert read_state(canvas.student, task) == "unread"


def test_words_on_a_rubric_wait_to_be_read(canvas: Site) -> None:
    task = with_rubric(canvas, work(canvas.teacher))
    path = at(task, "/rubric_assessments/read")
    assert canvas.student.get(path).json() == {"read": True}
    assert assess(canvas.teacher, task, 4, user_id=str(ADA)).status_code == 200
    assert canvas.student.get(path).json() == {"read": False}
    assert canvas.student.put(path).json() == {"read": True}
    assert canvas.student.get(path).json() == {"read": True}
    assert assess(canvas.teacher, task, 4, user_id=str(ADA)).status_code == 200
    assert canvas.student.get(path).json() == {"read": True}, "the words are the same"


def test_a_group_is_assessed_together(canvas: Site) -> None:
    task = with_rubric(canvas, teamed(canvas))
    assert assess(canvas.teacher, task, 4, user_id=str(ADA)).status_code == 200
    for user in (ADA, GRACE):
        body = canvas.teacher.get(at(task, user=user), params={"include[]": "rubric_assessment"}).json()
        assert (body["score"], len(body["rubric_assessment"])) == (4.0, 1)


def test_an_assessment_shows_the_work_of_all_that_it_is_of(canvas: Site) -> None:
    task = with_rubric(canvas, teamed(canvas))
    for text in ("first", "second try"):
        canvas.lms.clock.advance(minutes=1)
        sent = {"submission": {"submission_type": "online_text_entry", "body": text}}
        assert canvas.student.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent).status_code == 201
    said(canvas.teacher, task, text_comment="Well done", group_comment=True)
    shown = assess(canvas.teacher, task, 4, user_id=str(ADA)).json()
    related = shown["related_group_submissions_and_assessments"]
    assert {row["submission"]["submission"]["user_id"] for row in related} == {ADA, GRACE}
    assert [len(row["rubric_assessments"]) for row in related] == [1, 1]
    artifact = shown["artifact"]
    assert [row["submission"]["body"] for row in artifact["submission_history"]] == ["first", "second try"]
    assert [row["comment"] for row in artifact["submission_comments"]] == ["Well done"]
    assert (artifact["word_count"], artifact["last_comment_at"] is None) == (2, False)
    category = task["group_category_id"]
    each = work(canvas.teacher, group_category_id=category, grade_group_students_individually=True)
    alone = with_rubric(canvas, each)
    assert assess(canvas.teacher, alone, 4, user_id=str(ADA)).json()["related_group_submissions_and_assessments"] == []


def test_a_changed_association_shows_its_assessments(canvas: Site) -> None:
    task = with_rubric(canvas, work(canvas.teacher))
    assert assess(canvas.teacher, task, 4, user_id=str(ADA)).status_code == 200
    path = f"{COURSE}/rubric_associations/{task['association']}"
    shown = canvas.teacher.put(path, json={"rubric_association": {"title": "T"}}).json()["rubric_association"]
    assert [(row["user_id"], row["score"]) for row in shown["rubric_assessments"]] == [(ADA, 4.0)]


def test_reviews_are_asked_for_again_with_a_new_rubric(canvas: Site) -> None:
    task = with_rubric(canvas, work(canvas.teacher, peer_reviews=True))
    theirs = canvas.teacher.get(at(task, user=GRACE)).json()["id"]
    path = f"assignments/{task['id']}/submissions/{theirs}/peer_reviews"
    review = made(canvas.teacher, path, user_id=ADA)["id"]
    own = assess(canvas.student, task, 3, "peer_review", user_id=str(GRACE)).json()["id"]

    def state() -> Any:
        return canvas.teacher.get(f"{COURSE}/{path}").json()[0]["workflow_state"]

    assert state() == "completed"
    canvas.teacher.put(
        f"{COURSE}/rubric_associations/{task['association']}", json={"rubric_association": {"title": "T"}}
    )
    assert state() == "completed"
    shown = associated(canvas.teacher, task)["rubric_association"]["assessment_requests"]
    assert [(row["id"], row["assessor_id"], row["rubric_assessment_id"]) for row in shown] == [(review, ADA, own)]
    assert state() == "assigned"


def test_points_of_a_rubric_are_a_score_whatever_the_type_of_grading(canvas: Site) -> None:
    task = with_rubric(canvas, work(canvas.teacher, grading_type="pass_fail"))
    assert assess(canvas.teacher, task, 4, user_id=str(ADA)).status_code == 200
    body = canvas.teacher.get(at(task)).json()
    assert (body["score"], body["grade"]) == (4.0, "complete")


def test_whoever_is_asked_for_a_review_may_assess_and_is_done_with_it(canvas: Site) -> None:
    task = with_rubric(canvas, work(canvas.teacher, peer_reviews=True))
    assert assess(canvas.student, task, 3, "peer_review", user_id=str(GRACE)).status_code == 403
    theirs = canvas.teacher.get(at(task, user=GRACE)).json()["id"]
    path = f"assignments/{task['id']}/submissions/{theirs}/peer_reviews"
    assert made(canvas.teacher, path, user_id=ADA)["workflow_state"] == "assigned"
    assert assess(canvas.student, task, 3, "peer_review", user_id=str(GRACE)).status_code == 200
    (review,) = canvas.teacher.get(f"{COURSE}/{path}").json()
    assert review["workflow_state"] == "completed"
    assert canvas.teacher.get(at(task, user=GRACE)).json()["score"] is None, "reviewers give no grades"
    assert assess(canvas.student, task, 2, "peer_review", user_id=str(GRACE)).status_code == 403


def test_whose_work_is_assessed(canvas: Site) -> None:
    task = with_rubric(canvas, work(canvas.teacher))
    nameless = canvas.admin.get(at(task)).json()["anonymous_id"]
    assert assess(canvas.teacher, task, 3, anonymous_id=nameless).status_code == 200
    assert canvas.teacher.get(at(task)).json()["score"] == 3.0
    assert assess(canvas.teacher, task, 3, anonymous_id="xxxxx").status_code == 404
    assert assess(canvas.teacher, task, 3, user_id="999999").status_code == 500
    assert assess(canvas.teacher, task, 3, None, user_id=str(ADA)).status_code == 500


def test_work_said_in_a_discussion_lists_what_was_said_there(canvas: Site) -> None:
    sent = {"title": "T", "message": "m", "published": True, "assignment": {"points_possible": 5}}
    topic = made(canvas.teacher, "discussion_topics", **sent)
    task = {"id": topic["assignment_id"]}
    assert canvas.teacher.get(at(task)).json()["discussion_entries"] == []
    assert made(canvas.student, f"discussion_topics/{topic['id']}/entries", message="Mine")["id"]
    entries = canvas.teacher.get(at(task)).json()["discussion_entries"]
    assert [entry["message"] for entry in entries] == ["Mine"]


def test_reviews_are_between_current_students(canvas: Site) -> None:
    task = work(canvas.teacher, peer_reviews=True)
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"user_id": GRACE}).json()
    theirs = canvas.teacher.get(at(task, user=GRACE)).json()["id"]
    mine = canvas.teacher.get(at(task)).json()["id"]
    path = f"{COURSE}/assignments/{task['id']}/submissions"
    for row in rows:
        ended = canvas.admin.delete(f"{COURSE}/enrollments/{row['id']}", params={"task": "inactivate"})
        assert ended.status_code == 200
    assert canvas.teacher.post(f"{path}/{mine}/peer_reviews", json={"user_id": GRACE}).status_code == 404
    assert canvas.teacher.post(f"{path}/{theirs}/peer_reviews", json={"user_id": ADA}).status_code == 404
    for row in rows:
        assert canvas.admin.put(f"{COURSE}/enrollments/{row['id']}/reactivate").status_code == 200
    assert canvas.teacher.post(f"{path}/{theirs}/peer_reviews", json={"user_id": ADA}).status_code == 200


def test_work_on_paper_is_reviewed_without_work_of_ones_own(canvas: Site) -> None:
    for kind, answer in (("online_text_entry", 403), ("on_paper", 200)):
        task = work(canvas.teacher, peer_reviews=True, submission_types=[kind])
        theirs = canvas.teacher.get(at(task, user=GRACE)).json()["id"]
        path = f"assignments/{task['id']}/submissions/{theirs}/peer_reviews"
        assert made(canvas.teacher, path, user_id=ADA)["workflow_state"] == "assigned"
        assert canvas.student.get(at(task, user=GRACE)).status_code == answer


def test_the_points_of_a_rubric_are_those_of_the_assignment_with_all_that_follows(canvas: Site) -> None:
    task = work(canvas.teacher, grading_type="percent")
    assert grade(canvas.teacher, task, "50%")["score"] == 5.0
    own = canvas.teacher.get(at(task)).json()["grader_id"]
    with_rubric(canvas, task)
    assert canvas.teacher.get(f"{COURSE}/assignments/{task['id']}").json()["points_possible"] == 5.0
    found = canvas.teacher.get(at(task)).json()
    assert (found["score"], found["grade"], found["grader_id"]) == (5.0, "100%", own)


def test_an_assignment_is_graded_with_one_rubric(canvas: Site) -> None:
    """Another one for grading replaces the first, whose assessments stay; one for another purpose does not."""
    task = with_rubric(canvas, work(canvas.teacher))
    assert assess(canvas.teacher, task, 3, user_id=str(ADA)).status_code == 200
    given = canvas.lms.dump()["canvas"]["rubric_assessments"][-1]
    same = {"rubric_id": given["rubric_id"], "association_id": task["id"], "association_type": "Assignment"}

    def link(**fields: object) -> int:
        answer = made(canvas.teacher, "rubric_associations", rubric_association={**same, **fields})
        return int(answer["rubric_association"]["id"])

    assert link(purpose="grading", use_for_grading=True) == task["association"], "the same rubric keeps its own"
    other = link(purpose="bookmark")
    assert associated(canvas.teacher, task)["rubric_association"]["id"] > other
    rows = canvas.lms.dump()["canvas"]
    kept = [row["id"] for row in rows["rubric_associations"] if row["association_id"] == task["id"]]
    assert task["association"] not in kept
    (stays,) = [row for row in rows["rubric_assessments"] if row["id"] == given["id"]]
    assert (stays.get("rubric_association_id"), stays["score"]) == (None, 3.0)
    assert canvas.teacher.get(at(task)).json()["score"] == 3.0
    shown = {"include[]": "assessments", "style": "full"}
    assert canvas.teacher.get(f"{COURSE}/rubrics/{given['rubric_id']}", params=shown).status_code == 200


def test_a_change_of_a_rubric_changes_its_association_with_the_same_assignment(canvas: Site) -> None:
    task, other = work(canvas.teacher), work(canvas.teacher)
    answer = associated(canvas.teacher, task)

    def linked(to: Body, name: str = "T") -> Body:
        link = {"association_id": to["id"], "association_type": "Assignment", "purpose": "bookmark", "title": name}
        sent = {"rubric": {"title": "R"}, "rubric_association": link}
        changed = canvas.teacher.put(f"{COURSE}/rubrics/{answer['rubric']['id']}", json=sent).json()
        found: Body = changed["rubric_association"]
        return found

    first = answer["rubric_association"]["id"]
    changed = linked(task, "New")
    assert (changed["id"], changed["title"], changed["purpose"]) == (first, "New", "bookmark")
    assert linked(other)["id"] > first


def test_a_rubric_that_is_made_with_the_id_of_another_changes_that_one(canvas: Site) -> None:
    teacher, path = canvas.teacher, "/api/v1/courses/1/rubrics"
    first = teacher.post(path, json={"rubric": {"title": "Essay"}}).json()["rubric"]["id"]
    again = teacher.post(path, json={"id": first, "rubric": {"title": "Report"}}).json()["rubric"]
    assert (again["id"], again["title"]) == (first, "Report")
    assert [rubric["title"] for rubric in teacher.get(path).json() if rubric["id"] == first] == ["Report"]
    other = teacher.post(path, json={"id": 999, "rubric": {"title": "Talk"}}).json()["rubric"]
    assert other["id"] not in (first, 999), "an id that no rubric of the course has is ignored"
