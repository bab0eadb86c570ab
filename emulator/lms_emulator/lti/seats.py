"""A tool's registration at a platform, called its seat: what the tool has to know, and where people open it.

`lms-emulator certify` finds or creates one at each platform. A platform has a module `lti/seat.py` with the
functions `seat(section, site, tool)` and, for a tool of LTI 1.1, `signed_seat`, which find the tool in a dumped section
of a world, or add it there.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class ToolAddresses(NamedTuple):
    """The URLs of a tool; `keys` is empty for one that signs nothing. A tool of LTI 1.1 has a consumer key instead."""

    login: str
    launch: str
    keys: str = ""
    consumer_key: str = ""
    secret: str = ""


class Site(NamedTuple):
    """A platform as a browser reaches it.

    Attributes: `direct`, the URL for programs; `info`, as in `GET /_emulator/info`.
    """

    url: str
    direct: str
    info: Any


class ScriptSignIn(NamedTuple):
    """What a sign-in page sends by script, if it has no form.

    Attributes:
        token: the path that sets the cookie `cookie`, whose value goes back in `header`.
        path: where to post name and password, as `login_field` and `password`.
    """

    token: str
    cookie: str
    header: str
    path: str
    login_field: str


class Person(NamedTuple):
    """A user who signs in: with the page's form, or as its script does."""

    login: str
    password: str
    script: ScriptSignIn | None = None


class SignedSeat(NamedTuple):
    """A tool of LTI 1.1 at a platform: the page that opens it, and who does."""

    opened: str
    student: Person
    teacher: Person


class Seat(NamedTuple):
    """A tool at a platform.

    Attributes:
        issuer, client_id, deployment_id, auth_url, token_url, audience, keys_url: what the tool has to know.
        opened, chosen: paths of the pages that open it for a launch, and for choosing content.
        student, teacher: who opens it.
    """

    issuer: str
    client_id: str
    deployment_id: str
    auth_url: str
    token_url: str
    audience: str
    keys_url: str
    opened: str
    chosen: str
    student: Person
    teacher: Person

    @property
    def registration(self) -> dict[str, str]:
        """What the tool has to know, under the names that tools usually give these settings."""
        return {name: str(getattr(self, name)) for name in Seat._fields[:7]}
