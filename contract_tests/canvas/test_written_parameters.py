"""Parameters of writes whose effect shows later: pictures, avatars, fields that stay unchanged."""

from __future__ import annotations

import json

from contract_tests.canvas.grading import COURSE
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import upload

API = "/api/v1"
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"


def test_a_file_as_the_picture_of_a_course(canvas: Site) -> None:
    teacher = canvas.teacher
    file = upload(teacher, "/courses/1/files", "a.gif", GIF, content_type="image/gif").json()["id"]

    def shown() -> tuple[object, object, str]:
        now = teacher.get(f"{COURSE}/settings").json()
        return now["image_id"], now["image_url"], now["image"] or ""

    def ask(**fields: object) -> None:
        assert teacher.put(COURSE, json={"course": fields}).status_code == 200

    ask(image_url="http://pictures.example.test/a.png")
    assert shown() == (None, "http://pictures.example.test/a.png", "http://pictures.example.test/a.png")
    ask(image_id=9999999)
    assert shown()[0] is None, "a file that the course does not have changes nothing"
    ask(image_id=file, image_url="http://pictures.example.test/b.png")
    assert shown()[:2] == (None, "http://pictures.example.test/a.png"), "nor do both at once"
    ask(image_id=file)
    assert shown()[:2] == (file, None)
    picture = teacher.get(COURSE, params={"include[]": "course_image"}).json()["image_download_url"]
    assert picture == shown()[2]
    assert f"/files/{file}/download" in picture
    ask(remove_image=True)
    assert shown() == (None, None, "")


def test_the_picture_and_the_leader_of_a_group(canvas: Site) -> None:
    teacher = canvas.teacher
    teams = teacher.post(f"{COURSE}/group_categories", data={"name": "Teams"}).json()["id"]
    group = teacher.post(f"{API}/group_categories/{teams}/groups", data={"name": "Reds"}).json()["id"]
    path = f"{API}/groups/{group}"
    teacher.post(f"{path}/memberships", data={"user_id": "101"})
    file = upload(canvas.student, f"/groups/{group}/files", "a.gif", GIF, content_type="image/gif").json()["id"]
    text = upload(canvas.student, f"/groups/{group}/files", "a.txt", b"x").json()["id"]
    assert f"/images/thumbnails/{file}/" in teacher.put(path, data={"avatar_id": file}).json()["avatar_url"]
    assert teacher.put(path, data={"avatar_id": text}).json()["avatar_url"] is None
    assert canvas.student.put(path, json={"leader": {"id": 102}}).status_code == 400, "before the right is asked for"
    assert canvas.student.put(path, json={"leader": {"id": 101}}).status_code in (401, 403)
    assert teacher.put(path, json={"leader": {"id": 101}}).json()["leader"]["id"] == 101


def test_sticky_fields_are_kept_on_request(canvas: Site) -> None:
    below = canvas.admin.post(f"{API}/accounts/1/sub_accounts", data={"account[name]": "A"}).json()["id"]
    path = f"{API}/accounts/{below}"

    def renamed(name: str, **more: str) -> str:
        body = canvas.admin.put(path, data={"account[name]": name, **more}).json()
        return str(body["name"])

    keep = {"override_sis_stickiness": "false"}
    assert renamed("B", **keep) == "B"
    assert renamed("C", **keep) == "B"
    assert renamed("D") == "D"


