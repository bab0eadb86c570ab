"""Keys that were switched off: Canvas's sentences are terse; the journal says which key it is, and what turns it on."""

from __future__ import annotations

import json

import httpx
import pytest
from joserfc.jwk import RSAKey

from contract_tests.canvas.lti import KEY, NRPS, assertion, service
from contract_tests.canvas.support import Site
from contract_tests.lti_tool import KeySite, Tool

COURSE = "/api/v1/courses/1"
POSTED = "/api/sis/courses/1/disable_post_to_sis"
SCOPED = 10000000000007
BINDING = f"/api/v1/accounts/1/developer_keys/{KEY}/developer_key_account_bindings"
OFF = f"the developer key {KEY} is `off` for account 1; Canvas needs it `on` for account 1 (`"
INACTIVE = f"the developer key {KEY} is inactive; `developer_key[event]=activate` activates it"


def switch(canvas: Site, state: str) -> None:
    sent = {"developer_key_account_binding": {"workflow_state": state}}
    assert canvas.admin.post(BINDING, json=sent).status_code == 200


def turn(canvas: Site, event: str) -> None:
    assert canvas.admin.put(f"/api/v1/developer_keys/{KEY}", json={"developer_key": {"event": event}}).is_success


def test_a_service_of_a_key_that_is_off_or_inactive(canvas: Site, tool: Tool) -> None:
    api = canvas.api(service(canvas, assertion(canvas, tool)).json()["access_token"])
    assert api.get(NRPS).status_code == 200
    switch(canvas, "off")
    assert (api.get(NRPS).status_code, canvas.reason) == (401, "service_key_off")
    assert canvas.diagnosis.startswith(OFF)
    switch(canvas, "on")
    turn(canvas, "deactivate")
    assert (api.get(NRPS).status_code, canvas.reason) == (401, "service_key_inactive")
    assert canvas.diagnosis == INACTIVE
    turn(canvas, "activate")
    assert api.get(NRPS).status_code == 200
    assert canvas.admin.delete(f"/api/v1/developer_keys/{KEY}").is_success
    assert (api.get(NRPS).status_code, canvas.reason) == (401, "service_key_inactive")
    assert canvas.diagnosis == f"the key {KEY} that the token was issued to was deleted"


def test_a_configuration_of_a_key_that_is_off(canvas: Site, tool: Tool) -> None:
    path = f"/api/lti/courses/1/developer_keys/{KEY}/tool_configuration"
    assert canvas.student.get(path).status_code == 401
    assert canvas.diagnosis.startswith("user 101 is StudentEnrollment in course 1; `manage_lti_add` belongs to ")
    switch(canvas, "off")
    assert (canvas.teacher.get(path).status_code, canvas.reason) == (401, "key_not_usable")
    assert canvas.diagnosis.startswith(OFF)


def test_overrides_and_assignments(canvas: Site) -> None:
    """What Canvas says of an attribute is about the parameter that was sent, under the name that it was sent by."""
    teacher = canvas.teacher
    made = teacher.post(f"{COURSE}/assignments", data={"assignment[name]": "T"}).json()["id"]
    for path, name, value, said in (
        (
            f"{COURSE}/assignments/{made}/overrides",
            "assignment_override[course_section_id]",
            "999",
            "unknown section id",
        ),
        (f"{COURSE}/assignments/{made}/overrides", "assignment_override[due_at]", "soon", "invalid due_at"),
        (f"{COURSE}/assignments/{made}/overrides", "assignment_override[group_id]", "17", "group_id is not valid for"),
        (f"{COURSE}/assignments", "assignment[points_possible]", "-5", "The value of possible points"),
        (f"{COURSE}/assignments", "assignment[name]", "x" * 300, "The title cannot be longer than 255"),
    ):
        section = {"assignment_override[course_section_id]": "1"} if "due_at" in name else {}
        assert teacher.post(path, data={"assignment[name]": "T", **section, name: value}).status_code == 400
        assert canvas.diagnosis.startswith(f"`{name}` was sent as {value[:100]}: {said}"), canvas.diagnosis
    assert teacher.post(f"{COURSE}/assignments/{made}/overrides", data={"assignment_override": "x"}).status_code == 400
    assert canvas.diagnosis.startswith(
        "`assignment_override` was sent as the text x; it has to hold `assignment_override["
    )


