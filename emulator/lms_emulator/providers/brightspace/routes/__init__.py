"""Every operation of Brightspace, declared once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.brightspace.lti.services import AGS, NRPS
from lms_emulator.providers.brightspace.routes import content, launch, login, people


def _route(
    methods: str,
    path: str,
    handler: Callable[[Any], Any],
    tag: str,
    source: str,
    summary: str,
    evidence: Evidence = "observed",
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


DOCS = "https://docs.valence.desire2learn.com"
OAUTH = f"{DOCS}/basic/oauth2.html"
SERVICES = f"{DOCS}/res/ltiadvantage.html"
REGISTRATION = "https://github.com/RunestoneInteractive/rs/issues/1073"
LAUNCH = f"{REGISTRATION}; https://github.com/Cvmcosta/ltijs-demo-server/issues/23"
SIGN_IN = "mjfk23/brightspace-api src/Auth/Factory/LoginTokenFactory.php"
HYPOTHESIS = f"{DOCS}/http-routingtable.html; hypothesis/lms lms/services/d2l_api/client.py"


def _bsapi(method: str) -> str:
    return f"{DOCS}/http-routingtable.html; brightspace-api 2.1.2 bsapi/__init__.py, {method}"


LP, LE = "/d2l/api/lp/{version}", "/d2l/api/le/{version}"
CATEGORIES = f"{LP}/{{orgUnitId}}/groupcategories"
GRADES = f"{LE}/{{orgUnitId}}/grades"
DEPLOYMENT = "deployment/{deploymentId}/orgunit/{orgUnitId}"
ITEMS = f"/d2l/api/lti/ags/2.0/{DEPLOYMENT}/lineitems"

ROUTES: tuple[Route, ...] = (
    _route("GET", "/oauth2/auth", login.auth, "oauth2", OAUTH, "Ask for a person's consent", "documented"),
    _route("GET", "/oauth2/consent", login.consent_form, "oauth2", "", "The consent page", "chosen"),
    _route("POST", "/oauth2/consent", login.decide, "oauth2", "", "Allow or deny", "chosen"),
    _route("POST", "/core/connect/token", login.token, "oauth2", OAUTH, "Tokens, by three grants", "documented"),
    _route("GET", "/d2l/login", login.login_form, "pages", SIGN_IN, "Sign in"),
    _route("POST", "/d2l/lp/auth/login/login.d2l", login.login, "pages", SIGN_IN, "Sign in"),
    _route("POST", "/d2l/logout", login.logout, "pages", "", "Sign out", "chosen"),
    _route("GET", "/", launch.home, "pages", "", "The person's courses", "chosen"),
    _route("GET", "/d2l/home", launch.home, "pages", SIGN_IN, "The person's courses"),
    _route(
        "GET", "/d2l/home/{orgUnitId}", launch.course, "pages", f"{DOCS}/res/enroll.html", "A course, with its tools"
    ),
    _route("GET", "/d2l/le/lti/{orgUnitId}/launch/{linkId}", launch.open_link, "lti", "", "Launch a link", "chosen"),
    _route(
        "GET",
        "/d2l/le/lti/{orgUnitId}/deeplinking/{deploymentId}",
        launch.choose_content,
        "lti",
        "",
        "Launch a tool to choose content",
        "chosen",
    ),
    _route(
        "POST",
        "/d2l/le/lti/{orgUnitId}/deeplinking/return",
        launch.deep_linking_return,
        "lti",
        "",
        "Take the content that a tool chose",
        "chosen",
    ),
    _route("GET POST", "/d2l/lti/authenticate", launch.authenticate, "lti", LAUNCH, "The signed launch"),
    _route("GET", "/d2l/.well-known/jwks", launch.jwks, "lti", REGISTRATION, "Brightspace's public keys"),
    _route(
        "GET",
        f"/d2l/api/lti/nrps/2.0/{DEPLOYMENT}/memberships",
        NRPS.memberships,
        "lti services",
        SERVICES,
        "The course's roster",
        "documented",
    ),
    _route("GET", ITEMS, AGS.list_line_items, "lti services", SERVICES, "Line items", "documented"),
    _route("POST", ITEMS, AGS.create_line_item, "lti services", SERVICES, "Make a line item", "documented"),
    _route(
        "GET", f"{ITEMS}/{{lineItemId}}", AGS.show_line_item, "lti services", SERVICES, "One line item", "documented"
    ),
    _route(
        "PUT",
        f"{ITEMS}/{{lineItemId}}",
        AGS.update_line_item,
        "lti services",
        SERVICES,
        "Change a line item",
        "documented",
    ),
    _route(
        "DELETE",
        f"{ITEMS}/{{lineItemId}}",
        AGS.delete_line_item,
        "lti services",
        SERVICES,
        "Delete a line item",
        "documented",
    ),
    _route(
        "POST", f"{ITEMS}/{{lineItemId}}/scores", AGS.post_score, "lti services", SERVICES, "Give a score", "documented"
    ),
    _route(
        "GET", f"{ITEMS}/{{lineItemId}}/results", AGS.list_results, "lti services", SERVICES, "Results", "documented"
    ),
    _route("GET", "/d2l/api/versions", content.versions, "rest", _bsapi("get_versions"), "Versions served"),
    _route(
        "POST",
        "/d2l/api/versions/check",
        content.check_versions,
        "rest",
        _bsapi("check_versions"),
        "Are these versions served?",
    ),
    _route(
        "GET",
        "/d2l/api/{productCode}/versions",
        content.product_versions,
        "rest",
        _bsapi("get_product_versions"),
        "Versions of a product",
    ),
    _route("GET", f"{LP}/users/whoami", people.whoami, "rest", _bsapi("whoami"), "Who is calling"),
    _route(
        "GET",
        f"{LP}/enrollments/myenrollments",
        people.my_enrollments,
        "rest",
        _bsapi("get_course_enrollments"),
        "The caller's org units",
    ),
    _route(
        "GET",
        f"{LP}/enrollments/orgUnits/{{orgUnitId}}/users",
        people.unit_users,
        "rest",
        _bsapi("get_users"),
        "People, with roles",
    ),
    _route("GET", f"{LE}/{{orgUnitId}}/classlist", people.classlist, "rest", _bsapi("get_classlist"), "The class list"),
    _route(
        "GET",
        f"{LE}/{{orgUnitId}}/classlist/paged",
        people.classlist_paged,
        "rest",
        _bsapi("get_classlist_paged"),
        "The class list, paged",
    ),
    _route("GET", CATEGORIES, people.group_categories, "rest", _bsapi("get_group_categories"), "Group categories"),
    _route(
        "GET",
        f"{CATEGORIES}/{{groupCategoryId}}",
        people.group_category,
        "rest",
        _bsapi("get_group_category"),
        "A group category",
    ),
    _route("GET", f"{CATEGORIES}/{{groupCategoryId}}/groups", people.groups, "rest", _bsapi("get_groups"), "Groups"),
    _route(
        "GET",
        f"{CATEGORIES}/{{groupCategoryId}}/groups/{{groupId}}",
        people.group,
        "rest",
        _bsapi("get_group"),
        "A group",
    ),
    _route("GET", f"{LE}/{{orgUnitId}}/content/toc", content.toc, "rest", HYPOTHESIS, "Table of contents"),
    _route("GET", f"{LE}/{{orgUnitId}}/content/topics/{{topicId}}", content.topic, "rest", HYPOTHESIS, "A topic"),
    _route(
        "GET", f"{LE}/{{orgUnitId}}/content/topics/{{topicId}}/file", content.topic_file, "rest", HYPOTHESIS, "A file"
    ),
    _route(
        "GET",
        f"{LE}/{{orgUnitId}}/news",
        content.news,
        "rest",
        f"{DOCS}/res/news.html",
        "News",
        "documented",
    ),
    _route(
        "POST",
        f"{LE}/{{orgUnitId}}/news",
        content.post_news,
        "rest",
        f"{DOCS}/res/news.html",
        "Announce",
        "documented",
    ),
    _route("GET", GRADES, content.grade_objects, "rest", _bsapi("get_grade_objects"), "Grade objects"),
    _route(
        "GET",
        f"{GRADES}/values/myGradeValues",
        content.my_grade_values,
        "rest",
        _bsapi("get_my_grade_values"),
        "The caller's grades",
    ),
    _route(
        "GET", f"{GRADES}/{{gradeObjectId}}", content.grade_object, "rest", _bsapi("get_grade_object"), "A grade object"
    ),
    _route(
        "GET",
        f"{GRADES}/{{gradeObjectId}}/values",
        content.grade_values,
        "rest",
        _bsapi("get_grade_values"),
        "Everybody's values",
    ),
    _route(
        "GET",
        f"{GRADES}/{{gradeObjectId}}/values/myGradeValue",
        content.my_grade_value,
        "rest",
        _bsapi("get_my_grade_value"),
        "The caller's value",
    ),
    _route(
        "GET",
        f"{GRADES}/{{gradeObjectId}}/values/{{userId}}",
        content.grade_value,
        "rest",
        _bsapi("get_grade_value"),
        "Somebody's value",
    ),
    _route(
        "PUT",
        f"{GRADES}/{{gradeObjectId}}/values/{{userId}}",
        content.set_grade_value,
        "rest",
        _bsapi("set_grade_value"),
        "Set a value",
    ),
)
