"""Requests that are meant to keep a process busy, one by one: each is expensive to parse, refuse or explain."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import httpx

from contract_tests.credentials.launches import assertion, returned
from contract_tests.credentials.makers import MAKERS, Side
from contract_tests.lti.test_registration import REQUEST
from lms_emulator import Emulator
from lms_emulator.lti.registrations import TOOL
from lms_emulator.signing import oauth1

SLOWEST = 0.1
"""Seconds that `/_emulator/health` may take while any one of them is answered."""


class Hostile(NamedTuple):
    """One request.

    Attributes: `name`, of what is expensive about it; `sent`, its bytes; `once`, that it does nothing a second time.
    """

    name: str
    sent: bytes
    once: bool = False


def _request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    lines += ["User-Agent: hostile"]  # Canvas refuses whoever says nothing of itself
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def corpus(lms: Emulator) -> Iterator[Hostile]:
    """All of them, for a running emulator with the demo world."""
    yield from _signatures(lms)
    yield from _bodies(lms)
    yield from _heads(lms)
    yield from _of_the_owner()
    yield from _outcomes(lms)
    yield from _of_tools(lms)
    yield from _large_courses(lms)
    yield from _long_work(lms)


def _signatures(lms: Emulator) -> Iterator[Hostile]:
    pearson, learning = lms.learningstudio, lms.openlearning
    for count in (10, 2_000, 3_000):
        header = (
            f'OAuth oauth_consumer_key="{pearson.consumer_key}",application_id="{pearson.application_id}",'
            'oauth_signature_method="CMAC-AES",oauth_timestamp="1",oauth_nonce="n",oauth_signature="AAAA"'
        )
        query = "&".join(f"p{number}=v" for number in range(count))
        sent = _request("GET", f"/learningstudio/courses?{query}", X_Authorization=header)
        yield Hostile(f"a wrong CMAC over {count} parameters", sent)
    for size in (2_000, 16_000):
        names = (pearson.application_name, pearson.consumer_key, pearson.application_id, pearson.client_string)
        assertion = "|".join((*names, "x" * size, lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "0" * 32))
        form = {"grant_type": "assertion", "assertion_type": "urn:ecollege:names:moauth:1.0:assertion"}
        body = urlencode(form | {"assertion": assertion}).encode()
        yield Hostile(
            f"a wrong assertion of {size} characters",
            _request("POST", "/learningstudio/token", body, Content_Type=FORM),
        )
    for count, length in ((10, 10), (300, 90), (3_000, 8), (4, 9_000)):
        fields = {
            "lti_message_type": "basic-lti-launch-request",
            "lti_version": "LTI-1p0",
            "resource_link_id": "1",
            "oauth_consumer_key": learning.consumer_key,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "oauth_nonce": "n",
            "oauth_timestamp": "1",
        } | {f"custom_{number}": "ä" * length for number in range(count)}
        body = urlencode(fields).encode()
        name = f"a wrong launch with {count} fields of {length} letters"
        yield Hostile(name, _request("POST", "/openlearning/lti/launch/", body, Content_Type=FORM))
    token = f"{'e' * 20_000}.{'e' * 20_000}.{'e' * 20_000}"
    for path in ("/brightspace/d2l/api/lp/1.47/users/whoami", "/canvas/api/v1/users/self", "/openedx/api/user/v1/me"):
        for scheme in ("Bearer", "JWT"):
            yield Hostile(f"an endless token at {path}", _request("GET", path, Authorization=f"{scheme} {token}"))


_PLACES = (
    ("/openlearning/v2.2/institutions/lakeside/managed-users/", "X_API_Key"),
    ("/openedx/api/enrollment/v1/enrollment", ""),
    ("/openedx/oauth2/access_token", ""),
    ("/learningstudio/token", ""),
    ("/ltiaas/api/platforms", "Authorization"),
    ("/canvas/api/v1/courses/1/discussion_topics", "Authorization"),
    ("/canvas/login/oauth2/token", ""),
    ("/brightspace/core/connect/token", ""),
)


def _bodies(lms: Emulator) -> Iterator[Hostile]:
    keys = {
        "openlearning": lms.openlearning.api_key,
        "ltiaas": f"Bearer {lms.ltiaas.api_key}",
        "canvas": f"Bearer {lms.canvas.access_tokens.teacher}",
    }
    for path, key in _PLACES:
        headers = {key: keys[path.split("/")[1]]} if key else {}
        for name, kind, body in (
            ("lists in lists", JSON, b"[" * 100_000),
            ("objects in objects", JSON, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
            ("many members", JSON, json.dumps({f"m{n}": n for n in range(60_000)}).encode()),
            ("many lists", JSON, b'{"a":[' + b",".join([b"[]"] * 340_000) + b"]}"),
            ("a long number", JSON, b'{"a":' + b"9" * 100_000 + b"}"),
            ("many fields", FORM, b"&".join(b"f%d=v" % n for n in range(100_000))),
            ("nested fields", FORM, b"&".join(b"a[b][c][%d][d][e]=v" % n for n in range(40_000))),
            ("deep fields", FORM, b"a" + b"[b]" * 20_000 + b"=v"),
            ("many parts", "multipart/form-data; boundary=x", b"".join(_part(n) for n in range(5_000)) + b"--x--\r\n"),
            ("one field", FORM, b"a=" + b"%41" * 300_000),
        ):
            yield Hostile(f"{name} at {path}", _request("POST", path, body, Content_Type=kind, **headers))


def _table(path: str, name: str, text: str, headers: dict[str, str]) -> bytes:
    """A file of rows, as a form sends it."""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.csv"\r\n\r\n'
    body = f"{head}{text}\r\n--x--\r\n".encode()
    return _request("POST", path, body, Content_Type="multipart/form-data; boundary=x", **headers)


def _part(number: int) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nv\r\n' % number


def _heads(lms: Emulator) -> Iterator[Hostile]:
    for provider in ("openlearning", "openedx", "learningstudio", "ltiaas", "canvas", "brightspace"):
        yield Hostile(f"a long path at {provider}", _request("GET", f"/{provider}/{'a' * 60_000}"))
        yield Hostile(f"many segments at {provider}", _request("GET", f"/{provider}" + "/a" * 20_000))
        yield Hostile(f"slashes at {provider}", _request("GET", f"/{provider}" + "/" * 40_000))
        yield Hostile(f"a long query at {provider}", _request("GET", f"/{provider}/login?" + "a=b&" * 15_000))
        yield Hostile(f"many cookies at {provider}", _request("GET", f"/{provider}/login", Cookie="a=b; " * 12_000))
        yield Hostile(
            f"an Accept list at {provider}", _request("GET", f"/{provider}/login", Accept="a/b;q=0.1," * 5_000)
        )

    admin = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    for name, query in (
        ("many includes", "include[]=a&" * 5_000),
        ("nested parameters", "&".join(f"a[b][c][{number}][d]=e" for number in range(2_500))),
        ("a deep parameter", "a" + "[b]" * 20_000 + "=c"),
        ("a long number", "page=" + "9" * 60_000),
        ("a long search", "search_term=" + "a%20" * 15_000),
    ):
        yield Hostile(f"{name} at canvas", _request("GET", f"/canvas/api/v1/courses/1/users?{query}", **admin))


_XML = (
    ("many elements", "<a/>" * 240_000),
    ("many attributes", "<a b='c' d='e'/>" * 60_000),
    ("a tag of attributes", "<a " + " ".join(f"b{n}='c'" for n in range(20_000)) + "/>"),
    ("a tag of the same attribute", "<a " + "b='c' " * 40_000 + "/>"),
    ("namespaces", "".join(f"<a{n} xmlns:p{n}='urn:{n}'/>" for n in range(25_000))),
    ("references", "&amp;" * 190_000),
    ("a comment", "<!--" + "-x" * 450_000 + "-->"),
    ("many comments", "<!---->" * 130_000),
    ("tags that stay open", "<a>" * 300_000),
    ("a declared entity", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
)


def _outcomes(lms: Emulator) -> Iterator[Hostile]:
    """XML and tables for those that take them apart: signed as a tool signs it, or by who may."""
    world, course = lms.dump(), lms.openedx.other_course_id
    (place,) = (one["content"] for one in world["openedx"]["courses"] if one["id"] == course)
    place[0]["children"][0]["children"][0]["children"].append(
        {"type": "lti_consumer", "block_id": "old", "display_name": "Old"}
    )
    block = f"{course.replace('course-v1', 'block-v1')}+type@lti_consumer+block@old"
    tool = {"id": 9, "block": block, "version": "lti_1p1", "launch_url": "https://t.example/", "has_score": True}
    world["openedx"]["lti_tools"].append(tool | {"consumer_key": "k", "secret": "s"})
    lms.load(world)
    admin = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    wanted = {"name": "Old", "consumer_key": "k", "shared_secret": "s", "url": "https://t.example/"}
    made = httpx.post(f"{lms.canvas.url}/api/v1/courses/1/external_tools", json=wanted, headers=admin)
    for path in (
        f"/canvas/api/lti/v1/tools/{made.json()['id']}/grade_passback",
        f"/openedx/courses/{course}/xblock/{block}/handler_noauth/outcome_service_handler",
    ):
        for name, inside in _XML:
            document = (
                inside
                if inside.startswith("<!DOCTYPE")
                else f"<imsx_POXEnvelopeRequest>{inside}</imsx_POXEnvelopeRequest>"
            )
            header = _signature(f"http://127.0.0.1{path}", document.encode(), lms.clock.now.timestamp())
            sent = _request("POST", path, document.encode(), Content_Type="application/xml", Authorization=header)
            yield Hostile(f"XML with {name} at {path[:40]}", sent, once=True)
    outcomes = "/canvas/api/v1/accounts/1/outcome_imports"
    for size in (10, 1_000, 15_000, 60_000):
        rows = (f"guid{number},outcome,Title {number},,n_mastery,3" for number in range(size))
        body = "\n".join(
            ["vendor_guid,object_type,title,description,calculation_method,calculation_int", *rows]
        ).encode()
        sent = _request("POST", outcomes, body, Content_Type="text/csv", **admin)
        yield Hostile(f"a table of {size} outcomes, {len(body)} bytes", sent, once=True)
        yield Hostile(f"its import, of {size}", _request("GET", f"{outcomes}/latest", **admin), once=True)


def _signature(url: str, body: bytes, now: float) -> str:
    digest = base64.b64encode(hashlib.sha1(body).digest()).decode()
    fields = {"oauth_consumer_key": "k", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": str(int(now))}
    fields |= {"oauth_nonce": digest, "oauth_version": "1.0", "oauth_body_hash": digest}
    fields["oauth_signature"] = oauth1.sign("POST", url, fields.items(), "s")
    return "OAuth " + ",".join(f'{name}="{oauth1.percent_encode(value)}"' for name, value in fields.items())


def _of_tools(lms: Emulator) -> Iterator[Hostile]:
    """What tools send when they register themselves and give content back, made to be taken."""
    side = Side(lms)
    for name, endpoint in (
        ("canvas", "/canvas/api/lti/registrations"),
        ("brightspace", "/brightspace/d2l/api/lti/registrations"),
    ):
        token = MAKERS[name, "a registration token"](side).value
        spots = [{"type": "LtiResourceLinkRequest", "target_link_uri": f"https://t.example/{n}"} for n in range(1_500)]
        whole: dict[str, Any] = REQUEST | {"redirect_uris": [f"https://t.example/{n}" for n in range(1_500)]}
        whole["contacts"] = ["a@b.example"] * 5_000
        whole[TOOL] = REQUEST[TOOL] | {"messages": spots, "custom_parameters": {f"p{n}": "v" for n in range(1_500)}}
        body = json.dumps(whole).encode()
        sent = _request("POST", endpoint, body, Content_Type=JSON, Authorization=f"Bearer {token}")
        yield Hostile(f"a registration of {len(body)} bytes at {name}", sent, once=True)
    for site in (side.canvas, side.brightspace):
        action, fields, cookies, ltik = returned(side, site, 2_000)
        url = urlsplit(action)
        target = url.path + (f"?{url.query}" if url.query else "")
        sent = _request("POST", target, urlencode(fields).encode(), Content_Type=FORM, **cookies)
        yield Hostile(f"2,000 content items at {site.name}", _for(lms, sent), once=True)
        items = [{"type": "ltiResourceLink", "url": "https://t.example/", "title": f"T{n}"} for n in range(4_000)]
        key = f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{ltik}"
        body = json.dumps({"contentItems": items}).encode()
        for path in ("/ltiaas/api/deeplinking/form", "/ltiaas/api/deeplinking/message"):
            yield Hostile(
                f"4,000 content items at {path}", _request("POST", path, body, Content_Type=JSON, Authorization=key)
            )
    for method, path in (
        ("GET", "/ltiaas/api/memberships"),
        ("POST", "/ltiaas/api/lineitems"),
        ("POST", "/ltiaas/api/platforms"),
    ):
        body = json.dumps({"label": "x" * 400_000, "extra": list(range(9_000))}).encode() if method == "POST" else b""
        key = f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{ltik}"
        yield Hostile(f"{method} {path}", _request(method, path, body, Content_Type=JSON, Authorization=key))
    side.close()


PEOPLE = 3_000


def _large_courses(lms: Emulator) -> Iterator[Hostile]:
    """Rosters, gradebooks and reports of thousands of people, and tables that name as many."""
    world, course = lms.dump(), lms.openedx.other_course_id
    at, unit = "2026-01-01T00:00:00Z", 6836
    people = [f"p{number}" for number in range(PEOPLE)]
    edx, d2l = world["openedx"], world["brightspace"]
    edx["users"] += [{"username": one, "email": f"{one}@many.example", "password": "pw"} for one in people]
    edx["enrollments"] += [{"user": one, "course": course, "created": at} for one in people]
    role = next(one["role_id"] for one in d2l["enrollments"])
    for number, one in enumerate(people, 50_000):
        named = {
            "profile_identifier": one,
            "lti_guid": one,
            "first_name": "Ann",
            "last_name": one,
            "username": one,
            "org_defined_id": one,
        }
        d2l["users"].append(d2l["users"][0] | {"id": number, "email": f"{one}@many.example", **named})
        d2l["enrollments"].append(
            d2l["enrollments"][0] | {"id": number, "user_id": number, "org_unit_id": unit, "role_id": role}
        )
    body = json.dumps(world).encode()
    yield Hostile("a world of large courses", _request("PUT", "/_emulator/world", body, Content_Type=JSON))
    staff = {"Authorization": f"Bearer {lms.openedx.access_tokens.superuser}"}
    with Emulator.connect(lms.url) as again, closing(Side(again)) as side:
        cookies = side.openedx.browser(again.openedx.superuser).http.cookies
    signed_in = {"Cookie": f"sessionid={cookies['sessionid']}; csrftoken={cookies['csrftoken']}"}
    signed_in |= {"X_CSRFToken": cookies["csrftoken"]}
    rules, tables = f"/openedx/courses/{course}/instructor/api", "\n".join(f"{one},x" for one in people)
    every = ",".join(f"{one}@many.example" for one in people)
    for path in (
        *(
            f"/openedx/api/grades/v1/gradebook/{course}/?page_size=500",
            f"/openedx/api/enrollment/v1/enrollments?course_id={quote(course)}&page_size=100",
        ),
        *(f"/openedx/api/team/v0/bulk_team_membership/{course}", f"/openedx/api/cohorts/v1/courses/{course}/cohorts/"),
        *(f"/openedx/api/instructor/v1/reports/{course}", f"/openedx/api/user/v1/accounts?email={every[:30_000]}"),
    ):
        yield Hostile(f"{path[:80]} of a large course", _request("GET", path, **staff))
    for name, fields in (
        *(
            (name, {})
            for name in ("calculate_grades_csv", "problem_grade_report", "get_students_features/csv", "get_anon_ids")
        ),
        *((name, {}) for name in ("get_students_who_may_enroll", "list_report_downloads", "get_grading_config")),
        (
            "students_update_enrollment",
            {"action": "enroll", "identifiers": every, "auto_enroll": "true", "email_students": "true"},
        ),
        ("students_update_enrollment", {"action": "unenroll", "identifiers": every}),
        ("bulk_beta_modify_access", {"action": "add", "identifiers": every}),
    ):
        sent = _request("POST", f"{rules}/{name}", urlencode(fields).encode(), Content_Type=FORM, **signed_in)
        yield Hostile(f"{name} of a large course", sent)
    bulk = {"auto_enroll": True, "email_students": True, "action": "enroll", "courses": course, "identifiers": every}
    changes = [
        {
            "user_id": 1,
            "usage_id": f"{course.replace('course-v1', 'block-v1')}+type@sequential+block@s{n}",
            "grade": {"earned_all_override": 1},
        }
        for n in range(3_000)
    ]
    for path, document in (
        ("/openedx/api/bulk_enroll/v1/bulk_enroll", bulk),
        (f"/openedx/api/grades/v1/gradebook/{course}/bulk-update", changes),
    ):
        sent = _request("POST", path, json.dumps(document).encode(), Content_Type=JSON, **staff)
        yield Hostile(f"{path} of a large course", sent)
    for path, name in (
        (f"{rules.removesuffix('/instructor/api')}/cohorts/add_users_to_cohorts", "uploaded-file"),
        (f"/openedx/api/cohorts/v1/courses/{course}/users", "uploaded-file"),
    ):
        sent = _table(path, name, f"username,cohort\n{tables}", signed_in)
        yield Hostile(f"a table at {path[-40:]}", sent)
    teacher = {"Authorization": f"Bearer {lms.brightspace.access_tokens.instructor}"}
    for path in (f"enrollments/orgUnits/{unit}/users/", f"{unit}/classlist/", f"{unit}/classlist/paged/"):
        product = "lp/1.47" if path.startswith("enr") else "le/1.92"
        yield Hostile(f"{path} of a large course", _request("GET", f"/brightspace/d2l/api/{product}/{path}", **teacher))
    yield from _rosters(lms)


def _rosters(lms: Emulator) -> Iterator[Hostile]:
    side = Side(lms)
    asked = assertion(side, "brightspace", "https://api.brightspace.com/auth/token")
    given = side.request("POST", "brightspace", "/core/connect/token", data=asked).json()
    deployment = lms.dump()["brightspace"]["deployments"][0]["id"]
    for path, token in (
        ("/openedx/api/lti_consumer/v1/lti/1/memberships", MAKERS["openedx", "an LTI service token"](side).value),
        (f"/brightspace/d2l/api/lti/nrps/2.0/deployment/{deployment}/orgunit/6836/memberships", given["access_token"]),
    ):
        sent = _for(lms, _request("GET", path, Authorization=f"Bearer {token}"))
        yield Hostile(f"{path} of a large course", sent)
    side.close()


def _for(lms: Emulator, sent: bytes) -> bytes:
    """With the address by which the emulator gave out what is sent."""
    return sent.replace(b"Host: 127.0.0.1\r\n", f"Host: {urlsplit(lms.url).netloc}\r\n".encode(), 1)


def _of_the_owner() -> Iterator[Hostile]:
    bad = {"openlearning": {"users": [{"nonsense": number, "eamil": 3} for number in range(20_000)]}}
    yield Hostile(
        "a world full of errors", _request("PUT", "/_emulator/world", json.dumps(bad).encode(), Content_Type=JSON)
    )
    yield Hostile("a nested world", _request("PUT", "/_emulator/world", b"[" * 50_000, Content_Type=JSON))
    for path in ("/_emulator/requests", "/_emulator/", "/_emulator/info", "/_emulator/openapi.json"):
        yield Hostile(path, _request("GET", path))


def _long_work(lms: Emulator) -> Iterator[Hostile]:
    """What takes long even where it is right. The last ones leave a large world."""
    lms.load("demo")

    def put(name: str, body: bytes) -> Hostile:
        return Hostile(name, _request("PUT", "/_emulator/world", body, Content_Type=JSON))

    yield put("a world of empty lists", b'{"openlearning":{"users":[' + b",".join([b"[]"] * 10_000_000) + b"]}}")
    yield put("a world of deep lists", b'{"canvas":{"users":[{"x":[' + b",".join([b"[]"] * 450_000) + b"]}]}}")
    yield put("a world of many names", b'{"canvas":{' + b",".join(b'"%d":1' % n for n in range(900_000)) + b"}}")
    yield put(
        "a world of many settings", b'{"settings":{"canvas":{%s}}}' % b",".join(b'"%d":1' % n for n in range(40_000))
    )
    yield put("a world of escapes", b'{"description":1,"x":"' + b"\\u00e4" * 5_000_000 + b'"}')
    admin = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    topics = "/canvas/api/v1/courses/1/discussion_topics"
    for name, html in (
        ("nested HTML", b"<div>" * 90_000 + b"</div>" * 90_000),
        ("HTML that stays open", b"<p><font color=1>" * 20 + b"</p><p>x" * 100_000),
        ("HTML that never begins", b"<" * 900_000),
    ):
        part = b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + html + b"\r\n--x--\r\n"
        yield Hostile(name, _request("POST", topics, part, Content_Type="multipart/form-data; boundary=x", **admin))
    yield from _cartridges(lms, admin)
    named = {"course[sis_course_id]": "c1"}
    httpx.put(f"{lms.canvas.url}/api/v1/courses/1", data=named, headers=admin).raise_for_status()
    imports = "/canvas/api/v1/accounts/1/sis_imports"
    people = b"".join(b"u%d,l%d,Ann,Smith%d,u%d@x.test,active\n" % (n, n, n, n) for n in range(18_000))
    enrolments = b"".join(b"c1,u%d,student,active\n" % n for n in range(18_000))
    for table in (
        b"user_id,login_id,first_name,last_name,email,status\n" + people,
        b"course_id,short_name,long_name,account_id,term_id,status\nc1,C,C,,,active\n",
        b"course_id,user_id,role,status\n" + enrolments,
    ):
        sent = _request("POST", f"{imports}.json?extension=csv", table, Content_Type="text/csv", **admin)
        yield Hostile(f"a SIS import of {len(table)} bytes", sent)
        yield Hostile(f"its work, of {len(table)} bytes", _request("GET", imports, **admin))
    course = "/canvas/api/v1/courses/sis_course_id:c1"
    for path in (
        *("/canvas/api/v1/accounts/1/users?per_page=100", "/canvas/api/v1/accounts/1/users?search_term=smith"),
        *("/canvas/api/v1/search/recipients?search=smi", f"{course}/users?per_page=100"),
        *(f"{course}/enrollments?per_page=100", f"{course}/sections?include[]=students"),
        *("/canvas/api/v1/accounts/1/courses?include[]=total_students", "/_emulator/world", "/_emulator/requests"),
    ):
        yield Hostile(f"{path} of a large world", _request("GET", path, **admin))
    yield from _written_to_many(lms, admin)
    for path in ("/_emulator/snapshots", "/_emulator/reset", "/_emulator/snapshots/s1/restore", "/_emulator/reset"):
        yield Hostile(f"{path} of a large world", _request("POST", path))


def _written_to_many(lms: Emulator, admin: dict[str, str]) -> Iterator[Hostile]:
    """What names thousands of the people of a large course, and what is done with it; and the course's roster."""
    course, people, api = "/canvas/api/v1/courses/1", range(9_000), f"{lms.canvas.url}/api/v1/courses/1"
    first = httpx.get(f"{lms.canvas.url}/api/v1/users/sis_user_id:u0", headers=admin).json()["id"]
    numbers = [first + number for number in people]
    work = {"assignment": {"name": "W", "points_possible": 9, "published": True}}
    task = httpx.post(f"{api}/assignments", json=work, headers=admin, timeout=60).json()["id"]
    quiz = httpx.post(f"{api}/quizzes", json={"quiz": {"title": "Q"}}, headers=admin, timeout=60).json()["id"]
    group = httpx.post(f"{api}/group_categories", json={"name": "G"}, headers=admin, timeout=60).json()["id"]
    grades = {str(number): {"posted_grade": "5"} for number in numbers}
    for path, document in (
        (f"{course}/assignments/{task}/submissions/update_grades", {"grade_data": grades}),
        (f"{course}/submissions/update_grades", {"grade_data": {str(task): grades}}),
        (
            f"{course}/quizzes/{quiz}/extensions",
            {"quiz_extensions": [{"user_id": n, "extra_time": 5} for n in numbers[:6_000]]},
        ),
        (f"{course}/assignments/{task}/overrides", {"assignment_override": {"student_ids": numbers, "title": "O"}}),
        (
            f"{course}/custom_gradebook_column_data",
            {"column_data": [{"column_id": 1, "user_id": n, "content": "x"} for n in numbers[:4_000]]},
        ),
        ("/canvas/api/v1/conversations", {"recipients": numbers, "body": "x", "force_new": True}),
    ):
        method = "PUT" if path.endswith("column_data") else "POST"
        sent = _request(method, path, json.dumps(document).encode(), Content_Type=JSON, **admin)
        yield Hostile(f"{path}, {len(sent)} bytes", sent)
        yield Hostile(f"what waits after {path}", _request("GET", f"{course}/assignments/{task}", **admin), once=True)
    rows = "\n".join(f"u{number},G{number % 500}" for number in people)
    table = _table(
        f"/canvas/api/v1/group_categories/{group}/import", "attachment", f"user_id,group_name\n{rows}", admin
    )
    yield Hostile("a table of groups", table, once=True)
    yield Hostile("its import", _request("GET", f"/canvas/api/v1/group_categories/{group}/groups", **admin), once=True)
    side = Side(lms)
    token = MAKERS["canvas", "an LTI service token"](side).value
    side.close()
    for query in (
        "",
        "?limit=10000",
        "?role=http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Learner",
    ):
        sent = _request("GET", f"/canvas/api/lti/courses/1/names_and_roles{query}", Authorization=f"Bearer {token}")
        yield Hostile(f"the roster of a large course at canvas {query[:9]}", _for(lms, sent))
    for name, files in (
        ("of many tables", {f"t{number}.csv": b"user_id,login_id\n" for number in range(6_000)}),
        (
            "of a large table",
            {"users.csv": b"user_id,login_id,status\n" + b"".join(b"z%d,z%d,active\n" % (n, n) for n in range(60_000))},
        ),
        ("of nothing", {"users.csv": b"user_id\n" + bytes(15_000_000)}),
        ("of one line", {"users.csv": b"user_id,login_id\n" + b"," * 14_000_000}),
        ("of an open quote", {"users.csv": b'user_id,login_id\n"' + b"a,\n" * 4_000_000}),
    ):
        imports = "/canvas/api/v1/accounts/1/sis_imports"
        sent = _request("POST", f"{imports}.json?extension=zip", _zip(files), Content_Type="application/zip", **admin)
        yield Hostile(f"a SIS archive {name}", sent, once=True)
        yield Hostile(f"its import, {name}", _request("GET", imports, **admin), once=True)


