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


OAUTH = "docs.valence.desire2learn.com/basic/oauth2.html"
BSAPI = "bsapi 2.1.2 calls it"
HYPOTHESIS = "hypothesis/lms calls it"
LAUNCH = "captured launches and registrations in public integrations"
LP, LE = "/d2l/api/lp/{version}", "/d2l/api/le/{version}"
CATEGORIES = f"{LP}/{{orgUnitId}}/groupcategories"
GRADES = f"{LE}/{{orgUnitId}}/grades"
DEPLOYMENT = "deployment/{deploymentId}/orgunit/{orgUnitId}"
ITEMS = f"/d2l/api/lti/ags/2.0/{DEPLOYMENT}/lineitems"

ROUTES: tuple[Route, ...] = (
    _route("GET", "/oauth2/auth", login.auth, "oauth2", OAUTH, "Ask for a person's consent", "documented"),
    _route("GET", "/oauth2/consent", login.consent_form, "oauth2", "chosen", "The consent page", "chosen"),
    _route("POST", "/oauth2/consent", login.decide, "oauth2", "chosen", "Allow or deny", "chosen"),
    _route("POST", "/core/connect/token", login.token, "oauth2", OAUTH, "Tokens, by three grants", "documented"),
    _route("GET", "/d2l/login", login.login_form, "pages", "public integrations", "Sign in"),
    _route("POST", "/d2l/lp/auth/login/login.d2l", login.login, "pages", "public integrations", "Sign in"),
    _route("POST", "/d2l/logout", login.logout, "pages", "chosen", "Sign out", "chosen"),
    _route("GET", "/", launch.home, "pages", "chosen", "The person's courses", "chosen"),
    _route("GET", "/d2l/home", launch.home, "pages", "public integrations", "The person's courses"),
    _route(
        "GET", "/d2l/home/{orgUnitId}", launch.course, "pages", "HomeUrl of myenrollments", "A course, with its tools"
    ),
    _route(
        "GET", "/d2l/le/lti/{orgUnitId}/launch/{linkId}", launch.open_link, "lti", "chosen", "Launch a link", "chosen"
    ),
    _route(
        "GET",
        "/d2l/le/lti/{orgUnitId}/deeplinking/{deploymentId}",
        launch.choose_content,
        "lti",
        "chosen",
        "Launch a tool to choose content",
        "chosen",
    ),
    _route(
        "POST",
        "/d2l/le/lti/{orgUnitId}/deeplinking/return",
        launch.deep_linking_return,
        "lti",
        "chosen",
        "Take the content that a tool chose",
        "chosen",
    ),
    _route("GET POST", "/d2l/lti/authenticate", launch.authenticate, "lti", LAUNCH, "The signed launch"),
    _route("GET", "/d2l/.well-known/jwks", launch.jwks, "lti", LAUNCH, "Brightspace's public keys"),
    _route(
        "GET",
        f"/d2l/api/lti/nrps/2.0/{DEPLOYMENT}/memberships",
        NRPS.memberships,
        "lti services",
        LAUNCH,
        "The course's roster",
    ),
    _route("GET", ITEMS, AGS.list_line_items, "lti services", LAUNCH, "Line items"),
    _route("POST", ITEMS, AGS.create_line_item, "lti services", LAUNCH, "Make a line item"),
    _route("GET", f"{ITEMS}/{{lineItemId}}", AGS.show_line_item, "lti services", LAUNCH, "One line item"),
    _route("PUT", f"{ITEMS}/{{lineItemId}}", AGS.update_line_item, "lti services", LAUNCH, "Change a line item"),
    _route("DELETE", f"{ITEMS}/{{lineItemId}}", AGS.delete_line_item, "lti services", LAUNCH, "Delete a line item"),
    _route("POST", f"{ITEMS}/{{lineItemId}}/scores", AGS.post_score, "lti services", LAUNCH, "Give a score"),
    _route("GET", f"{ITEMS}/{{lineItemId}}/results", AGS.list_results, "lti services", LAUNCH, "Results"),
    _route("GET", "/d2l/api/versions", content.versions, "rest", BSAPI, "Versions served"),
    _route("POST", "/d2l/api/versions/check", content.check_versions, "rest", BSAPI, "Are these versions served?"),
    _route("GET", "/d2l/api/{productCode}/versions", content.product_versions, "rest", BSAPI, "Versions of a product"),
    _route("GET", f"{LP}/users/whoami", people.whoami, "rest", BSAPI, "Who is calling"),
    _route("GET", f"{LP}/enrollments/myenrollments", people.my_enrollments, "rest", BSAPI, "The caller's org units"),
    _route(
        "GET", f"{LP}/enrollments/orgUnits/{{orgUnitId}}/users", people.unit_users, "rest", BSAPI, "People, with roles"
    ),
    _route("GET", f"{LE}/{{orgUnitId}}/classlist", people.classlist, "rest", BSAPI, "The class list"),
    _route(
        "GET", f"{LE}/{{orgUnitId}}/classlist/paged", people.classlist_paged, "rest", BSAPI, "The class list, paged"
    ),
    _route("GET", CATEGORIES, people.group_categories, "rest", BSAPI, "Group categories"),
    _route("GET", f"{CATEGORIES}/{{groupCategoryId}}", people.group_category, "rest", BSAPI, "A group category"),
    _route("GET", f"{CATEGORIES}/{{groupCategoryId}}/groups", people.groups, "rest", BSAPI, "Groups"),
    _route("GET", f"{CATEGORIES}/{{groupCategoryId}}/groups/{{groupId}}", people.group, "rest", BSAPI, "A group"),
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
        "docs.valence.desire2learn.com/res/news.html",
        "News",
        "documented",
    ),
    _route(
        "POST",
        f"{LE}/{{orgUnitId}}/news",
        content.post_news,
        "rest",
        "docs.valence.desire2learn.com/res/news.html",
        "Announce",
        "documented",
    ),
    _route("GET", GRADES, content.grade_objects, "rest", BSAPI, "Grade objects"),
    _route("GET", f"{GRADES}/values/myGradeValues", content.my_grade_values, "rest", BSAPI, "The caller's grades"),
    _route("GET", f"{GRADES}/{{gradeObjectId}}", content.grade_object, "rest", BSAPI, "A grade object"),
    _route("GET", f"{GRADES}/{{gradeObjectId}}/values", content.grade_values, "rest", BSAPI, "Everybody's values"),
    _route(
        "GET",
        f"{GRADES}/{{gradeObjectId}}/values/myGradeValue",
        content.my_grade_value,
        "rest",
        BSAPI,
        "The caller's value",
    ),
    _route(
        "GET", f"{GRADES}/{{gradeObjectId}}/values/{{userId}}", content.grade_value, "rest", BSAPI, "Somebody's value"
    ),
    _route(
        "PUT", f"{GRADES}/{{gradeObjectId}}/values/{{userId}}", content.set_grade_value, "rest", BSAPI, "Set a value"
    ),
)
