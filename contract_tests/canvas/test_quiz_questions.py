"""Questions of Canvas's classic quizzes: what Canvas reads of them, and of students' answers, by type."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from contract_tests.canvas.grading import COURSE, made
from contract_tests.canvas.support import Site


class Asking:
    """A quiz with questions, and a student's attempt at it."""

    def __init__(self, canvas: Site, **quiz: object) -> None:
        self.canvas = canvas
        self.path = f"{COURSE}/quizzes/{made(canvas.teacher, 'quizzes', quiz={'title': 'Q', **quiz})['id']}"
        self.turn: dict[str, Any] = {}

    def post(self, kind: str, **fields: object) -> httpx.Response:
        question = {"question_type": f"{kind}_question", **fields}
        return self.canvas.teacher.post(f"{self.path}/questions", json={"question": question})

    def add(self, kind: str, *answers: dict[str, object], **fields: object) -> Any:
        answer = self.post(kind, answers=list(answers), **fields)
        assert answer.status_code == 200
        return answer.json()

    def change(self, question: Any, **fields: object) -> Any:
        answer = self.canvas.teacher.put(f"{self.path}/questions/{question['id']}", json={"question": fields})
        assert answer.status_code == 200
        return answer.json()

    def start(self) -> None:
        self.canvas.teacher.put(self.path, json={"quiz": {"published": True}})
        (self.turn,) = self.canvas.student.post(f"{self.path}/submissions").json()["quiz_submissions"]

    @property
    def token(self) -> dict[str, Any]:
        return {"attempt": self.turn["attempt"], "validation_token": self.turn["validation_token"]}

    def answered(self, question: Any, answer: object) -> Any:
        """The answer as Canvas keeps it, or why it refuses."""
        sent = {**self.token, "quiz_questions": [{"id": question["id"], "answer": answer}]}
        got = self.canvas.student.post(f"/api/v1/quiz_submissions/{self.turn['id']}/questions", json=sent)
        if got.status_code != 200:
            assert got.status_code == 400
            return got.json()["message"]
        return got.json()["quiz_submission_questions"][0]["answer"]

    def graded(self) -> dict[int, Any]:
        done = self.canvas.student.post(f"{self.path}/submissions/{self.turn['id']}/complete", json=self.token)
        assert done.status_code == 200
        rows = self.canvas.student.get(f"/api/v1/quiz_submissions/{self.turn['id']}/questions").json()
        return {row["id"]: row["correct"] for row in rows["quiz_submission_questions"]}


def weights(question: Any) -> list[float]:
    return [answer["weight"] for answer in question["answers"]]


def test_some_answer_is_always_right(canvas: Site) -> None:
    asking = Asking(canvas)
    ab: tuple[dict[str, object], ...] = ({"answer_text": "a"}, {"answer_text": "b"})
    assert weights(asking.add("multiple_choice", *ab)) == [100, 0]
    assert weights(asking.add("multiple_answers", *ab)) == [100, 0]
    assert weights(asking.add("multiple_answers", ab[0], {**ab[1], "answer_weight": 100})) == [0, 100]
    assert weights(asking.add("true_false", *ab)) == [0, 0]
    assert weights(asking.add("short_answer", *ab, {"answer_text": ""})) == [100, 100]
    dropped = asking.add(
        "multiple_dropdowns",
        {"answer_text": "a", "blank_id": "x", "weight": 0},
        {"answer_text": "b", "blank_id": "x", "weight": 100},
        {"answer_text": "c", "blank_id": "y"},
        {"answer_text": "d", "blank_id": "y", "answer_weight": 100},
    )
    assert weights(dropped) == [100, 0, 0, 100]


