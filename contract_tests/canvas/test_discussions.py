"""Discussions and announcements of Canvas."""

from __future__ import annotations

import httpx

from contract_tests.canvas.grading import ADA, COURSE, made, team, work
from contract_tests.canvas.support import Site

API = "/api/v1"
TOPICS = f"{API}/courses/1/discussion_topics"


def talk(api: httpx.Client, **fields: object) -> dict[str, object]:
    made: dict[str, object] = api.post(TOPICS, json={"title": "Talk", "published": True, **fields}).json()
    return made


def test_entries_are_posted_read_and_counted(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    first = canvas.student.post(f"{topic}/entries", json={"message": "<p>Hi<script>x</script></p>"}).json()
    assert (first["message"], first["user_name"], first["read_state"]) == ("<p>Hi</p>", "Ada Lovelace", "read")
    reply = canvas.teacher.post(f"{topic}/entries/{first['id']}/replies", data={"message": "Hello"}).json()
    shown = canvas.student.get(topic).json()
    assert (shown["discussion_subentry_count"], shown["unread_count"], shown["subscribed"]) == (2, 1, True)
    tree = canvas.student.get(f"{topic}/view").json()
    assert tree["unread_entries"] == [reply["id"]]
    assert [item["id"] for item in tree["view"][0]["replies"]] == [reply["id"]]
    assert canvas.student.put(f"{topic}/entries/{reply['id']}/read").status_code == 204
    assert canvas.student.get(topic).json()["unread_count"] == 0
    assert canvas.student.delete(f"{topic}/entries/{reply['id']}").status_code == 403, "the teacher's"
    assert canvas.teacher.delete(f"{topic}/entries/{first['id']}").status_code == 204
    deleted = canvas.student.get(f"{topic}/view").json()["view"][0]
    assert (deleted["deleted"], "message" in deleted, len(deleted["replies"])) == (True, False, 1)


def test_replies_go_fifty_levels_deep(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher, discussion_type='threaded')['id']}"
    last = canvas.student.post(f"{topic}/entries", json={"message": "1"}).json()["id"]
    for level in range(2, 51):
        answer = canvas.student.post(f"{topic}/entries/{last}/replies", json={"message": str(level)})
        assert answer.status_code == 201
        last = answer.json()["id"]
    answer = canvas.student.post(f"{topic}/entries/{last}/replies", json={"message": "51"})
    assert (answer.status_code, answer.json()["errors"]["base"][0]["message"]) == (400, "Maximum entry depth reached")


def test_who_has_to_post_first(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher, require_initial_post=True)['id']}"
    canvas.teacher.post(f"{topic}/entries", json={"message": "the answer"})
    hidden = canvas.student.get(f"{topic}/entries")
    assert (hidden.status_code, hidden.text) == (403, "require_initial_post")
    assert canvas.student.get(topic).json()["subscription_hold"] == "initial_post_required"
    assert canvas.student.post(f"{topic}/entries", json={"message": "mine"}).status_code == 201
    assert len(canvas.student.get(f"{topic}/entries").json()) == 2


def test_drafts_and_locks(canvas: Site) -> None:
    draft = canvas.teacher.post(TOPICS, json={"title": "Draft"}).json()
    path = f"{TOPICS}/{draft['id']}"
    assert canvas.student.get(path).status_code == 403
    assert canvas.teacher.put(path, json={"published": True, "locked": True}).json()["locked"] is True
    closed = canvas.student.get(path).json()
    assert closed["lock_explanation"] == "This topic is closed for comments."
    assert canvas.student.post(f"{path}/entries", json={"message": "x"}).status_code == 403
    assert canvas.teacher.post(f"{path}/entries", json={"message": "x"}).status_code == 201
    refused = canvas.student.post(TOPICS, json={"title": "x", "published": False})
    assert "draft state" in refused.json()["errors"]["published"]


