"""REST: feature flags."""

from __future__ import annotations

from typing import Any, cast

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, FeatureFlag, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import belonging, contexts, features
from lms_emulator.providers.canvas.rules.features import Feature, Flag, Owner
from lms_emulator.providers.canvas.shapes import features as shapes

SOURCE = (
    f"{RECORDED}/courses-misc.jsonl 223, 229, 232, 245, 255, 261; {RECORDED}/people-account-tools.jsonl 109, 119, 135; "
    "canvas-lms app/controllers/feature_flags_controller.rb"
)
STATES = ("off", "on")
STATES_OF_ACCOUNTS = (*STATES, "allowed", "allowed_on")
NEW = "allowed"
"""The state of a new flag for which none is sent: the default of Canvas's column."""


def _owner(api: Api, *wanted: str) -> Owner:
    """The owner of the features, if the caller has one of these rights there."""
    context = contexts.from_path(api)
    owner = context.record
    if isinstance(owner, User):
        own = owner.id == api.user.id or belonging.manages(api, owner)
        own = own or ("read" in wanted and belonging.may_read(api, owner))
        if not api.check(f"may see the features of user {owner.id}", own):
            raise api.refused(f"the features of user {owner.id}")
        return owner
    if isinstance(owner, Account) and "read" in wanted:
        belonging.require_account_reader(api, owner)
        return owner
    contexts.require(api, context, *wanted)
    assert isinstance(owner, Account | Course)
    return owner


def _flag(api: Api, owner: Owner, feature: Feature) -> Flag | None:
    """The state of a feature for the owner; the request may exclude inherited decisions."""
    found = features.lookup(api, owner, feature.name, shown=features.sees_hidden(api))
    if found is not None and api.params.flag("hide_inherited_enabled"):
        own = found.owner == features.place(owner)
        return None if found.state == "on" and not own else found
    return found


def index(api: Api) -> Any:
    """The features available to a user. Pages count hidden ones too."""
    owner = _owner(api, "read")
    kind = api.params.text("type")
    found = [feature for feature in features.listed(api, owner) if kind in (None, feature.type)]
    return paged(api, found, lambda feature: _flag(api, owner, feature), wrap=lambda rows: _shown(api, owner, rows))


def _shown(api: Api, owner: Owner, flags: list[Flag | None]) -> list[Any]:
    return [shapes.feature(api, owner, flag) for flag in flags if flag is not None]


def names_on(api: Api) -> Any:
    """The names of the features that are on."""
    owner = _owner(api, "read")
    return [feature.name for feature in features.listed(api, owner) if features.enabled(api, owner, feature.name)]


def show(api: Api) -> Any:
    """The state of one feature."""
    owner = _owner(api, "read")
    found = features.lookup(api, owner, api.slot("feature"), shown=features.sees_hidden(api))
    if found is None:
        raise refusals.not_found("the feature", api.slot("feature"))
    return shapes.flag(api, owner, found)


def update(api: Api) -> Any:
    """Set a feature flag."""
    owner = _owner(api, "manage_feature_flags", "update")
    feature = features.known(api).get(api.slot("feature"))
    known = features.lookup(api, owner, feature.name) if feature is not None else None
    hidden = feature is not None and feature.hidden and known is None and not features.sees_hidden(api)
    if feature is None or not features.applies(feature, owner) or hidden:
        named = api.slot("feature")
        why = f"there is no feature `{named[:100]}`" if feature is None else f"`{named}` is not a feature of this kind"
        raise refusals.message(400, "feature_invalid", "invalid feature", got=named, diagnosis=why)
    if known is not None and known.locked(owner):
        raise refusals.message(403, "feature_locked_above", "higher account disallows setting feature flag")
    own = features.decided(api, owner, feature.name)
    asked = (api.params.text("state") or "").strip()
    state = asked or (own.state if own is not None else None) or NEW
    before = known.state if known is not None else "hidden"
    if features.transitions(api, owner, feature, before).get(asked, {}).get("locked"):
        raise refusals.message(403, "feature_state_refused", "state change not allowed")
    if state not in (STATES_OF_ACCOUNTS if isinstance(owner, Account) else STATES):
        raise refusals.invalid({"state": ["is not valid in context"]})
    return shapes.flag(api, owner, _decide(api, owner, feature, own, state))


def _decide(api: Api, owner: Owner, feature: Feature, own: FeatureFlag | None, state: Any) -> Flag:
    kind, number = place = features.place(owner)
    if own is None:
        own = FeatureFlag(
            **api.new_row("feature_flags"),
            context_type=cast("Any", kind),
            context_id=number,
            feature=feature.name,
            state=state,
        )
    elif own.state != state:
        own = replace(own, state=state, earlier=features.seen_below(api, own), updated_at=api.now)
    return Flag(feature, state, place, api.store.feature_flags.put(own))


def forget(api: Api) -> Any:
    """Remove a feature flag. Answers with its previous state."""
    owner = _owner(api, "manage_feature_flags", "update")
    own = features.decided(api, owner, api.slot("feature"))
    feature = features.known(api).get(api.slot("feature"))
    if own is None or own.state is None or feature is None:
        raise refusals.not_found("the flag", api.slot("feature"))
    was = shapes.flag(api, owner, Flag(feature, own.state, features.place(owner), own))
    api.store.feature_flags.put(replace(own, state=None, earlier=features.seen_below(api, own), updated_at=api.now))
    return was


def environment(api: Api) -> Any:
    """The features that the site's pages receive."""
    _ = api.user
    features_sent = sorted(
        (feature for feature in features.known(api).values() if feature.environment),
        key=lambda feature: feature.environment,
    )
    site = features.site(api)
    owners = ((feature.name, site if feature.applies_to == "SiteAdmin" else api.root) for feature in features_sent)
    return {name: owner is not None and features.enabled(api, owner, name) for name, owner in owners}


EVERYWHERE = "courses accounts users"
ROUTES: tuple[Route, ...] = rest(
    "features",
    SOURCE,
    *within(EVERYWHERE, "GET /features", index, "Available features"),
    *within(EVERYWHERE, "GET /features/enabled", names_on, "Enabled features"),
    *within(EVERYWHERE, "GET /features/flags/{feature}", show, "The state of a feature"),
    *within(EVERYWHERE, "PUT /features/flags/{feature}", update, "Set a feature flag"),
    *within(EVERYWHERE, "DELETE /features/flags/{feature}", forget, "Remove a feature flag"),
    ("GET /api/v1/features/environment", environment, "Features in the pages' environment"),
)
