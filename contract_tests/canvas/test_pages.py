"""Wiki pages of Canvas, and the HTML that people write."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.canvas.support import Site
from lms_emulator.providers.canvas.rules import html, slugs

PAGES = "/api/v1/courses/1/pages"


def make(api: httpx.Client, **fields: object) -> httpx.Response:
    return api.post(PAGES, json={"wiki_page": fields})


def test_a_hidden_page_of_a_course_hides_its_list(canvas: Site) -> None:
    """From those who do not see what is hidden; a file or page that they know of stays open."""
    canvas.teacher.post("/api/v1/courses/1/pages", json={"wiki_page": {"title": "Draft"}})
    assert canvas.student.get("/api/v1/courses/1/pages").status_code == 200
    for name, status in (("pages", 404), ("files", 403)):
        listed = f"/api/v1/courses/1/{name}"
        assert canvas.student.get(listed).status_code == 200
        canvas.teacher.put(f"/api/v1/courses/1/tabs/{name}", json={"hidden": True})
        assert canvas.student.get(listed).status_code == status
        assert canvas.teacher.get(listed).status_code == 200
    assert canvas.student.get("/api/v1/courses/1/folders").status_code == 200, "a hidden page hides no folders"
    assert canvas.student.get("/api/v1/courses/1/conferences").headers["Location"].endswith("/courses/1")


def test_a_page_is_made_changed_and_deleted(canvas: Site) -> None:
    made = make(canvas.teacher, title="Reading list", body="<p>one</p>").json()
    assert (made["url"], made["published"], made["hide_from_students"]) == ("reading-list", False, True)
    assert canvas.student.get(f"{PAGES}/reading-list").status_code == 403, "not published yet"
    assert make(canvas.student, title="Mine").status_code == 403
    changed = canvas.teacher.put(f"{PAGES}/reading-list", json={"wiki_page": {"title": "Books", "published": True}})
    assert changed.json()["url"] == "books"
    assert canvas.student.get(f"{PAGES}/{made['page_id']}").json()["title"] == "Books"
    assert canvas.teacher.get(f"{PAGES}/reading-list").status_code == 404
    assert canvas.teacher.delete(f"{PAGES}/books").status_code == 200
    assert canvas.teacher.get(f"{PAGES}/books").json() == {"message": "page not found"}


def test_titles_and_addresses_are_of_one_page_only(canvas: Site) -> None:
    first, second = (make(canvas.teacher, title="Notes").json() for _ in range(2))
    assert (first["url"], second["title"], second["url"]) == ("notes", "Notes-2", "notes-2")
    alike = make(canvas.teacher, title="notes!").json()
    assert (alike["title"], alike["url"]) == ("notes!", "notes-3")
    copy = canvas.teacher.post(f"{PAGES}/notes/duplicate").json()
    assert (copy["title"], copy["published"]) == ("Notes Copy", False)


def test_there_is_one_front_page(canvas: Site) -> None:
    home = canvas.student.get("/api/v1/courses/1/front_page").json()
    assert home["url"] == "home"
    unpublished = make(canvas.teacher, title="New", front_page=True)
    assert unpublished.json()["errors"]["front_page"][0]["message"] == "The front page cannot be unpublished"
    assert make(canvas.teacher, title="New", front_page=True, published=True).status_code == 200
    assert canvas.student.get("/api/v1/courses/1/front_page").json()["url"] == "new"
    assert canvas.teacher.get(f"{PAGES}/home").json()["front_page"] is False
    assert canvas.teacher.delete(f"{PAGES}/new").status_code == 400


def test_students_edit_where_they_may(canvas: Site) -> None:
    make(canvas.teacher, title="Wiki", editing_roles="teachers,students", published=True, body="a")
    put = f"{PAGES}/wiki"
    assert canvas.student.put(f"{PAGES}/home", json={"wiki_page": {"body": "x"}}).status_code == 403
    assert canvas.student.put(put, json={"wiki_page": {"body": "b"}}).json()["body"] == "b"
    denied = canvas.student.put(put, json={"wiki_page": {"title": "Mine"}})
    assert (denied.status_code, list(denied.json()["errors"])) == (401, ["title"])
    newest_first = canvas.teacher.get(f"{put}/revisions").json()
    assert [r["revision_id"] for r in newest_first] == [2, 1]
    back = canvas.teacher.post(f"{put}/revisions/1").json()
    assert (back["revision_id"], back["body"]) == (3, "a")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<p onclick='x()'>a<script>b</script></p>", "<p>a</p>"),
        ("<a href='javascript:x()'>a</a>", "<a>a</a>"),
        ("<form><input name=a><button>b</button></form>", "b"),
        ("<p style='color: red; background: url(x)'>a</p>", '<p style="color: red; ">a</p>'),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_html_is_cleaned(sent: str, kept: str) -> None:
    assert html.clean(sent) == kept


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = html.clean(text)
    assert html.clean(once) == once


@given(st.text(max_size=40))
def test_a_slug_is_a_slug_of_itself(title: str) -> None:
    once = slugs.slug(title)
    assert "/" not in once
    assert not once.startswith("-")


def test_links_tell_where_the_api_has_what_they_lead_to(canvas: Site) -> None:
    body = '<a href="/courses/1/files/1/download?wrap=1">f</a><a href="/courses/1/pages/home">p</a><a href="/x">x</a>'
    shown = make(canvas.teacher, title="Links", body=body).json()["body"]
    assert f'href="{canvas.url}/courses/1/files/1/download?verifier=' in shown
    assert f'data-api-endpoint="{canvas.url}/api/v1/courses/1/files/1" data-api-returntype="File"' in shown
    assert f'data-api-endpoint="{canvas.url}/api/v1/courses/1/pages/home" data-api-returntype="Page"' in shown
    assert f'<a href="{canvas.url}/x">x</a>' in shown
    again = canvas.teacher.put(f"{PAGES}/links", json={"wiki_page": {"body": shown}}).json()["body"]
    assert again == shown, "what was read can be written back"


def test_images_of_equations_come_with_their_mathml(canvas: Site) -> None:
    def shown(latex: str, name: str = "data-equation-content") -> str:
        sent = f'<img class="big equation_image" {name}="{latex}" src="/equation_images/x">'
        return str(make(canvas.teacher, title="Sums", body=sent).json()["body"])

    for name in ("data-equation-content", "alt"):
        assert shown("x^2", name).endswith(
            ' x-canvaslms-safe-mathml="<math xmlns=&quot;http://www.w3.org/1998/Math/MathML&quot; display=&quot;inline'
            '&quot;><msup><mi>x</mi><mn>2</mn></msup></math>">'
        )
    assert "<mfrac><mi>a</mi><mi>b</mi></mfrac></math>" in shown(r"\frac{a}{b}")
    for unreadable in ("{" * 900, r"\left(", "", "x" * 3001):
        assert "mathml" not in shown(unreadable)
    assert [warning.code for warning in canvas.lms.requests.last.warnings] == ["mathml_left_out"]


def test_links_in_what_a_course_holds_come_with_their_endpoints(canvas: Site) -> None:
    api, course = canvas.teacher, "/api/v1/courses/1"
    link = '<p><a href="/courses/1/pages/home">home</a></p>'
    assert api.put(course, json={"course": {"syllabus_body": link}}).is_success
    quiz = api.post(f"{course}/quizzes", json={"quiz": {"title": "Q", "description": link}}).json()
    answers = [{"answer_html": link, "answer_weight": 100}, {"answer_text": "b", "answer_weight": 0}]
    question = {"question_type": "multiple_choice_question", "question_text": link, "answers": answers}
    made = api.post(f"{course}/quizzes/{quiz['id']}/questions", json={"question": question}).json()
    assert made["question_text"] == link, "who makes it gets it back as it was"
    assert api.put(f"{course}/quizzes/{quiz['id']}", json={"quiz": {"published": True}}).is_success
    (asked,) = api.get(f"{course}/quizzes/{quiz['id']}/questions").json()
    turn = canvas.student.post(f"{course}/quizzes/{quiz['id']}/submissions").json()["quiz_submissions"][0]
    taken = canvas.student.get(f"/api/v1/quiz_submissions/{turn['id']}/questions").json()["quiz_submission_questions"]
    for found in (
        api.get(course, params={"include[]": "syllabus_body"}).json()["syllabus_body"],
        api.get(f"{course}/quizzes/{quiz['id']}").json()["description"],
        asked["question_text"],
        asked["answers"][0]["html"],
        taken[0]["question_text"],
    ):
        assert f'data-api-endpoint="{canvas.url}{course}/pages/home"' in found


def test_students_change_the_text_alone_of_a_page_that_is_open_to_them(canvas: Site) -> None:
    make(canvas.teacher, title="Open", published=True, editing_roles="teachers,students")
    path = f"{PAGES}/open"
    extra = {"body": "<p>mine</p>", "publish_at": "2100-01-01T00:00:00Z", "student_todo_at": "2100-01-01T00:00:00Z"}
    changed = canvas.student.put(path, json={"wiki_page": extra}).json()
    assert (changed["body"], changed["publish_at"], changed["todo_date"]) == ("<p>mine</p>", None, None)
    changed = canvas.teacher.put(path, json={"wiki_page": extra}).json()
    assert (changed["publish_at"], changed["todo_date"]) == (extra["publish_at"], extra["student_todo_at"])
    refused = canvas.student.put(path, json={"wiki_page": {"title": "", "editing_roles": "x"}})
    assert list(refused.json()["errors"]) == ["editing_roles"], "unknown roles are looked at first"
    refused = canvas.student.put(path, json={"wiki_page": {"title": "", "editing_roles": "public", "published": "0"}})
    assert refused.status_code == 401
    assert set(refused.json()["errors"]) == {"title", "editing_roles", "published"}
    assert canvas.student.put(path, json={"wiki_page": {"editing_roles": "students,teachers"}}).status_code == 200


def test_a_page_that_its_module_locks_cannot_be_edited(canvas: Site) -> None:
    make(canvas.teacher, title="Open", published=True, editing_roles="teachers,students")
    module = canvas.teacher.post("/api/v1/courses/1/modules", json={"module": {"name": "M"}}).json()["id"]
    own = f"/api/v1/courses/1/modules/{module}"
    canvas.teacher.post(f"{own}/items", json={"module_item": {"type": "Page", "page_url": "open"}})
    for opens, status in (("2100-01-01T00:00:00Z", 403), (None, 200)):
        canvas.teacher.put(own, json={"module": {"published": True, "unlock_at": opens}})
        answer = canvas.student.put(f"{PAGES}/open", json={"wiki_page": {"body": "x"}})
        assert answer.status_code == status
        assert canvas.student.get(f"{PAGES}/open/revisions").status_code == status


def test_a_front_page_stays_published(canvas: Site) -> None:
    def refused(**fields: object) -> dict[str, str]:
        answer = canvas.teacher.put(f"{PAGES}/home", json={"wiki_page": fields})
        return {name: found[0]["message"] for name, found in answer.json().get("errors", {}).items()}

    both = "The front page cannot be unpublished"
    assert refused(published=False) == refused(published=False, front_page=True) == {"published": both}
    assert refused(published=False, front_page=False) == {"published": "cannot unpublish front page"}
    assert refused(published="") == {}, "an empty text changes nothing"
    assert make(canvas.teacher, title="Other", front_page=True, published=False).json()["errors"].keys() == {
        "front_page",
        "published",
    }


def test_a_course_without_its_front_page_opens_with_modules(canvas: Site) -> None:
    course = "/api/v1/courses/1"
    assert canvas.teacher.put(course, json={"course": {"default_view": "wiki"}}).status_code == 200
    canvas.teacher.put(f"{PAGES}/home", json={"wiki_page": {"front_page": False}})
    assert canvas.teacher.get(course).json()["default_view"] == "modules"


def test_publishing_ends_a_schedule_and_a_new_date_is_a_new_revision(canvas: Site) -> None:
    soon, past = "2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
    made = make(canvas.teacher, title="Soon", publish_at=past).json()
    assert (made["published"], made["publish_at"]) == (False, past), "the school does not use schedules"
    path = f"{PAGES}/soon"
    canvas.teacher.put(path, json={"wiki_page": {"publish_at": soon}})
    assert len(canvas.teacher.get(f"{path}/revisions").json()) == 2
    changed = canvas.teacher.put(path, json={"wiki_page": {"published": True}}).json()
    assert (changed["published"], changed["publish_at"]) == (True, None)
    canvas.switch_on("scheduled_page_publication")
    assert make(canvas.teacher, title="Late", publish_at=past).json()["published"] is True
    assert make(canvas.teacher, title="Later", publish_at=soon).json()["published"] is False


def test_a_copy_counts_on_and_keeps_who_wrote_it(canvas: Site) -> None:
    make(canvas.admin, title="Text", published=True)
    titles = [canvas.teacher.post(f"{PAGES}/{url}/duplicate").json() for url in ("text", "text", "text-copy")]
    assert [title["title"] for title in titles] == ["Text Copy", "Text Copy 2", "Text Copy 3"]
    assert {title["last_edited_by"]["id"] for title in titles} == {canvas.admin.get("/api/v1/users/self").json()["id"]}


def test_the_front_page_is_viewed_like_any_other(canvas: Site) -> None:
    module = canvas.teacher.post("/api/v1/courses/1/modules", json={"module": {"name": "M"}}).json()["id"]
    own = f"/api/v1/courses/1/modules/{module}"
    item = {"type": "Page", "page_url": "home", "completion_requirement": {"type": "must_view"}}
    canvas.teacher.post(f"{own}/items", json={"module_item": item})
    canvas.teacher.put(own, json={"module": {"published": True}})
    assert canvas.student.get(own).json()["state"] == "unlocked"
    assert canvas.student.get("/api/v1/courses/1/front_page").status_code == 200
    assert canvas.student.get(own).json()["state"] == "completed"
