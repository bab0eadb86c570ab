"""REST: group categories."""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Account, Course, GroupCategory, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.enrollments import met
from lms_emulator.providers.canvas.routes.rosters import search_term, searched
from lms_emulator.providers.canvas.rules import belonging, courses, group_files, group_filling, groups, jobs, people
from lms_emulator.providers.canvas.rules.permissions import GROUPS, account_allows
from lms_emulator.providers.canvas.shapes import groups as shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import disposition

RESERVED = {Course: ("Student Groups", "Imported Groups"), Account: ("Communities", "Imported Groups")}
MIXED = "Can't restrict self-signup while a mixed-section group exists in the category"
NO_SIS = "You must have manage_sis permission to {} sis attributes"
COUNTS = ("groups_count", "unassigned_users_count")
STATES = ("all", "collaborative", "non_collaborative")
SIGN_UPS, LEADERS = ("enabled", "restricted"), ("first", "random")


def _place(api: Api) -> Course | Account:
    if "course_id" in api.call.path_params:
        return identifiers.course(api, api.slot("course_id"))
    return identifiers.account(api, api.slot("account_id"))


def require_manager(api: Api, place: Course | Account, *wanted: str) -> None:
    """Refuse callers who have none of these permissions; by default those about groups."""
    needs = wanted or GROUPS
    if not api.check("manages groups there", groups.may(api, place, *needs)):
        raise api.refused(f"{' or '.join(needs)} in {place.id}", *needs)


def found(api: Api, slot: str = "id") -> GroupCategory:
    """The set in the path. Raises Canvas's refusal for an unknown one."""
    category: GroupCategory | None = identifiers.find(api, "group_categories", api.slot(slot))
    if category is None or category.workflow_state == "deleted":
        raise refusals.rest("category_unknown", 404, {"status": "not found"}, check="the set exists")
    return category


def may_set_sis(api: Api, name: str, verb: str) -> bool:
    """Whether the request sets a SIS id. Raises the refusal for callers who may not."""
    if api.params.get(name) in (None, False):
        return False
    if not account_allows(api, api.caller, api.root, "manage_sis"):
        raise refusals.message(401, "sis_refused", NO_SIS.format(verb), check="manage_sis")
    return True


def index(api: Api) -> Any:
    """The sets of a course or an account."""
    place = _place(api)
    require_manager(api, place)
    _require_collaborative(api)
    includes = _includes(api)
    return paged(api, groups.of_place(api, place), lambda category: shapes.category(api, category, includes))


def _require_collaborative(api: Api) -> None:
    """Refuse to list sets of differentiation tags, which nobody may see while the school does not use them."""
    state = (api.later.text("collaboration_state") or "collaborative").lower()
    if not api.check("a known state", state in STATES, got=state):
        error = {"error": "Invalid collaboration_state parameter"}
        raise refusals.rest("collaboration_state_unknown", 400, error, check=f"one of {', '.join(STATES)}", got=state)
    if state == "non_collaborative":
        error = {"error": "Unauthorized to view non-collaborative group categories"}
        raise refusals.rest("tags_not_used", 403, error, check="the school uses differentiation tags")


def _includes(api: Api) -> list[str]:
    """What `includes[]` names. Raises the refusal `crashed` for a text."""
    if isinstance(said := api.params.get("includes"), str):
        raise refusals.crashed("`includes` is not a list", said)
    return api.params.texts("includes")


def show(api: Api) -> Any:
    """One set."""
    category = found(api)
    require_manager(api, groups.home(api, category))
    return shapes.category(api, category, _includes(api))


def create(api: Api) -> Any:
    """Create a set, on request with groups and members."""
    place = _place(api)
    require_manager(api, place, "manage_groups_add")
    fields = _fields(api, place, None)
    made = GroupCategory(
        id=api.new_id("group_categories"),
        context_type="Course" if isinstance(place, Course) else "Account",
        context_id=place.id,
        created_at=api.now,
        **fields,
    )
    category = api.store.group_categories.put(made)
    if may_set_sis(api, "sis_group_category_id", "set"):
        wanted = api.params.text("sis_group_category_id")
        if any(group_category.sis_source_id == wanted for group_category in api.store.group_categories):
            body = {"errors": [{"field": "sis_source_id", "message": None, "error_code": "taken"}]}
            raise refusals.rest("sis_id_taken", 422, body, check="the SIS id is free", got=wanted)
        category = api.store.group_categories.put(replace(category, sis_source_id=wanted))
    group_filling.fill(api, category)
    return shapes.category(api, category, [*COUNTS, *_includes(api)])


