"""REST: rubrics, their associations, and assessments."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, Rubric, RubricAssociation
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import (
    assigning,
    assignments,
    courses,
    outcomes,
    overriding,
    rubrics,
)
from lms_emulator.providers.canvas.rules.permissions import account_allows, account_from_path
from lms_emulator.providers.canvas.shapes import rubrics as shapes

SOURCE = (
    f"{RECORDED}/grading-rubrics.jsonl 96, 114, 125, 136, 143, 155, 179, 187, 196; "
    "canvas-lms app/controllers/rubrics_controller.rb"
)
STYLES = ("full", "comments_only")
ASSESSMENTS = ("assessments", "graded_assessments", "peer_assessments")
ASSOCIATIONS = ("associations", "assignment_associations", "course_associations", "account_associations")
FLAGS = ("use_for_grading", "hide_score_total", "bookmarked")
"""What an association takes of its own."""
HIDING = ("hide_points", "hide_outcome_results")
"""What it takes beside a rubric alone (canvas-lms `rubric_associations_controller.rb`, `rubrics_controller.rb`)."""
TOO_LONG = "Title is too long (maximum is 255 characters)"
TWICE = "This rubric has Outcomes aligned more than once"


def _course(api: Api, *wanted: str) -> Course:
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    courses.require(api, course, *(wanted or ("manage_rubrics",)))
    return course


def _living(api: Api, course: Course) -> list[Rubric]:
    found = [r for r in api.store.rubrics.find("course", course.id) if r.workflow_state == "active"]
    return sorted(found, key=lambda r: r.id)


def _rubric(api: Api, course: Course, reference: str) -> Rubric | None:
    """The course's rubric of that id, also one that was deleted."""
    found = api.store.rubrics.get(identifiers.local_number(reference))
    return found if found is not None and found.course_id == course.id else None


def index(api: Api) -> Any:
    """The rubrics of a course."""
    course = _course(api)
    return paged(api, _living(api, course), lambda r: shapes.brief(api, r), path=f"/api/v1/courses/{course.id}/rubrics")


def of_account(api: Api) -> Any:
    """The rubrics of an account. Only imports can create them, and none here does."""
    account = account_from_path(api, "manage_rubrics")
    return paged(api, list[Rubric](), lambda r: shapes.brief(api, r), path=f"/api/v1/accounts/{account.id}/rubrics")


def of_account_unknown(api: Api) -> Any:
    """One of the account's rubrics, of which there are none."""
    account_from_path(api, "manage_rubrics")
    raise refusals.message(404, "rubric_unknown", "Rubric not found")


def show(api: Api) -> Any:
    """One rubric."""
    course = _course(api)
    associations = _associations(api, course, api.slot("id"))
    found = api.store.rubrics.get(associations[0].rubric_id) if any(row.bookmarked for row in associations) else None
    if found is None or found.workflow_state == "deleted":
        raise refusals.message(404, "rubric_unknown", "Rubric not found")
    _require_readable(api)
    return shapes.shown(api, found, api.params.includes, api.params.text("style"))


def _require_readable(api: Api) -> None:
    """Refuse unknown includes and styles, and impossible combinations."""
    asked, style = api.params.texts("include"), api.params.text("style")
    faults: dict[str, list[str]] = {}
    if style is not None and style not in STYLES:
        faults["style"] = [f"invalid style requested. Must be one of the following: {', '.join(STYLES)}"]
    known = (*ASSESSMENTS, *ASSOCIATIONS)
    if any(name not in known for name in asked):
        faults["include"] = [f"invalid include value requested. Must be one of the following: {', '.join(known)}"]
    else:
        for name, kinds in (("association", ASSOCIATIONS), ("assessment", ASSESSMENTS)):
            several = [name for name in dict.fromkeys(asked) if name in kinds]
            if len(several) > 1:
                faults["include"] = [f"cannot list multiple {name} includes. Multiple given: {', '.join(several)}"]
        if style is not None and len([name for name in dict.fromkeys(asked) if name in ASSESSMENTS]) != 1:
            faults["style"] = ["invalid parameters. Style parameter passed without requesting assessments"]
    if faults:
        raise refusals.invalid(faults)


def _associations(api: Api, course: Course, reference: str) -> list[RubricAssociation]:
    """A rubric's associations in the course, by which Canvas finds rubrics."""
    rows = api.store.rubric_associations.find("rubric", identifiers.local_number(reference) or 0)
    return [row for row in rows if row.course_id == course.id and row.workflow_state == "active"]


