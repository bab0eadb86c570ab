"""Encodings of other platforms, by the texts that these platforms make."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lms_emulator.signing import encoders

ODD, LONE = "aZ09-._ ~*!'()/+%&=@ü€", "\udcff"
"""What platforms escape differently, and half of a surrogate pair."""


@pytest.mark.parametrize(
    ("encode", "text", "expected"),
    [
        # OpenJDK, java.net.URLEncoder: letters, digits and .-*_ stay, a space becomes +
        (encoders.java, ODD, "aZ09-._+%7E*%21%27%28%29%2F%2B%25%26%3D%40%C3%BC%E2%82%AC"),
        # https://www.php.net/manual/en/function.urlencode.php: all but -_. and alphanumerics, spaces as +
        (encoders.php, ODD, "aZ09-._+%7E%2A%21%27%28%29%2F%2B%25%26%3D%40%C3%BC%E2%82%AC"),
        # dotnet/runtime HttpEncoderUtility.IsUrlSafeChar: -_.!*() stay, hex digits are lower-case
        (encoders.dotnet, ODD, "aZ09-._+%7e*!%27()%2f%2b%25%26%3d%40%c3%bc%e2%82%ac"),
        # ECMA-262, B.2.1.1: @*_+-./ stay, %uXXXX beyond Latin-1
        (encoders.javascript, ODD, "aZ09-._%20%7E*%21%27%28%29/+%25%26%3D@%FC%u20AC"),
        (encoders.lower_hex, ODD, "aZ09-._%20~%2a%21%27%28%29%2f%2b%25%26%3d%40%c3%bc%e2%82%ac"),
        (encoders.latin1, ODD, "aZ09-._%20~%2A%21%27%28%29%2F%2B%25%26%3D%40%FC%3F"),
        (encoders.encoded_tilde, ODD, "aZ09-._%20%7E%2A%21%27%28%29%2F%2B%25%26%3D%40%C3%BC%E2%82%AC"),
        (encoders.java, LONE, "%ED%B3%BF"),
        (encoders.php, LONE, "%ED%B3%BF"),
        (encoders.dotnet, LONE, "%ed%b3%bf"),
        (encoders.javascript, LONE, "%uDCFF"),
    ],
)
def test_each_platform_escapes_in_its_own_way(encode: Callable[[str], str], text: str, expected: str) -> None:
    assert encode(text) == expected


def test_javascript_escapes_utf_16_units() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    assert encoders.javascript(letters) == letters
    assert encoders.javascript("😀") == "%uD83D%uDE00"
    assert encoders.javascript("\x7f\x80ÿĀ") == "%7F%80%FF%u0100"


def test_all_parts_of_a_base_string_are_encoded() -> None:
    assert encoders.base_lower_hex("POST", "http://h/ü", "a=1%20&b") == "POST&http%3a%2f%2fh%2f%c3%bc&a%3d1%2520%26b"
