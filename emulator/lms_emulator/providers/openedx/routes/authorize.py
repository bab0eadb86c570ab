"""`/oauth2/authorize/`: consent, remembered consent, trusted applications; codes, and tokens for implicit ones.

The order of checks is oauthlib's; the toolkit's open redirect on Cancel is not reproduced: the redirect URI is checked
there too. Sources: openedx.md 2; recorded answers (group authorize).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import html, visits, wire
from lms_emulator.providers.openedx.model import lookup, oauth
from lms_emulator.providers.openedx.routes.token import authority
from lms_emulator.providers.openedx.views import server_error

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import Application
    from lms_emulator.providers.openedx.visits import Call

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
ALLOW = "GET, POST, PUT, HEAD, OPTIONS"


class _NothingRegisteredError(Exception):
    """There is no redirect URI, neither in the request nor in the application."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An authorization request that may be granted."""

    application: Application
    redirect_uri: str
    response_type: str
    scopes: Sequence[str]
    state: str | None
    code_challenge: str
    code_challenge_method: str
    nonce: str


def authorize(x: Call) -> Response:
    """Ask, remember, or send the browser to sign in first."""
    if visits.of(x).session is None:
        return to_login(x)
    if x.method in ("GET", "HEAD"):
        try:
            return _ask(x)
        except _NothingRegisteredError:
            x.warn("provider_defect", "the real server fails when neither the request nor the application names an URI")
            return server_error(x)
    if x.method in ("POST", "PUT"):
        return _decide(x)
    if x.method == "OPTIONS":
        return wire.empty(200, {"allow": ALLOW})
    raise wire.OpenedxRefusal(
        "method_not_allowed", status=405, style="empty", headers={"allow": ALLOW}, check="method", got=x.method
    )


def to_login(x: Call) -> Response:
    """A redirect to the sign-in page that comes back to this very address."""
    query = f"?{x.query_string.decode('latin-1')}" if x.query_string else ""
    here = f"{x.prefix}{x.raw_path.decode('latin-1')}{query}"
    return wire.redirect(f"{x.prefix}/login?next={quote(here, safe='/')}")


def _username(x: Call) -> str:
    session = visits.of(x).session
    return session.user if session is not None else ""


# the question