def test_answers_keep_what_their_type_reads(canvas: Site) -> None:
    asking = Asking(canvas)
    html = {"answer_html": "<b>a</b><script>x</script>", "html": "<i>b</i>"}
    (answer,) = asking.add("multiple_choice", {"id": "17", **html})["answers"]
    assert (answer["id"], answer["html"]) == (17, "<b>a</b>")
    first, second = asking.add("multiple_answers", {"id": 17, **html}, {"id": 17, "html": "<i>b</i>"})["answers"]
    assert (first["id"], first["html"], "html" in second) == (17, "<b>a</b>", False)
    assert second["id"] not in (0, 17)
    (span,) = asking.add("numerical", {"answer_range_start": 6, "answer_range_end": "5x", "answer_exact": 3})["answers"]
    assert (span["numerical_answer_type"], span["start"], span["end"]) == ("range_answer", 6.0, 5.0)
    assert asking.add("essay", {"text": "x", "answer_comments": "c"})["answers"] == [
        {"text": "x", "answer_comments": "c"}
    ]
    question = asking.add("essay", text_after_answers="z", correct_comments="well")["assessment_question"]
    assert question["question_data"]["text_after_answers"] == ""
    assert asking.add("text_only", points_possible=5)["points_possible"] == 0


def test_matches_are_one_for_each_text(canvas: Site) -> None:
    pairs = ({"answer_match_left": "Lyon", "answer_match_right": "France", "answer_match_left_html": "<b>L</b>"},)
    question = Asking(canvas).add(
        "matching",
        *pairs,
        {"answer_match_left": "Nice", "answer_match_right": "France", "match_id": 7},
        {"answer_match_left": "Bonn", "answer_match_right": "Germany", "match_id": 8},
        matching_answer_incorrect_matches=f"Germany\n\n Italy\n{'x' * 300}\n\n",
    )
    lyon, nice, bonn = question["answers"]
    assert lyon["match_id"] == nice["match_id"] != bonn["match_id"] == 8
    assert (lyon["html"], lyon["left_html"], "html" in nice) == ("<b>L</b>", "<b>L</b>", False)
    assert [match["text"] for match in question["matches"]] == ["France", "Germany", "", " Italy", "x" * 256]


def test_formulas_write_their_values_with_the_decimals_of_the_variable(canvas: Site) -> None:
    values = [{"name": "x", "value": 3.14159}, {"name": "y", "value": 2.5}]
    question = Asking(canvas).add(
        "calculated",
        {"id": 5, "answer_text": "8.5", "variables": values},
        variables={"0": {"name": "x", "min": "1", "max": 9, "scale": "2"}},
        formulas={"0": "x + y"},
        formula_decimal_places="3",
    )
    assert question["answers"][0]["variables"] == [{"name": "x", "value": "3.14"}, {"name": "y", "value": 2.5}]
    assert (question["formulas"], question["formula_decimal_places"]) == ([{"formula": "x + y"}], 3)
    assert question["variables"] == [{"name": "x", "min": 1.0, "max": 9.0, "scale": 2}]


def test_texts_are_texts_and_not_too_long(canvas: Site) -> None:
    asking = Asking(canvas)
    answers = [{"answer_text": "x" * 16384}]
    assert asking.post("multiple_choice", answers=answers, correct_comments="c" * 5120).status_code == 200
    assert asking.post("multiple_choice", answers=[{"answer_text": "x" * 16385}]).status_code == 500
    assert asking.post("multiple_choice", answers=[{"answer_text": 4}]).status_code == 500
    assert asking.post("essay", correct_comments="c" * 5121).status_code == 500
    assert asking.post("essay", question_name=4).status_code == 500
    named = asking.add("essay", name="by another name", question_text="")
    assert (named["question_name"], named["question_text"]) == ("by another name", "")
    assert asking.add("essay", question_name=" ")["question_name"] == "Question"


def test_what_a_change_omits_is_read_again_from_the_question_bank(canvas: Site) -> None:
    asking = Asking(canvas)
    choice = asking.add("multiple_choice", {"answer_text": "a", "answer_weight": 100}, correct_comments="well")
    renamed = asking.change(choice, question_name="N")
    assert (renamed["answers"], renamed["correct_comments"]) == (choice["answers"], "well")
    assert asking.change(choice, correct_comments="")["correct_comments"] == ""
    exact = {"numerical_answer_type": "exact_answer", "answer_exact": 3, "answer_error_margin": 1}
    (number,) = asking.change(asking.add("numerical", exact), question_name="N")["answers"]
    assert (number["exact"], number["margin"]) == (0, 0)  # kept by other names than they are sent by
    text = asking.add("text_only", question_text="read this")
    assert asking.change(text, question_name="N")["question_text"] == "Question text"  # no row in the bank
    asked = asking.change(text, question_type="essay_question")
    assert asked["assessment_question_id"] == asked["assessment_question"]["id"]