def test_pinned_topics_have_places(canvas: Site) -> None:
    ids = [str(talk(canvas.teacher, title=title, pinned=True)["id"]) for title in "abc"]
    order = [ids[2], ids[0]]
    assert canvas.teacher.post(f"{TOPICS}/reorder", json={"order": order}).json()["order"] == [*order, ids[1]]
    assert canvas.student.post(f"{TOPICS}/reorder", json={"order": order}).status_code == 403
    assert canvas.teacher.post(f"{TOPICS}/reorder", json={"order": ["3"]}).status_code == 400
    both = canvas.teacher.get(TOPICS, params={"scope": "pinned,unpinned"})
    assert both.json() == {"errors": {"scope": "scope is contradictory"}}


def test_a_graded_discussion_is_an_assignment(canvas: Site) -> None:
    made = talk(canvas.teacher, message="<p>m</p>", assignment={"points_possible": 5})
    assignment = f"{API}/courses/1/assignments/{made['assignment_id']}"
    assert canvas.teacher.get(assignment).json()["submission_types"] == ["discussion_topic"]
    canvas.teacher.put(assignment, json={"assignment": {"name": "Renamed"}})
    path = f"{TOPICS}/{made['id']}"
    assert canvas.teacher.get(path).json()["title"] == "Renamed"
    canvas.student.post(f"{path}/entries", json={"message": "my work"})
    assert canvas.teacher.get(assignment).json()["needs_grading_count"] == 1
    assert canvas.teacher.get(path).json()["can_unpublish"] is False
    assert canvas.student.post(TOPICS, json={"title": "x", "assignment": {"points_possible": 1}}).status_code == 403
    canvas.teacher.delete(path)
    assert canvas.teacher.get(assignment).status_code == 404


def test_ratings(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher, allow_rating=True)['id']}"
    entry = canvas.student.post(f"{topic}/entries", json={"message": "x"}).json()["id"]
    assert canvas.teacher.post(f"{topic}/entries/{entry}/rating", json={"rating": 1}).status_code == 204
    assert canvas.teacher.post(f"{topic}/entries/{entry}/rating", json={"rating": 2}).status_code == 400
    view = canvas.teacher.get(f"{topic}/view").json()
    assert (view["entry_ratings"], view["view"][0]["rating_sum"]) == ({str(entry): 1}, 1)
    plain = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    other = canvas.student.post(f"{plain}/entries", json={"message": "x"}).json()["id"]
    assert canvas.teacher.post(f"{plain}/entries/{other}/rating", json={"rating": 1}).status_code == 403


