"""Groups of Canvas's courses and their content."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
NEVER = {"explicit": True, "enabled": False}


def teacher_role(canvas: Site) -> int:
    roles = canvas.admin.get(f"{API}/accounts/1/roles").json()
    return next(int(role["id"]) for role in roles if role["base_role_type"] == "TeacherEnrollment")


def group_of(canvas: Site) -> int:
    sets = f"{API}/courses/1/group_categories"
    made = canvas.teacher.post(sets, json={"name": "Labs", "self_signup": "enabled", "create_group_count": 2}).json()
    assert (made["groups_count"], made["protected"]) == (2, False)
    first = canvas.teacher.get(f"{API}/group_categories/{made['id']}/groups").json()[0]
    assert first["name"] == "Lab 1"
    return int(first["id"])


def test_members_create_group_content(canvas: Site) -> None:
    group = f"{API}/groups/{group_of(canvas)}"
    assert canvas.student.get(group).status_code == 403
    own = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    place = canvas.teacher.post(f"{group}/memberships", json={"user_id": own}).json()
    assert (place["user_id"], place["just_created"]) == (own, True)
    assert canvas.student.get(group).json()["members_count"] == 1
    page = canvas.student.post(f"{group}/pages", json={"wiki_page": {"title": "Notes"}}).json()
    assert (page["published"], page["editing_roles"]) == (True, "members")
    talk = canvas.student.post(f"{group}/discussion_topics", json={"title": "Plan"})
    assert talk.status_code == 200
    assert canvas.student.get(f"{API}/users/self/groups").json()[0]["name"] == "Lab 1"


def test_who_leaves_a_group_and_who_sees_others(canvas: Site) -> None:
    """Whoever may join a group may leave it; a hidden page of people leaves students their own groups."""
    teacher, student = canvas.teacher, canvas.student
    own, free = student.get(f"{API}/users/self").json()["id"], group_of(canvas)
    sets = f"{API}/courses/1/group_categories"
    fixed = teacher.post(sets, json={"name": "Teams", "create_group_count": 1}).json()["id"]
    team = teacher.get(f"{API}/group_categories/{fixed}/groups").json()[0]["id"]
    for group, answer in ((team, 403), (free, 200)):
        teacher.post(f"{API}/groups/{group}/memberships", json={"user_id": own})
        assert student.delete(f"{API}/groups/{group}/memberships/self").status_code == answer
    other = f"{API}/groups/{team}/memberships/999999"
    assert [client.get(other).status_code for client in (student, canvas.api("unknown"))] == [404, 401]
    assert len(student.get(f"{API}/courses/1/groups").json()) == 3
    teacher.put(f"{API}/courses/1/tabs/people", json={"hidden": True})
    seen = [[item["id"] for item in client.get(f"{API}/courses/1/groups").json()] for client in (student, teacher)]
    assert (seen[0], len(seen[1])) == ([team], 3)


def test_a_discussion_of_a_set_is_led_in_each_group(canvas: Site) -> None:
    group = canvas.teacher.get(f"{API}/groups/{group_of(canvas)}").json()
    fields = {"title": "Talk", "published": True, "group_category_id": group["group_category_id"]}
    topic = canvas.teacher.post(f"{API}/courses/1/discussion_topics", json=fields).json()
    shown = canvas.teacher.get(f"{API}/courses/1/discussion_topics/{topic['id']}").json()
    assert group["id"] in [child["group_id"] for child in shown["group_topic_children"]]
    assert len(shown["topic_children"]) == 2


def test_members_see_group_activity(canvas: Site) -> None:
    group = f"{API}/groups/{group_of(canvas)}"
    assert canvas.student.get(f"{group}/activity_stream").status_code == 403
    own = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    canvas.teacher.post(f"{group}/memberships", json={"user_id": own})
    assert canvas.student.get(f"{group}/activity_stream").json() == []
    fields = {"title": "Plan", "message": "When?", "published": True}
    topic = canvas.teacher.post(f"{group}/discussion_topics", json=fields).json()
    canvas.student.post(f"{group}/discussion_topics/{topic['id']}/entries", json={"message": "Now"})
    (item,) = canvas.student.get(f"{group}/activity_stream").json()
    assert (item["type"], item["discussion_topic_id"]) == ("DiscussionTopic", topic["id"])
    assert [entry["message"] for entry in item["root_discussion_entries"]] == ["Now"]
    (counted,) = canvas.student.get(f"{group}/activity_stream/summary").json()
    assert (counted["type"], counted["count"], counted["unread_count"]) == ("DiscussionTopic", 1, 1)


def test_unknown_addresses_are_invited_and_invalid_ones_are_not(canvas: Site) -> None:
    invite = f"{API}/groups/{group_of(canvas)}/invite"
    fields = {"invitees": ["new@example.test", "not an address"]}
    assert canvas.student.post(invite, json=fields).status_code == 403
    (made,) = canvas.teacher.post(invite, json=fields).json()
    (again,) = canvas.teacher.post(invite, json={"invitees": ["NEW@example.test"]}).json()
    assert again["user_id"] == made["user_id"]


def test_restricted_sign_up_requires_a_section_shared_with_a_member(canvas: Site) -> None:
    sets = f"{API}/courses/1/group_categories"
    fields = {"name": "Pairs", "self_signup": "restricted", "create_group_count": 1}
    made = canvas.teacher.post(sets, json=fields).json()
    group = canvas.teacher.get(f"{API}/group_categories/{made['id']}/groups").json()[0]["id"]
    joined = canvas.student.post(f"{API}/groups/{group}/memberships", json={"user_id": "self"})
    assert (joined.status_code, joined.json()["workflow_state"]) == (200, "accepted")
    asked = {"permissions[]": ["read", "manage_wiki_create", "manage"]}
    rights = canvas.student.get(f"{API}/groups/{group}/permissions", params=asked)
    assert rights.json() == {"read": True, "manage_wiki_create": True, "manage": False}


def test_where_sign_up_is_restricted_other_sections_stay_out(canvas: Site) -> None:
    place, own = f"{API}/courses/1", canvas.student.get(f"{API}/users/self/profile").json()["id"]
    taken = canvas.teacher.get(f"{place}/enrollments", params={"type[]": "StudentEnrollment"}).json()
    other = next(item for item in taken if item["user_id"] != own)
    section = canvas.teacher.post(f"{place}/sections", json={"course_section": {"name": "Evening"}}).json()["id"]
    moved = {"enrollment": {"user_id": other["user_id"], "enrollment_state": "active"}}
    assert canvas.teacher.post(f"{API}/sections/{section}/enrollments", json=moved).status_code == 200
    assert canvas.teacher.delete(f"{place}/enrollments/{other['id']}", params={"task": "delete"}).status_code == 200
    fields = {"name": "Pairs", "self_signup": "restricted", "create_group_count": 1}
    made = canvas.teacher.post(f"{place}/group_categories", json=fields).json()
    group = canvas.teacher.get(f"{API}/group_categories/{made['id']}/groups").json()[0]["id"]
    members = f"{API}/groups/{group}/memberships"
    canvas.teacher.post(members, json={"user_id": other["user_id"]})
    assert canvas.student.post(members, json={"user_id": "self"}).status_code == 403


def test_which_memberships_are_listed(canvas: Site) -> None:
    group, own = group_of(canvas), canvas.student.get(f"{API}/users/self/profile").json()["id"]
    path = f"{API}/groups/{group}/memberships"
    canvas.teacher.post(path, json={"user_id": own})

    def listed(**query: Any) -> Any:
        return [item["user_id"] for item in canvas.teacher.get(path, params=query).json()]

    assert (listed(), listed(**{"filter_states[]": "invited"}), listed(**{"filter_states[]": "accepted"})) == (
        [own],
        [],
        [own],
    )
    canvas.teacher.delete(f"{path}/self")
    canvas.teacher.delete(f"{API}/groups/{group}/users/{own}")
    assert (listed(), listed(**{"filter_states[]": "deleted"})) == ([], [])
    assert canvas.teacher.get(path, params={"filter_states": "accepted"}).status_code == 500


def test_group_collaborators_include_course_managers(canvas: Site) -> None:
    group, own = group_of(canvas), canvas.student.get(f"{API}/users/self/profile").json()["id"]
    path = f"{API}/groups/{group}/potential_collaborators"
    assert canvas.student.get(path).status_code == 200, "who may join sees who is in it"
    canvas.teacher.post(f"{API}/groups/{group}/memberships", json={"user_id": own})
    found = {item["id"] for item in canvas.student.get(path).json()}
    taken = canvas.teacher.get(f"{API}/courses/1/enrollments").json()
    teachers = {item["user_id"] for item in taken if item["type"] == "TeacherEnrollment"}
    students = {item["user_id"] for item in taken if item["type"] == "StudentEnrollment"}
    assert teachers <= found
    assert found & students == {own}


def test_group_memberships_come_with_people_and_in_a_file_of_any_name(canvas: Site) -> None:
    group = canvas.teacher.get(f"{API}/groups/{group_of(canvas)}").json()
    own = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    canvas.teacher.post(f"{API}/groups/{group['id']}/memberships", json={"user_id": own})
    asked = {"include[]": "group_ids", "per_page": 100}
    within = {row["id"]: row["group_ids"] for row in canvas.teacher.get(f"{API}/courses/1/users", params=asked).json()}
    assert within[own] == [group["id"]]
    assert [number for number, groups in within.items() if groups] == [own]
    rows = canvas.teacher.get(f"{API}/courses/1/enrollments", params=asked).json()
    assert {row["user_id"]: row["user"]["group_ids"] for row in rows} == within
    category = f"{API}/group_categories/{group['group_category_id']}"
    canvas.teacher.put(category, json={"name": "Café 東"})
    named = canvas.teacher.get(f"{category}/export").headers["content-disposition"]
    assert named == "attachment; filename=\"Cafe %3F.csv\"; filename*=UTF-8''Caf%C3%A9%20%E6%9D%B1.csv"


def test_group_memberships_are_exported_and_imported(canvas: Site) -> None:
    """Groups are named by id, SIS id or name; the first row of a student counts, and moves them."""
    first = canvas.teacher.get(f"{API}/groups/{group_of(canvas)}").json()
    category = f"{API}/group_categories/{first['group_category_id']}"

    def put(*rows: str) -> str:
        file = {"attachment": ("groups.csv", "\n".join(rows).encode("latin-1"), "text/csv")}
        job = canvas.teacher.post(f"{category}/import", files=file).json()
        assert (job["workflow_state"], job["completion"]) == ("queued", 0.0)
        ended = canvas.teacher.get(f"{API}/progress/{job['id']}").json()
        return ended["message"] or str(ended["workflow_state"])

    def members_seen(who: httpx.Client) -> list[str]:
        return who.get(f"{category}/export").text.splitlines()

    heads = "name,canvas_user_id,user_id,login_id,sections,group_name"
    assert members_seen(canvas.teacher)[0] == heads, "nobody is in a group yet"
    assert put("canvas_user_id,canvas_group_id", f"101,{first['id']}", "101,9999", f"103,{first['id']}") == "completed"
    rows = members_seen(canvas.teacher)
    assert rows[0] == f"{heads},canvas_group_id,group_id"
    assert rows[1] == f'"Lovelace, Ada",101,S-101,ada.lovelace,Analytical Engines,Lab 1,{first["id"]},'
    assert rows[2] == '"Babbage, Charles",102,S-102,charles.babbage,Analytical Engines,,,'
    assert len(rows) == 3, "a teacher is put into no group"
    assert put("Login_ID , Group_Name", "ada.lovelace, New ", "", "charles.babbage,Lab 1", "ada.lovelace,Lab 2") == (
        "completed"
    )
    assert [row.split(",")[-3] for row in members_seen(canvas.teacher)[1:]] == ["New", "Lab 1"]
    assert put("user_id,group_name", '"S-101,Lab 1') == "Malformed CSV"
    assert put("user_id,group_name", "S-101,Caf\xe9") == "Invalid UTF-8"
    canvas.admin.put(f"{API}/accounts/1/roles/{teacher_role(canvas)}", json={"permissions": {"read_sis": NEVER}})
    assert members_seen(canvas.teacher)[0] == "name,canvas_user_id,login_id,sections,group_name,canvas_group_id"


def test_rights_in_a_group(canvas: Site) -> None:
    """By the caller's role in the group, and by rights in its course."""
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    category = teacher.post("/api/v1/courses/1/group_categories", json={"name": "Teams"}).json()["id"]
    group = teacher.post(f"/api/v1/group_categories/{category}/groups", json={"name": "Team 1"}).json()["id"]
    path = f"/api/v1/groups/{group}"

    def held(who: httpx.Client, **params: str) -> set[str]:
        return {name for name, may in who.get(f"{path}/permissions", params=params).json().items() if may}

    runs = {"manage", "update", "delete", "moderate_forum", "manage_students", "manage_files_add", "read_as_admin"}
    assert held(teacher) >= runs
    assert held(teacher).isdisjoint({"participate", "participate_as_student", "join", "leave"})
    assert student.get(f"{path}/permissions").status_code == 403, "not in it"
    assert teacher.post(f"{path}/memberships", json={"user_id": 101}).status_code == 200
    member = held(student)
    assert member >= {"participate", "participate_as_student", "read", "post_to_forum", "send_messages", "create"}
    assert member.isdisjoint({"manage", "update", "moderate_forum", "read_as_admin", "join", "leave"})
    assert teacher.put("/api/v1/courses/1/settings", json={"allow_student_organized_groups": False}).status_code == 200
    assert "create" not in held(student)
    signup = {"self_signup": "enabled"}
    assert teacher.put(f"/api/v1/group_categories/{category}", json=signup).status_code == 200
    assert held(student) >= {"join", "leave"}
    assert teacher.put("/api/v1/courses/1", json={"course": {"event": "claim"}}).status_code == 200
    assert student.get(f"{path}/permissions").status_code == 403, "members of a draft see nothing of it"
    assert admin.get(f"{path}/permissions", params={"permissions[]": "read"}).json() == {"read": True}


