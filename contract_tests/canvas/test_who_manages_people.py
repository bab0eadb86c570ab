"""Who may manage people's data and create people, and the order of refusals."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
SCHOOL = f"{API}/accounts/1"
STUDENT = f"{API}/users/101"


def made(canvas: Site, name: str, **more: str) -> int:
    """A new person with a login."""
    sent = {"user[name]": name, "pseudonym[unique_id]": name.lower(), **more}
    answer = canvas.admin.post(f"{SCHOOL}/users", data=sent)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def test_an_admin_cannot_manage_users_with_more_rights(canvas: Site) -> None:
    """Managing logins reaches people whose administrative roles give nothing that the manager lacks."""
    role = {"label": "Clerk", "base_role_type": "AccountMembership"}
    role |= {f"permissions[manage_user_logins][{name}]": "1" for name in ("enabled", "explicit")}
    clerk = made(canvas, "clerk")
    id_of = canvas.admin.post(f"{SCHOOL}/roles", data=role).json()["id"]
    granted = canvas.admin.post(f"{SCHOOL}/admins", data={"user_id": str(clerk), "role_id": str(id_of)})
    assert granted.status_code == 200
    acting, boss = {"as_user_id": str(clerk)}, f"{API}/users/104"
    own_login = {who: canvas.admin.get(f"{API}/users/{who}/logins").json()[0]["id"] for who in (101, 104)}

    def as_clerk(method: str, path: str, **data: str) -> int:
        return canvas.admin.request(method, path, params=acting, data=data).status_code

    for person, expected in ((STUDENT, 200), (boss, 403)):
        number = int(person.rpartition("/")[2])
        assert as_clerk("PUT", person, **{"user[short_name]": "X"}) == expected
        assert as_clerk("PUT", f"{person}/settings", collapse_global_nav="true") == expected
        address = {
            "communication_channel[address]": f"new{number}@example.test",
            "communication_channel[type]": "email",
        }
        assert as_clerk("POST", f"{person}/communication_channels", **address) == expected
        login = {"user[id]": str(number), "login[unique_id]": f"second{number}"}
        assert as_clerk("POST", f"{SCHOOL}/logins", **login) == expected
        assert as_clerk("PUT", f"{SCHOOL}/logins/{own_login[number]}", **{"login[unique_id]": f"l{number}"}) == expected
        assert as_clerk("PUT", f"{API}/users/{clerk}/merge_into/{number}") == expected
        clerk = made(canvas, f"clerk{number}")
        canvas.admin.post(f"{SCHOOL}/admins", data={"user_id": str(clerk), "role_id": str(id_of)})
        acting["as_user_id"] = str(clerk)
    assert as_clerk("GET", boss) == 200, "reading takes no more than managing logins"
    assert as_clerk("DELETE", f"{SCHOOL}/users/104") == 403
    assert as_clerk("DELETE", f"{SCHOOL}/users/101") == 200


def test_the_order_of_checks(canvas: Site) -> None:
    admin, teacher, student, nobody = canvas.admin, canvas.teacher, canvas.student, canvas.client()
    assert admin.put(STUDENT, data={"user[terms_of_use]": "1"}).status_code == 403, "for oneself only"
    assert student.put(STUDENT, data={"user[terms_of_use]": "1", "user[birthdate]": "2000-01-01"}).status_code == 200
    assert nobody.get(f"{API}/users/self/avatars").status_code == 401
    assert nobody.post(f"{API}/users/reset_password", data={"email": "x"}).status_code == 500
    assert admin.post(f"{API}/users/reset_password", data={"email": "ada.lovelace"}).json() == {"requested": True}
    assert student.post(f"{API}/users/self/communication_channels").status_code == 500
    below = admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "College"}).json()["id"]
    for who in (admin, teacher):
        assert who.delete(f"{API}/accounts/{below}/users/101").status_code == 404, "no school"
        assert who.put(f"{SCHOOL}/users/101/restore").status_code == 403, "that takes an admin of the whole site"
    login = admin.get(f"{STUDENT}/logins").json()[0]["id"]
    assert admin.put(f"{API}/accounts/999999/logins/{login}", data={"login[unique_id]": "ada"}).status_code == 200
    unknown = {"user[id]": "101", "login[authentication_provider_id]": "999999"}
    assert admin.post(f"{SCHOOL}/logins", data=unknown).status_code == 404
    assert teacher.put(f"{STUDENT}/merge_into/999999").status_code == 403
    assert admin.put(f"{STUDENT}/merge_into/999999").status_code == 404
    address = admin.get(f"{STUDENT}/communication_channels").json()[0]["id"]
    path = f"{STUDENT}/communication_channels"
    assert teacher.get(f"{path}/999999/notification_preferences").status_code == 404
    assert teacher.get(f"{path}/{address}/notification_preferences").status_code == 403
    assert admin.get(f"{path}/{address}/notification_preferences").status_code == 200


def test_an_observer_reads_logins_and_addresses(canvas: Site) -> None:
    watcher = made(canvas, "watcher")
    acting = {"as_user_id": str(watcher)}
    paths = [f"{STUDENT}/{what}" for what in ("logins", "communication_channels")]
    paths.append(f"{SCHOOL}/logins?user_id=101&as_user_id={watcher}")
    assert [canvas.admin.get(path, params=None if "?" in path else acting).status_code for path in paths] == [403] * 3
    assert canvas.admin.put(f"{API}/users/{watcher}/observees/101").status_code == 200
    assert [canvas.admin.get(path, params=None if "?" in path else acting).status_code for path in paths] == [200] * 3
    assert canvas.admin.get(f"{STUDENT}/observers", params=acting).status_code == 403
    assert canvas.teacher.get(f"{STUDENT}/observers").status_code == 403
    assert canvas.admin.get(f"{STUDENT}/observers").json()[0]["id"] == watcher


def test_own_choices(canvas: Site) -> None:
    student, own = canvas.student, f"{API}/users/self"
    cards = f"{own}/dashboard_positions"
    far = student.put(cards, data={"dashboard_positions[course_1]": "-1001"})
    assert (far.status_code, far.json()["message"][:29]) == (400, "Position -1001 is too high. Y")
    assert student.put(cards, data={"dashboard_positions[course_1]": "-1000"}).status_code == 200
    assert student.put(cards).status_code == 500
    named = f"{own}/course_nicknames/1"
    assert student.put(named, data={"nickname": "  "}).json() == {"message": "missing nickname"}
    assert student.put(named, data={"nickname": "Mine"}).status_code == 200
    for row in canvas.teacher.get(f"{API}/courses/1/enrollments", params={"user_id": "101"}).json():
        canvas.teacher.delete(f"{API}/courses/1/enrollments/{row['id']}", params={"task": "delete"})
    assert student.get(named).status_code == 403
    assert student.delete(named).json()["course_id"] == 1, "taking it back needs no right"
    assert student.delete(named).json() == {"message": "no nickname exists for course"}
    profile = canvas.admin.get(f"{STUDENT}/profile", params={"include[]": ["uuid", "links"]}).json()
    assert (profile["links"], "user_services" in profile) == ([], False)
    assert profile["uuid"] == canvas.admin.get(STUDENT, params={"include[]": "uuid"}).json()["uuid"]


def test_the_school_decides_about_names(canvas: Site) -> None:
    world = canvas.lms.dump()
    school = next(account for account in world["canvas"]["accounts"] if account.get("parent_account_id") is None)
    school["settings"] = {"users_can_edit_name": False}
    canvas.lms.load(world)
    shown = canvas.admin.get(STUDENT, params={"include[]": "avatar_state"}).json()
    assert shown["permissions"]["can_update_name"] is False, "it tells what the person may, not the caller"
    assert "avatar_state" not in shown, "pictures are off"
    assert canvas.student.put(STUDENT, data={"user[name]": "Me"}).status_code == 403
    assert canvas.admin.put(STUDENT, data={"user[name]": "Ada"}).status_code == 200


def test_who_makes_people(canvas: Site) -> None:
    def register(client: httpx.Client, way: str = "self_registration", **changes: str) -> httpx.Response:
        sent = {"user[name]": "New", "pseudonym[unique_id]": "new@example.test", "pseudonym[password]": "long-enough"}
        return client.post(f"{SCHOOL}/{way}", data=sent | changes)

    nobody, admin = canvas.client(), canvas.admin
    assert register(nobody).status_code == register(nobody, "users").status_code == 403
    plain = {"pseudonym[unique_id]": "plain"}
    assert register(admin, **plain).status_code == 200, "who manages logins needs no open door"
    assert register(admin, **plain, force_validations="1").status_code == 400
    unknown = {"pseudonym[unique_id]": "other", "pseudonym[authentication_provider_id]": "cas"}
    assert register(admin, "users", **unknown).status_code == 404
    observer = {"user[initial_enrollment_type]": "observer"}
    refused = register(admin, "users", **observer).json()["errors"]
    assert refused["pairing_code"]["code"][0]["type"] == "invalid"
    mailed = {"communication_channel[address]": "nowhere", "communication_channel[confirmation_url]": "1"}
    number = register(admin, "users", **mailed, **{"pseudonym[unique_id]": "nowhere"}).json()["id"]
    assert admin.get(f"{API}/users/{number}/communication_channels").json() == []
    world = canvas.lms.dump()
    school = next(account for account in world["canvas"]["accounts"] if account.get("parent_account_id") is None)
    school["settings"] = {"self_registration_type": "observer"}
    canvas.lms.load(world)
    assert register(nobody, "users").status_code == 403, "only observers may"
    assert register(nobody, "users", **observer).status_code == 400, "and they need a code"
    code = canvas.student.post(f"{API}/users/self/observer_pairing_codes").json()["code"]
    answer = register(nobody, "users", **observer, **{"pairing_code[code]": code, "pseudonym[sis_user_id]": "S-1"})
    assert answer.status_code == 200
    login = admin.get(f"{API}/users/{answer.json()['id']}/logins").json()[0]
    assert login["sis_user_id"] is None, "SIS ids are an admin's to give"
    assert admin.get(f"{API}/users/{answer.json()['id']}/observees").json()[0]["id"] == 101
    school["settings"] = {"self_registration_type": "all"}
    canvas.lms.load(world)
    assert register(nobody).status_code == 200
    assert canvas.lms.dump()["canvas"]["users"][-1]["workflow_state"] == "pre_registered", "nobody else sets a password"


def test_an_admin_of_the_site_brings_people_back(canvas: Site) -> None:
    world = canvas.lms.dump()
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Site Admin", "site_admin": True})
    section.setdefault("account_users", []).append({"id": 77, "user_id": 104, "account_id": 2, "role_id": 1})
    canvas.lms.load(world)
    admin = canvas.admin
    below = admin.post(f"{SCHOOL}/sub_accounts", data={"account[name]": "College"}).json()["id"]
    assert admin.put(f"{API}/accounts/{below}/users/101/restore").status_code == 404, "no school"
    again = admin.put(f"{SCHOOL}/users/101/restore")
    assert (again.status_code, again.json()) == (400, {"errors": "User not deleted"})
    assert admin.delete(f"{SCHOOL}/users/101").status_code == 200
    assert admin.get(f"{STUDENT}/logins").json() == []
    assert admin.put(f"{SCHOOL}/users/101/restore").status_code == 200
    assert len(admin.get(f"{STUDENT}/logins").json()) == 1
    for path in ("manageable_accounts", "course_accounts"):
        assert canvas.client().get(f"{API}/{path}").json() == [], "nobody's is an empty list"
    assert canvas.client().get(f"{API}/accounts").status_code == 401


def test_who_is_merged_into_another_brings_work_words_and_observers(canvas: Site) -> None:
    course = "/api/v1/courses/1"
    first, second = 101, 102
    task = {"name": "T", "submission_types": ["online_text_entry"], "published": True, "points_possible": 5}
    work = canvas.teacher.post(f"{course}/assignments", json={"assignment": task}).json()["id"]
    submissions = f"{course}/assignments/{work}/submissions"
    text = {"submission_type": "online_text_entry", "body": "mine"}
    handed = canvas.student.post(submissions, json={"submission": text}).json()
    assert handed["user_id"] == first
    said = canvas.teacher.post(f"{course}/discussion_topics", json={"title": "D", "published": True}).json()["id"]
    entries = f"{course}/discussion_topics/{said}/entries"
    assert canvas.student.post(entries, json={"message": "hello"}).status_code == 201
    fields = {"user": {"name": "P", "skip_registration": True}, "pseudonym": {"unique_id": "parent@example.test"}}
    parent = canvas.admin.post("/api/v1/accounts/1/users", json=fields).json()["id"]
    assert canvas.admin.put(f"/api/v1/users/{parent}/observees/{first}").status_code == 200

    notes = {"name": "a.txt", "size": 3, "parent_folder_path": "Notes"}
    place = canvas.student.post(f"{API}/users/self/files", json=notes).json()
    kept = httpx.post(place["upload_url"], data=place["upload_params"], files={"file": ("a.txt", b"abc")})
    assert canvas.student.get(kept.headers["location"]).status_code == 200

    def files(person: int) -> list[str]:
        return [item["display_name"] for item in canvas.admin.get(f"{API}/users/{person}/files").json()]

    def seen() -> tuple[int, list[int], list[int]]:
        listed = canvas.teacher.get(submissions).json()
        owner = next(item["user_id"] for item in listed if item["id"] == handed["id"])
        authors = [item["user_id"] for item in canvas.teacher.get(entries).json()]
        return owner, authors, [item["id"] for item in canvas.admin.get(f"/api/v1/users/{parent}/observees").json()]

    assert seen() == (first, [first], [first])
    assert canvas.admin.put(f"/api/v1/users/{first}/merge_into/{second}").status_code == 200
    assert seen() == (second, [second], [second])
    assert files(second) == ["a.txt"]
    assert canvas.admin.get(f"{API}/users/{second}/folders/by_path/Notes").status_code == 200
    assert canvas.student.get("/api/v1/users/self").json()["id"] == second, "the token is the survivor's"
    assert canvas.admin.post(f"/api/v1/users/{second}/split").status_code == 200
    assert seen()[:2] == (first, [first])
    assert (files(first), files(second)) == (["a.txt"], [])


def test_merging_keeps_the_better_of_what_both_have(canvas: Site) -> None:
    """Of two same addresses the confirmed one stays, of two enrollments in a place the better state; ids move too."""
    first, second = made(canvas, "first@example.test"), made(canvas, "second@example.test")
    channels = {who: f"{API}/users/{who}/communication_channels" for who in (first, second)}
    for who, confirmed in ((first, "1"), (second, "0")):
        address = {"communication_channel[address]": "Both@example.test", "communication_channel[type]": "email"}
        assert canvas.admin.post(channels[who], data=address | {"skip_confirmation": confirmed}).status_code == 200
    enrolled = {}
    for who, state in ((first, "active"), (second, "invited")):
        sent = {"enrollment[user_id]": str(who), "enrollment[enrollment_state]": state}
        enrolled[who] = canvas.admin.post("/api/v1/courses/1/enrollments", data=sent).json()["id"]
    third = made(canvas, "third@example.test")
    uuid = canvas.admin.get(f"{API}/users/{first}", params={"include[]": "uuid"}).json()["uuid"]
    written = {"recipients[]": str(first), "subject": "S", "body": "B", "force_new": "1"}
    sent = canvas.admin.post(f"{API}/conversations", data=written).json()[0]["id"]

    assert canvas.admin.put(f"{API}/users/{first}/merge_into/{second}").status_code == 200
    listed = [(item["address"], item["workflow_state"]) for item in canvas.admin.get(channels[second]).json()]
    assert sorted(listed) == [
        ("Both@example.test", "active"),
        ("first@example.test", "unconfirmed"),
        ("second@example.test", "unconfirmed"),
    ]
    rows = canvas.admin.get("/api/v1/courses/1/enrollments", params={"user_id": second}).json()
    assert [(row["id"], row["enrollment_state"]) for row in rows] == [(enrolled[second], "active")]
    assert [item["unique_id"] for item in canvas.admin.get(f"{API}/users/{second}/logins").json()] == [
        "first@example.test",
        "second@example.test",
    ]
    assert canvas.admin.get(f"{API}/users/{second}").json()["login_id"] == "first@example.test", "the first by name"
    acting = {"as_user_id": second}
    assert canvas.admin.get(f"{API}/conversations/{sent}", params=acting).status_code == 200

    assert canvas.admin.put(f"{API}/users/{second}/merge_into/{third}").status_code == 200
    seen = canvas.admin.get(f"{API}/users/{third}", params={"include[]": "uuid"}).json()["uuid"]
    assert seen != uuid, "the second was known to tools by an id of their own"
    assert canvas.admin.post(f"{API}/users/{third}/split").status_code == 200
    assert canvas.admin.post(f"{API}/users/{second}/split").status_code == 200
    back = canvas.admin.get(channels[first]).json()
    assert sorted(item["address"] for item in back) == ["Both@example.test", "first@example.test"]
    assert [item["unique_id"] for item in canvas.admin.get(f"{API}/users/{first}/logins").json()] == [
        "first@example.test"
    ]
    rows = canvas.admin.get("/api/v1/courses/1/enrollments", params={"user_id": second}).json()
    assert [row["enrollment_state"] for row in rows] == ["invited"]
    acting = {"as_user_id": first}
    assert canvas.admin.get(f"{API}/conversations/{sent}", params=acting).status_code == 200


def test_ids_for_tools_move_to_whom_no_tool_can_know(canvas: Site) -> None:
    first, second = made(canvas, "one@example.test"), made(canvas, "two@example.test")

    def uuid(who: int) -> str:
        return str(canvas.admin.get(f"{API}/users/{who}", params={"include[]": "uuid"}).json()["uuid"])

    before = uuid(first), uuid(second)
    assert canvas.admin.put(f"{API}/users/{first}/merge_into/{second}").status_code == 200
    assert uuid(second) == before[0]
    assert canvas.admin.post(f"{API}/users/{second}/split").status_code == 200
    assert (uuid(first), uuid(second)) == before


def test_schools_decide_whether_people_change_addresses(canvas: Site) -> None:
    address = {"communication_channel[address]": "more@example.test", "communication_channel[type]": "email"}
    own = f"{API}/users/self/communication_channels"
    number = canvas.student.post(own, data=address).json()["id"]
    assert canvas.student.delete(f"{own}/{number}").status_code == 200
    again = address | {"communication_channel[address]": "More@example.test", "skip_confirmation": "1"}
    back = canvas.admin.post(f"{STUDENT}/communication_channels", data=again).json()
    assert (back["id"], back["address"], back["workflow_state"]) == (number, "More@example.test", "active")
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    (school,) = [account for account in world["canvas"]["accounts"] if account["id"] == 1]
    school.setdefault("settings", {}).update(users_can_edit_comm_channels=False)
    canvas.lms.load(world)
    other = address | {"communication_channel[address]": "other@example.test"}
    assert canvas.student.post(own, data=other).status_code == 403
    assert canvas.student.delete(f"{own}/{number}").status_code == 403
    assert canvas.admin.delete(f"{STUDENT}/communication_channels/{number}").status_code == 200


def test_a_school_bounds_the_addresses_of_a_person(canvas: Site) -> None:
    """Those deleted in the last hour count as well."""
    own = f"{API}/users/self/communication_channels"

    def add(name: str) -> int:
        address = {"communication_channel[address]": f"{name}@example.test", "communication_channel[type]": "email"}
        return canvas.student.post(own, data=address).status_code

    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    (school,) = [account for account in world["canvas"]["accounts"] if account["id"] == 1]
    before = len(canvas.student.get(own).json())
    school.setdefault("settings", {}).update(max_communication_channels=before + 1)
    canvas.lms.load(world)
    assert (add("one"), add("two")) == (200, 400)
    number = next(item["id"] for item in canvas.student.get(own).json() if item["address"] == "one@example.test")
    assert canvas.student.delete(f"{own}/{number}").status_code == 200
    assert add("two") == 400
    canvas.lms.clock.advance(hours=1, seconds=1)
    assert add("two") == 200
    school["settings"].update(max_communication_channels="none")
    canvas.lms.load(world)
    assert add("three") == 400, "a text counts as the number that it begins with"


def test_people_confirm_one_more_address_by_its_mail(canvas: Site) -> None:
    address = {"communication_channel[address]": "more@example.test", "communication_channel[type]": "email"}
    own = f"{API}/users/self/communication_channels"
    canvas.student.post(own, data=address)
    mail = canvas.lms.outbox.emails[-1]
    assert (mail.kind, mail.to) == ("confirm_email_communication_channel", "more@example.test")
    browser = canvas.browser()
    page = browser.follow(browser.get(mail.data["link"]))
    assert browser.heading in page.text, "one signs in first"
    browser.follow(browser.sign_in(page, canvas.lms.canvas.student))
    states = {item["address"]: item["workflow_state"] for item in canvas.student.get(own).json()}
    assert states["more@example.test"] == "active"
    assert canvas.client().get(mail.data["link"]).status_code == 400, "once"


def test_a_confirmed_address_registers_its_owner(canvas: Site) -> None:
    who = made(canvas, "newcomer@example.test")
    address = {"communication_channel[address]": "n@example.test", "communication_channel[type]": "email"}
    path = f"{API}/users/{who}/communication_channels"
    assert canvas.admin.post(path, data=address | {"skip_confirmation": "1"}).status_code == 200
    user = canvas.admin.delete(f"{SCHOOL}/users/{who}").json()["user"]
    assert user["workflow_state"] == "registered"


def test_suspending_leaves_alone_the_logins_that_the_caller_may_not_delete(canvas: Site) -> None:
    """A login with a SIS id is only suspended by those who manage SIS data."""
    role = {"label": "Helpdesk", "base_role_type": "AccountMembership"}
    role |= {f"permissions[manage_user_logins][{name}]": "1" for name in ("enabled", "explicit")}
    number = canvas.admin.post(f"{SCHOOL}/roles", data=role).json()["id"]
    helper = made(canvas, "helper")
    canvas.admin.post(f"{SCHOOL}/admins", data={"user_id": str(helper), "role_id": str(number)})
    acting = {"as_user_id": str(helper)}
    logins = {}
    for name, more in (("plain", {}), ("known", {"pseudonym[sis_user_id]": "SIS-known"})):
        who = made(canvas, name, **more)
        event = {"user[event]": "suspend"}
        assert canvas.admin.put(f"{API}/users/{who}", params=acting, data=event).status_code == 200
        logins[name] = canvas.admin.get(f"{API}/users/{who}/logins").json()[0]
    assert {name: login["workflow_state"] for name, login in logins.items()} == {
        "plain": "suspended",
        "known": "active",
    }
    login = f"{SCHOOL}/logins/{logins['known']['id']}"
    odd = canvas.admin.put(login, params=acting, data={"login[workflow_state]": "gone"})
    assert (odd.status_code, list(odd.json()["errors"])) == (400, ["workflow_state"]), "an unknown state comes first"
    assert canvas.admin.put(login, params=acting, data={"login[workflow_state]": "suspended"}).status_code == 403
    assert canvas.admin.put(login, data={"login[workflow_state]": "suspended"}).status_code == 200


def test_a_course_is_shown_to_admins_who_may_read_its_content(canvas: Site) -> None:
    """Administering a course's account is not enough for the course itself and its settings."""
    role = {"label": "Registrar", "base_role_type": "AccountMembership"}
    for right in ("read_course_list", "manage_courses_admin"):
        role |= {f"permissions[{right}][{name}]": "1" for name in ("enabled", "explicit")}
    number = canvas.admin.post(f"{SCHOOL}/roles", data=role).json()["id"]
    who = made(canvas, "registrar")
    canvas.admin.post(f"{SCHOOL}/admins", data={"user_id": str(who), "role_id": str(number)})

    def seen() -> list[int]:
        pages = ("/api/v1/courses/1", "/api/v1/courses/1/settings")
        return [canvas.admin.get(page, params={"as_user_id": who}).status_code for page in pages]

    assert seen() == [403, 403]
    more = {f"permissions[read_course_content][{name}]": "1" for name in ("enabled", "explicit")}
    canvas.admin.put(f"{SCHOOL}/roles/{number}", data=more)
    assert seen() == [200, 200]


