"""POST /token, and the flow of 2010 and 2011, which exchanges an access grant for tokens."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import oauth, refusals, wire
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.settings import MOBILE_SITE, PORTAL, android, java

_NO_STORE = {"Cache-Control": "no-store"}


def token(call: Call) -> Response:
    """POST /token: the assertion, password and refresh_token grants."""
    _check_form(call)
    grant_type = call.field("grant_type")
    if grant_type == "assertion":
        kind, text = _wanted(call, "assertion_type"), _wanted(call, "assertion")
        body = oauth.issue(call, *oauth.by_assertion(call, kind, text), refreshable=False)
    elif grant_type == "password":
        application = oauth.application_of(call, _wanted(call, "client_id"))
        user = oauth.by_password(call, _wanted(call, "username"), _wanted(call, "password"))
        body = oauth.issue(call, application, user, refreshable=True)
    elif grant_type == "refresh_token":
        application = oauth.application_of(call, _wanted(call, "client_id"))
        user = oauth.by_refresh_token(call, application, _wanted(call, "refresh_token"))
        body = oauth.issue(call, application, user, refreshable=True)
    elif grant_type.startswith("{"):
        raise refusals.placeholder("grant_type", grant_type)
    else:
        raise refusals.unsupported_grant_type(call, grant_type, oauth.grant_type_hint(call, grant_type))
    return wire.answer(body, headers=_NO_STORE)


def _check_form(call: Call) -> None:
    """Warn about mistakes that real clients make in forms."""
    try:
        call.form()
    except BodyError as failed:
        message = "The request body cannot be read."
        raise refusals.malformed_body(message, check="a form", got=str(failed)) from None
    if call.content_type == "multipart/form-data":
        call.warn("multipart_form", "The form is multipart; Pearson documents application/x-www-form-urlencoded.")
        return
    if not call.is_form:
        return
    for character, code in ((b"|", "%7C"), (b"\\", "%5C"), (b"{", "%7B")):
        if character in call.body:
            call.warn("unencoded_character", f"The form has an unencoded {character.decode()}; send {code}.")
    for pair in call.body.split(b"&"):
        if pair.startswith(b"assertion=") and b"+" in pair:
            call.warn("unencoded_plus", "An unencoded + in the assertion means a space; send %2B for a plus.")


def _wanted(call: Call, name: str) -> str:
    value = call.field(name)
    if not value:
        raise refusals.missing_parameter(call, name)
    return value


def authorize_grant(call: Call) -> Response:
    """POST /authorize/grant: an access grant in exchange for a password."""
    _check_form(call)
    application = oauth.application_of(call, _wanted(call, "client_id"))
    user = oauth.by_login(call, _wanted(call, "clientString"), _wanted(call, "userLogin"), _wanted(call, "password"))
    made = oauth.grant(call, application, user)
    return wire.answer(
        {"access_token": made.grant, "expires_in": call.settings.access_grant_seconds}, headers=_NO_STORE
    )


def authorize_token(call: Call) -> Response:
    """GET /authorize/token: tokens in exchange for an access grant."""
    text = call.query.get("access_grant", "")
    if not text:
        raise refusals.missing_parameter(call, "access_grant")
    return wire.answer(oauth.issue(call, *oauth.by_grant(call, text), refreshable=True), headers=_NO_STORE)


def authorize_grant_email(call: Call) -> Response:
    """POST /authorize/grant/email: an access grant by e-mail, for a user who has forgotten the password."""
    _check_form(call)
    application = oauth.application_of(call, _wanted(call, "client_id"))
    client_string, email, last_name = (_wanted(call, name) for name in ("clientString", "email", "lastname"))
    found = call.store.users.find("email", (client_string, email.lower()))
    user = next((user for user in found if user.active and user.last_name.lower() == last_name.lower()), None)
    if user is None:
        raise refusals.unknown_user(call, f"{email}, {last_name}, {client_string}")
    made = oauth.grant(call, application, user)
    url = call.url(f"/authorize/token?access_grant={made.grant}")
    call.outbox.add(
        "email",
        provider="learningstudio",
        kind="access_grant",
        to=user.email,
        subject="Your access to LearningStudio",
        body=f"Hello {user.first_name} {user.last_name},\n\nopen this link to sign in:\n{url}\n",
        data={"access_grant": made.grant, "url": url},
        at=call.clock.now(),
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