def _changing(api: Api) -> Course:
    """The course, for those who manage rubrics or may change the rubric's target."""
    course = identifiers.course(api, api.slot("course_id"))
    api.params.hash("rubric")
    sent = api.params.hash("rubric_association")
    _ = api.user
    if not api.check("may change rubrics there", _may_link(api, course, sent)):
        raise api.refused("change rubrics", "manage_rubrics")
    return course


def _may_link(api: Api, course: Course, sent: Params) -> bool:
    """Whether the caller may change the assignment, course or account that is named, wherever it is, or may read it and
    manages the rubrics here; the latter alone if there is none.
    """
    manages = courses.may(api, api.user, course, "manage_rubrics")
    kind, number = sent.text("association_type"), identifiers.local_number(sent.text("association_id") or "") or 0
    base = api.store.assignments.get(number) if kind == "Assignment" else None
    place = api.store.courses.get(number if base is None else base.course_id) if kind == "Course" or base else None
    account = api.store.accounts.get(number) if kind == "Account" else None
    if account is not None:
        return account_allows(api, api.user, account, "manage_account_settings")
    if place is None:
        return manages
    if base is not None:
        return assignments.may_change(api, place, base) or (manages and assignments.visible(api, place, base))
    return courses.may(api, api.user, place, "update") or (manages and courses.may(api, api.user, place, "read"))


def create(api: Api) -> Any:
    """A new rubric with its association; one of the course that `id` names is changed instead."""
    course = _changing(api)
    named = api.params.text("id")
    return _saved(api, course, _rubric(api, course, named) if named else None)


def update(api: Api) -> Any:
    """Change a rubric; an unknown one is created."""
    course = _changing(api)
    return _saved(api, course, _rubric(api, course, api.slot("id")))


def _saved(api: Api, course: Course, known: Rubric | None) -> Any:
    """Save a rubric; one that several assignments are graded with stays, and a new one is made of it.

    A request that describes none changes nothing, and shows the rubric with the association that it names.
    """
    sent, linked = api.params.hash("rubric"), api.params.hash("rubric_association")
    if api.params.peek("rubric") in (None, False):
        body = {"rubric": shapes.whole(api, known) if known is not None else shapes.unsaved(api, course.id)}
        named = _named(api, course)
        shown = named is not None and known is not None and named.rubric_id == known.id
        return _linked(api, course, body, named if shown else None)
    based = known if known and rubrics.used(api, known) > 1 and rubrics.differs(api, course, sent, known) else None
    made = known if known is not None and based is None else _new(api, course, based)
    others = [rubric for rubric in _living(api, course) if rubric.id != made.id]
    made = replace(made, **rubrics.fields(api, course, sent, linked, made, others), updated_at=api.now)
    aligned = [criterion["learning_outcome_id"] for criterion in made.criteria if "learning_outcome_id" in criterion]
    wrong = {TOO_LONG: len(made.title) > 255, TWICE: len(set(aligned)) < len(aligned)}
    if any(wrong.values()):
        return {"error": True, "messages": [text for text, is_so in wrong.items() if is_so]}
    made = api.store.rubrics.put(made if made.id else replace(made, id=api.new_id("rubrics")))
    outcomes.align(api, made, known.criteria if known is not None and based is None else ())
    association = _associated(api, course, made, known or made)
    return _linked(api, course, {"rubric": shapes.whole(api, made)}, association)


def _linked(api: Api, course: Course, body: dict[str, Any], association: RubricAssociation | None) -> dict[str, Any]:
    """The answer, with the rubric's association if there is one."""
    if association is None:
        return body
    more = {"skip_updating_points_possible": _keeps_points(api)}
    return {**body, "rubric_association": {**shapes.association(api, course, association), **more}}


def _named(api: Api, course: Course) -> RubricAssociation | None:
    """The association of the course that the request names."""
    number = identifiers.local_number(api.params.text("rubric_association_id") or "")
    named = api.store.rubric_associations.get(number)
    return named if named is not None and named.course_id == course.id and named.workflow_state == "active" else None


def _new(api: Api, course: Course, based: Rubric | None) -> Rubric:
    of: dict[str, Any] = {"course_id": course.id, "user_id": api.user.id, "created_at": api.now, "updated_at": api.now}
    return Rubric(id=0, rubric_id=based.id if based is not None else None, title="", **of)


