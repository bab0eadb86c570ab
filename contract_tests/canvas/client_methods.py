"""The methods of canvasapi, and who may call each: a teacher, a student, an administrator.

`python -m contract_tests.canvas.client_methods` calls them all over a socket and writes the table of
`docs/providers/canvas-client.md`; `test_client_methods.py` holds the emulator to it.
"""

from __future__ import annotations

import importlib
import inspect
import io
import pathlib
import pkgutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from typing import Any

import canvasapi
from canvasapi import Canvas
from canvasapi.exceptions import CanvasException, Forbidden, ResourceDoesNotExist, Unauthorized
from canvasapi.paginated_list import PaginatedList

from contract_tests.canvas.support import Site
from lms_emulator.client.emulator import Emulator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "providers" / "canvas-client.md"
ROLES = ("teacher", "student", "admin")
REFUSALS = (Unauthorized, Forbidden, ResourceDoesNotExist)
LATER = "2027-01-10T10:00:00Z"
TOOL = {"name": "T", "privacy_level": "public", "consumer_key": "k", "shared_secret": "s", "url": "https://tool.test/a"}


class Scene:
    """One person's client objects: those of the demo world and of the prepared objects.

    Nothing is fetched for them: each row of the table makes its own calls and no others.
    """

    def __init__(self, api: Any, ids: Mapping[str, Any]) -> None:
        self.api = api
        self.ids = ids

    def of(self, kind: str, number: int | str, **more: Any) -> Any:
        """An object of the client's class `kind`, as if it had been fetched."""
        made = classes()[kind].__new__(classes()[kind])
        made._requester = self.api._Canvas__requester
        made.set_attributes({"id": number, **more})
        return made

    def __getattr__(self, name: str) -> Any:
        kind, number, more = THINGS[name]
        found = self.ids.get(number, number)
        return self.of(kind, found, **{key: self.ids.get(value, value) for key, value in {**IN_COURSE, **more}.items()})


@cache
def classes() -> dict[str, Any]:
    """The client's classes by name."""
    modules = (importlib.import_module(f"canvasapi.{info.name}") for info in pkgutil.iter_modules(canvasapi.__path__))
    return {name: kind for module in modules for name, kind in inspect.getmembers(module, inspect.isclass)}