def test_answers_of_students_are_checked_by_type(canvas: Site) -> None:
    asking = Asking(canvas)
    many = asking.add("multiple_answers", {"answer_text": "a"}, {"answer_text": "b"})
    blanks = asking.add("fill_in_multiple_blanks", *({"answer_text": letter, "blank_id": letter} for letter in "xy"))
    drops = asking.add("multiple_dropdowns", *({"answer_text": letter, "blank_id": letter} for letter in "xy"))
    pairs = asking.add(
        "matching", *({"answer_match_left": letter, "answer_match_right": letter * 2} for letter in "xy")
    )
    number, short, file = (asking.add(kind) for kind in ("numerical", "short_answer", "file_upload"))
    asking.start()
    a, b = (answer["id"] for answer in many["answers"])
    assert asking.answered(many, [b, "x"]) == "answer[1] must be of type Integer"
    assert asking.answered(many, [b, a, f" {a} "]) == [str(a), str(b)]
    assert asking.answered(many, [""]) == []
    assert asking.answered(blanks, {"x": 5}) == "x.answer must be of type String"
    assert asking.answered(blanks, {"x": " Red "}) == {"x": "red", "y": None}
    assert asking.answered(blanks, {"y": "blue"}) == {"x": "red", "y": "blue"}
    assert asking.answered(blanks, None) == "answer must be of type Hash"
    assert asking.answered(drops, {"x": "one"}) == "answer.x must be of type Integer"
    y = drops["answers"][1]["id"]  # of another blank, which Canvas does not mind
    assert asking.answered(drops, {"x": y}) == {"x": str(y), "y": None}
    left, right = ((answer["id"], answer["match_id"]) for answer in pairs["answers"])
    assert asking.answered(pairs, ["x"]) == "answer[0] must be of type Hash"
    assert asking.answered(pairs, [{"answer_id": left[0]}]) == 'Matching pair is missing parameter "match_id"'
    assert asking.answered(pairs, [{"answer_id": left[0], "match_id": None}]) == "match_id must be of type Integer"
    assert asking.answered(pairs, [{"answer_id": "x", "match_id": 1}]) == "answer_id must be of type Integer"
    for given in (left, right):  # what was matched before stays so
        matched = asking.answered(pairs, [{"answer_id": given[0], "match_id": given[1]}])
    assert [match["match_id"] for match in matched] == [str(left[1]), str(right[1])]
    assert [asking.answered(number, text) for text in ("1,234.5", "12 apples", None)] == [1234.5, 0, 0]
    assert asking.answered(short, "x" * 16384) == "Text is too long."
    assert [asking.answered(short, text) for text in (" Yes ", "")] == ["yes", None]
    assert [asking.answered(file, text) for text in ("5", ["6"], [])] == ["5", ["6"], None]


def test_precise_numbers_are_cut_off_and_ranges_have_no_direction(canvas: Site) -> None:
    asking = Asking(canvas)
    precise = {"numerical_answer_type": "precision_answer", "answer_approximate": 12.3, "answer_precision": 3}
    span: dict[str, object] = {"answer_range_start": 6, "answer_range_end": 5}
    cut, rounded, wide = (asking.add("numerical", options) for options in (precise, precise, span))
    hidden = asking.add("riddle", {"answer_text": "wind"})
    asking.start()
    asking.answered(cut, "12.39")
    asking.answered(rounded, "12.29")
    asking.answered(wide, 5.5)
    rows = canvas.student.get(f"/api/v1/quiz_submissions/{asking.turn['id']}/questions").json()
    assert all("answers" not in row for row in rows["quiz_submission_questions"])
    found = asking.graded()
    assert [found[question["id"]] for question in (cut, rounded, wide)] == [True, False, True]
    assert hidden["answers"] == [{"answer_text": "wind"}]


