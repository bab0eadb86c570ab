"""Each refusal of the REST APIs: what provokes it, what the journal calls it, and the neighbour that passes."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from contract_tests.openedx.conftest import (
    ADMIN,
    CLOSED,
    COURSE,
    COURSE_STAFF,
    FULL,
    INVITE,
    LEARNER,
    OTHER,
    OTHER_LEARNER,
    STAFF,
    Site,
)

MODES = f"/api/course_modes/v1/courses/{COURSE}/"
ENROLL = "/api/enrollment/v1/enrollment"
COHORTS = f"/api/cohorts/v1/courses/{COURSE}/cohorts/"
GRADES = f"/api/grades/v1/courses/{COURSE}/"
BLOCKS = f"/api/courses/v1/blocks/?course_id={COURSE.replace('+', '%2B')}"
BULK = "/api/bulk_enroll/v1/bulk_enroll"
MERGE = "application/merge-patch+json"
MODE = {"course_id": COURSE, "mode_slug": "m", "mode_display_name": "M", "currency": "usd"}
MANY = {"identifiers": "ada", "courses": COURSE, "action": "enroll"}


class Call(NamedTuple):
    method: str
    path: str
    token: str | None = ADMIN
    body: Any = None
    kind: str = "application/json"


def enroll(token: str, course: str = COURSE, **fields: Any) -> Call:
    return Call("POST", ENROLL, token, {"course_details": {"course_id": course}, **fields})


def patch(path: str, body: Any, token: str = ADMIN) -> Call:
    return Call("PATCH", path, token, body, MERGE)


#: reason -> the call that is refused, its status, a piece of the body, and the neighbour that passes.
REFUSALS: dict[str, tuple[Call, int, str, Call]] = {
    "course_id_missing": (
        Call("POST", ENROLL, LEARNER, {}),
        400,
        "Course ID must be specified",
        enroll(LEARNER),
    ),
    "unknown_course": (
        enroll(LEARNER, "course-v1:No+Such+Course"),
        400,
        "No course 'course-v1:No+Such+Course' found",
        enroll(LEARNER),
    ),
    "not_your_enrollment": (enroll(OTHER_LEARNER, user="ada"), 404, "", enroll(OTHER_LEARNER, user="charles")),
    "mode_not_permitted": (
        enroll(OTHER_LEARNER, OTHER, mode="verified"),
        403,
        "with mode [verified].",
        enroll(OTHER_LEARNER, OTHER, mode="honor"),
    ),
    "unknown_user": (
        enroll(STAFF, user="nobody"),
        406,
        "The user nobody does not exist.",
        enroll(STAFF, user="ada"),
    ),
    "unknown_email": (
        enroll(STAFF, email="no@x.org"),
        406,
        "email address no@x.org does not exist",
        enroll(STAFF, email="ada.lovelace@example.edu"),
    ),
    "not_a_boolean": (
        enroll(STAFF, user="ada", is_active="yes"),
        400,
        "'yes' is an invalid enrollment activation status.",
        enroll(STAFF, user="ada", is_active=True),
    ),
    "mode_mismatch": (
        enroll(STAFF, user="ada", mode="audit", is_active=False),
        400,
        "active mode=verified, requested mode=audit",
        enroll(STAFF, user="ada", mode="verified", is_active=False),
    ),
    "attributes_missing": (
        enroll(STAFF, user="ada", mode="credit", enrollment_attributes=[{"namespace": "a", "name": "b", "value": "c"}]),
        400,
        "required attributes=['credit:provider_id']",
        enroll(STAFF, user="ada", mode="honor", enrollment_attributes=[{"namespace": "a", "name": "b", "value": "c"}]),
    ),
    "bad_attribute": (
        enroll(STAFF, user="ada", mode="honor", enrollment_attributes=[{"namespace": "a", "name": "b"}]),
        400,
        "'value' not in enrollment attribute",
        enroll(STAFF, user="ada", mode="honor", enrollment_attributes=[{"namespace": "a", "name": "b", "value": "c"}]),
    ),
    "mode_not_offered": (
        enroll(STAFF, user="ada", mode="professional"),
        400,
        "The [professional] course mode is expired",
        enroll(STAFF, user="ada", mode="honor"),
    ),
    "enrollment_closed": (
        enroll(LEARNER, CLOSED),
        400,
        "An error occurred while creating the new course enrollment",
        enroll(LEARNER, INVITE),
    ),
    "enrollment_full": (
        enroll(LEARNER, FULL),
        400,
        "An error occurred while creating",
        enroll(STAFF, FULL, user="ada", force_enrollment=True),
    ),
    "unknown_cohort": (
        enroll(STAFF, user="charles", cohort="Noon"),
        400,
        "while adding to cohort [Noon]",
        enroll(STAFF, user="charles", cohort="Morning"),
    ),
    "invalid_query": (
        Call("GET", "/api/enrollment/v1/enrollments?course_id=x"),
        400,
        "'x' is not a valid course id.",
        Call("GET", "/api/enrollment/v1/enrollments"),
    ),
    "invalid_cursor": (
        Call("GET", "/api/enrollment/v1/enrollments?cursor=x"),
        404,
        "Invalid cursor",
        Call("GET", "/api/enrollment/v1/enrollments?cursor="),
    ),
    "no_user": (
        Call("GET", "/api/enrollment/v1/roles/", None),
        400,
        "retrieving roles for user",
        Call("GET", "/api/enrollment/v1/roles/", LEARNER),
    ),
    "unknown_mode": (Call("GET", f"{MODES}nope"), 404, "No CourseMode matches", Call("GET", f"{MODES}AUDIT")),
    "invalid_mode": (
        Call("POST", MODES, ADMIN, {**MODE, "min_price": "much"}),
        400,
        "A valid integer is required.",
        Call("POST", MODES, ADMIN, {**MODE, "min_price": "7.0"}),
    ),
    "unsupported_media_type": (
        Call("PATCH", f"{MODES}audit", ADMIN, {"min_price": 1}),
        415,
        "Unsupported media type",
        patch(f"{MODES}audit", {"min_price": 1}),
    ),
    "parse_error": (
        Call("POST", MODES, ADMIN, "{"),
        400,
        "JSON parse error - Expecting property name",
        Call("POST", MODES, ADMIN, MODE),
    ),
    "method_not_allowed": (Call("PUT", MODES), 405, 'Method \\"PUT\\" not allowed.', Call("OPTIONS", MODES)),
    "permission_denied": (
        Call("GET", MODES, LEARNER),
        403,
        "You do not have permission",
        Call("GET", f"{MODES}?username=ada", LEARNER),
    ),
    "invalid_parameter": (
        Call("GET", "/api/courses/v1/courses/?mobile=x"),
        400,
        "Invalid Boolean Value.",
        Call("GET", "/api/courses/v1/courses/?mobile=true"),
    ),
    "invalid_page": (
        Call("GET", "/api/courses/v1/courses/?page=9"),
        404,
        "Invalid page.",
        Call("GET", "/api/courses/v1/courses/?page=last"),
    ),
    "course_id_of_blocks": (
        Call("GET", "/api/courses/v1/blocks/"),
        400,
        "course_id is required.",
        Call("GET", f"{BLOCKS}&all_blocks=1"),
    ),
    "invalid_course_key": (
        Call("GET", "/api/courses/v1/blocks/?course_id=x"),
        400,
        "'x' is not a valid course key.",
        Call("GET", f"{BLOCKS}&all_blocks=1"),
    ),
    "anonymous": (
        Call("GET", f"{BLOCKS}&username=ada", None),
        403,
        "Anonymous users cannot access",
        Call("GET", f"{BLOCKS}&username=ada", LEARNER),
    ),
    "not_course_staff": (
        Call("GET", f"{BLOCKS}&username=charles", LEARNER),
        403,
        "permission to access view for 'charles'.",
        Call("GET", f"{BLOCKS}&username=charles", COURSE_STAFF),
    ),
    "not_enrolled": (
        Call(
            "GET", BLOCKS.replace("CET%2BGW_01%2B2021_2022_FA", "InviteX%2BInvite%2BT2025") + "&username=ada", LEARNER
        ),
        403,
        "cannot be accessed.",
        Call("GET", f"{BLOCKS}&username=ada", LEARNER),
    ),
    "not_authenticated": (Call("GET", GRADES, None), 401, "Incorrect authentication credentials.", Call("GET", GRADES)),
    "course_does_not_exist": (
        Call("GET", "/api/grades/v1/courses/course-v1:No+Such+Course/"),
        404,
        "Requested grade for unknown course",
        Call("GET", GRADES),
    ),
    "user_does_not_exist": (
        Call("GET", f"{GRADES}?username=nobody"),
        404,
        "requested username does not exist",
        Call("GET", f"{GRADES}?username=ada"),
    ),
    "user_not_enrolled": (
        Call("GET", f"{GRADES}?username=stella"),
        404,
        "is not enrolled in this course",
        Call("GET", f"{GRADES}?username=ada"),
    ),
    "user_or_course_does_not_exist": (
        Call("GET", f"/api/grades/v1/policy/courses/{COURSE}/", LEARNER),
        403,
        "The course does not exist.",
        Call("GET", f"/api/grades/v1/policy/courses/{COURSE}/", COURSE_STAFF),
    ),
    "user_permissions": (
        Call("GET", f"/api/grades/v1/gradebook/{COURSE}/", LEARNER),
        403,
        "course author permissions",
        Call("GET", f"/api/grades/v1/gradebook/{COURSE}/", COURSE_STAFF),
    ),
    "no_certificate_for_user": (
        Call("GET", f"/api/certificates/v0/certificates/charles/courses/{COURSE}/"),
        404,
        "no_certificate_for_user",
        Call("GET", f"/api/certificates/v0/certificates/ada/courses/{COURSE}/"),
    ),
    "course_id_not_valid": (
        Call("GET", "/api/certificates/v0/certificates/ada/courses/a+b+c/"),
        404,
        "course_id_not_valid",
        Call("GET", f"/api/certificates/v0/certificates/ada/courses/{COURSE}/"),
    ),
    "invalid_bulk_enrollment": (
        Call("POST", BULK, ADMIN, {**MANY, "action": "x"}),
        400,
        '\\"x\\" is not a valid choice.',
        Call("POST", BULK, ADMIN, MANY),
    ),
    "missing_cohort_name": (
        Call("POST", COHORTS, ADMIN, {}),
        400,
        "missing-cohort-name",
        Call("POST", COHORTS, ADMIN, {"name": "N", "assignment_type": "manual"}),
    ),
    "missing_assignment_type": (
        Call("POST", COHORTS, ADMIN, {"name": "N"}),
        400,
        "missing-assignment-type",
        Call("POST", COHORTS, ADMIN, {"name": "N", "assignment_type": "manual"}),
    ),
    "missing_fields": (
        Call("PATCH", f"{COHORTS}1", ADMIN, {}),
        400,
        "missing-fields",
        Call("PATCH", f"{COHORTS}1", ADMIN, {"name": "N"}),
    ),
    "cohort_name_exists": (
        Call("PATCH", f"{COHORTS}1", ADMIN, {"name": "Evening"}),
        400,
        "cohort-name-exists",
        Call("PATCH", f"{COHORTS}1", ADMIN, {"name": "Morning"}),
    ),
    "last_random_cohort": (
        Call("PATCH", f"{COHORTS}2", ADMIN, {"assignment_type": "manual"}),
        400,
        "last-random-cohort",
        Call("PATCH", f"{COHORTS}1", ADMIN, {"assignment_type": "random"}),
    ),
    "missing_users": (
        Call("POST", f"{COHORTS}1/users/", ADMIN, {"users": []}),
        400,
        "missing-users",
        Call("POST", f"{COHORTS}1/users/", ADMIN, {"users": ["ada"]}),
    ),
    "missing_username": (
        Call("DELETE", f"{COHORTS}1/users/"),
        405,
        "missing-username",
        Call("DELETE", f"{COHORTS}1/users/ada"),
    ),
    "user_not_found": (
        Call("DELETE", f"{COHORTS}1/users/nobody"),
        404,
        "user-not-found",
        Call("DELETE", f"{COHORTS}1/users/ada"),
    ),
    "user_not_in_cohort": (
        Call("DELETE", f"{COHORTS}1/users/charles"),
        400,
        "user-not-in-cohort",
        Call("DELETE", f"{COHORTS}2/users/charles"),
    ),
    "cohort_not_found": (
        Call("GET", f"{COHORTS}99/users/"),
        404,
        f"Cohort (ID 99) not found for {COURSE}",
        Call("GET", f"{COHORTS}1/users/"),
    ),
    "wrong_endpoint": (
        Call("POST", f"{COHORTS}1", ADMIN, {"name": "N", "assignment_type": "manual"}),
        405,
        "wrong-endpoint",
        Call("POST", COHORTS, ADMIN, {"name": "N", "assignment_type": "manual"}),
    ),
    "missing_cohort_id": (
        Call("PATCH", COHORTS, ADMIN, {"name": "N"}),
        405,
        "missing-cohort-id",
        Call("PATCH", f"{COHORTS}1", ADMIN, {"name": "N"}),
    ),
    "not_found": (
        Call("GET", f"{COHORTS}99"),
        404,
        "CourseUserGroup matching query does not exist.",
        Call("GET", f"{COHORTS}1"),
    ),
    "unknown_account": (Call("GET", "/api/user/v1/accounts/nobody"), 404, "", Call("GET", "/api/user/v1/accounts/ADA")),
    "bad_user_id": (
        Call("GET", "/api/user/v1/accounts?lms_user_id=x"),
        400,
        "",
        Call("GET", "/api/user/v1/accounts?lms_user_id=12"),
    ),
    "not_your_account": (
        patch("/api/user/v1/accounts/ada", {"bio": "x"}),
        403,
        "",
        patch("/api/user/v1/accounts/ada", {"bio": "x"}, LEARNER),
    ),
    "invalid_account": (
        patch("/api/user/v1/accounts/ada", {"username": "x"}, LEARNER),
        400,
        "The 'username' field cannot be edited.",
        patch("/api/user/v1/accounts/ada", {"gender": "f"}, LEARNER),
    ),
    "invalid_preference": (
        Call("PUT", "/api/user/v1/preferences/ada/time_zone", LEARNER, '"Asia/Africa"'),
        400,
        "'Asia/Africa' is not a valid time zone selection.",
        Call("PUT", "/api/user/v1/preferences/ada/time_zone", LEARNER, '"Asia/Almaty"'),
    ),
    "staff_only": (
        Call("POST", "/api/user/v1/accounts/search_emails", LEARNER, {"emails": []}),
        404,
        "not_found",
        Call("POST", "/api/user/v1/accounts/search_emails", STAFF, {"emails": []}),
    ),
    "emails_missing": (
        Call("POST", "/api/user/v1/accounts/search_emails", STAFF, {}),
        400,
        "'emails' field is required",
        Call("POST", "/api/user/v1/accounts/search_emails", STAFF, {"emails": []}),
    ),
}

#: What the table's key cannot say because the reason already has a row.
REASONS = {"course_id_of_blocks": "course_id_missing"}
WITH_API_KEY = {"no_user"}


def send(site: Site, call: Call, *, api_key: str | None = None) -> Any:
    return site.call(call.method, call.path, token=call.token, body=call.body, kind=call.kind, api_key=api_key)


def test_addresses_that_are_not_a_list_make_canvas_fail(site: Site) -> None:
    for emails, expected in ((5, 500), (True, 500), (None, 200), ("ada", 200), ([5], 200)):
        answer = send(site, Call("POST", "/api/user/v1/accounts/search_emails", STAFF, {"emails": emails}))
        assert answer.status == expected


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_and_its_neighbour(site: Site, name: str) -> None:
    refused, status, piece, passing = REFUSALS[name]
    key = "demo-edx-api-key" if name in WITH_API_KEY else None
    answer = send(site, refused, api_key=key)
    assert answer.status == status, answer
    assert piece in answer.body
    assert (answer.body == "") == (piece == "")
    shown = site.lms.requests.last.refusal
    assert shown.reason == REASONS.get(name, name)
    assert shown.check
    site.lms.reset()
    assert send(site, passing).status < 300, send(site, passing)


@pytest.mark.parametrize(
    "call",
    [
        Call("GET", "/api/course_modes/v1/courses/a+b+c/"),
        Call("GET", "/api/course_modes/v1/courses/a+b+c/audit"),
        Call("POST", MODES, ADMIN, {**MODE, "min_price": -1}),
        Call("POST", MODES, ADMIN, {**MODE, "mode_slug": "audit"}),
        Call("POST", MODES, ADMIN, {**MODE, "mode_display_name": "x" * 256}),
        Call("POST", MODES, ADMIN, {**MODE, "course_id": "course-v1:No+Such+Course"}),
        Call("GET", "/api/enrollment/v1/enrollment/ada,a+b+c"),
        Call("GET", "/api/enrollment/v1/course/a+b+c"),
        Call("POST", ENROLL, ADMIN, []),
        Call("POST", ENROLL, ADMIN, {"course_details": COURSE}),
        Call("GET", "/api/courses/v1/blocks/?course_id=edX/DemoX/Demo&all_blocks=true"),
        Call("GET", f"/api/courses/v1/blocks/block-v1:{COURSE[10:]}+type@html+block@nope?all_blocks=true"),
        Call("PUT", f"/api/cohorts/v1/settings/{COURSE}", ADMIN, {"is_cohorted": "x"}),
        Call("POST", COHORTS, ADMIN, {"name": "Morning", "assignment_type": "manual"}),
        Call("GET", "/api/cohorts/v1/settings/a+b+c"),
        patch("/api/user/v1/accounts/ada", [], LEARNER),
        Call("POST", "/api/user/v1/accounts/search_emails", ADMIN, []),
    ],
    ids=lambda call: f"{call.method} {call.path} {json.dumps(call.body)[:60]}",
)
def test_a_failure_of_the_real_server_is_marked_as_such(site: Site, call: Call) -> None:
    answer = send(site, call)
    assert (answer.status, answer.first("Allow")) == (500, None)
    assert "There has been a 500 error on the Demo Open edX servers" in answer.body
    entry = site.lms.requests.last
    assert entry.refusal is None
    assert (entry.outcome, [warning.code for warning in entry.warnings]) == ("provider_defect", ["provider_defect"])
    explanation = site.lms.call("GET", f"/requests/{entry.id}")["explanation"]
    assert explanation.endswith(f"{entry.warnings[0].message}.")
