"""Why a request was refused: the caller's roles on the site and in the course, and what was sent in place of a key."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from lms_emulator.providers.openedx.call import Call, Caller
from lms_emulator.providers.openedx.model.accounts import User


def why_not(call: Call) -> str | None:
    """For the journal: the platform says only that the caller may not. None for a caller who is nobody."""
    user = call.per_request(Caller).user
    return of(call, user) if user is not None and not user.is_superuser else None


def of(call: Call, user: User) -> str:
    """Somebody's rights on the site, and roles in the course of the path."""
    course = next((str(value) for name, value in call.path_params.items() if name.startswith("course")), None)
    own = [role for role in call.store.course_roles if role.user == user.username]
    roles = [f"{role.role} of {role.course or role.org or 'the site'}" for role in own if role.course in (course, None)]
    flags = [name for name, held in (("staff", user.is_staff), ("superuser", user.is_superuser)) if held]
    site = " and ".join(flags) or "neither staff nor superuser"
    held = (
        f"has the role {', '.join(roles)}" if roles else "has no role" + (f" in {course}" if course else " in a course")
    )
    return f"{user.username} is {site} of the site, and {held}"


def why_no_course(call: Call, sent: str) -> str | None:
    """Which course was meant by a text that is not a course's key."""
    text = sent.strip()
    for course in call.store.courses:
        key = course.id
        short = key.removeprefix("course-v1:")
        if text == key:
            return None
        if " " in text and text.replace(" ", "+") in (key, short):
            return f"this is {key} with spaces: {why_spaces(call)}"
        if unquote(text) == key:
            return f"this is {key}, but it is percent-encoded once too often"
        if text in (short, short.replace("+", "/")):
            return f"a course key is written {key}"
        if text.lower() == key.lower():
            return f"a course key is written {key}: the case differs"
        if text.lower() == course.display_name.lower():
            return f"`{text}` is the name of {key}; send the key"
        if text.startswith(f"block-v1:{short}+"):
            return f"this is the key of a block of {key}; send the course's"
    return None


def why_spaces(call: Call) -> str:
    """How the `+` of a key became a space, and what to do about it."""
    if call.content_type.endswith("json"):
        return "its `+` were decoded as those of a query are, before it was put into the JSON"
    return "`+` means a space in a query or a form; write %2B"


def sent_keys(call: Call, got: object) -> Iterator[str]:
    """Whatever in a request may be meant as the key of a course; in a path `+` is no space."""
    named = [str(value) for name, value in call.path_params.items() if "course" in name]
    yield from named
    if not named:
        yield from (value for name, value in call.query.peek() if "course" in name)
        if isinstance(got, str):
            yield got
