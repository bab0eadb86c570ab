"""The two tables in which the LMS stores properties of applications."""

from django.db import models
from oauth2_provider.settings import oauth2_settings


class ApplicationAccess(models.Model):
    """Scopes an application may ask for beyond the default ones (space separated)."""

    application = models.OneToOneField(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="access"
    )
    scopes = models.TextField(default="")


class RestrictedApplication(models.Model):
    """An application whose opaque tokens are born expired."""

    application = models.OneToOneField(
        oauth2_settings.APPLICATION_MODEL, on_delete=models.CASCADE, related_name="restricted"
    )
