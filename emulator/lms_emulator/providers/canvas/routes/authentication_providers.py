"""REST: the ways to sign in at a school."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_whole
from lms_emulator.providers.canvas.model import Account, AuthenticationProvider
from lms_emulator.providers.canvas.refusals.grading import fault_of_field
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import signing_in
from lms_emulator.providers.canvas.rules.permissions import school_from_path
from lms_emulator.providers.canvas.shapes import Json

SOURCE = (
    f"{RECORDED}/people-account-tools.jsonl 83, 90, 100, 107; "
    "canvas-lms app/controllers/authentication_providers_controller.rb"
)
SINGLE = ("apple", "canvas")
"""Types of which a school has one at most."""
OTHERS = ("apple", "clever", "facebook", "github", "google", "linkedin", "microsoft", "saml_idp_discovery", "twitter")
FIELDS: dict[str, dict[str, Any]] = {
    "canvas": {"self_registration": "none", "enable_captcha": False},
    "saml": {
        "log_in_url": None,
        "log_out_url": None,
        "requested_authn_context": None,
        "certificate_fingerprint": None,
        "identifier_format": None,
        "login_attribute": "NameID",
        "idp_entity_id": None,
        "parent_registration": False,
        "jit_provisioning": False,
        "metadata_uri": None,
        "sig_alg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "strip_domain_from_login_attribute": False,
        "federated_attributes": {},
    },
    "cas": {
        "auth_base": None,
        "log_in_url": None,
        "jit_provisioning": False,
        "federated_attributes": {},
    },
    "ldap": {
        "auth_host": None,
        "auth_port": None,
        "auth_over_tls": None,
        "auth_base": None,
        "auth_filter": None,
        "auth_username": None,
        "identifier_format": None,
        "jit_provisioning": False,
        "internal_ca": None,
        "verify_tls_cert_opt_in": False,
    },
    "openid_connect": {
        "client_id": None,
        "authorize_url": None,
        "token_url": None,
        "scope": None,
        "login_attribute": "sub",
        "end_session_endpoint": None,
        "userinfo_endpoint": None,
        "jit_provisioning": False,
        "federated_attributes": {},
    },
    **{name: {"login_attribute": None, "jit_provisioning": False, "federated_attributes": {}} for name in OTHERS},
}
"""What is set of a provider, by its type, with the defaults."""
OF_ACCOUNT = {"saml": ("change_password_url", "login_handle_name", "unknown_user_url"), "cas": ("unknown_user_url",)}
"""Settings of the account that providers of these types still show and set."""
FEDERATED = (
    *("admin_roles", "display_name", "email", "given_name", "integration_id", "locale", "name", "sis_user_id"),
    *("sortable_name", "surname", "time_zone"),
)
"""What of a person a provider may fill in."""
COLUMNS = ("jit_provisioning", "parent_registration", "verify_tls_cert_opt_in")
"""The booleans with columns of their own; the others are settings, true by Canvas's words for it."""
SECRETS = ("auth_password", "client_secret")
SSO = ("login_handle_name", "change_password_url", "auth_discovery_url", "unknown_user_url")
OTHER_TYPE = "Can not change type of authorization config, please delete and create new config."


def _shown(api: Api, record: AuthenticationProvider) -> Json:
    known = FIELDS.get(record.auth_type, {})
    account = api.store.accounts.get(record.account_id)
    settings = account.settings if account is not None else {}
    found = {name: record.fields.get(name, default) for name, default in known.items()}
    if "federated_attributes" in found and not found.get("jit_provisioning"):
        given = found["federated_attributes"].items()
        found["federated_attributes"] = {k: v["attribute"] for k, v in given if not v["provisioning_only"]}
    return {
        "id": record.id,
        "auth_type": record.auth_type,
        "position": record.position,
        "mfa_required": record.fields.get("mfa_required", False),
        "skip_internal_mfa": record.fields.get("skip_internal_mfa", False),
        **found,
        **{name: settings.get(name) for name in OF_ACCOUNT.get(record.auth_type, ())},
    }


