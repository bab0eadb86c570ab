"""Feature flags: definitions, and their states in contexts.

The features are data: `catalogue/features.tsv`, from canvas-lms config/feature_flags (2023, and in the column `later`
what they have since: 2024-04), with the descriptions that were recorded. Source of the inheritance of flags: canvas-lms
lib/feature_flags.rb and app/models/feature_flag.rb (2023-06), and fixtures/recordings/canvas/courses-misc.jsonl 223,
229, 232, 245, 255, 261.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, FeatureFlag, User
from lms_emulator.providers.canvas.model.features import FlagState
from lms_emulator.providers.canvas.rules.permissions import GRANULAR, chain, is_account_admin

Owner = Account | Course | User
TUTORIAL = "new_user_tutorial_on_off"
"""A feature that Canvas enables for every new user."""
SEPARATORS = {
    "autodetect_field_separators_for_gradebook_exports": "use_semi_colon_field_separators_in_gradebook_exports",
    "use_semi_colon_field_separators_in_gradebook_exports": "autodetect_field_separators_for_gradebook_exports",
}
"""Mutually exclusive features, with Canvas's warnings."""
WARNINGS = {
    "autodetect_field_separators_for_gradebook_exports": (
        "This feature can't be enabled while semicolons are forced to be field separators"
    ),
    "use_semi_colon_field_separators_in_gradebook_exports": (
        "This feature can't be enabled while autodetection of field separators is enabled"
    ),
}


class Feature(NamedTuple):
    """One feature as Canvas defines it.

    Attributes:
        state: `hidden` until a site admin shows it to a root account; `unseen` if the site lacks what it needs.
        root_opt_in: whether a root account has to allow it before its courses see it; None if not specified.
        environment: its position in the list passed to pages, 0 if it is not in there.
    """

    name: str
    applies_to: str
    state: str
    root_opt_in: bool | None
    beta: bool
    type: str
    environment: int
    display_name: str
    description: str

    @property
    def hidden(self) -> bool:
        """Whether only site admins see it."""
        return self.state == "hidden"

    @property
    def opted_in(self) -> bool:
        """Whether a root account has to allow it first."""
        return bool(self.root_opt_in)


class Flag(NamedTuple):
    """A feature's state in a context, set by `owner`, or Canvas's default if `owner` is None.

    Attributes: `record`, the stored flag; None for one that Canvas assumes for a root account.
    """

    feature: Feature
    state: str
    owner: tuple[str, int] | None = None
    record: FeatureFlag | None = None

    @property
    def on(self) -> bool:
        """Whether the feature is on."""
        return self.state in ("on", "allowed_on")

    @property
    def open(self) -> bool:
        """Whether lower contexts can override it."""
        return self.state in ("allowed", "allowed_on")

    def locked(self, owner: Owner) -> bool:
        """Whether a higher context has decided for `owner`."""
        if self.owner is None:
            return not self.open and not self.feature.hidden
        return not self.open and self.owner != place(owner)


@cache
def definitions(*, later: bool) -> dict[str, Feature]:
    """Every feature by its name, in Canvas's order; those of 2023 only, unless `later`."""
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/features.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    opted, found = {"true": True, "false": False}, dict[str, Feature]()
    for name, kind, state, opt, beta, type_, env, title, described, changed in rows:
        if changed == "new" and not later:
            continue
        feature = Feature(
            name, kind, state, opted.get(opt), beta == "true", type_, int(env) if env != "-" else 0, title,
            json.loads(described) if described != "-" else title,
        )  # fmt: skip
        found[name] = feature._replace(**json.loads(changed)) if later and changed not in ("-", "new") else feature
    return found


def known(api: Api) -> dict[str, Feature]:
    """The features of the site, by name."""
    return definitions(later=api.settings.later_features)


def place(owner: Owner) -> tuple[str, int]:
    """The key of a context of flags: its kind and id."""
    return type(owner).__name__, owner.id


def _is_root(owner: Owner) -> bool:
    return isinstance(owner, Account) and owner.parent_account_id is None


def _is_site(owner: Owner) -> bool:
    return isinstance(owner, Account) and owner.site_admin


def applies(feature: Feature, owner: Owner) -> bool:
    """Whether the feature can be set in this context."""
    match feature.applies_to:
        case "SiteAdmin":
            return _is_site(owner)
        case "RootAccount":
            return _is_root(owner)
        case "Account":
            return isinstance(owner, Account)
        case "Course":
            return isinstance(owner, Course | Account)
        case _:
            return isinstance(owner, User) or _is_site(owner)


def listed(api: Api, owner: Owner) -> list[Feature]:
    """The features in a context's list."""
    return [feature for feature in known(api).values() if applies(feature, owner)]


def site(api: Api) -> Account | None:
    """The account of the site's operators."""
    return next((account for account in api.store.accounts if account.site_admin), None)


def sees_hidden(api: Api) -> bool:
    """Whether the caller is a site admin."""
    account = site(api)
    return account is not None and is_account_admin(api, api.caller, account)