IN_COURSE: dict[str, Any] = {"course_id": 1}
THINGS: dict[str, tuple[str, int | str, dict[str, Any]]] = {
    "course": ("Course", 1, {}),
    "other": ("Course", 3, {}),
    "account": ("Account", 1, {}),
    "user": ("User", 101, {}),
    "assignment": ("Assignment", 2, {}),
    "mine": ("Assignment", "assignment", {}),
    "submission": ("Submission", "submission", {"assignment_id": "assignment", "user_id": 101}),
    "section": ("Section", "section", {}),
    "enrollment": ("Enrollment", 1, {}),
    "group": ("AssignmentGroup", "assignment_group", {}),
    "override": ("AssignmentOverride", "override", {"assignment_id": "assignment"}),
    "module": ("Module", "module", {}),
    "item": ("ModuleItem", "item", {"module_id": "module"}),
    "page": ("Page", 1, {"url": "home"}),
    "topic": ("DiscussionTopic", "topic", {}),
    "entry": ("DiscussionEntry", "entry", {"discussion_id": "topic"}),
    "quiz": ("Quiz", "quiz", {}),
    "question": ("QuizQuestion", "question", {"quiz_id": "quiz"}),
    "new_quiz": ("NewQuiz", "new_quiz", {}),
    "quiz_group": ("QuizGroup", "quiz_group", {"quiz_id": "quiz"}),
    "taking": ("QuizSubmission", "taking", {"quiz_id": "quiz", "attempt": 1, "validation_token": ""}),
    "file": ("File", "file", {"url": ""}),
    "folder": ("Folder", "folder", {}),
    "category": ("GroupCategory", "category", {}),
    "team": ("Group", "team", {}),
    "rubric": ("Rubric", "rubric", {}),
    "association": ("RubricAssociation", "association", {}),
    "column": ("CustomGradebookColumn", "column", {}),
    "role": ("Role", "role", {}),
    "term": ("EnrollmentTerm", "term", {"account_id": 1}),
    "spare": ("Section", "spare", {}),
    "talk": ("Conversation", "talk", {}),
    "tool": ("ExternalTool", "tool", {}),
    "login": ("Login", "login", {"account_id": 1, "user_id": 102}),
    "bookmark": ("Bookmark", "bookmark", {}),
    "channel": ("CommunicationChannel", "channel", {"user_id": 101}),
    "event": ("CalendarEvent", "event", {}),
    "note": ("PlannerNote", "note", {}),
    "plan": ("PlannerOverride", "plan", {}),
    "slot": ("CalendarEvent", "slot", {}),
    "poll": ("Poll", "poll", {}),
    "choice": ("PollChoice", "choice", {"poll_id": "poll"}),
    "sitting": ("PollSession", "sitting", {"poll_id": "poll"}),
    "words": ("Conversation", "words", {}),
    "appointments": ("AppointmentGroup", "appointments", {}),
    "notice": ("AccountNotification", "notice", {"account_id": 1}),
    "outcomes": ("OutcomeGroup", "outcomes", {"context_id": 1, "context_type": "Course"}),
    "outcome": ("Outcome", "outcome", {}),
    "flag": ("FeatureFlag", 1, {"feature": "epub_export", "context_id": 1, "context_type": "Account"}),
    "tab": ("Tab", "people", {}),
    "me": ("CurrentUser", "self", {}),
    "api_user": ("User", "self", {}),
    "feed": ("ExternalFeed", "feed", {}),
    "blue": ("Course", "blue", {}),
    "template": ("BlueprintTemplate", "template", {"course_id": "blue"}),
    "follower": ("Course", "follower", {}),
    "subscription": ("BlueprintSubscription", "subscription", {"course_id": "follower"}),
    "sync": ("BlueprintMigration", "sync", {"course_id": "blue", "template_id": "template"}),
    "synced": ("BlueprintMigration", "synced", {"course_id": "follower", "subscription_id": "subscription"}),
    "chosen": ("ContentMigration", "chosen", {}),
    "odd": ("ContentMigration", "odd", {"progress_url": "job"}),
    "issue": ("MigrationIssue", "issue", {"context_type": "course", "context_id": 1, "content_migration_id": "odd"}),
    "export": ("ContentExport", "export", {}),
    "import_": ("SisImport", "import_", {"account_id": 1}),
    "report": ("AccountReport", "report", {"account_id": 1, "report": "provisioning_csv"}),
}


Call = Callable[[Scene], Any]
Rows = dict[str, Call]


def outcome(call: Call, scene: Scene) -> str:
    """The outcome of a call: `yes`, a refusal's status, or an unexpected answer."""
    try:
        found = call(scene)
        if isinstance(found, PaginatedList):
            list(found)
    except REFUSALS as refusal:
        return {Unauthorized: "401", Forbidden: "403", ResourceDoesNotExist: "404"}[type(refusal)]
    except CanvasException as failure:
        return "500" if "status code 500" in str(failure) else f"CanvasException: {failure}"[:120]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"[:120]
    return "yes"


