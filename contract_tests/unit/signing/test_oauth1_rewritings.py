"""Other ways to write and sort the fields of an OAuth 1.0 message, each as its platform makes it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest

from lms_emulator.signing import oauth1_rewritings as rewritten
from lms_emulator.signing.oauth1_signing import Signing

Pairs = tuple[tuple[str, str], ...]


def signing(*pairs: tuple[str, str]) -> Signing:
    return Signing(method="POST", url="http://lms.example/", pairs=pairs, secret="s", memo={})


def made(change: Callable[[Signing], object], *pairs: tuple[str, str]) -> list[tuple[Pairs, str]]:
    """What is signed instead, and the detail that is told of it."""
    changed = change(signing(*pairs))
    assert isinstance(changed, list) or hasattr(changed, "__next__")
    return [(other.pairs, other.detail) for other in changed]


def test_values_with_entities() -> None:
    """As Python, PHP and others write quotation marks; `&` first, so that no entity is escaped itself."""
    found = {pairs[0][1] for pairs, _ in made(rewritten.escaped_for_html, ("title", "<'&\">"))}
    marks = [(single, double) for single in ("&#x27;", "&#039;", "&#39;", "'") for double in ("&quot;", "&#34;", '"')]
    assert found == {f"&lt;{single}&amp;{double}&gt;" for single, double in marks}


def test_texts_in_another_charset() -> None:
    assert rewritten.reread("Zoë") == "ZoÃ«"
    assert rewritten.reread("\ud800") == "í\xa0\x80"
    assert rewritten.read_back("ZoÃ«") == "Zoë"
    assert rewritten.read_back("Zoë") == "Zoë"
    assert rewritten.read_back("李") == "李"
    assert (rewritten.in_ascii("replace")("Zoë"), rewritten.in_ascii("ignore")("Zoë")) == ("Zo?", "Zo")


@pytest.mark.parametrize(("name", "mark"), [("utf-16-be", b"\xfe\xff"), ("utf-16-le", b"")])
def test_a_digest_over_utf_16(name: str, mark: bytes) -> None:
    key, text = (mark + value.encode(name) for value in ("s&", "POST&é"))
    expected = hmac.new(key, text, hashlib.sha1).digest()
    assert rewritten.in_utf16(name)(b"s&", "POST&é".encode()) == expected


def test_blank_fields_that_were_not_sent() -> None:
    sent = ("roles", "Learner"), ("context_id", "7")
    found = made(rewritten.blanks_not_sent, *sent)
    assert ((*sent, ("user_id", "")), "user_id") in found
    assert ((*sent, ("context_label", ""), ("context_title", "")), "context_label, context_title") in found
    added = [pairs[2:] for pairs, _ in found]
    assert {len(pairs) for pairs in added} == {1, 2}
    assert len(set(added)) == len(added)
    assert not [pairs for pairs in added if {"roles", "context_id"} & {name for name, _ in pairs}]
    assert len(added) == 23 + 23 * 22 // 2


def test_names_as_before_php_read_them() -> None:
    sent = ("lti_version", "1"), ("custom_a_b", "2"), ("ext_c", "3"), ("other_d", "4")
    names = {tuple(name for name, _ in pairs): detail for pairs, detail in made(rewritten.underscored, *sent)}
    kept = ("lti_version", "other_d")
    assert names == {
        **{(kept[0], f"custom{mark}a_b", "ext_c", kept[1]): "custom_a_b" for mark in ". "},
        **{(kept[0], f"custom_a{mark}b", "ext_c", kept[1]): "custom_a_b" for mark in ". "},
        **{(kept[0], "custom_a_b", f"ext{mark}c", kept[1]): "ext_c" for mark in ". "},
    }
    assert {value for pairs, _ in made(rewritten.underscored, *sent) for _, value in pairs} == {"1", "2", "3", "4"}


def test_fields_of_oauth_in_other_letters() -> None:
    guid = "0123456789ABCDEF0123456789abcdef"
    dashed = "01234567-89AB-CDEF-0123-456789abcdef"
    sent = ("title", "Ada"), ("oauth_nonce", guid), ("roles", "Learner")
    found = made(rewritten.oauth_rewritten, *sent)
    assert [(pairs[0], pairs[2], detail) for pairs, detail in found] == [(sent[0], sent[2], "oauth_nonce")] * 4
    assert [pairs[1] for pairs, _ in found] == [
        ("oauth_nonce", value) for value in (guid.lower(), guid.upper(), dashed, f"{guid}.0")
    ]
    assert [pairs[0][1] for pairs, _ in made(rewritten.oauth_rewritten, ("oauth_timestamp", "17"))] == ["17.0"]


@pytest.mark.parametrize(
    ("number", "value", "expected"),
    [
        (0, " a \n b\t", "a b"),
        (1, "a\tb", "a    b"),
        (2, "‘a’ “b”", "'a' \"b\""),
        (3, "a,b", "a, b"),
        (4, "a, b", "a,b"),
        (5, "17", "17.0"),
        (5, "17a", "17a"),
        (6, "0017", "17"),
        (6, "00a", "00a"),
    ],
)
def test_what_becomes_of_a_value(number: int, value: str, expected: str) -> None:
    assert rewritten.REWRITINGS[number](value) == expected


def test_natural_order() -> None:
    names = ("a10", "a9", "B1", "b02", "a")
    encoded = [(name, "", name, "") for name in names]
    orders = [made.order(encoded) for made in rewritten.naturally(signing())]
    assert [[name for name, *_ in order] for order in orders] == [
        ["B1", "a", "a9", "a10", "b02"],
        ["a", "a9", "a10", "B1", "b02"],
    ]
    letters = [(name, "", name, "") for name in ("aa", "a_b", "9z")]
    assert [name for name, *_ in rewritten.naturally(signing())[1].order(letters)] == ["9z", "a_b", "aa"]
    same = [("a", "2", "a", "2"), ("a", "1", "a", "1")]
    assert rewritten.naturally(signing())[0].order(same) == same[::-1]