def test_a_permission_that_is_missing_is_named(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    section = teacher.post(f"{COURSE}/sections", json={"course_section": {"name": "S"}}).json()["id"]
    tags = teacher.post(f"{COURSE}/group_categories", json={"name": "Labs"}).json()["id"]
    sis = {"course_section": {"sis_section_id": "S1"}}
    for reason, permission, send in (
        ("sis_refused", "manage_sis", lambda: teacher.put(f"/api/v1/sections/{section}", json=sis)),
        ("unauthorized", "manage_groups_add", lambda: student.get(f"/api/v1/group_categories/{tags}/export")),
        ("assignments_of_others", "manage_assignments_edit", lambda: student.put(POSTED)),
    ):
        assert (send().status_code, canvas.reason) == (401, reason)
        assert f"`{permission}` belongs to " in canvas.diagnosis


def test_a_timetable_names_the_days_that_it_cannot_read(canvas: Site) -> None:
    when = {"weekdays": "Foo", "start_time": "9:00", "end_time": "10:00"}
    sent = {"timetables": {"all": [when]}}
    assert canvas.teacher.post(f"{COURSE}/calendar_events/timetable", json=sent).status_code == 400
    assert canvas.diagnosis == "`timetables[<course_section_id>][weekdays]` was sent as Foo: weekdays are not valid"


@pytest.mark.parametrize(
    ("scope", "how"),
    [
        ("url:GET|https://school.instructure.com/api/v1/courses", "no host: send url:GET|/api/v1/courses"),
        ("url:GET|/api/v1/users/102", "names of ids, not ids: send url:GET|/api/v1/users/:id"),
        ("url:GET|/api/v1/courses/:id/files", "names of ids, not ids: send url:GET|/api/v1/courses/:course_id/files"),
        ("url:GET|http://x/api/v1/users/7", "no host and names of ids, not ids: send url:GET|/api/v1/users/:id"),
    ],
)
def test_a_scope_that_was_filled_in(canvas: Site, scope: str, how: str) -> None:
    def ask(scope: str) -> str:
        sent = {"client_id": SCOPED, "response_type": "code", "redirect_uri": "http://127.0.0.1:9002/callback"}
        return str(httpx.get(f"{canvas.url}/login/oauth2/auth", params={**sent, "scope": scope}).headers["location"])

    assert "error=invalid_scope" in ask(scope)
    assert canvas.diagnosis == f"a scope is a route with {how}"
    assert "error=" not in ask(how.rpartition(" ")[2])


@pytest.mark.parametrize("by_thumbprint", [True, False])
def test_a_key_that_is_published_without_its_name(canvas: Site, tool: Tool, keys: KeySite, by_thumbprint: bool) -> None:
    """Libraries name a key by its thumbprint (RFC 7638) and send that as `kid`, though the key set does not have it."""
    published = {name: value for name, value in tool.jwks["keys"][0].items() if name != "kid"}
    keys.answer = (200, json.dumps({"keys": [published]}).encode())
    kid = RSAKey.import_key(published).thumbprint() if by_thumbprint else "mine"
    assert service(canvas, assertion(canvas, tool, kid=kid)).status_code == 400
    says = "its thumbprint" if by_thumbprint else "'mine'"
    assert f"that key is published without a `kid`, and the header says {says}: " in canvas.diagnosis
    keys.answer = (200, json.dumps({"keys": [{**published, "kid": kid}]}).encode())
    assert service(canvas, assertion(canvas, tool, kid=kid)).status_code == 200
