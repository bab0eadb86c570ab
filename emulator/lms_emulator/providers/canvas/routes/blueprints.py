"""REST: blueprint courses, their associated courses, and the syncs between them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import (
    BlueprintLock,
    BlueprintMigration,
    BlueprintSubscription,
    BlueprintTemplate,
    ContentMigration,
    Course,
)
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import blueprint_sync, blueprints, courses
from lms_emulator.providers.canvas.rules.migrations.kinds import KINDS
from lms_emulator.providers.canvas.rules.permissions import account_allows, require_account
from lms_emulator.providers.canvas.shapes import Json, people
from lms_emulator.providers.canvas.shapes import courses as course_shapes


def _template(api: Api, *, admin: bool = False) -> tuple[BlueprintTemplate, Course]:
    """The template in the path, for staff who can read its course; with `admin`, for blueprint admins."""
    course = identifiers.course(api, api.slot("course_id"))
    found = blueprints.template_of(api.store, course)
    named = api.slot("template_id")
    if found is None or named not in ("default", str(found.id)):
        raise refusals.not_found("the blueprint of the course", named)
    courses.require(api, course, "manage")
    account = api.store.accounts.get(course.account_id)
    allowed = account is not None and account_allows(api, api.caller, account, "manage_master_courses")
    if admin and not api.check("may manage blueprints", allowed):
        raise api.refused(f"manage_master_courses for course {course.id}")
    return found, course


def show(api: Api) -> Any:
    """A blueprint."""
    template, course = _template(api)
    body: Json = {
        "id": template.id,
        "course_id": course.id,
        "last_export_completed_at": when(template.last_export_at),
        "associated_course_count": len(_kept(api, template)),
    }
    latest = max(api.store.blueprint_migrations.find("template", template.id), key=lambda row: row.id, default=None)
    return body if latest is None else {**body, "latest_migration": _migration(api, latest)}


def _kept(api: Api, template: BlueprintTemplate) -> list[Course]:
    found = [api.store.courses.get(blueprint.course_id) for blueprint in blueprints.subscriptions(api.store, template)]
    return [course for course in found if course is not None and course.workflow_state != "deleted"]


def associated(api: Api) -> Any:
    """The courses associated with a blueprint."""
    template, _ = _template(api)
    return paged(api, sorted(_kept(api, template), key=lambda course: course.id), lambda course: _course(api, course))


def _course(api: Api, course: Course) -> Json:
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    blueprint = identifiers.course(api, api.slot("course_id"))
    accounts = [identifiers.account(api, either.account_id) for either in (blueprint, course)]
    sis = any(account_allows(api, api.caller, account, name) for account in accounts for name in courses.READS_SIS)
    return {
        "id": course.id,
        "name": course.name,
        "course_code": course.course_code,
        **({"sis_course_id": course.sis_course_id} if sis else {}),
        "term_name": term.name if term is not None else None,
        **course_shapes.teachers(api, course),
    }


def associate(api: Api) -> Any:
    """Associate more courses, and dissociate others."""
    template, place = _template(api, admin=True)
    require_account(api, identifiers.account(api, place.account_id), "manage_courses_admin")
    added, removed = api.params.texts("course_ids_to_add"), api.params.texts("course_ids_to_remove")
    new = [course for named in added if (course := identifiers.find(api, "courses", named)) is not None]
    removed_courses = [course for named in removed if (course := identifiers.find(api, "courses", named)) is not None]
    if {item.id for item in new} & {removed.id for removed in removed_courses}:
        raise refusals.message(400, "blueprint_contradictory", "cannot add and remove a course at the same time")
    if removed_courses and _running(api, template):
        raise refusals.message(400, "blueprint_busy", "cannot remove courses while a sync is ongoing")
    wrong = [str(item.id) for item in new if not blueprints.fits(api, template, item)]
    if wrong:
        raise refusals.message(400, "blueprint_course_invalid", f"invalid courses to add ({', '.join(wrong)})")
    own = {subscription.course_id for subscription in blueprints.subscriptions(api.store, template)}
    taken = [item for item in new if item.id not in own and blueprints.subscription_of(api.store, item) is not None]
    if taken:
        ids = ", ".join(str(item.id) for item in taken)
        text = f"cannot add courses already associated with other templates ({ids})"
        raise refusals.message(400, "blueprint_course_taken", text)
    blueprints.associate(api, template, new)
    for course in removed_courses:
        if course.id in own:
            blueprints.dissociate(api, course)
    return {"success": True}


def _running(api: Api, template: BlueprintTemplate) -> bool:
    return any(row.workflow_state == "queued" for row in api.store.blueprint_migrations.find("template", template.id))


# sending


def begin(api: Api) -> Any:
    """Sync the changes to the associated courses."""
    template, _ = _template(api)
    if _running(api, template):
        raise refusals.message(400, "blueprint_busy", "Cannot queue a migration while one is currently running")
    if not _kept(api, template):
        raise refusals.message(400, "blueprint_without_courses", "No associated courses to migrate to")
    params = api.params
    settings: dict[str, Any] = {"send_notification": params.flag("send_notification")}
    for name in ("copy_settings", "publish_after_initial_sync"):
        if params.has(name):
            settings[name] = params.flag(name)
    return _migration(api, blueprint_sync.begin(api, template, comment=params.text("comment"), **settings))


def _author(api: Api, user_id: int | None) -> Json:
    user = api.store.users.get(user_id or 0)
    return people.display(api, user) if user is not None else {}


def _migration(api: Api, record: BlueprintMigration) -> Json:
    return {
        "id": record.id,
        "user_id": record.user_id,
        "exports_started_at": when(record.exports_started_at),
        "imports_queued_at": when(record.imports_queued_at),
        "workflow_state": record.workflow_state,
        "created_at": stamp(record.created_at),
        "imports_completed_at": when(record.imports_completed_at),
        "comment": record.comment,
        "template_id": record.template_id,
        "user": _author(api, record.user_id),
    }


def migrations(api: Api) -> Any:
    """The syncs of a blueprint, newest first."""
    template, _ = _template(api)
    rows = sorted(api.store.blueprint_migrations.find("template", template.id), key=lambda row: -row.id)
    return paged(api, rows, lambda blueprint_migration: _migration(api, blueprint_migration))


def _found(api: Api) -> BlueprintMigration:
    template, _ = _template(api)
    return identifiers.row(
        api.store.blueprint_migrations, api.slot("id"), "the migration of the blueprint", template_id=template.id
    )


def migration(api: Api) -> Any:
    """One sync."""
    return _migration(api, _found(api))


def details(api: Api) -> Any:
    """What one sync sent."""
    return _found(api).changes


def unsynced(api: Api) -> Any:
    """What changed since the last sync, or that there has been none yet."""
    template, course = _template(api)
    if template.last_export_at is None:
        return [{"asset_name": course.name, "change_type": "initial_sync"}]
    found = blueprint_sync.changes(api, template, course, synced_only=False)
    rows = [blueprint_sync.entry(api, template, course, kind, record, how) for kind, record, how in found]
    return rows + (
        [blueprint_sync.of_syllabus(api, course)] if blueprint_sync.syllabus_changed(template, course) else []
    )


def restrict(api: Api) -> Any:
    """Lock an object in the associated courses, or unlock it."""
    template, course = _template(api)
    kind = api.params.text("content_type")
    if kind not in blueprints.TYPES:
        known = ",".join(blueprints.TYPES)
        text = f"Must be a valid content type ({known})"
        raise refusals.message(400, "blueprint_type_unknown", text, got=kind)
    if not api.params.has("restricted"):
        raise refusals.message(400, "blueprint_restricted_missing", "Must set 'restricted'")
    table = blueprints.TYPES[kind]
    number = identifiers.local_number(api.params.text("content_id")) or 0
    record = getattr(api.store, table).get(number) if table else None
    place = getattr(record, "course_id", getattr(record, "context_id", None))
    states = ("workflow_state", "file_state")
    if record is None or place != course.id or "deleted" in [getattr(record, name, None) for name in states]:
        text = f"Could not find content: {kind} {api.params.text('content_id')}"
        raise refusals.message(404, "blueprint_content_unknown", text)
    sent = api.params.hash("restrictions")
    if any(name not in blueprints.RESTRICTIONS for name in sent.data):
        raise refusals.invalid({"restrictions": ["Invalid settings"]})
    table, number = blueprints.owner_of(api.store, course.id, table, number)
    known_lock = blueprints.lock_of(api.store, template, table, number)
    if not api.params.flag("restricted"):
        if known_lock is not None:
            api.store.blueprint_locks.delete(known_lock.id)
    else:
        own = blueprints.flags(sent) if api.params.has("restrictions") else None
        lock = known_lock or BlueprintLock(
            id=api.new_id("blueprint_locks"), template_id=template.id, kind=table, content_id=number
        )
        lock = api.store.blueprint_locks.put(replace(lock, restrictions=own))
        before = blueprints.restrictions(template, known_lock) if known_lock is not None else {}
        blueprints.touch(api, lock, before, blueprints.restrictions(template, lock))
    return {"success": True}


# associated courses


def _subscription(api: Api) -> BlueprintSubscription:
    """The subscription in the path, a former one too if it is named by its id, for staff of its course."""
    course = identifiers.course(api, api.slot("course_id"))
    found, named = blueprints.subscription_of(api.store, course), api.slot("subscription_id")
    if named != "default":
        number = identifiers.local_number(named)
        rows = (row for row in api.store.blueprint_subscriptions if row.course_id == course.id)
        found = next((subscription for subscription in rows if subscription.id == number), None)
    if found is None:
        raise refusals.not_found("the blueprint that the course is kept like", named)
    courses.require(api, course, "manage")
    return found


def subscriptions(api: Api) -> Any:
    """The blueprint that a course is associated with."""
    course = courses.from_path(api, "manage")
    found = blueprints.subscription_of(api.store, course)
    return paged(api, [found] if found is not None else [], lambda row: _of_child(api, row))


def _of_child(api: Api, record: BlueprintSubscription) -> Json:
    template = api.store.blueprint_templates.get(record.template_id)
    master = api.store.courses.get(template.course_id) if template is not None else None
    shown = _course(api, master) if master is not None else {}
    keys = ("id", "name", "course_code", "sis_course_id", "term_name")
    blueprint = {name: shown[name] for name in keys if name in shown}
    return {"id": record.id, "template_id": record.template_id, "blueprint_course": blueprint}


def _received(api: Api, record: BlueprintSubscription) -> list[ContentMigration]:
    rows = api.store.content_migrations.find("context", ("Course", record.course_id))
    return sorted((row for row in rows if row.child_subscription_id == record.id), key=lambda row: -row.id)


def _import(api: Api, record: ContentMigration) -> Json:
    sent = api.store.blueprint_migrations.get(record.master_migration_id or 0)
    body = _migration(api, sent) if sent is not None else {}
    body.pop("template_id", None)
    return {**body, "id": record.id, "subscription_id": record.child_subscription_id}


def imports(api: Api) -> Any:
    """The syncs that a course received, newest first."""
    record = _subscription(api)
    return paged(api, _received(api, record), lambda content_migration: _import(api, content_migration))


def _one_import(api: Api) -> ContentMigration:
    record = _subscription(api)
    return identifiers.pick(_received(api, record), api.slot("id"), "the import from the blueprint")


def one_import(api: Api) -> Any:
    """One sync that a course received."""
    return _import(api, _one_import(api))


def import_details(api: Api) -> Any:
    """What one sync changed in this course."""
    record = _one_import(api)
    sent = api.store.blueprint_migrations.get(record.master_migration_id or 0)
    if sent is None or record.child_subscription_id not in sent.selective:
        return []
    rows = list(api.store.copied_assets.find("course", record.context_id))
    found: list[Json] = []
    for change in sent.changes:
        table = next((kind.table for kind in KINDS if blueprint_sync.type_of(kind) == change["asset_type"]), None)
        own = next((asset for asset in rows if asset.kind == table and asset.source_id == change["asset_id"]), None)
        kept = [exception for exception in change["exceptions"] if exception["course_id"] == record.context_id]
        shown = {**change, "exceptions": kept}
        if own is not None:
            path = change["html_url"].rpartition("/")
            end = path[2] if table == "wiki_pages" else str(own.asset_id)
            place = path[0].rpartition("/")[2]
            shown |= {"asset_id": own.asset_id, "html_url": api.url(f"/courses/{record.context_id}/{place}/{end}")}
        found.append(shown)
    return found


COURSE = "/api/v1/courses/{course_id}"
TEMPLATE = f"{COURSE}/blueprint_templates/{{template_id}}"
SUBSCRIPTION = f"{COURSE}/blueprint_subscriptions/{{subscription_id}}"
ROUTES: tuple[Route, ...] = rest(
    "blueprints",
    f"{RECORDED}/courses-migrations.jsonl 133, 147, 155, 160, 163, 175, 183; "
    "canvas-lms app/controllers/master_courses/master_templates_controller.rb",
    (f"GET {TEMPLATE}", show, "A blueprint"),
    (f"GET {TEMPLATE}/associated_courses", associated, "Courses associated with a blueprint"),
    (f"PUT {TEMPLATE}/update_associations", associate, "Associate and dissociate courses"),
    (f"POST {TEMPLATE}/migrations", begin, "Sync changes to the courses"),
    (f"GET {TEMPLATE}/migrations", migrations, "Syncs of a blueprint"),
    (f"GET {TEMPLATE}/migrations/{{id}}", migration, "One sync"),
    (f"GET {TEMPLATE}/migrations/{{id}}/details", details, "Details of a sync"),
    (f"GET {TEMPLATE}/unsynced_changes", unsynced, "Unsynced changes"),
    (f"PUT {TEMPLATE}/restrict_item", restrict, "Lock an object in the courses"),
    (f"GET {COURSE}/blueprint_subscriptions", subscriptions, "A course's blueprint subscription"),
    (f"GET {SUBSCRIPTION}/migrations", imports, "Syncs received from the blueprint"),
    (f"GET {SUBSCRIPTION}/migrations/{{id}}", one_import, "One received sync"),
    (f"GET {SUBSCRIPTION}/migrations/{{id}}/details", import_details, "Details of a received sync"),
)
