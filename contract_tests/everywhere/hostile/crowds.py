"""Requests about thousands of people, and valid work that takes long."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote, urlencode, urlsplit

import httpx

from contract_tests.credentials.launches import assertion
from contract_tests.credentials.makers import MAKERS, Side
from contract_tests.everywhere.hostile.sent import FORM, JSON, Hostile, request, table_request, to_address_of
from lms_emulator import Emulator


def requests(lms: Emulator) -> Iterator[Hostile]:
    """All of them."""
    yield from _large_courses(lms)
    yield from _long_work(lms)


PEOPLE = 3_000


def _large_courses(lms: Emulator) -> Iterator[Hostile]:
    """Rosters, gradebooks and reports of thousands of people, and tables that name as many."""
    world, course = lms.dump(), lms.openedx.other_course_id
    at, unit = "2026-01-01T00:00:00Z", 6836
    people = [f"p{number}" for number in range(PEOPLE)]
    edx, d2l = world["openedx"], world["brightspace"]
    edx["users"] += [{"username": person, "email": f"{person}@many.example", "password": "pw"} for person in people]
    edx["enrollments"] += [{"user": person, "course": course, "created": at} for person in people]
    role = next(enrollment["role_id"] for enrollment in d2l["enrollments"])
    for number, person in enumerate(people, 50_000):
        named = {
            "profile_identifier": person,
            "lti_guid": person,
            "first_name": "Ann",
            "last_name": person,
            "username": person,
            "org_defined_id": person,
        }
        d2l["users"].append(d2l["users"][0] | {"id": number, "email": f"{person}@many.example", **named})
        d2l["enrollments"].append(
            d2l["enrollments"][0] | {"id": number, "user_id": number, "org_unit_id": unit, "role_id": role}
        )
    body = json.dumps(world).encode()
    yield Hostile("a world of large courses", request("PUT", "/_emulator/world", body, Content_Type=JSON))
    staff = {"Authorization": f"Bearer {lms.openedx.access_tokens.superuser}"}
    with Emulator.connect(lms.url) as again, closing(Side(again)) as side:
        cookies = side.openedx.browser(again.openedx.superuser).http.cookies
    signed_in = {"Cookie": f"sessionid={cookies['sessionid']}; csrftoken={cookies['csrftoken']}"}
    signed_in |= {"X_CSRFToken": cookies["csrftoken"]}
    rules, tables = f"/openedx/courses/{course}/instructor/api", "\n".join(f"{person},x" for person in people)
    every = ",".join(f"{person}@many.example" for person in people)
    for path in (
        *(
            f"/openedx/api/grades/v1/gradebook/{course}/?page_size=500",
            f"/openedx/api/enrollment/v1/enrollments?course_id={quote(course)}&page_size=100",
        ),
        *(f"/openedx/api/team/v0/bulk_team_membership/{course}", f"/openedx/api/cohorts/v1/courses/{course}/cohorts/"),
        *(f"/openedx/api/instructor/v1/reports/{course}", f"/openedx/api/user/v1/accounts?email={every[:30_000]}"),
    ):
        yield Hostile(f"{path[:80]} of a large course", request("GET", path, **staff))
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
        sent = request("POST", f"{rules}/{name}", urlencode(fields).encode(), Content_Type=FORM, **signed_in)
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
        sent = request("POST", path, json.dumps(document).encode(), Content_Type=JSON, **staff)
        yield Hostile(f"{path} of a large course", sent)
    for path, name in (
        (f"{rules.removesuffix('/instructor/api')}/cohorts/add_users_to_cohorts", "uploaded-file"),
        (f"/openedx/api/cohorts/v1/courses/{course}/users", "uploaded-file"),
    ):
        sent = table_request(path, name, f"username,cohort\n{tables}", signed_in)
        yield Hostile(f"a table at {path[-40:]}", sent)
    teacher = {"Authorization": f"Bearer {lms.brightspace.access_tokens.instructor}"}
    for path in (f"enrollments/orgUnits/{unit}/users/", f"{unit}/classlist/", f"{unit}/classlist/paged/"):
        product = "lp/1.47" if path.startswith("enr") else "le/1.92"
        yield Hostile(f"{path} of a large course", request("GET", f"/brightspace/d2l/api/{product}/{path}", **teacher))
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
        sent = to_address_of(lms, request("GET", path, Authorization=f"Bearer {token}"))
        yield Hostile(f"{path} of a large course", sent)
    side.close()


def _long_work(lms: Emulator) -> Iterator[Hostile]:
    """Valid requests that take long. The last ones leave a large world."""
    lms.load("demo")

    def put(name: str, body: bytes) -> Hostile:
        return Hostile(name, request("PUT", "/_emulator/world", body, Content_Type=JSON))

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
        yield Hostile(name, request("POST", topics, part, Content_Type="multipart/form-data; boundary=x", **admin))
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
        sent = request("POST", f"{imports}.json?extension=csv", table, Content_Type="text/csv", **admin)
        yield Hostile(f"a SIS import of {len(table)} bytes", sent)
        yield Hostile(f"its work, of {len(table)} bytes", request("GET", imports, **admin))
    course = "/canvas/api/v1/courses/sis_course_id:c1"
    for path in (
        *("/canvas/api/v1/accounts/1/users?per_page=100", "/canvas/api/v1/accounts/1/users?search_term=smith"),
        *("/canvas/api/v1/search/recipients?search=smi", f"{course}/users?per_page=100"),
        *(f"{course}/enrollments?per_page=100", f"{course}/sections?include[]=students"),
        *("/canvas/api/v1/accounts/1/courses?include[]=total_students", "/_emulator/world", "/_emulator/requests"),
    ):
        yield Hostile(f"{path} of a large world", request("GET", path, **admin))
    yield from _written_to_many(lms, admin)
    yield from _made_of_many(admin)
    for path in ("/_emulator/snapshots", "/_emulator/reset", "/_emulator/snapshots/s1/restore", "/_emulator/reset"):
        yield Hostile(f"{path} of a large world", request("POST", path))


def _made_of_many(admin: dict[str, str]) -> Iterator[Hostile]:
    """Reports, exports, copies and imports of a large course: the requests for them, and those that run them."""
    account, course = "/canvas/api/v1/accounts/1", "/canvas/api/v1/courses/1"
    tables = {"parameters": {"users": True, "enrollments": True, "accounts": True}}
    for report in ("grade_export_csv", "provisioning_csv", "sis_export_csv", "students_with_no_submissions_csv"):
        path = f"{account}/reports/{report}"
        sent = request("POST", path, json.dumps(tables).encode(), Content_Type=JSON, **admin)
        yield Hostile(f"{report} of a large world", sent)
        yield Hostile(f"its rows, {report}", request("GET", path, **admin))
    copied = {"migration_type": "course_copy_importer", "settings": {"source_course_id": 1}}
    for name, document in (("content_migrations", copied), ("content_exports", {"export_type": "common_cartridge"})):
        path = f"{course}/{name}"
        sent = request("POST", path, json.dumps(document).encode(), Content_Type=JSON, **admin)
        yield Hostile(f"{name} of a large course", sent)
        yield Hostile(f"their work, {name}", request("GET", path, **admin), once=True)
    rows = "".join(f"o{number},outcome,T,d,highest\n" for number in range(20_000))
    table = f"vendor_guid,object_type,title,description,calculation_method\n{rows}".encode()
    sent = request("POST", f"{account}/outcome_imports", table, Content_Type="text/csv", **admin)
    yield Hostile("an import of 20,000 outcomes", sent)
    yield Hostile("its work, of 20,000 outcomes", request("GET", f"{account}/outcome_imports/latest", **admin))
    for path in (
        f"{course}/students/submissions?student_ids[]=all&grouped=1&per_page=100",
        f"{course}/outcome_rollups",
    ):
        yield Hostile(f"{path} of a large course", request("GET", path, **admin))


def _written_to_many(lms: Emulator, admin: dict[str, str]) -> Iterator[Hostile]:
    """Requests that name thousands of people of a large course, what follows from them, and the course's roster."""
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
        sent = request(method, path, json.dumps(document).encode(), Content_Type=JSON, **admin)
        yield Hostile(f"{path}, {len(sent)} bytes", sent)
        yield Hostile(f"what waits after {path}", request("GET", f"{course}/assignments/{task}", **admin), once=True)
    rows = "\n".join(f"u{number},G{number % 500}" for number in people)
    table = table_request(
        f"/canvas/api/v1/group_categories/{group}/import", "attachment", f"user_id,group_name\n{rows}", admin
    )
    yield Hostile("a table of groups", table, once=True)
    yield Hostile("its import", request("GET", f"/canvas/api/v1/group_categories/{group}/groups", **admin), once=True)
    side = Side(lms)
    token = MAKERS["canvas", "an LTI service token"](side).value
    side.close()
    for query in (
        "",
        "?limit=10000",
        "?role=http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Learner",
    ):
        sent = request("GET", f"/canvas/api/lti/courses/1/names_and_roles{query}", Authorization=f"Bearer {token}")
        yield Hostile(f"the roster of a large course at canvas {query[:9]}", to_address_of(lms, sent))
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
        sent = request("POST", f"{imports}.json?extension=zip", _zip(files), Content_Type="application/zip", **admin)
        yield Hostile(f"a SIS archive {name}", sent, once=True)
        yield Hostile(f"its import, {name}", request("GET", imports, **admin), once=True)


def _zip(packed: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in packed.items():
            archive.writestr(name, data)
    return content.getvalue()


def _cartridges(lms: Emulator, admin: dict[str, str]) -> Iterator[Hostile]:
    """Cartridges that are large, or unpack to be, at the step that reads them; the earlier steps are done here."""
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
        yield Hostile(f"a cartridge with {what}", request("GET", f"{ended.path}?{ended.query}", **admin), once=True)


def _uploaded(lms: Emulator, admin: dict[str, str], packed: dict[str, bytes]) -> str:
    """Where an upload for a migration ends."""
    form = {"migration_type": "common_cartridge_importer", "pre_attachment[name]": "a.imscc"}
    with httpx.Client(headers=admin | {"User-Agent": "hostile"}, timeout=60) as http:
        answer = http.post(f"{lms.canvas.url}/api/v1/courses/1/content_migrations", data=form)
        begun = answer.json()["pre_attachment"]
        sent = {"file": ("a.imscc", _zip(packed))}
        return http.post(begun["upload_url"], data=begun["upload_params"], files=sent).headers["location"]


# watching
