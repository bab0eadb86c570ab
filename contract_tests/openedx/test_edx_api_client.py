"""mitodl's `edx-api-client`, unmodified, over every call that it offers against these APIs."""

from __future__ import annotations

from itertools import pairwise

import pytest
import requests
from edx_api.client import EdxApi

from contract_tests.openedx.conftest import ADMIN, CLOSED, COURSE, LEARNER, OTHER
from lms_emulator.client.emulator import Emulator


@pytest.fixture
def admin(lms: Emulator) -> EdxApi:
    return EdxApi({"access_token": ADMIN}, lms.openedx.url)


@pytest.fixture
def learner(lms: Emulator) -> EdxApi:
    return EdxApi({"access_token": LEARNER}, lms.openedx.url)


def test_own_enrollments(learner: EdxApi) -> None:
    enrollments = learner.enrollments.get_student_enrollments()
    assert set(enrollments.get_enrolled_course_ids()) == {COURSE, OTHER}
    assert enrollments.get_enrollment_for_course(COURSE).mode == "verified"
    assert enrollments.is_enrolled_in(OTHER)


def test_all_enrollments_page_by_page(admin: EdxApi, lms: Emulator) -> None:
    lms.settings["openedx.enrollment_staff_rate"] = ""
    everything = list(admin.enrollments.get_enrollments())
    assert [(e.user, e.course_id, e.is_active) for e in everything][:2] == [
        ("cora", "course-v1:FullX+Full+T2025", True),
        ("charles", OTHER, False),
    ]
    assert [e.user for e in admin.enrollments.get_enrollments(course_id=COURSE)] == ["charles", "ada"]
    assert {e.user for e in admin.enrollments.get_enrollments(usernames=["ada"])} == {"ada"}
    assert all(newer.created >= older.created for newer, older in pairwise(everything))


def test_enroll_change_mode_and_deactivate(admin: EdxApi) -> None:
    client = admin.enrollments
    assert client.create_audit_student_enrollment(COURSE, username="charles").mode == "audit"
    made = client.create_verified_student_enrollment(COURSE, username="charles")
    assert (made.mode, made.user, made.is_active) == ("verified", "charles", True)
    assert client.deactivate_enrollment(COURSE, username="charles").is_active is False
    attribute = {"namespace": "order", "name": "order_number", "value": "EDX-1"}
    other_mode = client.create_student_enrollment(COURSE, mode="honor", username="charles")
    assert (other_mode.mode, other_mode.is_active) == ("honor", False)  # another mode does not reactivate
    again = client.create_student_enrollment(
        COURSE, mode="honor", username="charles", enrollment_attributes=[attribute]
    )
    assert (again.mode, again.is_active) == ("honor", True)


def test_a_closed_course_opens_by_force_only(admin: EdxApi) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        admin.enrollments.create_audit_student_enrollment(CLOSED, username="ada")
    assert refused.value.response.status_code == 400
    forced = admin.enrollments.create_student_enrollment(CLOSED, username="ada", force_enrollment=True)
    assert (forced.user, forced.is_active) == ("ada", True)


def test_course_detail(learner: EdxApi) -> None:
    detail = learner.course_detail.get_detail(COURSE)
    assert (detail.course_id, detail.name, detail.org, detail.number) == (COURSE, "Gateway 01", "CET", "GW_01")
    assert learner.course_detail.get_detail(COURSE, username="ada").json["is_enrolled"] is True


def test_course_list(admin: EdxApi) -> None:
    keys = [course.course_id for course in admin.course_list.get_courses()]
    assert keys == sorted(keys)
    assert COURSE in keys
    assert "course-v1:HiddenX+Hidden+T2025" not in keys
    assert [c.course_id for c in admin.course_list.get_courses(course_keys=[COURSE, OTHER])] == [COURSE, OTHER]
    assert [c.course_id for c in admin.course_list.get_courses(org="cet")] == [COURSE]
    active = [c.course_id for c in admin.course_list.get_courses(active_only=True)]
    assert CLOSED not in active


def test_course_modes(admin: EdxApi) -> None:
    modes = admin.course_mode
    assert [mode.mode_slug for mode in modes.get_course_modes(COURSE)] == [
        "audit",
        "honor",
        "verified",
        "professional",
    ]
    created = modes.create_course_mode(
        COURSE, "masters", "Masters", "usd", min_price=10, expiration_datetime="2031-01-01T00:00:00Z", sku="S"
    )
    assert (created.mode_slug, created.min_price, created.sku) == ("masters", 10, "S")
    modes.update_course_mode(COURSE, "masters", mode_display_name="Master's", min_price=20)
    changed = modes.get_course_mode(COURSE, "masters")
    assert (changed.mode_display_name, changed.min_price) == ("Master's", 20)
    modes.delete_course_mode(COURSE, "masters")
    with pytest.raises(requests.HTTPError) as missing:
        modes.get_course_mode(COURSE, "masters")
    assert missing.value.response.status_code == 404


def test_course_structure(learner: EdxApi) -> None:
    structure = learner.course_structure.course_blocks(COURSE, "ada")
    root = structure.root
    assert (root.json["root"], root.title) == (root.block_id, "Gateway 01")
    assert [child.title for child in root.children] == ["Week 1", "Week 2"]
    assert root.visible is True


def test_course_structure_of_another_is_for_staff(learner: EdxApi, admin: EdxApi) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        learner.course_structure.course_blocks(COURSE, "charles")
    assert refused.value.response.status_code == 403
    assert admin.course_structure.course_blocks(COURSE, "charles").root.title == "Gateway 01"


def test_grades(learner: EdxApi, admin: EdxApi) -> None:
    grade = learner.current_grades.get_student_current_grade("ada", COURSE)
    assert (grade.username, grade.course_id, grade.passed, grade.percent) == ("ada", COURSE, True, 0.93)
    assert grade.letter_grade == "Pass"
    mine = learner.current_grades.get_student_current_grades("ada")
    assert set(mine.all_course_ids) == {COURSE, OTHER}
    everybody = admin.current_grades.get_course_current_grades(COURSE)
    assert set(everybody.all_usernames) == {"ada", "charles"}


def test_certificates(learner: EdxApi) -> None:
    certificate = learner.certificates.get_student_certificate("ada", COURSE)
    assert (certificate.username, certificate.grade, certificate.is_passing) == ("ada", "0.93", True)
    assert certificate.is_verified
    mine = learner.certificates.get_student_certificates("ada")
    assert mine.has_verified_cert(COURSE)
    assert mine.get_cert(OTHER) is None


def test_user_info(learner: EdxApi) -> None:
    info = learner.user_info.get_user_info()
    assert (info.username, info.email, info.name) == ("ada", "ada.lovelace@example.edu", "Ada Lovelace")
    renamed = learner.user_info.update_user_name("ada", "Ada King")
    assert renamed.name == "Ada King"
    assert learner.user_info.get_user_info().name == "Ada King"
