"""A tool in a frame of Canvas's page: which messages of the tool the page answers, and the frame that forwards some.

Sources: https://canvas.instructure.com/doc/api/file.lti_window_post_message.html;
canvas-lms ui/shared/lti/jquery/messages.ts, constants.ts, response_messages.ts, platform_storage.ts and subjects/, and
ui/features/post_message_forwarding/index.ts (2024 to 2026). Where document and code differ, the code counts.
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
from lms_emulator.signing.jwt import TokenError, sign, verify

FEATURE = "lti_platform_storage"
FORWARDING = "/post_message_forwarding"
Surface = Literal["", "self", "window"]
"""Where a page opens a tool, as Canvas writes it: in the page's frame, in the whole window, in a tab of its own."""
WHOLE: dict[str, Any] = {"surface": "self", "forwarding": None, "content": None}
"""What the page needs for a tool in the whole window."""


def stores(x: Call) -> bool:
    """Whether tools may store something in Canvas's page: by the setting, or by the feature of the whole site."""
    api = Api(x, Params({}))
    site = features.site(api)
    return x.settings.platform_storage or (site is not None and features.enabled(api, site, FEATURE))


def values(x: Call, opening: Opening, action: str, target: str) -> dict[str, Any]:
    """What the page around the frame needs.

    Parameters: `action`, the address of login initiation; `target`, where the launch leads.
    """
    stored = stores(x)
    redirects = tools.key_of(x.store, opening.tool).redirect_uris if opening.tool.developer_key_id is not None else []
    addresses = [action, target, *(x.resolve(one) for one in redirects)]
    return {
        "surface": surface(x, opening),
        **cookie_policies.wanted(x.world.emulator.third_party_cookies, action),
        "back": x.url(opening.place.path),
        "storage": stored,
        "forwarding": x.url(FORWARDING) if stored else None,
        "content": html.clean(opening.assignment.description) if opening.assignment is not None else None,
        "reads_content": _reads_content(x, opening),
        "tool_origins": sorted({_origin(one) for one in addresses if one}),
        "launch_by_url": x.url(f"{_whole_window_at(opening)}/external_tools/retrieve"),
        "high_contrast": opening.user is not None and bool(opening.user.preferences.get("high_contrast")),
        "brand": f"{STYLES}.json",
        "time_zone": (opening.user.time_zone if opening.user is not None else None) or "Etc/UTC",
    }


def _whole_window_at(opening: Opening) -> str:
    """The path of the course or account that opens tools in a whole window; groups and people have none."""
    place = opening.place
    return place.path if place.kind in ("courses", "accounts") else f"/accounts/{place.account.id}"


def _reads_content(x: Call, opening: Opening) -> bool:
    """Whether the tool may have what the page around it says."""
    if opening.tool.developer_key_id is None:
        return False
    return scopes.PAGE_CONTENT in scopes_of(x, tools.key_of(x.store, opening.tool))


def borderless(x: Call) -> bool:
    """Whether the address asks for the tool without Canvas around it."""
    return x.query.get("display") == "borderless"


def surface(x: Call, opening: Opening) -> Surface:
    """Where the page opens the tool."""
    if x.settings.launch_in == "window" or borderless(x):
        return "self"
    return "window" if opening.new_tab else ""


def forwarding_address(x: Call) -> str:
    """Where the forwarding frame is sent to, with the token that says which page it serves."""
    token = sign({"parent_domain": _origin(x.base_url)}, tokens.secret(), algorithm="HS256")
    return x.url(f"{FORWARDING}?token={token}")


def parent_origin(x: Call, token: str) -> str:
    """The page that a forwarding frame serves. Raises the refusal for a token that Canvas did not make."""
    try:
        return str(
            verify(token, tokens.secret(), algorithms=["HS256"], now=x.clock.timestamp(), required=())["parent_domain"]
        )
    except (TokenError, KeyError):
        raise refusals.page_not_found("the token is that of a page of Canvas") from None


def _origin(address: str) -> str:
    parts = parts_of(address)
    return f"{parts.scheme}://{parts.netloc}"
