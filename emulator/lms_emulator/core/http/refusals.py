"""A refusal: a negative decision with its reason, the check that failed, and the probable mistake.

Raising one is the only way to a 4xx. The provider renders it in its own wire format; the journal keeps what
the wire does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from lms_emulator.core.clock import FIRST_LOOK_SECONDS, SEARCH_SECONDS, stopwatch
from lms_emulator.core.outcomes import Outcome

CUT = (
    "the search for the mistake was cut short, so that other requests need not wait; "
    "it is finished when somebody reads the explanation of this request"
)


class Unfinished(msgspec.Struct, frozen=True):
    """A diagnosis that was cut short. Attributes: `later` finishes it, in any thread, when somebody asks for it."""

    later: Callable[[], str | None]


def searched(find: Callable[[Callable[[], bool]], str | None]) -> str | Unfinished | None:
    """The result of a search for the client's mistake, cut short if it would keep other requests waiting.

    Parameters: `find`, the search, a pure function that checks regularly whether it may go on.
    """
    in_time, cut = stopwatch(FIRST_LOOK_SECONDS), False

    def goes_on() -> bool:
        nonlocal cut
        cut = cut or not in_time()
        return not cut

    found = find(goes_on)
    return Unfinished(lambda: find(stopwatch(SEARCH_SECONDS))) if cut else found


class Unhandled(Exception):
    """The real provider does not handle this input and fails itself: its defect, not a refusal.

    Parameters: `why`, which part of the request; `code`, of the warning in the journal.
    """

    def __init__(self, why: str, code: str = "provider_defect") -> None:
        super().__init__(why)
        self.why = why
        self.code = code


class Refusal(Exception):
    """Why a request was refused. Providers subclass it with what their own wire format needs.

    Parameters:
        reason: machine name, lower_snake_case, stable: tests assert on it (`launch_expired`).
        status: HTTP status of the answer; a redirect with an error in it counts too.
        message: what the provider says on the wire, as terse as the real one.
        check: the check that failed, in words (`oauth_timestamp within 300 s of the server's clock`).
        expected, got: both sides of that check, shown in the journal only.
        diagnosis: the mistake that reproduces what the client sent, or what to do about it.
        headers: further headers of the answer.
        credential: the token, code, key or secret that was not taken; `core.access.recognise` looks whose it is.
        registered: the correct one, if the request says whose it should be.
        needs: permissions, by the provider's names: one was needed, and the caller has none of them.
        absent: the name of a parameter that is missing or empty; `core.access.absent` looks where it is.
        looked_for: how the credential should be sent, if none was found: `Authorization: Bearer <token>`.
    Attributes: `outcome`, which kind of refusal it is; status 500 is not a refusal but a failure of the real provider;
    `later`, which finishes a diagnosis that was cut short.
    """

    outcome: Outcome = "refused"
    diagnosis: str | None

    def __init__(
        self,
        reason: str,
        *,
        status: int = 400,
        message: str = "",
        check: str = "",
        expected: Any = None,
        got: Any = None,
        diagnosis: str | Unfinished | None = None,
        headers: Mapping[str, str] | None = None,
        credential: str | None = None,
        registered: str | None = None,
        needs: Sequence[str] = (),
        absent: str | None = None,
        looked_for: str | None = None,
    ) -> None:
        super().__init__(reason)
        if status == 500:
            self.outcome = "provider_defect"
        self.reason = reason
        self.status = status
        self.message = message
        self.check = check
        self.expected = expected
        self.got = got
        self.later = diagnosis.later if isinstance(diagnosis, Unfinished) else None
        self.diagnosis = CUT if isinstance(diagnosis, Unfinished) else diagnosis
        self.headers = dict(headers or {})
        self.credential = credential
        self.registered = registered
        self.needs = needs
        self.absent = absent
        self.looked_for = looked_for

    def record(self) -> dict[str, Any]:
        """What the journal keeps."""
        return {
            "reason": self.reason,
            "status": self.status,
            "message": self.message,
            "check": self.check,
            "expected": self.expected,
            "got": self.got,
            "diagnosis": self.diagnosis,
        }


class SiteRefusal(Refusal):
    """A refusal by a site that serves both programs and people, with the form of its answer.

    Parameters: those of `Refusal`, and at most one of
        body: sent as JSON.
        text: sent as plain text.
        location: where the browser is redirected to.
        form: a URL, and fields that the browser posts to it automatically.
        template: a page of the provider's `templates/`, with its values. It is what people see when there is no
            other form; the page gets `message` as well.
    """

    def __init__(
        self,
        reason: str,
        *,
        body: Any = None,
        text: str | None = None,
        location: str | None = None,
        form: tuple[str, dict[str, str]] | None = None,
        template: tuple[str, dict[str, Any]] = ("error.html", {}),
        **details: Any,
    ) -> None:
        super().__init__(reason, **details)
        self.body = body
        self.text = text
        self.location = location
        self.form = form
        self.template = template
