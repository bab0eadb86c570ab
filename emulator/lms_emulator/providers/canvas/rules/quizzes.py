"""Classic quizzes: visibility, locks, and what saving and publishing one does.

Source: canvas-lms app/models/quizzes/quiz.rb and lib/api/v1/quiz.rb (2023-06), and the recorded exchanges of
`content-quizzes` 1-136.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Assignment, Course, Quiz, QuizGroup, QuizQuestion, User
from lms_emulator.providers.canvas.rules import assigning, assignments, courses, states
from lms_emulator.providers.canvas.rules.permissions import ASSIGNMENTS
from lms_emulator.providers.canvas.rules.quiz_questions import TEXT_ONLY

GRADED = ("assignment", "graded_survey")
SURVEYS = ("survey", "graded_survey")
STAFF = (*ASSIGNMENTS, "manage_grades", "read_as_admin")
"""Any of these rights shows every quiz and lets one take it."""
TYPES = ("practice_quiz", *GRADED, "survey")
SHARED = {"title": "name"} | {
    name: name
    for name in (
        "description",
        "due_at",
        "unlock_at",
        "lock_at",
        "points_possible",
        "assignment_group_id",
    )
}
"""The common fields of a quiz and its assignment, by both names."""
SILENT = {"unlock_at", "lock_at", "only_visible_to_overrides", "quiz_data"}
"""Fields whose change does not create a new version."""


def find(api: Api, course: Course, reference: Any) -> Quiz:
    """A quiz of the course, even a deleted one. Raises the refusal `not_found`."""
    found: Quiz = identifiers.named(
        api, "quizzes", reference, "the quiz in the course", course_id=course.id, deleted=True
    )
    return found


def of_course(api: Api, course: Course) -> list[Quiz]:
    """The quizzes of a course in list order: by lock date, title, id."""
    living = [q for q in api.store.quizzes.find("course", course.id) if q.workflow_state != "deleted"]
    return sorted(living, key=lambda q: (q.lock_at is None, when(q.lock_at) or "", q.title.lower(), q.id))


def published(quiz: Quiz) -> bool:
    """Whether students may see it."""
    return quiz.workflow_state == "available"


def manages(api: Api, course: Course, user: User | None = None) -> bool:
    """Whether a user, by default the caller, may change quizzes of the course."""
    return courses.may(api, user or api.caller, course, "manage_assignments_edit")


def assignment_of(api: Api, quiz: Quiz) -> Assignment | None:
    """The assignment of a graded quiz."""
    return None if quiz.assignment_id is None else api.store.assignments.get(quiz.assignment_id)


def visible(api: Api, course: Course, quiz: Quiz) -> bool:
    """Whether the caller may see the quiz."""
    if courses.may(api, api.caller, course, *STAFF):
        return True
    if not published(quiz) or not courses.may(api, api.caller, course, "read"):
        return False
    assignment = assignment_of(api, quiz)
    if assignment is None or not quiz.only_visible_to_overrides or api.caller is None:
        return True
    people = assignments.seen_for(api, course, api.caller)
    return any(assignments.overrides_for(api, assignment, user_id) for user_id in people)


# questions


def questions(api: Api, quiz: Quiz) -> list[QuizQuestion]:
    """The questions of a quiz, by position, then by creation."""
    rows = api.store.quiz_questions.find("quiz", quiz.id)
    found = [question for question in rows if question.generated is None and question.workflow_state == "active"]
    return sorted(found, key=lambda q: (q.position is None, q.position, q.id))


def groups(api: Api, quiz: Quiz) -> list[QuizGroup]:
    """The groups of a quiz, by position."""
    return sorted(api.store.quiz_groups.find("quiz", quiz.id), key=lambda g: (g.position or 0, g.id))


def row(question: QuizQuestion) -> dict[str, Any]:
    """A question with its ids."""
    numbers = {name: getattr(question, name) for name in ("id", "quiz_id", "quiz_group_id", "assessment_question_id")}
    return question.question_data | numbers


def entries(api: Api, quiz: Quiz) -> list[dict[str, Any]]:
    """The questions and groups of a quiz, in the order in which they are asked."""
    found = questions(api, quiz)
    rows = [
        (q.position if q.position is not None else 999, row(q) | {"position": q.position or 0})
        for q in found
        if q.quiz_group_id is None
    ]
    for group in groups(api, quiz):
        pool = [row(q) for q in found if q.quiz_group_id == group.id]
        entry = {"group_id": group.id, "pick_count": group.pick_count or 0, "questions": pool}
        entry["bank_id"] = group.assessment_question_bank_id
        rows.append((group.position or 999, entry | {"question_points": group.question_points or 0.0}))
    return [entry for _, entry in sorted(rows, key=lambda pair: pair[0])]


def counted(data: list[dict[str, Any]]) -> dict[str, Any]:
    """The number, types and points of the questions."""
    count, points, types = 0, 0.0, list[str]()
    for entry in data:
        if "group_id" in entry:
            count += entry["pick_count"]
            points += entry["pick_count"] * entry["question_points"]
            types += [question["question_type"] for question in entry["questions"]]
        else:
            count += entry["question_type"] != TEXT_ONLY
            points += entry["points_possible"]
            types.append(entry["question_type"])
    return {"question_count": count, "points_possible": float(points), "question_types": list(dict.fromkeys(types))}


# saving


def save(api: Api, quiz: Quiz, **changes: Any) -> Quiz:
    """Store changes to a quiz and its assignment. Until it is published, its points are recomputed."""
    changed = {name: value for name, value in changes.items() if getattr(quiz, name) != value}
    if quiz.workflow_state in ("created", "edited") and quiz.quiz_type not in SURVEYS and changed:
        data, assignment = entries(api, quiz), assignment_of(api, quiz)
        found = counted(data)
        points = assignment.points_possible if assignment is not None and not data else found["points_possible"]
        own = {} if changes.get("workflow_state") == "available" else {"points_possible": points}
        changed = {"question_count": found["question_count"]} | changed | own
    if changed.keys() - SILENT:
        changed["version_number"] = quiz.version_number + 1
    return with_assignment(api, api.store.quizzes.put(replace(quiz, **changed, updated_at=api.now)))


def saved_again(api: Api, quiz: Quiz, state: Any = None) -> Quiz:
    """Save a quiz unchanged except, if given, for its state."""
    version = quiz.version_number + 1
    state = state or quiz.workflow_state
    return api.store.quizzes.put(replace(quiz, workflow_state=state, version_number=version, updated_at=api.now))


def edited(api: Api, quiz: Quiz) -> None:
    """Record that questions changed; the first time, an unpublished quiz is saved."""
    if quiz.workflow_state == "created":
        save(api, quiz, workflow_state="edited")


def publish(api: Api, quiz: Quiz) -> Quiz:
    """Open the quiz to students, with its current questions."""
    if published(quiz):
        return quiz
    data = entries(api, quiz)
    found = counted(data)
    if quiz.quiz_type in SURVEYS:
        del found["points_possible"]
    return save(api, quiz, workflow_state="available", quiz_data=data, **found)


def with_assignment(api: Api, quiz: Quiz) -> Quiz:
    """Keep the quiz's assignment in step: create it, change it, or delete it."""
    assignment = assignment_of(api, quiz)
    if quiz.quiz_type not in GRADED and quiz.workflow_state != "deleted":
        if assignment is None:
            return quiz
        api.store.assignments.put(replace(assignment, workflow_state="deleted", updated_at=api.now))
        return api.store.quizzes.put(replace(quiz, assignment_id=None))
    if assignment is None:
        return _assigned(api, quiz) if published(quiz) else quiz
    shared: dict[str, Any] = {theirs: getattr(quiz, ours) for ours, theirs in SHARED.items()}
    shared["assignment_group_id"] = shared["assignment_group_id"] or assignment.assignment_group_id
    shared["published"] = published(quiz)
    shared["workflow_state"] = "deleted" if quiz.workflow_state == "deleted" else "active"
    changed = {name for name, value in shared.items() if getattr(assignment, name) != value}
    if changed:
        touched = api.now if changed - SILENT else assignment.updated_at
        api.store.assignments.put(replace(assignment, **shared, updated_at=touched))
    return quiz


