"""Conversations: recipients, delivery, and changes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site

ALL = "/api/v1/conversations"


def own_id(client: Any) -> int:
    return int(client.get("/api/v1/users/self/profile").json()["id"])


def test_a_message_is_unread_until_it_is_shown(canvas: Site) -> None:
    student = own_id(canvas.student)
    made = canvas.teacher.post(ALL, json={"recipients": [student], "subject": "Work", "body": "Hand in."})
    assert (made.status_code, made.json()[0]["visible"]) == (201, False)
    path = f"{ALL}/{made.json()[0]['id']}"
    assert canvas.student.get(f"{ALL}/unread_count").json() == {"unread_count": "1"}
    assert canvas.student.get(path, params={"auto_mark_as_read": "false"}).json()["workflow_state"] == "unread"
    assert canvas.student.get(path).json()["workflow_state"] == "read"
    assert canvas.student.get(f"{ALL}/unread_count").json() == {"unread_count": "0"}
    assert canvas.teacher.get(ALL).json() == []
    replied = canvas.student.post(f"{path}/add_message", json={"body": "I did."}).json()
    assert [message["body"] for message in replied["messages"]] == ["I did."]
    assert [found["last_message"] for found in canvas.teacher.get(ALL).json()] == ["I did."]
    again = canvas.teacher.post(ALL, json={"recipients": [student], "body": "Thanks."}).json()[0]
    assert f"{ALL}/{again['id']}" == path
    assert canvas.admin.get(path).status_code == 404


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"body": "x"}, ("recipients", "blank")),
        ({"recipients": ["999999"], "body": "x"}, ("recipients", "invalid")),
        ({"recipients": ["SELF"], "body": "  "}, ("body", "blank")),
        ({"recipients": ["course_1"], "body": "x", "group_conversation": True}, ("recipients", "restricted by role")),
        ({"recipients": ["SELF"], "body": "x", "context_code": "planet_1"}, ("context_code", "invalid")),
    ],
)
def test_invalid_messages_are_refused(canvas: Site, fields: dict[str, Any], fault: tuple[str, str]) -> None:
    teacher = str(own_id(canvas.teacher))
    asked = [teacher if field == "SELF" else field for field in fields.get("recipients", [])]
    sent = {**fields, "recipients": asked} if asked else fields
    answer = canvas.student.post(ALL, json=sent)
    assert (answer.status_code, answer.json()) == (400, [dict(zip(("attribute", "message"), fault, strict=True))])
    good = {"recipients": [teacher], "body": "x", "context_code": "course_1"}
    assert canvas.student.post(ALL, json=good).status_code == 201


def test_a_whole_course_gets_one_conversation_or_one_each(canvas: Site) -> None:
    fields = {"recipients": ["course_1_students"], "body": "Hi all", "context_code": "course_1"}
    (together,) = canvas.teacher.post(ALL, json={**fields, "group_conversation": True}).json()
    assert len(together["audience"]) > 1
    each = canvas.teacher.post(ALL, json=fields).json()
    assert len(each) == len(together["audience"])
    later = canvas.teacher.post(ALL, json={**fields, "mode": "async"})
    assert (later.status_code, later.json()) == (202, [])
    assert later.headers["X-Conversation-Batch-Id"]
    path = f"{ALL}/{together['id']}"
    assert canvas.student.post(f"{path}/remove_messages").status_code == 204
    (message,) = canvas.student.get(path).json()["messages"]
    assert canvas.student.post(f"{path}/remove_messages", json={"remove": [message["id"]]}).json()["message_count"] == 0
    assert len(canvas.teacher.get(path).json()["messages"]) == 1


def test_many_are_changed_in_a_job(canvas: Site) -> None:
    student = own_id(canvas.student)
    made = canvas.teacher.post(ALL, json={"recipients": [student], "body": "x", "force_new": True}).json()[0]["id"]
    assert canvas.student.put(ALL, json={"conversation_ids": [made], "event": "explode"}).status_code == 400
    job = canvas.student.put(ALL, json={"conversation_ids": [made, 999], "event": "star"}).json()
    done = canvas.student.get(f"/api/v1/progress/{job['id']}").json()
    assert (done["workflow_state"], done["message"].splitlines()[0]) == ("completed", "1 conversation processed")
    assert [item["id"] for item in canvas.student.get(ALL, params={"scope": "starred"}).json()] == [made]
    assert canvas.student.put(f"{ALL}/{made}", json={"conversation": {"workflow_state": "archived"}}).status_code == 200
    assert canvas.student.get(ALL).json() == []
    assert canvas.student.delete(f"{ALL}/{made}").json()["message_count"] == 0
    assert canvas.student.get(f"{ALL}/{made}").status_code == 404
    canvas.teacher.post(f"{ALL}/{made}/add_message", json={"body": "Still there?"})
    assert [item["message_count"] for item in canvas.student.get(ALL).json()] == [1]


def test_recipients_are_found_among_those_one_knows(canvas: Site) -> None:
    found = "/api/v1/search/recipients"
    assert canvas.student.get(found).json() == []
    within = canvas.student.get(found, params={"context": "course_1_teachers"}).json()
    assert own_id(canvas.teacher) in [item["id"] for item in within]
    assert canvas.student.get(found, params={"context": "course_999999"}).status_code == 404
    name = canvas.teacher.get("/api/v1/users/self/profile").json()["name"].split()[0]
    assert own_id(canvas.teacher) in [item["id"] for item in canvas.student.get(found, params={"search": name}).json()]
    assert canvas.student.get(found, params={"search": name, "type": "course"}).json() == []
    every = canvas.student.get(found, params={"search": "", "type": "course", "messageable_only": "1"}).json()
    assert [item["id"] for item in every] == ["course_1", "course_2"], "an empty search finds all"


def test_contexts_tell_the_permissions_that_one_has_there(canvas: Site) -> None:
    found = "/api/v1/search/recipients"
    asked = {"search": "analytical", "type": "course", "permissions[]": ["send_messages", "manage_grades", "read", "x"]}
    assert [item["permissions"] for item in canvas.student.get(found, params=asked).json()] == [
        {"send_messages": True, "read": True}
    ]
    assert "manage_grades" in canvas.teacher.get(found, params=asked).json()[0]["permissions"]


def test_collective_recipients_of_a_course(canvas: Site) -> None:
    """Roles, sections and groups stand for people on request; a search finds them by name."""
    found = "/api/v1/search/recipients"
    section = canvas.admin.post("/api/v1/courses/1/sections", data={"course_section[name]": "Evening"}).json()["id"]
    category = canvas.admin.post("/api/v1/courses/1/group_categories", data={"name": "Set"}).json()["id"]
    group = canvas.admin.post(f"/api/v1/group_categories/{category}/groups", data={"name": "Gears"}).json()["id"]

    def ids(context: str, **more: str) -> list[object]:
        asked = {"context": context, "synthetic_contexts": "1", **more}
        return [item["id"] for item in canvas.teacher.get(found, params=asked).json()]

    whole = ["course_1_teachers", "course_1_students", "course_1_sections", "course_1_groups"]
    assert ids("course_1") == whole, "nobody by name"
    assert f"section_{section}" in ids("course_1_sections")
    assert ids("course_1_groups") == [f"group_{group}"]
    assert ids("course_1", search="gea") == [f"group_{group}"]
    assert ids("course_1", search="even", type="context") == [f"section_{section}"]
    assert (
        "context_name"
        not in canvas.teacher.get(found, params={"context": "course_1_groups", "synthetic_contexts": "1"}).json()[0]
    )
    plain = {"context": "course_1_groups", "type": "context"}
    assert canvas.teacher.get(found, params=plain).json() == []
    assert ids("course_1_groups", synthetic_contexts="0") == [f"group_{group}"], "any value asks for them"


def test_only_the_group_is_named_for_a_group_mate_written_to_from_the_course(canvas: Site) -> None:
    sets = canvas.teacher.post("/api/v1/courses/1/group_categories", json={"name": "Teams"}).json()
    group = canvas.teacher.post(f"/api/v1/group_categories/{sets['id']}/groups", json={"name": "A"}).json()["id"]
    assert canvas.teacher.put(f"/api/v1/groups/{group}", json={"members": [101, 102]}).status_code == 200

    def shared(**more: str) -> tuple[object, object]:
        sent = {"recipients": ["102"], "body": "b", **more}
        made = canvas.student.post("/api/v1/conversations", json=sent).json()[0]
        mate = next(participant for participant in made["participants"] if participant["id"] == 102)
        return mate["common_courses"], mate["common_groups"]

    assert shared() == ({"1": ["StudentEnrollment"]}, {str(group): ["Member"]})
    assert shared(context_code="course_1") == ({}, {str(group): ["Member"]})


def test_replies_and_scopes_after_a_conversation_is_emptied_or_its_course_is_over(canvas: Site) -> None:
    student = own_id(canvas.student)
    sent = {"recipients": [str(student)], "subject": "Hi", "body": "Hello", "context_code": "course_1"}
    (made,) = canvas.teacher.post(ALL, json=sent).json()
    path = f"{ALL}/{made['id']}"
    canvas.student.put(path, json={"conversation": {"workflow_state": "archived"}})
    archived = {"scope": "archived"}
    assert [row["id"] for row in canvas.student.get(ALL, params=archived).json()] == [made["id"]]
    canvas.student.delete(path)
    assert canvas.student.get(ALL, params=archived).json() == []
    assert canvas.student.get(path).status_code == 404
    # but one can still write there
    assert canvas.student.post(f"{path}/add_message", json={"body": "Again"}).status_code == 200
    unseen = {"body": "See", "included_messages": [made["messages"][0]["id"]]}
    assert canvas.teacher.post(f"{path}/add_message", json=unseen).status_code == 200
    assert canvas.student.put(ALL, json={"conversation_ids": [], "event": "star"}).status_code == 200
    canvas.teacher.delete("/api/v1/courses/1", params={"event": "conclude"})
    assert canvas.student.post(f"{path}/add_message", json={"body": ""}).status_code == 403


def test_a_group_conversation_has_a_hundred_recipients(canvas: Site) -> None:
    world = canvas.lms.dump()
    section = world["canvas"]
    row = next(
        enrollment
        for enrollment in section["enrollments"]
        if enrollment["course_id"] == 1 and enrollment["type"] == "StudentEnrollment"
    )
    person = next(user for user in section["users"] if user["id"] == row["user_id"])
    crowd = range(10_000, 10_102)
    section["users"] += [{**person, "id": number, "uuid": f"u{number}", "lti_id": f"l{number}"} for number in crowd]
    section["enrollments"] += [{**row, "id": number, "user_id": number} for number in crowd]
    canvas.lms.load(world)
    sent = {"recipients": list(crowd[:99]), "body": "All", "group_conversation": True}
    (made,) = canvas.teacher.post(ALL, json=sent).json()
    whole = f"{ALL}/{made['id']}"
    for path in ("add_recipients", "add_message"):
        several = canvas.teacher.post(f"{whole}/{path}", json={"recipients": list(crowd[99:101]), "body": "You"})
        assert (several.status_code, several.json()[0]["attribute"]) == (400, "recipients")
    assert canvas.teacher.post(f"{whole}/add_recipients", json={"recipients": [crowd[99]]}).status_code == 200
    last = canvas.teacher.post(f"{whole}/add_recipients", json={"recipients": [crowd[100]]})
    assert last.json()[0]["message"] == "too many participants for group conversation"


RECIPIENTS = "/api/v1/search/recipients"


def test_without_the_right_to_send_messages_only_instructors_are_recipients(canvas: Site) -> None:
    asked = {"context": "course_1"}
    ids = [item["id"] for item in canvas.student.get(RECIPIENTS, params=asked).json()]
    mates = {
        row["user_id"] for row in canvas.admin.get("/api/v1/courses/1/enrollments?type[]=StudentEnrollment").json()
    }
    assert mates <= set(ids)
    role = next(
        item for item in canvas.admin.get("/api/v1/accounts/1/roles").json() if item["role"] == "StudentEnrollment"
    )
    changed = {"permissions": {"send_messages": {"explicit": True, "enabled": False}}}
    assert canvas.admin.put(f"/api/v1/accounts/1/roles/{role['id']}", json=changed).status_code == 200
    ids = [item["id"] for item in canvas.student.get(RECIPIENTS, params=asked).json()]
    assert own_id(canvas.teacher) in ids
    assert mates & set(ids) == {own_id(canvas.student)}


def test_recipients_are_searched_by_both_names_and_by_several_types(canvas: Site) -> None:
    student = own_id(canvas.student)
    canvas.admin.put(f"/api/v1/users/{student}", json={"user": {"short_name": "Zebedee"}})
    found = canvas.teacher.get(RECIPIENTS, params={"search": "zebe"}).json()
    assert [item["id"] for item in found] == [student]
    mixed = {"search": "", "types[]": ["user", "course"]}
    kinds = {str(item["id"]).partition("_")[0] for item in canvas.teacher.get(RECIPIENTS, params=mixed).json()}
    assert "course" in kinds
    assert str(student) in kinds


def test_an_empty_search_shows_the_groups_that_one_is_in(canvas: Site) -> None:
    category = canvas.admin.post("/api/v1/courses/1/group_categories", data={"name": "Set"}).json()["id"]
    path = f"/api/v1/group_categories/{category}/groups"
    own, other = (canvas.admin.post(path, data={"name": f"Gears {n}"}).json()["id"] for n in (1, 2))
    canvas.admin.post(f"/api/v1/groups/{own}/memberships", data={"user_id": str(own_id(canvas.student))})

    def groups(search: str) -> list[str]:
        asked = {"search": search, "type": "group"}
        found = [str(item["id"]) for item in canvas.student.get(RECIPIENTS, params=asked).json()]
        return [item for item in found if item.startswith("group")]

    assert groups("") == [f"group_{own}"]
    asked = {"search": "gears", "type": "group"}
    found = canvas.student.get(RECIPIENTS, params=asked).json()
    assert [(item["id"], item["user_count"]) for item in found] == [(f"group_{own}", 1)], "the other one has no members"
    asked = {"context": "course_1_groups", "synthetic_contexts": "1", "search": "2"}
    assert [item["id"] for item in canvas.student.get(RECIPIENTS, params=asked).json()] == [f"group_{other}"]


def test_teachers_are_found_in_courses_that_are_not_published(canvas: Site) -> None:
    canvas.admin.put("/api/v1/courses/1", json={"course": {"event": "claim"}})
    new = canvas.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": "Zoology"}}).json()["id"]
    who = {"user_id": own_id(canvas.teacher), "type": "TeacherEnrollment", "enrollment_state": "active"}
    canvas.admin.post(f"/api/v1/courses/{new}/enrollments", json={"enrollment": who})
    found = canvas.teacher.get(RECIPIENTS, params={"search": "zoo", "type": "course"}).json()
    assert [item["id"] for item in found] == [f"course_{new}"]


def test_admins_see_the_account_as_the_context_of_a_conversation(canvas: Site) -> None:
    sent = {"recipients": [own_id(canvas.student)], "subject": "Help", "body": "Here", "context_code": "course_1"}
    made = canvas.admin.post(ALL, json=sent).json()[0]
    assert made["context_code"] == "account_1"
    shown = canvas.student.get(ALL, params={"include_context_name": "true"}).json()[0]
    name = canvas.teacher.get("/api/v1/courses/1").json()["name"]
    assert (shown["context_code"], shown["context_name"]) == ("course_1", name)


def test_an_admin_finds_and_writes_to_everybody_in_a_course(canvas: Site) -> None:
    student = own_id(canvas.student)
    ids = [item["id"] for item in canvas.admin.get(RECIPIENTS, params={"context": "course_1"}).json()]
    assert {student, own_id(canvas.teacher)} <= set(ids)
    asked = {"user_id": str(student), "context": "course_1"}
    assert [item["id"] for item in canvas.admin.get(RECIPIENTS, params=asked).json()] == [student]
    elsewhere = canvas.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": "Zoology"}}).json()["id"]
    asked["context"] = f"course_{elsewhere}"
    assert canvas.admin.get(RECIPIENTS, params=asked).json() == []


def test_who_wrote_last_is_named_first_and_long_texts_are_cut(canvas: Site) -> None:
    student, teacher = own_id(canvas.student), own_id(canvas.teacher)
    sent = {"recipients": [student], "body": "x" * 101, "context_code": "course_1"}
    (made,) = canvas.teacher.post(ALL, json=sent).json()
    assert [person["id"] for person in made["participants"]] == [teacher, student]
    path = f"{ALL}/{made['id']}"
    assert canvas.student.get(path).json()["last_message"] == "x" * 97 + "..."
    canvas.lms.clock.advance(seconds=5)
    canvas.student.post(f"{path}/add_message", json={"body": "y" * 100})
    shown = canvas.teacher.get(path, params={"include_beta": "1"}).json()
    assert [person["id"] for person in shown["participants"]] == [student, teacher]
    assert (shown["last_message"], shown["beta"]) == ("y" * 100, True)
    assert "beta" not in canvas.teacher.get(path).json()


def test_a_bare_number_is_no_filter_and_a_wrong_mode_writes_nothing(canvas: Site) -> None:
    student, teacher = own_id(canvas.student), own_id(canvas.teacher)
    sent = {"recipients": [student], "body": "b"}
    assert canvas.teacher.post(ALL, json={**sent, "filter_mode": "xor"}).status_code == 400
    assert canvas.student.get(ALL).json() == []
    assert canvas.teacher.post(ALL, json={**sent, "filter_mode": "and"}).status_code == 201
    assert len(canvas.student.get(ALL, params={"filter[]": f"user_{teacher}"}).json()) == 1
    assert canvas.student.get(ALL, params={"filter[]": str(teacher)}).json() == []


def test_those_who_only_wrote_lose_all_with_one_of_their_messages(canvas: Site) -> None:
    sent = {"recipients": [own_id(canvas.student)], "body": "one"}
    (made,) = canvas.teacher.post(ALL, json=sent).json()
    (again,) = canvas.teacher.post(ALL, json={**sent, "body": "two"}).json()
    path, removal = f"{ALL}/{made['id']}", {"remove": [again["messages"][0]["id"]]}
    assert canvas.student.post(f"{path}/remove_messages", json=removal).json()["message_count"] == 1
    assert canvas.teacher.post(f"{path}/remove_messages", json=removal).json()["message_count"] == 0
    assert canvas.teacher.get(path).status_code == 404


def test_a_student_cannot_reply_to_those_who_left_the_course(canvas: Site) -> None:
    teacher, mate = own_id(canvas.teacher), 102
    sent = {"recipients": [teacher, mate], "body": "b", "group_conversation": True, "context_code": "course_1"}
    (made,) = canvas.student.post(ALL, json=sent).json()
    path = f"{ALL}/{made['id']}/add_message"
    rows = canvas.admin.get("/api/v1/courses/1/enrollments", params={"user_id": mate}).json()
    for row in rows:
        canvas.admin.delete(f"/api/v1/courses/1/enrollments/{row['id']}", params={"task": "conclude"})
    refused = canvas.student.post(path, json={"recipients": [mate, teacher], "body": "b"})
    assert refused.status_code == 401
    assert f'["{rows[0]["user"]["name"]}"]' in refused.json()[0]["message"]
    assert canvas.student.post(path, json={"recipients": [teacher], "body": "b"}).status_code == 200
    assert canvas.teacher.post(path, json={"recipients": [mate], "body": "b"}).status_code == 200


def test_a_section_stands_for_its_course(canvas: Site) -> None:
    section = canvas.teacher.get("/api/v1/courses/1/sections").json()[0]["id"]
    sent = {"recipients": [f"section_{section}"], "body": "b", "group_conversation": True}
    (made,) = canvas.teacher.post(ALL, json=sent).json()
    assert list(made["audience_contexts"]["courses"]) == ["1"]
    assert canvas.teacher.post(ALL, json={**sent, "context_code": "course_999"}).status_code == 404


def test_a_reply_to_many_is_sent_in_a_job(canvas: Site) -> None:
    world = canvas.lms.dump()
    section = world["canvas"]
    sent = {"recipients": [own_id(canvas.student)], "body": "All", "group_conversation": True}
    (made,) = canvas.teacher.post(ALL, json=sent).json()
    path = f"{ALL}/{made['id']}"
    assert canvas.teacher.post(f"{path}/add_message", json={"body": "Now"}).status_code == 200
    world = canvas.lms.dump()
    section = world["canvas"]
    row = section["conversation_participants"][-1]
    person = next(user for user in section["users"] if user["id"] == row["user_id"])
    crowd = range(10_000, 10_098)
    section["users"] += [{**person, "id": number, "uuid": f"u{number}", "lti_id": f"l{number}"} for number in crowd]
    section["conversation_participants"] += [{**row, "id": number, "user_id": number} for number in crowd]
    canvas.lms.load(world)
    answer = canvas.teacher.post(f"{path}/add_message", json={"body": "Later"})
    assert (answer.status_code, answer.json()) == (202, [])
    assert canvas.student.get(path).json()["last_message"] == "Later"


def test_recipients_by_context_or_by_what_is_no_context(canvas: Site) -> None:
    path, teacher = "/api/v1/search/recipients", canvas.teacher
    assert teacher.get(path, params={"context": "planet_1"}).json() == []
    searched = {"search": "a", "type": "user"}
    everywhere = teacher.get(path, params=searched).json()
    assert everywhere
    assert teacher.get(path, params=searched | {"context": "planet_1"}).json() == everywhere
    assert teacher.get(path, params={"context": "course_999"}).status_code == 404
    people = teacher.get(path, params={"context": "course_1", "per_page": "0"}).json()
    assert len(people) > 1, "a page size of nothing is the usual one"
    topic = canvas.teacher.post("/api/v1/courses/1/discussion_topics", data={"title": "T", "published": "1"}).json()
    code = f"discussion_topic_{topic['id']}"
    assert teacher.get(path, params={"context": code, "per_page": "0"}).json() == people
    assert teacher.get(path, params={"context": "discussion_topic_999"}).status_code == 404


def test_unknown_contexts_and_recipients_of_an_earlier_conversation(canvas: Site) -> None:
    path, own = "/api/v1/conversations", canvas.student.get("/api/v1/users/self").json()["id"]

    def written(api: httpx.Client, **fields: Any) -> httpx.Response:
        return api.post(path, json={"body": "Hello", **fields})

    assert written(canvas.teacher, recipients=[own], context_code="course_999").status_code == 404
    assert written(canvas.teacher, recipients=["999"], context_code="course_999").status_code == 404, "asked first"
    unknown = written(canvas.teacher, recipients=[own], context_code="account_999")
    assert (unknown.status_code, unknown.json()) == (400, [{"attribute": "context_code", "message": "invalid"}])
    outside = canvas.admin.post(
        "/api/v1/accounts/1/users",
        json={"user": {"name": "Out Side"}, "pseudonym": {"unique_id": "outside@example.test"}},
    ).json()["id"]
    sent = written(canvas.admin, recipients=[outside, own], group_conversation=True)
    assert sent.status_code == 201, sent.text
    assert written(canvas.student, recipients=[outside]).status_code == 400, "not known"
    earlier = sent.json()[0]["id"]
    assert written(canvas.student, recipients=[outside], from_conversation_id=earlier).status_code == 201
    assert written(canvas.student, recipients=[outside], from_conversation_id=999).status_code == 404


def test_starred_conversations_are_listed_by_their_last_change(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    made = []
    for subject in ("First", "Second", "Third"):
        sent = {"recipients": [101], "subject": subject, "body": "x", "force_new": True}
        made.append(teacher.post(ALL, json=sent).json()[0]["id"])
        canvas.lms.clock.advance(seconds=60)
    for number in (made[2], made[0]):
        canvas.lms.clock.advance(seconds=60)
        student.put(f"{ALL}/{number}", json={"conversation": {"starred": True}})
    starred = [row["id"] for row in student.get(ALL, params={"scope": "starred"}).json()]
    assert starred == [made[0], made[2]]
    inbox = [row["id"] for row in student.get(ALL).json()]
    assert inbox[:3] == made[::-1]
