"""`/oauth2/exchange_access_token/{backend}/`: another site's token for one of ours.

Source: edx-platform `openedx/core/djangoapps/auth_exchange/views.py` (DOTAccessTokenExchangeView) and `forms.py`.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, Resource, recorded

BACKENDS = frozenset(
    {"google-oauth2", "facebook", "linkedin-oauth2", "azuread-oauth2", "apple-id", "identityServer3", "tpa-saml", "lti"}
)


def exchange(call: Call) -> Response:
    """The resource, whose backend is looked up before anything else."""
    if call.path_params["backend"] not in BACKENDS:
        raise refusals.OpenedxRefusal(
            "unknown_backend",
            status=404,
            style="not-found",
            check="sign-in backend",
            expected=sorted(BACKENDS),
            got=call.path_params["backend"],
            diagnosis=f"there is no backend of this name; there are {', '.join(sorted(BACKENDS))}",
        )
    return _RESOURCE(call)


def exchange_access_token(call: Call) -> Response:
    """Exchange another site's token. Third-party sign-in is not set up, so no exchange ever succeeds."""
    form = {} if not call.is_form else dict(call.form())
    for name in ("access_token", "client_id"):
        if not form.get(name):
            raise _refused("invalid_request", f"{name} is required")
    client_id = call.field("client_id")
    application = lookup.application(call.store, call.settings, client_id)
    if application is None:
        raise _refused("invalid_client", f"{client_id} is not a valid client_id", credential=client_id)
    if application.client_type != "public":
        raise _refused("invalid_client", f"{client_id} is not a public client")
    raise refusals.Unhandled("third-party sign-in is not set up on the recorded server, which fails on this")


def _refused(error: str, description: str, credential: str | None = None) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        error,
        status=400,
        body=refusals.Verbatim({"error": error, "error_description": description}),
        message=description,
        check="token exchange",
        credential=credential,
    )


FAMILY = Family("/oauth2/exchange_access_token", tag="oauth2", source=recorded("main", 403, 405))
_SUMMARY = "Exchange another site's token"
_RESOURCE = Resource(
    "/oauth2/exchange_access_token/{backend}/",
    post=exchange_access_token,
    authenticators=credentials.NONE,
    permissions=(anyone,),
    allow="POST",
    summary=_SUMMARY,
    evidence="recorded",
    source=FAMILY.source,
    tag=FAMILY.tag,
)

ROUTES = (FAMILY.page("/{backend}/", exchange, _SUMMARY),)
