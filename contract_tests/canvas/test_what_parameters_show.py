"""Parameters that add to lists and objects, in a course with something for each to show."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from contract_tests.canvas.grading import ADA, COURSE, GRACE, grade, made, rubric, team, work
from contract_tests.canvas.support import Site

API = "/api/v1"
CLASS = range(901, 906)
"""Students beside the two of the demo world, as statistics need five."""
OBSERVER = 910
TEACHER = 103
SPRING = {"title": "Spring", "start_date": "2030-01-01T00:00:00Z", "end_date": "2030-06-01T00:00:00Z"}
AUTUMN = {"title": "Autumn", "start_date": "2030-07-01T00:00:00Z", "end_date": "2030-12-01T00:00:00Z"}


def peopled(canvas: Site) -> None:
    """A school with pictures and texts about people, a class, and somebody who observes Ada."""
    whole = json.loads(json.dumps(canvas.lms.dump(), default=str))
    world, when = whole["canvas"], {"created_at": "2026-09-01T08:00:00Z"}
    world["accounts"][0] |= {"services": ["avatars"], "settings": {"enable_profiles": True}}
    for number in (*CLASS, OBSERVER):
        world["users"].append({"id": number, "name": f"Person {number}", "login": f"person{number}"} | when)
    ada = next(user for user in world["users"] if user["id"] == ADA)
    ada |= {"bio": "Wrote the first program.", "avatar_image_url": "http://pictures.example.test/ada.png"}
    of = {"course_id": 1, "course_section_id": 1, "role_id": 3} | when | {"updated_at": when["created_at"]}
    rows = [{"id": number, "user_id": number, "type": "StudentEnrollment"} | of for number in CLASS]
    seeing = next(role["id"] for role in world["roles"] if role["base_role_type"] == "ObserverEnrollment")
    watch = {"id": OBSERVER, "user_id": OBSERVER, "type": "ObserverEnrollment", "associated_user_id": ADA}
    world["enrollments"] += [*rows, watch | of | {"role_id": seeing}]
    canvas.lms.load(whole)


class Place(NamedTuple):
    """The course, and what is in it."""

    site: Site
    ids: dict[str, int]

    def got(self, who: str, path: str, **params: Any) -> Any:
        asked = {name.replace("__", "[]"): value for name, value in params.items()}
        if who == "observer":
            who, asked = "admin", asked | {"as_user_id": OBSERVER}
        client = self.site.api(getattr(self.site.info.access_tokens, who))
        answer = client.get(f"{API}{path.format(**self.ids)}", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def place(canvas: Site) -> Place:
    peopled(canvas)
    teacher, admin = canvas.teacher, canvas.admin
    kind = {"title": "2030", "weighted": False}
    asked = {"grading_period_set": kind, "enrollment_term_ids": [1]}
    number = admin.post(f"{API}/accounts/1/grading_period_sets", json=asked).json()["grading_period_set"]["id"]
    batch = f"{API}/grading_period_sets/{number}/grading_periods/batch_update"
    periods = admin.patch(batch, json={"grading_periods": [SPRING, AUTUMN]}).json()["grading_periods"]
    group = made(teacher, "assignment_groups", name="Essays")["id"]
    essay = work(teacher, assignment_group_id=group, due_at="2030-03-01T12:00:00Z")
    talk = work(teacher, name="Talk", submission_types=["discussion_topic"], assignment_group_id=group)
    dated = {"student_ids": [GRACE], "title": "Later", "due_at": "2030-08-01T12:00:00Z"}
    admin.post(f"{COURSE}/assignments/{essay['id']}/overrides", json={"assignment_override": dated})
    criterion = rubric(teacher, essay)["data"][0]["id"]
    for score, person in enumerate((ADA, *CLASS), start=3):
        grade(teacher, essay, str(score), person)
    teacher.put(
        f"{COURSE}/assignments/{essay['id']}/submissions/{ADA}", json={"rubric_assessment": {criterion: {"points": 4}}}
    )
    canvas.lms.clock.advance(hours=1)
    ids = {"essay": essay["id"], "talk": talk["id"], "group": group}
    return Place(canvas, ids | {"spring": periods[0]["id"], "autumn": periods[1]["id"]})


def names(rows: Any) -> list[Any]:
    return [row["name"] for row in rows]


GROUPS = "/courses/1/assignment_groups"
WITH = {"include__": ["assignments", "submission"]}


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_statistics_come_with_the_submission(place: Place, who: str) -> None:
    """For the student whose grade may be seen; a teacher has no submission."""

    def shown(path: str, *within: Any, **params: Any) -> list[bool]:
        found = place.got(who, path, **params)
        for key in within:
            found = found[key]
        found = next(item for item in found if item["id"] == place.ids["essay"]) if isinstance(found, list) else found
        return ["score_statistics" in found, "submission" in found]

    asked = ["submission", "score_statistics"]
    seen = who == "student"
    for path, within in (
        ("/courses/1/assignments", ()),
        ("/courses/1/assignments/{essay}", ()),
        (f"{GROUPS}/{{group}}/assignments", ()),
        (f"{GROUPS}/{{group}}", ("assignments",)),
        (GROUPS, (1, "assignments")),
    ):
        besides = ["assignments"] if within else []
        assert shown(path, *within, include__=[*besides, *asked]) == [seen, seen], path
        assert shown(path, *within, include__=[*besides, "submission"]) == [False, seen], path
        assert shown(path, *within, include__=besides) == [False, False], path


def test_a_group_with_its_assignments(place: Place) -> None:
    path = f"{GROUPS}/{{group}}"
    within: dict[str, Any] = {"include__": ["assignments"]}
    topics = ["assignments", "discussion_topic"]
    assert "discussion_topic" not in place.got("teacher", path, **within)["assignments"][0]
    assert place.got("teacher", path, include__=topics)["assignments"][0]["discussion_topic"]["title"] == "Talk"
    assert place.got("teacher", GROUPS, include__=topics)[1]["assignments"][0]["discussion_topic"]["title"] == "Talk"
    assert "discussion_topic" not in place.got("teacher", GROUPS, **within)[1]["assignments"][0]
    visible = ["assignments", "assignment_visibility"]
    assert "assignment_visibility" not in place.got("teacher", path, **within)["assignments"][0]
    assert place.got("teacher", path, include__=visible)["assignments"][0]["assignment_visibility"] != []
    for period, expected in (("spring", ["Work"]), ("autumn", ["Talk", "Work"])):
        asked = within | {"grading_period_id": place.ids[period]}
        assert names(place.got("teacher", path, **asked)["assignments"]) == expected
        assert names(place.got("teacher", GROUPS, **asked)[1]["assignments"]) == expected
    asked = within | {"grading_period_id": place.ids["autumn"]}
    assert "Work" in names(place.got("student", GROUPS, **asked)[1]["assignments"]), "due then for somebody"
    mine = place.got("student", GROUPS, **asked, scope_assignments_to_student="true")[1]["assignments"]
    assert "Work" not in names(mine), "not for Ada"


def test_dates_of_a_student_and_of_the_assignment(place: Place) -> None:
    own = {"student_ids": [ADA], "title": "Sooner", "due_at": "2030-02-01T12:00:00Z"}
    path = f"{COURSE}/assignments/{place.ids['essay']}/overrides"
    assert place.site.teacher.post(path, json={"assignment_override": own}).status_code == 201
    for path, take in (
        (GROUPS, lambda body: body[1]["assignments"][1]),
        (f"{GROUPS}/{{group}}", lambda body: body["assignments"][1]),
        (f"{GROUPS}/{{group}}/assignments", lambda body: body[0]),
    ):
        for applied, month in (("true", "02"), ("false", "03")):
            body = place.got("student", path, include__=["assignments"], override_assignment_dates=applied)
            assert take(body)["due_at"] == f"2030-{month}-01T12:00:00Z"


def test_who_observes_sees_submissions_of_the_observed(place: Place) -> None:
    asked = ["assignments", "submission", "observed_users"]
    for path, take in (
        (GROUPS, lambda body: body[1]["assignments"][1]),
        (f"{GROUPS}/{{group}}/assignments", lambda body: body[0]),
    ):
        assert [item["user_id"] for item in take(place.got("observer", path, include__=asked))["submission"]] == [ADA]
        assert "submission" not in take(place.got("observer", path, include__=asked[:2]))
    for path in ("/courses/1/enrollments", "/sections/1/enrollments", f"/users/{OBSERVER}/enrollments"):
        rows = place.got("observer", path, include__="observed_users")
        (mine,) = (row for row in rows if row["user_id"] == OBSERVER)
        assert mine["observed_user"]["id"] == ADA
        assert "observed_user" not in next(item for item in place.got("observer", path) if item["user_id"] == OBSERVER)
    (mine,) = place.got("observer", f"/users/{OBSERVER}/courses", include__="observed_users")
    assert [enrollment["type"] for enrollment in mine["enrollments"]] == ["observer", "student"]
    (mine,) = place.got("observer", f"/users/{OBSERVER}/courses")
    assert [enrollment["type"] for enrollment in mine["enrollments"]] == ["observer"]


def test_rubric_assessments_of_submissions(place: Place) -> None:
    for path in ("/courses/1/assignments/{essay}/submissions", "/sections/1/assignments/{essay}/submissions"):
        (ada,) = (item for item in place.got("teacher", path, include__="rubric_assessment") if item["user_id"] == ADA)
        assert [item["points"] for item in ada["rubric_assessment"].values()] == [4.0]
        assert not any("rubric_assessment" in value for value in place.got("teacher", path))


def test_pictures_and_texts_about_people(place: Place) -> None:
    teacher = place.site.teacher
    reds = team(teacher, ADA)["id"]
    picture = "http://pictures.example.test/ada.png"
    for path in ("/courses/1/users", "/courses/1/search_users", f"/groups/{reds}/users"):
        for asked, value in (("avatar_url", picture), ("bio", "Wrote the first program.")):
            if asked == "bio" and "groups" in path:
                continue
            (ada,) = (item for item in place.got("teacher", path, include__=asked) if item["id"] == ADA)
            assert ada[asked] == value
            assert not any(asked in item for item in place.got("teacher", path))
    for path in ("/courses/1/enrollments", "/sections/1/enrollments", f"/users/{ADA}/enrollments"):
        ada = next(item for item in place.got("admin", path, include__="avatar_url") if item["user_id"] == ADA)
        assert ada["user"]["avatar_url"] == picture
        assert not any("avatar_url" in item["user"] for item in place.got("admin", path))
    for path in ("/courses/1/sections", "/courses/1/sections/1", "/sections/1"):
        for asked, shown in ((["students", "avatar_url"], True), (["students"], False)):
            found = place.got("admin", path, include__=asked)
            students = (found[0] if isinstance(found, list) else found)["students"]
            assert any(student.get("avatar_url") == picture for student in students) is shown


def test_the_test_student_is_asked_for(place: Place) -> None:
    made_up = place.site.teacher.get(f"{COURSE}/student_view_student").json()["id"]
    for path in ("/courses/1/users", "/courses/1/search_users"):
        for asked in ([], ["test_student"]):
            found = {item["id"] for item in place.got("teacher", path, include__=asked, per_page=50)}
            assert (made_up in found) is bool(asked)


def test_a_limit_of_teachers(place: Place) -> None:
    """Of lists; one course shows them all."""
    for path, who in (
        ("/courses/1", "teacher"),
        ("/accounts/1/courses/1", "admin"),
        ("/courses", "teacher"),
        ("/accounts/1/courses", "admin"),
    ):
        for limit in (0, 1):
            found = place.got(who, path, include__="teachers", teacher_limit=limit)
            warnings = [warning.name for warning in place.site.lms.requests.last.warnings]
            counted = isinstance(found, list) and limit == 0
            assert ("teacher_count" if counted else "teachers") in (found[0] if isinstance(found, list) else found)
            assert warnings == ([] if isinstance(found, list) else ["teacher_limit"])


def test_blueprints_are_left_out(canvas: Site) -> None:
    admin = canvas.admin
    made_up = admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Plan"}, "enroll_me": True}).json()["id"]
    assert admin.put(f"{API}/courses/{made_up}", json={"course": {"blueprint": True}}).status_code == 200
    for path in ("/courses", "/users/self/courses"):
        for asked, expected in ((None, True), ("true", False)):
            found = admin.get(f"{API}{path}", params={"exclude_blueprint_courses": asked} if asked else {}).json()
            assert (made_up in [item["id"] for item in found]) is expected


def test_states_of_students_by_date_or_as_kept(place: Place) -> None:
    dates = {"start_at": "2020-01-01T00:00:00Z", "end_at": "2020-02-01T00:00:00Z"}
    asked = {"user_id": ADA, "type": "StudentEnrollment", "enrollment_state": "active"} | dates
    place.site.admin.post(f"{COURSE}/enrollments", json={"enrollment": asked})
    for path in ("/courses/1/students/submissions", "/sections/1/students/submissions"):
        for kept, expected in (("true", False), ("false", True)):
            found = place.got(
                "teacher", path, student_ids__="all", enrollment_state="active", state_based_on_date=kept, per_page=100
            )
            assert (ADA in {item["user_id"] for item in found}) is expected


def test_graded_submissions_of_courses_that_were_left(place: Place) -> None:
    path = f"/users/{ADA}/graded_submissions"
    assert [item["assignment_id"] for item in place.got("admin", path)] == [place.ids["essay"]]
    (mine,) = (item for item in place.got("admin", f"/users/{ADA}/enrollments") if item["course_id"] == 1)
    place.site.admin.delete(f"{COURSE}/enrollments/{mine['id']}", params={"task": "conclude"})
    assert len(place.got("admin", path)) == 1
    assert place.got("admin", path, only_current_enrollments="true") == []


def test_a_letter_that_is_a_number(place: Place) -> None:
    """A scheme of numbers: `5` is the best grade, unless points come first."""
    teacher = place.site.teacher
    rows = [{"name": "5", "value": 90}, {"name": "4", "value": 0}]
    scheme = made(teacher, "grading_standards", title="Marks", grading_scheme_entry=rows)["id"]
    marked = work(teacher, name="Marked", grading_type="letter_grade", grading_standard_id=scheme)
    for within in ("courses/1", "sections/1"):
        path = f"{API}/{within}/assignments/{marked['id']}/submissions/{ADA}"
        for first, score in ((False, 10), (True, 5)):
            sent = {"submission": {"posted_grade": "5"}, "prefer_points_over_scheme": first}
            assert teacher.put(path, json=sent).json()["score"] == score


def test_pages_in_the_planner_or_not(place: Place) -> None:
    teacher = place.site.teacher
    reds = team(teacher)["id"]
    for within in ("courses/1", f"groups/{reds}"):
        for number, (asked, kept) in enumerate(((True, True), (False, False))):
            day = {"student_todo_at": "2030-03-02T12:00:00Z", "student_planner_checkbox": asked}
            page = {"wiki_page": {"title": f"Read {number}", "published": True} | day}
            shown = teacher.post(f"{API}/{within}/pages", json=page).json()
            assert (shown["todo_date"] is not None) is kept
            front = teacher.put(f"{API}/{within}/front_page", json={"wiki_page": {"title": "Front", "body": "x"} | day})
            assert (front.json()["todo_date"] is not None) is kept


def test_points_of_an_assignment_stay_for_the_text_true_alone(place: Place) -> None:
    """The API of associations knows no such parameter, and a member of the hash is overwritten."""
    teacher = place.site.teacher
    tasks = [work(teacher, name=f"Task {number}", points_possible=9) for number in range(5)]
    ratings = {"0": {"description": "Yes", "points": 5}, "1": {"description": "No", "points": 0}}
    described = {"title": "Q", "criteria": {"0": {"description": "C", "ratings": ratings}}}

    def points(task: dict[str, Any], use: dict[str, Any], **more: Any) -> Any:
        purpose = {"association_id": task["id"], "association_type": "Assignment", "purpose": "grading"}
        body = {"rubric": described, "rubric_association": purpose | {"use_for_grading": True} | use} | more
        made(teacher, "rubrics", **body)
        return teacher.get(f"{COURSE}/assignments/{task['id']}").json()["points_possible"]

    name = "skip_updating_points_possible"
    assert points(tasks[0], {}) == 5
    assert points(tasks[1], {}, **{name: "true"}) == 9
    assert points(tasks[2], {}, **{name: "1"}) == 5
    assert points(tasks[3], {name: "true"}) == 5


def test_groups_of_one_s_own_and_their_sis_ids(canvas: Site) -> None:
    admin, student = canvas.admin, canvas.student
    assert student.post(f"{API}/groups", json={"name": "C", "sis_group_id": "C-1"}).status_code == 401
    mine = admin.post(f"{API}/groups", json={"name": "C", "sis_group_id": "C-1"}).json()
    assert mine["sis_group_id"] == "C-1"
    sets = admin.post(f"{API}/accounts/1/group_categories", json={"name": "Clubs"}).json()["id"]
    other = admin.post(f"{API}/group_categories/{sets}/groups", json={"name": "Chess"}).json()
    listed = f"{API}/accounts/1/groups"
    assert {item["id"] for item in admin.get(listed).json()} == {mine["id"], other["id"]}
    assert [item["id"] for item in admin.get(listed, params={"only_own_groups": "true"}).json()] == [mine["id"]]


def test_an_enrollment_said_to_be_one_s_own_is_not_accepted(canvas: Site) -> None:
    """Who enrolled by themselves were not invited."""
    person = {"user[name]": "New", "pseudonym[unique_id]": "new", "user[skip_registration]": True}
    new = canvas.admin.post(f"{API}/accounts/1/users", data=person).json()["id"]
    for within, own in (("courses/1", True), ("sections/1", True), ("courses/1", False)):
        asked = {"user_id": new, "type": "StudentEnrollment", "enrollment_state": "invited", "self_enrolled": own}
        made_row = canvas.admin.post(f"{API}/{within}/enrollments", json={"enrollment": asked}).json()
        accept = f"{COURSE}/enrollments/{made_row['id']}/accept"
        answer = canvas.admin.post(accept, params={"as_user_id": new})
        assert answer.json() == ({"error": "self enroll"} if own else {"success": True})


@pytest.mark.parametrize("later", [True, False])
def test_modules_are_published_and_taken_back_with_their_items_or_alone(canvas: Site, later: bool) -> None:
    """By the menu for publishing. Before it, all items were published along, and none was taken back."""
    canvas.lms.settings["canvas.later_parameters"] = later
    teacher, path = canvas.teacher, f"{COURSE}/modules"
    module = made(teacher, "modules", module={"name": "M"})["id"]
    page = made(teacher, "pages", wiki_page={"title": "P"})["url"]
    item = {"type": "Page", "page_url": page}
    items = f"{path}/{module}/items"
    teacher.post(items, json={"module_item": item})

    def after(event: str, *, skips: bool, single: bool) -> list[bool]:
        more = {"skip_content_tags": skips}
        if single:
            answer = teacher.put(f"{path}/{module}", json={"module": {"published": event == "publish"} | more}).json()
            assert answer.get("unpublish_warning") is (False if later else None)
        else:
            teacher.put(path, json={"module_ids": [module], "event": event} | more)
        shown = [teacher.get(f"{path}/{module}").json(), *teacher.get(items).json()]
        return [entry["published"] for entry in shown]

    for single in (True, False):
        assert after("publish", skips=True, single=single) == [True, not later]
        assert after("publish", skips=False, single=single) == [True, True]
        assert after("unpublish", skips=True, single=single) == [False, True]
        assert after("unpublish", skips=False, single=single) == [False, not later]
    asked = {"module_ids": [module], "event": "delete", "async": True}
    job = teacher.put(path, json=asked).json()
    if later:
        assert (job["completed"], job["progress"]["progress"]["workflow_state"]) == (None, "queued")
        number = job["progress"]["progress"]["id"]
        assert teacher.get(f"{API}/progress/{number}").json()["workflow_state"] == "completed"
    else:
        assert job == {"completed": [module], "progress": None}
    assert module not in [entry["id"] for entry in teacher.get(path).json()]