def index(api: Api) -> Any:
    """The ways to sign in, by position."""
    account = school_from_path(api, "manage_account_settings")
    return [_shown(api, provider) for provider in signing_in.providers(api, account)]


def show(api: Api) -> Any:
    """One way to sign in; Canvas's own is visible to everybody."""
    account = identifiers.account(api, api.slot("account_id"))
    _ = api.user
    found = signing_in.provider(api, account, api.slot("id"))
    if found is None or found.auth_type != "canvas":
        school_from_path(api, "manage_account_settings")
    if found is None:
        raise refusals.not_found("the authentication provider", api.slot("id"))
    return _shown(api, found)


def _params(api: Api) -> Params:
    return api.params.hash("authentication_provider") if api.params.has("authentication_provider") else api.params


def _sent(api: Api, kind: str) -> dict[str, Any]:
    sent = _params(api)
    found: dict[str, Any] = {name: sent.text(name) for name in SECRETS if sent.has(name)}
    for name, default in {**FIELDS.get(kind, {}), "mfa_required": False, "skip_internal_mfa": False}.items():
        if not sent.has(name):
            continue
        if name in COLUMNS:
            found |= columns.filled(sent, (name,))
        elif isinstance(default, bool):
            found[name] = sent.flag(name)
        elif isinstance(default, dict):
            given = sent.get(name)
            found[name] = _federated(given if isinstance(given, dict) else {})
        else:
            text = sent.text(name)
            found[name] = (as_whole(text) or text) if name == "auth_port" else text
    if kind == "ldap":
        found["auth_over_tls"] = _encrypted(sent)
    if option := sent.text("mfa_option"):
        found |= {"mfa_required": option == "required", "skip_internal_mfa": option == "bypass"}
    return found


def _encrypted(sent: Params) -> str | None:
    """How a connection is encrypted: with STARTTLS unless something else was asked for, even at an update."""
    asked = str(sent.get("auth_over_tls")).lower() if sent.has("auth_over_tls") else "start_tls"
    if asked in ("none", "", "false", "f", "0"):
        return None
    if asked not in ("true", "t", "1", "simple_tls", "start_tls"):
        raise refusals.crashed("an unknown auth_over_tls", asked)
    return "start_tls" if asked == "start_tls" else "simple_tls"


def _federated(given: dict[str, Any]) -> dict[str, Any]:
    """Attributes, each with its source and whether it counts only for new people. Raises the refusal for others."""
    unknown = [name for name in given if name not in FEDERATED]
    if unknown:
        raise _unfit(f"{', '.join(unknown)} is not an attribute that can be federated")
    found = {}
    for name, value in given.items():
        if isinstance(value, str):
            found[name] = {"attribute": value, "provisioning_only": False}
            continue
        if not isinstance(value, dict):
            raise _unfit(f"invalid attribute definition for {name}")
        odd = [key for key in value if key not in ("attribute", "provisioning_only")]
        if odd:
            raise _unfit(f"unrecognized key {', '.join(odd)} in {name} attribute definition")
        only = as_flag(value.get("provisioning_only"))
        found[name] = {"attribute": value.get("attribute"), "provisioning_only": only}
    return found


def _unfit(text: str) -> SiteRefusal:
    return fault_of_field("federated_attributes", text, None)


def _set_of_account(api: Api, account: Account, kind: str) -> None:
    sent = _params(api)
    said = {name: sent.text(name) or None for name in OF_ACCOUNT.get(kind, ()) if sent.has(name)}
    if said:
        api.store.accounts.put(replace(account, settings={**account.settings, **said}))


