"""Values that Rails casts for a column: booleans of odd words, blank ones, and lists where one value is permitted."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.canvas.grading import COURSE
from contract_tests.canvas.support import Site

API = "/api/v1"
FEW_WORDS = [("false", False), ("off", False), ("0", False), ("no", True), ("off!", True), ("False", True)]


def quiz(canvas: Site, **fields: Any) -> dict[str, Any]:
    answer = canvas.teacher.post(f"{COURSE}/quizzes", json={"quiz": {"title": "Q", **fields}})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(("word", "meant"), FEW_WORDS)
def test_a_word_for_a_column_is_true_unless_rails_knows_it_for_false(canvas: Site, word: str, meant: bool) -> None:
    teacher = canvas.teacher
    assert quiz(canvas, shuffle_answers=word)["shuffle_answers"] is meant
    module = teacher.post(f"{COURSE}/modules", data={"module[name]": "M", "module[require_sequential_progress]": word})
    assert module.json()["require_sequential_progress"] is meant
    item = {"type": "ExternalUrl", "title": "L", "external_url": "http://a.example.test", "new_tab": word}
    items = f"{COURSE}/modules/{module.json()['id']}/items"
    made = teacher.post(items, json={"module_item": item}).json()
    assert made["new_tab"] is meant
    topic = teacher.post(
        f"{COURSE}/discussion_topics", data={"title": "T", "pinned": word, "allow_rating": word}
    ).json()
    assert (topic["pinned"], topic["allow_rating"]) == (meant, meant)
    base = teacher.post(f"{COURSE}/assignments", json={"assignment": {"name": "A", "omit_from_final_grade": word}})
    assert base.json()["omit_from_final_grade"] is meant
    event = {"context_code": "course_1", "title": "E", "start_at": "2027-01-04T10:00:00Z", "all_day": word}
    shown = teacher.post(f"{API}/calendar_events", json={"calendar_event": {**event, "blackout_date": word}}).json()
    assert (shown["all_day"], shown["blackout_date"]) == (meant, meant)
    folder = teacher.post(f"{COURSE}/folders", data={"name": "F", "locked": word}).json()
    assert folder["locked"] is meant
    ldap = {"auth_type": "ldap", "auth_host": "127.0.0.1", "auth_filter": "f", "jit_provisioning": word}
    provider = canvas.admin.post(f"{API}/accounts/1/authentication_providers", json=ldap).json()
    assert provider["jit_provisioning"] is meant
    rubric = {
        "rubric": {"title": "R", "criteria": {"0": {"description": "C", "points": 1, "ratings": {}}}},
        "rubric_association": {
            "association_id": base.json()["id"], "association_type": "Assignment", "purpose": "grading",
            "hide_score_total": word, "use_for_grading": word,
        },
    }  # fmt: skip
    linked = teacher.post(f"{COURSE}/rubrics", json=rubric).json()["rubric_association"]
    assert (linked["hide_score_total"], linked["use_for_grading"]) == (meant, meant)


@pytest.mark.parametrize(("word", "meant"), [("yes", True), ("ON", True), ("2", True), ("off!", False), ("no", False)])
def test_where_canvas_reads_a_word_itself_only_its_own_and_numbers_are_true(
    canvas: Site, word: str, meant: bool
) -> None:
    teacher = canvas.teacher
    fields = {"name": "A", "published": word, "only_visible_to_overrides": word}
    base = teacher.post(f"{COURSE}/assignments", json={"assignment": fields}).json()
    assert (base["published"], base["only_visible_to_overrides"]) == (meant, meant)
    topic = teacher.post(f"{COURSE}/discussion_topics", data={"title": "T", "published": word}).json()
    assert topic["published"] is meant
    page = teacher.post(f"{COURSE}/pages", data={"wiki_page[title]": "P", "wiki_page[published]": word}).json()
    assert page["published"] is meant


def test_a_folder_is_hidden_by_two_words_only(canvas: Site) -> None:
    def hidden(word: Any) -> bool:
        answer = canvas.teacher.post(f"{COURSE}/folders", json={"name": "F", "hidden": word})
        return bool(answer.json()["hidden"])

    assert [hidden(word) for word in ("true", "1", True, "yes", "TRUE", False)] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_blank_boolean_is_the_columns_default_or_too_much_for_the_database(canvas: Site) -> None:
    teacher = canvas.teacher
    made = quiz(canvas, shuffle_answers="", show_correct_answers="")
    assert (made["shuffle_answers"], made["show_correct_answers"]) == (False, True)
    topics = f"{COURSE}/discussion_topics"
    assert teacher.post(topics, data={"title": "T", "podcast_enabled": ""}).status_code == 500
    assert teacher.post(topics, data={"title": "T", "podcast_enabled": "false"}).status_code == 200
    event = {"calendar_event[context_code]": "course_1", "calendar_event[title]": "E"}
    times = {"calendar_event[start_at]": "2027-01-04T10:00:00Z"}
    blank = {"calendar_event[important_dates]": ""}
    assert teacher.post(f"{API}/calendar_events", data={**event, **times, **blank}).status_code == 500
    assert teacher.post(f"{API}/calendar_events", data={**event, **times}).status_code == 201


def test_a_podcast_of_students_posts_is_a_podcast(canvas: Site) -> None:
    fields = {"title": "T", "podcast_has_student_posts": "true", "podcast_enabled": "false"}
    topic = canvas.teacher.post(f"{COURSE}/discussion_topics", data=fields).json()
    assert topic["podcast_has_student_posts"] is True
    assert topic["podcast_url"] is not None


def test_a_word_for_no_shows_the_answers_of_a_quiz_but_takes_no_dates_for_it(canvas: Site) -> None:
    day = {"show_correct_answers_at": "2027-01-04T10:00:00Z"}
    shown = quiz(canvas, show_correct_answers="no", **day)
    assert (shown["show_correct_answers"], shown["show_correct_answers_at"]) == (True, None)
    assert quiz(canvas, show_correct_answers="yes", **day)["show_correct_answers_at"] is not None


def test_a_list_where_one_value_is_permitted_changes_nothing(canvas: Site) -> None:
    teacher = canvas.teacher
    made = quiz(canvas, description="words")
    path = f"{COURSE}/quizzes/{made['id']}"
    odd = {"quiz": {"description": ["other"], "title": {"a": "b"}, "shuffle_answers": ["1"]}}
    same = teacher.put(path, json=odd)
    assert (same.json()["description"], same.json()["title"]) == ("words", "Q")
    assert same.json()["shuffle_answers"] is False
    warnings = canvas.lms.requests.last.warnings
    otherwise = [row.name for row in warnings if row.code == "value_read_otherwise"]
    assert otherwise == [f"quiz[{name}]" for name in ("description", "title", "shuffle_answers")]
    assert teacher.put(path, json={"quiz": {"title": "New"}}).json()["title"] == "New"
    base = teacher.post(f"{COURSE}/assignments", json={"assignment": {"name": "A"}}).json()
    path = f"{COURSE}/assignments/{base['id']}"
    assert teacher.put(path, json={"assignment": {"name": ["B"], "position": [3]}}).json()["name"] == "A"
    page = teacher.post(f"{COURSE}/pages", json={"wiki_page": {"title": "P", "body": "b"}}).json()
    path = f"{COURSE}/pages/{page['url']}"
    assert teacher.put(path, json={"wiki_page": {"body": ["x"], "title": {"a": "b"}}}).json()["body"] == "b"
    column = {"column": {"title": "C", "position": ["7"]}}
    assert teacher.post(f"{COURSE}/custom_gradebook_columns", json=column).json()["title"] == "C"
    assert teacher.post(f"{COURSE}/custom_gradebook_columns", json={"column": {"title": ["C"]}}).status_code == 400