def decided(api: Api, owner: Owner, name: str) -> FeatureFlag | None:
    """The context's own flag for a feature, even if it was removed."""
    rows = api.store.feature_flags.find("context", place(owner))
    return next((row for row in rows if row.feature == name), None)


def _own(api: Api, owner: Owner, feature: Feature, *, below: bool) -> Flag | None:
    """The context's own flag; lower contexts see an account's flag with a delay, which is a setting."""
    record = decided(api, owner, feature.name)
    if record is None:
        tutorial = isinstance(owner, User) and feature.name == TUTORIAL
        return Flag(feature, "on", place(owner)) if tutorial else None
    state = seen_below(api, record) if below else record.state
    return Flag(feature, state, place(owner), record) if state is not None else None


def seen_below(api: Api, record: FeatureFlag) -> FlagState | None:
    """The state of an account's flag as its courses and sub-accounts see it."""
    delay = timedelta(seconds=api.settings.feature_flag_delay_seconds)
    return record.earlier if api.now < record.updated_at + delay else record.state


def _above(api: Api, owner: Owner) -> Iterator[Account]:
    """The accounts whose flags take precedence over the context's, from the site's account down."""
    number = owner.account_id if isinstance(owner, Course) else getattr(owner, "parent_account_id", None)
    found = chain(api.store, number) if number is not None else [row for row in [site(api)] if row is not None]
    return (account for account in reversed(found) if account.id != owner.id or not isinstance(owner, Account))


def lookup(api: Api, owner: Owner, name: str, *, shown: bool = False, inherited: bool = False) -> Flag | None:
    """A feature's state in a context; None if it does not exist there.

    Parameters:
        shown: whether to include hidden features, and those that the root account has not allowed yet.
        inherited: ignore the context's own flag.
    """
    feature = known(api).get(name)
    if feature is None or not applies(feature, owner) or feature.state == "unseen":
        return None
    default = Flag(feature, feature.state)
    if feature.state in ("off", "on"):
        return default
    if api.settings.granular_permissions and name.startswith(GRANULAR):
        return Flag(feature, "on")
    found = default if not feature.hidden or _is_site(owner) or shown else None
    levels = [(account, True) for account in _above(api, owner)] + ([] if inherited else [(owner, False)])
    for level, below in levels:
        flag = _own(api, level, feature, below=below)
        if flag is not None:
            found = flag
            if not flag.open:
                break
    return _opted_in(api, owner, feature, found, shown)


def _opted_in(api: Api, owner: Owner, feature: Feature, found: Flag | None, shown: bool) -> Flag | None:
    """A feature that a root account must allow first is off there and hidden below until then."""
    above = site(api)
    unspoken = found is not None and (found.owner is None or (above is not None and found.owner == place(above)))
    if found is None or not feature.opted_in or _is_site(owner) or not unspoken:
        return found
    if not found.open and found.state != "hidden":
        return found
    if not _is_root(owner):
        return found if shown else None
    return found if found.state == "hidden" else Flag(feature, "off", place(owner))


def enabled(api: Api, owner: Owner, name: str) -> bool:
    """Whether a feature is on for a user."""
    flag = lookup(api, owner, name)
    return flag is not None and flag.on


def unhides(api: Api, owner: Owner, flag: Flag) -> bool:
    """Whether this flag is what reveals a hidden feature."""
    if flag.owner != place(owner) or not flag.feature.hidden:
        return False
    above = list(_above(api, owner))
    if _is_site(owner) or not above:
        return True
    parent = lookup(api, above[-1], flag.feature.name, shown=True)
    return parent is None or parent.state == "hidden"


def transitions(api: Api, owner: Owner, feature: Feature, state: str | None) -> dict[str, dict[str, Any]]:
    """The states that could be chosen instead of `state`, and whether each is locked."""
    states = ["off", "on", *(["allowed", "allowed_on"] if isinstance(owner, Account) else [])]
    of_school = feature.applies_to == "SiteAdmin" or (feature.applies_to == "RootAccount" and not _is_site(owner))
    found: dict[str, dict[str, Any]] = {
        item: {"locked": of_school and item.startswith("allowed")} for item in states if item != state
    }
    if feature.name == "final_grades_override":
        _never_taken_back(owner, state, found)
    other = SEPARATORS.get(feature.name)
    if other is not None and enabled(api, owner, other):
        found.setdefault("on", {}).update(locked=True, warning=WARNINGS[feature.name])
    return found


def _never_taken_back(owner: Owner, state: str | None, found: dict[str, dict[str, Any]]) -> None:
    """Once final grade override is on, it cannot be turned off in a course, nor restricted in an account."""
    for value in ("off", "on", *(["allowed"] if isinstance(owner, Account) else [])):
        found.setdefault(value, {})
    if state == "on" or (state == "allowed" and isinstance(owner, Account)):
        found["off"]["locked"] = True
    if state == "on" and isinstance(owner, Account):
        found["allowed"]["locked"] = True
