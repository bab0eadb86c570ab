"""What the LMS puts over django-oauth-toolkit: who a token is for, which scopes exist, tokens as JWT."""

import hashlib
import json
import time
from datetime import UTC, datetime

import jwt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from jwt.algorithms import RSAAlgorithm
from oauth2_provider.models import AccessToken, Application
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauth2_provider.views import AuthorizationView, TokenView

from oracle_app.models import ApplicationAccess, RestrictedApplication


def username_of(payload):
    """The user a JWT names."""
    return payload.get("preferred_username") or payload.get("username")


def extra_scopes(application):
    """Scopes of the application's access record."""
    row = ApplicationAccess.objects.filter(application=application).first()
    return row.scopes.split() if row else []


def is_restricted(application):
    """Whether the application is a restricted one."""
    return RestrictedApplication.objects.filter(application=application).exists()


class ApplicationScopes(SettingsScopes):
    """Default scopes, and what the application's access record adds, as far as they are known."""

    def get_available_scopes(self, application=None, request=None, *args, **kwargs):
        """The scopes this application may ask for."""
        known = self.get_all_scopes()
        wanted = list(self.get_default_scopes()) + (extra_scopes(application) if application else [])
        return [scope for scope in wanted if scope in known]


class Validator(OAuth2Validator):
    """Inactive people and e-mail addresses may sign in; client-credentials tokens belong to the application's user."""

    def validate_user(self, username, password, client, request, *args, **kwargs):
        """Check a user name or e-mail address and its password."""
        users = get_user_model().objects
        user = users.filter(email=username).first() if "@" in username else users.filter(username=username).first()
        if user is None or not user.check_password(password):
            return False
        request.user = user
        return True

    def save_bearer_token(self, token, request, *args, **kwargs):
        """Store the token for the right person; tokens of restricted applications are born expired."""
        machine = request.grant_type == "client_credentials"
        if machine and "user_id" in extra_scopes(request.client) and "user_id" not in token["scope"].split():
            token["scope"] = f"{token['scope']} user_id"
        super().save_bearer_token(token, request, *args, **kwargs)
        if machine:
            AccessToken.objects.filter(token=token["access_token"]).update(user=request.client.user)
        if is_restricted(request.client):
            AccessToken.objects.filter(token=token["access_token"]).update(expires=datetime(1970, 1, 1, tzinfo=UTC))
            token["expires_in"] = -time.time()


class AccessTokenView(TokenView):
    """The token endpoint; replaces an opaque token by a JWT when asked."""

    def post(self, request, *args, **kwargs):
        """Answer as the toolkit does, then rewrite the token if the client wants a JWT."""
        response = super().post(request, *args, **kwargs)
        kind = request.POST.get("token_type") or request.META.get("HTTP_X_TOKEN_TYPE", "")
        if response.status_code == 200 and kind.lower() == "jwt":
            answer = json.loads(response.content)
            row = AccessToken.objects.get(token=answer["access_token"])
            asymmetric = bool(request.POST.get("asymmetric_jwt")) or is_restricted(row.application)
            answer |= {
                "access_token": make_jwt(row, answer["scope"], asymmetric),
                "expires_in": settings.JWT_EXPIRE_SECONDS,
                "token_type": "JWT",
            }
            replaced = HttpResponse(json.dumps(answer), content_type="application/json")
            replaced["Cache-Control"], replaced["Pragma"] = "no-store", "no-cache"
            return replaced
        return response


def make_jwt(row, scope, asymmetric):
    """A token's JWT form."""
    user, application, now = row.user, row.application, int(time.time())
    scopes = scope.split()
    claims = {
        "aud": settings.JWT_AUDIENCE,
        "exp": now + settings.JWT_EXPIRE_SECONDS,
        "grant_type": application.authorization_grant_type,
        "iat": now,
        "iss": settings.JWT_ISSUER,
        "preferred_username": user.username,
        "scopes": scopes,
        "version": "1.2.0",
        "sub": hashlib.md5(f"oracle{user.pk}".encode()).hexdigest(),
        "filters": [] if application.authorization_grant_type == "client-credentials" else ["user:me"],
        "is_restricted": is_restricted(application),
        "email_verified": user.is_active,
    }
    if "email" in scopes:
        claims["email"] = user.email
    if "profile" in scopes:
        claims |= {
            "name": user.get_full_name(),
            "family_name": user.last_name,
            "given_name": user.first_name,
            "administrator": user.is_staff,
            "superuser": user.is_superuser,
        }
    if "user_id" in scopes:
        claims["user_id"] = user.pk
    if asymmetric:
        return jwt.encode(claims, RSAAlgorithm.from_jwk(settings.JWT_PRIVATE_JWK), algorithm="RS512")
    return jwt.encode(claims, settings.JWT_SECRET, algorithm="HS256")


class AuthorizeView(AuthorizationView):
    """The consent page; somebody who once agreed is not asked again, even if that token has expired."""

    template_name = "consent.html"

    def get(self, request, *args, **kwargs):
        """Skip the page where any stored token of this person and application covers the scopes."""
        prompt = request.GET.get("approval_prompt", "auto_even_if_expired")
        application = Application.objects.filter(client_id=request.GET.get("client_id", "")).first()
        if prompt == "auto_even_if_expired" and application is not None and not application.skip_authorization:
            scopes = request.GET.get("scope", "").split() or settings.OAUTH2_PROVIDER["DEFAULT_SCOPES"]
            tokens = AccessToken.objects.filter(user=request.user, application=application)
            if any(token.allow_scopes(scopes) for token in tokens):
                application.skip_authorization = True  # for this answer only: never saved
                return self._without_page(request, application)
        return super().get(request, *args, **kwargs)

    def _without_page(self, request, application):
        try:
            scopes, credentials = self.validate_authorization_request(request)
            uri, _, _, _ = self.create_authorization_response(
                request=request, scopes=" ".join(scopes), credentials=credentials, allow=True
            )
        except Exception as error:
            if hasattr(error, "oauthlib_error"):
                return self.error_response(error, application)
            raise
        return self.redirect(uri, application)
