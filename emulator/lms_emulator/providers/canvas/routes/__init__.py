"""Every operation of Canvas, declared once."""

from __future__ import annotations

from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.canvas.lti.services import AGS, NRPS
from lms_emulator.providers.canvas.routes import (
    accounts,
    admins,
    assignment_groups,
    assignments,
    bulk_grading,
    content,
    course_changes,
    courses,
    enrollments,
    files,
    folders,
    html,
    launch,
    login,
    overrides,
    pages,
    preferences,
    progress,
    quiz_questions,
    quiz_reports,
    quiz_submissions,
    quizzes,
    roles,
    rosters,
    sections,
    student_work,
    submission_marks,
    submissions,
    terms,
    token,
    uploads,
    usage_rights,
    users,
)

DOC = "https://canvas.instructure.com/doc/api"
CONTROLLERS = "canvas-lms app/controllers"
RECORDED = "fixtures/recordings/canvas"
TOOLS = "/courses/{course_id}/external_tools"
LTI = "/api/lti/courses/{course_id}"
ITEMS = f"{LTI}/line_items"

FAMILIES = (
    preferences,
    accounts,
    terms,
    admins,
    roles,
    users,
    courses,
    course_changes,
    rosters,
    sections,
    enrollments,
    overrides,
    bulk_grading,
    student_work,
    assignment_groups,
    assignments,
    submissions,
    submission_marks,
    content,
    pages,
    html,
    folders,
    uploads,
    files,
    usage_rights,
    progress,
    quizzes,
    quiz_questions,
    quiz_reports,
    quiz_submissions,
)
"""The families of the REST API. Of two declarations that fit a path the earlier wins."""

ROUTES: tuple[Route, ...] = (
    *family(
        "oauth2",
        f"{DOC}/file.oauth_endpoints.html; {CONTROLLERS}/oauth2_provider_controller.rb",
        "documented",
        ("GET /login/oauth2/auth", login.auth, "Ask for a person's consent"),
        ("GET /login/oauth2/confirm", login.confirm, "The consent page"),
        ("POST /login/oauth2/accept", login.accept, "Consent"),
        ("GET /login/oauth2/deny", login.deny, "Refuse consent"),
        ("POST /login/oauth2/token", token.token, "Tokens, by three grants"),
        ("DELETE /login/oauth2/token", token.revoke, "Revoke a token"),
    ),
    *family(
        "pages",
        f"{RECORDED}/oauth-flow.jsonl 79-82",
        "observed",
        ("GET /login", login.login_form, "Sign in"),
        ("GET /login/canvas", login.login_form, "Sign in"),
        ("POST /login/canvas", login.login, "Sign in"),
    ),
    *family(
        "pages",
        "",
        "chosen",
        ("POST /logout", login.logout, "Sign out"),
        ("GET /", launch.dashboard, "The person's courses"),
        ("GET /courses/{course_id}", launch.course, "A course, with its tools"),
    ),
    *family(
        "lti",
        f"{RECORDED}/lti-launch.jsonl 24, 110, 181, 254; {CONTROLLERS}/external_tools_controller.rb",
        "observed",
        (f"GET {TOOLS}/retrieve", launch.open_link, "Launch a placed link"),
        (f"GET {TOOLS}/{{tool_id}}", launch.open_tool, "Launch a tool from the course navigation"),
        (f"GET {TOOLS}/{{tool_id}}/resource_selection", launch.choose_content, "Launch a tool to choose content"),
        (
            "GET /courses/{course_id}/assignments/{assignment_id}",
            launch.open_assignment,
            "Launch the tool behind an assignment",
        ),
    ),
    *family(
        "lti",
        f"{RECORDED}/lti-deeplink.jsonl 42, 104; {CONTROLLERS}/lti/ims/deep_linking_controller.rb",
        "observed",
        (
            "POST /courses/{course_id}/deep_linking_response",
            launch.deep_linking_response,
            "Take the content that a tool chose",
        ),
    ),
    *family(
        "lti",
        f"{DOC}/file.lti_launch_overview.html; "
        f"{CONTROLLERS}/lti/ims/authentication_controller.rb; {CONTROLLERS}/lti/ims/security_controller.rb",
        "documented",
        ("GET POST /api/lti/authorize_redirect", launch.authorize_redirect, "On to the school"),
        ("GET /api/lti/authorize", launch.authorize, "The signed launch"),
        ("GET /api/lti/security/jwks", launch.jwks, "Canvas's public keys"),
    ),
    *family(
        "lti services",
        f"{DOC}/names_and_role.html; {CONTROLLERS}/lti/ims/names_and_roles_controller.rb",
        "documented",
        (f"GET {LTI}/names_and_roles", NRPS.memberships, "The course's roster"),
    ),
    *family(
        "lti services",
        f"{DOC}/line_items.html; {CONTROLLERS}/lti/ims/line_items_controller.rb",
        "documented",
        (f"GET {ITEMS}", AGS.list_line_items, "Line items"),
        (f"POST {ITEMS}", AGS.create_line_item, "Make a line item"),
        (f"GET {ITEMS}/{{id}}", AGS.show_line_item, "One line item"),
        (f"PUT {ITEMS}/{{id}}", AGS.update_line_item, "Change a line item"),
        (f"DELETE {ITEMS}/{{id}}", AGS.delete_line_item, "Delete a line item"),
    ),
    *family(
        "lti services",
        f"{DOC}/score.html; {CONTROLLERS}/lti/ims/scores_controller.rb",
        "documented",
        (f"POST {ITEMS}/{{id}}/scores", AGS.post_score, "Give a score"),
    ),
    *family(
        "lti services",
        f"{DOC}/result.html; {CONTROLLERS}/lti/ims/results_controller.rb",
        "documented",
        (f"GET {ITEMS}/{{id}}/results", AGS.list_results, "Results"),
        (f"GET {ITEMS}/{{id}}/results/{{result_id}}", AGS.show_result, "One result"),
    ),
    *(route for rest in FAMILIES for route in rest.ROUTES),
)