def _fields(api: Api, place: Course | Account, known: GroupCategory | None) -> dict[str, Any]:
    """The set's fields from the request, validated. Raises the refusals for invalid ones."""
    asked, found = api.params, dict[str, Any]()
    signup = (asked.text("self_signup") or "").lower()
    if signup not in SIGN_UPS and asked.flag("enable_self_signup"):
        signup = "restricted" if asked.flag("restrict_self_signup") else "enabled"
    found["self_signup"] = signup if signup in SIGN_UPS else None
    name = asked.text("name")
    if known is None or name is not None:
        found["name"] = name or ""
        count = group_filling.asked_count(api, signs_up=signup in SIGN_UPS) if isinstance(place, Course) else None
        longest = 255 if count is None else 254 - len(str(count))
        if (known is None or name != known.name) and (fault := _name_fault(api, place, found["name"], known, longest)):
            raise refusals.invalid({"name": [fault]})
    if found["self_signup"] and isinstance(place, Account):
        text = "Self-signup may only be enabled for course groups or communities"
        raise refusals.invalid({"enable_self_signup": [text]})
    restricts = found["self_signup"] == "restricted"
    if restricts and known is not None and known.self_signup != "restricted":
        _require_unmixed(api, known)
    found["auto_leader"] = _auto_leader(api)
    found["group_limit"] = limit(api, "group_limit")
    return found


def _require_unmixed(api: Api, category: GroupCategory) -> None:
    if any(groups.mixed(api, group) for group in groups.of_category(api, category)):
        raise refusals.invalid({"restrict_self_signup": [MIXED]})


def _auto_leader(api: Api) -> str | None:
    """How the groups get leaders. Raises the refusal for no known way, where Canvas fails."""
    enabled, kind = api.params.text("enable_auto_leader"), (api.params.text("auto_leader") or "").lower()
    if enabled is not None:
        kind = (api.params.text("auto_leader_type") or "").lower() if api.params.flag("enable_auto_leader") else ""
        if kind not in LEADERS and api.params.flag("enable_auto_leader"):
            raise refusals.crashed("`auto_leader_type` is neither `first` nor `random`", kind)
    return kind if kind in LEADERS else None


def limit(api: Api, name: str) -> int | None:
    """The maximum group size. Raises the refusal for less than two."""
    text = api.params.text(name)
    if not text:
        return None
    most = as_whole(text)
    if most is None or most < 2:
        raise refusals.invalid({name: ["Must be greater than 1"]})
    return most


def _name_fault(api: Api, place: Course | Account, name: str, known: GroupCategory | None, longest: int) -> str | None:
    if not name.strip():
        return "Name is required"
    if name in RESERVED[type(place)]:
        return f"{name} is a reserved name."
    others = (category for category in groups.of_place(api, place) if known is None or category.id != known.id)
    if any(category.name == name for category in others):
        return f"{name} is already in use."
    return "Enter a shorter category name" if len(name) > longest else None


def update(api: Api) -> Any:
    """Change a set; self sign-up, limit and leaders are cleared if the request does not name them."""
    category = found(api)
    place = groups.home(api, category)
    require_manager(api, place, "manage_groups_manage")
    fields = _fields(api, place, category)
    changed = api.store.group_categories.put(replace(category, **fields))
    if changed.group_limit != category.group_limit:
        for group in groups.of_category(api, category):
            api.store.groups.put(replace(group, max_membership=changed.group_limit))
    group_filling.fill(api, changed)
    body = shapes.category(api, changed, _includes(api))
    if (number := api.params.text("sis_group_category_id")) is not None:
        # Canvas has answered by then
        taken = any(row.sis_source_id == number and row.id != changed.id for row in api.store.group_categories)
        if taken or not account_allows(api, api.caller, api.root, "manage_sis"):
            raise refusals.crashed("`sis_group_category_id` needs manage_sis, and must be unique", number)
        api.store.group_categories.put(replace(changed, sis_source_id=number))
    return body


def _unprotected(api: Api, right: str) -> GroupCategory:
    category = found(api, "group_category_id" if "group_category_id" in api.call.path_params else "id")
    require_manager(api, groups.home(api, category), right)
    if category.role is not None:
        check = "not a set of Canvas's own"
        why = f"Canvas keeps the set of {category.role}: nobody deletes it, or imports its members"
        raise refusals.rest("category_protected", 401, {"status": "unauthorized"}, check=check, diagnosis=why)
    return category