def test_several_leave_a_group_at_once(canvas: Site) -> None:
    """Those whom the caller may remove; non-members are not mentioned."""
    path = f"{API}/groups/{group_of(canvas)}"
    for user in (101, 102):
        canvas.teacher.post(f"{path}/memberships", json={"user_id": user})
    left = canvas.student.request("DELETE", f"{path}/users", data={"user_ids[]": ["101", "102", "103"]}).json()
    assert left == {"message": "Bulk delete completed", "deleted_user_ids": [101], "unauthorized_user_ids": [102]}
    left = canvas.teacher.request("DELETE", f"{path}/users", params={"user_ids[]": ["101", "102"]}).json()
    assert (left["deleted_user_ids"], left["unauthorized_user_ids"]) == ([102], [])
    assert canvas.teacher.get(f"{path}/users").json() == []


def test_groups_follow_feeds_that_members_choose(canvas: Site) -> None:
    category = canvas.teacher.post(f"{API}/courses/1/group_categories", json={"name": "Readers"}).json()["id"]
    group = canvas.teacher.post(f"{API}/group_categories/{category}/groups", json={"name": "Blue"}).json()["id"]
    feeds = f"{API}/groups/{group}/external_feeds"
    assert canvas.student.post(feeds, json={"url": "https://news.example.test/a.xml"}).status_code == 403
    own = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    assert canvas.teacher.post(f"{API}/groups/{group}/memberships", json={"user_id": own}).status_code == 200
    made = canvas.student.post(feeds, json={"url": "https://news.example.test/a.xml"}).json()
    assert [item["id"] for item in canvas.teacher.get(feeds).json()] == [made["id"]]
    assert made["id"] not in [item["id"] for item in canvas.teacher.get(f"{API}/courses/1/external_feeds").json()]
    elsewhere = canvas.teacher.delete(f"{API}/courses/1/external_feeds/{made['id']}")
    assert elsewhere.status_code == 404
    assert canvas.student.delete(f"{feeds}/{made['id']}").json()["url"] == "https://news.example.test/a.xml"
    assert canvas.teacher.get(feeds).json() == []


