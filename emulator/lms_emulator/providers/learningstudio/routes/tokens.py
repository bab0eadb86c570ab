"""POST /token, and the flow of 2010 and 2011, which exchanges an access grant for tokens."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import oauth, refusals, wire
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.settings import MOBILE_SITE, PORTAL, android, java

_NO_STORE = {"Cache-Control": "no-store"}


def token(x: Call) -> Response:
    """POST /token: the assertion, password and refresh_token grants."""
    _check_form(x)
    grant_type = x.field("grant_type")
    if grant_type == "assertion":
        kind, text = _wanted(x, "assertion_type"), _wanted(x, "assertion")
        body = oauth.issue(x, *oauth.by_assertion(x, kind, text), refreshable=False)
    elif grant_type == "password":
        application = oauth.application_of(x, _wanted(x, "client_id"))
        user = oauth.by_password(x, _wanted(x, "username"), _wanted(x, "password"))
        body = oauth.issue(x, application, user, refreshable=True)
    elif grant_type == "refresh_token":
        application = oauth.application_of(x, _wanted(x, "client_id"))
        user = oauth.by_refresh_token(x, application, _wanted(x, "refresh_token"))
        body = oauth.issue(x, application, user, refreshable=True)
    elif grant_type.startswith("{"):
        raise refusals.placeholder("grant_type", grant_type)
    else:
        raise refusals.unsupported_grant_type(x, grant_type, oauth.grant_type_hint(x, grant_type))
    return wire.answer(body, headers=_NO_STORE)


def _check_form(x: Call) -> None:
    """Warn about mistakes that real clients make in forms."""
    try:
        x.form()
    except BodyError as failed:
        message = "The request body cannot be read."
        raise refusals.malformed_body(message, check="a form", got=str(failed)) from None
    if x.content_type == "multipart/form-data":
        x.warn("multipart_form", "The form is multipart; Pearson documents application/x-www-form-urlencoded.")
        return
    for character, code in ((b"|", "%7C"), (b"\\", "%5C"), (b"{", "%7B")):
        if character in x.body:
            x.warn("unencoded_character", f"The form has an unencoded {character.decode()}; send {code}.")
    for pair in x.body.split(b"&"):
        if pair.startswith(b"assertion=") and b"+" in pair:
            x.warn("unencoded_plus", "An unencoded + in the assertion means a space; send %2B for a plus.")


def _wanted(x: Call, name: str) -> str:
    value = x.field(name)
    if not value:
        raise refusals.missing_parameter(x, name)
    return value


def authorize_grant(x: Call) -> Response:
    """POST /authorize/grant: an access grant in exchange for a password."""
    _check_form(x)
    application = oauth.application_of(x, _wanted(x, "client_id"))
    user = oauth.by_login(x, _wanted(x, "clientString"), _wanted(x, "userLogin"), _wanted(x, "password"))
    made = oauth.grant(x, application, user)
    return wire.answer({"access_token": made.grant, "expires_in": x.settings.access_grant_seconds}, headers=_NO_STORE)


def authorize_token(x: Call) -> Response:
    """GET /authorize/token: tokens in exchange for an access grant."""
    text = x.query.get("access_grant", "")
    if not text:
        raise refusals.missing_parameter(x, "access_grant")
    return wire.answer(oauth.issue(x, *oauth.by_grant(x, text), refreshable=True), headers=_NO_STORE)


def authorize_grant_email(x: Call) -> Response:
    """POST /authorize/grant/email: an access grant by e-mail, for a user who has forgotten the password."""
    _check_form(x)
    application = oauth.application_of(x, _wanted(x, "client_id"))
    client_string, email, last_name = (_wanted(x, name) for name in ("clientString", "email", "lastname"))
    found = x.store.users.find("email", (client_string, email.lower()))
    user = next((user for user in found if user.active and user.last_name.lower() == last_name.lower()), None)
    if user is None:
        raise refusals.unknown_user(x, f"{email}, {last_name}, {client_string}")
    made = oauth.grant(x, application, user)
    url = x.url(f"/authorize/token?access_grant={made.grant}")
    x.outbox.add(
        "email",
        provider="learningstudio",
        kind="access_grant",
        to=user.email,
        subject="Your access to LearningStudio",
        body=f"Hello {user.first_name} {user.last_name},\n\nopen this link to sign in:\n{url}\n",
        data={"access_grant": made.grant, "url": url},
        at=x.clock.now(),
    )
    return wire.answer({})


ROUTES = (
    Route(
        methods=("POST",),
        path="/token",
        handler=token,
        evidence="documented",
        source=f"{PORTAL}/oauth-2-token-api; {java('oauth/OAuth2AssertionService')}",
        summary="An access token for a signed assertion, a password or a refresh token",
        tag="token",
    ),
    Route(
        methods=("POST",),
        path="/authorize/grant",
        handler=authorize_grant,
        evidence="observed",
        source=android("services/FetchGrantService"),
        summary="An access grant for a password (2010)",
        tag="token",
    ),
    Route(
        methods=("GET",),
        path="/authorize/token",
        handler=authorize_token,
        evidence="observed",
        source=android("services/FetchTokenService"),
        summary="Tokens for an access grant (2010)",
        tag="token",
    ),
    Route(
        methods=("POST",),
        path="/authorize/grant/email",
        handler=authorize_grant_email,
        evidence="observed",
        source=MOBILE_SITE,
        summary="An access grant by e-mail (2010)",
        tag="token",
    ),
)