def _target(api: Api, course: Course, sent: Params) -> tuple[str, int, str] | None:
    """The target of a rubric: kind, id and name."""
    number = identifiers.local_number(sent.text("association_id") or "")
    if sent.text("association_type") == "Course" and number == course.id:
        return "Course", course.id, course.name
    if sent.text("association_type") == "Assignment":
        base = api.store.assignments.get(number)
        if base is not None and base.course_id == course.id and base.workflow_state != "deleted":
            return "Assignment", base.id, base.name
    return None


def _associated(api: Api, course: Course, rubric: Rubric, before: Rubric) -> RubricAssociation | None:
    """The association asked for, or that is named. `before`: the rubric that this one was made of, or itself."""
    sent = api.params.hash("rubric_association")
    named = _named(api, course)
    target = _target(api, course, sent)
    if target is None and named is not None:
        target = named.association_type, named.association_id, named.title or ""
    if target is None:
        return None
    same = named is not None and (named.association_type, named.association_id) == target[:2]
    known = named if named is not None and same and named.rubric_id == before.id else None
    return _keep(api, course, rubric, sent, known, target, flags=(*FLAGS, *HIDING), keeps_points=_keeps_points(api))


def _keeps_points(api: Api) -> bool:
    """Whether the assignment's points stay: only for a text with `true` in it, outside of the hashes (canvas-lms
    `rubrics_controller.rb`, `update`)."""
    sent = api.params.get("skip_updating_points_possible")
    return isinstance(sent, str) and "true" in sent.lower()


def _keep(
    api: Api,
    course: Course,
    rubric: Rubric,
    sent: Params,
    known: RubricAssociation | None,
    target: tuple[str, int, str] | None,
    *,
    flags: tuple[str, ...] = FLAGS,
    keeps_points: bool = False,
) -> RubricAssociation:
    """Create or change an association; an assignment graded with a rubric takes over its points.

    Points that a form hides with `1` neither grade nor show their total (canvas-lms app/models/rubric_association.rb,
    generate).
    """
    known = known or rubrics.existing(api, rubric, target, sent.text("purpose"), every=api.call.method == "PUT")
    sent = columns.permitted(sent)
    changes: dict[str, Any] = {"rubric_id": rubric.id, **columns.booleans(sent, flags)}
    if changes.get("bookmarked", False) is None:
        changes["bookmarked"] = True
    if "hide_points" in flags and sent.is_one("hide_points"):
        changes |= {"use_for_grading": False, "hide_score_total": False}
    for name in ("purpose", "title"):
        if sent.text(name):
            changes[name] = sent.text(name)
    if known is None:
        changes.setdefault("purpose", "unknown")
    purpose = changes.get("purpose") or (known.purpose if known is not None else "")
    if purpose != "grading":
        changes["use_for_grading"] = False
        changes.setdefault("hide_score_total", False if sent.has("use_for_grading") else None)
    new = known is None
    if known is None and target is not None:
        kind, number, title = target
        known = RubricAssociation(
            **api.new_row("rubric_associations"),
            rubric_id=rubric.id,
            course_id=course.id,
            association_type="Course" if kind == "Course" else "Assignment",
            association_id=number,
            title=title,
        )
    assert known is not None
    made = replace(known, **changes)
    if made != known:
        made = replace(made, updated_at=api.now)
    api.store.rubric_associations.put(made)
    rubrics.link(api, made, new=new)
    if made.association_type == "Assignment":
        overriding.touch(api, made.association_id)
        if made.use_for_grading and made.purpose == "grading" and not keeps_points:
            _give_points(api, course, made.association_id, rubric.points_possible)
    return made


def _give_points(api: Api, course: Course, assignment_id: int, points: float) -> None:
    base = api.store.assignments.get(assignment_id)
    if base is not None and base.points_possible != points:
        assigning.keep(api, course, replace(base, points_possible=points), None, by_caller=False)


def destroy(api: Api) -> Any:
    """Delete a rubric from the course; without a remaining bookmark it is deleted altogether."""
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    associations = _associations(api, course, api.slot("id"))
    known = api.store.rubrics.get(associations[0].rubric_id) if associations else None
    if known is None:
        raise refusals.crashed("Canvas fails on a rubric that is for nothing in the course", api.slot("id"))
    courses.require(api, course, "manage_rubrics")
    return {"rubric": shapes.row(api, _removed(api, course, known))}