def test_filters_of_topics_and_invalid_changes(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    topics, later = TOPICS, "2099-01-01T00:00:00Z"

    def made(title: str, **more: object) -> int:
        answer = teacher.post(topics, json={"title": title, "message": "m", "published": True, **more})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["id"])

    def titles(**asked: str) -> set[str]:
        return {row["title"] for row in teacher.get(topics, params={"per_page": "50", **asked}).json()}

    waits, shut, plain = made("Later", delayed_post_at=later), made("Shut", locked=True), made("Plain")
    assert {"Later", "Shut"} <= titles(scope="locked"), "a topic that waits for its time is locked too"
    assert "Plain" not in titles(scope="locked")
    assert titles(scope="locked").isdisjoint(titles(scope="unlocked"))
    assert "Plain" not in titles(only_announcements="false"), "any text will do"
    module = teacher.post(f"{API}/courses/1/modules", json={"module": {"name": "M", "unlock_at": later}}).json()["id"]
    teacher.put(f"{API}/courses/1/modules/{module}", json={"module": {"published": True}})
    item = {"module_item": {"type": "Discussion", "content_id": plain}}
    assert teacher.post(f"{API}/courses/1/modules/{module}/items", json=item).status_code == 200
    for said in ("1", "false"):  # whatever it says
        shown = student.get(topics, params={"exclude_context_module_locked_topics": said})
        seen = [row["id"] for row in shown.json()]
        assert plain not in seen
    assert plain in [row["id"] for row in student.get(topics).json()]
    assert waits in seen

    assert teacher.put(f"{topics}/{shut}", json={"is_announcement": True}).status_code == 404
    assert teacher.put(f"{topics}/{shut}", json={"anonymous_state": None}).status_code == 200
    assert teacher.post(topics, json={"title": "t", "position_after": 999, "pinned": True}).status_code == 404
    assert teacher.post(topics, json={"title": "t", "group_category_id": 999}).status_code == 404
    category = teacher.post(f"{API}/courses/1/group_categories", json={"name": "Teams"}).json()["id"]
    teacher.post(f"{API}/group_categories/{category}/groups", json={"name": "Team 1"})
    grouped = {"group_category_id": category}
    news = teacher.post(topics, json={"title": "n", "message": "m", "is_announcement": True, **grouped})
    assert news.json()["errors"]["group"] == "You cannot use grouped discussion on an announcement."
    assert student.post(topics, json={"title": "s", **grouped}).json()["errors"]["group"].endswith("as a student.")
    changed = teacher.put(f"{topics}/{shut}", json=grouped).json()
    assert changed["group_category_id"] == category
    assert len(teacher.get(f"{topics}/{shut}").json()["topic_children"]) == 1, "each group has one of its own"
    said = student.post(f"{topics}/{waits}/entries", json={"message": "x"})
    assert said.status_code == 403, "not yet"
    ours = made("Open")
    entry = student.post(f"{topics}/{ours}/entries", json={"message": "x"}).json()["id"]
    assert teacher.put(f"{topics}/{ours}", json=grouped).status_code == 400, "there are replies"
    assert student.put(f"{topics}/{ours}/entries/{entry}", json={"message": "y"}).status_code == 200
    kept = {"allow_student_discussion_editing": False}
    assert teacher.put(f"{API}/courses/1/settings", json=kept).status_code == 200
    assert student.put(f"{topics}/{ours}/entries/{entry}", json={"message": "z"}).status_code == 403
    assert student.delete(f"{topics}/{ours}/entries/{entry}").status_code == 403
    assert teacher.delete(f"{topics}/{ours}/entries/{entry}").status_code == 204


def test_in_a_graded_discussion_the_work_is_what_a_student_has_said(canvas: Site) -> None:
    task = work(canvas.teacher, submission_types=["discussion_topic"])
    path = f"{COURSE}/discussion_topics/{task['discussion_topic']['id']}"
    row = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"

    def said() -> int:
        return int(canvas.student.post(f"{path}/entries", json={"message": "x"}).json()["id"])

    def stands() -> tuple[str, bool]:
        found = canvas.teacher.get(row).json()
        return found["workflow_state"], found["submitted_at"] is not None

    first, second = said(), said()
    assert stands() == ("submitted", True)
    assert canvas.student.delete(f"{path}/entries/{first}").status_code == 204
    assert stands() == ("submitted", True), "there is another entry"
    assert canvas.student.delete(f"{path}/entries/{second}").status_code == 204
    assert stands() == ("unsubmitted", False)
    said()
    assert stands() == ("submitted", True)
    assert canvas.teacher.get(row).json()["attempt"] == 2


def test_an_entry_in_a_groups_copy_submits_the_assignment(canvas: Site) -> None:
    members = team(canvas.teacher, ADA)
    group, category = members["id"], members["group_category_id"]
    topic = made(
        canvas.teacher,
        "discussion_topics",
        title="T",
        published=True,
        group_category_id=category,
        assignment={"points_possible": 5},
    )
    (found,) = canvas.teacher.get(f"/api/v1/groups/{group}/discussion_topics").json()
    copy = found["id"]
    posted = canvas.student.post(f"/api/v1/groups/{group}/discussion_topics/{copy}/entries", json={"message": "x"})
    assert posted.status_code == 201
    row = f"{COURSE}/assignments/{topic['assignment_id']}/submissions/{ADA}"
    assert canvas.teacher.get(row).json()["submission_type"] == "discussion_topic"
    shown = canvas.teacher.get(row, params={"include[]": "submission_history"}).json()
    assert [entry["message"] for entry in shown["discussion_entries"]] == ["x"]
    path = f"{TOPICS}/{topic['id']}"
    drafted = canvas.teacher.put(path, json={"published": False})
    assert drafted.status_code == 400, "a student has said something in a group's copy"
    assert canvas.teacher.delete(path).status_code == 200
    assert canvas.teacher.get(f"/api/v1/groups/{group}/discussion_topics").json() == []


