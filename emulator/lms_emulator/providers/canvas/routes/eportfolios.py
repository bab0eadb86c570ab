"""REST: ePortfolios. Users make them on pages; here they are read, moderated and deleted."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import EPortfolio, EPortfolioEntry, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import belonging
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/misc.jsonl 111, 112, 117, 118; canvas-lms app/controllers/eportfolios_api_controller.rb"
STATES = ("marked_as_spam", "marked_as_safe")
SPAM = ("flagged_as_possible_spam", "marked_as_spam")


def _shown(record: EPortfolio) -> Json:
    names = ("id", "user_id", "name", "public", "workflow_state", "spam_status")
    at = {name: when(getattr(record, name)) for name in ("created_at", "updated_at", "deleted_at")}
    return {name: getattr(record, name) for name in names} | at


def _page(record: EPortfolioEntry) -> Json:
    names = ("id", "eportfolio_id", "position", "name", "content")
    at = {name: when(getattr(record, name)) for name in ("created_at", "updated_at")}
    return {name: getattr(record, name) for name in names} | at


def _moderates(api: Api, owner: User) -> bool:
    return belonging.administered(api, owner, "moderate_user_content")


def _require(api: Api, passed: bool, what: str) -> None:
    if not api.check(f"may {what}", passed):
        raise api.refused(what)


def _found(api: Api, right: str, slot: str = "eportfolio_id") -> EPortfolio:
    """A portfolio that the caller may `read`, `delete`, `moderate` or `restore`. Nobody can moderate their own."""
    user = api.user
    record: EPortfolio = identifiers.named(api, "eportfolios", api.slot(slot), "the portfolio", deleted=True)
    own, active = record.user_id == user.id, record.workflow_state == "active"
    owner = api.store.users.get(record.user_id)
    moderator = not own and owner is not None and _moderates(api, owner)
    served = api.root.settings.get("enable_eportfolios", True) is not False
    shown = served and record.public and record.spam_status not in SPAM
    rights = {
        "read": active and ((own and served) or moderator or shown),
        "delete": active and ((own and served) or moderator),
        "moderate": active and moderator,
        "restore": moderator,
    }
    _require(api, rights[right], f"{right} portfolio {record.id}")
    return record


def _owner(api: Api) -> User:
    return identifiers.user(api, api.slot("user_id"))


def index(api: Api) -> Any:
    """A user's portfolios, last changed last, for the user and for admins, who may also see deleted ones."""
    user, asked = _owner(api), "deleted" in api.params.includes
    own = api.user.id == user.id
    _require(api, own or _moderates(api, user), f"see portfolios of user {user.id}")
    found = [
        portfolio
        for portfolio in api.store.eportfolios.find("user", user.id)
        if portfolio.workflow_state == "active" or (asked and not own)
    ]
    return paged(api, sorted(found, key=lambda portfolio: (portfolio.updated_at, portfolio.id)), _shown)


def show(api: Api) -> Any:
    """One portfolio."""
    return _shown(_found(api, "read", "id"))


def pages(api: Api) -> Any:
    """The pages of a portfolio."""
    record = _found(api, "read")
    found = sorted(api.store.eportfolio_entries.find("portfolio", record.id), key=lambda row: (row.position, row.id))
    return paged(api, found, _page)


def destroy(api: Api) -> Any:
    """Delete a portfolio, as its owner or an admin."""
    record = _found(api, "delete", "id")
    deleted = replace(record, workflow_state="deleted", deleted_at=api.now, updated_at=api.now)
    return _shown(api.store.eportfolios.put(deleted))


def restore(api: Api) -> Any:
    """Restore a deleted portfolio."""
    record = _found(api, "restore")
    back = replace(record, workflow_state="active", deleted_at=None, updated_at=api.now)
    return _shown(api.store.eportfolios.put(back))


def _status(api: Api) -> str:
    """The moderation status in the request. Raises the refusal for any other word."""
    status = api.params.text("spam_status") or ""
    if status not in STATES:
        body = {"error": 'spam_status must be one of ["marked_as_spam", "marked_as_safe"]'}
        raise refusals.rest("spam_status_unknown", 400, body, check="spam_status is one of the two", got=status)
    return status


def moderate(api: Api) -> Any:
    """Mark a portfolio as spam or as safe."""
    record = _found(api, "moderate")
    return _shown(api.store.eportfolios.put(_marked(api, record, _status(api))))


def moderate_all(api: Api) -> Any:
    """Mark all of a user's portfolios as spam or as safe."""
    user = _owner(api)
    _require(api, _moderates(api, user), f"moderate portfolios of user {user.id}")
    status = _status(api)
    for portfolio in [row for row in api.store.eportfolios.find("user", user.id) if row.workflow_state == "active"]:
        api.store.eportfolios.put(_marked(api, portfolio, status))
    return "success"


def _marked(api: Api, record: EPortfolio, status: str) -> EPortfolio:
    return replace(record, spam_status=status, updated_at=api.now)


ROUTES: tuple[Route, ...] = signed_in(
    "users",
    SOURCE,
    ("GET /api/v1/users/{user_id}/eportfolios", index, "Somebody's portfolios"),
    ("PUT /api/v1/users/{user_id}/eportfolios", moderate_all, "Mark all of somebody's portfolios as spam or safe"),
    ("GET /api/v1/eportfolios/{id}", show, "A portfolio"),
    ("DELETE /api/v1/eportfolios/{id}", destroy, "Delete a portfolio"),
    ("GET /api/v1/eportfolios/{eportfolio_id}/pages", pages, "Pages of a portfolio"),
    ("PUT /api/v1/eportfolios/{eportfolio_id}/moderate", moderate, "Mark a portfolio as spam or safe"),
    ("PUT /api/v1/eportfolios/{eportfolio_id}/restore", restore, "Restore a portfolio"),
)
