"""Django, which a process can be set up for only once: for Open edX's clients, and for a tool with PyLTI1p3."""

from __future__ import annotations


def configure() -> None:
    """Set Django up for all that the tests do with it in their own process."""
    import django
    from django.conf import settings

    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="tool", ALLOWED_HOSTS=["*"], ROOT_URLCONF="contract_tests.lti.web_tools",
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        SESSION_ENGINE="django.contrib.sessions.backends.cache", SESSION_COOKIE_SAMESITE="None",
        SESSION_COOKIE_SECURE=True, INSTALLED_APPS=["django.contrib.sessions"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    )  # fmt: skip
    django.setup()
