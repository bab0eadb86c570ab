"""What a handler of the REST API gets: the caller, the parameters, and the state."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.absent import why_nobody
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.languages import translated
from lms_emulator.providers.canvas.call.moments import zone
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import AccessToken, Account, Course, User, switched_on

if TYPE_CHECKING:
    from lms_emulator.core.http.refusals import SiteRefusal

SHARD = 10_000_000_000_000
ENCODED_SLASH = "\x1f"
"""Stands in a decoded path for a slash that the client encoded."""


class Api:
    """One call of the REST API.

    Attributes:
        call: the exchange, for everything else.
        params: query, body and path of the request, as Rails merges them.
        caller: the person the call acts for, or None; `user` raises if there is none.
        real_user: the person behind a masquerade, else the caller.
        asker: after `see_as`, the person on whose request another's view is shown.
        acting: whether the token or session is itself a masquerade.
        now: the time, constant during a call.
        rights: cached rights of people in courses.
        path: the endpoint's path as shown in `Link`; a handler that resolves an id in it may set it.
    """

    __slots__ = (
        "acting",
        "asker",
        "call",
        "caller",
        "now",
        "params",
        "path",
        "real_user",
        "rights",
        "settings",
        "store",
        "token",
    )

    def __init__(self, call: Call, params: Params) -> None:
        self.call = call
        self.store = call.store
        self.settings = call.settings
        self.params = params
        self.caller: User | None = None
        self.real_user: User | None = None
        self.asker: User | None = None
        self.acting = False
        self.token: AccessToken | None = None
        self.rights: dict[tuple[int | None, int], tuple[Course, frozenset[str]]] = {}
        self.now: datetime = call.clock.now().replace(microsecond=0)
        self.path: str = call.raw_path.decode("latin-1").removesuffix(".json")

    @property
    def user(self) -> User:
        """The caller. Raises the refusal `no_credentials` if nobody is logged in."""
        if self.caller is None:
            self.call.check("an access token was sent", False)
            raise refusals.no_credentials(why_no_token(self.call) or _NO_TOKEN)
        return self.caller

    def slot(self, name: str) -> str:
        """The path parameter `name`."""
        return str(self.call.path_params[name]).replace(ENCODED_SLASH, "/")

    def url(self, path: str) -> str:
        """An absolute URL of this site."""
        return self.call.base_url + path

    def see_as(self, user: User) -> None:
        """From here on, show what another person sees, with times in the asker's zone."""
        self.asker, self.caller = self.asker or self.caller, user

    @property
    def zone(self) -> tzinfo:
        """The caller's time zone; UTC if none was chosen."""
        asker = self.asker or self.caller
        chosen = zone(asker.time_zone) if asker is not None else None
        return chosen or UTC

    @property
    def language(self) -> str:
        """The caller's language: the chosen one, else the browser's."""
        user = self.caller
        return (user.locale or user.browser_locale or "en") if user is not None else "en"

    @property
    def later(self) -> Params:
        """`params` for parameters that Canvas gained after 2023; empty if the setting `later_parameters` is off."""
        return self.params if self.settings.later_parameters else Params({})

    def moment(self, *path: str) -> datetime | None:
        """A time parameter, by default in the caller's time zone; None if missing or invalid."""
        return self.params.moment(*path, zone=self.zone)

    def new_uuid(self) -> str:
        """A fresh `uuid` of a course, an account or a person: 40 letters and digits."""
        return self.call.ids.text(40)

    def new_id(self, table: str) -> int:
        """The id of a new record of that table."""
        return self.store.new_id(table)

    def new_row(self, table: str) -> dict[str, Any]:
        """The fields that every new record of that table starts with: its id, and when it was created and updated."""
        return {"id": self.new_id(table), "created_at": self.now, "updated_at": self.now}

    @property
    def root(self) -> Account:
        """The school: the root account of this site."""
        return self.store.school

    def check(self, name: str, passed: bool, got: Any = None) -> bool:
        """Note a check in the journal. Returns its outcome."""
        return self.call.check(name, passed, got=got)

    def refused(self, what: str, *needs: str, why: str | None = None) -> SiteRefusal:
        """The refusal of a user without the right: anonymous callers are asked for credentials.

        Parameters: `needs`, the rights any of which would do; `why`, the diagnosis if no right was missing.
        """
        if self.caller is None:
            return refusals.no_credentials(why_no_token(self.call) or _NO_TOKEN)
        newer = switched_on(self.store, "api_auth_error_updates")
        status = 403 if newer else self.settings.permission_denied_status
        refusal = refusals.not_authorized(status, what, partial(translated, self.language), needs=needs)
        refusal.diagnosis = why
        return refusal


_NO_TOKEN = "no access token was sent; send `Authorization: Bearer <token>`"


def why_no_token(call: Call) -> str | None:
    """Why an Authorization header has no token, and whose token was sent elsewhere."""
    header = call.headers.get("authorization", "")
    if header.startswith("Bearer ") and header[7:].strip():
        return None
    shape = f"the Authorization header is not `Bearer <token>`: {header[:12]!r}" if header else None
    return why_nobody(call, "Authorization: Bearer <token>", shape)


def global_id(number: int) -> int:
    """The id of a record that is unique across all installations."""
    return number if number > SHARD else SHARD + number