def prepare(site: Site) -> dict[str, Any]:
    """Create one of each object that the rows work on. Returns their ids."""
    teacher, admin = _client(site, site.info.access_tokens.teacher), _admin(site)
    student = _client(site, site.info.access_tokens.student)
    course, account = teacher.get_course(1), admin.get_account(1)
    ids: dict[str, Any] = {"section": course.get_sections()[0].id, "folder": course.get_folders()[0].id}
    fields = {"name": "Handed in", "points_possible": 10, "published": True, "submission_types": ["online_text_entry"]}
    assignment = course.create_assignment(fields)
    work = {"submission_type": "online_text_entry", "body": "x"}
    ids["submission"] = student.get_course(1).get_assignment(assignment.id).submit(work).id
    ids["assignment"] = assignment.id
    ids["spare"] = course.create_course_section(course_section={"name": "Spare"}).id
    talk = student.create_conversation(["103"], "Hello", group_conversation=True)[0]
    ids |= {"talk": talk.id, "words": talk.messages[0]["id"]}
    override = assignment.create_override(assignment_override={"student_ids": [101], "due_at": LATER})
    ids["override"] = override.id
    ids["assignment_group"] = course.create_assignment_group(name="Homework").id
    module = course.create_module({"name": "Week 2"})
    module.edit(module={"published": True})
    item = module.create_module_item({"type": "Assignment", "content_id": assignment.id})
    ids |= {"module": module.id, "item": item.id}
    topic = course.create_discussion_topic(title="Talk", message="x", published=True)
    ids |= {"topic": topic.id, "entry": student.get_course(1).get_discussion_topic(topic.id).post_entry(message="y").id}
    quiz = course.create_quiz({"title": "Test", "quiz_type": "assignment", "published": True, "allowed_attempts": 5})
    ids["new_quiz"] = course.create_new_quiz(quiz={"title": "New"}).id
    question = {"question_name": "Q", "question_text": "?", "question_type": "essay_question", "points_possible": 1}
    ids |= {"quiz": quiz.id, "question": quiz.create_question(question=question).id}
    ids["quiz_group"] = quiz.create_question_group([{"name": "G", "pick_count": 1, "question_points": 1}]).id
    taken = student.get_course(1).get_quiz(quiz.id).create_submission()
    ids |= {"taking": taken.id, "validation_token": taken.validation_token}
    ids["file"] = upload(course)["id"]
    category = course.create_group_category("Teams")
    team = category.create_group(name="One")
    team.create_membership(101)
    ids |= {"category": category.id, "team": team.id}
    rubric = {"title": "R", "criteria": {"0": {"description": "c", "points": 5}}}
    made = course.create_rubric(
        rubric=rubric, rubric_association={"association_id": assignment.id, "association_type": "Assignment",
                                           "purpose": "grading", "use_for_grading": True},
    )  # fmt: skip
    ids |= {"rubric": made["rubric"].id, "association": made["rubric_association"].id}
    ids["tool"] = course.create_external_tool(**TOOL).id
    teacher.get_course(3).create_late_policy(late_policy={"late_submission_deduction_enabled": True})
    ids["column"] = course.create_custom_column({"title": "Notes"}).id
    ids["role"] = account.create_role("Helper", base_role_type="TaEnrollment").id
    ids["term"] = account.create_enrollment_term(enrollment_term={"name": "Spring"}).id
    ids["login"] = account.create_user_login({"id": 102}, {"unique_id": "second.login"}).id
    ids["notice"] = account.create_notification(
        {"subject": "S", "message": "M", "start_at": "2026-09-01T00:00:00Z", "end_at": LATER}
    ).id
    ids["bookmark"] = student.get_current_user().create_bookmark(name="b", url="/").id
    ids["channel"] = student.get_current_user().get_communication_channels()[0].id
    event = {"context_code": "course_1", "title": "E", "start_at": LATER, "end_at": LATER}
    ids["event"] = teacher.create_calendar_event(event).id
    slots = {"0": ["2027-01-10T10:00:00Z", "2027-01-10T11:00:00Z"]}
    appointment = {"context_codes": ["course_1"], "title": "A", "new_appointments": slots, "publish": True}
    group = teacher.create_appointment_group(appointment)
    ids |= {"appointments": group.id, "slot": group.new_appointments[0]["id"]}
    ids["note"] = student.create_planner_note(title="N", todo_date=LATER).id
    ids["plan"] = student.create_planner_override("assignment", assignment.id, marked_complete=True).id
    poll = teacher.create_poll([{"question": "?"}])
    answer, put = [{"text": "A"}], [{"course_id": 1}]
    choice, sitting = poll.create_choice(answer, poll_choices=answer), poll.create_session(put, poll_sessions=put)
    sitting.open()
    ids |= {"poll": poll.id, "choice": choice.id, "sitting": sitting.id}
    root = course.get_root_outcome_group()
    ids["outcomes"] = root.create_subgroup("Sub").id
    ids["outcome"] = root.link_new(title="O").outcome["id"]
    return {**ids, **_prepare_moves(course, account)}


