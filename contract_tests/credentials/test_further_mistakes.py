"""Mistakes that the neighbouring modules do not make, by requests, PyJWT and jwcrypto: redirect URIs, another
client's grants, PKCE, ids in paths, keys in the wrong place, assertions of tools.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import jwt
import pytest
import requests
from jwcrypto import jwk as jose_keys
from jwcrypto import jwt as jose_tokens

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.credentials.tool_key import with_tool_key
from contract_tests.lms_site import LmsSite
from contract_tests.openedx.web import Web
from lms_emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import lti13

Send = Callable[[], Any]


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    """The demo world, and an LTI tool at Canvas whose key is in the world file."""
    with with_tool_key() as lms:
        yield lms


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module", params=["canvas", "brightspace"])
def site(lms: Emulator, request: pytest.FixtureRequest) -> Iterator[LmsSite]:
    made = {"canvas": CanvasSite, "brightspace": BrightspaceSite}[request.param](lms)
    yield made
    made.close()


def test_grants_of_another_client(lms: Emulator, site: LmsSite) -> None:
    other = {"client_id": site.info.other_client.client_id, "client_secret": site.info.other_client.client_secret}
    code, refresh = site.code(), site.tokens()["refresh_token"]
    renew = {"grant_type": "refresh_token", "refresh_token": refresh}
    each(
        lms,
        {
            "a code": (lambda: site.exchange(code, **other), "; another client sent it"),
            "a refresh token": (lambda: site.token(**renew, **other), "; another client sent it"),
            "a code with the fragment": (lambda: site.exchange(f"{code}#_"), "the fragment behind it was sent with it"),
        },
    )
    assert site.exchange(code).status_code == 200
    assert site.token(**renew).status_code == 200


def test_how_a_client_says_who_it_is(lms: Emulator, site: LmsSite, http: requests.Session) -> None:
    info, url = site.info, site.url + site.token_endpoint
    grant = {"grant_type": "refresh_token", "refresh_token": site.tokens()["refresh_token"]}
    own = {"client_id": str(info.client_id), "client_secret": info.client_secret}
    claims = {"iss": own["client_id"], "sub": own["client_id"], "aud": url, "exp": int(time.time()) + 60, "jti": "1"}
    assertion = {"client_assertion_type": lti13.JWT_BEARER, "client_assertion": jwt.encode(claims, info.client_secret)}
    alone = base64.b64encode(own["client_id"].encode()).decode()

    def post(data: dict[str, str], **headers: str) -> Send:
        return lambda: http.post(url, data=data, headers=headers)

    each(
        lms,
        {
            "a JWT signed with the secret": (
                post(grant | assertion),
                "a client_assertion was sent, which does not count",
            ),
            "Digest": (post(grant, Authorization='Digest username="x"'), "the Authorization header is `Digest …`"),
            "a name without a secret": (post(grant, Authorization=f"Basic {alone}"), "have no colon between"),
            "the spelling of Britain": (
                post(own | {"grant_type": "authorisation_code"}),
                "did you mean authorization_code?",
            ),
            "a hyphen": (post(own | {"grant_type": "authorization-code"}), "write the grant type with underscores"),
            "the word of the response": (post(own | {"grant_type": "code"}), "there is no such grant here, only"),
            "a password": (
                post(own | {"grant_type": "password", "username": "ada", "password": "x"}),
                "there is no such grant here, only",
            ),
            "an access token to refresh": (
                post(own | grant | {"refresh_token": info.access_tokens.student}),
                "this is an access token of",
            ),
        },
    )
    assert post(grant | own)().status_code == 200


def test_redirect_uris(lms: Emulator, site: LmsSite, edx: Web) -> None:
    right = site.info.redirect_uri

    def ask(uri: str) -> Send:
        return lambda: site.client().get(site.auth_url(redirect_uri=uri))

    wrong: dict[str, tuple[Send, str]] = {
        "no host": (ask("/callback"), "it is not an absolute URI, which begins with a scheme"),
        "white space": (ask(f"{right} "), "there is white space around it"),
        "encoded": (ask(right.replace(":", "%3A").replace("/", "%2F")), "it is percent-encoded once too often"),
        "https": (ask(right.replace("http:", "https:")), "only in its scheme: http is registered, https was sent"),
    }
    if site.name == "brightspace":  # Canvas takes whatever is on the host
        wrong["another application's"] = (
            lambda: site.client().get(site.auth_url(redirect_uri=site.info.other_client.redirect_uri)),
            "not for this client",
        )
        wrong["a fragment"] = (ask(f"{right}#done"), "only in its fragment")
    each(lms, wrong)
    assert ask(right)().status_code == 302


def test_authorization_at_open_edx(lms: Emulator, edx: Web, http: requests.Session) -> None:
    clients, browser = edx.clients, edx.browser(edx.info.learner)
    client = clients.authorization_code
    right = client.redirect_uris[0]

    def ask(**changes: str) -> Send:
        return lambda: browser.authorize(client, **changes)

    code = browser.code(client)
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": right}
    trusted = {"client_id": clients.trusted.client_id, "client_secret": clients.trusted.client_secret}

    def exchange(**changes: str | None) -> Send:
        form = {**grant, "client_id": client.client_id, "client_secret": client.client_secret, **changes}
        sent = {name: value for name, value in form.items() if value is not None}
        return lambda: http.post(f"{edx.url}/oauth2/access_token", data=sent)

    each(
        lms,
        {
            "a path alone": (ask(redirect_uri="/authorize/"), "it is not an absolute URI"),
            "a fragment": (ask(redirect_uri=f"{right}#x"), "only in its fragment"),
            "colons encoded": (ask(redirect_uri=right.replace(":", "%3A")), "percent-encoded once too often"),
            "another application's": (
                ask(redirect_uri=clients.sign_on.redirect_uris[0]),
                "is registered for the application",
            ),
            "scopes with commas": (ask(scope="read,write"), "scopes are separated by spaces"),
            "no such scope": (ask(scope="grades"), "among the scopes that may be asked for: email profile read write"),
            "the implicit grant": (ask(response_type="token"), "is set up for the grant authorization-code alone"),
            "an id of nobody": (ask(client_id="someone"), "nobody's: no world of this emulator has it"),
            "no redirect_uri": (exchange(redirect_uri=None), "no redirect_uri was sent"),
            "another application's code": (exchange(**trusted), "; another client sent it"),
            "camel case": (
                exchange(redirect_uri=None, redirectUri=right),
                "`redirectUri` was sent; the name is `redirect_uri`",
            ),
            "no grant type": (exchange(grant_type=None), "no grant_type was sent"),
        },
    )
    assert ask()().status_code in (200, 302)
    assert diagnosed(lms) == ""


def test_the_key_of_servers_at_open_edx(lms: Emulator, edx: Web, http: requests.Session) -> None:
    info = edx.info
    enrol = {"user": "ada", "course_details": {"course_id": info.course_id}}

    def post(**headers: str) -> Send:
        return lambda: http.post(f"{info.url}/api/enrollment/v1/enrollment", json=enrol, headers=headers)

    each(
        lms,
        {
            "as a bearer": (post(Authorization=f"Bearer {info.api_key}"), "this is the API key of servers"),
            "without a scheme": (post(Authorization=info.api_key), "this is the API key of servers"),
            "under another name": (post(**{"X-Api-Key": info.api_key}), "send it as `X-Edx-Api-Key: …`"),
            "in quotation marks": (post(**{"X-Edx-Api-Key": f'"{info.api_key}"'}), "is the right one, but"),
            "another": (post(**{"X-Edx-Api-Key": "secret"}), "X-Edx-Api-Key is another one than the site's"),
        },
    )
    assert post(**{"X-Edx-Api-Key": info.api_key})().status_code == 200
    staff = edx.browser(info.superuser)
    people = {"action": "enroll", "identifiers": "nobody@@x,charles"}
    assert staff.post(f"/courses/{info.course_id}/instructor/api/students_update_enrollment", people).status_code == 200
    (warning,) = lms.requests.last.warnings
    assert warning.message.startswith("`nobody@@x` is not a username here, nor an e-mail address")


def test_pkce_at_canvas(lms: Emulator, canvas: CanvasSite) -> None:
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    right = base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def exchanged(challenge: str, sent: str = verifier) -> Send:
        code = canvas.code(code_challenge=challenge, code_challenge_method="S256")
        return lambda: canvas.exchange(code, code_verifier=sent)

    each(
        lms,
        {
            "padded": (exchanged(f"{right}="), "the challenge was sent with the padding"),
            "hex": (exchanged(digest.hex()), "the challenge is the digest in hex"),
            "base64 of hex": (
                exchanged(base64.urlsafe_b64encode(digest.hex().encode()).decode().rstrip("=")),
                "encode the bytes of the digest",
            ),
            "the verifier itself": (exchanged(verifier), "are the same text; only S256 is"),
            "of another request": (exchanged(right, "w" * 50), "the challenge was made from another verifier"),
        },
    )
    assert exchanged(right)().status_code == 200


def test_ids_that_are_none(lms: Emulator, http: requests.Session) -> None:
    canvas, brightspace = lms.canvas, lms.brightspace
    teacher = {"Authorization": f"Bearer {canvas.access_tokens.teacher}"}
    instructor = {"Authorization": f"Bearer {brightspace.access_tokens.instructor}"}

    def get(path: str) -> Send:
        return lambda: http.get(f"{canvas.url}/api/v1/{path}", headers=teacher)

    def d2l(path: str) -> Send:
        return lambda: http.get(f"{brightspace.url}/d2l/api/{path}", headers=instructor)

    def enrol(kind: str) -> Send:
        form = {"enrollment[user_id]": "102", "enrollment[type]": kind}
        return lambda: http.post(f"{canvas.url}/api/v1/courses/1/enrollments", data=form, headers=teacher)

    def make(due: str) -> Send:
        body = {"assignment": {"name": "Essay", "due_at": due}}
        return lambda: http.post(f"{canvas.url}/api/v1/courses/1/assignments", json=body, headers=teacher)

    empty = "the variable that should hold the id of the course has no value"
    each(
        lms,
        {
            "JavaScript's": (get("courses/undefined/assignments"), f"`undefined` was sent: {empty}"),
            "Python's": (get("courses/None"), f"`None` was sent: {empty}"),
            "SQL's": (get("courses/null/users"), f"`null` was sent: {empty}"),
            "of the documentation": (get("courses/:course_id/assignments"), "is a placeholder of the documentation"),
            "of a template": (get("courses/{course_id}/assignments"), "is a placeholder of the documentation"),
            "a code": (get("courses/ENG101"), "`ENG101` names no course; this world has 1, 2"),
            "an address": (get("users/ada@example.edu"), "`ada@example.edu` names no user; this world has 101"),
            "a fraction": (get("courses/1.0"), "`1.0` names no course"),
            "of Brightspace's manual": (d2l("le/1.75/{orgUnitId}/grades/"), "the id of the org unit goes there"),
            "Brightspace, Python's": (d2l("le/1.75/None/classlist/"), "the id of the org unit has no value"),
            "a word for a kind": (enrol("Student"), "did you mean StudentEnrollment?"),
            "the plural of it": (enrol("teachers"), "did you mean TeacherEnrollment?"),
            "a day as in Europe": (
                make("31/12/2026"),
                "was sent as 31/12/2026; the year comes first: 2026-12-31T23:59:00Z",
            ),
        },
    )
    for right in (
        get("courses/1"),
        get("users/self/profile"),
        enrol("StudentEnrollment"),
        make("2026-12-31T23:59:00Z"),
    ):
        assert right().status_code < 300
    assert diagnosed(lms) == ""


def test_pages_and_addresses_at_openlearning(lms: Emulator, http: requests.Session) -> None:
    info = lms.openlearning
    key = {"X-API-Key": info.api_key}
    people = f"{info.url}/v2.2/institutions/{info.institution_id}/managed-users/"
    quiet = {"send_password_email": "false", "send_welcome_email": "false"}

    def page(number: str, name: str = "page") -> Send:
        return lambda: http.get(f"{info.url}/v2.2/courses/", params={name: number}, headers=key)

    def person(address: str) -> Send:
        body = {"full_name": "A B", "external_institution_id": "further-1", "primary_email_address": address} | quiet
        return lambda: http.post(people, data=body, headers=key)

    each(
        lms,
        {
            "counted from 0": (page("0"), "page begins at 1, not at 0"),
            "backwards": (page("-1"), "`-1` is not a whole number from 1 up"),
            "in words": (page("one"), "`one` is not a whole number from 1 up"),
            "no items": (page("0", "itemsPerPage"), "itemsPerPage begins at 1, not at 0"),
            "no @": (person("ada.example.edu"), "`ada.example.edu` has no @"),
            "nothing behind it": (person("ada@"), "nothing stands before or behind its @"),
        },
    )
    assert page("1")().status_code == 200
    assert person("further@example.edu")().status_code == 200


def test_an_assertion_by_two_libraries(lms: Emulator, http: requests.Session) -> None:
    info = lms.canvas
    url, client = f"{info.url}/login/oauth2/token", info.lti_client_id
    now = int(time.time())

    def claims(**changes: Any) -> dict[str, Any]:
        return {"iss": client, "sub": client, "aud": url, "jti": uuid4().hex, "iat": now, "exp": now + 60} | changes

    def signed(key: Any = None, alg: str = "RS256", **changes: Any) -> str:
        return jwt.encode(claims(**changes), key or private_key("tool"), alg, headers={"kid": "ours"})

    def by_jwcrypto(key: jose_keys.JWK, alg: str) -> str:
        token = jose_tokens.JWT(header={"alg": alg, "kid": "ours"}, claims=claims())
        token.make_signed_token(key)
        return str(token.serialize())

    def ask(assertion: str, **changes: str) -> Send:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": lti13.JWT_BEARER,
            "scope": lti13.SCOPE_MEMBERSHIP,
        }
        return lambda: http.post(url, data=form | {"client_assertion": assertion} | changes)

    rsa, curve = jose_keys.JWK.generate(kty="RSA", size=2048), jose_keys.JWK.generate(kty="EC", crv="P-256")
    membership = lti13.SCOPE_MEMBERSHIP
    each(
        lms,
        {
            "another key": (ask(by_jwcrypto(rsa, "RS256")), "no key of the tool's key set made this signature"),
            "a curve": (ask(by_jwcrypto(curve, "ES256")), "it was signed with ES256; only RS256 is taken"),
            "a shared secret": (ask(signed("s" * 48, "HS256")), "it was signed with HS256; only RS256 is taken"),
            "Canvas's issuer": (ask(signed(aud="https://canvas.instructure.com")), "the token endpoint's own address"),
            "the page of consent": (
                ask(signed(aud=f"{info.url}/login/oauth2/auth")),
                "the token endpoint's own address",
            ),
            "an hour ago": (
                ask(signed(iat=now - 7200, exp=now - 3600)),
                "its `iat`: the timestamp is 2 h off: local time was probably taken for UTC",
            ),
            "an id of a deployment": (
                ask(signed(iss=info.deployment_id, sub=info.deployment_id)),
                f"this is a deployment id; the client id is {client}",
            ),
            "a comma": (ask(signed(), scope=f"{membership},{membership}"), "scopes are separated by spaces"),
            "a plural": (
                ask(signed(), scope=membership.replace("membership.", "memberships.")),
                f"did you mean {membership}?",
            ),
            "http": (ask(signed(), scope=membership.replace("https", "http")), f"{membership}: the scheme differs"),
            "the grant's kind": (
                ask(signed(), grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer"),
                "there is no such grant here, only",
            ),
            "the kind's last word": (
                ask(signed(), client_assertion_type="jwt-bearer"),
                "client_assertion_type has to be",
            ),
        },
    )
    token = ask(signed())().json()["access_token"]
    services = f"{info.url}/api/lti/courses"

    def use(path: str, bearer: str = token, method: str = "GET") -> Send:
        return lambda: http.request(method, path, headers={"Authorization": f"Bearer {bearer}"})

    each(
        lms,
        {
            "a person's token": (
                use(f"{services}/1/names_and_roles", info.access_tokens.teacher),
                "LTI services a token from grant_type=client_credentials",
            ),
            "a tool's token": (use(f"{info.url}/api/v1/courses"), "REST calls need an OAuth2 access token"),
            "a course of nobody": (use(f"{services}/99/names_and_roles"), "there is no course 99; this world has"),
            "a letter": (
                use(f"{services}/1/names_and_role"),
                "has `/api/lti/courses/1/names_and_roles`: the word is `names_and_roles`",
            ),
        },
    )
    assert use(f"{services}/1/names_and_roles")().status_code == 200

    scopes = f"{lti13.SCOPE_LINE_ITEM} {lti13.SCOPE_SCORE}"
    grader = {"Authorization": f"Bearer {ask(signed(), scope=scopes)().json()['access_token']}"}
    item = http.post(f"{services}/1/line_items", json={"scoreMaximum": 10, "label": "Essay"}, headers=grader).json()[
        "id"
    ]

    def score(**changes: Any) -> Send:
        body = {"timestamp": "2027-01-01T00:00:00.000Z", "scoreGiven": 5, "scoreMaximum": 10, "userId": "101"}
        body |= {"activityProgress": "Completed", "gradingProgress": "FullyGraded", **changes}
        sent = {name: value for name, value in body.items() if value is not None}
        return lambda: http.post(f"{item}/scores", json=sent, headers=grader)

    each(
        lms,
        {
            "small letters": (score(activityProgress="completed"), "it has to be Completed: the case differs"),
            "nearly the word": (score(gradingProgress="FullGraded"), "did you mean FullyGraded?"),
            "no timestamp": (score(timestamp=None), "no timestamp was sent"),
            "no maximum": (score(scoreMaximum=None), "no `scoreMaximum` was sent"),
            "in snake case": (
                score(scoreMaximum=None, score_maximum=10),
                "`score_maximum` was sent; the name is `scoreMaximum`",
            ),
            "below nothing": (score(scoreGiven=-1), "`scoreGiven` was sent as -1; it has to be 0 or more"),
            "points in words": (
                score(scoreGiven="five"),
                'its `scoreGiven` was sent as the text "five"; it has to be a number',
            ),
            "most in words": (
                score(scoreMaximum="ten"),
                "`scoreMaximum` was sent as ten; it has to be a number above 0",
            ),
            "an item of ten": (
                lambda: http.post(
                    f"{services}/1/line_items", json={"scoreMaximum": "ten", "label": "x"}, headers=grader
                ),
                "`scoreMaximum` was sent as ten; it has to be a number",
            ),
            "no time": (score(timestamp="yesterday"), "`timestamp` was sent as yesterday"),
            "to the item itself": (lambda: http.post(item, headers=grader), "POST was sent; this path takes GET"),
            "by GET": (lambda: http.get(f"{item}/scores", headers=grader), "GET was sent; this path takes POST"),
        },
    )
    assert score()().status_code == 200
