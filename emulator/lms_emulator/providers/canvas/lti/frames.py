"""A tool in a frame of a Canvas page: the messages that the page answers, and the frame that forwards some of them.

Sources: https://canvas.instructure.com/doc/api/file.lti_window_post_message.html; canvas-lms
ui/shared/lti/jquery/messages.ts, constants.ts, response_messages.ts, platform_storage.ts and subjects/, and
ui/features/post_message_forwarding/index.ts (2024 to 2026). Where the documentation and the code differ, this follows
the code.
"""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.http import cookie_policies
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.lti.claims import Opening, scopes_of
from lms_emulator.providers.canvas.lti.variables.site import STYLES
from lms_emulator.providers.canvas.rules import features, html, scopes, tools
from lms_emulator.signing.jwt import sign, verify
from lms_emulator.signing.token_errors import TokenError

FEATURE = "lti_platform_storage"
FORWARDING = "/post_message_forwarding"
Surface = Literal["", "self", "window"]
"""Canvas's names for where a tool opens: in a frame, in the whole window, in a new tab."""
WHOLE: dict[str, Any] = {"surface": "self", "forwarding": None, "content": None}
"""The template values for a tool that fills the window."""


def stores(call: Call) -> bool:
    """Whether tools may use platform storage: by the setting, or by the feature of the site."""
    api = Api(call, Params({}))
    site = features.site(api)
    return call.settings.platform_storage or (site is not None and features.enabled(api, site, FEATURE))


def values(call: Call, opening: Opening, action: str, target: str) -> dict[str, Any]:
    """The template values of the page around the frame.

    Parameters: `action`, the login initiation URL; `target`, the launch's target URL.
    """
    stored = stores(call)
    redirects = (
        tools.key_of(call.store, opening.tool).redirect_uris if opening.tool.developer_key_id is not None else []
    )
    addresses = [action, target, *(call.resolve(redirect) for redirect in redirects)]
    return {
        "surface": surface(call, opening),
        **cookie_policies.wanted(call.world.emulator.third_party_cookies, action),
        "back": call.url(opening.place.path),
        "storage": stored,
        "forwarding": call.url(FORWARDING) if stored else None,
        "content": html.clean(opening.assignment.description) if opening.assignment is not None else None,
        "reads_content": _reads_content(call, opening),
        "tool_origins": sorted({_origin(address) for address in addresses if address}),
        "launch_by_url": call.url(f"{_whole_window_at(opening)}/external_tools/retrieve"),
        "high_contrast": opening.user is not None and bool(opening.user.preferences.get("high_contrast")),
        "brand": f"{STYLES}.json",
        "time_zone": (opening.user.time_zone if opening.user is not None else None) or "Etc/UTC",
    }


def _whole_window_at(opening: Opening) -> str:
    """The course's or account's path for opening tools that fill the window; groups and users have none."""
    place = opening.place
    return place.path if place.kind in ("courses", "accounts") else f"/accounts/{place.account.id}"


def _reads_content(call: Call, opening: Opening) -> bool:
    """Whether the tool may read the page's content."""
    if opening.tool.developer_key_id is None:
        return False
    return scopes.PAGE_CONTENT in scopes_of(call, tools.key_of(call.store, opening.tool))


def borderless(call: Call) -> bool:
    """Whether the URL asks for the tool without Canvas's layout."""
    return call.query.get("display") == "borderless"


def surface(call: Call, opening: Opening) -> Surface:
    """The window or frame in which the page opens the tool."""
    if call.settings.launch_in == "window" or borderless(call):
        return "self"
    return "window" if opening.new_tab else ""


def forwarding_address(call: Call) -> str:
    """The URL of the forwarding frame, with a token that identifies the page it serves."""
    token = sign({"parent_domain": _origin(call.base_url)}, tokens.secret(), algorithm="HS256")
    return call.url(f"{FORWARDING}?token={token}")


def parent_origin(call: Call, token: str) -> str:
    """The origin of the page that a forwarding frame serves. Raises a refusal for a token that Canvas did not make."""
    try:
        return str(
            verify(token, tokens.secret(), algorithms=["HS256"], now=call.clock.timestamp(), required=())[
                "parent_domain"
            ]
        )
    except (TokenError, KeyError):
        raise refusals.page_not_found("the token was issued by a Canvas page") from None


def _origin(address: str) -> str:
    parts = parts_of(address)
    return f"{parts.scheme}://{parts.netloc}"
