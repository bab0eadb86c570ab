"""Mistakes that come with a platform or a place: encoders, orders, proxies, copies of secrets, other bodies."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import httpx
import pytest

from contract_tests.openlearning.site import Site
from contract_tests.openlearning.test_integrators_mistakes import Pairs, fields, post, rfc3986
from contract_tests.openlearning.test_more_mistakes import lowered, made

Habit = Callable[[str, Pairs, str], str]
Value = Callable[[str], str]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def encoded(escape: Value, again: Value | None = None) -> Habit:
    return lambda u, p, s: made(u, p, s, escape=escape, again=again or escape)


def url_as(change: Value) -> Habit:
    """Encode the URL alone in another way within the base string."""
    return lambda u, p, s: made(u, p, s, again=lambda part: change(part) if part == u else rfc3986(part))


def secret(change: Value) -> Habit:
    return lambda u, p, s: made(u, p, change(s))


def component(text: str) -> str:
    return quote(text, safe="~!'()*")


def dotnet(text: str) -> str:
    return quote_plus(text, safe="!*()").replace("~", "%7E")


def joined(pairs: Pairs) -> Pairs:
    whole = sorted(f"{name}={value}" for name, value in pairs)
    return [(name, value) for name, _, value in (item.partition("=") for item in whole)]


def by_value(pairs: Pairs) -> Pairs:
    return sorted(pairs, key=lambda pair: pair[1])


def valued(field: str, change: Value) -> Habit:
    """Sign one field written in another way."""
    return lambda u, p, s: made(u, [(n, change(v) if n == field else v) for n, v in p], s)


def cesu(text: str) -> str:
    """CESU-8, percent-encoded: what `DataOutputStream.writeUTF` makes of a character beyond U+FFFF."""
    units = text.encode("utf-16-be")
    halves = [chr(int.from_bytes(units[i : i + 2])) for i in range(0, len(units), 2)]
    return quote("".join(halves).encode(errors="surrogatepass"), safe="~")


def base_string(url: str, pairs: Pairs) -> str:
    text = "&".join(f"{name}={value}" for name, value in sorted((rfc3986(n), rfc3986(v)) for n, v in pairs))
    return "&".join(map(rfc3986, ("POST", url, text)))


def in_utf16(name: str, mark: bytes) -> Habit:
    def signature(url: str, pairs: Pairs, key: str) -> str:
        wide, text = f"{rfc3986(key)}&".encode(name), base_string(url, pairs).encode(name)
        return base64.b64encode(hmac.digest(mark + wide, mark + text, "sha1")).decode()

    return signature


def hashed(url: str, pairs: Pairs, key: str) -> str:
    text = base_string(url, pairs) + f"{rfc3986(key)}&"
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


def blank(*names: str) -> Habit:
    return lambda u, p, s: made(u, [*p, *((name, "") for name in names)], s)


def encoded_by_half(*, names: bool) -> Habit:
    """Percent-encode names alone, or values alone."""

    def signature(url: str, pairs: Pairs, key: str) -> str:
        fields = sorted((rfc3986(n), v) if names else (n, rfc3986(v)) for n, v in pairs)
        text = "&".join(map(rfc3986, ("POST", url, "&".join(f"{name}={value}" for name, value in fields))))
        return base64.b64encode(hmac.digest(f"{rfc3986(key)}&".encode(), text.encode(), "sha1")).decode()

    return signature


HABITS: dict[str, list[Habit]] = {
    "encodeURIComponent was used": [encoded(component), encoded(component, rfc3986)],
    ".NET's UrlEncode was used": [encoded(dotnet), encoded(lambda text: dotnet(text).replace("+", "%20"))],
    "'/' was left bare": [encoded(quote), encoded(quote, rfc3986)],
    "sorted as texts `name=value`": [lambda u, p, s: made(u, p, s, order=joined)],
    "sorted by their values": [lambda u, p, s: made(u, p, s, order=by_value)],
    "only names, or only values, were percent-encoded": [encoded_by_half(names=True), encoded_by_half(names=False)],
    "the URL was encoded with lower-case hex": [url_as(lambda t: t.replace(":", "%3a").replace("/", "%2f"))],
    "the URL was not percent-encoded in the base string": [url_as(str)],
    "signed with one capital only": [lambda u, p, s: made(u, p, s, method="Post")],
    "http and https were swapped in the signed URL": [
        lambda u, p, s: made(u.replace("http:", "https:").rstrip("/"), p, s),
    ],
    "https://www.openlearning.com/lti/launch/ was signed instead of": [
        lambda u, p, s: made("https://www.openlearning.com/lti/launch", p, s),
        lambda u, p, s: made("http://www.openlearning.com/lti/launch/", p, s),
    ],
    "an invisible character at an end: a no-break space": [secret(lambda s: f"{s}\u00a0")],
    "an invisible character at an end: a zero-width space": [secret(lambda s: f"\u200b{s}")],
    "an invisible character at an end: a carriage return": [secret(lambda s: f"{s}\r")],
    "with a newline at its end; then the secret was encoded in base64": [
        secret(lambda s: base64.b64encode(f"{s}\n".encode()).decode())
    ],
    "the quotation marks around it; then the secret was used with a newline": [secret(lambda s: f'"{s}"\n')],
    "percent-encoding used lower-case hex digits": [encoded(lowered), encoded(lowered, rfc3986)],
    "the secret was reversed": [secret(lambda s: s[::-1])],
    "the whole base string was lower-cased": [
        lambda u, p, s: base64.b64encode(
            hmac.digest(f"{rfc3986(s)}&".encode(), base_string(u, p).lower().encode(), "sha1")
        ).decode()
    ],
    "written in another way than it was sent: context_title": [
        valued("context_title", lambda v: " ".join(v.split())),
        valued("context_title", lambda v: v.translate(str.maketrans("’“”", '\'""'))),
    ],
    "written in another way than it was sent: custom_number": [
        valued("custom_number", lambda v: v.lstrip("0")),
        valued("custom_number", lambda v: f"{v}.0"),
    ],
    "written in another way than it was sent: custom_both": [valued("custom_both", lambda v: v.replace(",", ", "))],
    "a field of OAuth was signed written in another way than it was sent: oauth_nonce": [
        valued("oauth_nonce", str.upper)
    ],
    "a field of OAuth was signed written in another way than it was sent: oauth_timestamp": [
        valued("oauth_timestamp", lambda v: f"{v}.0")
    ],
    "as two surrogates": [encoded(cesu, rfc3986)],
    "taken as UTF-16": [in_utf16("utf-16-le", b""), in_utf16("utf-16-be", b"\xfe\xff")],
    "a plain SHA-1 of base string and key": [hashed],
    "left out when the form was sent: lis_person_sourcedid": [blank("lis_person_sourcedid")],
    "left out when the form was sent: lis_result_sourcedid, context_label": [
        blank("lis_result_sourcedid", "context_label")
    ],
}


@pytest.fixture
def pairs(site: Site) -> Pairs:
    """A launch in which names begin alike, and values have what encoders treat differently."""
    back = {
        "context_title": "Zoe’s  course 🎓",
        "custom_number": "0042",
        "custom_both": "a,b",
        "oauth_nonce": "ab12cd34",
    }
    back |= {"custom_a": "1 + 1", "custom_a0": "2"}
    back |= {"launch_presentation_return_url": "https://e.org/b?x=1&y=2"}
    return fields(site, **back)


def diagnosis(site: Site) -> str:
    refusal = site.refusal()
    return "" if refusal is None else str(refusal.diagnosis)


def test_each_is_named(site: Site, pairs: Pairs) -> None:
    url, key = site.info.launch_url, site.info.consumer_secret
    unnamed = []
    for words, habits in HABITS.items():
        for habit in habits:
            assert post(url, [*pairs, ("oauth_signature", habit(url, pairs, key))]).status_code == 403, words
            if words not in diagnosis(site):
                unnamed.append((words, diagnosis(site)))
    assert unnamed == []
    assert post(url, [*pairs, ("oauth_signature", made(url, pairs, key))]).status_code == 302
    assert diagnosis(site) == ""


def test_another_secret_in_place_of_the_token_secret(site: Site, pairs: Pairs) -> None:
    url, key = site.info.launch_url, site.info.consumer_secret
    joint = f"{rfc3986(key)}&{rfc3986(site.info.api_key)}"
    assert post(url, [*pairs, ("oauth_signature", made(url, pairs, key, key=joint))]).status_code == 403
    assert "in place of the token secret stands an API key of the user" in diagnosis(site)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "lms.school.edu", "X-Forwarded-Proto": "https"},
        {"Referer": "https://lms.school.edu/course/1"},
        {"Origin": "https://lms.school.edu"},
    ],
)
def test_an_address_that_a_header_names(site: Site, pairs: Pairs, headers: dict[str, str]) -> None:
    outside = f"https://lms.school.edu{urlsplit(site.info.launch_url).path}"
    signed = [*pairs, ("oauth_signature", made(outside, pairs, site.info.consumer_secret))]
    assert httpx.post(site.info.launch_url, data=dict(signed), headers=headers).status_code == 403
    assert f"{outside} was signed instead of" in diagnosis(site)
    assert httpx.post(site.info.launch_url, data=dict(signed)).status_code == 403
    assert "no known mistake reproduces" in diagnosis(site)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("oauth_signature_method", "HmacSHA1", "the name is written HMAC-SHA1"),
        ("oauth_signature_method", "AES", "OAuth 1.0 has no method 'AES'"),
        ("oauth_signature_method", "", "no oauth_signature_method was sent"),
        ("oauth_version", "1.0a", "write the version 1.0 or leave it out"),
        ("oauth_nonce", "", "oauth_nonce was sent, but is empty"),
    ],
)
def test_a_field_of_oauth(site: Site, pairs: Pairs, name: str, value: str, words: str) -> None:
    changed = [(field, value if field == name else sent) for field, sent in pairs]
    signature = made(site.info.launch_url, changed, site.info.consumer_secret)
    assert post(site.info.launch_url, [*changed, ("oauth_signature", signature)]).status_code == 400
    assert words in diagnosis(site)


def test_a_body_that_is_no_form(site: Site, pairs: Pairs) -> None:
    url = site.info.launch_url
    good = [*pairs, ("oauth_signature", made(url, pairs, site.info.consumer_secret))]
    form, plain = urlencode(good), "&".join(f"{name}={value}" for name, value in good)
    bodies: dict[str, tuple[bytes, dict[str, str]]] = {
        "the body is compressed (gzip)": (gzip.compress(form.encode()), FORM | {"Content-Encoding": "gzip"}),
        "begins with a byte order mark": (b"\xef\xbb\xbf" + form.encode(), FORM),
        "the body is in UTF-16": (form.encode("utf-16"), FORM),
        "joined by `&amp;`": (form.replace("&", "&amp;").encode(), FORM),
        "joined by `;`": (form.replace("&", ";").encode(), FORM),
        "joined by line breaks": (form.replace("&", "\r\n").encode(), FORM),
        "the form is not UTF-8": (urlencode(good, encoding="latin-1", errors="replace").encode(), FORM),
        "the form was not percent-encoded: ": (plain.encode(), FORM),
        "FormData": (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
        "was sent as text/plain": (form.encode(), {"Content-Type": "text/plain;charset=UTF-8"}),
        "no Content-Type was sent": (form.encode(), {}),
    }
    unnamed = []
    for words, (body, headers) in bodies.items():
        assert httpx.post(url, content=body, headers=headers).status_code >= 400, words
        if words not in diagnosis(site):
            unnamed.append((words, diagnosis(site)))
    assert unnamed == []
    assert httpx.post(url, content=form, headers=FORM).status_code == 302
    assert diagnosis(site) == ""


def test_the_same_at_another_tool(site: Site) -> None:
    """LTIAAS reads such forms by code of its own."""
    info = site.lms.ltiaas
    url = f"{info.url}/lti/launch"
    pairs = [(n, info.consumer_key if n == "oauth_consumer_key" else v) for n, v in fields(site)]
    good = [*pairs, ("oauth_signature", made(url, pairs, info.consumer_secret))]
    form = urlencode(good)
    for words, body, headers in (
        ("the body is compressed (gzip)", gzip.compress(form.encode()), FORM),
        ("begins with a byte order mark", b"\xef\xbb\xbf" + form.encode(), FORM),
        ("joined by `&amp;`", form.replace("&", "&amp;").encode(), FORM),
        ("the form is not UTF-8", urlencode(good, encoding="latin-1", errors="replace").encode(), FORM),
        ("FormData", b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("LTI puts them in the form", b"lti_message_type=x", FORM | {"Authorization": "OAuth a=b"}),
    ):
        assert httpx.post(url, content=body, headers=headers).status_code >= 400
        assert words in diagnosis(site) or "id_token" in diagnosis(site), (words, diagnosis(site))
    assert httpx.post(url, content=form, headers=FORM).status_code == 302