def _zip(packed: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in packed.items():
            archive.writestr(name, data)
    return content.getvalue()


def _cartridges(lms: Emulator, admin: dict[str, str]) -> Iterator[Hostile]:
    """Cartridges that are large, or become so, at the step that reads them: the ones before are done here."""
    names = range(6_000)
    row = '<resource identifier="i{0}" type="webcontent" href="f{0}"><file href="f{0}"/></resource>'
    item = '<item identifier="t{0}" identifierref="i{0}"><title>T</title></item>'
    files: dict[str, bytes] = {f"f{name}": b"x" for name in names}
    for what, items, resources, packed in (
        ("many files", "".join(map(item.format, names)), "".join(map(row.format, names)), files),
        ("a large manifest", "", row * 60_000, {}),
        ("nested items", "<item>" * 100_000 + "</item>" * 100_000, "", {}),
        ("a file of nothing", "", "", {"f": bytes(15_000_000)}),
    ):
        manifest = f"<manifest><organizations>{items}</organizations><resources>{resources}</resources></manifest>"
        ended = urlsplit(_uploaded(lms, admin, {"imsmanifest.xml": manifest.encode(), **packed}))
        yield Hostile(f"a cartridge with {what}", _request("GET", f"{ended.path}?{ended.query}", **admin), once=True)


def _uploaded(lms: Emulator, admin: dict[str, str], packed: dict[str, bytes]) -> str:
    """Where an upload for a migration ends."""
    form = {"migration_type": "common_cartridge_importer", "pre_attachment[name]": "a.imscc"}
    with httpx.Client(headers=admin | {"User-Agent": "hostile"}, timeout=60) as http:
        answer = http.post(f"{lms.canvas.url}/api/v1/courses/1/content_migrations", data=form)
        begun = answer.json()["pre_attachment"]
        sent = {"file": ("a.imscc", _zip(packed))}
        return http.post(begun["upload_url"], data=begun["upload_params"], files=sent).headers["location"]


# watching


def start(log: Path) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address. It writes its crashes into the log."""
    command = [sys.executable, "-m", "lms_emulator", "serve", "--port", "0", "--no-provider-ports"]
    command += ["--allow-outgoing", "127.0.0.1"]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


def processor_time(pid: int) -> float:
    """Seconds that all threads of a process have worked. Where the system does not tell, the time of the clock."""
    spent = 0
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError):
                spent += int((thread / "schedstat").read_text().split()[0])
    except OSError:
        return time.perf_counter()
    return spent / 1e9 if spent else time.perf_counter()


class Pulse:
    """Asks `/_emulator/health` on one connection, again and again, while something else happens.

    Attributes:
        slowest: answer, in seconds of the clock.
        worked: the most processor time that the emulator spent on all it did while an answer was awaited. It is what
            the clock would say on a machine that does nothing else, and a busy one adds nothing to it.
    """

    def __init__(self, url: str, pid: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._pid = pid
        self.slowest = self.worked = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        connection = HTTPConnection(*self._address, timeout=30)
        while not self._over.is_set():
            begun, worked = time.perf_counter(), processor_time(self._pid)
            connection.request("GET", "/_emulator/health")
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - begun
            self.slowest = max(self.slowest, took)
            self.worked = max(self.worked, min(took, processor_time(self._pid) - worked))
            time.sleep(0.002)
        connection.close()


def send(url: str, hostile: Hostile) -> bytes:
    """The status line of the answer, once all of it has come."""
    parts, line = urlsplit(url), b""
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as one:
        try:
            one.sendall(hostile.sent)
            line = one.recv(64).split(b"\r\n")[0]
            while one.recv(65_536):
                pass
        except OSError:  # the emulator closes early on what is too long
            pass
    return line


class Answered(NamedTuple):
    """Attributes: `line`, of the status; `slowest` and `worked`, as for `Pulse`."""

    line: bytes
    slowest: float
    worked: float


def answered(url: str, pid: int, hostile: Hostile, *, tries: int = 2) -> Answered:
    """How health was answered meanwhile: the best of some tries, as the pulse may have begun late."""
    found = []
    for _ in range(tries):
        with Pulse(url, pid) as pulse:
            time.sleep(0.01)
            line = send(url, hostile)
        found.append(Answered(line, pulse.slowest, pulse.worked))
        if pulse.worked < SLOWEST or hostile.once:
            break
    return min(found, key=lambda one: one.worked)
