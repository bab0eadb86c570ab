"""`lms-emulator sign learningstudio-assertion` and `… learningstudio-oauth1`: what a correct client would send."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from lms_emulator.core.clock import parse_instant, wall
from lms_emulator.core.errors import UsageError
from lms_emulator.core.ids import Ids
from lms_emulator.providers.learningstudio.model import Campus, Section, User
from lms_emulator.signing.cmac import KEY_LENGTHS
from lms_emulator.signing.pearson import (
    ASSERTION_TYPE_SOURCED_ID,
    ASSERTION_TYPE_USERNAME,
    Assertion,
    format_timestamp,
)
from lms_emulator.signing.pearson_oauth1 import SignedRequest, authorization, base_string, signature

DEFAULT_URL = "http://127.0.0.1:8083"


@dataclass(frozen=True, kw_only=True)
class SignedAssertionRequest:
    """A request for a token.

    Attributes:
        signed_string: what the signature covers.
        signature: 32 hex digits.
        assertion: the signed assertion.
        form: the body of POST /token, percent-encoded.
        curl: the same as a command.
    """

    signed_string: str
    signature: str
    assertion: str
    form: str
    curl: str


def assertion_request(assertion: Assertion, secret: str, *, sourced_id: bool, url: str) -> SignedAssertionRequest:
    """The request that gets a token for an assertion.

    Parameters:
        secret: the campus's shared secret, 16, 24 or 32 characters.
        sourced_id: whether the assertion names the user by sourced id.
        url: scheme and host of the emulator (or of the real service).
    """
    fields = {
        "grant_type": "assertion",
        "assertion_type": ASSERTION_TYPE_SOURCED_ID if sourced_id else ASSERTION_TYPE_USERNAME,
        "assertion": assertion.signed(secret),
    }
    form = urlencode(fields, quote_via=quote, safe="")
    return SignedAssertionRequest(
        signed_string=assertion.text,
        signature=assertion.signature(secret),
        assertion=fields["assertion"],
        form=form,
        curl=f"curl -sS {shlex.quote(url + '/token')} -d {shlex.quote(form)}",
    )


@dataclass(frozen=True, kw_only=True)
class SignedOAuth1Request:
    """A request signed with OAuth 1.0a.

    Attributes:
        base: the base string.
        signature: Base64.
        header: value of X-Authorization.
        curl: the request as a command.
    """

    base: str
    signature: str
    header: str
    curl: str


def oauth1_request(request: SignedRequest, secret: str, *, url: str) -> SignedOAuth1Request:
    """A request with its header; parameters as of `assertion_request`."""
    base = base_string(request)
    header = authorization(request, secret, realm=url + request.path)
    target = url + request.path + (f"?{request.query}" if request.query else "")
    command = ["curl", "-sS", "-X", request.method, target, "-H", f"X-Authorization: {header}"]
    if request.signs_body:
        command += ["-H", "Content-Type: application/json", "--data-binary", request.body.decode("utf-8", "replace")]
    return SignedOAuth1Request(base=base, signature=signature(secret, base), header=header, curl=shlex.join(command))


# --- command line ---
def add_commands(subparsers: Any) -> None:
    """Register both commands with `lms-emulator sign`."""
    assertion = subparsers.add_parser(
        "learningstudio-assertion",
        help="LearningStudio: a signed assertion and the request for a token",
        description="Print a signed OAuth 2 assertion, and the POST /token that changes it for an access token.",
    )
    assertion.add_argument("--username", help="login id (default: the demo world's student)")
    assertion.add_argument("--sourced-id", help="name the user by sourced id, with the second assertion type")
    assertion.add_argument("--timestamp", help="YYYY-MM-DDTHH:MM:SSZ (default: now)")
    _add_keys(assertion, ("all", "assertion", "signature", "form", "curl", "json"))
    assertion.set_defaults(run=_run_assertion)
    oauth1 = subparsers.add_parser(
        "learningstudio-oauth1",
        help="LearningStudio: the X-Authorization header of a request signed with OAuth 1.0a",
        description="Print the OAuth 1.0a (CMAC-AES) header of one request.",
    )
    oauth1.add_argument("method", help="GET, POST, PUT, DELETE")
    oauth1.add_argument("path", help="path and query, percent-encoded as it will be sent: /users/4433390?expand=course")
    oauth1.add_argument("--body", default="", help="body of a POST or PUT (@FILE reads a file)")
    oauth1.add_argument("--timestamp", help="seconds since 1970, or YYYY-MM-DDTHH:MM:SSZ (default: now)")
    oauth1.add_argument("--nonce", help="at most 32 letters and digits (default: random)")
    _add_keys(oauth1, ("all", "header", "signature", "base", "curl", "json"))
    oauth1.set_defaults(run=_run_oauth1)


def _add_keys(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    parser.add_argument("--application-id", help="GUID of the application")
    parser.add_argument("--application-name", help="free text (assertion only)")
    parser.add_argument("--consumer-key", help="GUID of the campus's key (token key moniker)")
    parser.add_argument("--shared-secret", help="16, 24 or 32 characters")
    parser.add_argument("--client-string", help="the campus; also picks it from the world")
    parser.add_argument(
        "--world", default="demo", metavar="demo|FILE", help="where keys that are not given come from (default demo)"
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("LMS_EMULATOR_LEARNINGSTUDIO_URL", DEFAULT_URL),
        help=f"scheme and host (default LMS_EMULATOR_LEARNINGSTUDIO_URL, else {DEFAULT_URL})",
    )
    parser.add_argument("--print", dest="form", choices=formats, default="all", help="only this part")


@dataclass(frozen=True, kw_only=True)
class _Keys:
    application_id: str
    application_name: str
    consumer_key: str
    shared_secret: str
    client_string: str
    user: User | None


def _keys(args: argparse.Namespace) -> _Keys:
    section = _section(args.world)
    campus = _campus(section, args.client_string)
    application = section.applications[0] if section.applications else None
    made = _Keys(
        application_id=args.application_id or (application.id if application else ""),
        application_name=args.application_name or (application.name if application else "") or "App",
        consumer_key=args.consumer_key or (campus.consumer_key if campus else ""),
        shared_secret=args.shared_secret or (campus.shared_secret if campus else ""),
        client_string=args.client_string or (campus.client_string if campus else ""),
        user=next((user for user in section.users if campus and user.client_string == campus.client_string), None),
    )
    for name in ("application_id", "consumer_key", "shared_secret", "client_string"):
        if not getattr(made, name):
            raise UsageError(f"give --{name.replace('_', '-')}; the world `{args.world}` has none")
    if len(made.shared_secret.encode()) not in KEY_LENGTHS:
        raise UsageError(
            f"--shared-secret: its characters are the AES key, so it has 16, 24 or 32; this one has "
            f"{len(made.shared_secret.encode())}"
        )
    return made


def _campus(section: Section, client_string: str | None) -> Campus | None:
    campuses = {campus.client_string: campus for campus in section.campuses}
    if client_string is not None:
        return campuses.get(client_string)
    return next(iter(campuses.values()), None)


def _section(world: str) -> Section:
    import tomllib
    from importlib import resources

    if world == "demo":
        text = resources.files(__package__ or "").joinpath("demo.toml").read_text("utf-8")
        return msgspec.convert(tomllib.loads(text), Section)
    try:
        text = Path(world).read_text("utf-8")
        data = msgspec.json.decode(text) if world.endswith(".json") else tomllib.loads(text)
        return msgspec.convert(data.get("learningstudio", {}), Section)
    except (OSError, ValueError, msgspec.MsgspecError, AttributeError) as error:
        raise UsageError(f"{world}: {error}") from None


def _now() -> datetime:
    return datetime.fromtimestamp(int(wall()), UTC)


def _run_assertion(args: argparse.Namespace) -> int:
    keys = _keys(args)
    username = args.sourced_id or args.username or (keys.user.username if keys.user else "")
    if not username:
        raise UsageError(f"give --username; the world `{args.world}` has nobody in this campus")
    assertion = Assertion(
        application_name=keys.application_name,
        consumer_key=keys.consumer_key,
        application_id=keys.application_id,
        client_string=keys.client_string,
        username=username,
        timestamp=args.timestamp or format_timestamp(_now()),
    )
    if "|" in assertion.text.replace("|", "", 5):
        raise UsageError("no field of an assertion can have a | in it")
    made = assertion_request(
        assertion, keys.shared_secret, sourced_id=args.sourced_id is not None, url=args.url.rstrip("/")
    )
    _show(
        args.form,
        {
            "signed string": made.signed_string,
            "signature": made.signature,
            "assertion": made.assertion,
            "form": made.form,
            "curl": made.curl,
        },
    )
    return 0


def _run_oauth1(args: argparse.Namespace) -> int:
    keys = _keys(args)
    if not args.path.startswith("/"):
        raise UsageError(f"`{args.path}` is no path; write /users/4433390, without scheme and host")
    if any(character in args.path for character in "| \\") or not args.path.isascii():
        raise UsageError("percent-encode the path as it will be sent (| is %7C, a blank %20)")
    path, _, query = args.path.partition("?")
    body = _body(args.body)
    request = SignedRequest(
        method=args.method.upper(),
        path=path,
        query=query,
        body=body,
        application_id=keys.application_id,
        consumer_key=keys.consumer_key,
        timestamp=_seconds(args.timestamp),
        nonce=args.nonce or Ids().alnum(32),
    )
    made = oauth1_request(request, keys.shared_secret, url=args.url.rstrip("/"))
    _show(
        args.form,
        {
            "base": made.base,
            "signature": made.signature,
            "header": made.header,
            "curl": made.curl,
        },
    )
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
