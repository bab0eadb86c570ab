"""The official Python client (PyPI `ltiaas` 0.0.4), unmodified but for its base URL, against an emulated Canvas
behind LTIAAS: double slashes, doubly encoded addresses, explicit nulls and all."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import httpx
import jwt
import pytest
from ltiaas.client.launch import LTIAASLaunch
from ltiaas.client.request_handler import RequestHandler
from ltiaas.exceptions.api_error import APIError
from ltiaas.exceptions.invalid_session_error import InvalidSessionError
from ltiaas.resources.deep_linking.types import (
    HTMLFragmentContentItem,
    LTIResourceLinkContentItem,
)
from ltiaas.resources.lineitems.types import LineItem
from ltiaas.resources.scores.types import Score

from contract_tests.ltiaas.support import LTI, Campus, details, query
from lms_emulator.client.emulator import Emulator

INPUT = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
ACTION = re.compile(r'action="([^"]*)"')


def submit(browser: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    """Submit the (first posting) form of a page, as its script would."""
    from html import unescape

    text = page.text[page.text.index("<main>") :]
    form = {unescape(name): unescape(value) for name, value in INPUT.findall(text)}
    action = unescape(ACTION.findall(text)[0])
    return browser.post(urljoin(str(page.url), action), data={**form, **fields})


def launch(campus: Campus, person: str, path: str) -> str:
    """From the emulated Canvas through LTIAAS; gives the ltik."""
    who = campus.lms("canvas")[person]
    return walk(campus.url("canvas") + path, who["login"], who["password"])


def walk(url: str, login_name: str, password: str) -> str:
    """Sign in at a Canvas page that launches the tool; gives the ltik."""
    with httpx.Client(trust_env=False, verify=False, follow_redirects=True) as browser:
        page = browser.get(url)
        login = {"pseudonym_session[unique_id]": login_name, "pseudonym_session[password]": password}
        page = submit(browser, page, **login)
        page = submit(browser, page)
        browser.follow_redirects = False
        page = submit(browser, page)
        assert page.status_code == 302, page.text
        return query(page.headers["location"])["ltik"]


def session(campus: Campus, **more: Any) -> Any:
    made = LTIAASLaunch(domain="demo.ltiaas.com", api_key=campus.rig.key, **more)
    made._request_handler = RequestHandler(campus.rig.url)
    return made


@pytest.fixture
def by_ltik(campus: Campus) -> Any:
    course = campus.lms("canvas")["course_id"]
    made = session(campus, ltik=launch(campus, "student", f"/courses/{course}/external_tools/5"))
    yield made
    made._request_handler.session.close()


@pytest.fixture
def by_service_key(campus: Campus, by_ltik: Any) -> Any:
    made = session(campus, service_key=by_ltik.get_id_token().services.service_key)
    yield made
    made._request_handler.session.close()


def test_id_token(campus: Campus, by_ltik: Any) -> None:
    token = by_ltik.get_id_token()
    student = campus.lms("canvas")["student"]
    assert (token.user.id, token.user.name, token.user.email) == (student["lti_id"], student["name"], student["email"])
    assert token.platform.id == campus.rig.info["platforms"]["canvas"]
    assert token.platform.product_family_code == "canvas"
    assert token.launch.custom == {"greeting": "hello"}
    assert token.services.names_and_roles["available"] is True
    raw = by_ltik.get_raw_id_token()
    assert raw.iss == "https://canvas.instructure.com"
    assert raw.sub == student["lti_id"]
    legacy = getattr(raw, f"{LTI}lti11_legacy_user_id")
    assert getattr(raw, f"{LTI}lti1p1") == {"user_id": legacy}
    listed = {member.user_id: member.lti11_legacy_user_id for member in by_ltik.get_memberships().members}
    assert listed[student["lti_id"]] == legacy


def test_memberships_by_service_key(campus: Campus, by_service_key: Any) -> None:
    whole = by_service_key.get_memberships()
    assert {member.name for member in whole.members} >= {"Ada Lovelace", "Charles Babbage", "Grace Hopper"}
    page = by_service_key.get_memberships(limit=2)
    assert len(page.members) == 2
    rest = by_service_key.get_memberships(url=page.next)  # the client encodes this twice
    assert {m.user_id for m in page.members} | {m.user_id for m in rest.members} == {m.user_id for m in whole.members}
    learner = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
    learners = by_service_key.get_memberships(role=learner)
    assert {member.name for member in learners.members} == {"Ada Lovelace", "Charles Babbage"}


def test_line_items_and_scores(campus: Campus, by_service_key: Any) -> None:
    made = by_service_key.create_line_item(LineItem(label="Quiz", score_maximum=10, tag="quiz"))
    assert made.id.startswith(campus.url("canvas"))
    assert by_service_key.get_line_item(made.id).label == "Quiz"
    assert [item.id for item in by_service_key.get_line_items(tag="quiz").line_items] == [made.id]
    assert by_service_key.update_line_item(made.id, LineItem(label="Test", score_maximum=5)).label == "Test"
    student = campus.lms("canvas")["student"]["lti_id"]
    score = {"activity_progress": "Completed", "grading_progress": "FullyGraded", "score_maximum": 5}
    by_service_key.submit_score(made.id, Score(user_id=student, score_given=0, **score))
    by_service_key.submit_score(made.id, Score(user_id=student, score_given=4, **score))
    results = by_service_key.get_scores(made.id).scores
    assert [(result.user_id, result.result_score) for result in results] == [(student, 4)]
    by_service_key.delete_line_item(made.id)
    with pytest.raises(APIError) as missing:
        by_service_key.get_line_item(made.id)
    assert missing.value.response.status == 404
    assert missing.value.response.details.externalError is True


def test_score_for_a_teacher_is_refused_by_the_lms(campus: Campus, by_service_key: Any) -> None:
    made = by_service_key.create_line_item(LineItem(label="Quiz", score_maximum=10))
    teacher = campus.lms("canvas")["teacher"]["lti_id"]
    with pytest.raises(APIError) as refused:
        by_service_key.submit_score(
            made.id, Score(user_id=teacher, activity_progress="Completed", grading_progress="FullyGraded")
        )
    assert refused.value.response.status == 422


def test_deep_linking(campus: Campus) -> None:
    course = campus.lms("canvas")["course_id"]
    ltik = launch(campus, "teacher", f"/courses/{course}/external_tools/5/resource_selection")
    teacher = session(campus, ltik=ltik)
    items = [LTIResourceLinkContentItem(title="Week 7"), HTMLFragmentContentItem(html="<p>hello</p>")]
    parts = teacher.build_deep_linking_form_components(items, message="done", log="chosen")
    assert parts.target.startswith(f"{campus.url('canvas')}/courses/{course}/deep_linking_response")
    claims = jwt.decode(parts.message, options={"verify_signature": False})
    placed = claims["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"]
    assert placed == [{"type": "ltiResourceLink", "title": "Week 7"}, {"type": "html", "html": "<p>hello</p>"}]
    assert 'name="JWT"' in teacher.build_deep_linking_form(items).form
    teacher._request_handler.session.close()
    posted = httpx.post(parts.target, data={"JWT": parts.message}, verify=False)
    assert posted.status_code in (200, 302), posted.text


def test_by_path_prefix(campus: Campus, by_ltik: Any) -> None:
    prefixed = session(campus, ltik=by_ltik._service_authorization.rpartition(":")[2])
    prefixed._request_handler.session.close()
    prefixed._request_handler = RequestHandler(campus.rig.info["base_urls"]["prefix"])
    assert prefixed.get_id_token().user.id == campus.lms("canvas")["student"]["lti_id"]
    item = prefixed.get_line_items().line_items[0]
    assert prefixed.get_line_item(item.id).label == item.label
    prefixed._request_handler.session.close()


def test_with_nothing_changed_at_all(lms_intercept: Emulator) -> None:
    """Under the real names, as in production: only the API key is the demo world's."""
    student = lms_intercept.canvas.student
    ltik = walk("https://canvas.instructure.com/courses/1/external_tools/5", student.login, student.password)
    unchanged = LTIAASLaunch(domain="demo.ltiaas.com", api_key=lms_intercept.ltiaas.api_key, ltik=ltik)
    assert unchanged.get_id_token().user.id == student.lti_id
    assert student.lti_id in {member.user_id for member in unchanged.get_memberships().members}
    item = unchanged.create_line_item(LineItem(label="Quiz", score_maximum=10))
    assert item.id.startswith("https://canvas.instructure.com/api/lti/courses/1/line_items/")
    assert unchanged.get_line_item(item.id).label == "Quiz"
    unchanged._request_handler.session.close()


def test_the_clients_own_limits(campus: Campus, by_service_key: Any) -> None:
    with pytest.raises(InvalidSessionError):
        by_service_key.get_id_token()
    stale = session(campus, ltik="not.an.ltik")
    with pytest.raises(APIError) as refused:
        stale.get_id_token()
    stale._request_handler.session.close()
    assert refused.value.response.status == 401
    assert refused.value.response.error == "Unauthorized"
    assert refused.value.response.details.message == "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"


def test_deactivated_platform_answers_the_launch_with_raw_json(campus: Campus) -> None:
    who = campus.lms("canvas")["student"]
    with httpx.Client(trust_env=False, verify=False, follow_redirects=True) as browser:
        page = browser.get(f"{campus.url('canvas')}/courses/{campus.lms('canvas')['course_id']}/external_tools/6")
        login = {"pseudonym_session[unique_id]": who["login"], "pseudonym_session[password]": who["password"]}
        page = submit(browser, submit(browser, page, **login))
    assert page.status_code == 400
    assert details(page)["message"] == "UNREGISTERED_OR_INACTIVE_PLATFORM"
