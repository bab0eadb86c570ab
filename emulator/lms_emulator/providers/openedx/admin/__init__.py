"""The site's administration: Django-admin pages of the OAuth2 applications and tokens, made for people and scripts.

URLs, field names, defaults and messages are Django's; the look is ours. Source: openedx.md 8; recorded answers (group
admin).
"""
