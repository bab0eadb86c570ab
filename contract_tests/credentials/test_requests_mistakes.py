"""Integrators' mistakes in requests, apart from signatures: each is named, and its correct neighbour is accepted."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.everywhere.existing import credentials
from contract_tests.ltiaas.support import NEW_PLATFORM
from lms_emulator import Emulator


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_canvas(lms: Emulator, http: httpx.Client) -> None:
    info = lms.canvas
    tokens, assignments = info.access_tokens, f"{info.url}/api/v1/courses/{info.course_id}/assignments"
    teacher, token_url = bearer(tokens.teacher), f"{info.url}/login/oauth2/token"
    document = json.dumps({"assignment": {"name": "Essay"}})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    client = {"client_id": info.client_id, "client_secret": info.client_secret}
    each(
        lms,
        {
            "parameters that are not nested": (
                lambda: http.post(assignments, headers=teacher, data={"name": "Essay"}),
                "`name` was sent at the top; write `assignment[name]`",
            ),
            "the same as JSON": (
                lambda: http.post(assignments, headers=teacher, json={"name": "Essay"}),
                "`name` was sent at the top; write `assignment[name]`",
            ),
            "JSON that says it is a form": (
                lambda: http.post(assignments, headers=teacher | form, content=document),
                "the body is JSON, and its Content-Type says application/x-www-form-urlencoded",
            ),
            "a token that was cut early": (
                lambda: http.get(f"{info.url}/api/v1/users/self", headers=bearer(tokens.student[:20])),
                f"for user {info.student.id}, but it is cut: 20 of {len(tokens.student)} characters were sent",
            ),
            "a secret where a tool signs": (
                lambda: http.post(token_url, data={"grant_type": "client_credentials", "scope": "x", **client}),
                "tools ask for tokens with a client_assertion that they sign",
            ),
        },
    )
    assert http.post(assignments, headers=teacher, content=document).status_code >= 400
    assert http.post(assignments, headers=teacher, json=json.loads(document)).status_code == 201
    assert diagnosed(lms) == ""


def test_brightspace(lms: Emulator, http: httpx.Client) -> None:
    info = lms.brightspace
    token, me = info.access_tokens.student, f"{info.url}/d2l/api/lp/1.47/users/whoami"
    header, claims, signature = token.split(".")
    altered = base64.urlsafe_b64encode(base64.urlsafe_b64decode(claims + "==").replace(b"169", b"170")).decode()
    keyed = {"x_a": "G9nUpvbZQyiPrk3um2YAkQ", "x_b": "sIQu", "x_c": "t", "x_d": "u", "x_t": str(int(time.time()))}
    each(
        lms,
        {
            "another person in the claims": (
                lambda: http.get(me, headers=bearer(f"{header}.{altered.rstrip('=')}.{signature}")),
                "of another text: header or payload were changed after signing",
            ),
            "a version with a v": (
                lambda: http.get(me.replace("1.47", "v1.47"), headers=bearer(token)),
                "write 1.47, without the v",
            ),
            "signed by ID and key": (
                lambda: http.get(me, params=keyed),
                "`x_a` belongs to ID-key authentication",
            ),
        },
    )
    assert http.get(me, headers=bearer(token)).status_code == 200
    assert diagnosed(lms) == ""


def test_values_that_brightspace_cannot_parse_are_explained(lms: Emulator, http: httpx.Client) -> None:
    info = lms.brightspace
    staff, unit = bearer(info.access_tokens.instructor), info.org_unit_id
    api, grade = f"{info.url}/d2l/api", f"{info.url}/d2l/api/le/1.75/{unit}/grades/501/values/169"
    news, mine = f"{api}/le/1.75/{unit}/news/", f"{api}/lp/1.47/enrollments/myenrollments/"
    people, value = f"{api}/lp/1.47/enrollments/orgUnits/{unit}/users/", {"GradeObjectType": 1, "PointsNumerator": 7}
    item = {"Title": "Exam", "Body": {"Content": "On Monday", "Type": "Text"}}

    def get(url: str, **params: str) -> Callable[[], httpx.Response]:
        return lambda: http.get(url, headers=staff, params=params)

    def begins(when: object) -> Callable[[], httpx.Response]:
        return lambda: http.post(news, headers=staff, json=item | {"StartDate": when})

    each(
        lms,
        {
            "a code for an org unit": (
                get(f"{api}/le/1.75/ENG-101/classlist/"),
                f"`ENG-101` is the code of org unit {unit}; the path takes its id",
            ),
            "a name for a column": (
                lambda: http.put(grade.replace("/501/", "/Essay/"), headers=staff, json=value),
                "`Essay` is the name of grade object 502; the path takes its id",
            ),
            "a username for a person": (
                lambda: http.put(grade.replace("/169", "/ada.lovelace"), headers=staff, json=value),
                "`ada.lovelace` is the username of user 169; the path takes its id",
            ),
            "a form": (lambda: http.put(grade, headers=staff, data=value), "a form was sent; the API takes JSON"),
            "another type": (
                lambda: http.put(grade, headers=staff, json=value | {"GradeObjectType": 4}),
                "the grade object is numeric: send 1",
            ),
            "seconds": (begins(1764000000), "write it as `2025-11-24T16:00:00.000Z`"),
            "milliseconds": (begins(1764000000000), "write it as `2025-11-24T16:00:00.000Z`"),
            "an offset": (begins("2026-12-01T10:00:00+01:00"), "write it as `2026-12-01T09:00:00.000Z`"),
            "no fraction": (begins("2026-12-01T10:00:00Z"), "write it as `2026-12-01T10:00:00.000Z`"),
            "a day": (get(news, since="2026-12-01"), "write it as `2026-12-01T00:00:00.000Z`"),
            "a day as in America": (get(news, since="12/31/2026"), "write yyyy-MM-ddTHH:mm:ss.fffZ"),
            "yes": (get(mine, isActive="yes"), "write `true` or `false`"),
            "a kind by a name": (get(mine, orgUnitTypeId="course"), "an id is a number"),
            "a kind by its name": (get(mine, orgUnitTypeId="Course Offering"), "is a name; the id is 3"),
            "a role by name": (get(people, roleId="Instructor"), "`Instructor` is a name; the id is 109"),
            "no version": (get(f"{api}/lp/47/users/whoami"), "a version consists of two numbers separated by a dot"),
            "the manual's version": (get(f"{api}/lp/(version)/users/whoami"), "a version is expected here"),
            "another product": (get(f"{api}/le/1.75/users/whoami"), "the product is lp, with its own versions"),
        },
    )
    right = [
        get(mine, isActive="true", orgUnitTypeId="3")(),
        get(people, roleId="109")(),
        get(news, since="2026-12-01T10:00:00.000Z")(),
        begins("2026-12-01T10:00:00.000Z")(),
        http.put(grade, headers=staff, json=value),
    ]
    assert [response.status_code for response in right] == [200] * 5
    assert diagnosed(lms) == ""


def test_open_edx(lms: Emulator, http: httpx.Client) -> None:
    info = lms.openedx
    learner = bearer(info.access_tokens.learner)
    enrol, account = f"{info.url}/api/enrollment/v1/enrollment", f"{info.url}/api/user/v1/accounts/ada"
    merge = {"Content-Type": "application/merge-patch+json"}
    each(
        lms,
        {
            "a course that is not nested": (
                lambda: http.post(enrol, headers=learner, json={"course_id": "course-v1:A+B+C"}),
                "course_id was sent at the top level; it belongs in course_details",
            ),
            "plain JSON to change an account": (
                lambda: http.patch(account, headers=learner, json={"bio": "x"}),
                "send the body as application/merge-patch+json",
            ),
        },
    )
    changed = http.patch(account, headers=learner | merge, content=json.dumps({"bio": "x"}))
    assert changed.status_code == 200
    assert diagnosed(lms) == ""


def test_course_keys_that_open_edx_cannot_parse_are_explained(lms: Emulator, http: httpx.Client) -> None:
    info = lms.openedx
    learner, staff = bearer(info.access_tokens.learner), bearer(info.access_tokens.superuser)
    short = "CET+GW_01+2021_2022_FA"
    key, courses = f"course-v1:{short}", f"{info.url}/api/courses/v1/courses"
    enrol = f"{info.url}/api/enrollment/v1/enrollment"

    def get(url: str, headers: dict[str, str] = learner) -> Callable[[], httpx.Response]:
        return lambda: http.get(url, headers=headers)

    def post(**body: Any) -> Callable[[], httpx.Response]:
        return lambda: http.post(enrol, headers=staff, json=body)

    each(
        lms,
        {
            "a bare plus": (
                get(f"{info.url}/api/courses/v1/blocks/?username=ada&course_id={key}"),
                f"this is {key} with spaces: `+` means a space in a query",
            ),
            "spaces in a path": (get(f"{courses}/{key.replace('+', ' ')}/"), "whose `+` was sent as spaces; in a path"),
            "encoded twice": (
                get(f"{info.url}/api/courses/v1/blocks/?username=ada&course_id={quote(quote(key))}"),
                "it is percent-encoded once too often",
            ),
            "no beginning": (get(f"{courses}/{short}/"), f"a course key is written {key}"),
            "as of 2013": (get(f"{courses}/{short.replace('+', '/')}/"), f"a course key is written {key}"),
            "small letters": (get(f"{courses}/{key.lower()}/"), "the case differs"),
            "a name": (get(f"{courses}/Demo/"), "`Demo` is not a course key"),
            "another version": (
                get(f"{info.url}/api/courses/v2/courses/"),
                "has `/api/courses/v1/courses/`, not in a version `v2`",
            ),
            "the token's address": (
                get(f"{info.url}/oauth2/token/"),
                "has its token endpoint at `/oauth2/access_token`",
            ),
            "a form": (
                lambda: http.post(enrol, headers=staff, data={"course_details[course_id]": key}),
                "a form was sent, which has no place for course_details; send JSON",
            ),
            "an e-mail address": (
                post(user="ada.lovelace@example.edu", course_details={"course_id": key}),
                "is the e-mail address of ada; send the username",
            ),
            "a truth value as text": (
                post(user="ada", is_active="false", course_details={"course_id": key}),
                'a string is not a boolean: send true, not "true"',
            ),
        },
    )
    assert get(f"{courses}/{key}/")().status_code == 200
    assert post(user="ada", course_details={"course_id": key})().status_code == 200
    assert diagnosed(lms) == ""


def test_openlearning(lms: Emulator, http: httpx.Client) -> None:
    info = lms.openlearning
    mine = {"X-API-Key": info.api_key}
    people = f"{info.url}/v2.2/institutions/{info.institution_id}/managed-users/"
    profile = {"full_name": "A B", "external_institution_id": "x-1", "primary_email_address": "x1@example.edu"}
    quiet = {"send_password_email": "false", "send_welcome_email": "false"}
    parted = {key: value for key, value in profile.items() if key != "full_name"}

    def get(path: str, **params: str) -> Callable[[], httpx.Response]:
        return lambda: http.get(f"{info.url}{path}", headers=mine, params=params)

    each(
        lms,
        {
            "a name in two parts": (
                lambda: http.post(people, headers=mine, data=parted | {"first_name": "A", "last_name": "B"}),
                "`first_name` and `last_name` were sent; the name is `full_name`",
            ),
            "text": (
                lambda: http.post(people, headers=mine | {"Content-Type": "text/plain"}, content="full_name=A"),
                "the body was not read: send it as application/x-www-form-urlencoded",
            ),
            "fields in the query": (lambda: http.post(people, headers=mine, params=profile), "is in the URL's query"),
            "no slash": (
                get(f"/v2.2/institutions/{info.institution_id}/managed-users"),
                "the trailing slash is missing",
            ),
            "a name for an institution": (get("/v2.2/institutions/Lakeside College/managed-users/"), "is the name of"),
            "another's institution": (
                get(f"/v2.2/institutions/{info.other_institution_id}/managed-users/"),
                f"this key administers {info.institution_id}, not {info.other_institution_id}",
            ),
            "a slug for a course": (get("/v2.2/courses/analytical-engines/classes/"), "is the slug of course"),
            "an address for a person": (get("/v2.2/users/ada.lovelace@example.edu/"), "the path takes its id"),
            "one's own id": (get("/v2.2/users/student-1815/"), "that id is an external institution id, not a user"),
            "the next version": (get("/v2.3/users/me/"), "is not known to have a version `v2.3`"),
            "a change": (
                lambda: http.patch(f"{people}{info.managed_user.id}/", headers=mine, data=profile),
                "PATCH was sent; this path takes GET",
            ),
        },
    )
    assert http.post(people, headers=mine, data=profile | quiet).status_code == 200
    assert diagnosed(lms) == ""


def test_an_address_with_the_api_of_others(lms: Emulator, http: httpx.Client) -> None:
    key = {"X-Api-Key": lms.openlearning.api_key}
    path = "/v2.1/users/"
    assert http.get(f"{lms.openlearning.url}/api{path}", headers=key).status_code == 404
    assert diagnosed(lms) == f"OpenLearning has `{path}`, without /api in front"


def test_names_and_kinds_of_fields(lms: Emulator, http: httpx.Client) -> None:
    staff, ltiaas = bearer(lms.brightspace.access_tokens.instructor), bearer(lms.ltiaas.api_key)
    course = f"{lms.brightspace.url}/d2l/api/le/1.75/{lms.brightspace.org_unit_id}"
    news, grade = f"{course}/news/", f"{course}/grades/501/values/169"
    item = {"Title": "Exam", "Body": {"Content": "On Monday", "Type": "Text"}}
    points = {"GradeObjectType": 1, "PointsNumerator": 7}
    token = existing_token(lms)
    me = f"{lms.learningstudio.url}/me"
    platforms = f"{lms.ltiaas.url}/api/platforms"
    snake = {key: value for key, value in NEW_PLATFORM.items() if key != "clientId"} | {"client_id": "new-client"}
    each(
        lms,
        {
            "a title in lower case": (
                lambda: http.post(news, headers=staff, json={"title": "Exam", "Body": item["Body"]}),
                "`title` was sent; the name is `Title`",
            ),
            "text for rich text": (
                lambda: http.post(news, headers=staff, json=item | {"Body": "On Monday"}),
                "this is a string; write",
            ),
            "points in camel case": (
                lambda: http.put(grade, headers=staff, json={"GradeObjectType": 1, "pointsNumerator": 7}),
                "`pointsNumerator` was sent; the name is `PointsNumerator`",
            ),
            "points as text": (
                lambda: http.put(grade, headers=staff, json=points | {"PointsNumerator": "7"}),
                "numbers have no quotation marks",
            ),
            "snake case": (
                lambda: http.post(platforms, headers=ltiaas, json=snake),
                "`client_id` was sent; the name is `clientId`",
            ),
            "a token in the query": (
                lambda: http.get(me, params={"access_token": token}),
                "it was sent in the query, as `access_token`",
            ),
            "a token in a header of its own": (
                lambda: http.get(me, headers={"access_token": token}),
                "it was sent in the header access_token",
            ),
        },
    )
    assert http.post(news, headers=staff, json=item).status_code == 200
    assert http.put(grade, headers=staff, json=points).status_code == 200
    assert http.post(platforms, headers=ltiaas, json=NEW_PLATFORM).status_code == 200
    assert http.get(me, headers={"X-Authorization": f"Access_Token access_token={token}"}).status_code == 200
    assert diagnosed(lms) == ""


def existing_token(lms: Emulator) -> str:
    """A token of LearningStudio."""
    return credentials(lms, "learningstudio")["X-Authorization"].rpartition("=")[2]
