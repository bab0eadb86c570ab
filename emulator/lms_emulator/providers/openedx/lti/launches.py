"""How the LTI consumer component launches a tool.

It answers any request with a known hint, and checks neither the session nor most parameters.
Source: lti-consumer-xblock 9.14.0 `lti_consumer/plugin/views.py` (launch_gate_endpoint),
`lti_consumer/lti_1p3/consumer.py` (prepare_preflight_url, _validate_preflight_response).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from msgspec.structs import replace

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.launches import AuthenticationRequest, Form, Launches
from lms_emulator.lti.platform import Fault, use_once
from lms_emulator.lti.records import PendingLaunch
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.lti import claims
from lms_emulator.providers.openedx.lti.keys import KEYS
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.lti import LtiContentItem, LtiTool
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims

Check = Callable[[Call, AuthenticationRequest[User]], Fault | None]


def redirect_uris(tool: LtiTool) -> list[str]:
    """The redirect URIs of a tool."""
    return tool.redirect_uris or [url for url in (tool.launch_url, tool.deep_linking_url) if url]


class OpenedxLaunches(Launches[Call, User]):
    """The message hint contains the person and the block, and can be used any number of times for ten minutes."""

    keys: ClassVar[RotatingKeys] = KEYS
    path: ClassVar[str] = "/api/lti_consumer/v1/launch/"

    def start_url(
        self, call: Call, user: User, tool: LtiTool, launch: lti13.Launch, item: LtiContentItem | None = None
    ) -> str:
        """The URL of login initiation: the tool's, with the platform's parameters."""
        pending = self.begin(call, user.id, self._hint(user, tool, item), launch)
        fields = {
            "iss": launch.issuer,
            "client_id": launch.client_id,
            "lti_deployment_id": launch.deployment_id,
            "target_link_uri": call.resolve(tool.launch_url),
            "login_hint": self.login_hint_of(launch),
            "lti_message_hint": pending.hint,
        }
        action, fields = self.sent(call, pending, call.resolve(tool.login_url), fields)
        return f"{action}?{urlencode(fields)}"  # prepare_preflight_url adds the `?` also where there is one

    def content_key(self, call: Call, user: User, tool: LtiTool, launch: lti13.Launch) -> str:
        """The key of the page with chosen content. An armed misbehaviour applies to launches from there."""
        expires = call.clock.now() + timedelta(seconds=call.settings.launch_lifetime_seconds)
        hint = self._hint(user, tool)
        kept = PendingLaunch(hint=hint, user_id=user.id, client_id=tool.client_id, launch=launch, expires_at=expires)
        return call.store.pending_launches.put(kept).hint

    def _hint(self, user: User, tool: LtiTool, item: LtiContentItem | None = None) -> str:
        known = {"app": "lti", "key": "launch_data", "user_id": user.id, "resource_link_id": tool.block}
        if item is not None:
            known["deep_linking_content_item_id"] = item.id
        text = "__".join(f"{name}:{value}" for name, value in known.items())
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    def login_hint_of(self, launch: lti13.Launch) -> str:
        """The launching person's id for the tool."""
        return launch.person["sub"]

    def login_hint(self, user: User) -> str:
        raise NotImplementedError  # the session's user is not checked

    def request(self, call: Call, params: Mapping[str, str], user: User | None) -> AuthenticationRequest[User]:
        for name in ("lti_message_hint", "login_hint"):
            if not call.check(f"{name} is present", bool(params.get(name))):
                raise error(f"missing_{name}", f"The {name} is missing or empty.")
        pending = self.find(call, params["lti_message_hint"])
        if not call.check("the launch is known", pending is not None, got=params["lti_message_hint"]):
            hint = params["lti_message_hint"]
            text = f"Unable to find record of an OIDC launch for the provided lti_message_hint: {hint}"
            why = "send back the lti_message_hint unchanged, within ten minutes"
            raise error("launch_unknown", text, why, credential=hint)
        assert pending is not None
        tool = call.store.lti_tools.first("client", pending.client_id)
        if tool is None:
            raise refusals.page_not_found(call.path)
        for name, good in (
            ("nonce", bool(params.get("nonce"))),
            ("state", bool(params.get("state"))),
            ("redirect_uri", bool(params.get("redirect_uri"))),
            ("client_id", params.get("client_id") == tool.client_id),
        ):
            if not call.check(f"{name} holds", good, got=params.get(name)):
                registered = tool.client_id if name == "client_id" else None
                raise unprepared(tool.block, name, params.get(name), registered)
        return AuthenticationRequest(
            params=params,
            client_id=tool.client_id,
            redirect_uris=redirect_uris(tool),
            pending=pending,
            user=user,
        )

    def wrong_redirect_uri(self, fault: Fault) -> Refusal:
        return unprepared("", "redirect_uri", fault.got, fault.expected, fault.diagnosis)

    def error(self, fault: Fault) -> tuple[str, str]:
        return "invalid_request", f"{fault.check} is missing or not what LTI 1.3 asks for"

    def checks(self) -> tuple[Check, ...]:
        return (self.parameters_hold,)

    def parameters_hold(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """The fixed parameters of an authentication request, which the component itself does not check."""
        fault = super().parameters_hold(call, request)
        if fault is None or call.settings.lti_checks == "strict":
            return fault
        call.warn("lti_request_lax", f"{fault.check} is not what LTI asks for; a strict platform refuses this")
        return None

    def authenticate(self, call: Call, params: Mapping[str, str], user: User | None) -> Form:
        pending = self.find(call, params.get("lti_message_hint", ""))
        address, fields = super().authenticate(call, params, user)
        answer = address, dict(sorted(fields.items(), key=lambda field: field[0] != "state"))  # `state` comes first
        if pending is not None and call.settings.lti_checks != "strict":
            self._stays(call, pending, params["nonce"])
        if pending is not None and pending.launch.deep_linking is not None:
            tool = call.store.lti_tools.first("client", pending.client_id)
            assert tool is not None  # `request`
            return call.resolve(tool.deep_linking_url), answer[1]
        return answer

    def _stays(self, call: Call, pending: PendingLaunch, nonce: str) -> None:
        call.store.pending_launches.put(replace(pending, wrong=None))
        until = pending.expires_at.timestamp()
        use_once(call, "nonce", pending.client_id, nonce, until, allowed_again=True)

    def claims(self, call: Call, launch: lti13.Launch, nonce: str, now: int) -> Claims:
        """The claims in the component's order: nonce and times come last."""
        found = super().claims(call, launch, nonce, now)
        last = {name: found.pop(name) for name in ("nonce", "iat", "exp")}
        names = [name if name in found else f"{lti13.CLAIM}{name}" for name in claims.ORDER]
        return {**{name: found[name] for name in names if name in found}, **found, **last}


def error(reason: str, text: str, diagnosis: str | None = None, **why: Any) -> refusals.OpenedxRefusal:
    """The component's own page for a launch that failed."""
    return refusals.lti_page(reason, "There was an error while launching the LTI tool: ", text, diagnosis, **why)


def unprepared(
    block: str, name: str, got: object, expected: object = None, diagnosis: str | None = None
) -> refusals.OpenedxRefusal:
    """An authentication request with invalid parameters."""
    text = f"Error preparing LTI 1.3 launch for resource with resource_link_id {block}: {_INVALID}"
    absent = None if got else name
    sent = str(got) if name == "client_id" and got else None
    return error(
        "lti_request_invalid", text, diagnosis, check=name, got=got, expected=expected, absent=absent, credential=sent
    )


_INVALID = "The preflight response is not valid."

LAUNCHES = OpenedxLaunches()
