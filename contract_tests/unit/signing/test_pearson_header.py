"""LearningStudio's OAuth header: how it is parsed, why one cannot be, and what is signed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import Malformed
from lms_emulator.signing.pearson_oauth1 import (
    DOTNET,
    FORM,
    JAVA,
    PERCENT,
    PHP,
    Escaping,
    OAuth1Header,
    SignedRequest,
    authorization,
    base_string,
    base_strings,
    parse_header,
    query_pairs,
    sign_body,
    signature,
)

SECRET = "0123456789abcdef"
GOOD = (
    'oauth_consumer_key="k%7C",application_id="a%7C",oauth_signature_method="CMAC%2DAES",'
    'oauth_timestamp="1%34",oauth_nonce="n%7C",oauth_signature="s%3D"'
)
READ = OAuth1Header(
    consumer_key="k|",
    application_id="a|",
    signature_method="CMAC-AES",
    timestamp="14",
    nonce="n|",
    signature="s=",
)
GET = SignedRequest(
    method="get",
    path="/courses/1",
    query="",
    body=b"{}",
    application_id="application",
    consumer_key="key",
    timestamp="1400000000",
    nonce="n",
)


# --- reading ---
@pytest.mark.parametrize(
    ("header", "read"),
    [
        (f"OAuth {GOOD}", READ),
        (f"  oAUTH   {GOOD} ", READ),
        (GOOD, READ),
        (GOOD.replace(",", " ,  "), READ),
        (f"OAuth {GOOD},", READ),
        (f'OAuth realm="/a%7C",{GOOD}', replace(READ, realm="/a%7C")),
        (f"OAuth realm=/a%7C,{GOOD}", replace(READ, realm="/a%7C")),
        (f'OAuth {GOOD},realm="/a%7C"', replace(READ, realm="/a%7C")),
        (f'OAuth realm="/a?b="c",d",{GOOD}', replace(READ, realm='/a?b="c",d')),
        (f'OAuth realm="",{GOOD}', replace(READ, realm="")),
        (f'OAuth {GOOD},b="2%7C",a=1 ', replace(READ, extra=(("b", "2|"), ("a", "1")))),
        (f"OAuth {GOOD},b=", replace(READ, extra=(("b", ""),))),
    ],
)
def test_headers(header: str, read: OAuth1Header) -> None:
    assert parse_header(header) == read


LONG = "?" + "x" * 60


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "the OAuth parameter oauth_consumer_key is missing"),
        ("OAuth", "the OAuth parameter oauth_consumer_key is missing"),
        ('OAuth realm="/a"', "the OAuth parameter oauth_consumer_key is missing"),
        (
            f"OAuth {GOOD.replace('a%7C', '')}",
            "the OAuth parameter application_id is missing",
        ),
        (f"OAuth {GOOD},{LONG}", f"cannot read the OAuth header from '{LONG[:40]}' on"),
        (f'OAuth {GOOD},oauth_nonce="n"', "the OAuth parameter oauth_nonce occurs twice"),
        (f'OAuth realm="/a",{GOOD},realm=b', "the OAuth parameter realm occurs twice"),
        (f'OAuth {GOOD},x="1",x="1"', "the OAuth parameter x occurs twice"),
    ],
)
def test_the_error_says_why_a_header_cannot_be_read(header: str, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_header(header)
    assert str(caught.value) == message


# --- escaping ---
@pytest.mark.parametrize(
    ("escaping", "ascii", "beyond"),
    [
        (JAVA, "aZ09-._+*%7E%2F%21%25%7F", "%C3%A4+*%7E%2F%21%25"),
        (FORM, "aZ09-._+%2A~%2F%21%25%7F", "%C3%A4+%2A~%2F%21%25"),
        (PHP, "aZ09-._+%2A%7E%2F%21%25%7F", "%C3%A4+%2A%7E%2F%21%25"),
        (PERCENT, "aZ09-._%20%2A~%2F%21%25%7F", "%C3%A4%20%2A~%2F%21%25"),
        (DOTNET, "aZ09-._%20*~%2F!%25%7F", "%C3%A4%20*~%2F!%25"),
    ],
)
def test_every_library_s_escapes(escaping: Escaping, ascii: str, beyond: str) -> None:
    assert escaping("aZ09-._ *~/!%\x7f") == ascii
    assert escaping("ä *~/!%") == beyond
    assert escaping("\udcff ") == "%FF" + escaping(" ")


@pytest.mark.parametrize(("escaping", "plus"), [(JAVA, " "), (FORM, " "), (PHP, " "), (PERCENT, "+"), (DOTNET, "+")])
def test_only_who_writes_plus_reads_it(escaping: Escaping, plus: str) -> None:
    assert escaping.decode("a+b%20%C3%A4%FF") == f"a{plus}b ä\udcff"


# --- what is signed ---
def test_the_base_string_in_order() -> None:
    assert base_string(replace(GET, query="b=2&A=1&&=x&B=3&c")) == (
        "GET&%2Fcourses%2F1&A%3D1%26application_id%3Dapplication%26b%3D2%26B%3D3%26c%3D"
        "%26oauth_consumer_key%3Dkey%26oauth_nonce%3Dn%26oauth_signature_method%3DCMAC-AES"
        "%26oauth_timestamp%3D1400000000"
    )
    # An underscore stands before any letter, as it does before small ones.
    assert "&a_b%3D1%26AAb%3D2%26application_id" in base_string(replace(GET, query="AAb=2&a_b=1"))
    assert query_pairs("b=2&A=1=1&&=x&c") == [("b", "2"), ("A", "1=1"), ("c", "")]


@pytest.mark.parametrize(("method", "signs"), [("post", True), ("PUT", True), ("DELETE", False), ("patch", False)])
def test_who_signs_a_body(method: str, signs: bool) -> None:
    base = base_string(replace(GET, method=method))
    assert base.startswith(f"{method.upper()}&")
    assert ("%26body%3De30%25253D%26" in base) == signs


def test_a_body_is_escaped_as_the_library_does() -> None:
    assert sign_body(b"\xff\xfe>") == "%252F%252F4%252B"
    assert sign_body(b"\xff\xfe>", lambda text: text + "!") == "//4+!!"
    marked = Escaping("marked", "%20", "+/=")
    post = replace(GET, method="POST", body=b"\xff\xfe>")
    assert "body=//4+&" in base_string(post, escaping=replace(marked, keeps="+/=&%"))
    assert "body%3D%25252F" in base_string(post)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("raw", "a%2520b%252Bc%252F%2Bd"),
        ("decoded", "a+b%2Bc%2F+d"),
        ("re-encoded", "a%252520b%25252Bc%25252F%252Bd"),
        ("decoded and re-encoded", "a%2Bb%252Bc%252F%2Bd"),
    ],
)
def test_a_query_value_in_each_form(form: str, value: str) -> None:
    base = base_string(replace(GET, query="zz=a%20b%2Bc%2F+d"), query_form=form)
    assert base.endswith(f"%26zz%3D{value}")


def test_a_signature_and_its_header() -> None:
    base = base_string(GET)
    tag = b64encode(cmac_aes(SECRET.encode(), base.encode())).decode()
    assert signature(SECRET, base) == tag
    assert authorization(GET, SECRET, realm="http://h/courses/1") == (
        'OAuth realm="http://h/courses/1",oauth_consumer_key="key",application_id="application",'
        'oauth_signature_method="CMAC-AES",oauth_timestamp="1400000000",oauth_nonce="n",'
        f'oauth_signature="{JAVA(tag)}"'
    )


# --- readings ---
LIBRARIES = ["Java URLEncoder", "form style", "PHP urlencode", "RFC 3986", ".NET EscapeDataString"]


@pytest.mark.parametrize(
    ("path", "query"),
    [("/courses/1", ""), ("/courses/1", "a=b-c._9"), ("/courses/ccn=A.1", "")],
)
def test_unreserved_text_has_only_one_reading(path: str, query: str) -> None:
    request = replace(GET, path=path, query=query)
    assert list(base_strings(request)) == [("query values raw, Java URLEncoder", base_string(request))]


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        # The path alone, in the three ways in which the five treat an asterisk and a tilde.
        ("/a*~", "", [("raw", name) for name in [*LIBRARIES[:3], LIBRARIES[4]]]),
        ("/a b", "", [("raw", "Java URLEncoder"), ("raw", "RFC 3986")]),
        # A slash stays in a raw value, and becomes %2F in one encoded again.
        ("/a", "b=/", [("raw", "Java URLEncoder"), ("re-encoded", "Java URLEncoder")]),
        ("/a", "b=%2F", [(form, "Java URLEncoder") for form in ("raw", "decoded", "re-encoded")]),
    ],
)
def test_every_reading_that_differs_once(path: str, query: str, names: list[tuple[str, str]]) -> None:
    request = replace(GET, path=path, query=query)
    readings = list(base_strings(request))
    assert [name for name, _ in readings] == [f"query values {form}, {library}" for form, library in names]
    assert len({base for _, base in readings}) == len(readings)
    assert readings[0][1] == base_string(request)
    strict = list(base_strings(request, strict=True))
    assert strict == [(name, base) for name, base in readings if name.startswith("query values raw,")]