def _prepare_moves(course: Any, account: Any) -> dict[str, Any]:
    copied = {"settings": {"source_course_id": 3}, "selective_import": True}
    chosen = course.create_content_migration("course_copy_importer", **copied)
    nowhere = {"file_url": "http://127.0.0.1:9/a.imscc"}
    odd = course.create_content_migration("common_cartridge_importer", settings=nowhere)
    blue, follower = (account.create_course(course={"name": name}) for name in ("Master", "Follower"))
    blue.update(course={"blueprint": True})
    template = blue.get_blueprint()
    template.course_id = blue.id
    template.update_associated_courses(course_ids_to_add=[follower.id])
    sync = template.associated_course_migration()
    subscription = follower.list_blueprint_subscriptions()[0]
    account._requester.request("PUT", "accounts/1/features/flags/epub_export", state="on")
    return {
        "chosen": chosen.id,
        "job": odd.progress_url,
        "odd": odd.id,
        "issue": odd.get_migration_issues()[0].id,
        "export": course.export_content("common_cartridge").id,
        "epub": course.create_epub_export().epub_export["id"],
        "blue": blue.id,
        "blue_page": blue.create_page({"title": "Kept"}).page_id,
        "follower": follower.id,
        "template": template.id,
        "sync": sync.id,
        "subscription": subscription.id,
        "synced": subscription.list_blueprint_imports()[0].id,
        "outcome_imports": [import_outcomes(place).id for place in (account, course)],
        "import_": import_table(account).id,
        "report": account.create_report("provisioning_csv", parameters={"users": True}).id,
    }


def import_table(account: Any) -> Any:
    """Import a small CSV of people."""
    return account.create_sis_import(_table("user_id,login_id,full_name,status\nM1,m.one,Mary One,active\n"))


def import_outcomes(place: Any) -> Any:
    """Import a small CSV of outcomes."""
    return place.import_outcome(_table("vendor_guid,object_type,title,parent_guids\no1,outcome,Reading,\n"))


def _table(text: str) -> io.BytesIO:
    made = io.BytesIO(text.encode())
    made.name = "table.csv"
    return made


def upload(place: Any) -> Any:
    """Upload a small file to a course. Returns what the client says about it."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(b"text")
        file.flush()
        done, answer = place.upload(file.name)
    assert done, answer
    return answer


def _client(site: Site, token: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # canvasapi warns about http
        made = Canvas(site.url, token)
    site.on_close(made._Canvas__requester._session.close)
    return made


def _admin(site: Site) -> Any:
    return _client(site, site.admin.headers["authorization"].removeprefix("Bearer "))


def results(lms: Emulator, rows: Mapping[str, Call]) -> dict[str, dict[str, str]]:
    """Call every method as every role, each time from the same state. Returns the outcomes by method and role."""
    with closing(Site(lms)) as site:
        ids, tokens = prepare(site), site.info.access_tokens
        clients = {"teacher": _client(site, tokens.teacher), "student": _client(site, tokens.student)}
        clients["admin"] = _admin(site)
        start = lms.snapshot()
        found: dict[str, dict[str, str]] = {}
        for name, call in rows.items():
            found[name] = {}
            for role, client in clients.items():
                found[name][role] = outcome(call, Scene(client, ids))
                lms.restore(start)
        return found


def page(found: Mapping[str, Mapping[str, str]]) -> str:
    """The table as a page."""
    rows = [f"| `{name}` | " + " | ".join(by_role[role] for role in ROLES) + " |" for name, by_role in found.items()]
    return "\n".join([HEAD.format(count=len(found)), *rows, ""])


HEAD = """# Canvas's published client, method by method

`canvasapi`, unmodified, over a socket: {count} of its methods, each called as a teacher and as a student of the demo
world's course, and as the school's administrator. `yes`: it did its work; a number: Canvas's refusal, by its status.
Each call begins in the same state. Written by `python -m contract_tests.canvas.client_calls`, and held by a test.

Not in the table: `User.terminate_sessions` and `DiscussionEntry.delete`, which Canvas answers with what is not JSON and
the client cannot read.

| method | teacher | student | admin |
|---|---|---|---|"""
