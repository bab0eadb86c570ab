"""Encodings of other platforms, by the texts that these platforms make."""

from __future__ import annotations

import pytest

from lms_emulator.signing import encoders

ODD = "aZ09-._ ~*!'()/+%&=@ü€"


@pytest.mark.parametrize(
    ("encode", "expected"),
    [
        # OpenJDK, java.net.URLEncoder: letters, digits and .-*_ stay, a space becomes +
        (encoders.java, "aZ09-._+%7E*%21%27%28%29%2F%2B%25%26%3D%40%C3%BC%E2%82%AC"),
        # https://www.php.net/manual/en/function.urlencode.php: all but -_. and alphanumerics, spaces as +
        (encoders.php, "aZ09-._+%7E%2A%21%27%28%29%2F%2B%25%26%3D%40%C3%BC%E2%82%AC"),
        # dotnet/runtime HttpEncoderUtility.IsUrlSafeChar: -_.!*() stay, hex digits are lower-case
        (encoders.dotnet, "aZ09-._+%7e*!%27()%2f%2b%25%26%3d%40%c3%bc%e2%82%ac"),
        # ECMA-262, B.2.1.1: @*_+-./ stay, %uXXXX beyond Latin-1
        (encoders.javascript, "aZ09-._%20%7E*%21%27%28%29/+%25%26%3D@%FC%u20AC"),
        (encoders.lower_hex, "aZ09-._%20~%2a%21%27%28%29%2f%2b%25%26%3d%40%c3%bc%e2%82%ac"),
        (encoders.latin1, "aZ09-._%20~%2A%21%27%28%29%2F%2B%25%26%3D%40%FC%3F"),
        (encoders.encoded_tilde, "aZ09-._%20%7E%2A%21%27%28%29%2F%2B%25%26%3D%40%C3%BC%E2%82%AC"),
    ],
)
def test_each_platform_escapes_in_its_own_way(encode: object, expected: str) -> None:
    assert callable(encode)
    assert encode(ODD) == expected


def test_javascript_escapes_utf_16_units() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    assert encoders.javascript(letters) == letters
    assert encoders.javascript("😀") == "%uD83D%uDE00"
    assert encoders.javascript("\x7f\x80ÿĀ") == "%7F%80%FF%u0100"


@pytest.mark.parametrize(
    ("encode", "expected"),
    [
        (encoders.java, "%ED%B3%BF"),
        (encoders.php, "%ED%B3%BF"),
        (encoders.dotnet, "%ed%b3%bf"),
        (encoders.javascript, "%uDCFF"),
    ],
)
def test_a_lone_surrogate_can_be_encoded(encode: object, expected: str) -> None:
    assert callable(encode)
    assert encode("\udcff") == expected


def test_all_parts_of_a_base_string_are_encoded() -> None:
    assert encoders.base_lower_hex("POST", "http://h/ü", "a=1&b") == "POST&http%3a%2f%2fh%2f%c3%bc&a%3d1%26b"
