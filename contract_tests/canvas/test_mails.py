"""Mails that Canvas sends, as they appear in the outbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site


@pytest.fixture
def mails(canvas: Site) -> Callable[[], list[Any]]:
    """New mails in the outbox since the last call."""
    seen: set[str] = set()

    def fresh() -> list[Any]:
        found = [email for email in canvas.lms.outbox.emails if email.id not in seen]
        seen.update(message.id for message in found)
        return found

    return fresh


def _newcomer(canvas: Site, name: str) -> int:
    sent = {
        "user[name]": name,
        "pseudonym[unique_id]": f"{name}@example.test",
        "user[skip_registration]": "true",
        "communication_channel[address]": f"{name}@example.test",
        "communication_channel[skip_confirmation]": "true",
    }
    return int(canvas.admin.post("/api/v1/accounts/1/users", data=sent).json()["id"])


def test_invitations_are_mailed_only_on_request(canvas: Site, mails: Any) -> None:
    course = canvas.teacher.get("/api/v1/courses").json()[0]["id"]

    def enroll(name: str, **more: str) -> httpx.Response:
        number = _newcomer(canvas, name)
        mails()
        sent = {"enrollment[user_id]": str(number), "enrollment[type]": "StudentEnrollment", **more}
        return canvas.admin.post(f"/api/v1/courses/{course}/enrollments", data=sent)

    assert enroll("quiet").is_success
    assert mails() == []
    enroll("asked", **{"enrollment[notify]": "true"})
    (mail,) = mails()
    assert (mail.kind, mail.to, mail.subject) == ("enrollment_invitation", "asked@example.test", "Course Invitation")
    assert "?invitation=" in mail.data["link"]
    enroll("active", **{"enrollment[notify]": "1", "enrollment[enrollment_state]": "active"})
    assert [item.kind for item in mails()] == ["enrollment_notification"]


def test_a_new_admin_gets_one_mail_unless_the_request_opts_out(canvas: Site, mails: Any) -> None:
    first, other = _newcomer(canvas, "first"), _newcomer(canvas, "second")
    mails()
    canvas.admin.post("/api/v1/accounts/1/admins", data={"user_id": first, "send_confirmation": "false"})
    assert mails() == []
    for _ in range(2):
        canvas.admin.post("/api/v1/accounts/1/admins", data={"user_id": other})
    (mail,) = mails()
    assert (mail.kind, mail.to) == ("account_user_notification", "second@example.test")
    assert "Account Admin" in mail.body


def test_an_export_is_announced_when_it_is_done(canvas: Site, mails: Any) -> None:
    course = canvas.teacher.get("/api/v1/courses").json()[0]["id"]
    exports = f"/api/v1/courses/{course}/content_exports"
    canvas.teacher.post(exports, data={"export_type": "qti", "skip_notifications": "true"})
    canvas.teacher.post(exports, data={"export_type": "zip"})
    canvas.teacher.get(exports)
    assert mails() == []
    canvas.teacher.post(exports, data={"export_type": "qti"})
    canvas.teacher.get(exports)
    assert [mail.kind for mail in mails()] == ["content_export_finished"]


def test_a_cancelled_appointment_sends_mail_with_its_reason(canvas: Site, mails: Any) -> None:
    student = canvas.api(canvas.info.access_tokens.student)
    course = canvas.teacher.get("/api/v1/courses").json()[0]["id"]
    times = ["2031-03-03T10:00:00Z", "2031-03-03T11:00:00Z"]
    group = canvas.teacher.post(
        "/api/v1/appointment_groups",
        json={
            "appointment_group": {
                "context_codes": [f"course_{course}"],
                "title": "Hours",
                "publish": True,
                "new_appointments": [times, [times[1], "2031-03-03T12:00:00Z"]],
            }
        },
    ).json()
    first, second = (appointment["id"] for appointment in group["new_appointments"])

    def reserve(slot: int) -> int:
        return int(student.post(f"/api/v1/calendar_events/{slot}/reservations").json()["id"])

    mine = reserve(first)
    mails()
    student.delete(f"/api/v1/calendar_events/{mine}", params={"cancel_reason": "ill"})
    (mail,) = mails()
    assert (mail.kind, mail.data["cancel_reason"]) == ("appointment_canceled_by_user", "ill")
    reserve(first)
    reserve(second)
    canvas.teacher.delete(f"/api/v1/calendar_events/{first}", params={"cancel_reason": "away"})
    (mail,) = mails()
    assert (mail.kind, mail.data["cancel_reason"]) == ("appointment_deleted_for_user", "away")
    canvas.teacher.delete(f"/api/v1/appointment_groups/{group['id']}", params={"cancel_reason": "over"})
    kinds = [item.kind for item in mails()]
    assert "appointment_group_deleted" in kinds
    assert "appointment_deleted_for_user" in kinds


def test_changed_assignments_and_pages_are_announced_on_request(canvas: Site, mails: Any) -> None:
    teacher, course = canvas.teacher, "/api/v1/courses/1"
    fields = {"name": "Work", "points_possible": 5, "published": True, "notify_of_update": True}
    task = teacher.post(f"{course}/assignments", json={"assignment": fields}).json()["id"]
    page = teacher.post(f"{course}/pages", json={"wiki_page": {"title": "First steps", "published": True}}).json()
    hidden = teacher.post(f"{course}/pages", json={"wiki_page": {"title": "Hidden", "notify_of_update": True}}).json()
    own = f"{course}/pages/{page['url']}"
    assert teacher.put(own, json={"wiki_page": {"body": "x", "notify_of_update": True}}).is_success
    assert mails() == [], "neither of new ones, nor of a page that is younger than a minute"

    def change(**changes: Any) -> list[str]:
        sent = {"assignment": changes}
        assert teacher.put(f"{course}/assignments/{task}", json=sent).is_success
        return [mail.kind for mail in mails()]

    assert change(description="x") == []
    assert change(description="y", notify_of_update=True) == [], "Canvas is silent until all have a posted grade"
    for user in teacher.get(f"{course}/users", params={"enrollment_type[]": "student"}).json():
        graded = {"submission": {"posted_grade": "3"}}
        assert teacher.put(f"{course}/assignments/{task}/submissions/{user['id']}", json=graded).is_success
    sent = change(description="y", notify_of_update="true")
    assert len(sent) > 1
    assert set(sent) == {"assignment_changed"}
    assert change(points_possible=6) == sent, "new points are told without being asked"
    canvas.lms.clock.advance(seconds=61)
    assert teacher.put(own, json={"wiki_page": {"body": "y"}}).is_success
    assert mails() == []
    assert teacher.put(own, json={"wiki_page": {"body": "z", "notify_of_update": True}}).is_success
    found = mails()
    assert {(item.kind, item.subject.split(",")[0]) for item in found} == {
        ("updated_wiki_page", "Updated Page: First Steps")
    }
    assert found[0].data["link"].endswith(f"/courses/1/pages/{page['url']}")
    shown = f"{course}/pages/{hidden['url']}"
    assert teacher.put(shown, json={"wiki_page": {"published": True}}).is_success
    assert {mail.kind for mail in mails()} == {"updated_wiki_page"}, "a page that appears is told of"


def test_a_parameter_without_effect_causes_a_warning(canvas: Site) -> None:
    course = canvas.teacher.get("/api/v1/courses").json()[0]["id"]
    made = canvas.teacher.post(f"/api/v1/courses/{course}/quizzes", json={"quiz": {"title": "Q"}}).json()["id"]
    sent = {"quiz": {"title": "R", "notify_of_update": True}}
    canvas.teacher.put(f"/api/v1/courses/{course}/quizzes/{made}", json=sent)
    warnings = canvas.lms.requests.last.warnings
    assert [warning.name for warning in warnings] == ["quiz.notify_of_update"], "only Canvas's pages act on it"


def test_services_that_are_not_set_up_answer_as_canvas_does(canvas: Site) -> None:
    anybody = canvas.client()
    assert anybody.get(f"{canvas.url}/health_check").text == "canvas ok"
    health = anybody.get(f"{canvas.url}/health_check", headers={"Accept": "application/json"}).json()
    assert (health["status"], health["revision"]) == ("canvas ok", None)
    assert anybody.get(f"{canvas.url}/health_check.json").json() == health
    reader = "/api/v1/immersive_reader/authenticate"
    assert anybody.get(f"{canvas.url}{reader}").status_code == 401
    assert canvas.teacher.get(reader).json() == {"message": "Service not found"}
    tokens = "/api/v1/inst_access_tokens"
    assert anybody.post(f"{canvas.url}{tokens}").status_code == 401
    refused = canvas.teacher.post(tokens)
    assert (refused.status_code, refused.json()["errors"][0]["error_code"]) == (500, "internal_server_error")
    assert float(refused.headers["x-request-cost"]) > 200
    kaltura = "/api/v1/services/kaltura_session"
    assert anybody.post(f"{canvas.url}{kaltura}").json()["logged_in"] is False
    assert canvas.teacher.post(kaltura).status_code == 500


def _upload(canvas: Site, client: httpx.Client, path: str) -> int:
    begun = client.post(path, data={"name": "a.txt", "size": "1"}).json()
    stored = canvas.client().post(begun["upload_url"], data=begun["upload_params"], files={"file": ("a.txt", b"a")})
    return int(client.get(stored.headers["location"]).json()["id"])


def test_a_submitted_file_is_readable_through_its_submission(canvas: Site) -> None:
    student = canvas.api(canvas.info.access_tokens.student)
    course = canvas.teacher.get("/api/v1/courses").json()[0]["id"]
    sent = {"assignment": {"name": "Upload", "submission_types": ["online_upload"], "published": True}}
    base = canvas.teacher.post(f"/api/v1/courses/{course}/assignments", json=sent).json()["id"]
    place = f"/api/v1/courses/{course}/assignments/{base}/submissions"
    file = _upload(canvas, student, f"{place}/self/files")
    handed = {"submission": {"submission_type": "online_upload", "file_ids": [file]}}
    work = student.post(place, json=handed).json()["id"]

    def url(client: httpx.Client, number: object, submission: object) -> int:
        return client.get(f"/api/v1/files/{number}/public_url", params={"submission_id": str(submission)}).status_code

    assert url(canvas.teacher, file, work) == 200
    assert url(canvas.teacher, file, 999_999) == 404
    other = _upload(canvas, canvas.teacher, f"/api/v1/courses/{course}/files")
    assert url(canvas.teacher, other, work) in (401, 403), "it was not handed in"


def test_new_users_get_mail_on_how_to_finish_registration(canvas: Site, mails: Any) -> None:
    def made(name: str, **more: str) -> list[tuple[str, str]]:
        address = f"{name}@school.example"
        sent = {"user[name]": name, "pseudonym[unique_id]": address} | more
        answer = canvas.admin.post("/api/v1/accounts/1/users", data=sent)
        assert answer.status_code == 200, answer.text
        return [(mail.kind, mail.data["link"].removeprefix(canvas.url).split("/")[1]) for mail in mails()]

    mails()
    asked, password = {"pseudonym[send_confirmation]": "true"}, {"pseudonym[password]": "longenough1"}
    assert made("a") == []
    assert made("b", **asked) == [("pseudonym_registration", "register")]
    assert made("c", **asked, **password) == [("pseudonym_registration_done", "profile")]
    forced = {"pseudonym[force_self_registration]": "true"}
    assert made("d", **asked, **forced) == [("confirm_registration", "register")]
    known = {"communication_channel[skip_confirmation]": "true"}
    assert made("e", **asked, **known) == [], "a confirmed address needs no mail"


def test_where_a_new_person_goes_on_signed_in(canvas: Site) -> None:
    def onward(destination: str, **more: str) -> str:
        name = f"n{len(destination)}{len(more)}"
        sent = {"user[name]": "N", "pseudonym[unique_id]": name, "destination": destination} | more
        return str(canvas.admin.post("/api/v1/accounts/1/users", data=sent).json().get("destination", ""))

    password = {"pseudonym[password]": "longenough1"}
    assert onward(f"{canvas.url}/courses") == "", "without a password"
    assert onward("http://elsewhere.example/courses", **password) == ""
    address = onward(f"{canvas.url}/profile?a=b&session_token=old", **password)
    assert "a=b&session_token=" in address
    assert canvas.client().get(address).status_code == 302, "the token is used up and left out"


def test_annotations_send_mail_to_students_and_graders(canvas: Site) -> None:
    path = "/api/v1/courses/1/assignments/1/submissions/101/annotation_notification"
    assert canvas.teacher.post(path, data={"author_id": 103}).status_code == 403, "a service with more rights asks"
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    world["canvas"]["accounts"].append({"id": 99, "name": "Site Admin", "site_admin": True})
    chief = next(r["id"] for r in world["canvas"]["roles"] if r["name"] == "AccountAdmin")
    world["canvas"]["account_users"].append({"id": 999, "account_id": 99, "user_id": 104, "role_id": chief})
    canvas.lms.load(world)
    assert canvas.admin.post(path, data={"author_id": 999}).status_code == 404
    own = "/api/v1/courses/1/assignments/1/submissions/101"
    assert canvas.student.get(f"{own}/document_annotations/read").json() == {"read": True}
    before = len(canvas.lms.outbox.emails)
    assert canvas.admin.post(path, data={"author_id": 103}).json() == {}
    assert canvas.admin.post(path, data={"author_id": 101}).json() == {}
    kinds = [email.kind for email in canvas.lms.outbox.emails[before:]]
    assert kinds == ["annotation_notification", "annotation_teacher_notification"]
    assert canvas.student.get(f"{own}/document_annotations/read").json() == {"read": False}
    clear = "/api/v1/courses/1/submissions/101/clear_unread"
    assert [who.put(clear).status_code for who in (canvas.teacher, canvas.admin)] == [403, 204]
    assert canvas.student.get(f"{own}/document_annotations/read").json() == {"read": False}
