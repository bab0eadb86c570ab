"""How Canvas processes a deep linking response.

Sources: https://canvas.instructure.com/doc/api/file.content_item.html; canvas-lms
app/controllers/lti/ims/concerns/deep_linking_services.rb (the texts); fixtures/recordings/canvas/lti-deeplink.jsonl
104-178.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lms_emulator.core.access import issued_tokens
from lms_emulator.core.access.jwts import why_another_sort
from lms_emulator.core.access.recognise import recognise
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.lti.deep_linking import warn_of_misnamed_items, why_issuer
from lms_emulator.lti.platform import KeysUnavailableError, ToolKeys, key_set, signed, use_once, warn_of_critical
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import callers, places, tokens, validator
from lms_emulator.providers.canvas.model import Account, Course, DeveloperKey, Tool
from lms_emulator.providers.canvas.rules import keys, tools
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims, read, verify
from lms_emulator.signing.token_errors import TokenError

REQUIRED = ("aud", "exp", "iat")
UNTOUCHED = "Do not modify the deep_link_return_url in any way."
ONCE = "Do not attempt to submit content items multiple times."
WRONG_ALGORITHM = ("alg_none", "alg_confusion", "alg_not_allowed")
MESSAGES = ("msg", "log", "errormsg", "errorlog")


class Answer(NamedTuple):
    """A verified deep linking response.

    Attributes:
        data: what Canvas put into the return URL.
        items: the content items, not validated.
        messages: the tool's messages for the user and the log.
    """

    tool: Tool
    data: Claims
    items: Any
    messages: dict[str, Any]


async def read_answer(api: Api, where: Course | Account) -> Answer:
    """The deep linking response in a request. The tool's JWT is checked before Canvas's own data. Raises refusals."""
    message = api.params.text("JWT")
    if message is None:
        raise refusals.page_crashed(None, absent="JWT")
    key, claims = await _verified(api, message)
    account = tools.account_of(api.store, where)
    if key.workflow_state != "active":
        why = keys.why_off(api.store, key, account.id)
        raise _bad("key_inactive", "developer_key", "Developer key inactive", diagnosis=why)
    if not keys.is_on(api.store, key, account.id):
        why = keys.why_off(api.store, key, account.id)
        raise _bad("key_off", "developer_key", "Developer key inactive in context", diagnosis=why)
    data = _own_data(api)
    warn_of_misnamed_items(api.call, claims)
    items = claims.get(f"{lti13.DL_CLAIM}content_items") or []
    found = callers.nearest(api, key, where)
    if found is None:
        raise _bad("deep_linking_context", "developer_key", "Developer key inactive in context")
    _note_unchecked(api, key, found, claims)
    messages = {name: claims[f"{lti13.DL_CLAIM}{name}"] for name in MESSAGES if f"{lti13.DL_CLAIM}{name}" in claims}
    return Answer(found, data, items, messages)


async def _verified(api: Api, message: str) -> tuple[DeveloperKey, Claims]:
    """The developer key of the tool that signed a response, and the claims."""
    call = api.call
    try:
        client = str(read(message).claims.get("iss", ""))
    except TokenError as error:
        sent = {"got": error.got, "credential": message or None, "absent": None if message else "JWT"}
        raise _bad("deep_linking_malformed", "jwt", "JWT format is invalid", **sent) from error
    key = keys.find(call.store, client)
    if key is None or not call.check("iss is a key's number", key.is_lti_key, got=client):
        why = recognise(call, message) or why_another_sort(message, "deep_linking_")
        why = why or why_issuer(client, call.settings.issuer)
        sentence = "Client not found"
        raise _bad("deep_linking_client_unknown", "jwt", sentence, got=client, credential=client, diagnosis=why)
    try:
        public = await key_set(call, ToolKeys(key.public_jwk_url, key.public_jwk or {"keys": []}))
        claims = validator.signature(call, message, public, published=key.public_jwk_url is not None)
        warn_of_critical(call, message)
    except KeysUnavailableError as error:
        raise _bad("tool_keys_unavailable", "jwt", "JWT exception", diagnosis=str(error)) from error
    except TokenError as error:
        call.check(f"deep linking: {error.check}", False, expected=error.expected, got=error.got)
        sentence = "JWT has unexpected alg" if error.reason in WRONG_ALGORITHM else "JWT verification failure"
        token = await signed(call, error, message)
        raise _bad(
            f"deep_linking_{error.reason}",
            "jwt",
            sentence,
            expected=error.expected,
            got=error.got,
            credential=token,
            diagnosis=validator.NO_KID if error.reason == "missing_kid" else None,
        ) from error
    wrong = validator.faults(call, claims, REQUIRED, [call.settings.issuer])
    if wrong:
        first = wrong[0]
        faults = [fault.sentence for fault in wrong]
        wanted = {"check": first.claim, "expected": first.expected, "got": first.got}
        raise _bad(f"deep_linking_{first.kind}", "base", *faults, **wanted)
    return key, claims


def _own_data(api: Api) -> Claims:
    """The data that Canvas put into the return URL. A refused response does not use it up."""
    call, text = api.call, api.params.text("data")
    if not text:
        raise _bad_data("data_missing", "presence_required", UNTOUCHED)
    try:
        data = verify(text, tokens.secret(), algorithms=["HS256"], now=call.clock.timestamp())
    except TokenError as error:
        raise _bad_data(f"data_{error.reason}", "invalid_or_malformed", UNTOUCHED, credential=text) from error
    if issued_tokens.find(call.store.issued_tokens, text) is None:
        never = issued_tokens.DIAGNOSIS
        raise _bad_data("data_not_issued_here", "invalid_or_malformed", UNTOUCHED, never, credential=text)
    again = not call.settings.deep_linking_answer_once
    if not use_once(call, "data", "canvas", str(data["nonce"]), data["exp"], allowed_again=again):
        why = "this request was answered before: each takes one response; open the tool again for another"
        raise _bad_data("data_used", "already_used", ONCE, why)
    return data


def _note_unchecked(api: Api, key: DeveloperKey, tool: Tool, claims: Mapping[str, Any]) -> None:
    """Warn about what other platforms check and Canvas does not, or refuse it if the setting says so."""
    call = api.call
    fixed = (
        (f"{lti13.CLAIM}message_type", lti13.DEEP_LINKING_RESPONSE),
        (f"{lti13.CLAIM}version", lti13.VERSION),
        (f"{lti13.CLAIM}deployment_id", places.deployment_id(call, tool)),
    )
    try:
        for name, wanted in fixed:
            if claims.get(name) != wanted:
                validator.unchecked(call, "claim_unchecked", name, expected=wanted, got=claims.get(name))
        if "nonce" not in claims:
            validator.unchecked(call, "claim_unchecked", "nonce", expected="present", got=None)
    except TokenError as error:
        sentence = f"the '{error.check}' is invalid"
        raise _bad("deep_linking_bad_claim", "base", sentence, expected=error.expected, got=error.got) from error
    nonce, again = str(claims.get("nonce", "")), call.settings.reused_jti == "allow"
    if nonce and not use_once(call, "nonce", str(key.id), nonce, claims["exp"], allowed_again=again):
        raise _bad("deep_linking_nonce_used", "base", "the 'nonce' is invalid", check="nonce", got=nonce)


def _bad(reason: str, attribute: str, *sentences: str, **details: Any) -> SiteRefusal:
    faults = {attribute: [refusals.model_fault(attribute, sentence) for sentence in sentences]}
    return refusals.deep_linking(reason, faults, **details)


def _bad_data(reason: str, kind: str, sentence: str, diagnosis: str | None = None, **details: Any) -> SiteRefusal:
    hint = diagnosis or "post once, to the unchanged deep_link_return_url, including its query"
    fault = refusals.model_fault("?data=JWT", (kind, sentence))
    return refusals.deep_linking(f"deep_linking_{reason}", {"data_jwt": [fault]}, diagnosis=hint, **details)
