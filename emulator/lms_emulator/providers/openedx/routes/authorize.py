"""`/oauth2/authorize/`: consent, remembered consent, trusted applications; codes, and tokens for implicit ones.

The order of checks is oauthlib's. The toolkit's open redirect on Cancel is not reproduced: the redirect URI is checked
there too. Sources: edx-platform `openedx/core/djangoapps/oauth_dispatch/dot_overrides/views.py`
(EdxOAuth2AuthorizationView); django-oauth-toolkit 1.7.1 `oauth2_provider/views/base.py` (AuthorizationView);
`fixtures/recordings/openedx`, main.jsonl 194-363.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlunsplit

from starlette.responses import Response

from lms_emulator.core.access.token_requests import why_no_redirect, why_no_scope
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import Application
from lms_emulator.providers.openedx.oauth import rules
from lms_emulator.providers.openedx.oauth.tokens import issuer
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import csrf, session

FORM_FIELDS = (
    "redirect_uri",
    "scope",
    "nonce",
    "client_id",
    "state",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "claims",
)
REQUIRED_FIELDS = ("redirect_uri", "scope", "client_id", "response_type")
IGNORED = (
    *("prompt", "max_age", "ui_locales", "id_token_hint", "login_hint", "acr_values", "claims", "claims_locales"),
    *("display", "registration", "request", "request_uri", "resource", "audience", "access_type", "dpop_jkt"),
)
"""Parameters of OpenID Connect and later drafts, which a site without OpenID Connect ignores."""
_READ = (*FORM_FIELDS, "response_mode", "approval_prompt")
ALLOW = "GET, POST, PUT, HEAD, OPTIONS"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A valid authorization request."""

    application: Application
    redirect_uri: str
    response_type: str
    scopes: Sequence[str]
    state: str | None
    code_challenge: str
    code_challenge_method: str
    nonce: str
    in_fragment: bool


def authorize(call: Call) -> Response:
    """Ask for consent, repeat an earlier grant at once, or send the browser to sign in first."""
    if session.current(call).record is None:
        return to_login(call)
    if call.method in ("GET", "HEAD"):
        return _ask(call)
    if call.method in ("POST", "PUT"):
        return _decide(call)
    if call.method == "OPTIONS":
        return wire.empty(200, {"allow": ALLOW})
    raise refusals.wrong_method(ALLOW, call.method)


def to_login(call: Call) -> Response:
    """A redirect to the sign-in page that comes back to this very address."""
    call.reads.whole()  # its query goes on in the link
    current_url = wire.with_query(call, f"{call.prefix}{call.raw_path.decode('latin-1')}")
    return wire.redirect(f"{call.prefix}/login?next={quote(current_url, safe='/')}")


def _username(call: Call) -> str:
    record = session.current(call).record
    return record.user if record is not None else ""


# the question


