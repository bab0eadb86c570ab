"""REST: the sharing rules of deployments, and of LTI 1.1 links and tool providers.

Sources: https://docs.valence.desire2learn.com/res/ltiadvantage.html and res/lti.html; the members of the blocks from a
public Go client (LTIDeploymentSharingData, LTISharingData). That a second rule for an org unit replaces the first is
chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.routing import Row
from lms_emulator.providers.brightspace import refusals, rules, shapes, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.lti import sharing
from lms_emulator.providers.brightspace.model import OrgUnit, SharingRule
from lms_emulator.providers.brightspace.model.lti import SharedKind
from lms_emulator.providers.brightspace.routes.managed import body_of, managed
from lms_emulator.providers.brightspace.routes.people import paged_objects


class RuleData(msgspec.Struct, frozen=True):
    """A sharing rule as clients write it. `DescendantsTypes`: of LTI 1.1 only."""

    ShareWithOrgUnit: bool
    ShareWithDescendants: bool
    SharingOrgUnitId: int | None = None
    DescendantsTypes: list[int] | None = None


Owner = Callable[[Call, OrgUnit], str]


class Sharing:
    """The sharing rules of one kind.

    Parameters:
        shares: the kind.
        owner: the id of what a path names; raises the 404.
        scopes: for reading and changing.
        needs: the permission.
    """

    def __init__(
        self, shares: SharedKind, owner: Owner, scopes: tuple[str, str], needs: str = rules.PLACE_TOOLS
    ) -> None:
        self.shares, self.owner = shares, owner
        read, change = (managed(scope, needs=needs) for scope in scopes)
        self.every, self.show = read(self._every), read(self._show)
        self.create, self.update = change(self._create), change(self._update)
        self.delete, self.clear = change(self._delete), change(self._clear)

    def rows(self, under: str, what: str) -> tuple[Row, ...]:
        """The operations below a path."""
        rule_path = f"{under}/{{sharingOrgUnitId}}"
        return (
            (f"GET {under}", self.every, f"The sharing rules of {what}"),
            (f"POST {under}", self.create, f"Share {what} with an org unit"),
            (f"DELETE {under}", self.clear, f"Delete all sharing rules of {what}"),
            (f"GET {rule_path}", self.show, f"A sharing rule of {what}"),
            (f"PUT {rule_path}", self.update, f"Change a sharing rule of {what}"),
            (f"DELETE {rule_path}", self.delete, f"Delete a sharing rule of {what}"),
        )

    @property
    def _advantage(self) -> bool:
        return self.shares == "deployment"

    def _shape(self, rule: SharingRule) -> shapes.Json:
        own = {} if self._advantage else {"DescendantsTypes": rule.types}
        return {
            "SharingOrgUnitId": rule.org_unit_id,
            "ShareWithOrgUnit": rule.with_unit,
            "ShareWithDescendants": rule.with_descendants,
            **own,
        }

    def _every(self, call: Call, unit: OrgUnit) -> Response:
        """GET …/sharing/: at deployments also `includeInherited` and `orgUnitId`."""
        found = sharing.rules_of(call, self.shares, self.owner(call, unit))
        if not self._advantage:
            return JSONResponse([self._shape(rule) for rule in found])
        rows: list[dict[str, Any]] = [{**self._shape(rule), "Inherited": False} for rule in found]
        if any(wire.truth(call, name) for name in ("includeInherited", "incldueInherited")):  # D2L documents the latter
            own = {rule.org_unit_id for rule in found}
            below = [org_unit for org_unit in call.store.org_units if org_unit.id not in own]
            reached = [org_unit for org_unit in below if any(sharing.covers(call, rule, org_unit) for rule in found)]
            inherited = (SharingRule(id=0, shares=self.shares, owner="", org_unit_id=row.id) for row in reached)
            rows += [{**self._shape(rule), "Inherited": True} for rule in inherited]
        wanted = wire.numbers(call, "orgUnitId", {})
        rows = [row for row in rows if not wanted or row["SharingOrgUnitId"] in wanted]
        return paged_objects(call, rows, dict)

    def _found(self, call: Call, unit: OrgUnit) -> SharingRule:
        wanted = number(call.path_params["sharingOrgUnitId"])
        rows = sharing.rules_of(call, self.shares, self.owner(call, unit))
        found = next((rule for rule in rows if rule.org_unit_id == wanted), None)
        if found is None:
            raise refusals.not_found("the sharing rule", call.path_params["sharingOrgUnitId"])
        return found

    def _show(self, call: Call, unit: OrgUnit) -> Response:
        """GET …/sharing/{sharingOrgUnitId}."""
        return JSONResponse(self._shape(self._found(call, unit)))

    def _read(self, call: Call) -> RuleData:
        data = body_of(call, RuleData, "sharing_rule")
        if self._advantage and data.DescendantsTypes is not None:
            call.warn("types_ignored", "rules of deployments have no `DescendantsTypes`; those of LTI 1.1 have")
            return replace(data, DescendantsTypes=None)
        return data

    def _kept(self, call: Call, data: RuleData, owner: str, org_unit_id: int, old: SharingRule | None) -> Response:
        rule = SharingRule(
            id=old.id if old is not None else call.store.next_number("sharing_rules"),
            shares=self.shares,
            owner=owner,
            org_unit_id=org_unit_id,
            with_unit=data.ShareWithOrgUnit,
            with_descendants=data.ShareWithDescendants,
            types=data.DescendantsTypes or [],
        )
        return JSONResponse(self._shape(call.store.sharing_rules.put(rule)))

    def _create(self, call: Call, unit: OrgUnit) -> Response:
        """POST …/sharing/: returns the rule."""
        owner, data = self.owner(call, unit), self._read(call)
        if data.SharingOrgUnitId is None or call.store.org_units.get(data.SharingOrgUnitId) is None:
            raise refusals.invalid_parameter("sharing_org_unit_unknown", expected="an org unit", got=data)
        before = sharing.rules_of(call, self.shares, owner)
        old = next((rule for rule in before if rule.org_unit_id == data.SharingOrgUnitId), None)
        return self._kept(call, data, owner, data.SharingOrgUnitId, old)

    def _update(self, call: Call, unit: OrgUnit) -> Response:
        """PUT …/sharing/{sharingOrgUnitId}: returns the rule."""
        old, data = self._found(call, unit), self._read(call)
        if data.SharingOrgUnitId not in (None, old.org_unit_id):
            raise refusals.invalid_parameter(
                "sharing_org_unit_differs", expected=old.org_unit_id, got=data.SharingOrgUnitId
            )
        return self._kept(call, data, old.owner, old.org_unit_id, old)

    def _delete(self, call: Call, unit: OrgUnit) -> Response:
        """DELETE …/sharing/{sharingOrgUnitId}."""
        call.store.sharing_rules.delete(self._found(call, unit).id)
        return Response(status_code=200)

    def _clear(self, call: Call, unit: OrgUnit) -> Response:
        """DELETE …/sharing/."""
        sharing.forget(call, self.shares, self.owner(call, unit))
        return Response(status_code=200)
