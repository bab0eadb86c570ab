"""The order in which Canvas looks up records and checks rights, for everything with grades."""

from __future__ import annotations

import re
from typing import Any

import httpx

from contract_tests.canvas.grading import ADA, COURSE, GRACE, emptied, grade, made, rubric, scores, work
from contract_tests.canvas.support import Site


def test_lists_of_assignments_ask_about_the_page_and_the_person(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    tasks = [work(teacher, name=f"Task {number}", due_at=f"2030-01-{20 - number}T10:00:00Z") for number in (1, 2, 10)]
    ids = [task["id"] for task in tasks]
    path = f"{COURSE}/assignments"
    rows = teacher.get(path, params={"assignment_ids[]": ids, "order_by": "name"}).json()
    assert [row["name"] for row in rows] == ["Task 1", "Task 2", "Task 10"]
    rows = teacher.get(path, params={"assignment_ids[]": ids, "order_by": "due_at"}).json()
    assert [row["id"] for row in rows] == ids[::-1]
    cut = teacher.get(path, params={"assignment_ids[]": ids, "per_page": 2})
    assert (cut.status_code, cut.json()) == (400, {"message": f"Invalid assignment_ids: {ids[2]}"})
    shown = teacher.get(f"{path}/{ids[0]}", params={"include[]": ["all_dates", "submission", "observed_users"]}).json()
    assert "all_dates" not in shown
    assert shown["submission"] == []
    assert "all_dates" in teacher.get(f"{path}/{ids[0]}", params={"all_dates": "true"}).json()
    as_student = f"/api/v1/users/{ADA}/courses/1/assignments"
    assert "submission" not in teacher.get(as_student, params={"include[]": "submission"}).json()[0]
    assert "submission" in student.get(as_student, params={"include[]": "submission"}).json()[0]
    assert teacher.get("/api/v1/users/self/courses/1/assignments").status_code == 200
    groups = {"include[]": ["assignments", "discussion_topic"], "exclude_response_fields[]": "in_closed_grading_period"}
    group = teacher.get(f"{COURSE}/assignment_groups", params=groups).json()[0]
    assert "any_assignment_in_closed_grading_period" not in group
    buckets = {
        name: teacher.get(path, params={"bucket": name, "assignment_ids[]": ids[0]}) for name in ("past", "future")
    }
    assert {name: answer.status_code for name, answer in buckets.items()} == {"past": 400, "future": 200}


def test_who_may_not_grade_is_refused_before_the_assignment_is_looked_for(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    for path in ("submissions", "gradeable_students", "submission_summary"):
        assert teacher.get(f"{COURSE}/assignments/9999999/{path}").status_code == 404
        assert student.get(f"{COURSE}/assignments/9999999/{path}").status_code in (401, 403)
    path = f"{COURSE}/students/submissions"
    assert teacher.get(path, params={"student_ids[]": ADA, "enrollment_state": "odd"}).status_code == 400
    assert teacher.get(path, params={"student_ids[]": ADA, "enrollment_state": "concluded"}).json() == []
    assert teacher.get(path, params={"student_ids[]": ADA, "grouped": ""}).json()[0]["user_id"] == ADA
    assert "submissions" in teacher.get(path, params={"student_ids[]": ADA, "grouped": "no"}).json()[0]


def test_rubrics_reviews_and_quizzes_are_looked_up_before_permissions(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher, peer_reviews=True)
    marked = rubric(teacher, task)
    at = f"{COURSE}/rubrics/{marked['id']}"
    texts = {
        "style=odd": "style",
        "include[]=odd": "include",
        "style=full": "style",
        "include[]=assessments&include[]=peer_assessments": "include",
    }
    for query, field in texts.items():
        answer = teacher.get(f"{at}?{query}")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert teacher.get(f"{at}?style=full&include[]=assessments").status_code == 200
    (link,) = teacher.get(f"{at}?include[]=associations").json()["associations"]
    assessments = f"{COURSE}/rubric_associations/{link['id']}/rubric_assessments"
    assert student.post(assessments, json={}).status_code == 500
    assert student.delete(f"{assessments}/9999999").status_code == 404
    reviews = f"{COURSE}/assignments/{task['id']}/submissions/9999999/peer_reviews"
    assert (teacher.get(reviews).json(), student.post(reviews, json={"user_id": ADA}).status_code) == ([], 404)
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    questions = f"{COURSE}/quizzes/{quiz['id']}/questions"
    asked = {"question_text": "?", "question_type": "short_answer_question", "answers": [{"text": "x", "weight": 100}]}
    made(teacher, f"quizzes/{quiz['id']}/questions", question=asked)
    assert teacher.post(questions, json={"question": {"quiz_group_id": 9999999}}).status_code == 404
    extensions = f"{COURSE}/quizzes/{quiz['id']}/extensions"
    assert student.post(extensions, json={}).status_code == 400
    assert student.post(extensions, json={"quiz_extensions": [{"user_id": ADA}]}).status_code == 403
    assert teacher.post(extensions, json={"quiz_extensions": [{"user_id": ADA}]}).status_code == 200
    assert teacher.put(f"{COURSE}/quizzes/{quiz['id']}", json={"quiz": {"published": True}}).status_code == 200
    assert student.get(f"{questions}/9999999").status_code == 404
    assert student.get(questions).status_code in (401, 403)
    turn = student.post(f"{COURSE}/quizzes/{quiz['id']}/submissions").json()["quiz_submissions"][0]
    mine = {"quiz_submission_id": turn["id"], "quiz_submission_attempt": 1}
    (shown,) = student.get(questions, params=mine).json()
    assert "answers" not in shown
    assert shown["question_text"] == "?"
    assert teacher.get(questions, params=mine).json()[0]["answers"]
    assert student.get(questions, params={**mine, "quiz_submission_attempt": 7}).status_code == 404
    teacher.put(f"{COURSE}/quizzes/{quiz['id']}", json={"quiz": {"hide_results": "always"}})
    assert student.get(questions, params=mine).json()["message"] == "Cannot view questions due to quiz settings"


def test_a_deduction_stays_when_the_course_stops_deducting(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    emptied(teacher)
    path = f"{COURSE}/late_policy"
    rule = {"late_submission_deduction_enabled": True, "late_submission_deduction": 10}
    assert teacher.post(path, json={"late_policy": rule}).status_code == 201
    tasks = [work(teacher, due_at="2020-01-01T10:00:00Z", name=name) for name in ("A", "B")]
    for task in tasks:
        sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
        assert student.post(f"{COURSE}/assignments/{task['id']}/submissions", json=sent).status_code == 201
    assert grade(teacher, tasks[0], "8")["score"] == 0
    assert teacher.patch(path, json={"late_policy": {"late_submission_deduction_enabled": False}}).status_code == 204
    kept = teacher.get(f"{COURSE}/assignments/{tasks[0]['id']}/submissions/{ADA}").json()
    assert (kept["score"], kept["points_deducted"], kept["entered_score"]) == (0, 8, 8)
    assert grade(teacher, tasks[1], "8")["score"] == grade(teacher, tasks[0], "8.5")["entered_score"] - 0.5 == 8
    assert teacher.get(f"{COURSE}/assignments/{tasks[0]['id']}/submissions/{ADA}").json()["score"] == 8.5


def test_the_order_of_checks_of_columns_and_audits(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/custom_gradebook_columns"
    assert student.post(path, json={}).status_code == 400
    assert student.delete(f"{path}/9999999").status_code == 404
    column = made(teacher, "custom_gradebook_columns", column={"title": "T", "hidden": True})
    data = f"{path}/{column['id']}/data"
    assert student.put(f"{path}/{column['id']}", json={"column": {"title": "x"}}).status_code in (401, 403)
    assert [teacher.get(data, params=p).status_code for p in ({}, {"include_hidden": "true"})] == [404, 200]
    task = work(teacher)
    grade(teacher, task, "5")
    audit = "/api/v1/audit/grade_change"
    assert len(teacher.get(audit, params={"course_id": 1, "assignment_id": task["id"]}).json()["events"]) == 1
    assert teacher.get(audit, params={"assignment_id": task["id"]}).status_code in (401, 403)
    assert teacher.get(f"{audit}/courses/9999999").status_code in (401, 403)
    assert teacher.get(f"{audit}/courses/1/assignments/9999999").status_code == 404
    assert teacher.get(f"{audit}/assignments/9999999").status_code in (401, 403)
    assert canvas.admin.get(f"{audit}/assignments/9999999").status_code == 404
    feed = teacher.get(f"{COURSE}/gradebook_history/feed", params={"user_id": ADA, "per_page": 5})
    assert "feed?course_id=1&format=json&user_id=101&user_id=101&page=1&per_page=5" in feed.headers["link"]
    for name, value, status in (("user_id", "", 404), ("assignment_id", "", 404), ("user_id", str(ADA), 200)):
        assert teacher.get(f"{COURSE}/gradebook_history/feed", params={name: value}).status_code == status


def test_more_attempts_are_for_online_work_and_not_negative(canvas: Site) -> None:
    teacher = canvas.teacher
    for kinds, more, status in ((["on_paper"], 1, 400), (["online_url"], -1, 400), (["online_url"], 2, 200)):
        path = f"{COURSE}/assignments/{work(teacher, submission_types=kinds)['id']}/extensions"
        answer = teacher.post(path, json={"assignment_extensions": [{"user_id": ADA, "extra_attempts": more}]})
        assert answer.status_code == status
        assert ("errors" in answer.json()) == (status == 400)


def test_results_of_outcomes_are_refused_in_order(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/outcome_rollups"
    hidden = student.get(path, params={"aggregate": "odd"})
    assert (hidden.status_code, hidden.json()["message"]) == (403, "users not specified and no access to all grades")
    assert student.get(path, params={"user_ids[]": ADA}).status_code == 200
    wrong = {
        "aggregate=odd&sort_by=odd": "invalid aggregate parameter value",
        "sort_by=odd&include[]=odd": "invalid sort_by parameter value",
        "sort_by=outcome&sort_outcome_id=x": "invalid sort_outcome_id parameter value",
        "include[]=odd&outcome_ids[]=9999999": "invalid include: odd",
        "include[]=users&aggregate=course": "can't include users unless aggregate is not set",
        "outcome_ids[]=9999999&user_ids[]=9999999": "can only include id's of outcomes in the outcome context",
        f"user_ids[]={ADA}&section_id=1": "cannot specify both user_ids and section_id",
        "section_id=9999999": "invalid section id",
    }
    for query, text in wrong.items():
        answer = teacher.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["message"]) == (400, text)


def test_gradebook_history_counts_submissions_and_lists_score_changes(canvas: Site) -> None:
    teacher = canvas.teacher
    emptied(teacher)
    tasks = [work(teacher, name=name) for name in "AB"]
    for task in tasks:
        for user in (ADA, 102):
            grade(teacher, task, 1, user=user)
    for score in (1, 3, None, "odd", 2):
        grade(teacher, tasks[0], score)
    today = teacher.get(f"{COURSE}/assignments/{tasks[0]['id']}/submissions/{ADA}").json()["graded_at"][:10]
    path = f"{COURSE}/gradebook_history"
    page = teacher.get(f"{path}/days", params={"per_page": 1})
    assert "page=4" in page.headers["link"]
    (shown,) = page.json()
    (grader,) = shown["graders"]
    assert (shown["date"], [assignment["name"] for assignment in grader["assignments"]]) == (today, ["A"])
    assert len(teacher.get(f"{path}/{today}").json()[0]["assignments"]) == 2
    of = f"{path}/{today}/graders/{grader['id']}/assignments/{tasks[0]['id']}/submissions"
    first, second = sorted(teacher.get(of).json(), key=lambda row: row["versions"][0]["user_id"])
    assert [(row["previous_grade"], row["new_grade"]) for row in first["versions"]] == [
        ("3", "2"),
        ("1", "3"),
        (None, "1"),
    ]
    assert len(second["versions"]) == 1
    assert teacher.get(of.replace(f"graders/{grader['id']}", "graders/0")).json() == []
    for odd, status in ((f"{today}T00:00", 500), ("2020-1-5", 200)):
        assert teacher.get(f"{path}/{odd}").status_code == status
    assert teacher.get(of.replace(f"assignments/{tasks[0]['id']}", "assignments/9999999")).status_code == 404


def test_scores_that_count_touch_records_or_are_not_numbers(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    emptied(teacher)
    task = work(teacher)
    other = {"name": "N", "points_possible": 10, "published": True, "submission_types": ["online_text_entry"]}
    made(teacher, "assignments", assignment={**other, "grading_type": "not_graded"})
    grade(teacher, task, 10)
    assert scores(teacher)["final_score"] == 50, "it is not to be graded, but work is handed in"
    made(teacher, "assignments", assignment={**other, "submission_types": ["not_graded"]})
    assert scores(teacher)["final_score"] == 50
    canvas.lms.call("POST", "/clock", {"advance": 60})
    files = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}/comments/files"
    assert student.post(files, json={"name": "a.txt"}).status_code == 200
    assert teacher.get(f"{COURSE}/assignments/{task['id']}").json()["updated_at"] > task["updated_at"]
    wrong = {"late_submission_deduction": "", "missing_submission_deduction": "x", "late_submission_interval": ""}
    found = teacher.post(f"{COURSE}/late_policy", json={"late_policy": wrong}).json()["errors"]
    assert {name: [row["type"] for row in rows] for name, rows in found.items()} == {
        "late_submission_deduction": ["blank", "not_a_number"],
        "missing_submission_deduction": ["not_a_number"],
        "late_submission_interval": ["blank", "inclusion"],
    }
    teacher.put(f"{COURSE}/assignments/{task['id']}", json={"assignment": {"published": False}})
    part = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}/read/grade"
    assert student.put(part).status_code in (401, 403)


def test_who_gives_provisional_grades_and_who_sees_them(canvas: Site) -> None:
    """As many graders as the assignment allows; each sees their own grades, and the moderator sees all."""
    fields = {"moderated_grading": True, "grader_count": 1, "final_grader_id": 103, "points_possible": 10}
    task = work(canvas.admin, submission_types=["online_text_entry"], **fields)
    place = f"{COURSE}/assignments/{task['id']}"
    status = f"{place}/provisional_grades/status"

    def needed(who: httpx.Client) -> Any:
        return who.get(status, params={"student_id": ADA}).json()["needs_provisional_grade"]

    assert canvas.student.get(status, params={"student_id": 99999}).status_code == 404, "before any right is asked for"
    assert canvas.student.get(status, params={"student_id": ADA}).status_code in (401, 403)
    assert canvas.teacher.get(status).json()["errors"] == [{"message": "student_id is missing"}]
    assert (needed(canvas.teacher), needed(canvas.admin)) == (True, True)
    sent = {"submission": {"posted_grade": "7", "provisional": True}, "comment": {"text_comment": "Good"}}
    assert canvas.admin.put(f"{place}/submissions/{ADA}", json=sent).is_success
    assert (needed(canvas.teacher), needed(canvas.admin)) == (True, True), "the final grader, and who has a place"
    asked = {"student_id": ADA, "last_updated_at": "2020-01-01T00:00:00Z"}
    (provisional,) = canvas.teacher.get(status, params=asked).json()["provisional_grades"]
    assert (provisional["readonly"], provisional["selected"], provisional["submission_comments"][0]["comment"]) == (
        True,
        False,
        "Good",
    )
    assert canvas.teacher.put(f"{place}/provisional_grades/bulk_select").status_code == 500


def test_a_comment_alone_joins_the_moderation(canvas: Site) -> None:
    fields = {"moderated_grading": True, "grader_count": 1, "final_grader_id": 103, "points_possible": 10}
    place = f"{COURSE}/assignments/{work(canvas.admin, **fields)['id']}/submissions/{ADA}"
    sent: dict[str, Any] = {"submission": {"provisional": True}, "comment": {"text_comment": "Look again"}}
    answer = canvas.admin.put(place, json=sent).json()
    (row,) = answer["provisional_grades"]
    assert (row["score"], row["grade"], row["graded_at"]) == (None, None, None)
    assert [comment["comment"] for comment in row["submission_comments"]] == ["Look again"]
    assert answer["submission_comments"] == []
    graded = canvas.admin.put(place, json={"submission": {"provisional": True, "posted_grade": "7"}}).json()
    assert [(item["provisional_grade_id"], item["score"]) for item in graded["provisional_grades"]] == [
        (row["provisional_grade_id"], 7)
    ]
    plain = canvas.admin.put(place, json={"comment": {"text_comment": "For all"}}).json()
    assert "provisional_grades" not in plain
    assert [comment["comment"] for comment in plain["submission_comments"]] == ["For all"]


def test_effective_due_dates_are_of_assignments_that_somebody_has(canvas: Site) -> None:
    path = f"{COURSE}/effective_due_dates"
    hidden, shown = (str(work(canvas.teacher, only_visible_to_overrides=value)["id"]) for value in (True, False))
    every = canvas.teacher.get(path).json()
    assert (hidden in every, shown in every) == (False, True)
    assert set(canvas.teacher.get(path, params={"assignment_ids[]": [hidden, shown]}).json()) == {shown}
    assert canvas.teacher.get(path, params={"assignment_ids": shown}).json() == every, "Canvas permits only a list"


def test_due_dates_that_lists_are_sorted_by(canvas: Site) -> None:
    """The latest of all for teachers, their own for students, and none for observers, who submit nothing."""
    early, late = (
        work(canvas.teacher, name=name, due_at=f"2030-0{number}-01T00:00:00Z")
        for number, name in ((1, "Early"), (2, "Late"))
    )
    sent = {"student_ids": [GRACE], "due_at": "2030-03-01T00:00:00Z"}
    path = f"{COURSE}/assignments/{early['id']}/overrides"
    canvas.teacher.post(path, json={"assignment_override": sent})

    def listed(who: httpx.Client) -> list[int]:
        asked = {"order_by": "due_at", "per_page": 50}
        rows = who.get(f"{COURSE}/assignments", params=asked).json()
        return [item["id"] for item in rows if item["id"] in (early["id"], late["id"])]

    assert listed(canvas.teacher) == [late["id"], early["id"]]
    assert listed(canvas.student) == [early["id"], late["id"]]
    (row,) = [
        e for e in canvas.teacher.get(f"{COURSE}/enrollments").json() if (e["user_id"], e["type"][:3]) == (ADA, "Stu")
    ]
    canvas.admin.delete(f"{COURSE}/enrollments/{row['id']}", params={"task": "delete"})
    sent = {"user_id": ADA, "type": "ObserverEnrollment", "enrollment_state": "active"}
    canvas.admin.post(f"{COURSE}/enrollments", json={"enrollment": sent})
    assert listed(canvas.student) == []
    assert canvas.student.get(f"{COURSE}/assignments", params={"per_page": 50}).json() != []


def test_rubrics_are_found_by_what_they_are_for(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/rubrics"
    lonely = teacher.post(path, json={"rubric": {"title": "Lonely", "criteria": {}}}).json()["rubric"]["id"]
    assert lonely in [item["id"] for item in teacher.get(path).json()]
    assert teacher.get(f"{path}/{lonely}").json() == {"message": "Rubric not found"}
    assert [who.delete(f"{path}/{lonely}").status_code for who in (student, teacher)] == [500, 500]
    task = work(teacher)
    link = {"rubric_id": lonely, "association_id": task["id"], "association_type": "Assignment", "purpose": "grading"}
    uses = f"{COURSE}/rubric_associations"
    assert student.post(uses, json={"rubric_association": {"rubric_id": 999}}).status_code == 404
    assert student.post(uses, json={"rubric_association": link}).status_code == 403
    use = teacher.post(uses, json={"rubric_association": link}).json()["rubric_association"]["id"]
    assert teacher.get(f"{path}/{lonely}").json()["id"] == lonely
    assert student.delete(f"{path}/{lonely}").status_code == 403
    assert teacher.delete(f"{uses}/{use}").status_code == 200
    assert teacher.get(f"{path}/{lonely}").status_code == 404, "nothing kept it any more"
    assert lonely not in [item["id"] for item in teacher.get(path).json()]


def test_the_audit_of_grades_keeps_names_hidden(canvas: Site) -> None:
    teacher, log = canvas.teacher, "/api/v1/audit/grade_change/courses/1"
    plain, nameless = work(teacher, points_possible=10), work(teacher, anonymous_grading=True, points_possible=10)
    canvas.switch_on("anonymous_marking")
    teacher.put(f"{COURSE}/assignments/{nameless['id']}", json={"assignment": {"anonymous_grading": True}})
    for task in (plain, nameless):
        grade(teacher, task, 4)
        grade(teacher, task, 5)
    events = teacher.get(log, params={"include[]": "current_grade"}).json()["events"]
    grades = {(event["links"]["assignment"], event["links"]["student"], event["grade_current"]) for event in events}
    assert grades == {(plain["id"], str(ADA), "5"), (nameless["id"], None, "5")}
    of_ada = teacher.get(f"{log}/students/{ADA}").json()["events"]
    assert {item["links"]["assignment"] for item in of_ada} == {plain["id"]}
    assert "grade_current" not in of_ada[0]
    assert teacher.get(f"{log}/assignments/override").json()["events"] == []


def test_graders_whose_names_the_final_grader_does_not_see(canvas: Site) -> None:
    """Five characters replace each name, the same in all of that grader's grades and comments; administrators see
    names."""
    fields = {"moderated_grading": True, "grader_count": 1, "final_grader_id": 103, "points_possible": 10}
    asked = {"last_updated_at": "2020-01-01T00:00:00Z"}
    for hidden in (True, False):
        task = work(canvas.admin, grader_names_visible_to_final_grader=not hidden, **fields)
        place = f"{COURSE}/assignments/{task['id']}"
        sent = {"submission": {"posted_grade": "7", "provisional": True}, "comment": {"text_comment": "Good"}}
        for person in (ADA, GRACE):
            assert canvas.admin.put(f"{place}/submissions/{person}", json=sent).is_success
        seen = [
            canvas.teacher.get(f"{place}/provisional_grades/status", params={**asked, "student_id": person}).json()
            for person in (ADA, GRACE)
        ]
        grades = [item["provisional_grades"][0] for item in seen]
        names = {item.get("anonymous_grader_id") for item in grades}
        comments = [item["submission_comments"][0] for item in grades]
        parts = ("scorer_id" in grades[0], "scorer_name" in grades[0], "rubric_assessments" in grades[0])
        assert parts == (not hidden,) * 3
        assert ("author_id" in comments[0], "author_name" in comments[0]) == (not hidden,) * 2
        assert len(names) == 1
        assert {comment.get("anonymous_id") for comment in comments} == names
        assert (re.fullmatch("[A-Za-z0-9]{5}", str(names.pop())) is not None) is hidden
        own = canvas.admin.get(f"{place}/provisional_grades/status", params={**asked, "student_id": ADA}).json()
        assert own["provisional_grades"][0]["scorer_name"]


def test_points_that_a_rubric_hides(canvas: Site) -> None:
    """A form that says `1` also stops them from grading; a change of the association alone does not accept it."""
    teacher = canvas.teacher
    rubric(teacher, task := work(teacher))
    (known,) = [item for item in teacher.get(f"{COURSE}/rubrics").json() if item["title"] == "R"]
    path = f"{COURSE}/rubrics/{known['id']}"
    (use,) = teacher.get(path, params={"include": "associations"}).json()["associations"]

    named = f"{path}?rubric_association_id={use['id']}"

    def change(address: str, **fields: str) -> tuple[object, ...]:
        sent = {f"rubric_association[{name}]": value for name, value in fields.items()}
        sent |= {"rubric[title]": "R"} if address == named else {}
        answer = teacher.put(address, data=sent).json()["rubric_association"]
        return tuple(answer[name] for name in ("hide_points", "hide_outcome_results", "use_for_grading"))

    alone = f"{COURSE}/rubric_associations/{use['id']}"
    assert change(alone, hide_points="1", hide_outcome_results="1") == (False, False, True)
    assert {warning.name for warning in canvas.lms.requests.last.warnings} == {
        "rubric_association[hide_points]",
        "rubric_association[hide_outcome_results]",
    }
    wanted = {"association_id": str(task["id"]), "association_type": "Assignment"}
    assert change(named, hide_points="true", hide_outcome_results="1", **wanted) == (True, True, True)
    assert change(named, hide_points="1", use_for_grading="1", **wanted) == (True, True, False)


def test_where_canvas_is_strict_a_time_is_iso_8601_to_the_second(canvas: Site) -> None:
    base = work(canvas.teacher)
    path, listed = f"{COURSE}/assignments/{base['id']}", f"{COURSE}/students/submissions"
    news = {"context_codes[]": "course_1"}
    for text, fits in (
        ("2030-01-01T10:00:00Z", True),
        ("2030-01-01T10:00:00.5+02:00", True),
        ("2030-01-01T10:00:00", True),
        ("2030-01-01T10:00Z", False),
        ("2030-01-01 10:00:00", False),
        ("2030-01-01t10:00:00z", False),
        ("2030-01-01T10:00:00+0200", False),
        ("Tue, 1 Jan 2030 10:00:00", False),
    ):
        for name in ("due_at", "unlock_at", "lock_at", "peer_reviews_assign_at"):
            answer = canvas.teacher.put(path, json={"assignment": {name: text}})
            assert (answer.status_code == 200) == fits, (name, text, answer.text)
            canvas.teacher.put(path, json={"assignment": {name: ""}})
        for name in ("submitted_since", "graded_since"):
            assert (canvas.student.get(listed, params={name: text}).status_code == 200) == fits, (name, text)
        found = canvas.student.get("/api/v1/announcements", params=news | {"start_date": text})
        assert (found.status_code == 200) == fits, text
    for day in ("2030-01-01", "2030/01/01"):
        found = canvas.student.get("/api/v1/announcements", params=news | {"start_date": day})
        assert found.status_code == 200
        assert canvas.student.get(listed, params={"submitted_since": day}).status_code == 400


def test_submissions_in_one_of_several_states(canvas: Site) -> None:
    base, listed = work(canvas.teacher), f"{COURSE}/students/submissions"
    grade(canvas.teacher, base, 3)

    def users(*states: str) -> list[int]:
        query = {"student_ids[]": "all", "assignment_ids[]": base["id"], "workflow_state[]": list(states)}
        return [item["user_id"] for item in canvas.teacher.get(listed, params=query).json()]

    assert users("graded") == [ADA]
    assert users("pending_review") == []
    assert set(users("graded", "unsubmitted")) > {ADA}


def test_assignment_ids_come_as_a_list(canvas: Site) -> None:
    task, path = work(canvas.teacher)["id"], f"{COURSE}/assignments"
    assert [a["id"] for a in canvas.teacher.get(path, params={"assignment_ids[]": task}).json()] == [task]
    assert canvas.teacher.get(path, params={"assignment_ids": "10101"}).status_code == 500
    assert canvas.teacher.get(path, params={"assignment_ids": ""}).json() == []
    assert canvas.teacher.get(path, params={"assignment_ids": "1" * 101}).status_code == 400
