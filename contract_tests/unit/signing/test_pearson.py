"""LearningStudio's signatures: Pearson's vectors, and properties that no vector can show."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import (
    AccessToken,
    Assertion,
    Malformed,
    parse_access_token,
    parse_signed_assertion,
    sign_text,
)
from lms_emulator.signing.pearson_oauth1 import (
    ESCAPINGS,
    REQUIRED_PARAMETERS,
    SignedRequest,
    authorization,
    base_string,
    base_strings,
    parse_header,
    signature,
)

VECTORS = json.loads((Path(__file__).parents[3] / "fixtures/vectors/learningstudio.json").read_text())["vectors"]
SECRET = "0123456789abcdef0123456789abcdef"
APPLICATION = "11111111-2222-3333-4444-555555555555"
KEY = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
REQUEST = SignedRequest(
    method="GET",
    path="/courses/123456",
    query="",
    body=b"",
    application_id=APPLICATION,
    consumer_key=KEY,
    timestamp="1400000000",
    nonce="ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
)
field = st.text(st.characters(exclude_characters="|", exclude_categories=["Cs"]), min_size=1, max_size=30)
secrets = st.sampled_from([16, 24, 32]).flatmap(
    lambda size: st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=size, max_size=size)
)
unreserved = st.text("abcXYZ019-._", min_size=1, max_size=12)


def named(kind: str) -> list[object]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS if vector["kind"] == kind]


def to_request(vector: dict[str, object]) -> SignedRequest:
    return SignedRequest(
        method=str(vector["method"]),
        path=str(vector["path"]),
        query=str(vector["query"]),
        body=str(vector["body"] or "").encode(),
        application_id=str(vector["application_id"]),
        consumer_key=str(vector["consumer_key"]),
        timestamp=str(vector["timestamp"]),
        nonce=str(vector["nonce"]),
    )


# --- CMAC ---
@pytest.mark.parametrize(
    ("message", "tag"),
    [
        ("", "bb1d6929e95937287fa37d129b756746"),
        ("6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9dd04a287c"),
    ],
)
def test_cmac_gives_the_examples_of_rfc_4493(message: str, tag: str) -> None:
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    assert cmac_aes(key, bytes.fromhex(message)).hex() == tag


@pytest.mark.parametrize("length", [0, 15, 17, 31, 33])
def test_cmac_refuses_a_key_that_is_not_an_aes_key(length: int) -> None:
    with pytest.raises(ValueError, match="16, 24 or 32"):
        cmac_aes(b"k" * length, b"")


# --- vectors ---
@pytest.mark.parametrize("vector", named("assertion"))
def test_assertion_vectors(vector: dict[str, str]) -> None:
    assert sign_text(vector["secret"], vector["assertion"]) == vector["signature_hex"]
    parsed = parse_signed_assertion(f"{vector['assertion']}|{vector['signature_hex']}")
    assert parsed.assertion.signature(vector["secret"]) == parsed.signature == vector["signature_hex"]


@pytest.mark.parametrize("vector", named("oauth1"))
def test_oauth1_vectors(vector: dict[str, str]) -> None:
    request = to_request(vector)
    assert base_string(request) == vector["base_string"]
    assert signature(vector["secret"], base_string(request)) == vector["signature_base64"]


@pytest.mark.parametrize(
    ("library", "sent"),
    [
        ("Java", "ge3D4Ux9RMN1pTf7yDpoLQ=="),
        ("Python and Ruby", "wNTy3bDIa7gQp1HEFuhHFg=="),
        ("PHP", "bze4+MeZTDFkR00q+128Tg=="),
    ],
)
def test_every_library_s_escaping_is_among_the_readings(library: str, sent: str) -> None:
    request = replace(REQUEST, path="/courses/123456/roster", query="Name=a%20b~c*")
    readings = [signature(SECRET, base) for _, base in base_strings(request)]
    assert sent in readings
    strict = [signature(SECRET, base) for _, base in base_strings(request, strict=True)]
    assert (sent in strict) == (library == "Java")


def test_php_s_reading_of_reserved_characters() -> None:
    request = replace(REQUEST, path="/me/courses", query="expand=course&startDatesBetween=01/01/2014,06/30/2014")
    readings = dict(base_strings(request))
    assert [name for name, base in readings.items() if signature(SECRET, base) == "zsshmxOl2LlF9xPvwgH3tA=="]


def test_an_ordinary_request_has_one_reading() -> None:
    assert len(list(base_strings(replace(REQUEST, query="expand=course")))) == 1


# --- assertions ---
@given(st.tuples(field, field, field, field, field, field), secrets)
def test_any_assertion_survives_signing_and_parsing(fields: tuple[str, ...], secret: str) -> None:
    name, key, application, client, username, timestamp = fields
    assertion = Assertion(
        application_name=name,
        consumer_key=key,
        application_id=application,
        client_string=client,
        username=username,
        timestamp=timestamp,
    )
    parsed = parse_signed_assertion(assertion.signed(secret))
    assert parsed.assertion == assertion
    assert parsed.signature == assertion.signature(secret)
    assert len(parsed.signature) == 32


@pytest.mark.parametrize("text", ["", "a|b", "|".join("abcdef"), "|".join("abcdefgh"), "a|b||d|e|f|g"])
def test_not_seven_fields(text: str) -> None:
    with pytest.raises(Malformed):
        parse_signed_assertion(text)


@pytest.mark.parametrize(
    "timestamp",
    [
        "2014-05-13T16:53:20",
        "2014-05-13T16:53:20.123Z",
        "2014-05-13 16:53:20Z",
        "2014-5-13T16:53:20Z ",
        "2014-05-13T16:53:20z",
        "2014-13-13T16:53:20Z",
        "1400000000",
        "٢٠١٤-05-13T16:53:20Z",
    ],
)
def test_a_timestamp_of_another_form_is_no_timestamp(timestamp: str) -> None:
    assertion = parse_signed_assertion(f"n|k|a|c|u|{timestamp}|s").assertion
    with pytest.raises(Malformed):
        assertion.moment()


def test_a_timestamp_is_utc() -> None:
    assertion = parse_signed_assertion("n|k|a|c|u|2014-05-13T16:53:20Z|s").assertion
    assert assertion.moment() == datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)


# --- access tokens ---
moments = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(moments, st.integers(0, 10**15), secrets)
def test_any_access_token_is_read_in_every_form_that_clients_send_back(
    expires: datetime, user_id: int, secret: str
) -> None:
    token = AccessToken(application_id=APPLICATION, consumer_key=KEY, user_id=user_id, expires=expires).sign(secret)
    issued = token.issued()
    assert issued.split("|")[2] == str(user_id)
    for form in (issued, token.canonical, issued.replace("%3a", "%3A"), quote(token.canonical, safe="")):
        assert parse_access_token(form) == token
        assert parse_access_token(form).sign(secret).signature == token.signature


def test_the_expiry_is_written_in_mountain_standard_time() -> None:
    token = AccessToken(
        application_id=APPLICATION,
        consumer_key=KEY,
        user_id=1,
        expires=datetime(2015, 12, 24, 13, 44, 56, tzinfo=UTC),
    )
    assert token.issued().split("|")[3] == "2015-12-24T06%3a44%3a56"
    assert parse_access_token(token.sign(SECRET).issued()).expires == token.expires


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a|b|c|d",
        "1|a|b|1|2015-12-24T06:44:56|s",
        "a|b|x|2015-12-24T06:44:56|s",
        "a|b|٣|2015-12-24T06:44:56|s",
        "a|b|01|2015-12-24T06:44:56|s",
        "a|b|1|2015-12-24T6:44:56|s",
        "a|b|1|2015-02-30T06:44:56|s",
        "a|b|1|9999-12-31T23:59:59|s",
        "a|b|1|never|s",
    ],
)
def test_invalid_access_tokens(text: str) -> None:
    with pytest.raises(Malformed):
        parse_access_token(text)


# --- the OAuth header ---
PARAMETERS = {
    "oauth_consumer_key": KEY,
    "application_id": APPLICATION,
    "oauth_signature_method": "CMAC-AES",
    "oauth_timestamp": "1400000000",
    "oauth_nonce": "abc",
    "oauth_signature": "q/qdYnApi4zyVWqq1Bun5A==",
}


def header(order: list[str], *, quoted: bool, separator: str, realm: str | None, scheme: str = "OAuth") -> str:
    mark = '"' if quoted else ""
    pairs = [f"{name}={mark}{quote(PARAMETERS[name], safe='')}{mark}" for name in order]
    if realm is not None:
        pairs.insert(0, f"realm={mark}{realm}{mark}")
    return f"{scheme} {separator.join(pairs)}"


@given(
    st.permutations(REQUIRED_PARAMETERS),
    st.booleans(),
    st.sampled_from([",", ", ", ",  "]),
    st.sampled_from(
        [
            None,
            "/courses/123456",
            "https://api.learningstudio.com/courses/ccn=ABC.1",
            "https://api.learningstudio.com/me/courses?expand=course&a=b",
        ]
    ),
    st.sampled_from(["OAuth", "oauth", "OAUTH"]),
)
def test_every_header_variant_is_read(
    order: list[str], quoted: bool, separator: str, realm: str | None, scheme: str
) -> None:
    read = parse_header(header(order, quoted=quoted, separator=separator, realm=realm, scheme=scheme))
    assert read.consumer_key == KEY
    assert read.application_id == APPLICATION
    assert (read.timestamp, read.nonce) == ("1400000000", "abc")
    assert read.signature == "q/qdYnApi4zyVWqq1Bun5A=="
    assert read.realm == realm


def test_a_plus_left_in_the_signature_stays_a_plus() -> None:
    text = header(list(REQUIRED_PARAMETERS), quoted=True, separator=",", realm=None)
    assert parse_header(text.replace("q%2Fq", "q/+")).signature.startswith("q/+")


def test_other_parameters_are_kept_aside() -> None:
    text = header(list(REQUIRED_PARAMETERS), quoted=True, separator=",", realm=None) + ',oauth_version="1.0"'
    assert parse_header(text).extra == (("oauth_version", "1.0"),)


@pytest.mark.parametrize("missing", REQUIRED_PARAMETERS)
def test_a_missing_parameter_is_named(missing: str) -> None:
    order = [name for name in REQUIRED_PARAMETERS if name != missing]
    with pytest.raises(Malformed, match=missing):
        parse_header(header(order, quoted=True, separator=",", realm=None))


@pytest.mark.parametrize("tail", [',oauth_nonce="b"', ',oauth_nonce="b', ",=x", ",nonsense", ',a="b"c'])
def test_a_malformed_header_counts_as_missing(tail: str) -> None:
    with pytest.raises(Malformed):
        parse_header(header(list(REQUIRED_PARAMETERS), quoted=True, separator=",", realm=None) + tail)


@given(st.text(max_size=60))
def test_no_text_breaks_the_header_parser(text: str) -> None:
    with pytest.raises(Malformed):
        parse_header(f"OAuth {text}")


def test_a_hostile_header_costs_linear_time() -> None:
    with pytest.raises(Malformed):
        parse_header("OAuth a=" + " " * 60_000 + '"')


# --- OAuth signatures ---
requests = st.builds(
    SignedRequest,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=st.lists(unreserved, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    query=st.dictionaries(unreserved, unreserved, max_size=3).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs.items())
    ),
    body=st.binary(max_size=60),
    application_id=st.uuids().map(str),
    consumer_key=st.uuids().map(str),
    timestamp=st.integers(0, 2**40).map(str),
    nonce=st.text("abcXYZ09", min_size=1, max_size=32),
)


@given(requests, secrets)
def test_the_header_of_a_correct_client_is_read_back(request: SignedRequest, secret: str) -> None:
    read = parse_header(authorization(request, secret, realm=f"https://api.learningstudio.com{request.path}"))
    assert read.signature == signature(secret, base_string(request))
    assert (read.consumer_key, read.application_id) == (request.consumer_key, request.application_id)
    assert (read.timestamp, read.nonce) == (request.timestamp, request.nonce)


@given(requests, st.data(), st.booleans())
def test_any_single_change_changes_every_reading(request: SignedRequest, data: st.DataObject, strict: bool) -> None:
    name = data.draw(st.sampled_from(["method", "path", "query", "body", "timestamp", "nonce", "consumer_key"]))
    value: object
    if name == "method":
        value = data.draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]))
    elif name == "body":
        value = data.draw(st.binary(max_size=60))
    elif name == "path":
        value = request.path + data.draw(unreserved)
    elif name == "query":
        value = f"{request.query}&{data.draw(unreserved)}={data.draw(unreserved)}"
    else:
        value = data.draw(unreserved)
    changed = replace(request, **{name: value})
    right = signature(SECRET, base_string(request))
    same = changed == request or (name == "body" and not request.signs_body)
    readings = [signature(SECRET, base) for _, base in base_strings(changed, strict=strict)]
    assert (right in readings) == same


@settings(max_examples=50)
@given(st.binary(max_size=80), st.sampled_from(["POST", "PUT"]))
def test_the_body_is_escaped_three_times(body: bytes, method: str) -> None:
    base = base_string(replace(REQUEST, method=method, body=body))
    thrice = quote(quote(quote(b64encode(body).decode(), safe=""), safe=""), safe="")
    assert f"%26body%3D{thrice}%26oauth_consumer_key" in base


def test_an_assertion_is_not_signed_with_a_decoded_secret() -> None:
    assertion = Assertion(
        application_name="n",
        consumer_key=KEY,
        application_id=APPLICATION,
        client_string="c",
        username="u",
        timestamp=(datetime(2014, 1, 1, tzinfo=UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    assert assertion.signature(SECRET) != cmac_aes(bytes.fromhex(SECRET), assertion.text.encode()).hex()


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("Java URLEncoder", "a+%C3%A4*%7E%2F"),
        ("form style", "a+%C3%A4%2A~%2F"),
        ("PHP urlencode", "a+%C3%A4%2A%7E%2F"),
        ("RFC 3986", "a%20%C3%A4%2A~%2F"),
        (".NET EscapeDataString", "a%20%C3%A4*~%2F"),
    ],
)
def test_escapings(name: str, escaped: str) -> None:
    (escaping,) = [escaping for escaping in ESCAPINGS if escaping.name == name]
    assert escaping("a ä*~/") == escaped
    assert escaping("a *~/") == escaped.replace("%C3%A4", "")