def test_a_merge_moves_ignored_work_and_can_be_undone_for_half_a_year(canvas: Site) -> None:
    soon = (canvas.lms.clock.now + timedelta(days=2)).isoformat()
    fields = {"name": "Essay", "submission_types": ["online_text_entry"], "due_at": soon}
    sent = {"assignment": {**fields, "published": True}}
    work = canvas.teacher.post(f"{API}/courses/1/assignments", json=sent).json()["id"]

    def to_do(person: int) -> bool:
        listed = canvas.admin.get(f"{API}/users/self/todo", params={"as_user_id": str(person)}).json()
        return work in [item["assignment"]["id"] for item in listed]

    first, second = 101, 102
    canvas.student.delete(f"{API}/users/self/todo/assignment_{work}/submitting", params={"permanent": "1"})
    assert (to_do(first), to_do(second)) == (False, True)
    assert canvas.admin.put(f"{API}/users/{first}/merge_into/{second}").status_code == 200
    assert not to_do(second)
    assert canvas.admin.post(f"{API}/users/{second}/split").status_code == 200
    assert (to_do(first), to_do(second)) == (False, True)
    assert canvas.admin.put(f"{API}/users/{first}/merge_into/{second}").status_code == 200
    canvas.lms.clock.advance(days=181)
    late = canvas.admin.post(f"{API}/users/{second}/split")
    assert (late.status_code, late.json()) == (400, {"message": "Nothing to split off of this user"})