def create(api: Api) -> Any:
    """Add a way to sign in."""
    account = school_from_path(api, "manage_account_settings")
    kind = _params(api).text("auth_type") or ""
    if kind not in FIELDS:
        text = f"invalid or missing auth_type '{kind}', must be one of {','.join(sorted(FIELDS))}"
        raise refusals.rest("auth_type_unknown", 400, {"errors": [{"message": text}]}, check="auth_type", got=kind)
    known = signing_in.providers(api, account)
    if kind in SINGLE and any(provider.auth_type == kind for provider in known):
        body = {"errors": [{"message": f"duplicate provider {kind}"}]}
        raise refusals.rest("auth_type_taken", 422, body, check="the school has one such provider at most")
    fields = _sent(api, kind)
    _set_of_account(api, account, kind)
    made = AuthenticationProvider(
        id=api.new_id("authentication_providers"),
        account_id=account.id,
        auth_type=kind,
        position=len(known) + 1,
        fields=fields,
    )
    return _shown(api, _placed(api, known, made))


def _placed(api: Api, others: list[AuthenticationProvider], record: AuthenticationProvider) -> AuthenticationProvider:
    """Move a provider to `position`, shifting the others."""
    sent = _params(api)
    asked = sent.whole("position") if sent.text("position") else record.position
    place = max(1, min(asked or 1, len(others) + 1))
    for number, provider in enumerate([*others[: place - 1], record, *others[place - 1 :]], start=1):
        api.store.authentication_providers.put(replace(provider, position=number))
    return replace(record, position=place)


def _managed(api: Api) -> tuple[Account, AuthenticationProvider]:
    account = school_from_path(api, "manage_account_settings")
    found = signing_in.provider(api, account, api.slot("id"))
    if found is None:
        raise refusals.not_found("the authentication provider", api.slot("id"))
    return account, found


def update(api: Api) -> Any:
    """Change a way to sign in, or move it."""
    account, found = _managed(api)
    kind = _params(api).text("auth_type")
    _set_of_account(api, account, found.auth_type)
    if kind is not None and kind != found.auth_type:
        raise refusals.message(400, "auth_type_fixed", OTHER_TYPE)
    others = [provider for provider in signing_in.providers(api, account) if provider.id != found.id]
    fields = {**found.fields, **_sent(api, found.auth_type)}
    return _shown(api, _placed(api, others, replace(found, fields=fields)))


def destroy(api: Api) -> Any:
    """Remove a way to sign in, and the logins for it. The others move up."""
    account, found = _managed(api)
    api.store.authentication_providers.put(replace(found, workflow_state="deleted"))
    for number, provider in enumerate(signing_in.providers(api, account), start=1):
        api.store.authentication_providers.put(replace(provider, position=number))
    for login in list(api.store.pseudonyms):
        if login.authentication_provider_id == found.id and login.workflow_state != "deleted":
            api.store.pseudonyms.put(replace(login, workflow_state="deleted"))
    return _shown(api, found)


def sso(api: Api) -> Any:
    """Settings of all ways to sign in."""
    account = school_from_path(api, "manage_account_settings")
    return {"sso_settings": {name: account.settings.get(name) for name in SSO}}


def set_sso(api: Api) -> Any:
    """Change the settings of all ways to sign in."""
    account = school_from_path(api, "manage_account_settings")
    sent = api.params.require("sso_settings")
    said = {name: sent.text(name) or None for name in SSO if sent.has(name)}
    changed = api.store.accounts.put(replace(account, settings={**account.settings, **said}))
    return {"sso_settings": {name: changed.settings.get(name) for name in SSO}}


PROVIDERS = "/api/v1/accounts/{account_id}/authentication_providers"
ROUTES: tuple[Route, ...] = rest(
    "accounts",
    SOURCE,
    (f"GET {PROVIDERS}", index, "Ways to sign in"),
    (f"POST {PROVIDERS}", create, "Add a way to sign in"),
    (f"GET {PROVIDERS}/{{id}}", show, "One way to sign in"),
    (f"PUT {PROVIDERS}/{{id}}", update, "Change a way to sign in"),
    (f"DELETE {PROVIDERS}/{{id}}", destroy, "Remove a way to sign in"),
    ("GET /api/v1/accounts/{account_id}/sso_settings", sso, "Settings for all ways to sign in"),
    ("PUT /api/v1/accounts/{account_id}/sso_settings", set_sso, "Change the settings for all ways to sign in"),
)
