"""The site's administration: Django-admin pages of the OAuth2 applications and tokens, for people and scripts.

URLs, field names, defaults and messages are Django's; the look is ours. Sources: Django 4.2 `django/contrib/admin`;
django-oauth-toolkit 1.7.1 `oauth2_provider/admin.py`; edx-platform
`openedx/core/djangoapps/oauth_dispatch/admin.py`; `fixtures/recordings/openedx`, extra.jsonl 16-26.
"""