def test_which_unconfirmed_and_bouncing_addresses_are_worked_on(canvas: Site) -> None:
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))["canvas"]
    world["accounts"].append({"id": 99, "name": "Site Admin", "site_admin": True})
    chief = next(role["id"] for role in world["roles"] if role["name"] == "AccountAdmin")
    world["account_users"].append({"id": 999, "account_id": 99, "user_id": 103, "role_id": chief})
    made = {"user_id": 101, "workflow_state": "unconfirmed", "position": 5}
    for number, (kind, address, day) in enumerate(
        [("email", "one@a.example", 1), ("email", "broken", 2), ("sms", "15551234567@txt.example", 3)], start=901
    ):
        row = {"id": number, "type": kind, "address": address, "created_at": f"2026-11-0{day}T00:00:00Z"}
        bounced = {"bounce_count": 1, "last_bounce_at": f"2026-11-1{day}T00:00:00Z", "last_bounce_summary": "full"}
        world["communication_channels"].append(made | row | bounced)
    canvas.lms.load({"canvas": world})
    places = {"unconfirmed": ("confirm", "confirmed_count"), "bounced": ("reset", "scheduled_reset_approximate_count")}
    for state, (verb, count) in places.items():
        path = f"{API}/accounts/1/{state}_communication_channels"

        def listed(path: str = path, **params: str) -> list[str]:
            answer = canvas.teacher.get(f"{path}.csv", params=params)
            assert answer.status_code == 200, answer.text
            if path.endswith("bounced_communication_channels"):
                rows = canvas.teacher.get(path, params=params).json()[1:]
                assert [row[2] for row in rows] == [line.split(",")[2] for line in answer.text.splitlines()[1:]]
                assert all(row[-1] == "full" for row in rows)
            return [line.split(",")[2] for line in answer.text.splitlines()[1:]]

        assert listed() == ["901", "903"]
        assert listed(with_invalid_paths="1") == ["901", "902", "903"]
        assert listed(path_type="sms") == ["903"]
        assert listed(order="DESC") == ["903", "901"]
        assert listed(pattern="one@*") == ["901"]
        day = "2026-11-02" if state == "unconfirmed" else "2026-11-12"
        assert (listed(after=day), listed(before=day)) == (["903"], ["901"])
        narrow = {"path_type": "email", "pattern": "o*", "before": day, "after": "2026-10-01", "order": "asc"}
        assert canvas.teacher.post(f"{path}/{verb}", json=narrow).json()[count] == 1
        assert listed(with_invalid_paths="1") == ["902", "903"]
        assert canvas.teacher.post(f"{path}/{verb}", json={"with_invalid_paths": "1"}).json()[count] == 2
        assert listed(with_invalid_paths="1") == []


def test_microsoft_teams_sync_settings_of_an_account(canvas: Site) -> None:
    account = f"{API}/accounts/1"
    wanted = {
        "microsoft_sync_enabled": "true",
        "microsoft_sync_tenant": "school.example",
        "microsoft_sync_login_attribute": "email",
        "microsoft_sync_remote_attribute": "mail",
    }

    def answer(**changes: str) -> tuple[int, str]:
        given = {f"account[settings][{name}]": value for name, value in {**wanted, **changes}.items()}
        found = canvas.admin.put(account, data=given)
        return found.status_code, str(found.json().get("errors", ""))

    assert answer()[0] == 400, "the feature is off"
    canvas.switch_on("microsoft_group_enrollments_syncing")
    assert answer()[0] == 200
    assert canvas.admin.get(f"{account}/settings").json() == {**wanted, "microsoft_sync_enabled": True}
    for changes, said in (
        ({"microsoft_sync_tenant": "-a.example"}, "tenant"),
        ({"microsoft_sync_login_attribute": "name"}, "email, preferred_username, sis_user_id, or integration_id"),
        ({"microsoft_sync_login_attribute_suffix": "a b"}, "suffix"),
        ({"microsoft_sync_remote_attribute": "name"}, "remote attribute"),
        ({"microsoft_sync_enabled": ""}, "Please specify"),
    ):
        status, text = answer(**changes)
        assert (status, said in text) == (400, True), text
    assert answer(microsoft_sync_enabled="false", microsoft_sync_tenant="-")[0] == 200, "what is off is not looked at"


def test_parameters_beside_a_role_id(canvas: Site) -> None:
    role = canvas.admin.get(f"{API}/accounts/1/roles").json()[0]["id"]
    for name, unread in (("role_id", []), ("roles", ["roles"])):
        assert canvas.admin.get(f"{API}/accounts/1/roles/{role}", params={name: "9"}).status_code == 200
        assert [warning.name for warning in canvas.lms.requests.last.warnings] == unread
