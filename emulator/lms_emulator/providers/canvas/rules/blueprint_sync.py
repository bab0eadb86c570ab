"""Syncs of blueprint courses to their associated courses.

Source: canvas-lms app/models/master_courses/master_migration.rb (2023-06), and the recorded exchanges of
`courses-migrations` 159-195.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import tool_content
from lms_emulator.providers.canvas.model import (
    BlueprintMigration,
    BlueprintSubscription,
    BlueprintTemplate,
    ContentMigration,
    Course,
)
from lms_emulator.providers.canvas.rules.blueprints import LOCKED, lock_of, restrictions, subscriptions
from lms_emulator.providers.canvas.rules.migrations import dates, packages, selection
from lms_emulator.providers.canvas.rules.migrations.kinds import BY_NAME, KINDS, Kind
from lms_emulator.providers.canvas.rules.migrations.transfer import Transfer

ORDERED = tuple(
    BY_NAME[name]
    for name in (
        *("announcements", "assignments", "assignment_groups", "attachments", "calendar_events"),
        *("context_external_tools", "context_modules", "discussion_topics", "quizzes", "rubrics", "wiki_pages"),
    )
)
"""The kinds in the order in which Canvas tells what changed."""
HOW = ("created", "updated", "deleted")
PATHS = {
    "wiki_pages": "pages",
    "context_modules": "modules",
    "attachments": "files",
    "context_external_tools": "external_tools",
}
"""Where pages of the kinds are, unless they are called like them."""


def changes(
    api: Api, template: BlueprintTemplate, master: Course, *, synced_only: bool = True
) -> list[tuple[Kind, Any, str]]:
    """What changed in a blueprint since the last sync: the kind, the row, and the kind of change.

    Parameters: `synced_only`, whether to leave out what was deleted before a sync could bring it.
    """
    since = template.last_export_at
    if since is None:
        return []
    found: list[tuple[Kind, Any, str]] = []
    for kind in ORDERED:
        for record in kind.lister(api, master):
            moment = getattr(record, "updated_at", None) or record.created_at
            if moment is not None and moment > since:
                made = record.created_at is not None and record.created_at > since
                found.append((kind, record, "created" if made else "updated"))
            elif kind.name == "assignment_groups" and _group_changed(api, record.id, since):
                found.append((kind, record, "updated"))
    if synced_only:
        return found + _deleted(api, template, master)
    return sorted(found + _deleted_since(api, master, since), key=lambda change: (_place(change[0]), change[1].id))


def _place(kind: Kind) -> int:
    return ORDERED.index(kind)


def _deleted_since(api: Api, master: Course, since: datetime) -> list[tuple[Kind, Any, str]]:
    found: list[tuple[Kind, Any, str]] = []
    for kind in KINDS:
        for row in getattr(api.store, kind.table):
            place = getattr(row, "course_id", None) or getattr(row, "context_id", None)
            state = getattr(row, "file_state", None) or row.workflow_state
            inside = place == master.id and getattr(row, "context_type", "Course") == "Course"
            if inside and state == "deleted" and row.updated_at > since and _is_of(kind, row):
                found.append((kind, row, "deleted"))
    return found


def _is_of(kind: Kind, row: Any) -> bool:
    """Whether a row is of the kind; topics and announcements share a table."""
    return kind.table != "discussion_topics" or row.is_announcement == (kind.name == "announcements")


def _group_changed(api: Api, group_id: int, since: datetime) -> bool:
    return any(assignment.updated_at > since for assignment in api.store.assignments.find("group", group_id))


def _deleted(api: Api, template: BlueprintTemplate, master: Course) -> list[tuple[Kind, Any, str]]:
    """What was synced before and has since been deleted."""
    living = {(kind.table, record.id) for kind in KINDS for record in kind.lister(api, master)}
    sent: dict[tuple[str, int], None] = {}
    for subscription in subscriptions(api.store, template):
        for asset in api.store.copied_assets.find("course", subscription.course_id):
            if asset.kind not in {kind.table for kind in KINDS}:
                continue  # outcomes, of which a sync tells nothing
            made = getattr(api.store, asset.kind).get(asset.asset_id)
            exists = made is not None and getattr(made, "file_state", made.workflow_state) != "deleted"
            if asset.source_course_id == master.id and exists:
                sent[asset.kind, asset.source_id or 0] = None
    found: list[tuple[Kind, Any, str]] = []
    for table, number in sent.keys() - living:
        record = getattr(api.store, table).get(number)
        if record is not None:
            kind = next(kind for kind in KINDS if kind.table == table and _is_of(kind, record))
            found.append((kind, record, "deleted"))
    return sorted(found, key=lambda change: (_place(change[0]), change[1].id))


def syllabus_changed(template: BlueprintTemplate, master: Course) -> bool:
    """Whether the syllabus was changed since the last sync."""
    moment, since = master.syllabus_updated_at, template.last_export_at
    return moment is not None and since is not None and moment > since


def begin(api: Api, template: BlueprintTemplate, **settings: Any) -> BlueprintMigration:
    """Begin a sync of a blueprint to its courses; it is in progress until the next request."""
    made = BlueprintMigration(
        **api.new_row("master_courses_master_migrations"),
        template_id=template.id,
        user_id=api.user.id,
        comment=settings.pop("comment", None),
        settings=settings,
    )
    return api.store.blueprint_migrations.put(made)


def run(api: Api, record: BlueprintMigration) -> None:
    """Send it."""
    template = api.store.blueprint_templates.get(record.template_id)
    assert template is not None, "the world file's references are checked when it is loaded"
    master = api.store.courses.get(template.course_id)
    assert master is not None, "the world file's references are checked when it is loaded"
    found = changes(api, template, master)
    listed = sorted(found, key=lambda change: HOW.index(change[2]))
    entries = [_entry(api, template, master, *change) for change in listed if change[0].name != "assignment_groups"]
    targets: dict[bool, list[Course]] = {False: [], True: []}
    selective: list[int] = []
    for subscription in subscriptions(api.store, template):
        target = api.store.courses.get(subscription.course_id)
        if target is not None and target.workflow_state != "deleted":
            targets[subscription.synced_at is None].append(target)
            selective += [subscription.id] if subscription.synced_at is not None else []
        exceptions = _send(api, record, template, master, subscription, found)
        for change in entries:
            if change["asset_id"] in exceptions.get(change["asset_type"], {}):
                what = exceptions[change["asset_type"]][change["asset_id"]]
                change["exceptions"].append({"course_id": subscription.course_id, "conflicting_changes": what})
    synced = [(kind, record.id) for kind, record, how in found if how != "deleted"]
    tool_content.sync_later(api, master, targets[False], synced)
    tool_content.sync_later(api, master, targets[True], None)
    api.store.blueprint_templates.put(replace(template, last_export_at=api.now))
    api.store.blueprint_migrations.put(
        replace(
            record,
            workflow_state="completed",
            changes=[*entries, *_of_course(api, record, template, master)] if selective else [],
            selective=selective,
            exports_started_at=api.now,
            imports_queued_at=api.now,
            imports_completed_at=api.now,
            updated_at=api.now,
        )
    )


def _of_course(
    api: Api, record: BlueprintMigration, template: BlueprintTemplate, master: Course
) -> list[dict[str, Any]]:
    found = [of_syllabus(api, master)] if syllabus_changed(template, master) else []
    if record.settings.get("copy_settings"):
        found.append(_whole(api, master, "settings", "Course Settings", "settings"))
    return [{**entry, "exceptions": []} for entry in found]


def of_syllabus(api: Api, master: Course) -> dict[str, Any]:
    """A change of the syllabus as Canvas reports it."""
    return _whole(api, master, "syllabus", "Syllabus", "assignments/syllabus")


def _whole(api: Api, master: Course, kind: str, name: str, path: str) -> dict[str, Any]:
    return {
        "asset_id": master.id,
        "asset_type": kind,
        "asset_name": name,
        "change_type": "updated",
        "html_url": api.url(f"/courses/{master.id}/{path}"),
        "locked": False,
    }


def _entry(api: Api, template: BlueprintTemplate, master: Course, kind: Kind, record: Any, how: str) -> dict[str, Any]:
    return {**entry(api, template, master, kind, record, how), "exceptions": []}


def entry(api: Api, template: BlueprintTemplate, master: Course, kind: Kind, record: Any, how: str) -> dict[str, Any]:
    """A change as Canvas reports it."""
    place = record.url if kind.table == "wiki_pages" else record.id
    path = PATHS.get(kind.name, kind.name)
    lock = lock_of(api.store, template, kind.table, record.id)
    return {
        "asset_id": record.id,
        "asset_type": type_of(kind),
        "asset_name": getattr(record, kind.title),
        "change_type": how,
        "html_url": api.url(f"/courses/{master.id}/{path}/{place}"),
        "locked": lock is not None and any(restrictions(template, lock).values()),
    }


def type_of(kind: Kind) -> str:
    """What a kind is called in changes."""
    return "quiz" if kind.name == "quizzes" else kind.asset


def _send(
    api: Api,
    record: BlueprintMigration,
    template: BlueprintTemplate,
    master: Course,
    subscription: BlueprintSubscription,
    found: list[tuple[Kind, Any, str]],
) -> dict[str, dict[int, list[str]]]:
    """Sync one course. Returns, by type and object, what was skipped because the course changed it, and what
    differs."""
    target = api.store.courses.get(subscription.course_id)
    if target is None or target.workflow_state == "deleted":
        return {}
    first = subscription.synced_at is None
    package = packages.of_course(api, master)
    transfer = Transfer(api, package, target, dict(selection.EVERYTHING), dates.NOT_SHIFTED, synced=True)
    skipped, exceptions = _left(api, transfer, template, subscription)
    sent = {(kind.table, record.id) for kind, record, how in found if how != "deleted"}
    only = None if first else {part.key for part in package.parts if (part.kind.table, part.record.id) in sent}
    if first and not record.settings.get("copy_settings", True):
        transfer.copy = {f"all_{kind.name}": True for kind in KINDS}
    transfer.run(only=only, unchanged=skipped)
    if not first and syllabus_changed(template, master):
        transfer.bring_syllabus()
    if not first and record.settings.get("copy_settings"):
        transfer.bring_settings(synced=True)
    _delete(api, target, master, [(kind, record) for kind, record, how in found if how == "deleted"])
    if first and record.settings.get("publish_after_initial_sync"):
        current = api.store.courses.get(target.id) or target
        api.store.courses.put(replace(current, workflow_state="available", updated_at=api.now))
    api.store.blueprint_subscriptions.put(replace(subscription, synced_at=api.now))
    _remember(api, record, subscription, master)
    return exceptions


def _left(
    api: Api, transfer: Transfer, template: BlueprintTemplate, subscription: BlueprintSubscription
) -> tuple[set[str], dict[str, dict[int, list[str]]]]:
    """Unlocked objects that a course changed itself; they are not overwritten."""
    skipped: set[str] = set()
    told_of: dict[str, dict[int, list[str]]] = {}
    since = subscription.synced_at
    for part in transfer.package.parts:
        known = transfer.existing(part)
        moment = getattr(known, "updated_at", None)
        lock = lock_of(api.store, template, part.kind.table, part.record.id)
        locked = lock is not None and any(restrictions(template, lock).values())
        if since is None or moment is None or moment <= since or locked:
            continue
        skipped.add(part.key)
        differing = [
            what
            for what, fields in LOCKED.get(part.kind.table, {}).items()
            if any(getattr(known, name, None) != getattr(part.record, name, None) for name in fields)
        ]
        told_of.setdefault(type_of(part.kind), {})[part.record.id] = differing or ["content"]
    return skipped, told_of


def _delete(api: Api, target: Course, master: Course, deleted: list[tuple[Kind, Any]]) -> None:
    wanted = {(kind.table, record.id) for kind, record in deleted}
    for asset in list(api.store.copied_assets.find("course", target.id)):
        if asset.source_course_id == master.id and (asset.kind, asset.source_id) in wanted:
            table = getattr(api.store, asset.kind)
            made = table.get(asset.asset_id)
            state = "file_state" if asset.kind == "attachments" else "workflow_state"
            if made is not None:
                table.put(replace(made, **{state: "deleted"}))


def _remember(api: Api, record: BlueprintMigration, subscription: BlueprintSubscription, master: Course) -> None:
    made = ContentMigration(
        id=api.new_id("content_migrations"),
        context_id=subscription.course_id,
        user_id=record.user_id,
        migration_type="master_course_import",
        workflow_state="completed",
        source_course_id=master.id,
        child_subscription_id=subscription.id,
        master_migration_id=record.id,
        completion=100.0,
        started_at=api.now,
        finished_at=api.now,
        created_at=record.created_at,
        updated_at=api.now,
    )
    api.store.content_migrations.put(made)
