"""Usernames and client strings that were written differently: which user or campus was meant."""

from __future__ import annotations

from lms_emulator.core.access.slips import undone
from lms_emulator.core.errors import shortened
from lms_emulator.core.suggest import nearest
from lms_emulator.providers.learningstudio.call import Call


def why_nobody(call: Call, client_string: str, name: str) -> str:
    """The user whose username was written differently."""
    member, equals, value = name.partition("=")
    if equals and call.store.user_named(client_string, value, ignore_case=True) is not None:
        return f"the value goes here alone, without `{member}=`"
    doubled = [("the backslash before it is doubled", name.lstrip("\\"))] if name.startswith("\\") else []
    for why, meant in (("", name), *doubled, *undone(name)):
        user = call.store.user_named(client_string, meant, ignore_case=True)
        if user is not None:
            slips = [why] if why else []
            slips += ["the case differs"] if meant != user.username else []
            return f"this is the username {user.username}, but {', and '.join(slips)}"
    others = [user for user in call.store.users if user.client_string == client_string]
    for user in others:
        if name.lower() == user.email.lower():
            return f"this is the e-mail address of {user.username}; send the username"
        if name == str(user.id):
            return f"this is the number of {user.username}; send the username"
    elsewhere = [user for user in call.store.users if user.username.lower() == name.lower()]
    if elsewhere:
        return f"there is such a user in {elsewhere[0].client_string}, not in {client_string}"
    closest = nearest(name, [user.username for user in others], 0.75)
    tip = f"did you mean {closest}?" if closest else "name one of its users, or add this one to the world"
    return f"{client_string} has no user `{shortened(name, 100)}` among its {len(others)}: {tip}"


def why_no_campus(call: Call, client_string: str, name: str) -> str | None:
    """The campus meant by the text before the backslash."""
    campuses = {campus.client_string: campus for campus in call.store.campuses}
    if name in campuses and call.store.user_named(name, client_string, ignore_case=True) is not None:
        return "they are exchanged: the client string comes first, then the username"
    for why, meant in (("", client_string), *undone(client_string)):
        found = next((campus for campus in campuses if campus.lower() == meant.lower()), None)
        if found is not None:
            return f"this is the client string {found}, but {why or 'the case differs'}"
    return next(
        (
            f"this is {what} of the campus {campus.client_string}; the client string belongs here"
            for campus in campuses.values()
            for what, value in (("the name", campus.name), ("the consumer key", campus.consumer_key))
            if value.lower() == client_string.lower()
        ),
        None,
    )


def why_no_backslash(call: Call, username: str) -> str:
    """The separator sent instead of the backslash between client string and username."""
    if any(character < " " for character in username):
        return (
            "there is a control character in it: in a program's text `\\a` or `\\t` is one; write the backslash twice"
        )
    if any(campus.client_string.lower() + "%5c" in username.lower() for campus in call.store.campuses):
        return "it is percent-encoded once too often"
    for mark in "/:|@,; ":
        before, _, after = username.partition(mark)
        if call.store.campuses.get(before) is not None:
            said = {"/": "a slash", " ": "a space"}.get(mark, f"`{mark}`")
            return f"client string and username are parted by a backslash, not by {said}"
        if after and call.store.campuses.get(after) is not None:
            return "the client string comes first, then a backslash and the username"
    begun = next((c.client_string for c in call.store.campuses if username.startswith(c.client_string)), None)
    if begun is not None and call.store.user_named(begun, username[len(begun) :], ignore_case=True) is not None:
        return "the backslash is missing: programs write it twice in a text, and shells outside of quotation marks"
    return "put the campus's client string and a backslash in front of the username"