def test_groups_of_a_course_that_is_over(canvas: Site) -> None:
    """Admins of its account still see them; its former teachers do not."""
    admin, sets = canvas.admin, f"{API}/courses/1/group_categories"
    below = admin.post(f"{API}/accounts/1/sub_accounts", json={"account": {"name": "College"}}).json()["id"]
    clerk = {"user": {"name": "Clerk"}, "pseudonym": {"unique_id": "clerk"}}
    acting = {"as_user_id": admin.post(f"{API}/accounts/1/users", json=clerk).json()["id"]}
    admin.post(f"{API}/accounts/{below}/admins", json={"user_id": acting["as_user_id"]})
    assert (canvas.teacher.get(sets).status_code, admin.get(sets, params=acting).status_code) == (200, 403)
    admin.put(f"{API}/courses/1", json={"course": {"account_id": below}})
    admin.put(f"{API}/courses/1", json={"course": {"event": "conclude"}})
    assert (canvas.teacher.get(sets).status_code, admin.get(sets, params=acting).status_code) == (403, 200)


def test_a_set_that_chooses_leaders_chooses_again_when_one_leaves(canvas: Site) -> None:
    api = canvas.teacher
    fields = {"name": "Led", "self_signup": "enabled", "auto_leader": "first"}
    sets = api.post("/api/v1/courses/1/group_categories", json=fields).json()
    group = api.post(f"/api/v1/group_categories/{sets['id']}/groups", json={"name": "A"}).json()
    place = f"/api/v1/groups/{group['id']}"
    for number in (102, 101):
        assert api.post(f"{place}/memberships", json={"user_id": number}).status_code == 200
        assert api.get(place).json()["leader"]["id"] == 102, "whoever leads keeps on"
    assert api.delete(f"{place}/users/102").status_code == 200
    assert api.get(place).json()["leader"]["id"] == 101
    assert api.delete(f"{place}/users/101").status_code == 200
    assert api.get(place).json()["leader"] is None


