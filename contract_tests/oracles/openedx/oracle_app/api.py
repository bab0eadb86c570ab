"""Bearer and session authentication as the LMS has them, `me`, and signing in with a browser session."""

from django.contrib.auth import get_user_model, login
from django.http import JsonResponse
from django.views import View
from edx_rest_framework_extensions.auth.jwt.authentication import JwtAuthentication
from oauth2_provider.models import AccessToken, Application
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView


def _refused(code, text):
    return AuthenticationFailed({"error_code": code, "developer_message": text})


class BearerAuthentication(BaseAuthentication):
    """Opaque access tokens; inactive people are let in."""

    def authenticate(self, request):
        """The owner of the token, or why not."""
        words = get_authorization_header(request).split()
        if len(words) == 1:
            raise _refused("token_not_provided", "Invalid token header. No credentials provided.")
        if len(words) > 2:
            raise _refused("token_malformed", "Invalid token header. Token string should not contain spaces.")
        if not words or words[0].lower() != b"bearer":
            return None
        token = AccessToken.objects.filter(token=words[1].decode("latin-1")).first()
        if token is None:
            raise _refused("token_nonexistent", "The provided access token does not match any valid tokens.")
        if token.is_expired():
            raise _refused("token_expired", "The provided access token has expired and is no longer valid.")
        user = token.user
        if not user.has_usable_password() and not Application.objects.filter(user_id=user.id).exists():
            raise _refused("user_is_disabled", f"User disabled by admin: {user.username}")
        return user, token

    def authenticate_header(self, request):
        """What a 401 would name if this were the first class."""
        return 'Bearer realm="api"'


class InactiveSessionAuthentication(SessionAuthentication):
    """A browser session, also of inactive people."""

    def authenticate(self, request):
        """The signed-in person."""
        user = getattr(request._request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        self.enforce_csrf(request)
        return user, None


class Me(APIView):
    """Who is calling."""

    authentication_classes = (JwtAuthentication, BearerAuthentication, InactiveSessionAuthentication)
    permission_classes = (IsAuthenticated,)

    def get(self, request):
        """The caller's user name."""
        return Response({"username": request.user.username})


class LoginSession(View):
    """Sign in by e-mail address (v1) or either (v2), as the LMS's login page does."""

    def post(self, request, version):
        """Set the session cookie, or say that it is wrong."""
        given = request.POST.get("email_or_username" if version == "v2" else "email", "")
        users = get_user_model().objects
        user = users.filter(email=given).first() or (users.filter(username=given).first() if version == "v2" else None)
        if user is None or not user.check_password(request.POST.get("password", "")) or not user.is_active:
            refusal = {"success": False, "error_code": "incorrect-email-or-password"}
            return JsonResponse(refusal, status=400, json_dumps_params={"indent": 2})
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return JsonResponse({"success": True, "redirect_url": None}, json_dumps_params={"indent": 2})
