"""`lms-emulator sign learningstudio-assertion` and `learningstudio-oauth1`: what a correct client would send."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from lms_emulator.core.clock import parse_instant, wall
from lms_emulator.core.errors import UsageError
from lms_emulator.core.ids import Ids
from lms_emulator.core.worlds.file import section
from lms_emulator.providers.learningstudio import provider
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.signing.cmac import KEY_LENGTHS
from lms_emulator.signing.pearson import (
    ASSERTION_TYPE_SOURCED_ID,
    ASSERTION_TYPE_USERNAME,
    Assertion,
    format_timestamp,
)
from lms_emulator.signing.pearson_oauth1 import SignedRequest, authorization, base_string, signature

DEFAULT_URL = "http://127.0.0.1:8083"


def assertion_request(assertion: Assertion, secret: str, *, sourced_id: bool, url: str) -> dict[str, str]:
    """The request that gets a token for an assertion, and its parts by name.

    Parameters:
        secret: the campus's shared secret, 16, 24 or 32 characters.
        sourced_id: whether the assertion names the user by sourced id.
        url: scheme and host of the emulator (or of the real service).

    Returns the signed string, the signature in hex, the signed assertion, the form, and the request as a curl command.
    """
    signed = assertion.signed(secret)
    fields = {
        "grant_type": "assertion",
        "assertion_type": ASSERTION_TYPE_SOURCED_ID if sourced_id else ASSERTION_TYPE_USERNAME,
        "assertion": signed,
    }
    form = urlencode(fields, quote_via=quote, safe="")
    return {
        "signed string": assertion.text,
        "signature": assertion.signature(secret),
        "assertion": signed,
        "form": form,
        "curl": f"curl -sS {shlex.quote(url + '/token')} -d {shlex.quote(form)}",
    }


def oauth1_request(request: SignedRequest, secret: str, *, url: str) -> dict[str, str]:
    """A request signed with OAuth 1.0a, and its parts by name; parameters as for `assertion_request`.

    Returns the base string, the signature in Base64, the value of X-Authorization, and the request as a curl command.
    """
    base = base_string(request)
    header = authorization(request, secret, realm=url + request.path)
    target = url + request.path + (f"?{request.query}" if request.query else "")
    command = ["curl", "-sS", "-X", request.method, target, "-H", f"X-Authorization: {header}"]
    if request.signs_body:
        command += ["-H", "Content-Type: application/json", "--data-binary", request.body.decode("utf-8", "replace")]
    return {"base": base, "signature": signature(secret, base), "header": header, "curl": shlex.join(command)}


# --- command line ---
def add_commands(subparsers: Any) -> None:
    """Register both commands with `lms-emulator sign`."""
    assertion = subparsers.add_parser(
        "learningstudio-assertion",
        help="LearningStudio: a signed assertion, and the request that exchanges it for a token",
        description="Print a signed OAuth 2 assertion, and the POST /token that exchanges it for an access token.",
    )
    assertion.add_argument("--username", help="login id of the user (default: the world's first in the campus)")
    assertion.add_argument("--sourced-id", help="name the user by sourced id, with the second assertion type")
    assertion.add_argument("--timestamp", help="YYYY-MM-DDTHH:MM:SSZ (default: now)")
    _add_keys(assertion, ("all", "assertion", "signature", "form", "curl", "json"))
    assertion.set_defaults(run=_run_assertion)
    oauth1 = subparsers.add_parser(
        "learningstudio-oauth1",
        help="LearningStudio: the X-Authorization header of a request signed with OAuth 1.0a",
        description="Print the OAuth 1.0a (CMAC-AES) header of one request.",
    )
    oauth1.add_argument("method", help="GET, POST, PUT or DELETE")
    oauth1.add_argument("path", help="path and query, percent-encoded as they will be sent: /users/1?expand=course")
    oauth1.add_argument("--body", default="", help="body of a POST or PUT (@FILE reads a file)")
    oauth1.add_argument("--timestamp", help="seconds since 1970, or YYYY-MM-DDTHH:MM:SSZ (default: now)")
    oauth1.add_argument("--nonce", help="at most 32 letters and digits (default: random)")
    _add_keys(oauth1, ("all", "header", "signature", "base", "curl", "json"))
    oauth1.set_defaults(run=_run_oauth1)


def _add_keys(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    parser.add_argument("--application-id", help="GUID of the application")
    parser.add_argument("--application-name", help="name of the application; any text (assertion only)")
    parser.add_argument("--consumer-key", help="GUID of the campus's key (token key moniker)")
    parser.add_argument("--shared-secret", help="16, 24 or 32 characters")
    parser.add_argument("--client-string", help="the campus (default: the world's first)")
    parser.add_argument(
        "--world", default="demo", metavar="demo|FILE", help="the world that supplies what is not given (default: demo)"
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("LMS_EMULATOR_LEARNINGSTUDIO_URL", DEFAULT_URL),
        help=f"scheme and host (default: LMS_EMULATOR_LEARNINGSTUDIO_URL, else {DEFAULT_URL})",
    )
    parser.add_argument("--print", dest="form", choices=formats, default="all", help="print only this part")


class _Keys(NamedTuple):
    application_id: str
    application_name: str
    consumer_key: str
    shared_secret: str
    client_string: str
    user: User | None


def _keys(args: argparse.Namespace) -> _Keys:
    world = section(args.world, provider)
    campuses = {campus.client_string: campus for campus in world.campuses}
    campus = campuses.get(args.client_string or next(iter(campuses), ""))
    application = world.applications[0] if world.applications else None
    keys = _Keys(
        application_id=args.application_id or (application.id if application else ""),
        application_name=args.application_name or (application.name if application else "") or "App",
        consumer_key=args.consumer_key or (campus.consumer_key if campus else ""),
        shared_secret=args.shared_secret or (campus.shared_secret if campus else ""),
        client_string=args.client_string or (campus.client_string if campus else ""),
        user=next((user for user in world.users if campus and user.client_string == campus.client_string), None),
    )
    for name in ("application_id", "consumer_key", "shared_secret", "client_string"):
        if not getattr(keys, name):
            raise UsageError(f"give --{name.replace('_', '-')}: the world `{args.world}` has none")
    size = len(keys.shared_secret.encode())
    if size not in KEY_LENGTHS:
        raise UsageError(f"--shared-secret: its characters are the AES key: 16, 24 or 32 of them, not {size}")
    return keys


def _run_assertion(args: argparse.Namespace) -> int:
    keys = _keys(args)
    username = args.sourced_id or args.username or (keys.user.username if keys.user else "")
    if not username:
        raise UsageError(f"give --username: the world `{args.world}` has nobody in this campus")
    assertion = Assertion(
        application_name=keys.application_name,
        consumer_key=keys.consumer_key,
        application_id=keys.application_id,
        client_string=keys.client_string,
        username=username,
        timestamp=args.timestamp or format_timestamp(datetime.fromtimestamp(int(wall()), UTC)),
    )
    if assertion.text.count("|") != 5:
        raise UsageError("no field of an assertion can contain a |")
    url, sourced_id = args.url.rstrip("/"), args.sourced_id is not None
    _show(args.form, assertion_request(assertion, keys.shared_secret, sourced_id=sourced_id, url=url))
    return 0


def _run_oauth1(args: argparse.Namespace) -> int:
    keys = _keys(args)
    if not args.path.startswith("/"):
        raise UsageError(f"`{args.path}` is not a path; write /users/4433390, without scheme and host")
    if any(character in args.path for character in "| \\") or not args.path.isascii():
        raise UsageError("percent-encode the path as it will be sent (| is %7C, a space %20)")
    path, _, query = args.path.partition("?")
    request = SignedRequest(
        method=args.method.upper(),
        path=path,
        query=query,
        body=_body(args.body),
        application_id=keys.application_id,
        consumer_key=keys.consumer_key,
        timestamp=_seconds(args.timestamp),
        nonce=args.nonce or Ids().alnum(32),
    )
    _show(args.form, oauth1_request(request, keys.shared_secret, url=args.url.rstrip("/")))
    return 0


def _body(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise UsageError(f"--body {text}: {error}") from None


def _seconds(text: str | None) -> str:
    if text is None:
        return str(int(wall()))
    if text.isascii() and text.isdigit():
        return text
    try:
        return str(int(parse_instant(text).timestamp()))
    except ValueError as error:
        raise UsageError(f"--timestamp: {error}") from None


def _show(form: str, parts: Mapping[str, str]) -> None:
    if form == "json":
        print(msgspec.json.encode({name.replace(" ", "_"): text for name, text in parts.items()}).decode())
    elif form == "all":
        for name, text in parts.items():
            label = "X-Authorization" if name == "header" else name
            print(f"{label}:\n  {text}\n")
    else:
        print(parts[form])
