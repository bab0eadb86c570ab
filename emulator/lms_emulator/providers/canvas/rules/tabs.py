"""Navigation tabs of courses, accounts and users: which ones exist, their order, and who sees them.

Source: canvas-lms app/models/course.rb, tabs_available, account.rb and user.rb (2023-06), and the recorded exchanges of
`courses-misc`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, DiscussionTopic, Tool, User
from lms_emulator.providers.canvas.rules import contexts, courses, discussions, modules, pacing, pages, quizzes, tools
from lms_emulator.providers.canvas.rules.permissions import account_allows

TOOL = "context_external_tool_"
FIXED = ("home", "settings")
"""The tabs that can be neither moved nor hidden."""

OF_COURSE = (
    ("home", "Home", ""),
    ("announcements", "Announcements", "/announcements"),
    ("assignments", "Assignments", "/assignments"),
    ("discussions", "Discussions", "/discussion_topics"),
    ("grades", "Grades", "/grades"),
    ("people", "People", "/users"),
    ("pages", "Pages", "/wiki"),
    ("files", "Files", "/files"),
    ("syllabus", "Syllabus", "/assignments/syllabus"),
    ("outcomes", "Outcomes", "/outcomes"),
    ("rubrics", "Rubrics", "/rubrics"),
    ("quizzes", "Quizzes", "/quizzes"),
    ("modules", "Modules", "/modules"),
    ("course_paces", "Course Pacing", "/course_pacing"),
    ("collaborations", "Collaborations", "/collaborations"),
    ("settings", "Settings", "/settings"),
)
MAKERS = (
    "manage_content",
    "manage_course_content_add",
    "manage_course_content_edit",
    "manage_course_content_delete",
)
NEEDED: dict[str, tuple[str, ...]] = {
    "announcements": ("read_announcements",),
    "discussions": ("read_forum", "post_to_forum", "moderate_forum", "read_as_member"),
    "grades": ("read_grades", "view_all_grades", "manage_grades"),
    "outcomes": (*MAKERS, "participate_as_student", "read_as_admin"),
    "course_paces": MAKERS,
    "people": ("read_roster",),
    "rubrics": ("manage_rubrics", "read_as_admin"),
    "settings": ("read_as_admin",),
}
"""The rights in a course, one of which a tab requires; other tabs require read access."""

READING = ("read", "read_as_member")
FOR_STAFF = ("rubrics", "settings")
OF_ACCOUNT = (
    ("courses", "Courses", "", "read_course_list", False),
    ("users", "People", "/users", "read_roster", False),
    ("statistics", "Statistics", "/statistics", "view_statistics", False),
    ("permissions", "Permissions", "/permissions", "manage_role_overrides", False),
    ("outcomes", "Outcomes", "/outcomes", "manage_outcomes", False),
    ("rubrics", "Rubrics", "/rubrics", "manage_rubrics", False),
    ("grading_standards", "Grading", "/grading_standards", "manage_grades", False),
    ("question_banks", "Question Banks", "/question_banks", "manage_assignments_edit", False),
    ("sub_accounts", "Sub-Accounts", "/sub_accounts", "manage_account_settings", False),
    ("account_calendars", "Account Calendars", "/calendar_settings", "manage_account_calendar_visibility", False),
    ("terms", "Terms", "/terms", "manage_account_settings", True),
    ("authentication", "Authentication", "/authentication_providers", "manage_account_settings", True),
    ("sis_import", "SIS Import", "/sis_import", "import_sis", True),
    ("brand_configs", "Themes", "/brand_configs", "manage_account_settings", True),
    ("developer_keys", "Developer Keys", "/developer_keys", "manage_developer_keys", True),
    ("", "", "", "", False),
    ("admin_tools", "Admin Tools", "/admin_tools", "manage_user_logins", False),
    ("eportfolio_moderation", "ePortfolio Moderation", "/eportfolio_moderation", "moderate_user_content", True),
    ("settings", "Settings", "/settings", "manage_account_settings", False),
)
"""Id, label and path of an account's tabs, the permission for each, and whether it is only for root accounts. The
empty row is the position of tools."""

OF_PERSON = (
    ("notifications", "Notifications", "/profile/communication"),
    ("files", "Files", "/files"),
    ("profile_settings", "Settings", "/profile/settings"),
    ("eportfolios", "ePortfolios", "/dashboard/eportfolios"),
    ("", "", ""),
    ("past_global_announcements", "Global Announcements", "/account_notifications"),
)


class Tab(NamedTuple):
    """A navigation tab.

    Attributes:
        unused: whether it has no content.
        tool: the tool that it opens.
    """

    name: str
    label: str
    path: str
    position: int = 0
    visibility: str = "public"
    hidden: bool = False
    unused: bool = False
    tool: Tool | None = None


def of_course(api: Api, course: Course) -> list[Tab]:
    """The tabs of a course that the caller sees, in order."""
    staff = courses.may(api, api.caller, course, "read_as_admin")
    every = arranged(api, course)
    if not staff:
        every = [
            tab for tab in every if tab.visibility != "admins" and (tab.tool is None or sees(api, course, tab.tool))
        ]
    shown = [tab for tab in every if courses.may(api, api.caller, course, *NEEDED.get(tab.name, READING))]
    return [tab._replace(position=place) for place, tab in enumerate(shown, start=1)]


def arranged(api: Api, course: Course) -> list[Tab]:
    """All tabs of a course in order, for any viewer."""
    said = _configured(course)
    found = [
        Tab(name, label, f"/courses/{course.id}{path}", unused=_unused(api, course, name))
        for name, label, path in OF_COURSE
        if name != "course_paces" or pacing.on(api, course)
    ]
    last = found.pop()
    for tool in tools_of(api, course):
        placement = tools.placement(api.store, tool, "course_navigation")
        assert placement is not None
        path = f"/courses/{course.id}/external_tools/{tool.id}"
        path += "?display=borderless" if tools.opens_in_tab(placement) else ""
        open_to = placement.settings.get("visibility") or "public"
        off = placement.settings.get("default") == "disabled"
        found.append(Tab(f"{TOOL}{tool.id}", placement.text, path, visibility=open_to, hidden=off, tool=tool))
    order = {tab["id"]: place for place, tab in enumerate(said)}
    found.sort(key=lambda tab: order.get(tab.name, len(order)))
    hidden = {item["id"]: bool(item.get("hidden")) for item in said}
    found = [tab._replace(hidden=hidden.get(tab.name, tab.hidden)) for tab in [*found, last]]
    return [
        tab._replace(visibility="admins") if tab.hidden or tab.unused or tab.name in FOR_STAFF else tab for tab in found
    ]


def _configured(course: Course) -> list[dict[str, Any]]:
    said = course.settings.get("tab_configuration") or []
    return [value for value in said if isinstance(value, dict) and "id" in value]


def hidden(course: Course, name: str) -> bool:
    """Whether a tab of a course is hidden."""
    return any(item["id"] == name and item.get("hidden") for item in _configured(course))


def require(api: Api, course: Course, name: str) -> None:
    """Raise the refusal if a tab is hidden or empty and the caller does not see such tabs."""
    found = next(tab for tab in arranged(api, course) if tab.name == name)
    seen = found.visibility != "admins" or courses.may(api, api.caller, course, "read_as_admin")
    if not api.check(f"sees the page `{name}` of course {course.id}", seen):
        raise refusals.message(404, "page_disabled", "That page has been disabled for this course")


def tools_of(api: Api, course: Course) -> list[Tool]:
    """The tools in the navigation of a course, in the order of their ids."""
    found = tools.placed(api.store, tools.offered(api.store, course), ["course_navigation"])
    return sorted(found, key=lambda tool: tool.id)


def sees(api: Api, course: Course, tool: Tool) -> bool:
    """Whether the caller sees a tool in the navigation of a course."""
    placement = tools.placement(api.store, tool, "course_navigation")
    if placement is None or courses.may(api, api.caller, course, "read_as_admin"):
        return placement is not None
    said = {row["id"]: bool(row.get("hidden")) for row in _configured(course)}
    if said.get(f"{TOOL}{tool.id}", placement.settings.get("default") == "disabled"):
        return False
    open_to = placement.settings.get("visibility") or "public"
    return open_to == "public" or (
        open_to == "members" and courses.may(api, api.caller, course, "participate_as_student")
    )


def _unused(api: Api, course: Course, name: str) -> bool:
    test = _CONTENTS.get(name)
    return test is not None and not test(api, course)


def _announced(api: Api, course: Course) -> bool:
    return any(topic.is_announcement for topic in _topics(api, course))


def _topics(api: Api, course: Course) -> list[DiscussionTopic]:
    return discussions.topics_of(api, contexts.get(api, "Course", course.id))


def _with_files(api: Api, course: Course) -> bool:
    found = api.store.attachments.find("context", ("Course", course.id))
    return any(file.file_state != "deleted" for file in found)


def _with_outcomes(api: Api, course: Course) -> bool:
    groups = api.store.learning_outcome_groups.find("context", ("Course", course.id))
    return any(any(api.store.outcome_links.find("group", group.id)) for group in groups)


_CONTENTS: dict[str, Callable[[Api, Course], bool]] = {
    "announcements": _announced,
    "assignments": lambda api, course: any(
        assignment.workflow_state != "deleted" for assignment in api.store.assignments.find("course", course.id)
    ),
    "discussions": lambda api, course: (
        course.settings.get("allow_student_discussion_topics", True)
        or any(not topic.is_announcement for topic in _topics(api, course))
    ),
    "pages": lambda api, course: (
        bool(course.allow_student_wiki_edits) or bool(pages.pages_of(api, contexts.get(api, "Course", course.id)))
    ),
    "files": _with_files,
    "outcomes": _with_outcomes,
    "quizzes": lambda api, course: bool(quizzes.of_course(api, course)),
    "modules": lambda api, course: bool(modules.of_course(api, course)),
}
"""Whether a tab has content; tabs that are always used are omitted."""


def arrange(api: Api, course: Course, name: str, position: int | None, hide: bool | None) -> Tab:
    """Move or hide a tab of a course. Raises the refusals for tabs that cannot be moved.

    Returns the tab as the caller saw it before, with what was changed. Positions count the tabs that the caller sees.
    """
    seen = of_course(api, course)
    found = next((tab for tab in seen if tab.name == name), None)
    if found is None:
        raise refusals.crashed("no page of that name", name)
    if name in FIXED:
        body = {"error": f"{name} is not manageable"}
        raise refusals.rest("tab_fixed", 400, body, check="the page can be moved and hidden", got=name)
    if position is not None and not 1 < position <= len(seen):
        body = {"error": "That tab location is invalid"}
        raise refusals.rest("tab_position_invalid", 400, body, check="`position` is within the list")
    hidden = found.hidden if hide is None else hide
    order = [tab for tab in seen if position is None or tab.name != name]
    if position is not None:
        order.insert(position - 1, found)
    rows = [
        {"id": tab.name, **({"hidden": True} if (hidden if tab.name == name else tab.hidden) else {})} for tab in order
    ]
    changed = replace(course, settings={**course.settings, "tab_configuration": rows})
    api.store.courses.put(changed)
    shut = hidden or found.unused or found.name in FOR_STAFF
    open_to = "admins" if shut else _open_to(api, found)
    return found._replace(position=position or found.position, hidden=hidden, visibility=open_to)


def _open_to(api: Api, tab: Tab) -> str:
    placement = tools.placement(api.store, tab.tool, "course_navigation") if tab.tool is not None else None
    return str(placement.settings.get("visibility") or "public") if placement is not None else "public"


def of_account(api: Api, account: Account) -> list[Tab]:
    """The tabs of an account that the caller sees."""
    found: list[Tab] = []
    for name, label, path, permission, root_only in OF_ACCOUNT:
        if not name:
            found += _of_tools(api, account, f"/accounts/{account.id}", "account_navigation")
        elif not (root_only and account.parent_account_id) and account_allows(api, api.caller, account, permission):
            open_to = "admins" if name == "settings" else "public"
            found.append(Tab(name, label, f"/accounts/{account.id}{path}", visibility=open_to))
    return [tab._replace(position=place) for place, tab in enumerate(found, start=1)]


def of_person(api: Api, user: User) -> list[Tab]:
    """The tabs of a user's own profile."""
    found: list[Tab] = []
    for name, label, path in OF_PERSON:
        if name:
            found.append(Tab(name, label, path))
        else:
            found += _of_tools(api, api.root, f"/users/{user.id}", "user_navigation")
    return [tab._replace(position=place) for place, tab in enumerate(found, start=1)]


def _of_tools(api: Api, account: Account, path: str, name: str) -> list[Tab]:
    shown = tools.placed(api.store, tools.offered(api.store, account), [name])
    return [
        Tab(f"{TOOL}{tool.id}", tools.label(api.store, tool, name), f"{path}/external_tools/{tool.id}", tool=tool)
        for tool in sorted(shown, key=lambda tool: tool.id)
    ]