def test_what_changes_the_members_of_a_group(canvas: Site) -> None:
    teacher, group = canvas.teacher, group_of(canvas)
    people = teacher.get(f"{API}/courses/1/users", params={"enrollment_type[]": "student"}).json()
    first, two = people[0]["id"], people[1]["id"]
    path = f"{API}/groups/{group}"

    def members() -> list[int]:
        return sorted(row["user_id"] for row in teacher.get(f"{path}/memberships").json())

    assert teacher.put(path, data={"members": f"{first},{two}"}).status_code == 200
    assert members() == sorted([first, two])
    assert teacher.put(path, json={"members": None, "name": "Named"}).json()["name"] == "Named"
    assert members() == sorted([first, two]), "null changes nothing"
    for leader in ({"id": ""}, {"name": "x"}, {"id": 999}):
        answer = teacher.put(path, json={"leader": leader})
        assert (answer.status_code, answer.json()) == (400, {})
    assert teacher.put(path, json={"leader": {"id": first}}).json()["leader"]["id"] == first
    assert teacher.put(path, json={"leader": {}}).json()["leader"] is None
    answer = teacher.post(f"{API}/group_categories/999/groups", data={"name": "x"})
    assert answer.json() == {"errors": [{"message": "The specified resource does not exist."}]}


