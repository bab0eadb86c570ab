"""`/api/notifications/`: notifications and notification preferences.

Sources: edx-platform `lms/djangoapps/discussion/rest_api/discussions_notifications.py`,
`openedx/core/djangoapps/notifications/views.py`, `serializers.py` and `base_notification.py`;
`fixtures/recordings/openedx-2`, forum.jsonl 392-459.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import JSON, Call, caller
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.forum import Comment, Notification, Thread
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import notifications as rules
from lms_emulator.providers.openedx.shapes import moment
from lms_emulator.providers.openedx.web import deployment, event_bus

_EXPIRY_DAYS = 60
_DONE = "Notification preferences update completed"
_TEXTS = {
    "new_response": "<strong>{replier_name}</strong> responded to your post <strong>{post_title}</strong>",
    "new_comment": (
        "<strong>{replier_name}</strong> commented on a response to your post <strong>{post_title}</strong>"
    ),
    "new_comment_on_response": (
        "<strong>{replier_name}</strong> commented on your response to the post <strong>{post_title}</strong>"
    ),
    "response_on_followed_post": (
        "<strong>{replier_name}</strong> responded to a post you’re following: <strong>{post_title}</strong>"
    ),
    "comment_on_followed_post": (
        "<strong>{replier_name}</strong> commented on <strong>{author_name}</strong> response in a post you’re"
        " following <strong>{post_title}</strong>"
    ),
    "response_endorsed": "Your response has been endorsed on the post <strong>{post_title}</strong>",
    "response_endorsed_on_thread": (
        "<strong>{replier_name}'s</strong> response has been endorsed in your post <strong>{post_title}</strong>"
    ),
}


# telling


def _notify(call: Call, usernames: Iterable[str], kind: str, thread: Thread, comment: Comment, **more: str) -> None:
    """Request a notification, as the platform does on its event bus, and store it for users who want it.

    Parameters: `more`, the context's members beyond those of every discussion notification.
    """
    course, front = call.store.courses.get(thread.course), deployment.front(call, "discussions", call.base_url)
    sender = call.store.users.get(comment.author)
    if sender is None:
        return
    context: dict[str, str | None] = {
        "replier_name": comment.author,
        "post_title": thread.title,
        "course_name": course.display_name if course is not None else "",
        "email_content": comment.body,
        "thread_id": str(thread.id),
        "topic_id": thread.topic,
        "response_id": None,
        "comment_id": str(comment.id),
        **more,
    }
    url = f"{front}/{thread.course}/posts/{thread.id}"
    people = [user for name in usernames if (user := call.store.users.get(name)) is not None]
    event_bus.notification_requested(
        call, people, kind=kind, app="discussion", course=thread.course, url=url, context=context, sender=sender
    )
    shown = context | {"strong": "strong", "p": "p"}
    words = {name: escape(value or "") for name, value in shown.items()}
    for user in people:
        if rules.wants(call.store, user.username, thread.course, "discussion", kind):
            call.store.notifications.put(
                Notification(
                    id=call.store.next_number("notifications"),
                    user=user.username,
                    course=thread.course,
                    app="discussion",
                    type=kind,
                    context=shown,
                    content=f"<p>{_TEXTS[kind].format(**words)}</p>",
                    url=url,
                    created=call.clock.now(),
                )
            )


def answered(call: Call, thread: Thread, parent: Comment | None, comment: Comment) -> None:
    """Notify a thread's or a response's author, and the thread's followers, of an answer."""
    notified = {comment.author}
    if thread.author not in notified:
        _notify(call, [thread.author], "new_response" if parent is None else "new_comment", thread, comment)
        notified.add(thread.author)
    if parent is not None and parent.author not in notified:
        _notify(call, [parent.author], "new_comment_on_response", thread, comment, response_id=str(parent.id))
        notified.add(parent.author)
    followers = [username for username in thread.followers if username not in notified]
    if parent is None:
        _notify(call, followers, "response_on_followed_post", thread, comment)
    else:
        whose = f"{parent.author}'s"
        pronoun = "their" if parent.author == comment.author else whose
        more = {"author_name": whose, "author_pronoun": pronoun, "response_id": str(parent.id)}
        _notify(call, followers, "comment_on_followed_post", thread, comment, **more)


def endorsed(call: Call, thread: Thread, comment: Comment) -> None:
    """Notify the authors of a thread and of an answer that the answer was endorsed."""
    if thread.author != comment.author:
        _notify(call, [thread.author], "response_endorsed_on_thread", thread, comment)
    _notify(call, [comment.author], "response_endorsed", thread, comment)


# reading


def _mine(call: Call) -> list[Notification]:
    found = call.store.notifications.find("user", caller(call).username)
    return sorted(found, key=lambda notification: notification.id, reverse=True)


