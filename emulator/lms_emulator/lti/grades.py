"""Line items, scores and results.

Source: 1EdTech Assignment and Grade Services 2.0.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.state.tables import Table
from lms_emulator.lti.platform import Fault, LtiSettings, LtiStore
from lms_emulator.lti.records import Result
from lms_emulator.lti.services import P, Service
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as services


class GradeStore(LtiStore, Protocol):
    """The tables that the service needs."""

    results: Table[Result]
    users: Table[Any]


class Item(Protocol):
    """A line item as a platform keeps it."""

    @property
    def id(self) -> int | str: ...

    @property
    def data(self) -> services.LineItemData: ...


class Person(Protocol):
    """A user who can have a result."""

    @property
    def id(self) -> int: ...


G = TypeVar("G", bound=Exchange[GradeStore, LtiSettings])
L = TypeVar("L", bound=Item)
U = TypeVar("U", bound=Person)


class Grades(Service[G, P], Generic[G, P, L, U]):
    """Assignment and Grade Services of one platform. `L` is a line item, `U` a person.

    Attributes: `filters`, the parameters that filter line items, with the member that each compares.
    """

    filters: ClassVar[Mapping[str, str]] = {name: name for name in ("tag", "resource_id", "resource_link_id")}

    @abstractmethod
    def line_items(self, call: G, place: P) -> list[L]:
        """The line items that the tool can see there."""

    @abstractmethod
    def line_item(self, call: G, place: P) -> L:
        """The line item that the path names. Raises a refusal."""

    @abstractmethod
    def create(self, call: G, place: P, data: services.LineItemData) -> L:
        """A new line item. Raises a refusal for a resource link that is not the tool's."""

    @abstractmethod
    def change(self, call: G, item: L, data: services.LineItemData) -> L:
        """The line item with other members."""

    @abstractmethod
    def remove(self, call: G, item: L) -> None:
        """Delete the line item; its results are deleted afterwards. Raises a refusal if it must stay."""

    @abstractmethod
    def url(self, call: G, item: L) -> str:
        """The line item's URL, which is its id for tools."""

    @abstractmethod
    def person(self, call: G, place: P, reference: str) -> U | None:
        """Who a `userId` is."""

    @abstractmethod
    def sub(self, call: G, item: L, user: U) -> str:
        """The `userId` of a person, as the tool of a line item knows it."""

    @abstractmethod
    def learner(self, call: G, place: P, reference: object) -> U:
        """The person whom a score is for. Raises a refusal for anybody who cannot have one."""

    @abstractmethod
    def scored(self, call: G, item: L, result: Result) -> Response:
        """The answer to an accepted score."""

    def kept(self, item: L, body: Any) -> Any:
        """The body of an update, completed with what stays when left out."""
        return body

    def read_score(self, call: G, place: P, body: Any) -> tuple[services.ScoreData, U]:
        """A score, and the person whom it is for. Raises a refusal."""
        score = self.score(call, body)
        return score, self.learner(call, place, score.user_id)

    def enter_in_gradebook(self, call: G, item: L, user: U, score: services.ScoreData, result: Result) -> None:
        """Apply a score to the platform's own gradebook."""

    # operations

    def list_line_items(self, call: G) -> Response:
        """GET: line items; `tag`, `resource_id` and `resource_link_id` filter."""
        place = self.enter(call, lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)
        found = self.line_items(call, place)
        for name, member in self.filters.items():
            wanted = call.query.get(name)
            if wanted is not None:
                found = [item for item in found if getattr(item.data, member) == wanted]
        shown, headers = self.page(call, found)
        body = [self.line_item_json(call, item) for item in shown]
        return self.answer(body, services.LINE_ITEMS_TYPE, headers=headers)

    def create_line_item(self, call: G) -> Response:
        """POST: a new line item, 201."""
        place = self.enter(call, lti13.SCOPE_LINE_ITEM)
        body = call.json()
        return self.line_item_answer(call, self.create(call, place, self.line_item_data(call, body)), body, 201)

    def show_line_item(self, call: G) -> Response:
        """GET: one line item."""
        place = self.enter(call, lti13.SCOPE_LINE_ITEM, lti13.SCOPE_LINE_ITEM_READ)
        return self.answer(self.line_item_json(call, self.line_item(call, place)), services.LINE_ITEM_TYPE)

    def update_line_item(self, call: G) -> Response:
        """PUT: change a line item; its resource link stays."""
        item = self.line_item(call, self.enter(call, lti13.SCOPE_LINE_ITEM))
        body = call.json()
        data = self.line_item_data(call, self.kept(item, body))
        data = replace(data, resource_link_id=item.data.resource_link_id)
        return self.line_item_answer(call, self.change(call, item, data), body, 200)

    def delete_line_item(self, call: G) -> Response:
        """DELETE: a line item and its results, 204."""
        item = self.line_item(call, self.enter(call, lti13.SCOPE_LINE_ITEM))
        self.remove(call, item)
        for result in call.store.results.find("line_item", item.id):
            call.store.results.delete(result.id)
        return Response(status_code=204)

    def post_score(self, call: G) -> Response:
        """POST: a tool's score for one person."""
        place = self.enter(call, lti13.SCOPE_SCORE)
        item = self.line_item(call, place)
        score, user = self.read_score(call, place, call.json())
        last = call.store.results.first("person", (item.id, user.id))
        try:
            self.check_order(call, item, user, score, last)
        except services.ServiceError as error:
            raise self._bad(call, "score", error) from error
        result = Result(
            id=last.id if last is not None else call.store.next_number("results"),
            line_item_id=item.id,
            user_id=user.id,
            score=services.scaled(score, item.data.score_maximum),
            comment=score.comment,
            activity_progress=score.activity_progress,
            grading_progress=score.grading_progress,
            timestamp=score.timestamp,
        )
        call.store.results.put(result)
        self.enter_in_gradebook(call, item, user, score, result)
        return self.scored(call, item, result)

    def list_results(self, call: G) -> Response:
        """GET: results; `user_id` filters."""
        place = self.enter(call, lti13.SCOPE_RESULT_READ)
        item = self.line_item(call, place)
        found = call.store.results.find("line_item", item.id)
        wanted = call.query.get("user_id")
        if wanted is not None:
            user = self.person(call, place, wanted)
            found = [result for result in found if user is not None and result.user_id == user.id]
        shown, headers = self.page(call, found)
        body = [self.result_json(call, item, result) for result in shown]
        return self.answer(body, services.RESULTS_TYPE, headers=headers)

    # bodies

    def line_item_answer(self, call: G, item: L, sent: Any, status: int) -> Response:
        """The answer to a created or changed line item. Parameters: `sent`, the body of the request."""
        return self.answer(self.line_item_json(call, item), services.LINE_ITEM_TYPE, status)

    def check_order(self, call: G, item: L, user: U, score: services.ScoreData, last: Result | None) -> None:
        """Check that a score is not older than the last one, which it would replace. Raises ServiceError."""
        services.check_order(score, last.timestamp if last is not None else None)

    def line_item_json(self, call: G, item: L) -> dict[str, Any]:
        """A line item as a tool reads it."""
        return services.line_item_json(item.data, self.url(call, item))

    def result_url(self, call: G, item: L, result: Result) -> str:
        """A result's URL."""
        return f"{self.url(call, item)}/results/{result.id}"

    def result_json(self, call: G, item: L, result: Result) -> dict[str, Any]:
        """A result as a tool reads it."""
        user = call.store.users.get(result.user_id)
        return services.result_json(
            self.result_url(call, item, result),
            score_of=self.url(call, item),
            user_id=self.sub(call, item, user) if user is not None else str(result.user_id),
            score=result.score,
            maximum=item.data.score_maximum,
            comment=result.comment,
        )

    def score(self, call: G, body: Any) -> services.ScoreData:
        """A score from a tool's JSON. Raises a refusal."""
        try:
            return services.read_score(body)
        except services.ServiceError as error:
            raise self._bad(call, "score", error) from error

    def line_item_data(self, call: G, body: Any) -> services.LineItemData:
        """A line item from a tool's JSON. Raises a refusal."""
        try:
            return self.read_line_item(call, body)
        except services.ServiceError as error:
            raise self._bad(call, "line_item", error) from error

    def read_line_item(self, call: G, body: Any) -> services.LineItemData:
        """A line item as the platform reads one. Raises ServiceError."""
        return services.read_line_item(body)

    def _bad(self, call: G, what: str, error: services.ServiceError) -> Refusal:
        fault = Fault(what, error.reason, error.field, error.expected, error.got)
        return self.refusal(call, fault.noted(call))
