"""`lms-emulator sign openlearning-launch`: the launch form that a correct LTI 1.1 consumer would post."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from lms_emulator.core.clock import wall
from lms_emulator.core.errors import UsageError
from lms_emulator.core.ids import Ids
from lms_emulator.core.state.store import StoreSeed
from lms_emulator.providers.openlearning.info import Info, describe
from lms_emulator.providers.openlearning.model import OpenLearningStore, Section
from lms_emulator.providers.openlearning.settings import OpenLearningSettings
from lms_emulator.signing import lti11, oauth1

DEFAULT_URL = "http://127.0.0.1:8081"
_FORMATS = ("all", "base", "signature", "form", "curl", "html", "json")


@dataclass(frozen=True, kw_only=True)
class SignedLaunch:
    """A launch in the forms in which it is of use.

    Attributes:
        params: the form's fields.
        base: the signature base string.
        form: the body, percent-encoded.
        curl: the launch as a command that keeps the session and follows to the class.
        html: a page that posts itself when a browser opens it.
    """

    params: dict[str, str]
    base: str
    form: str
    curl: str
    html: str


def launch(url: str, params: dict[str, str]) -> SignedLaunch:
    """Put a signed form into all its forms."""
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
        help="OpenLearning: a signed LTI 1.1 launch, as form, curl command or page",
        description="Print an LTI 1.1 launch signed with OAuth 1.0 (HMAC-SHA1), as an integrator would sign it.",
    )
    parser.add_argument("--user-id", help="your own id of the person (default: the demo world's learner)")
    parser.add_argument("--context-id", help="class id or mapped context (default: the demo class; empty: none)")
    parser.add_argument("--roles", default="Learner", help="comma-separated (default Learner)")
    parser.add_argument(
        "--field", action="append", default=[], metavar="NAME=VALUE", help="a further field, or another value"
    )
    parser.add_argument("--consumer-key", help="of the institution or class")
    parser.add_argument("--secret", help="the consumer's secret")
    parser.add_argument("--timestamp", type=int, help="seconds since 1970 (default: now)")
    parser.add_argument("--nonce", help="used once (default: random)")
    parser.add_argument(
        "--world", default="demo", metavar="demo|FILE", help="where values that are not given come from (default demo)"
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("LMS_EMULATOR_OPENLEARNING_URL", DEFAULT_URL),
        help=f"address of the emulator or of the launch (default LMS_EMULATOR_OPENLEARNING_URL, else {DEFAULT_URL})",
    )
    parser.add_argument("--print", dest="form", choices=_FORMATS, default="all", help="only this part")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    known = _info(args.world)
    key, secret = args.consumer_key or known.consumer_key, args.secret or known.consumer_secret
    user_id = args.user_id or known.managed_user.external_institution_id
    for name, value in (("consumer-key", key), ("secret", secret), ("user-id", user_id)):
        if not value:
            raise UsageError(f"give --{name}; the world `{args.world}` has none")
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
            raise UsageError(f"--field: {name} is made here; see --consumer-key, --timestamp and --nonce")
        fields[name] = value
    return fields


def _info(world: str) -> Info:
    """What the world tells about itself: consumer, class and learner."""
    import tomllib
    from importlib import resources

    try:
        if world == "demo":
            data: Any = tomllib.loads(resources.files(__package__ or "").joinpath("demo.toml").read_text("utf-8"))
        else:
            text = Path(world).read_text("utf-8")
            whole = msgspec.json.decode(text) if world.endswith(".json") else tomllib.loads(text)
            data = whole.get("openlearning", {})
        section = msgspec.convert(data, Section)
    except (OSError, ValueError, msgspec.MsgspecError, AttributeError) as error:
        raise UsageError(f"{world}: {error}") from None
    return describe(OpenLearningStore(StoreSeed(section, OpenLearningStore.tables)), OpenLearningSettings(), {})


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