def test_questions_of_an_attempt_are_those_that_were_posed(canvas: Site) -> None:
    asking = Asking(canvas)
    question = asking.add("multiple_dropdowns", {"answer_text": "a", "blank_id": "x"}, question_text="A [x]")
    asking.start()
    asking.change(question, question_text="B [x]")
    sent: dict[str, Any] = {"quiz_submission_id": asking.turn["id"], "quiz_submission_attempt": 1}
    (shown,) = canvas.student.get(f"{asking.path}/questions", params=sent).json()
    assert shown["question_text"].startswith("A <select")
    assert (shown["position"], shown["question_name"]) == (1, "Question 1")
    assert set(shown["answers"][0]) == {"id", "text", "blank_id"}
    (whole,) = canvas.teacher.get(f"{asking.path}/questions", params=sent).json()
    assert whole["answers"][0]["weight"] == 100
    assert canvas.student.get(f"{asking.path}/questions").status_code == 403


def test_questions_and_groups_of_a_quiz_count_their_positions_together(canvas: Site) -> None:
    asking = Asking(canvas)
    asking.add("essay")

    def group() -> Any:
        answer = canvas.teacher.post(f"{asking.path}/groups", json={"quiz_groups": [{"name": "G"}]})
        return answer.json()["quiz_groups"][0]

    first = group()
    asking.add("essay", quiz_group_id=first["id"])
    asking.add("essay")
    assert (first["position"], group()["position"]) == (2, 4)
    kept = asking.change(asking.add("essay", quiz_group_id=first["id"]), quiz_group_id=None)
    assert kept["quiz_group_id"] == first["id"]


def _taken(canvas: Site, quiz: int, answers: dict[int, Any], **mark: Any) -> dict[str, Any]:
    """An attempt of the student with these answers, graded by the teacher if `mark` says how."""
    at = f"{COURSE}/quizzes/{quiz}/submissions"
    turn = canvas.student.post(at).json()["quiz_submissions"][0]
    token = {"attempt": turn["attempt"], "validation_token": turn["validation_token"]}
    given = [{"id": key, "answer": value} for key, value in answers.items()]
    asked = f"/api/v1/quiz_submissions/{turn['id']}/questions"
    assert canvas.student.post(asked, json={"quiz_questions": given, **token}).is_success
    done = canvas.student.post(f"{at}/{turn['id']}/complete", json=token)
    if mark:
        sent = {"quiz_submissions": [{"attempt": turn["attempt"], **mark}]}
        done = canvas.teacher.put(f"{at}/{turn['id']}", json=sent)
    assert done.is_success, done.text
    found: dict[str, Any] = done.json()["quiz_submissions"][0]
    return found


def _report(canvas: Site, quiz: int) -> list[list[str]]:
    at = f"{COURSE}/quizzes/{quiz}/reports"
    begun = canvas.teacher.post(at, json={"quiz_report": {"report_type": "student_analysis"}}).json()
    file = canvas.teacher.get(f"{at}/{begun['id']}").json().get("file")
    return [] if file is None else list(csv.reader(io.StringIO(canvas.teacher.get(file["url"]).text)))


