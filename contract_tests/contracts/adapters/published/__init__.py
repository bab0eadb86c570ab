"""Published clients, unchanged, behind the ports. Each does what it does; the wire does the rest of the port."""

from __future__ import annotations


def configure_django() -> None:
    """The clients of edX read Django's settings; the least of them is enough."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