def _ask(call: Call) -> Response:
    call.reads.add(*_READ)
    given = parse_qsl(call.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    request = _validate(call, dict(given), [name for name, _ in given])
    prompt = call.query.get("approval_prompt", call.settings.approval_prompt)
    if request.application.skip_authorization:
        return _grant(call, request)
    if prompt in ("auto", "auto_even_if_expired"):
        remembered = issuer(call).has_consented(
            request.application, _username(call), request.scopes, expired_too=prompt == "auto_even_if_expired"
        )
        if remembered:
            return _grant(call, request)
    values: dict[str, str | None] = {
        "redirect_uri": request.redirect_uri,
        "scope": " ".join(request.scopes),
        "client_id": request.application.client_id,
        "state": request.state,
        "response_type": request.response_type,
    }
    if prompt != "auto_even_if_expired":  # only the toolkit's own page carries the challenge over
        values |= {"code_challenge": request.code_challenge, "code_challenge_method": request.code_challenge_method}
    return _page(call, request.application, values, request.scopes, {})


def _page(
    call: Call,
    application: Application | None,
    values: Mapping[str, str | None],
    scopes: Sequence[str],
    errors: Mapping[str, str],
) -> Response:
    access = application.access if application is not None else None
    organisations = [f.partition(":")[2] for f in (access.filters if access else []) if f.startswith("content_org:")]
    return pages.page(
        call,
        "consent.html",
        title="Authorize",
        application=application,
        csrf_token=csrf.form_token(call),
        fields=[(name, values.get(name) or "") for name in FORM_FIELDS],
        permissions=[rules.SCOPES[scope] for scope in dict.fromkeys(scopes)],
        organisations=organisations,
        errors=errors,
    )


# the decision


def _decide(call: Call) -> Response:
    form = _form(call)
    errors = {name: "This field is required." for name in REQUIRED_FIELDS if not form.get(name)}
    if errors:
        return _page(call, None, form, (), errors)
    if lookup.application(call.store, call.settings, form["client_id"]) is None:
        raise refusals.Unhandled("the consent form has an unknown client id")
    call.reads.add(*_READ, "csrfmiddlewaretoken")
    query = parse_qsl(call.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    posted = {name: form[name] for name in ("client_id", "redirect_uri", "response_type")}
    posted["state"] = form.get("state", "")
    posted["scope"] = form["scope"]
    posted |= {n: form[n] for n in ("code_challenge", "code_challenge_method", "nonce") if form.get(n)}
    parameters = {**dict(query), **posted}
    names = [name for name, _ in query]
    if not _is_true(form.get("allow")):
        _, redirect_uri = _validate_fatal(call, parameters, names)
        raise _denied(redirect_uri, posted["state"])
    return _grant(call, _validate(call, parameters, names))


def _form(call: Call) -> dict[str, str]:
    if call.method == "PUT":
        return {}
    try:
        return {name: value.strip() for name, value in call.form().items() if isinstance(value, str)}
    except BodyError:
        return {}


def _is_true(value: str | None) -> bool:
    return bool(value) and str(value).lower() not in ("false", "0")


def _denied(redirect_uri: str, state: str | None) -> refusals.OpenedxRefusal:
    return _back(redirect_uri, "access_denied", None, state, check="the user allows it", got="Cancel")


def _grant(call: Call, request: Request) -> Response:
    tokens, user = issuer(call), _username(call)
    state = [("state", request.state)] if request.state else []
    if request.response_type == "token":
        issued = tokens.issue(request.application, user, request.scopes, refreshable=False)
        pairs = [
            ("access_token", issued.access_token.token),
            ("expires_in", str(issued.expires_in)),
            ("token_type", "Bearer"),
            ("scope", issued.access_token.scope),
            *state,
        ]
        return wire.redirect(_carrying(request, pairs))
    grant = tokens.grant(
        request.application,
        user,
        request.redirect_uri,
        request.scopes,
        code_challenge=request.code_challenge,
        code_challenge_method=request.code_challenge_method,
        nonce=request.nonce,
    )
    if request.redirect_uri.startswith(rules.OUT_OF_BAND):
        return _out_of_band(call, request, grant.code)
    return wire.redirect(_carrying(request, [("code", grant.code), *state]))


def _out_of_band(call: Call, request: Request, code: str) -> Response:
    if request.redirect_uri.startswith(rules.OUT_OF_BAND_AUTO):
        uri = _with_query(
            request.redirect_uri, [("code", code), *([("state", request.state)] if request.state else [])]
        )
        return wire.spaced_json(
            {
                "access_token": code,
                "token_uri": uri,
                "client_id": request.application.client_id,
                "client_secret": request.application.client_secret,
                "revoke_uri": f"{call.prefix}/_o/revoke_token/",
            }
        )
    return pages.page(call, "out_of_band.html", title="Success", code=code)


def _carrying(request: Request, pairs: Sequence[tuple[str, str]]) -> str:
    """The redirect URI with the answer in its query or its fragment, as `response_mode` asks."""
    return (_with_fragment if request.in_fragment else _with_query)(request.redirect_uri, pairs)


def _with_query(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    parts = parts_of(uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *pairs], errors="surrogatepass")
    return urlunsplit(parts._replace(query=query))


def _with_fragment(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    parts = parts_of(uri)
    fragment = urlencode([*parse_qsl(parts.fragment, keep_blank_values=True), *pairs], errors="surrogatepass")
    return urlunsplit(parts._replace(fragment=fragment))


# validation, in oauthlib's order


def _validate(call: Call, given: Mapping[str, str], names: Sequence[str]) -> Request:
    application, redirect_uri = _validate_fatal(call, given, names)
    state = given.get("state")
    response_type = given.get("response_type")

    def back(error: str, description: str | None = None, **why: Any) -> refusals.OpenedxRefusal:
        return _back(redirect_uri, error, description, state, **why)

    if response_type is None:
        raise back("invalid_request", "Missing response_type parameter.", check="response_type")
    known = "code" in response_type or response_type in ("token", "none")
    if not known:
        raise back("unsupported_response_type", check="response_type", expected=["code", "token"], got=response_type)
    if application.authorization_grant_type not in rules.RESPONSE_TYPES.get(response_type, ()):
        raise back(
            "unauthorized_client",
            check="response_type fits the application's grant type",
            expected=application.authorization_grant_type,
            got=response_type,
            diagnosis=f"the application is set up for the grant {application.authorization_grant_type} alone",
        )
    challenge, method = "", ""
    if response_type != "token":
        challenge, method = _challenge(call, given, back)
    mode = given.get("response_mode")
    scopes = rules.scope_list(given["scope"]) if "scope" in given else rules.default_scopes(application)
    available = rules.available_scopes(application)
    if not set(scopes) <= available:
        unknown = [scope for scope in scopes if scope not in available]
        why = why_no_scope(unknown, available)
        raise back("invalid_scope", check="scope", expected=sorted(available), got=list(scopes), diagnosis=why)
    return Request(
        application=application,
        redirect_uri=redirect_uri,
        response_type=response_type,
        scopes=scopes,
        state=state,
        code_challenge=challenge,
        code_challenge_method=method,
        nonce=given.get("nonce", ""),
        in_fragment=mode == "fragment" if mode in ("query", "fragment") else response_type == "token",
    )


def _challenge(call: Call, given: Mapping[str, str], back: Any) -> tuple[str, str]:
    challenge = given.get("code_challenge")
    if challenge is None:
        if call.settings.pkce_required:
            raise back("invalid_request", "Code challenge required.", check="code_challenge")
        return "", ""
    method = given.get("code_challenge_method") or "plain"
    if method not in ("plain", "S256"):
        raise back(
            "invalid_request",
            "Transform algorithm not supported.",
            check="code_challenge_method",
            expected=["plain", "S256"],
            got=method,
        )
    return challenge, method


def _validate_fatal(call: Call, given: Mapping[str, str], names: Sequence[str]) -> tuple[Application, str]:
    for name in ("client_id", "response_type", "redirect_uri", "scope", "state"):
        if names.count(name) > 1:
            often = f"`{name}` was sent {names.count(name)} times; send it once"
            raise _fatal(f"Duplicate {name} parameter.", "duplicate_parameter", got=name, diagnosis=often)
    client_id = given.get("client_id")
    if not client_id:
        raise _fatal("Missing client_id parameter.", "missing_client_id")
    application = lookup.application(call.store, call.settings, client_id)
    if application is None:
        raise _fatal("Invalid client_id parameter value.", "unknown_client", got=client_id, credential=client_id)
    uri = given.get("redirect_uri")
    if uri is None:
        if not application.redirect_uris:
            raise refusals.Unhandled("neither the request nor the application names a redirect URI")
        uri = rules.default_redirect_uri(call, application)
        if uri is None:
            raise _fatal("Missing redirect URI.", "missing_redirect_uri", expected=application.redirect_uris)
        return application, uri
    if not rules.is_absolute_uri(uri):
        why = why_no_redirect(uri, rules.redirect_uris(call, application))
        raise _fatal(
            "Invalid redirect URI.", "invalid_redirect_uri", expected="an absolute URI", got=uri, diagnosis=why
        )
    registered = rules.redirect_uris(call, application)
    if not rules.redirect_uri_allowed(uri, registered):
        others = [
            (f"the application {application.client_id}", rules.redirect_uris(call, application))
            for application in call.store.applications
        ]
        raise _fatal(
            "Mismatching redirect URI.",
            "redirect_uri_mismatch",
            expected=registered,
            got=uri,
            diagnosis=why_no_redirect(uri, registered, others),
        )
    return application, uri


def _fatal(description: str, reason: str, **why: Any) -> refusals.OpenedxRefusal:
    """An error that must not be redirected: a page."""
    values = {"title": "Authorize", "error": "invalid_request", "description": description}
    body = ("oauth_error.html", values)
    return refusals.OpenedxRefusal(reason, status=400, style="page", body=body, check="authorization request", **why)


def _back(
    redirect_uri: str, error: str, description: str | None, state: str | None, **why: Any
) -> refusals.OpenedxRefusal:
    """An error that is redirected to the application."""
    pairs = [("error", error)]
    if description is not None:
        pairs.append(("error_description", description))
    if state:
        pairs.append(("state", state))
    joint = "&" if "?" in redirect_uri else "?"
    return refusals.OpenedxRefusal(
        error,
        status=302,
        style="redirect",
        body=f"{redirect_uri}{joint}{urlencode(pairs, errors='surrogatepass')}",
        message=description or error,
        **why,
    )


FAMILY = Family("", tag="oauth2")
_SUMMARY = "Authorization endpoint: consent page, code or error"

ROUTES = (
    FAMILY.page("/oauth2/authorize/", authorize, _SUMMARY, source=recorded("main", 194), ignores=IGNORED),
    FAMILY.page("/oauth2/authorize", authorize, _SUMMARY, source=recorded("main", 195), ignores=IGNORED),
    FAMILY.page(
        "/_o/authorize/",
        authorize,
        "The toolkit's own authorization endpoint",
        source=recorded("main", 415),
        ignores=IGNORED,
    ),
)