def _ask(x: Call) -> Response:
    given = parse_qsl(x.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    wish = _validate(x, dict(given), [name for name, _ in given])
    prompt = x.query.get("approval_prompt", x.settings.approval_prompt)
    if wish.application.skip_authorization:
        return _grant(x, wish)
    if prompt in ("auto", "auto_even_if_expired"):
        remembered = authority(x).has_consented(
            wish.application, _username(x), wish.scopes, expired_too=prompt == "auto_even_if_expired"
        )
        if remembered:
            return _grant(x, wish)
    values: dict[str, str | None] = {
        "redirect_uri": wish.redirect_uri,
        "scope": " ".join(wish.scopes),
        "client_id": wish.application.client_id,
        "state": wish.state,
        "response_type": wish.response_type,
    }
    if prompt != "auto_even_if_expired":  # only the toolkit's own page carries the challenge over
        values |= {"code_challenge": wish.code_challenge, "code_challenge_method": wish.code_challenge_method}
    return _page(x, wish.application, values, wish.scopes, {})


def _page(
    x: Call,
    application: Application | None,
    values: Mapping[str, str | None],
    scopes: Sequence[str],
    errors: Mapping[str, str],
) -> Response:
    access = application.access if application is not None else None
    organisations = [f.partition(":")[2] for f in (access.filters if access else []) if f.startswith("content_org:")]
    return html.page(
        x,
        "consent.html",
        title="Authorize",
        application=application,
        csrf_token=visits.csrf_token(x),
        fields=[(name, values.get(name) or "") for name in FORM_FIELDS],
        permissions=[oauth.SCOPES[scope] for scope in dict.fromkeys(scopes)],
        organisations=organisations,
        errors=errors,
    )


# the decision


def _decide(x: Call) -> Response:
    form = _form(x)
    errors = {name: "This field is required." for name in REQUIRED_FIELDS if not form.get(name)}
    if errors:
        return _page(x, None, form, (), errors)
    if lookup.application(x.store, x.settings, form["client_id"]) is None:
        x.warn("provider_defect", "the real server fails on a consent form with an unknown client id")
        return server_error(x)
    query = parse_qsl(x.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    posted = {name: form[name] for name in ("client_id", "redirect_uri", "response_type")}
    posted["state"] = form.get("state", "")
    posted["scope"] = form["scope"]
    posted |= {n: form[n] for n in ("code_challenge", "code_challenge_method", "nonce") if form.get(n)}
    parameters = {**dict(query), **posted}
    names = [name for name, _ in query]
    if not _is_true(form.get("allow")):
        _, redirect_uri = _validate_fatal(x, parameters, names)
        raise _denied(redirect_uri, posted["state"])
    return _grant(x, _validate(x, parameters, names))


def _form(x: Call) -> dict[str, str]:
    if x.method == "PUT":
        return {}
    try:
        return {name: value.strip() for name, value in x.form().items() if isinstance(value, str)}
    except BodyError:
        return {}


def _is_true(value: str | None) -> bool:
    return bool(value) and str(value).lower() not in ("false", "0")


def _denied(redirect_uri: str, state: str | None) -> wire.OpenedxRefusal:
    return _back(redirect_uri, "access_denied", None, state, check="the user allows it", got="Cancel")


def _grant(x: Call, wish: Wish) -> Response:
    issuer, user = authority(x), _username(x)
    state = [("state", wish.state)] if wish.state else []
    if wish.response_type == "token":
        issued = issuer.issue(wish.application, user, wish.scopes, refreshable=False)
        pairs = [
            ("access_token", issued.access_token.token),
            ("expires_in", str(issued.expires_in)),
            ("token_type", "Bearer"),
            ("scope", issued.access_token.scope),
            *state,
        ]
        return wire.redirect(_with_fragment(wish.redirect_uri, pairs))
    grant = issuer.grant(
        wish.application,
        user,
        wish.redirect_uri,
        wish.scopes,
        code_challenge=wish.code_challenge,
        code_challenge_method=wish.code_challenge_method,
        nonce=wish.nonce,
    )
    if wish.redirect_uri.startswith(oauth.OUT_OF_BAND):
        return _out_of_band(x, wish, grant.code)
    return wire.redirect(_with_query(wish.redirect_uri, [("code", grant.code), *state]))


def _out_of_band(x: Call, wish: Wish, code: str) -> Response:
    if wish.redirect_uri.startswith(oauth.OUT_OF_BAND_AUTO):
        uri = _with_query(wish.redirect_uri, [("code", code), *([("state", wish.state)] if wish.state else [])])
        return wire.spaced_json(
            {
                "access_token": code,
                "token_uri": uri,
                "client_id": wish.application.client_id,
                "client_secret": wish.application.client_secret,
                "revoke_uri": f"{x.prefix}/_o/revoke_token/",
            }
        )
    return html.page(x, "out_of_band.html", title="Success", code=code)


def _with_query(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    parts = urlsplit(uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *pairs], errors="surrogatepass")
    return urlunsplit(parts._replace(query=query))


def _with_fragment(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    parts = urlsplit(uri)
    fragment = urlencode([*parse_qsl(parts.fragment, keep_blank_values=True), *pairs], errors="surrogatepass")
    return urlunsplit(parts._replace(fragment=fragment))


# validation, in oauthlib's order


def _validate(x: Call, given: Mapping[str, str], names: Sequence[str]) -> Wish:
    application, redirect_uri = _validate_fatal(x, given, names)
    state = given.get("state")
    response_type = given.get("response_type")

    def back(error: str, description: str | None = None, **why: Any) -> wire.OpenedxRefusal:
        return _back(redirect_uri, error, description, state, **why)

    if response_type is None:
        raise back("invalid_request", "Missing response_type parameter.", check="response_type")
    known = "code" in response_type or response_type in ("token", "none")
    if not known:
        raise back("unsupported_response_type", check="response_type", expected=["code", "token"], got=response_type)
    if application.authorization_grant_type not in oauth.RESPONSE_TYPES.get(response_type, ()):
        raise back(
            "unauthorized_client",
            check="response_type fits the application's grant type",
            expected=application.authorization_grant_type,
            got=response_type,
        )
    challenge, method = "", ""
    if response_type != "token":
        challenge, method = _challenge(x, given, back)
    scopes = oauth.scope_list(given["scope"]) if "scope" in given else oauth.default_scopes(application)
    available = oauth.available_scopes(application)
    if not set(scopes) <= available:
        raise back("invalid_scope", check="scope", expected=sorted(available), got=list(scopes))
    return Wish(
        application=application,
        redirect_uri=redirect_uri,
        response_type=response_type,
        scopes=scopes,
        state=state,
        code_challenge=challenge,
        code_challenge_method=method,
        nonce=given.get("nonce", ""),
    )


def _challenge(x: Call, given: Mapping[str, str], back: Any) -> tuple[str, str]:
    challenge = given.get("code_challenge")
    if challenge is None:
        if x.settings.pkce_required:
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


def _validate_fatal(x: Call, given: Mapping[str, str], names: Sequence[str]) -> tuple[Application, str]:
    for name in ("client_id", "response_type", "redirect_uri", "scope", "state"):
        if names.count(name) > 1:
            raise _fatal(f"Duplicate {name} parameter.", "duplicate_parameter", got=name)
    client_id = given.get("client_id")
    if not client_id:
        raise _fatal("Missing client_id parameter.", "missing_client_id")
    application = lookup.application(x.store, x.settings, client_id)
    if application is None:
        raise _fatal("Invalid client_id parameter value.", "unknown_client", got=client_id)
    uri = given.get("redirect_uri")
    if uri is None:
        if not application.redirect_uris:
            raise _NothingRegisteredError
        uri = oauth.default_redirect_uri(application)
        if uri is None:
            raise _fatal("Missing redirect URI.", "missing_redirect_uri", expected=application.redirect_uris)
        return application, uri
    if not oauth.is_absolute_uri(uri):
        raise _fatal("Invalid redirect URI.", "invalid_redirect_uri", expected="an absolute URI", got=uri)
    if not oauth.redirect_uri_allowed(uri, application.redirect_uris):
        raise _fatal(
            "Mismatching redirect URI.",
            "redirect_uri_mismatch",
            expected=application.redirect_uris,
            got=uri,
            diagnosis=_why_mismatch(uri, application.redirect_uris),
        )
    return application, uri


def _why_mismatch(uri: str, registered: Sequence[str]) -> str | None:
    if uri.rstrip("/") in {one.rstrip("/") for one in registered}:
        return "it differs from a registered URI in the slash at its end only"
    if not registered:
        return "the application has no redirect URI registered"
    swapped = {uri.replace("http://", "https://", 1), uri.replace("https://", "http://", 1)}
    if swapped & set(registered):
        return "it differs from a registered URI in http and https only"
    same = {uri.replace("localhost", "127.0.0.1", 1), uri.replace("127.0.0.1", "localhost", 1)}
    if same & set(registered):
        return "localhost and 127.0.0.1 are different hosts here"
    return None


def _fatal(description: str, reason: str, **why: Any) -> wire.OpenedxRefusal:
    """What no redirect can carry: a page."""
    return wire.page_refusal(
        reason,
        400,
        "oauth_error.html",
        check="authorization request",
        title="Authorize",
        error="invalid_request",
        description=description,
        **why,
    )


def _back(redirect_uri: str, error: str, description: str | None, state: str | None, **why: Any) -> wire.OpenedxRefusal:
    """An error that goes back to the application."""
    pairs = [("error", error)]
    if description is not None:
        pairs.append(("error_description", description))
    if state:
        pairs.append(("state", state))
    joint = "&" if "?" in redirect_uri else "?"
    return wire.OpenedxRefusal(
        error,
        status=302,
        style="redirect",
        body=f"{redirect_uri}{joint}{urlencode(pairs, errors='surrogatepass')}",
        message=description or error,
        **why,
    )


def _route(path: str, summary: str) -> Route:
    return Route(
        methods=(),
        path=path,
        handler=authorize,
        evidence="recorded",
        source="openedx.md 2",
        summary=summary,
        tag="oauth2",
    )


ROUTES = (
    _route("/oauth2/authorize/", "Authorization endpoint: consent page, code or error"),
    _route("/oauth2/authorize", "Authorization endpoint: consent page, code or error"),
    _route("/_o/authorize/", "The toolkit's own authorization endpoint"),
)