def test_statistics_and_reports_count_what_was_posed_and_answered(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "allowed_attempts": 2})
    at = f"quizzes/{quiz['id']}"
    blanks = [
        {"blank_id": blank, "answer_text": word, "answer_weight": 100}
        for blank, word in (("a", "Red"), ("b", "Blue"), ("c", "No"))
    ]
    pair = {"answer_match_left": "F", "answer_match_right": "P"}
    ids = [
        made(teacher, f"{at}/questions", question={"points_possible": 1, **fields})["id"]
        for fields in (
            {"question_type": "fill_in_multiple_blanks_question", "question_text": "[a] [b] [c]", "answers": blanks},
            {"question_type": "matching_question", "question_text": "M", "answers": [pair]},
            {"question_type": "essay_question", "question_text": "E"},
            {"question_type": "text_only_question", "question_text": "Read"},
            {
                "question_type": "multiple_choice_question",
                "question_text": "C",
                "answers": [{"answer_text": "x, y"}, {"answer_text": "z", "answer_weight": 100}],
            },
        )
    ]
    assert teacher.put(f"{COURSE}/{at}", json={"quiz": {"published": True}}).is_success

    def statistics() -> Any:
        (row,) = teacher.get(f"{COURSE}/{at}/statistics").json()["quiz_statistics"]
        return row["question_statistics"], row["submission_statistics"]

    assert statistics()[0] == [], "nothing was posed yet"
    right = teacher.get(f"{COURSE}/{at}/questions/{ids[4]}").json()["answers"][1]["id"]
    answers = {ids[0]: {"a": "RED", "b": "?"}, ids[2]: "<p>one, two</p>", ids[4]: right}
    mark = {"questions": {str(ids[2]): {"score": 1}}}
    first = _taken(canvas, quiz["id"], answers, **mark)
    assert first["score"] == 1 / 3 + 1 + 1, "points are not rounded"
    (fill, match, essay, choice), submissions = statistics()
    assert [fill[name] for name in ("responses", "answered", "partially_correct")] == [1, 0, 1]
    assert [[row["id"] for row in answers["answers"] if row["responses"]] for answers in fill["answer_sets"]] == [
        [fill["answer_sets"][0]["answers"][0]["id"]],
        ["other"],
        ["none"],
    ]
    assert (match["responses"], match["answered"]) == (0, 0)
    assert [(row["id"], row["full_credit"]) for row in essay["answers"]] == [("middle", True)]
    assert choice["point_biserials"][0]["answer_id"] == right, "the heaviest comes first"
    assert submissions["scores"] == {"58": 1}
    head, row = _report(canvas, quiz["id"])
    assert f"{ids[3]}: Read" in head
    start = head.index("submitted") + 1
    assert row[start:][::2] == ["red,?,", "F=>", "one, two", "", "z", "4", str(first["score"])]
    assert row[-2] == "1", "the pair; a text counts as right"


def test_formulas_are_posed_with_one_set_of_values_and_have_no_report(canvas: Site) -> None:
    teacher = canvas.teacher
    values = [{"variables": [{"name": "x", "value": n}], "answer_text": n + 1} for n in range(1, 9)]
    variable = {"name": "x", "min": 1, "max": 9, "scale": 0}
    formula = {"question_type": "calculated_question", "question_text": "[x] + 1", "points_possible": 1}
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"quizzes/{quiz['id']}"
    asked = made(teacher, f"{at}/questions", question={**formula, "variables": [variable], "answers": values})
    assert teacher.put(f"{COURSE}/{at}", json={"quiz": {"published": True}}).is_success
    _taken(canvas, quiz["id"], {asked["id"]: 3})
    (shown,) = teacher.get(f"{COURSE}/{at}/statistics").json()["quiz_statistics"][0]["question_statistics"]
    assert shown["answers"][0]["id"] == "ungraded"
    assert _report(canvas, quiz["id"]) == []
    report = teacher.get(f"{COURSE}/{at}/reports").json()[0]
    assert report["progress"]["workflow_state"] == "failed"
    again = teacher.post(f"{COURSE}/{at}/reports", json={"quiz_report": {"report_type": "student_analysis"}})
    assert again.json()["progress_url"] == report["progress_url"], "Canvas does not try again"


def test_banks_and_small_groups_give_questions_again(canvas: Site) -> None:
    teacher = canvas.teacher
    question = {"question_type": "true_false_question", "question_text": "T", "points_possible": 1}
    source = made(teacher, "quizzes", quiz={"title": "Source"})
    base = made(teacher, f"quizzes/{source['id']}/questions", question=question)
    bank = base["assessment_question"]["assessment_question_bank_id"]
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"quizzes/{quiz['id']}"
    fields = {"pick_count": 60, "question_points": 2, "assessment_question_bank_id": bank}
    made(teacher, f"{at}/groups", quiz_groups=[fields])
    small = made(teacher, f"{at}/groups", quiz_groups=[{"pick_count": 2, "question_points": 3}])["quiz_groups"][0]
    made(teacher, f"{at}/questions", question={**question, "quiz_group_id": small["id"]})
    assert teacher.put(f"{COURSE}/{at}", json={"quiz": {"published": True}}).is_success
    turn = canvas.student.post(f"{COURSE}/{at}/submissions").json()["quiz_submissions"][0]
    posed = canvas.student.get(f"/api/v1/quiz_submissions/{turn['id']}/questions").json()["quiz_submission_questions"]
    assert len(posed) == len({question["id"] for question in posed}) == 62
    assert len(teacher.get(f"{COURSE}/{at}/questions").json()) == 1, "what was drawn is not listed"
    assert turn["quiz_points_possible"] == 126
    drawn, given = posed[0]["id"], {"quiz_submission_id": turn["id"], "quiz_submission_attempt": 1}
    token = {name: turn[name] for name in ("attempt", "validation_token")}
    flagged = canvas.student.put(f"/api/v1/quiz_submissions/{turn['id']}/questions/{drawn}/flag", json=token)
    assert flagged.json()["quiz_submission_questions"][0]["flagged"] is True
    assert teacher.get(f"{COURSE}/{at}/questions/{drawn}").status_code == 404
    assert teacher.delete(f"{COURSE}/{at}/questions/{drawn}").status_code == 404
    shown = teacher.get(f"{COURSE}/{at}/questions", params={**given, "per_page": 100}).json()
    assert {question["id"] for question in shown} == {question["id"] for question in posed}