def test_people_of_a_group_who_do_not_take_part_in_the_course(canvas: Site) -> None:
    teacher, group = canvas.teacher, group_of(canvas)
    rows = teacher.get(f"{API}/courses/1/enrollments", params={"type[]": "StudentEnrollment"}).json()
    own = canvas.student.get(f"{API}/users/self").json()["id"]
    other = next(row for row in rows if row["user_id"] != own)
    path, number = f"{API}/groups/{group}", other["user_id"]
    teacher.put(path, json={"members": [own, number]})
    canvas.admin.delete(f"{API}/courses/1/enrollments/{other['id']}", params={"task": "deactivate"})

    def listed(api: httpx.Client, **asked: str) -> dict[int, Any]:
        found = api.get(f"{API}/courses/1/groups", params={"include[]": "users", **asked}).json()
        people = next(row for row in found if row["id"] == group)["users"]
        return {row["id"]: row.get("active") for row in people}

    assert listed(teacher) == {own: None, number: None}
    assert listed(canvas.student) == {own: None}, "students see those who take part"
    assert listed(canvas.student, include_inactive_users="1") == {own: True, number: False}
    users = f"{path}/users"
    assert {row["id"] for row in teacher.get(users).json()} == {own, number}
    assert {row["id"] for row in teacher.get(users, params={"exclude_inactive": "1"}).json()} == {own}
    more = teacher.get(path, params={"include[]": ["can_message", "html_url"]}).json()
    assert (more["can_message"], more["html_url"]) == (True, f"{canvas.url}/groups/{group}")