def list_all(call: Call) -> Response:
    """The caller's notifications, newest first."""
    app, found = call.query.get("app_name"), _mine(call)
    if app:
        found = [notification for notification in found if notification.app == app]
    page = paging.numbered(call, found)
    return wire.api_json(page.envelope([_shape(item) for item in page.items]))


def _shape(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "app_name": notification.app,
        "notification_type": notification.type,
        "content_context": notification.context,
        "content": notification.content,
        "content_url": notification.url,
        "course_id": notification.course,
        "last_read": moment(notification.last_read),
        "last_seen": moment(notification.last_seen),
        "created": moment(notification.created),
    }


def count(call: Call) -> Response:
    """How many notifications the caller has not seen."""
    unseen = [notification.app for notification in _mine(call) if notification.last_seen is None]
    return wire.api_json(
        {
            "show_notifications_tray": True,
            "count": len(unseen),
            "count_by_app_name": {app: unseen.count(app) for app in rules.APPS},
            "notification_expiry_days": _EXPIRY_DAYS,
        }
    )


def mark_seen(call: Call) -> Response:
    """Record that the caller has seen everything of an app; any name will do."""
    for notification in _mine(call):
        if notification.app == call.path_params["app_name"] and notification.last_seen is None:
            call.store.notifications.put(replace(notification, last_seen=call.clock.now()))
    return wire.api_json({"message": "Notifications marked as seen."})


def mark_read(call: Call) -> Response:
    """Record that the caller has read one notification, or all of an app."""
    given = wire.read_object(call)
    number, app = given.get("notification_id"), given.get("app_name")
    if number:
        found = [notification for notification in _mine(call) if str(notification.id) == str(number)]
        if not found:
            raise refusals.OpenedxRefusal("unknown_notification", status=404, message="Not found.", check="id")
        said = "Notification marked read."
    elif app in rules.APPS:
        found = [notification for notification in _mine(call) if notification.app == app]
        said = "Notifications marked read."
    else:
        document = {"error": "Invalid app_name or notification_id."}
        raise refusals.api_error(400, document, reason="nothing_to_mark", check="app_name or notification_id")
    for notification in found:
        call.store.notifications.put(replace(notification, last_read=call.clock.now()))
    return wire.api_json({"message": said})


# preferences


def _courses(call: Call) -> list[Course]:
    mine = [
        enrollment for enrollment in call.store.enrollments.find("user", caller(call).username) if enrollment.is_active
    ]
    found = (
        call.store.courses.get(enrollment.course) for enrollment in sorted(mine, key=lambda enrollment: enrollment.id)
    )
    return [course for course in found if course is not None]


def list_enrollments(call: Call) -> Response:
    """The courses that can notify the caller, latest first."""
    page = paging.numbered(call, _courses(call)[::-1])
    results = [{"course": {"id": course.id, "display_name": course.display_name}} for course in page.items]
    return wire.api_json(page.envelope(results) | {"show_preferences": True})


def _course_document(call: Call) -> Response:
    course = call.store.courses.get(call.path_params["course_id"])
    if course is None:
        raise refusals.Unhandled(f"there is no course `{call.path_params['course_id']}`")
    preference = rules.preference(call.store, caller(call).username, course.id)
    return wire.api_json(
        {
            "id": preference.id,
            "course_name": course.display_name,
            "course_id": course.id,
            "notification_preference_config": rules.document(preference, whole=False),
        }
    )


def read_course(call: Call) -> Response:
    """The caller's notification preferences for a course."""
    return _course_document(call)


def change_course(call: Call) -> Response:
    """Switch an app, or one channel of a type, on or off for a course."""
    given, user = wire.read_object(call), caller(call)
    app, kind, channel = (given.get(f"notification_{name}") for name in ("app", "type", "channel"))
    if channel == "email_cadence" or call.path_params["course_id"] not in call.store.courses:
        raise refusals.Unhandled("the change is one of email_cadence, or of a course that does not exist")
    errors = _wrong(given, channel_words="notification channel setting")
    if errors:
        raise refusals.api_error(
            400,
            {"non_field_errors": next(iter(errors.values()))[:1]},
            reason="invalid_preference",
            check="preference",
            got=given,
        )
    preference = rules.preference(call.store, user.username, call.path_params["course_id"])
    if kind and given.get("email_cadence"):
        rules.change(call.store, preference, str(app), str(kind), "email_cadence", str(given["email_cadence"]))
    elif kind and channel:
        rules.change(call.store, preference, str(app), str(kind), str(channel), bool(given.get("value")))
    else:
        rules.switch(call.store, preference, str(app), on=bool(given.get("value")))
    return _course_document(call)