def test_reports_show_sis_ids_to_those_who_may_read_them(canvas: Site) -> None:
    quiz = made(canvas.teacher, "quizzes", quiz={"title": "Q"})
    assert canvas.teacher.put(f"{COURSE}/quizzes/{quiz['id']}", json={"quiz": {"published": True}}).is_success
    _taken(canvas, quiz["id"], {})

    def correct_shown() -> list[Any]:
        rows = canvas.teacher.get(f"{COURSE}/quizzes/{quiz['id']}/reports").json()
        (shown,) = canvas.teacher.get(f"{COURSE}/quizzes/{quiz['id']}/statistics").json()["quiz_statistics"]
        return [shown["includes_sis_ids"], *(row["includes_sis_ids"] for row in rows)]

    assert correct_shown() == [True, True, False]
    head, row = _report(canvas, quiz["id"])
    assert head[:6] == ["name", "id", "sis_id", "section", "section_id", "section_sis_id"]
    permissions = {"read_sis": {"explicit": True, "enabled": False}}
    for role in canvas.admin.get("/api/v1/accounts/1/roles").json():
        if role["base_role_type"] == "TeacherEnrollment":
            canvas.admin.put(f"/api/v1/accounts/1/roles/{role['id']}", json={"permissions": permissions})
    assert correct_shown() == [False, False, False]
    head, row = _report(canvas, quiz["id"])
    assert head[:5] == ["name", "id", "section", "section_id", "submitted"]
    assert len(row) == len(head)


def test_a_question_that_is_deleted_stays_in_the_attempts_that_posed_it(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    quiz = made(teacher, "quizzes", quiz={"title": "Q"})
    at = f"{COURSE}/quizzes/{quiz['id']}"
    asked = {"question_type": "essay_question", "points_possible": 1}
    kept, removed = (made(teacher, f"quizzes/{quiz['id']}/questions", question=asked)["id"] for _ in range(2))
    teacher.put(at, json={"quiz": {"published": True}}).raise_for_status()
    (turn,) = student.post(f"{at}/submissions").json()["quiz_submissions"]
    assert teacher.delete(f"{at}/questions/{removed}").status_code == 204
    assert [row["id"] for row in teacher.get(f"{at}/questions").json()] == [kept]
    for answer in (teacher.get(f"{at}/questions/{removed}"), teacher.delete(f"{at}/questions/{removed}")):
        assert answer.status_code == 404
    mine = f"/api/v1/quiz_submissions/{turn['id']}/questions"
    token = {"attempt": 1, "validation_token": turn["validation_token"]}
    said = {**token, "quiz_questions": [{"id": removed, "answer": "Still asked"}]}
    assert student.post(mine, json=said).json()["quiz_submission_questions"][0]["answer"] == "Still asked"
    flagged = student.put(f"{mine}/{removed}/flag", json=token)
    assert flagged.json()["quiz_submission_questions"][0]["flagged"] is True
    assert student.post(f"{at}/submissions/{turn['id']}/complete", json=token).status_code == 200
    canvas.lms.load(canvas.lms.dump())
    assert [row["id"] for row in teacher.get(f"{at}/questions").json()] == [kept]
