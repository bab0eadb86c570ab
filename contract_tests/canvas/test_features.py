"""Feature flags of Canvas: who may set them, what courses inherit, and which behaviour depends on them."""

from __future__ import annotations

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
COURSE = f"{API}/courses/1/features"
SCHOOL = f"{API}/accounts/1/features"


def put(client: httpx.Client, path: str, state: str) -> httpx.Response:
    return client.put(path, data={"state": state})


def test_a_course_decides_what_the_school_allows(canvas: Site) -> None:
    teacher, admin = canvas.teacher, canvas.admin
    flag, above = f"{COURSE}/flags/epub_export", f"{SCHOOL}/flags/epub_export"
    assert teacher.get(flag).status_code == 404, "the school has not allowed it yet"
    assert put(admin, above, "allowed").json()["parent_state"] == "off"
    assert teacher.get(flag).json()["state"] == "allowed"
    assert put(teacher, flag, "on").json()["transitions"] == {"off": {"locked": False}}
    assert teacher.get(f"{COURSE}/enabled").json() == ["epub_export"]
    assert put(canvas.student, flag, "off").status_code == 403
    assert put(teacher, flag, "allowed").json()["errors"]["state"][0]["type"] == "is not valid in context"
    assert put(admin, above, "off").json()["state"] == "off"
    refused = put(teacher, flag, "on")
    assert (refused.status_code, refused.json()["message"]) == (403, "higher account disallows setting feature flag")
    assert canvas.reason == "feature_locked_above"
    assert teacher.delete(flag).json()["state"] == "on"
    assert teacher.delete(flag).status_code == 404


def test_final_grades_may_be_set_where_their_feature_is_on(canvas: Site) -> None:
    settings, wanted = f"{API}/courses/1/settings", {"allow_final_grade_override": "true"}
    assert canvas.teacher.put(settings, data=wanted).json()["allow_final_grade_override"] is False
    assert put(canvas.admin, f"{SCHOOL}/flags/final_grades_override", "on").status_code == 200
    assert canvas.teacher.put(settings, data=wanted).json()["allow_final_grade_override"] is True
    refused = put(canvas.admin, f"{SCHOOL}/flags/final_grades_override", "off")
    assert (refused.status_code, refused.json()["message"]) == (403, "state change not allowed")


def test_lists_and_names(canvas: Site) -> None:
    mine = f"{API}/users/self/features"
    assert put(canvas.student, f"{mine}/flags/high_contrast", "on").json()["context_type"] == "User"
    assert "high_contrast" in canvas.student.get(f"{mine}/enabled").json()
    kinds = {item["type"] for item in canvas.teacher.get(COURSE, params={"type": "setting", "per_page": 50}).json()}
    assert kinds == {"setting"}
    assert [row.get(SCHOOL).status_code for row in (canvas.teacher, canvas.student)] == [200, 403], "who teaches reads"
    pages = canvas.admin.get(SCHOOL, params={"per_page": 100, "page": 2})
    assert "page=2&per_page=100" in pages.links["last"]["url"]
    seen = {item["feature"] for item in [*canvas.admin.get(SCHOOL, params={"per_page": 100}).json(), *pages.json()]}
    assert "moderated_grading" in seen
    assert "course_templates" not in seen, "hidden features take places on pages, and only operators see them"
    assert put(canvas.admin, f"{SCHOOL}/flags/nonsense", "on").json() == {"message": "invalid feature"}
    assert canvas.student.get(f"{API}/features/environment").json()["embedded_release_notes"] is True


def test_features_that_canvas_has_had_since_2024(canvas: Site) -> None:
    """A hidden feature exists for site admins alone, who open it; the course's own follow its school's."""
    for feature in ("selectable_outcomes_in_course_copy", "persist_inferred_authentication_providers"):
        assert put(canvas.admin, f"{SCHOOL}/flags/{feature}", "on").json() == {"message": "invalid feature"}
    opened = f"{SCHOOL}/flags/course_admin_role_masquerade_permission_check"
    assert canvas.admin.get(opened).json()["state"] == "allowed"
    assert put(canvas.admin, opened, "on").json()["state"] == "on"
    kinds = {"type": "setting", "per_page": 100}
    assert "quiz_log_auditing" in {item["feature"] for item in canvas.teacher.get(COURSE, params=kinds).json()}
    canvas.lms.settings["canvas.later_features"] = False
    assert canvas.admin.get(opened).status_code == 404
    assert "quiz_log_auditing" not in {item["feature"] for item in canvas.teacher.get(COURSE, params=kinds).json()}