def _assigned(api: Api, quiz: Quiz) -> Quiz:
    """Give a graded quiz its assignment."""
    shared: dict[str, Any] = {theirs: getattr(quiz, ours) for ours, theirs in SHARED.items()}
    wanted = Assignment(
        **shared | {"assignment_group_id": quiz.assignment_group_id or 0},
        id=0,
        course_id=quiz.course_id,
        submission_types=["online_quiz"],
        only_visible_to_overrides=quiz.only_visible_to_overrides,
        published=published(quiz),
        position=0,
        quiz_id=quiz.id,
        lti_context_id=api.call.ids.uuid(),
        created_at=api.now,
        updated_at=api.now,
    )
    made = assigning.keep(api, identifiers.course(api, quiz.course_id), wanted, None)
    return api.store.quizzes.put(replace(quiz, assignment_id=made.id, assignment_group_id=made.assignment_group_id))


def assign(api: Api, quiz: Quiz) -> Quiz:
    """Create the missing assignment of a graded quiz, even before it is published."""
    return _assigned(api, quiz) if quiz.assignment_id is None and quiz.quiz_type in GRADED else quiz


def follow(api: Api, assignment: Assignment) -> None:
    """Keep the quiz or the discussion behind an assignment in step with the assignment."""
    assigning.follow(api, assignment)
    quiz = api.store.quizzes.get(assignment.quiz_id) if assignment.quiz_id is not None else None
    if quiz is None or quiz.workflow_state == "deleted":
        return
    changes: dict[str, Any] = {ours: getattr(assignment, theirs) for ours, theirs in SHARED.items()}
    if assignment.workflow_state == "deleted":
        saved_again(api, save(api, quiz, workflow_state="deleted"))
    elif assignment.published != published(quiz):
        saved = save(api, quiz, **changes)
        if assignment.published:
            publish(api, saved)
        else:
            save(api, saved, workflow_state="edited")
    else:
        save(api, quiz, **changes)


def delete_assignment(api: Api, known: Assignment) -> Assignment:
    """Delete an assignment with its quiz or discussion."""
    changes: dict[str, Any] = {"workflow_state": "deleted", "updated_at": api.now}
    deleted = api.store.assignments.put(replace(known, **changes))
    follow(api, deleted)
    return api.store.assignments.get(deleted.id) or deleted


def ends_at(api: Api, course: Course, user_id: int) -> datetime | None:
    """When the course ends for a user, by the last of their enrollments that are active now."""
    found = []
    for row in api.store.enrollments.find("user", user_id):
        if row.course_id == course.id and states.state_of(api, row, course).name == "active":
            now = (end for start, end in states.ranges_of(api, row, course) if (start or api.now) <= api.now)
            found.append(next((end for end in now if api.now <= (end or api.now)), None))
    return max((end for end in found if end is not None), default=None)
