"""Requests that are expensive to parse, refuse or explain in any world."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from contract_tests.credentials.launches import returned
from contract_tests.credentials.makers import MAKERS, Side
from contract_tests.everywhere.hostile.sent import FORM, JSON, Hostile, request, to_address_of
from contract_tests.lti.test_registration import REQUEST
from lms_emulator import Emulator
from lms_emulator.lti.registrations import TOOL
from lms_emulator.signing import oauth1


def requests(lms: Emulator) -> Iterator[Hostile]:
    """All of them."""
    yield from _signatures(lms)
    yield from _bodies(lms)
    yield from _heads(lms)
    yield from _of_the_owner()
    yield from _outcomes(lms)
    yield from _of_tools(lms)


def _signatures(lms: Emulator) -> Iterator[Hostile]:
    pearson, learning = lms.learningstudio, lms.openlearning
    for count in (10, 2_000, 3_000):
        header = (
            f'OAuth oauth_consumer_key="{pearson.consumer_key}",application_id="{pearson.application_id}",'
            'oauth_signature_method="CMAC-AES",oauth_timestamp="1",oauth_nonce="n",oauth_signature="AAAA"'
        )
        query = "&".join(f"p{number}=v" for number in range(count))
        sent = request("GET", f"/learningstudio/courses?{query}", X_Authorization=header)
        yield Hostile(f"a wrong CMAC over {count} parameters", sent)
    for size in (2_000, 16_000):
        names = (pearson.application_name, pearson.consumer_key, pearson.application_id, pearson.client_string)
        assertion = "|".join((*names, "x" * size, lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "0" * 32))
        form = {"grant_type": "assertion", "assertion_type": "urn:ecollege:names:moauth:1.0:assertion"}
        body = urlencode(form | {"assertion": assertion}).encode()
        yield Hostile(
            f"a wrong assertion of {size} characters",
            request("POST", "/learningstudio/token", body, Content_Type=FORM),
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
        yield Hostile(name, request("POST", "/openlearning/lti/launch/", body, Content_Type=FORM))
    token = f"{'e' * 20_000}.{'e' * 20_000}.{'e' * 20_000}"
    for path in ("/brightspace/d2l/api/lp/1.47/users/whoami", "/canvas/api/v1/users/self", "/openedx/api/user/v1/me"):
        for scheme in ("Bearer", "JWT"):
            yield Hostile(f"an endless token at {path}", request("GET", path, Authorization=f"{scheme} {token}"))


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
            yield Hostile(f"{name} at {path}", request("POST", path, body, Content_Type=kind, **headers))


def _part(number: int) -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nv\r\n' % number


def _heads(lms: Emulator) -> Iterator[Hostile]:
    for provider in ("openlearning", "openedx", "learningstudio", "ltiaas", "canvas", "brightspace"):
        yield Hostile(f"a long path at {provider}", request("GET", f"/{provider}/{'a' * 60_000}"))
        yield Hostile(f"many segments at {provider}", request("GET", f"/{provider}" + "/a" * 20_000))
        yield Hostile(f"slashes at {provider}", request("GET", f"/{provider}" + "/" * 40_000))
        yield Hostile(f"a long query at {provider}", request("GET", f"/{provider}/login?" + "a=b&" * 15_000))
        yield Hostile(f"many cookies at {provider}", request("GET", f"/{provider}/login", Cookie="a=b; " * 12_000))
        yield Hostile(
            f"an Accept list at {provider}", request("GET", f"/{provider}/login", Accept="a/b;q=0.1," * 5_000)
        )

    admin = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    for name, query in (
        ("many includes", "include[]=a&" * 5_000),
        ("nested parameters", "&".join(f"a[b][c][{number}][d]=e" for number in range(2_500))),
        ("a deep parameter", "a" + "[b]" * 20_000 + "=c"),
        ("a long number", "page=" + "9" * 60_000),
        ("a long search", "search_term=" + "a%20" * 15_000),
    ):
        yield Hostile(f"{name} at canvas", request("GET", f"/canvas/api/v1/courses/1/users?{query}", **admin))


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
    """XML and tables for the parsers: signed by a tool, or sent by somebody with the right."""
    world, course = lms.dump(), lms.openedx.other_course_id
    (place,) = (item["content"] for item in world["openedx"]["courses"] if item["id"] == course)
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
            sent = request("POST", path, document.encode(), Content_Type="application/xml", Authorization=header)
            yield Hostile(f"XML with {name} at {path[:40]}", sent, once=True)
    outcomes = "/canvas/api/v1/accounts/1/outcome_imports"
    for size in (10, 1_000, 15_000, 60_000):
        rows = (f"guid{number},outcome,Title {number},,n_mastery,3" for number in range(size))
        body = "\n".join(
            ["vendor_guid,object_type,title,description,calculation_method,calculation_int", *rows]
        ).encode()
        sent = request("POST", outcomes, body, Content_Type="text/csv", **admin)
        yield Hostile(f"a table of {size} outcomes, {len(body)} bytes", sent, once=True)
        yield Hostile(f"its import, of {size}", request("GET", f"{outcomes}/latest", **admin), once=True)


def _signature(url: str, body: bytes, now: float) -> str:
    digest = base64.b64encode(hashlib.sha1(body).digest()).decode()
    fields = {"oauth_consumer_key": "k", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": str(int(now))}
    fields |= {"oauth_nonce": digest, "oauth_version": "1.0", "oauth_body_hash": digest}
    fields["oauth_signature"] = oauth1.sign("POST", url, fields.items(), "s")
    return "OAuth " + ",".join(f'{name}="{oauth1.percent_encode(value)}"' for name, value in fields.items())


def _of_tools(lms: Emulator) -> Iterator[Hostile]:
    """Registrations and deep linking responses of tools, made to be accepted."""
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
        sent = request("POST", endpoint, body, Content_Type=JSON, Authorization=f"Bearer {token}")
        yield Hostile(f"a registration of {len(body)} bytes at {name}", sent, once=True)
    for site in (side.canvas, side.brightspace):
        action, fields, cookies, ltik = returned(side, site, 2_000)
        url = urlsplit(action)
        target = url.path + (f"?{url.query}" if url.query else "")
        sent = request("POST", target, urlencode(fields).encode(), Content_Type=FORM, **cookies)
        yield Hostile(f"2,000 content items at {site.name}", to_address_of(lms, sent), once=True)
        items = [{"type": "ltiResourceLink", "url": "https://t.example/", "title": f"T{n}"} for n in range(4_000)]
        key = f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{ltik}"
        body = json.dumps({"contentItems": items}).encode()
        for path in ("/ltiaas/api/deeplinking/form", "/ltiaas/api/deeplinking/message"):
            yield Hostile(
                f"4,000 content items at {path}", request("POST", path, body, Content_Type=JSON, Authorization=key)
            )
    for method, path in (
        ("GET", "/ltiaas/api/memberships"),
        ("POST", "/ltiaas/api/lineitems"),
        ("POST", "/ltiaas/api/platforms"),
    ):
        body = json.dumps({"label": "x" * 400_000, "extra": list(range(9_000))}).encode() if method == "POST" else b""
        key = f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{ltik}"
        yield Hostile(f"{method} {path}", request(method, path, body, Content_Type=JSON, Authorization=key))
    side.close()


def _of_the_owner() -> Iterator[Hostile]:
    bad = {"openlearning": {"users": [{"nonsense": number, "eamil": 3} for number in range(20_000)]}}
    yield Hostile(
        "a world full of errors", request("PUT", "/_emulator/world", json.dumps(bad).encode(), Content_Type=JSON)
    )
    yield Hostile("a nested world", request("PUT", "/_emulator/world", b"[" * 50_000, Content_Type=JSON))
    for path in ("/_emulator/requests", "/_emulator/", "/_emulator/info", "/_emulator/openapi.json"):
        yield Hostile(path, request("GET", path))