def _removed(api: Api, course: Course, rubric: Rubric) -> Rubric:
    for association in _associations(api, course, str(rubric.id)):
        api.store.rubric_associations.put(replace(association, workflow_state="deleted", updated_at=api.now))
    if any(row.bookmarked for row in rubrics.of_rubric(api, rubric)):
        return rubric
    return api.store.rubrics.put(replace(rubric, workflow_state="deleted", updated_at=api.now))


# associations


def association_of(api: Api, name: str = "id") -> tuple[Course, RubricAssociation]:
    course = identifiers.course(api, api.slot("course_id"))
    found = identifiers.row(
        api.store.rubric_associations, api.slot(name), "the rubric association", course_id=course.id
    )
    return course, found


def _both(api: Api, record: RubricAssociation) -> Any:
    rubric = api.store.rubrics.get(record.rubric_id)
    course = identifiers.course(api, record.course_id)
    assert rubric is not None
    body = {"rubric": shapes.whole(api, rubric), "rubric_association": shapes.association(api, course, record)}
    made = sorted(api.store.rubric_assessments.find("association", record.id), key=lambda row: row.id)
    body["rubric_association"]["rubric_assessments"] = [shapes.assessment_row(api, row) for row in made]
    return body


def associate(api: Api) -> Any:
    """Associate a rubric; one of another course is copied."""
    course = identifiers.course(api, api.slot("course_id"))
    sent = api.params.hash("rubric_association")
    rubric = api.store.rubrics.get(identifiers.local_number(sent.text("rubric_id")))
    if rubric is None:
        raise refusals.not_found("the rubric", sent.text("rubric_id"))
    _changing(api)
    target = _target(api, course, sent)
    if target is None or target[0] == "Course":
        raise refusals.crashed("Canvas fails on anything but an assignment here", sent.text("association_id"))
    if rubric.course_id != course.id:
        copied = {"course_id": course.id, "user_id": api.user.id, "created_at": api.now}
        rubric = replace(rubric, id=api.new_id("rubrics"), **copied)
    rubric = api.store.rubrics.put(replace(rubric, updated_at=api.now))
    outcomes.align(api, rubric)
    return _both(api, _keep(api, course, rubric, sent, None, target))


def change_association(api: Api) -> Any:
    """Change a rubric's association."""
    course, known = association_of(api)
    courses.require(api, course, "manage_rubrics")
    rubric = api.store.rubrics.get(known.rubric_id)
    assert rubric is not None
    return _both(api, _keep(api, course, rubric, api.params.hash("rubric_association"), known, None))


def dissociate(api: Api) -> Any:
    """Remove a rubric's association, and with the last one the rubric."""
    course, known = association_of(api)
    courses.require(api, course, "manage_rubrics")
    deleted = api.store.rubric_associations.put(replace(known, workflow_state="deleted", updated_at=api.now))
    if known.association_type == "Assignment":
        overriding.touch(api, known.association_id)
    rubric = api.store.rubrics.get(known.rubric_id)
    remaining = rubrics.of_rubric(api, rubric) if rubric is not None else []
    kept = any(row.purpose == "bookmark" or (row.purpose, row.course_id) == ("grading", course.id) for row in remaining)
    if rubric is not None and not kept:
        _removed(api, course, rubric)
    return {"rubric_association": shapes.association_row(api, deleted)}


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = signed_in(
    "rubrics",
    SOURCE,
    (f"GET {COURSE}/rubrics", index, "Rubrics of a course"),
    (f"GET {COURSE}/rubrics/{{id}}", show, "A rubric"),
    ("GET /api/v1/accounts/{account_id}/rubrics", of_account, "Rubrics of an account"),
    ("GET /api/v1/accounts/{account_id}/rubrics/{id}", of_account_unknown, "A rubric of an account"),
) + rest(
    "rubrics",
    SOURCE,
    (f"POST {COURSE}/rubrics", create, "Create a rubric"),
    (f"PUT {COURSE}/rubrics/{{id}}", update, "Change a rubric"),
    (f"DELETE {COURSE}/rubrics/{{id}}", destroy, "Delete a rubric"),
    (f"POST {COURSE}/rubric_associations", associate, "Create an association"),
    (f"PUT {COURSE}/rubric_associations/{{id}}", change_association, "Change an association"),
    (f"DELETE {COURSE}/rubric_associations/{{id}}", dissociate, "Delete an association"),
)