def test_a_topic_in_which_only_the_teacher_has_written_may_be_a_draft(canvas: Site) -> None:
    path = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    assert canvas.teacher.post(f"{path}/entries", json={"message": "x"}).status_code == 201
    assert canvas.teacher.get(path).json()["can_unpublish"] is True
    assert canvas.teacher.put(path, json={"published": False}).json()["published"] is False
    canvas.teacher.put(path, json={"published": True})
    assert canvas.student.post(f"{path}/entries", json={"message": "x"}).status_code == 201
    assert canvas.teacher.get(path).json()["can_unpublish"] is False
    assert canvas.teacher.put(path, json={"published": False}).status_code == 400


def test_new_dates_open_or_close_a_topic_and_bring_a_draft_out(canvas: Site) -> None:
    draft = canvas.teacher.post(f"{COURSE}/discussion_topics", json={"title": "T"}).json()
    own = f"{COURSE}/discussion_topics/{draft['id']}"

    def after(**fields: object) -> tuple[bool, bool, object]:
        found = canvas.teacher.put(own, json=fields).json()
        return found["published"], found["locked"], found["lock_at"]

    past, future = "2020-01-01T23:59:59Z", "2100-01-01T23:59:59Z"
    assert draft["published"] is False
    assert after(lock_at=past) == (True, True, past)
    assert after(title="U") == (True, True, past)
    assert after(locked=False) == (True, False, None), "to open it ends the date"
    assert after(lock_at=future, locked=True) == (True, False, future), "the new date decides"
    assert after(locked=True) == (True, True, future)
    assert after(delayed_post_at=future) == (True, False, future)
    assert after(published=False, lock_at=past) == (False, True, past)


def test_a_graded_discussion_is_not_closed_before_it_is_due(canvas: Site) -> None:
    for due, status in (("2100-01-01T00:00:00Z", 500), ("2020-01-01T00:00:00Z", 200)):
        fields = {"title": "T", "published": True, "assignment": {"points_possible": 1, "due_at": due}}
        topic = canvas.teacher.post(f"{COURSE}/discussion_topics", json=fields).json()["id"]
        answer = canvas.teacher.put(f"{COURSE}/discussion_topics/{topic}", json={"locked": True})
        assert answer.status_code == status


