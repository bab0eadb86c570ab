"""PyLTI1p3: a tool that takes LTIAAS's place at an LMS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from ...outcomes import Launched, Member, Refused, Token
from ..wire import brightspace, canvas, openedx
from ..wire.tool import AGS, ITEM, Seat, ToolSide, members

T = TypeVar("T")


class PyLti1p3(ToolSide):
    """Logins, launches, service tokens, rosters and grades through the library; OAuth 2.0 for people is not its job.

    It asks the machine for the time, so the machine's time is set to the site's while it works; it chooses every
    `jti` and nonce itself.
    """

    WHY_WIRE = "it is a tool, and does not get OAuth 2.0 tokens for people"

    KNOWN_GAPS: ClassVar = {"launch replay": "it looks whether a nonce is its own, and never uses it up"}

    def login(self, seat: Seat, initiation: Mapping[str, str], session: MutableMapping[str, str]) -> str:
        return str(_tool().Tool(seat, session).login(dict(initiation)))

    def accept(
        self, seat: Seat, fields: Mapping[str, str], session: MutableMapping[str, str], now: int
    ) -> Launched | Refused:
        from pylti1p3.exception import LtiException

        with _at(now):
            try:
                launch = _tool().Tool(seat, session).launch(dict(fields))
            except LtiException as error:
                return Refused(detail=str(error))
        claims = launch.get_launch_data()
        context = claims.get("https://purl.imsglobal.org/spec/lti/claim/context", {}).get("id", "")
        return Launched(user=claims["sub"], context=context, claims=claims, own=launch)

    def service_token(self, seat: Seat, scopes: Sequence[str], now: int, jti: str) -> Token | Refused:
        from pylti1p3.exception import LtiServiceException
        from pylti1p3.service_connector import ServiceConnector

        with _at(now), _session() as session:
            try:
                connector = ServiceConnector(_tool().Tool(seat, {}).registration, session)
                return Token(access=connector.get_access_token(scopes))
            except LtiServiceException as error:
                return Refused(status=error.response.status_code, detail=str(error))

    def roster(self, seat: Seat, launched: Launched, now: int, jti: str) -> dict[str, Member] | Refused:
        with _at(now):
            return _try(lambda: members(launched.own.get_nrps().get_members()))

    def choice(self, seat: Seat, launched: Launched, titles: Sequence[str], now: int, jti: str) -> str:
        from pylti1p3.deep_link_resource import DeepLinkResource

        with _at(now):
            resources = [DeepLinkResource().set_title(title).set_url(seat.launch_url) for title in titles]
            return str(launched.own.get_deep_link().get_response_jwt(resources))

    def grade(self, seat: Seat, launched: Launched, user: str, points: float, now: float, jti: str) -> Refused | None:
        from pylti1p3.grade import Grade

        stamp = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        grade = Grade().set_score_given(points).set_score_maximum(100).set_user_id(user).set_timestamp(stamp)
        grade.set_activity_progress("Completed").set_grading_progress("FullyGraded")
        with _at(int(now)):
            outcome = _try(lambda: launched.own.get_ags().put_grade(grade, _item(launched)))
        return outcome if isinstance(outcome, Refused) else None

    def results(self, seat: Seat, launched: Launched, now: int, jti: str) -> dict[str, float] | Refused:
        def ask() -> dict[str, float]:
            ags = launched.own.get_ags()
            item = _item(launched)
            found = ags.get_grades(ags.find_or_create_lineitem(item) if item is not None else None)
            return {entry["userId"]: 100 * entry["resultScore"] / entry["resultMaximum"] for entry in found}

        with _at(now):
            return _try(ask)


class AtCanvas(PyLti1p3, canvas.Canvas):
    """At Canvas."""


class AtBrightspace(PyLti1p3, brightspace.Brightspace):
    """At Brightspace."""


class AtOpenEdx(PyLti1p3, openedx.OpenEdx):
    """At Open edX."""


def _item(launched: Launched) -> Any:
    """A line item of our own; None if the LMS created one for the launch, which the library then uses."""
    from pylti1p3.lineitem import LineItem

    if launched.claims[AGS].get("lineitem"):
        return None
    made = LineItem().set_tag(ITEM["tag"]).set_label(ITEM["label"]).set_score_maximum(ITEM["scoreMaximum"])
    return made.set_resource_id(ITEM["resourceId"])


def _try(call: Callable[[], T]) -> T | Refused:
    from pylti1p3.exception import LtiServiceException

    try:
        return call()
    except LtiServiceException as error:
        return Refused(status=error.response.status_code, detail=str(error))


def _at(now: int) -> Any:
    """The library reads the machine's clock; the site's may have been moved."""
    import time_machine

    return time_machine.travel(now, tick=False)


def _session() -> Any:
    import requests

    return requests.Session()


def _tool() -> Any:
    from . import pylti1p3_tool

    return pylti1p3_tool