def _wrong(given: Mapping[str, Any], *, channel_words: str) -> dict[str, list[str]]:
    """The invalid fields of a change."""
    app, kind = given.get("notification_app"), given.get("notification_type")
    channel, cadence = given.get("notification_channel"), given.get("email_cadence")
    if app is not None and app not in rules.APPS:
        text = f"{app} is not a valid notification app."
        return {"notification_app": [text, text] if kind is not None else [text]}
    if app is not None and kind is not None and kind not in rules.types(app):
        return {"notification_type": [f"{kind} is not a valid notification type."]}
    if channel is not None and channel not in (*rules.CHANNELS, "email_cadence"):
        return {"notification_channel": [f"{channel} is not a valid {channel_words}."]}
    if cadence is not None and cadence not in rules.CADENCES:
        return {"email_cadence": [f"{cadence} is not a valid email cadence."]}
    return {}


def read_together(call: Call) -> Response:
    """The caller's notification preferences for all courses, merged."""
    first = next(iter(_courses(call)), None)
    preference = (
        rules.preference(call.store, caller(call).username, first.id)
        if first
        else rules.account(call.store, caller(call).username)
    )
    document = rules.document(preference, whole=False)
    return wire.api_json({"status": "success", "message": "Notification preferences retrieved", "data": document})


def read_account(call: Call) -> Response:
    """The caller's notification preferences for the account."""
    document = rules.document(rules.account(call.store, caller(call).username), whole=True)
    message = "Notification preferences retrieved successfully."
    return wire.api_json({"status": "success", "message": message, "data": document})


def _asked(call: Call) -> tuple[str, str, str, bool | str]:
    """The app, type, channel and value of a change. Raises the refusal."""
    given = wire.read_object(call)
    missing = [name for name in ("notification_app", "notification_type") if not given.get(name)]
    errors = {name: ["This field is required."] for name in missing}
    errors = errors or _wrong(given, channel_words="notification channel")
    if errors:
        document = {"status": "error", "message": errors}
        raise refusals.api_error(400, document, reason="invalid_preference", check="preference", got=given)
    channel = str(given.get("notification_channel"))
    value = str(given.get("email_cadence")) if channel == "email_cadence" else bool(given.get("value"))
    return str(given["notification_app"]), str(given["notification_type"]), channel, value


def change_account(call: Call) -> Response:
    """Change one channel of a type, whatever the course."""
    app, kind, channel, value = _asked(call)
    rules.change(call.store, rules.account(call.store, caller(call).username), app, kind, channel, value)
    data = {"updated_value": value, "notification_type": kind, "channel": channel, "app": app}
    return wire.api_json({"status": "success", "message": _DONE, "data": data})


def change_all(call: Call) -> Response:
    """Change one channel of a type in every course."""
    app, kind, channel, value = _asked(call)
    changed = []
    for course in _courses(call):
        preference = rules.preference(call.store, caller(call).username, course.id)
        after = rules.change(call.store, preference, app, kind, channel, value)
        changed.append({"course_id": course.id, "current_setting": rules.setting(after, app, kind)})
    data = {
        "updated_value": value,
        "notification_type": kind,
        "channel": channel,
        "app": app,
        "successfully_updated_courses": changed,
        "total_updated": len(changed),
        "total_courses": len(changed),
    }
    return wire.api_json({"status": "success", "message": _DONE, "data": data})


FAMILY = Family(
    "/api/notifications",
    tag="notifications",
    authenticators=credentials.JWT_BEARER_SESSION,
    parsers=(JSON,),
)


def _recorded(*numbers: int) -> str:
    return recorded("openedx-2/forum", *numbers)


ROUTES = (
    *FAMILY.resource("/", "The caller's notifications", get=list_all, source=_recorded(414, 423)),
    *FAMILY.resource("/count/", "Number of unseen notifications", get=count, source=_recorded(403)),
    *FAMILY.resource(
        "/enrollments/", "Courses with notification preferences", get=list_enrollments, source=_recorded(404)
    ),
    *FAMILY.resource(
        "/mark-seen/{app_name}/",
        "Mark an app as seen",
        put=mark_seen,
        patch=mark_seen,
        source=_recorded(452),
    ),
    *FAMILY.resource("/read/", "Mark as read", patch=mark_read, source=_recorded(454)),
    *FAMILY.resource(
        "/configurations/{course_id}",
        "Preferences for a course",
        get=read_course,
        patch=change_course,
        defect=True,
        source=_recorded(411, 428),
    ),
    *FAMILY.resource("/configurations/", "Preferences for all courses", get=read_together, source=_recorded(406)),
    *FAMILY.resource(
        "/v2/configurations/",
        "Preferences of the account",
        get=read_account,
        put=change_account,
        source=_recorded(413, 429),
    ),
    *FAMILY.resource(
        "/preferences/update-all/", "Change preferences for all courses", post=change_all, source=_recorded(430)
    ),
)
