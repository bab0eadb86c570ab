"""How far the search for a mistake goes, and what it takes from the caller."""

from __future__ import annotations

import pytest

from lms_emulator.signing import oauth1
from lms_emulator.signing.diagnosis import Diagnosis
from lms_emulator.signing.oauth1_diagnosis import LARGEST, MESSAGES, TOO_LONG, WORK, explain

URL = "http://lms.example/launch/"
SECRET = "s3cr3t"
PAIRS = [("b", " 2"), ("oauth_consumer_key", "key"), ("oauth_signature", "not signed itself")]
FRAME = 200
"""Characters of a base string beside its parameters, roughly: method, URL, escapes."""


def signed(url: str = URL, secret: str = SECRET, pairs: list[tuple[str, str]] = PAIRS) -> str:
    return oauth1.sign("POST", url, pairs, secret)


def sized(size: int) -> list[tuple[str, str]]:
    """Parameters which count as `size` characters: each name, value, and what joins them."""
    return [("ab", "cde"), ("x", "y" * (size - FRAME - 7 - 3))]


def test_a_signature_among_the_parameters_is_no_parameter() -> None:
    found = explain(signed("http://lms.example/launch"), "POST", URL, PAIRS, SECRET)
    assert found == Diagnosis(names=("url_without_slash",), texts=("the URL was signed without its trailing slash",))


@pytest.mark.parametrize(("more", "found"), [(0, True), (1, False)])
def test_the_largest_request_that_is_looked_into(more: int, found: bool) -> None:
    pairs = sized(LARGEST + more)
    received = signed("http://lms.example/launch", pairs=pairs)
    assert (explain(received, "POST", URL, pairs, SECRET) is not None) == found
    # A signature among the parameters does not count.
    pairs.append(("oauth_signature", "y" * LARGEST))
    assert (explain(received, "POST", URL, pairs, SECRET) is not None) == found


@pytest.mark.parametrize(("size", "messages"), [(300, MESSAGES), (LARGEST, WORK // LARGEST), (30_011, WORK // 30_011)])
def test_as_many_base_strings_as_the_work_allows(size: int, messages: int) -> None:
    pairs = sized(size)
    suspects = {f"suspect {i}": f"http://lms.example/{i}" for i in range(1, messages + 2)}
    last = signed(f"http://lms.example/{messages}", pairs=pairs)
    found = explain(last, "POST", URL, pairs, SECRET, other_urls=suspects)
    assert found == Diagnosis(names=("other_url",), texts=(f"suspect {messages}",))
    beyond = signed(f"http://lms.example/{messages + 1}", pairs=pairs)
    assert explain(beyond, "POST", URL, pairs, SECRET, other_urls=suspects) is TOO_LONG


def test_the_callers_suspicions_come_with_one_mistake_of_another_kind() -> None:
    urls, secrets = {"the other URL was signed": "http://Other/"}, {"the other secret was used": " Other"}

    def why(received: str) -> Diagnosis | None:
        return explain(received, "POST", URL, PAIRS, SECRET, other_urls=urls, other_secrets=secrets)

    assert why(signed("http://Other/")) == Diagnosis(names=("other_url",), texts=tuple(urls))
    assert why(signed(secret=" Other")) == Diagnosis(names=("other_secret",), texts=tuple(secrets))
    both = Diagnosis(names=("other_url", "other_secret"), texts=(*urls, *secrets))
    assert why(signed("http://Other/", " Other")) == both
    assert str(both) == "the other URL was signed; and the other secret was used"
    trimmed = [(name, value.strip()) for name, value in PAIRS]
    assert why(signed("http://Other/", pairs=trimmed)) == Diagnosis(
        names=("other_url", "trimmed"),
        texts=("the other URL was signed", "values were trimmed before signing but not in the form"),
    )
    assert str(why(signed("http://Other//"))) == (
        "the other URL was signed; and the path was signed with two leading slashes"
    )
    # Two mistakes with the secret would be one mistake of a kind that nobody makes.
    assert why(signed(secret="Other")) is None


def test_two_mistakes_of_the_table_exclude_each_other_on_one_axis() -> None:
    # Without its port, and with www.: both are of the host.
    assert explain(signed("http://www.lms.example:80//launch/"), "POST", URL, PAIRS, SECRET) is not None
    found = explain(signed("https://lms.example/launch"), "POST", URL, PAIRS, SECRET)
    assert found is not None
    assert found.names == ("url_without_slash", "url_other_scheme")
    assert explain(signed("https://www.lms.example/launch/"), "POST", URL, PAIRS, SECRET) is None
    found = explain(signed("http://lms.example/launch", SECRET + "\n"), "POST", URL, PAIRS, SECRET)
    assert found == Diagnosis(
        names=("url_without_slash", "secret_with_newline"),
        texts=("the URL was signed without its trailing slash", "the secret was used with a newline at its end"),
    )