def test_own_entries_can_be_marked_unread_and_by_hand_or_not(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    own = canvas.student.post(f"{topic}/entries", json={"message": "x"}).json()["id"]
    entry = f"{topic}/entries/{own}/read"

    def state() -> tuple[object, object]:
        tree = canvas.student.get(f"{topic}/view").json()
        return tree["unread_entries"], tree["forced_entries"]

    assert canvas.student.put(entry, json={"forced_read_state": True}).status_code == 204
    assert state() == ([], []), "what is read already stays as it is"
    assert canvas.student.delete(entry, params={"forced_read_state": "true"}).status_code == 204
    assert state() == ([own], [own])
    assert canvas.student.put(f"{topic}/read_all").status_code == 204
    assert state() == ([], [own]), "by hand, as nothing else was said"
    assert canvas.student.delete(f"{topic}/read_all", params={"forced_read_state": "false"}).status_code == 204
    assert state() == ([own], [])


def test_replies_to_replies_are_flat_unless_the_topic_is_threaded(canvas: Site) -> None:
    for kind, flat in (("side_comment", True), ("threaded", False)):
        topic = f"{TOPICS}/{talk(canvas.teacher, discussion_type=kind)['id']}"
        top = canvas.student.post(f"{topic}/entries", json={"message": "1"}).json()["id"]
        below = canvas.student.post(f"{topic}/entries/{top}/replies", json={"message": "2"}).json()["id"]
        last = canvas.student.post(f"{topic}/entries/{below}/replies", json={"message": "3"}).json()
        assert last["parent_id"] == (top if flat else below)
    long = canvas.student.post(f"{topic}/entries", json={"message": "x" * 65_536})
    assert (long.status_code, long.json()["errors"]["message"][0]["type"]) == (400, "too_long")
    assert canvas.student.post(f"{topic}/entries", json={"message": "x" * 65_535}).status_code == 201


def test_students_attach_files_while_the_course_lets_them_and_a_change_without_it_drops_the_file(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    file = {"attachment": ("a.txt", b"hello", "text/plain")}
    entry = canvas.student.post(f"{topic}/entries", data={"message": "x"}, files=file).json()
    assert [attachment["display_name"] for attachment in entry["attachments"]] == ["a.txt"]
    assert "attachment" not in canvas.student.put(f"{topic}/entries/{entry['id']}", json={"message": "y"}).json()
    assert canvas.teacher.put(f"{COURSE}/settings", json={"allow_student_forum_attachments": False}).status_code == 200
    refused = canvas.student.post(f"{topic}/entries", data={"message": "x"}, files=file)
    assert (refused.status_code, "attachment" in refused.json()) == (201, False), "posted without it"
    assert "attachment" in canvas.teacher.post(f"{topic}/entries", data={"message": "x"}, files=file).json()


def test_ratings_order_the_entries_and_are_told_while_they_are_allowed(canvas: Site) -> None:
    path = f"{TOPICS}/{talk(canvas.teacher, allow_rating=True, sort_by_rating=True)['id']}"
    first, second = (canvas.student.post(f"{path}/entries", json={"message": x}).json()["id"] for x in "ab")
    assert canvas.teacher.post(f"{path}/entries/{second}/rating", json={"rating": 1}).status_code == 204
    tree = canvas.teacher.get(f"{path}/view").json()
    assert ([item["id"] for item in tree["view"]], tree["entry_ratings"]) == ([second, first], {str(second): 1})
    canvas.teacher.put(path, json={"allow_rating": False})
    assert canvas.teacher.get(f"{path}/view").json()["entry_ratings"] == {}


def test_a_group_discussion_is_followed_read_and_copied_by_its_members(canvas: Site) -> None:
    nobody = team(canvas.teacher)
    group, category = nobody["id"], nobody["group_category_id"]
    path = f"{TOPICS}/{talk(canvas.teacher, group_category_id=category)['id']}"
    assert canvas.student.get(path).json()["subscription_hold"] == "not_in_group_set"
    alone = canvas.student.put(f"{path}/subscribed")
    fault = alone.json()["errors"]["discussion_topic_id"][0]["message"]
    assert (alone.status_code, fault) == (400, "no child topic found")
    assert canvas.student.delete(f"{path}/subscribed").status_code == 204, "not subscribed anyway"
    canvas.teacher.post(f"{API}/groups/{group}/memberships", json={"user_id": ADA})
    (ours,) = canvas.teacher.get(path).json()["group_topic_children"]
    part = f"{API}/groups/{group}/discussion_topics/{ours['id']}"
    assert canvas.student.put(f"{path}/subscribed").status_code == 204
    assert (canvas.student.get(path).json()["subscribed"], canvas.student.get(part).json()["subscribed"]) == (True,) * 2
    entry = canvas.student.post(f"{part}/entries", json={"message": "ours"}).json()["id"]
    assert [item["id"] for item in canvas.student.get(f"{path}/entries").json()] == [entry]
    across = canvas.student.post(f"{path}/entries/{entry}/replies", json={"message": "x"})
    assert (across.status_code, list(across.json()["errors"])) == (400, ["parent_id"])
    copied = canvas.student.post(f"{part}/duplicate")
    assert (copied.status_code, copied.json()["published"]) == (200, True)
    assert canvas.student.post(f"{TOPICS}/{talk(canvas.teacher)['id']}/duplicate").status_code == 403


def test_whoever_must_post_again_is_not_subscribed_any_more(canvas: Site) -> None:
    path = f"{TOPICS}/{talk(canvas.teacher, require_initial_post=True)['id']}"
    entry = canvas.student.post(f"{path}/entries", json={"message": "x"}).json()["id"]
    assert canvas.student.get(path).json()["subscribed"] is True
    assert canvas.student.delete(f"{path}/entries/{entry}").status_code == 204
    shown = canvas.student.get(path).json()
    assert (shown["subscribed"], shown["subscription_hold"]) == (False, "initial_post_required")


def test_who_is_anonymous_is_not_given_away(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    topics = f"{API}/courses/1/discussion_topics"
    asked = {"title": "Secret", "published": True, "anonymous_state": "full_anonymity"}
    plain = teacher.post(topics, json=asked).json()
    assert (plain["anonymous_state"], plain["author"]["display_name"]) == (None, "Grace Hopper"), "without the feature"
    canvas.switch_on("react_discussions_post")
    made = teacher.post(topics, json=asked).json()
    assert (made["anonymous_state"], made["author"]) == ("full_anonymity", None)
    assert made["title"] in [row["title"] for row in student.get(topics).json() if row["author"] is None]
    for path in ("", "/view", "/entries", "/entry_list"):
        assert student.get(f"{topics}/{made['id']}{path}").status_code == 404, path
        assert student.get(f"{topics}/{plain['id']}{path}").status_code == 200, path
    refused = {
        "Anonymous discussions cannot be graded": {"assignment": {"points_possible": 1}},
        "Group discussions cannot be anonymous.": {"group_category_id": 1},
    }
    for text, more in refused.items():
        answer = teacher.post(topics, json={**asked, **more})
        assert (answer.status_code, answer.json()) == (400, {"errors": {"anonymous_state": text}})
    text = {"errors": {"anonymous_state": "You are not able to create an anonymous discussion"}}
    assert student.post(topics, json=asked).json() == text
    teacher.put(f"{API}/courses/1/settings", json={"allow_student_anonymous_discussion_topics": True})
    assert student.post(topics, json=asked).json()["anonymous_state"] == "full_anonymity"
    kept = teacher.put(f"{topics}/{made['id']}", json={"anonymous_state": "full_anonymity", "title": "Still"})
    assert kept.json()["title"] == "Still"
    assert teacher.put(f"{topics}/{made['id']}", json={"anonymous_state": None}).status_code == 400


def test_a_pinned_topic_moves_to_the_position_of_another(canvas: Site) -> None:
    teacher, topics = canvas.teacher, f"{COURSE}/discussion_topics"

    def begun(title: str, **more: object) -> int:
        return int(teacher.post(topics, json={"title": title, **more}).json()["id"])

    def order() -> str:
        shown = teacher.get(topics, params={"scope": "pinned", "order_by": "position"}).json()
        return "".join(topic["title"] for topic in sorted(shown, key=lambda topic: topic["position"]))

    first, second, third = (begun(title, pinned=True) for title in "abc")
    assert order() == "abc"
    assert teacher.put(f"{topics}/{third}", json={"position_after": first}).status_code == 200
    assert order() == "cab", "from below, before the other"
    assert teacher.put(f"{topics}/{third}", json={"position_after": second}).status_code == 200
    assert order() == "abc", "from above, after it"
    begun("d", pinned=True, position_after=second)
    assert order() == "adbc"
    loose = begun("e")
    assert teacher.put(f"{topics}/{loose}", json={"position_after": second}).json()["position"] is None
    assert teacher.put(f"{topics}/{second}", json={"position_after": loose}).status_code == 500
    assert order() == "adbc"
