"""Appointment groups: who has them, their slots and reservations."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
EVENTS = f"{API}/calendar_events"
RANGE = {"context_codes[]": "course_1", "start_date": "2030-01-01", "end_date": "2030-12-31", "per_page": 50}


def test_the_codes_of_an_appointment_group_are_a_list(canvas: Site) -> None:
    groups, codes = f"{API}/appointment_groups", "appointment_group[context_codes]"
    named = {"appointment_group[title]": "Hours"}
    assert canvas.teacher.post(groups, data={**named, codes: "course_1"}).status_code == 500
    made = canvas.teacher.post(groups, data={**named, f"{codes}[]": "course_1"})
    assert made.status_code == 201
    group = f"{groups}/{made.json()['id']}"
    assert canvas.teacher.put(group, data={**named, codes: "course_1"}).status_code == 500
    assert canvas.teacher.put(group, data={**named, f"{codes}[]": "course_1"}).status_code == 200


def test_a_slot_is_taken_once_and_given_back(canvas: Site) -> None:
    slots = {
        "0": ["2030-05-06T10:00:00Z", "2030-05-06T10:30:00Z"],
        "1": ["2030-05-06T11:00:00Z", "2030-05-06T11:30:00Z"],
    }
    fields = {
        "context_codes": ["course_1"],
        "title": "Hours",
        "new_appointments": slots,
        "participants_per_appointment": 1,
    }
    fields |= {"max_appointments_per_participant": 1, "min_appointments_per_participant": 1}
    groups = f"{API}/appointment_groups"
    assert canvas.student.post(groups, json={"appointment_group": fields}).status_code == 403
    made = canvas.teacher.post(groups, json={"appointment_group": fields}).json()
    slot, other = (f"{EVENTS}/{slot['id']}/reservations" for slot in made["new_appointments"])
    assert canvas.student.post(slot).status_code == 403  # not published
    group = f"{groups}/{made['id']}"
    assert canvas.teacher.put(group, json={"appointment_group": {"publish": True}}).status_code == 400
    assert canvas.teacher.put(group, json={"appointment_group": {"publish": "1"}}).status_code == 200
    assert canvas.student.get(group).json()["requiring_action"] is True
    taken = canvas.student.post(slot, json={"comments": "About it"})
    assert (taken.status_code, taken.json()["comments"]) == (200, "About it")
    assert canvas.student.post(other).json()[0]["message"] == "participant has met per-participant limit"
    assert canvas.student.post(other, json={"cancel_existing": True}).status_code == 200
    registered = canvas.teacher.get(f"{group}/users", params={"registration_status": "registered"}).json()
    assert len(registered) == 1
    assert canvas.student.get(group).json()["requiring_action"] is False
    assert canvas.teacher.post(f"{slot}/{registered[0]['id']}").status_code == 400
    assert canvas.teacher.delete(group, params={"cancel_reason": "ill"}).json()["workflow_state"] == "deleted"
    assert canvas.student.get(group).status_code == 403


def test_who_sees_and_runs_an_appointment_group(canvas: Site) -> None:
    groups = f"{API}/appointment_groups"
    slots = {
        "0": ["2030-05-06T10:00:00Z", "2030-05-06T10:30:00Z"],
        "1": ["2030-05-06T11:00:00Z", "2030-05-06T11:30:00Z"],
    }
    fields = {"context_codes": ["course_1"], "title": "Hours", "new_appointments": slots, "publish": True}
    fields |= {"participants_per_appointment": 1, "min_appointments_per_participant": 2}
    made = canvas.teacher.post(groups, json={"appointment_group": fields}).json()
    group = f"{groups}/{made['id']}"
    managed = {"scope": "manageable"}
    assert [shown["id"] for shown in canvas.teacher.get(groups, params=managed).json()] == [made["id"]]
    # admins manage what they open, but nothing is listed for them
    assert canvas.admin.get(groups, params=managed).json() == []
    assert canvas.admin.get(group).json()["context_codes"] == []
    assert canvas.student.get(f"{group}/users").status_code == 200
    ids = [slot["id"] for slot in made["new_appointments"]]
    for number in ids:
        assert canvas.student.get(f"{groups}/next_appointment").json()[0]["id"] == number
        assert canvas.student.get(group).json()["requiring_action"] is True
        assert canvas.student.post(f"{EVENTS}/{number}/reservations").status_code == 200
    assert canvas.student.get(f"{groups}/next_appointment").json() == []
    assert canvas.student.get(group).json()["requiring_action"] is False
    (own, *_) = canvas.student.get(f"{EVENTS}/{ids[0]}", params={"include[]": "participants"}).json()["child_events"]
    reservation = canvas.student.get(f"{EVENTS}/{own['id']}", params={"include[]": "participants"}).json()
    assert reservation["user"]["id"] == own["user"]["id"]
    assert "user" not in canvas.student.get(f"{EVENTS}/{own['id']}").json()


def test_slots_are_listed_by_date_for_who_takes_them(canvas: Site) -> None:
    slots = {"0": ["2030-05-06T10:00:00Z", "2030-05-06T10:30:00Z"]}
    fields = {"context_codes": ["course_1"], "title": "Hours", "new_appointments": slots, "publish": True}
    made = canvas.teacher.post(f"{API}/appointment_groups", json={"appointment_group": fields}).json()
    group = f"appointment_group_{made['id']}"

    def listed(who: httpx.Client, *codes: str, **asked: Any) -> int:
        answer = who.get(EVENTS, params={**RANGE, "context_codes[]": list(codes), **asked})
        return len(answer.json()) if answer.status_code == 200 else answer.status_code

    assert listed(canvas.student, group) == 1
    assert listed(canvas.student, "course_1", appointment_group_ids=str(made["id"])) == 1
    assert listed(canvas.student, group, all_events=True) == 403
    assert listed(canvas.teacher, group) == 403
    assert listed(canvas.teacher, group, "course_1") == 1


def test_reservations_are_shown_to_those_who_share_a_course_with_who_made_them(canvas: Site) -> None:
    slots = {"0": ["2030-03-04T10:00:00Z", "2030-03-04T11:00:00Z"]}
    said = {"context_codes": ["course_1"], "title": "Hours", "publish": "1", "new_appointments": slots}
    made = canvas.teacher.post(f"{API}/appointment_groups", json={"appointment_group": said}).json()
    slot = f"{EVENTS}/{made['new_appointments'][0]['id']}"
    assert canvas.teacher.post(f"{slot}/reservations/101").status_code == 200
    # who signs somebody up counts as the participant
    assert [person["id"] for person in canvas.teacher.get(f"{slot}/participants").json()] == [103]
    seen = canvas.teacher.get(slot).json()
    assert (seen["child_events_count"], seen["context_code"]) == (1, "course_1")
    seen = canvas.admin.get(slot).json()
    assert (seen["child_events_count"], seen["child_events"]) == (0, [])
    assert seen["context_code"] == f"appointment_group_{made['id']}"


def test_a_slot_can_have_its_own_number_of_seats(canvas: Site) -> None:
    slots = {"0": ["2030-05-06T10:00:00Z", "2030-05-06T10:30:00Z"]}
    fields = {"context_codes": ["course_1"], "title": "Hours", "new_appointments": slots, "publish": True}
    fields["participants_per_appointment"] = 1
    made = canvas.teacher.post(f"{API}/appointment_groups", json={"appointment_group": fields}).json()
    slot = f"{EVENTS}/{made['new_appointments'][0]['id']}"

    def seats(sent: object) -> object:
        changed = canvas.teacher.put(slot, json={"calendar_event": {"participants_per_appointment": sent}})
        return changed.json().get("participants_per_appointment")

    assert (seats(0), seats("")) == (0, None)
    assert seats(0) == 0
    assert canvas.student.post(f"{slot}/reservations").json()[0]["message"] == "all slots filled"
    assert seats(2) == 2
    reserved = canvas.student.post(f"{slot}/reservations")
    assert reserved.status_code == 200
    assert canvas.teacher.get(slot).json()["available_slots"] == 1
    assert seats(1) == 1
    own = {"appointment_group": {"participants_per_appointment": 3}}
    canvas.teacher.put(f"{API}/appointment_groups/{made['id']}", json=own)
    assert canvas.teacher.get(slot).json()["participants_per_appointment"] == 3
    sent = {"calendar_event": {"context_code": "course_1", "title": "A", "participants_per_appointment": 1}}
    assert canvas.teacher.post(EVENTS, json=sent).status_code == 500


def test_whom_an_appointment_group_is_for_grows_and_never_shrinks(canvas: Site) -> None:
    groups = f"{API}/appointment_groups"

    def sent(**fields: Any) -> dict[str, Any]:
        return {"appointment_group": {"context_codes": ["course_1"], "title": "Hours", **fields}}

    def made_section(course: int) -> str:
        path = f"{API}/courses/{course}/sections"
        return f"course_section_{canvas.admin.post(path, json={'course_section': {'name': 'S'}}).json()['id']}"

    mine, other, foreign = made_section(1), made_section(1), made_section(3)
    refused = canvas.teacher.post(groups, json=sent(context_codes=[]))
    assert refused.status_code == 404
    refused = canvas.teacher.post(groups, json=sent(sub_context_codes=[mine, foreign]))
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["appointment_group_sub_contexts"])
    made = canvas.admin.post(groups, json=sent(sub_context_codes=[mine, "group_category_9", "course_section_x"])).json()
    assert made["sub_context_codes"] == [mine, "course_section_x"]
    path = f"{groups}/{made['id']}"
    more = {"appointment_group": {"title": "New", "sub_context_codes": [other]}}
    assert canvas.admin.put(path, json=more).json()["sub_context_codes"] == made["sub_context_codes"]
    more["appointment_group"] |= {
        "context_codes": ["course_1", "course_3", "course_999"],
        "sub_context_codes": [foreign],
    }
    grown = canvas.admin.put(path, json=more).json()
    assert grown["sub_context_codes"] == [*made["sub_context_codes"], foreign]
    whole = canvas.admin.post(
        groups, json=sent(context_codes=["course_1", "course_3"], sub_context_codes=[mine])
    ).json()
    assert {mine, foreign} <= set(whole["sub_context_codes"]), "all sections of the course of which none is named"


def test_observers_sign_up_where_the_account_and_the_group_let_them(canvas: Site) -> None:
    fields = {"context_codes": ["course_1"], "title": "Hours", "publish": True, "allow_observer_signup": True}
    fields["new_appointments"] = {"0": ["2030-05-06T10:00:00Z", "2030-05-06T10:30:00Z"]}
    groups = f"{API}/appointment_groups"
    refused = canvas.teacher.post(groups, json={"appointment_group": fields})
    assert (refused.status_code, canvas.reason) == (403, "observers_not_allowed")
    world = canvas.lms.dump()
    school = next(account for account in world["canvas"]["accounts"] if account["id"] == 1)
    school.setdefault("settings", {})["allow_observers_in_appointment_groups"] = {"value": True}
    canvas.lms.load(world)
    made = canvas.teacher.post(groups, json={"appointment_group": fields})
    assert (made.status_code, made.json()["allow_observer_signup"]) == (201, True)
    slot = f"{EVENTS}/{made.json()['new_appointments'][0]['id']}/reservations"
    person = {"user": {"name": "Olive"}, "pseudonym": {"unique_id": "olive"}}
    olive = canvas.admin.post(f"{API}/accounts/1/users", json=person).json()["id"]
    enrolled = {"user_id": olive, "type": "ObserverEnrollment", "enrollment_state": "active"}
    assert canvas.admin.post(f"{API}/courses/1/enrollments", json={"enrollment": enrolled}).status_code == 200
    acting = {"as_user_id": olive}
    path = f"{groups}/{made.json()['id']}"
    off = canvas.teacher.put(path, json={"appointment_group": {"allow_observer_signup": False}})
    assert off.json()["allow_observer_signup"] is False
    assert canvas.admin.post(slot, params=acting).status_code == 403
    assert canvas.teacher.put(path, json={"appointment_group": {"allow_observer_signup": True}}).status_code == 200
    assert canvas.admin.post(slot, params=acting).json()["workflow_state"] == "locked"

    def shown(client: httpx.Client) -> dict[str, Any]:
        rows = client.get(f"{EVENTS}/visible_contexts").json()["contexts"]
        return dict(next(row for row in rows if row["asset_string"] == "course_1"))

    for client, makes in ((canvas.teacher, True), (canvas.student, False)):
        assert shown(client)["allow_observers_in_appointment_groups"] is True
        assert shown(client)["can_create_appointment_groups"] is makes
        assert {section["can_create_appointment_groups"] for section in shown(client)["sections"]} == {makes}
    canvas.lms.settings["canvas.later_parameters"] = False
    assert "allow_observer_signup" not in canvas.teacher.get(path).json()
    assert "can_create_appointment_groups" not in shown(canvas.teacher)
