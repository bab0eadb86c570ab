"""Refusals whose answer says little: what an integrator did wrong is named, and the right neighbour is accepted."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.credentials.test_rest_diagnoses import sender
from contract_tests.ltiaas.support import NEW_PLATFORM
from lms_emulator import Emulator

Request = Callable[[], httpx.Response]


def test_canvas(lms: Emulator, http: httpx.Client) -> None:
    info = lms.canvas
    send = sender(http, f"{info.url}/api/v1", info.access_tokens.admin)
    migrations, items = "/courses/1/content_migrations", "/courses/1/modules/1/items"

    def enrol(**fields: object) -> Request:
        return send("POST", "/courses/1/enrollments", json={"enrollment": fields})

    off = {"client_id": "10000000000008", "response_type": "code", "redirect_uri": "http://127.0.0.1:9003/callback"}
    each(
        lms,
        {
            "a key that is off": (
                lambda: http.get(f"{info.url}/login/oauth2/auth", params=off),
                "the key exists, but is not on in the account",
            ),
            "nobody to enrol": (enrol(sis_user_id="S-102"), "no `enrollment[user_id]` was sent"),
            "neither": (enrol(type="Learner"), "no `enrollment[user_id]` was sent"),
            "a login that is taken": (
                send("POST", "/accounts/1/users", json={"pseudonym": {"unique_id": "ada.lovelace"}}),
                "`pseudonym[unique_id]` was sent as ada.lovelace: ID already in use for this account",
            ),
            "me": (send("GET", "/users/me"), "the caller is `self`"),
            "a role": (enrol(user_id=104, role="Student"), "which is not a role; there are StudentEnrollment"),
            "a kind": (enrol(user_id=104, type="student"), "did you mean StudentEnrollment?"),
            "no type": (
                send("POST", items, json={"module_item": {"content_id": 1}}),
                "no `module_item[type]` was sent",
            ),
            "no such content": (
                send("POST", items, json={"module_item": {"type": "Assignment", "content_id": 999}}),
                "course 1 has no Assignment 999",
            ),
            "a short search": (send("GET", "/accounts/1/users", params={"search_term": "a"}), "2 characters or more"),
            "another migration": (
                send("POST", migrations, json={"migration_type": "copy"}),
                "it is one of canvas_cartridge_importer",
            ),
            "no source": (
                send("POST", migrations, json={"migration_type": "course_copy_importer"}),
                "no `settings[source_course_id]` was sent",
            ),
            "no feature": (send("PUT", "/courses/1/features/flags/nope", json={}), "there is no feature `nope`"),
        },
    )
    token = info.access_tokens.student
    assert (
        http.delete(f"{info.url}/login/oauth2/token", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    )
    assert send("GET", "/users/self", token)().status_code == 401
    assert "was revoked, by DELETE /login/oauth2/token" in diagnosed(lms)
    assert send("POST", items, json={"module_item": {"type": "Assignment", "content_id": 2}})().status_code == 200


def test_what_is_switched_off(lms: Emulator, http: httpx.Client) -> None:
    sent = {
        "client_id": "b6b6b6b6-0000-4000-8000-00000000c11e",
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:9003/callback",
        "scope": "users:own_profile:read",
    }
    insecure = {"client_id": "b5b5b5b5-0000-4000-8000-00000000c11e", "redirect_uri": "http://insecure.example/callback"}
    inactive = {"username": "gbdemo\\gone.student", "password": "gone-demo-password"}
    client = {"grant_type": "password", "client_id": lms.learningstudio.application_id}
    each(
        lms,
        {
            "an application": (
                lambda: http.get(f"{lms.brightspace.url}/oauth2/auth", params=sent),
                "of Disabled, which is switched off",
            ),
            "http": (
                lambda: http.get(f"{lms.brightspace.url}/oauth2/auth", params=sent | insecure),
                "Brightspace sends codes to https alone",
            ),
            "a user": (
                lambda: http.post(f"{lms.learningstudio.url}/token", data=client | inactive),
                "the user gone.student is not active",
            ),
        },
    )


def test_parameters_that_were_meant(lms: Emulator, http: httpx.Client) -> None:
    """A name or value that nothing reads is taken for a documented one if only that is like it."""
    send = sender(http, f"{lms.canvas.url}/api/v1", lms.canvas.access_tokens.teacher)
    units = sender(http, f"{lms.brightspace.url}/d2l/api", lms.brightspace.access_tokens.instructor)
    graded = "/courses/1/assignments/2/submissions/101"

    def warned(request: Request) -> str:
        assert request().status_code == 200
        return "; ".join(warning.message for warning in lms.requests.last.warnings)

    grade = {"submission": {"grade": 3}}
    assert "did you mean `submission[posted_grade]`?" in warned(send("PUT", graded, json=grade))
    typo = send("GET", "/courses/1/users", params={"include[]": "enrolments"})
    assert "did you mean `enrollments`?" in warned(typo)
    joined = send("GET", "/courses/1/users", params={"include[]": "enrollments,email"})
    assert "send each value as a `include[]` of its own" in warned(joined)
    toc = units("GET", "/le/1.75/6836/content/toc", params={"ignoreModuleDateRestrictions": "true"})
    assert "did you mean `ignoreDateRestrictions`?" in warned(toc)
    paged = units("GET", "/lp/1.45/enrollments/myenrollments/", params={"page": "2"})
    assert "did you mean" not in warned(paged)
    both = {"submission": {"posted_grade": 3}}
    assert warned(send("PUT", graded, json=both)) == ""


def test_forms_at_learningstudio(lms: Emulator, http: httpx.Client) -> None:
    info = lms.learningstudio
    form = {"grant_type": "password", "client_id": info.application_id, "password": info.teacher.password}
    given = http.post(f"{info.url}/token", data=form | {"username": f"gbdemo\\{info.teacher.username}"}).json()
    token = {"X-Authorization": f"Access_Token access_token={given['access_token']}"}
    where = f"courses/{info.course_id}/gradebookItems/{info.gradebook_item_id}/grade"
    url = f"{info.url}/users/{info.student.id}/{where}"
    each(
        lms,
        {
            "a form": (
                lambda: http.put(url, headers=token, data={"grade[points]": "9"}),
                "a form was sent; the API takes",
            )
        },
    )
    assert http.put(url, headers=token, json={"grade": {"points": 9}}).status_code == 204


def test_completions_of_open_edx(lms: Emulator, http: httpx.Client) -> None:
    info = lms.openedx
    send = sender(http, info.url, info.access_tokens.superuser)
    block = "block-v1:CET+GW_01+2021_2022_FA+type@html+block@reading1"

    def batch(**changes: object) -> Request:
        body = {"username": "ada", "course_key": info.course_id, "blocks": {block: 1}} | changes
        given = {name: value for name, value in body.items() if value is not None}
        return send("POST", "/api/completion/v1/completion-batch", json=given)

    each(
        lms,
        {
            "no course": (batch(course_key=None), "no course_key was sent"),
            "nobody's": (batch(username="stella"), "stella is not enrolled in course-v1:CET+GW_01+2021_2022_FA"),
            "a course's key": (batch(blocks={info.course_id: 1}), "this is the key of a course"),
            "spaces": (batch(blocks={block.replace("+", " "): 1}), "the `+` of the key was sent as spaces"),
            "the end of a key": (batch(blocks={"reading1": 1}), "`reading1` is not a key of a block"),
            "percent": (batch(blocks={block: 100}), "a completion was sent as 100; it is a share from 0 to 1"),
            "another course": (batch(course_key=info.other_course_id), "this is a block of course-v1:CET"),
        },
    )
    assert batch()().status_code == 200


def test_courses_of_open_edx(lms: Emulator, http: httpx.Client) -> None:
    info = lms.openedx
    send = sender(http, info.url, info.access_tokens.superuser)
    grades = f"/api/grades/v1/courses/{info.course_id}/"
    full = {"course_details": {"course_id": "course-v1:FullX+Full+T2025"}}
    spaced = info.course_id.replace("+", "%20")
    each(
        lms,
        {
            "not enrolled": (send("GET", grades, params={"username": "stella"}), "stella is not enrolled in"),
            "full": (
                send("POST", "/api/enrollment/v1/enrollment", info.access_tokens.learner, json=full),
                "the course is full; force_enrollment by staff",
            ),
            "spaces in a path": (
                send("GET", f"/api/enrollment/v1/enrollment/ada,{spaced}"),
                "is the key of a course whose `+` was sent as spaces",
            ),
            "a typo": (
                send("GET", "/api/courses/v1/courses/course_v1:CET+GW_01+2021_2022_FA"),
                "`course_v1:CET+GW_01+2021_2022_FA` is not a course key",
            ),
        },
    )
    assert send("GET", grades, params={"username": "ada"})().status_code == 200


def test_the_instructor_dashboard_of_open_edx(lms: Emulator, http: httpx.Client) -> None:
    info = lms.openedx
    client = info.clients.client_credentials
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    jwt = http.post(f"{info.url}/oauth2/access_token", data={**form, "token_type": "jwt"}).json()["access_token"]

    def call(name: str, **fields: str) -> Request:
        url = f"{info.url}/courses/{info.course_id}/instructor/api/{name}"
        return lambda: http.post(url, data=fields, headers={"Authorization": f"JWT {jwt}"})

    ada = {"unique_student_identifier": "ada"}
    allowed = f"{info.url}/api/enrollment/v1/enrollment_allowed/"
    each(
        lms,
        {
            "half of it": (
                lambda: http.post(allowed, json={"email": "new@x.org"}, headers={"Authorization": f"JWT {jwt}"}),
                "no course_id was sent",
            ),
            "a role": (
                call("modify_access", **ada, rolename="teacher", action="allow"),
                "`rolename` was sent as teacher: it is one of",
            ),
            "an action": (
                call("modify_access", **ada, rolename="staff", action="add"),
                "`action` was sent as add: it is one of allow, revoke",
            ),
            "no problem": (call("reset_student_attempts", **ada), "no problem_to_reset was sent"),
            "no key": (
                call("reset_student_attempts", **ada, problem_to_reset="quiz1"),
                "`quiz1` is not a key of a block",
            ),
        },
    )
    assert call("modify_access", **ada, rolename="beta", action="allow")().status_code == 200


def test_openlearning_and_ltiaas(lms: Emulator, http: httpx.Client) -> None:
    ol, ltiaas = lms.openlearning, lms.ltiaas
    people = f"{ol.url}/v2.1/institutions/{ol.institution_id}/managed-users/"
    key = {"X-API-Key": ol.api_key}
    person = {"full_name": "A", "external_institution_id": "x", "primary_email_address": "a@example.edu"}
    account = {"Authorization": f"Bearer {ltiaas.api_key}"}
    platform = f"{ltiaas.url}/api/platforms/{ltiaas.platforms.canvas}"
    again = {"url": "https://canvas.instructure.com", "clientId": lms.canvas.lti_client_id}
    swapped = {"Authorization": f"LTIK-AUTH-V2 nothing:{ltiaas.api_key}"}
    each(
        lms,
        {
            "a word": (
                lambda: http.post(people, headers=key, data=person | {"send_welcome_email": "nope"}),
                "`send_welcome_email` was sent as nope; write true or false",
            ),
            "a list": (
                lambda: http.post(f"{ol.url}/v2.2/enrolments/submit-json/", headers=key, json=[{}]),
                "the body is a list; it has to be an object",
            ),
            "another method": (
                lambda: http.get(f"{platform}/activate", headers=account),
                "GET was sent; this path takes POST",
            ),
            "no registration": (
                lambda: http.get(f"{ltiaas.url}/api/registrations/abc", headers=account),
                "no registration of this tenant waits under this id",
            ),
            "a platform once more": (
                lambda: http.post(f"{ltiaas.url}/api/platforms", headers=account, json=NEW_PLATFORM | again),
                f"platform {ltiaas.platforms.canvas} has this url and clientId already",
            ),
            "halves": (
                lambda: http.get(f"{ltiaas.url}/api/idtoken", headers=swapped),
                "the API key came behind the colon",
            ),
        },
    )
    assert http.post(f"{platform}/activate", headers=account).status_code == 200
