"""Dynamic registration: a platform sends an administrator to a tool with its configuration URL, and the tool registers
itself.

Source: 1EdTech LTI Dynamic Registration 1.0, on top of OpenID Connect Dynamic Client Registration 1.0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from lms_emulator.core.access.bodies import called, why_no_json
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.urls import add_query
from lms_emulator.core.state.tables import Table
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.records import RegistrationToken

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
ORDER = (
    *("issuer", "authorization_endpoint", "registration_endpoint", "jwks_uri", "token_endpoint"),
    *("token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported", "scopes_supported"),
    *("response_types_supported", "id_token_signing_alg_values_supported", "claims_supported"),
    *("subject_types_supported", "authorization_server", PLATFORM),
)
"""The members of a platform's configuration."""
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
LIFETIME = timedelta(hours=1)


class RegistrationStore(Protocol):
    """The table that registration needs."""

    registration_tokens: Table[RegistrationToken]


CallT = TypeVar("CallT", bound=Exchange[RegistrationStore, Any])


class Wanted(NamedTuple):
    """A tool's registration request, validated.

    Attributes: `body`, the whole request; `tool`, its LTI part.
    """

    name: str
    login: str
    redirect_uris: list[str]
    keys: str
    scopes: list[str]
    tool: dict[str, Any]
    body: dict[str, Any]


class Registrations(ABC, Generic[CallT]):
    """How one platform registers tools.

    Attributes:
        endpoint: the path that accepts registrations.
        refused_requests_consume: whether a request that is refused consumes its token as well.
    """

    endpoint: ClassVar[str]
    refused_requests_consume: ClassVar[bool] = False

    @abstractmethod
    def configuration_url(self, call: CallT, token: str) -> str:
        """The URL of the platform's configuration."""

    @abstractmethod
    def make_token(self, call: CallT, url: str, user_id: int) -> str:
        """A registration token, opaque to tools."""

    @abstractmethod
    def own_members(self, call: CallT) -> dict[str, Any]:
        """Members of the configuration in which platforms differ: issuer, URLs, scopes, messages."""

    @abstractmethod
    def create(self, call: CallT, wanted: Wanted, token: RegistrationToken) -> dict[str, Any]:
        """Register the tool. Returns the members of the answer besides the request's own."""

    @abstractmethod
    def refusal(self, call: CallT, fault: Fault) -> Refusal:
        """The refusal of a token or a request."""

    def begin(self, call: CallT, url: str, user_id: int, *, deploys: bool = False) -> str:
        """Where to send the browser to register a tool.

        Parameters: `url`, of the tool's registration; `deploys`, see `RegistrationToken`.
        """
        token = self.issue(call, self.make_token(call, url, user_id), user_id, deploys=deploys)
        return add_query(
            url, [("openid_configuration", self.configuration_url(call, token)), ("registration_token", token)]
        )

    def issue(self, call: CallT, token: str, user_id: int, *, deploys: bool = False) -> str:
        """Accept a registration token from now on. Parameters: `user_id`, who requested it."""
        expires = call.clock.now() + LIFETIME
        call.store.registration_tokens.put(
            RegistrationToken(token=token, user_id=user_id, expires_at=expires, deploys=deploys)
        )
        return token

    def held(self, call: CallT) -> RegistrationToken:
        """The live token of a request, in its header or its query. Raises a refusal."""
        scheme, _, sent = call.headers.get("authorization", "").partition(" ")
        text = sent.strip() if scheme.lower() == "bearer" else call.query.get("registration_token", "")
        found = call.store.registration_tokens.get(text)
        kind = "token_missing" if not text else "token_unknown" if found is None else "token_expired"
        if found is None or not call.check("the registration token is alive", call.clock.now() < found.expires_at):
            diagnosis = {
                "token_missing": "send the registration_token as `Authorization: Bearer …`",
                "token_unknown": "this platform issued no such token",
                "token_expired": "a registration token lives for an hour",
            }[kind]
            strange = text if found is None else None
            fault = Fault("registration", kind, "registration_token", diagnosis=diagnosis, credential=strange)
            raise self.refusal(call, fault)
        return found

    def configuration(self, call: CallT) -> dict[str, Any]:
        """The platform's OpenID configuration, in the order of the specification's example, which platforms keep."""
        found = {
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
            "claims_supported": ["sub", "picture", "email", "name", "given_name", "family_name", "locale"],
            "registration_endpoint": call.base_url + self.endpoint,
            **self.own_members(call),
        }
        return {name: found[name] for name in (*(value for value in ORDER if value in found), *found)}

    def register(self, call: CallT) -> dict[str, Any]:
        """Accept a registration; its token is consumed. Raises a refusal."""
        token = self.held(call)
        self.admit(call, token)
        used = replace(token, used=True)
        if self.refused_requests_consume:
            call.store.registration_tokens.put(used)
        answer = self.create(call, self.wanted(call), token)
        call.store.registration_tokens.put(used)
        return answer

    def admit(self, call: CallT, token: RegistrationToken) -> None:
        """Raise a refusal for a live token that cannot register a tool."""
        if not call.check("the registration token is new", not token.used):
            raise self.refusal(
                call, Fault("registration", "token_used", "registration_token", diagnosis="a token registers one tool")
            )

    def wanted(self, call: CallT) -> Wanted:
        """The validated request. Raises a refusal."""
        call.reads.whole()
        try:
            body = call.plain_json()
        except BodyError as error:
            came = f"the body was sent as {call.content_type or 'no Content-Type'}; it has to be JSON, application/json"
            why = why_no_json(call) if call.content_type.endswith("json") else came
            raise self.refusal(call, Fault("registration", "invalid", "body", "JSON", str(error), why)) from None
        return self.checked(call, body)

    def checked(self, call: CallT, body: Any) -> Wanted:
        """The validated form of a request. Raises a refusal."""
        fault = fault_of(body)
        if fault is not None:
            raise self.refusal(call, fault.noted(call))
        return parse(body)


