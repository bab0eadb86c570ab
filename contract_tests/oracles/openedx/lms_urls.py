"""The addresses of the oracle, and its own controls under `/_oracle`."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views import RevokeTokenView
from oracle_app import api, control, oauth

urlpatterns = [
    re_path(r"^oauth2/authorize/?$", csrf_exempt(login_required(oauth.AuthorizeView.as_view()))),
    re_path(r"^oauth2/access_token/?$", csrf_exempt(oauth.AccessTokenView.as_view())),
    re_path(r"^oauth2/revoke_token/?$", csrf_exempt(RevokeTokenView.as_view())),
    path("_o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("", include("csrf.urls")),
    re_path(r"^api/user/(?P<version>v1|v2)/account/login_session/$", api.LoginSession.as_view()),
    path("api/user/v1/me", api.Me.as_view()),
    path("_oracle/info", control.info),
    path("_oracle/reset", csrf_exempt(control.reset)),
    path("_oracle/clock", csrf_exempt(control.clock)),
]
