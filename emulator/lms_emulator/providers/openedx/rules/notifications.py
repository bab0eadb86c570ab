"""Types of notifications, their channels, and users' preferences.

Sources: edx-platform `openedx/core/djangoapps/notifications/base_notification.py`; `fixtures/recordings/openedx-2`,
forum.jsonl 404-450.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.forum import NotificationPreference
from lms_emulator.providers.openedx.model.section import OpenedxStore

CHANNELS = ("web", "email", "push")
CADENCES = ("Daily", "Weekly", "Immediately", "Never")
_CORE = {
    "discussion": [
        "new_comment_on_response",
        "new_comment",
        "new_response",
        "response_on_followed_post",
        "comment_on_followed_post",
        "response_endorsed_on_thread",
        "response_endorsed",
    ],
    "updates": [],
    "grading": [],
}
_ABOUT = {
    "discussion": (
        "Notifications for responses and comments on your posts, and the ones you’re following,"
        " including endorsements to your responses and on your posts."
    ),
    "updates": "Notifications for new announcements and updates from the course team.",
    "grading": "Notifications for submission grading.",
}
#: For each app its types: shown in the browser, sent by mail; and whether only an account as a whole has it.
_TYPES: dict[str, dict[str, tuple[bool, bool, bool]]] = {
    "discussion": {
        "new_discussion_post": (False, False, False),
        "new_question_post": (False, False, False),
        "content_reported": (True, True, True),
        "new_instructor_all_learners_post": (True, False, True),
    },
    "updates": {"course_updates": (True, False, False)},
    "grading": {"ora_staff_notifications": (True, False, True), "ora_grade_assigned": (True, True, False)},
}
APPS = tuple(_TYPES)


def types(app: str) -> list[str]:
    """The types of an app that can be set."""
    return [*_TYPES[app], "core"]


def preference(store: OpenedxStore, username: str, course: str) -> NotificationPreference:
    """A user's notification preferences for a course; enrolments have their row, others get one on request."""
    for enrollment in sorted(store.enrollments, key=lambda enrolment: enrolment.id):
        if (enrollment.user, enrollment.course) not in store.notification_preferences:
            _create(store, enrollment.user, enrollment.course)
    return store.notification_preferences.get((username, course)) or _create(store, username, course)


def _create(store: OpenedxStore, username: str, course: str) -> NotificationPreference:
    number = store.next_number("notification_preferences") if course else 0
    return store.notification_preferences.put(NotificationPreference(user=username, course=course, id=number))


def account(store: OpenedxStore, username: str) -> NotificationPreference:
    """A user's notification preferences for all courses."""
    return store.notification_preferences.get((username, "")) or _create(store, username, "")


def change(
    store: OpenedxStore, preference: NotificationPreference, app: str, kind: str, channel: str, value: bool | str
) -> NotificationPreference:
    """Keep that a channel of a type is on or off, or how often mail comes."""
    values = [known for known in preference.values if known[:3] != (app, kind, channel)]
    return store.notification_preferences.put(replace(preference, values=[*values, (app, kind, channel, value)]))


def switch(store: OpenedxStore, preference: NotificationPreference, app: str, *, on: bool) -> NotificationPreference:
    """Keep that an app is on or off."""
    off = [name for name in preference.off if name != app] + ([] if on else [app])
    return store.notification_preferences.put(replace(preference, off=off))


def setting(preference: NotificationPreference, app: str, kind: str) -> dict[str, Any]:
    """The channels of a type."""
    web, email, _ = _TYPES[app].get(kind, (True, True, False))
    found: dict[str, Any] = {"web": web, "email": email, "push": kind == "core", "email_cadence": "Daily"}
    return found | {channel: value for of, name, channel, value in preference.values if (of, name) == (app, kind)}


def document(preference: NotificationPreference, *, whole: bool) -> dict[str, Any]:
    """All settings by app. Parameters: `whole`, of the whole account, which has more types and fewer details."""
    found: dict[str, Any] = {}
    for app, kinds in _TYPES.items():
        shown = [kind for kind, (_, _, account_only) in kinds.items() if whole or not account_only]
        settings = {}
        for kind in (*shown, "core"):
            settings[kind] = setting(preference, app, kind)
            if not whole:
                settings[kind]["info"] = _ABOUT[app] if kind == "core" else ""
        found[app] = {
            "enabled": app not in preference.off,
            "core_notification_types": _CORE[app],
            "notification_types": settings,
            "non_editable": {kind: ["push"] for kind in shown},
        }
    return found


def wants(store: OpenedxStore, username: str, course: str, app: str, kind: str) -> bool:
    """Whether a user gets a notification in the browser."""
    row = preference(store, username, course)
    return app not in row.off and bool(setting(row, app, "core" if kind in _CORE[app] else kind)["web"])
