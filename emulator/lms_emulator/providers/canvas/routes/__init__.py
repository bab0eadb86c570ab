"""Every operation of Canvas, declared once."""

from __future__ import annotations

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.canvas.lti.services import AGS, NRPS
from lms_emulator.providers.canvas.routes import courses, files, launch, login, token, users


def _route(
    methods: str, path: str, handler: Handler, tag: str, source: str, summary: str, evidence: Evidence = "documented"
) -> Route:
    return Route(
        methods=tuple(methods.split()),
        path=path,
        handler=handler,
        evidence=evidence,
        source=source,
        summary=summary,
        tag=tag,
    )


OAUTH = "canvas-lms doc/api/oauth_endpoints.md, app/controllers/oauth2_provider_controller.rb"
LTI = "canvas-lms doc/api/lti_launch_overview.md, app/controllers/lti/ims"
FILES = "canvas-lms app/controllers/files_controller.rb"
ENROLLMENTS = "canvas-lms app/controllers/enrollments_api_controller.rb"
CANVASAPI = "canvasapi 3.6.0 calls it"
COURSE = "/api/v1/courses/{course_id}"
ITEMS = "/api/lti/courses/{course_id}/line_items"

ROUTES: tuple[Route, ...] = (
    _route("GET", "/login/oauth2/auth", login.auth, "oauth2", OAUTH, "Ask for a person's consent"),
    _route("GET", "/login/oauth2/confirm", login.confirm, "oauth2", OAUTH, "The consent page"),
    _route("POST", "/login/oauth2/accept", login.accept, "oauth2", OAUTH, "Consent"),
    _route("GET", "/login/oauth2/deny", login.deny, "oauth2", OAUTH, "Refuse consent"),
    _route("POST", "/login/oauth2/token", token.token, "oauth2", OAUTH, "Tokens, by three grants"),
    _route("DELETE", "/login/oauth2/token", token.revoke, "oauth2", OAUTH, "Revoke a token"),
    _route("GET", "/login", login.login_form, "pages", OAUTH, "Sign in", "observed"),
    _route("GET", "/login/canvas", login.login_form, "pages", OAUTH, "Sign in", "observed"),
    _route("POST", "/login/canvas", login.login, "pages", OAUTH, "Sign in", "observed"),
    _route("POST", "/logout", login.logout, "pages", "chosen", "Sign out", "chosen"),
    _route("GET", "/", launch.dashboard, "pages", "chosen", "The person's courses", "chosen"),
    _route("GET", "/courses/{course_id}", launch.course, "pages", "chosen", "A course, with its tools", "chosen"),
    _route(
        "GET",
        "/courses/{course_id}/external_tools/retrieve",
        launch.open_link,
        "lti",
        LTI,
        "Launch a placed link",
        "observed",
    ),
    _route(
        "GET",
        "/courses/{course_id}/external_tools/{tool_id}",
        launch.open_tool,
        "lti",
        LTI,
        "Launch a tool from the course navigation",
        "observed",
    ),
    _route(
        "GET",
        "/courses/{course_id}/external_tools/{tool_id}/resource_selection",
        launch.choose_content,
        "lti",
        LTI,
        "Launch a tool to choose content",
        "inferred",
    ),
    _route(
        "GET",
        "/courses/{course_id}/assignments/{assignment_id}",
        launch.open_assignment,
        "lti",
        LTI,
        "Launch the tool behind an assignment",
        "observed",
    ),
    _route(
        "POST",
        "/courses/{course_id}/deep_linking_response",
        launch.deep_linking_response,
        "lti",
        LTI,
        "Take the content that a tool chose",
        "observed",
    ),
    _route("GET POST", "/api/lti/authorize_redirect", launch.authorize_redirect, "lti", LTI, "On to the school"),
    _route("GET", "/api/lti/authorize", launch.authorize, "lti", LTI, "The signed launch"),
    _route("GET", "/api/lti/security/jwks", launch.jwks, "lti", LTI, "Canvas's public keys"),
    _route(
        "GET",
        "/api/lti/courses/{course_id}/names_and_roles",
        NRPS.memberships,
        "lti services",
        LTI,
        "The course's roster",
        "observed",
    ),
    _route("GET", ITEMS, AGS.list_line_items, "lti services", LTI, "Line items"),
    _route("POST", ITEMS, AGS.create_line_item, "lti services", LTI, "Make a line item"),
    _route("GET", f"{ITEMS}/{{id}}", AGS.show_line_item, "lti services", LTI, "One line item"),
    _route("PUT", f"{ITEMS}/{{id}}", AGS.update_line_item, "lti services", LTI, "Change a line item"),
    _route("DELETE", f"{ITEMS}/{{id}}", AGS.delete_line_item, "lti services", LTI, "Delete a line item"),
    _route("POST", f"{ITEMS}/{{id}}/scores", AGS.post_score, "lti services", LTI, "Give a score"),
    _route("GET", f"{ITEMS}/{{id}}/results", AGS.list_results, "lti services", LTI, "Results"),
    _route("GET", f"{ITEMS}/{{id}}/results/{{result_id}}", AGS.show_result, "lti services", LTI, "One result"),
    _route("GET", "/api/v1/users/{id}", users.show, "rest", "client types and fixtures", "A person", "observed"),
    _route(
        "GET",
        "/api/v1/users/{user_id}/profile",
        users.profile,
        "rest",
        "client types and fixtures",
        "A profile",
        "observed",
    ),
    _route("GET", "/api/v1/courses", courses.index, "rest", "client types", "The caller's courses", "observed"),
    _route("GET", "/api/v1/courses/{id}", courses.show, "rest", "client types", "A course", "observed"),
    _route("GET", f"{COURSE}/users", courses.users, "rest", CANVASAPI, "People of a course", "observed"),
    _route("GET", f"{COURSE}/search_users", courses.users, "rest", CANVASAPI, "People of a course", "observed"),
    _route("GET", f"{COURSE}/enrollments", courses.enrollments, "rest", ENROLLMENTS, "Enrollments"),
    _route("POST", f"{COURSE}/enrollments", courses.enroll, "rest", ENROLLMENTS, "Enroll somebody", "inferred"),
    _route("DELETE", f"{COURSE}/enrollments/{{id}}", courses.unenroll, "rest", ENROLLMENTS, "End an enrollment"),
    _route(
        "GET",
        "/api/v1/announcements",
        courses.announcements,
        "rest",
        "canvas-lms app/controllers/announcements_api_controller.rb",
        "Announcements of courses",
    ),
    _route("GET", f"{COURSE}/discussion_topics", courses.topics, "rest", CANVASAPI, "Discussions", "observed"),
    _route(
        "POST", f"{COURSE}/discussion_topics", courses.post_topic, "rest", CANVASAPI, "Post or announce", "inferred"
    ),
    _route("GET", f"{COURSE}/files", files.index, "rest", FILES, "Files of a course"),
    _route("GET", f"{COURSE}/files/{{id}}", files.show_in_course, "rest", FILES, "A file of a course"),
    _route("GET", "/api/v1/files/{id}", files.show, "rest", FILES, "A file"),
    _route("GET", "/api/v1/files/{id}/public_url", files.public_url, "rest", FILES, "An address without a token"),
    _route("GET", "/files/{id}/download", files.download, "rest", FILES, "The bytes of a file", "observed"),
    _route("GET", f"{COURSE}/folders", files.folders, "rest", CANVASAPI, "Folders", "observed"),
    _route("GET", f"{COURSE}/pages", courses.pages, "rest", CANVASAPI, "Wiki pages", "observed"),
    _route("GET", f"{COURSE}/pages/{{url_or_id}}", courses.page, "rest", CANVASAPI, "A wiki page", "observed"),
    _route("GET", f"{COURSE}/modules", courses.modules, "rest", CANVASAPI, "Modules", "observed"),
    _route("GET", f"{COURSE}/assignments", courses.assignments, "rest", CANVASAPI, "Assignments", "observed"),
    _route("GET", f"{COURSE}/assignments/{{id}}", courses.assignment, "rest", CANVASAPI, "An assignment", "observed"),
)
