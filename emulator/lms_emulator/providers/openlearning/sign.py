"""`lms-emulator sign openlearning-launch`: the launch form that a correct LTI 1.1 consumer would post."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

import msgspec

from lms_emulator.core.clock import wall
from lms_emulator.core.errors import UsageError
from lms_emulator.core.ids import Ids
from lms_emulator.core.state.store import StoreSeed
from lms_emulator.core.worlds.file import section
from lms_emulator.providers.openlearning import provider
from lms_emulator.providers.openlearning.info import Info, describe
from lms_emulator.providers.openlearning.model import OpenLearningStore
from lms_emulator.providers.openlearning.settings import OpenLearningSettings
from lms_emulator.signing import lti11, oauth1

DEFAULT_URL = "http://127.0.0.1:8081"
_FORMATS = ("all", "base", "signature", "form", "curl", "html", "json")


@dataclass(frozen=True, kw_only=True)
class SignedLaunch:
    """A signed launch in several forms.

    Attributes:
        params: the form's fields.
        base: the signature base string.
        form: the body, percent-encoded.
        curl: a command that posts the launch, keeps the session, and follows the redirect to the class.
        html: a page that posts the launch when a browser opens it.
    """

    params: dict[str, str]
    base: str
    form: str
    curl: str
    html: str


def launch(url: str, params: dict[str, str]) -> SignedLaunch:
    """Make a SignedLaunch of the launch's fields.

    Parameters:
        params: the signed fields from `lti11.signed_launch`.
    """
    form = urlencode(params)
    inputs = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in params.items()
    )
    return SignedLaunch(
        params=params,
        base=oauth1.signature_base_string("POST", url, params.items()),
        form=form,
        curl=f"curl -sS -L -c cookies.txt -b cookies.txt {shlex.quote(url)} -d {shlex.quote(form)}",
        html=(
            '<!doctype html>\n<meta charset="utf-8">\n<title>Launch</title>\n'
            f'<form method="post" action="{escape(url)}">\n{inputs}\n<noscript><button>Launch</button></noscript>\n'
            "</form>\n<script>document.forms[0].submit()</script>"
        ),
    )


# --- command line ---
def add_commands(subparsers: Any) -> None:
    """Register the command with `lms-emulator sign`."""
    parser = subparsers.add_parser(
        "openlearning-launch",
        help="OpenLearning: an LTI 1.1 launch as a form, a curl command or a page",
        description="Print an LTI 1.1 launch, correctly signed with OAuth 1.0 (HMAC-SHA1).",
    )
    parser.add_argument("--user-id", help="your own id of the user (default: the world's managed user)")
    parser.add_argument("--context-id", help="class id or mapped context (default: the world's class; empty: none)")
    parser.add_argument("--roles", default="Learner", help="LTI roles, separated by commas (default: Learner)")
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="add or replace a field; can be repeated",
    )
    parser.add_argument("--consumer-key", help="consumer key of the institution or class (default: from the world)")
    parser.add_argument("--secret", help="secret of that consumer key (default: from the world)")
    parser.add_argument("--timestamp", type=int, help="seconds since 1970 (default: now)")
    parser.add_argument("--nonce", help="a nonce not used before (default: random)")
    parser.add_argument(
        "--world", default="demo", metavar="demo|FILE", help="the world that supplies the other values (default: demo)"
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("LMS_EMULATOR_OPENLEARNING_URL", DEFAULT_URL),
        help=f"URL of the emulator or its launch endpoint (default: LMS_EMULATOR_OPENLEARNING_URL, else {DEFAULT_URL})",
    )
    parser.add_argument("--print", dest="form", choices=_FORMATS, default="all", help="print only this part")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    known = _info(args.world)
    key, secret = args.consumer_key or known.consumer_key, args.secret or known.consumer_secret
    user_id = args.user_id or known.managed_user.external_institution_id
    for name, value in (("consumer-key", key), ("secret", secret), ("user-id", user_id)):
        if not value:
            raise UsageError(f"give --{name}: the world `{args.world}` has none")
    context = known.class_id if args.context_id is None else args.context_id
    fields: dict[str, str | None] = {"user_id": user_id, "roles": args.roles, "context_id": context or None}
    fields |= _further(args.field)
    url = args.url if args.url.rstrip("/").endswith("/lti/launch") else args.url.rstrip("/") + "/lti/launch/"
    try:
        params = lti11.signed_launch(
            url,
            lti11.message(fields.get("resource_link_id") or context or "link", fields),
            consumer_key=key,
            secret=secret,
            timestamp=int(wall()) if args.timestamp is None else args.timestamp,
            nonce=args.nonce or Ids().alnum(24),
        )
    except ValueError as error:
        raise UsageError(f"--url: {error}") from None
    _show(args.form, launch(url, params))
    return 0


def _further(given: list[str]) -> dict[str, str]:
    fields = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--field: `{text}` is not NAME=VALUE")
        if name.startswith("oauth_"):
            raise UsageError(f"--field: {name} is set by this command; use --consumer-key, --timestamp or --nonce")
        fields[name] = value
    return fields


def _info(world: str) -> Info:
    """Consumer, class and learner of a world."""
    seed = StoreSeed(section(world, provider), OpenLearningStore.tables)
    return describe(OpenLearningStore(seed), OpenLearningSettings(), {})


def _show(form: str, made: SignedLaunch) -> None:
    parts: Mapping[str, str] = {
        "base": made.base,
        "signature": made.params[oauth1.SIGNATURE_FIELD],
        "form": made.form,
        "curl": made.curl,
        "html": made.html,
    }
    if form == "json":
        print(msgspec.json.encode(made.params).decode())
    elif form == "all":
        print("\n\n".join(f"{name}:\n{text}" for name, text in parts.items() if name != "html"))
    else:
        print(parts[form])
