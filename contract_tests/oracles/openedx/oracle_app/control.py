"""The oracle's seed, reset and clock: what a contract needs of a target and Open edX does not offer."""

import json
from datetime import UTC, datetime, timedelta

import time_machine
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import JsonResponse
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, Grant, IDToken, RefreshToken

from oracle_app.models import ApplicationAccess, RestrictedApplication

PEOPLE = {
    "superuser": ("oracle-admin", True, True, True),
    "staff": ("oracle-staff", True, False, True),
    "learner": ("oracle-learner", False, False, True),
    "other_learner": ("oracle-other", False, False, True),
    "inactive": ("oracle-inactive", False, False, False),
}
CODE, CREDENTIALS, PASSWORD = "authorization-code", "client-credentials", "password"
REDIRECTS = ["http://localhost:9999/callback", "http://localhost:9999/second"]
CLIENTS = {
    "client_credentials": ("confidential", CREDENTIALS, "superuser"),
    "authorization_code": ("confidential", CODE, "superuser"),
    "public_authorization_code": ("public", CODE, "superuser"),
    "trusted": ("confidential", CODE, "superuser"),
    "password": ("confidential", PASSWORD, "superuser"),
    "public_password": ("public", PASSWORD, "superuser"),
    "restricted": ("confidential", CREDENTIALS, "superuser"),
    "without_user": ("confidential", CREDENTIALS, None),
}
_facts = {}
_travel = None


def seed():
    """Fill the empty database. The keys of the facts are those of the emulator's `info`."""
    people = {}
    for role, (name, staff, superuser, active) in PEOPLE.items():
        people[role] = get_user_model().objects.create_user(
            username=name, email=f"{name}@example.com", password=f"{name}-password", is_staff=staff,
            is_superuser=superuser, is_active=active,
        )  # fmt: skip
        _facts[role] = {"username": name, "password": f"{name}-password", "email": f"{name}@example.com"}
    _facts["clients"] = {}
    for name, (kind, grant, user) in CLIENTS.items():
        uris = REDIRECTS if grant == CODE else []
        application = Application.objects.create(
            name=name, user=people[user] if user else None, client_type=kind, authorization_grant_type=grant,
            client_id=f"oracle-{name}", client_secret=f"oracle-{name}-secret", redirect_uris=" ".join(uris),
            skip_authorization=name == "trusted",
        )  # fmt: skip
        facts = {"client_id": application.client_id, "redirect_uris": uris}
        if kind == "confidential":
            facts["client_secret"] = application.client_secret
        if user:
            facts["user"] = people[user].username
        _facts["clients"][name] = facts
    RestrictedApplication.objects.create(application=Application.objects.get(name="restricted"))
    ApplicationAccess.objects.create(application=Application.objects.get(name="trusted"), scopes="user_id")
    _facts["jwt"] = {
        "issuer": settings.JWT_ISSUER,
        "audience": settings.JWT_AUDIENCE,
        "hs256_secret": settings.JWT_SECRET,
        "jwks": json.loads(settings.JWT_PUBLIC_JWKS),
    }


def info(request):
    """The facts a contract needs."""
    return JsonResponse(_facts)


def reset(request):
    """Forget everything that was added to the seed. The clock runs on from now, standing still."""
    for model in (RefreshToken, AccessToken, IDToken, Grant, Session):
        model.objects.all().delete()
    get_user_model().objects.exclude(username__in=[row[0] for row in PEOPLE.values()]).delete()
    cache.clear()
    _stand_at(_machine_time())
    return clock(request)


def clock(request):
    """Read the clock, or move it by `{"advance": seconds}`."""
    if request.method == "POST" and request.body:
        _stand_at(timezone.now() + timedelta(seconds=json.loads(request.body)["advance"]))
    return JsonResponse({"now": timezone.now().timestamp()})


def _machine_time():
    global _travel
    if _travel is not None:
        _travel.stop()
        _travel = None
    return datetime.now(UTC).replace(microsecond=0)


def _stand_at(moment):
    global _travel
    if _travel is not None:
        _travel.stop()
    _travel = time_machine.travel(moment, tick=False)
    _travel.start()