def parse(body: dict[str, Any]) -> Wanted:
    """The parsed form of a valid registration request."""
    return Wanted(
        name=body["client_name"],
        login=body["initiate_login_uri"],
        redirect_uris=list(body["redirect_uris"]),
        keys=body["jwks_uri"],
        scopes=str(body.get("scope") or "").split(),
        tool=dict(body[TOOL]),
        body=body,
    )


def fault_of(body: Any) -> Fault | None:
    """What is wrong with a registration request according to the specification; None if nothing is."""
    if not isinstance(body, Mapping):
        return _invalid("body", "an object", body, f"the body is {called(body)}; it has to be an object")
    fixed = {"application_type": "web", "token_endpoint_auth_method": "private_key_jwt"}
    for name, value in fixed.items():
        if body.get(name) != value:
            return _invalid(name, value, body.get(name))
    holds = {"grant_types": {"client_credentials", "implicit"}, "response_types": {"id_token"}}
    for name, values in holds.items():
        given = body.get(name)
        if not isinstance(given, list) or not values <= {str(item) for item in given}:
            return _invalid(name, f"a list with {', '.join(sorted(values))}", given)
    for name in ("client_name", "initiate_login_uri", "jwks_uri"):
        if not isinstance(body.get(name), str) or not body[name]:
            return _invalid(name, "text", body.get(name))
    given = body.get("redirect_uris")
    if not isinstance(given, list) or not given or not all(isinstance(item, str) for item in given):
        return _invalid("redirect_uris", "a list of addresses", given)
    if not isinstance(body.get("scope", ""), str):
        return _invalid("scope", "scopes with blanks between", body["scope"])
    return _fault_of_tool(body.get(TOOL))


def _fault_of_tool(tool: Any) -> Fault | None:
    if not isinstance(tool, Mapping):
        return _invalid(TOOL, "an object", tool)
    for name, kind in (("domain", str), ("target_link_uri", str), ("messages", list), ("claims", list)):
        if not isinstance(tool.get(name), kind):
            expected, got = f"{'text' if kind is str else 'a list'} in {TOOL}", tool.get(name)
            return _invalid(name, expected, got, None if got is None else unfit(name, got, expected))
    if not all(isinstance(message, Mapping) and isinstance(message.get("type"), str) for message in tool["messages"]):
        expected, got = "objects with a type", tool["messages"]
        return _invalid("messages", expected, got, unfit("messages", got, expected))
    return None


def _invalid(name: str, expected: str, got: Any, why: str | None = None) -> Fault:
    return Fault("registration", "invalid", name, expected, got, why)