def destroy(api: Api) -> Any:
    """Delete a set with its groups."""
    category = _unprotected(api, "manage_groups_delete")
    for group in groups.of_category(api, category):
        api.store.groups.put(replace(group, workflow_state="deleted"))
    body = shapes.category(api, category)
    api.store.group_categories.put(replace(category, workflow_state="deleted"))
    return body


def list_groups(api: Api) -> Any:
    """The groups of a set."""
    category = found(api, "group_category_id")
    require_manager(api, groups.home(api, category))
    return paged(api, groups.of_category(api, category), lambda group: shapes.group(api, group))


def users(api: Api) -> Any:
    """The people of a set's context; with `unassigned`, those in none of its groups."""
    category = found(api, "group_category_id")
    place = groups.home(api, category)
    if isinstance(place, Course):
        courses.require(api, place, "read_roster")
    else:
        belonging.require_account_reader(api, place)
    lone = api.params.flag("unassigned")
    people_of = groups.unassigned(api, category) if lone else groups.candidates(api, place)
    if isinstance(place, Course):
        rows = (row for row in api.store.enrollments.find("course", place.id) if row.type == "StudentEnrollment")
        seen = {row.user_id for row in met(api, place, list(rows))}
        people_of = [user for user in people_of if user.id in seen]
    if (term := search_term(api)) is not None:
        people_of = searched(api, place, people_of, term)
    includes, left_out = api.params.includes, hidden(api)

    def shape(user: User) -> Any:
        body = people_shapes.person(api, user, place, includes)
        if "group_submissions" in includes:
            body["group_submissions"] = shapes.submissions_of(api, category.id, user.id) or None
        return {name: value for name, value in body.items() if name not in left_out}

    return paged(api, people_of, shape)


def hidden(api: Api) -> tuple[str, ...]:
    """The fields of a person's login, if `exclude[]=pseudonym` leaves them out."""
    asked = "pseudonym" in api.params.texts("exclude")
    return ("sis_user_id", "integration_id", "login_id", "sis_import_id") if asked else ()


def assign(api: Api) -> Any:
    """Distribute unassigned people among the groups."""
    category = found(api, "group_category_id")
    require_manager(api, groups.home(api, category), "manage_groups_manage")
    if category.role is not None:
        if category.role == "student_organized":
            raise refusals.rest("groups_of_students", 400, {}, check="not the groups that students made")
        raise refusals.crashed("members cannot be assigned to communities", category.id)
    if category.self_signup == "restricted":
        raise refusals.rest("signup_restricted", 400, {}, check="the set's sign-up is not restricted")
    by_section = api.params.flag("group_by_section") and category.context_type == "Course"
    added = {} if by_section else group_filling.share_out(api, category)
    fault = group_filling.share_out_by_section(api, category) if by_section else None
    if api.params.flag("sync"):
        return [{"id": key, "new_members": [_new_member(api, category, user) for user in added[key]]} for key in added]

    def work() -> None:
        if fault is not None:
            raise jobs.JobFailed(fault)

    job = jobs.run(api, category, "assign_unassigned_members", work, completion=0.0, shown="running")
    return progress(api, job)


def _new_member(api: Api, category: GroupCategory, user: Any) -> dict[str, Any]:
    rows = api.store.enrollments.find("whose", (category.context_id, user.id))
    sections = [item for row in rows if (item := api.store.course_sections.get(row.course_section_id)) is not None]
    return {
        "user_id": user.id,
        "name": people.sortable_name(user),
        "display_name": people.short_name(user),
        "sections": [{"section_id": section.id, "section_code": section.name} for section in sections],
    }


def export(api: Api) -> Any:
    """The group memberships as CSV."""
    category = found(api, "group_category_id")
    place = groups.home(api, category)
    if not groups.may(api, place, *GROUPS):
        raise refusals.text("unauthorized", "Unauthorized", status=401, check="manages groups there", needs=GROUPS)
    content = group_files.of(api, category)
    named = disposition("attachment", f"{category.name}.csv")
    return Response(content, headers={"Content-Disposition": named, "Content-Type": "text/csv"})


def import_csv(api: Api) -> Any:
    """Assign people to groups from a CSV; rows without a known person or group are skipped."""
    category = _unprotected(api, "manage_groups_add")
    file = api.params.file("attachment")
    if file is None:
        raise refusals.crashed("there is no file `attachment`")
    work = partial(group_files.take, api, category, file.content)
    return progress(api, jobs.run(api, category, "course_group_import", work, completion=0.0))
