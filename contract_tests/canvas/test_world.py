"""What only a world file can configure at Canvas: keys of other kinds, and dangling references."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import OPEN, assertion, service, signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form, parameters
from contract_tests.lti_tool import KeySite, Tool, initiation
from lms_emulator import ControlError
from lms_emulator.client.emulator import Emulator

Change = Callable[[Callable[[dict[str, Any]], None]], None]


@pytest.fixture
def change(lms: Emulator) -> Iterator[Change]:
    """Reload the current world with its Canvas section changed."""

    def made(edit: Callable[[dict[str, Any]], None]) -> None:
        dump = lms.dump()
        edit(dump["canvas"])
        lms.load(json.loads(json.dumps(dump, default=str)))

    yield made
    lms.load("demo")


def test_a_key_that_reuses_tokens(canvas: Site, change: Change) -> None:
    def edit(section: dict[str, Any]) -> None:
        section["developer_keys"][0].update(force_token_reuse=True)
        section["access_tokens"].clear()

    change(edit)
    first = canvas.tokens()
    browser = canvas.browser()
    page = browser.follow(browser.get(canvas.auth_url()))
    code = parameters(browser.sign_in(page, canvas.info.student))["code"]
    second = canvas.token(code=code).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert canvas.api(first["access_token"]).get("/api/v1/users/self").status_code == 401
    assert "code" in parameters(browser.get(canvas.auth_url(prompt="none")))


def test_a_key_that_replaces_tokens(canvas: Site, change: Change) -> None:
    change(lambda section: section["developer_keys"][0].update(replace_tokens=True))
    first, second = canvas.tokens(), canvas.tokens()
    assert canvas.api(first["access_token"]).get("/api/v1/users/self").status_code == 401
    assert canvas.api(second["access_token"]).get("/api/v1/users/self").status_code == 200


def test_identity_alone_gives_no_token(canvas: Site) -> None:
    browser = canvas.browser()
    url = canvas.auth_url(scope="/auth/userinfo")
    page = browser.follow(browser.sign_in(browser.follow(browser.get(url)), canvas.info.student))
    assert "Remember my authorization" in page.text
    code = parameters(browser.submit(page, remember_access="1"))["code"]
    body = canvas.token(code=code).json()
    assert (body["access_token"], body["user"]["id"], "refresh_token" in body) == (None, 101, False)
    assert "code" in parameters(browser.get(url)), "remembered: no consent page"


def test_a_disabled_key_and_a_deleted_person(canvas: Site, change: Change) -> None:
    tokens = canvas.tokens()
    change(lambda section: section["developer_keys"][0].update(workflow_state="inactive"))
    assert canvas.api(tokens["access_token"]).get("/api/v1/users/self").status_code == 401
    assert canvas.reason == "token_key_off"
    assert canvas.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code == 401
    change(lambda section: section["developer_keys"][0].update(workflow_state="active"))
    assert canvas.api(tokens["access_token"]).get("/api/v1/users/self").status_code == 200
    change(lambda section: section["users"][0].update(workflow_state="deleted"))
    assert canvas.api(tokens["access_token"]).get("/api/v1/users/self").status_code == 401


def test_a_tools_key_stored_with_its_registration(canvas: Site, tool: Tool, change: Change, keys: KeySite) -> None:
    jwk = tool.jwks["keys"][0]
    change(lambda section: section["developer_keys"][-1].update(public_jwk=jwk, public_jwk_url=None))
    keys.answer = (500, b"")
    assert service(canvas, assertion(canvas, tool)).status_code == 200
    change(lambda section: section["developer_keys"][-1].pop("public_jwk"))
    assert service(canvas, assertion(canvas, tool, jti="2")).status_code == 400
    assert canvas.reason == "assertion_unknown_kid"


def test_the_sign_on_host_sends_on_to_the_school(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    url = httpx.URL(tool.login(initiation(browser, OPEN)))
    sso = httpx.get(
        f"{canvas.lms.url}/api/lti/authorize_redirect", params=url.params, headers={"Host": "sso.canvaslms.com"}
    )
    assert sso.headers["location"].startswith(f"{canvas.url}/api/lti/authorize?")
    assert "id_token" in form(browser.get(sso.headers["location"]).text)[1]
    post = browser.http.post("/api/lti/authorize_redirect", data=dict(url.params))
    assert post.headers["location"].startswith(f"{canvas.url}/api/lti/authorize?")


def test_references_that_lead_nowhere(lms: Emulator) -> None:
    dump = json.loads(json.dumps(lms.dump(), default=str))
    dump["canvas"]["enrollments"][0]["course_id"] = 99
    dump["canvas"]["pseudonyms"][1]["unique_id"] = "ADA.lovelace"
    dump["brightspace"]["enrollments"][0]["role_id"] = 99
    dump["brightspace"]["users"][1]["username"] = "ADA.lovelace"
    with pytest.raises(ControlError) as caught:
        lms.load(dump)
    for line in (
        "canvas.enrollments[0].course_id: 99 is not among `courses`",
        "canvas.pseudonyms[1].unique_id: pseudonyms[0] has the same",
        "brightspace.enrollments[0].role_id: 99 is not among `roles`",
    ):
        assert line in str(caught.value)
    dump["canvas"] = {"roles": [dump["canvas"]["roles"][2] | {"name": "Tutor"}]}
    with pytest.raises(ControlError, match="there is no built-in role 'Tutor'"):
        lms.load(dump)
    dump["canvas"] = {}
    with pytest.raises(ControlError, match=r"users\[0\] has the same"):
        lms.load(dump)


@pytest.mark.parametrize(
    ("table", "right", "wrong", "message"),
    [
        (
            "user_merges",
            {
                "id": 1,
                "from_user_id": 101,
                "user_id": 102,
                "moved": {"users": []},
                "ended": {"enrollments/1": "active"},
            },
            {"moved": {"hats": []}},
            "user_merges[0].moved: 'hats' is not one of",
        ),
        (
            "user_merges",
            {"id": 1, "from_user_id": 101, "user_id": 102},
            {"ended": {"1": "active"}},
            "user_merges[0].ended: '1' is not a table and an id",
        ),
        (
            "planner_overrides",
            {"id": 1, "user_id": 101, "plannable_type": "quiz", "plannable_id": 1}
            | dict.fromkeys(("created_at", "updated_at"), "2026-09-01T08:00:00Z"),
            {"plannable_type": "hat"},
            "planner_overrides[0].plannable_type: 'hat' is not one of",
        ),
        (
            "quiz_submissions",
            {"id": 1, "quiz_id": 1, "user_id": 101, "quiz_data": [{"id": 1, "question_type": "essay_question"}]}
            | {"workflow_state": "untaken", "validation_token": "f00"},
            {"quiz_data": [{"id": 1}]},
            "quiz_submissions[0].quiz_data: a question needs `id` and `question_type`",
        ),
    ],
)
def test_rows_that_nothing_could_be_done_with(
    change: Change, table: str, right: dict[str, Any], wrong: dict[str, Any], message: str
) -> None:
    quiz = {"id": 1, "course_id": 1, "title": "Q"}
    quiz |= dict.fromkeys(("created_at", "updated_at"), "2026-09-01T08:00:00Z")
    change(lambda section: section.update({"quizzes": [quiz], table: [right]}))
    with pytest.raises(ControlError) as caught:
        change(lambda section: section.update({table: [right | wrong]}))
    assert message in str(caught.value)
