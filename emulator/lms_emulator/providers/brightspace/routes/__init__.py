"""Every operation of Brightspace, declared once."""

from __future__ import annotations

from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace.lti import inserting
from lms_emulator.providers.brightspace.lti.services import AGS, NRPS
from lms_emulator.providers.brightspace.routes import (
    asset_processors,
    assignments,
    content,
    course_copies,
    launch,
    legacy_tools,
    login,
    outcomes,
    people,
    tool_deployments,
    tool_links,
    tool_notices,
    tool_registrations,
)

DOCS = "https://docs.valence.desire2learn.com"
ROUTING = f"{DOCS}/http-routingtable.html"
BSAPI = f"{ROUTING}; brightspace-api 2.1.2 bsapi/__init__.py"
HYPOTHESIS = f"{ROUTING}; hypothesis/lms lms/services/d2l_api/client.py"
SIGN_IN = "mjfk23/brightspace-api src/Auth/Factory/LoginTokenFactory.php"
REGISTRATION = "https://github.com/RunestoneInteractive/rs/issues/1073"
LAUNCH = f"{REGISTRATION}; https://github.com/Cvmcosta/ltijs-demo-server/issues/23"
QUICKLINKS = f"{DOCS}/res/lti.html#LTI.LtiQuickLinkData; atomicjolt/atomic-search-widget src/brightspace/brightspace.js"
PLUGINS = "Brightspace/sample-CourseBuilder-RemotePlugin index.php"
LP, LE = "/d2l/api/lp/{version}", "/d2l/api/le/{version}"
CATEGORIES = f"{LP}/{{orgUnitId}}/groupcategories"
GRADES = f"{LE}/{{orgUnitId}}/grades"
DEPLOYMENT = "deployment/{deploymentId}/orgunit/{orgUnitId}"
ITEMS = f"/d2l/api/lti/ags/2.0/{DEPLOYMENT}/lineitems"

ROUTES: tuple[Route, ...] = (
    *tool_registrations.ROUTES,
    *tool_links.ROUTES,
    *tool_deployments.ROUTES,
    *tool_notices.ROUTES,
    *legacy_tools.ROUTES,
    *outcomes.ROUTES,
    *assignments.ROUTES,
    *asset_processors.ROUTES,
    *course_copies.ROUTES,
    *family(
        "oauth2",
        f"{DOCS}/basic/oauth2.html",
        "documented",
        ("GET /oauth2/auth", login.auth, "Ask for the user's consent"),
        ("POST /core/connect/token", login.token, "Tokens, by three grants"),
    ),
    *family(
        "oauth2",
        "",
        "chosen",
        ("GET /oauth2/consent", login.consent_form, "The consent page"),
        ("POST /oauth2/consent", login.decide, "Allow or deny"),
    ),
    *family(
        "pages",
        "",
        "chosen",
        ("POST /d2l/logout", login.logout, "Sign out"),
        ("GET /", launch.home, "The person's courses"),
    ),
    *family(
        "pages",
        SIGN_IN,
        "observed",
        ("GET /d2l/login", login.login_form, "Sign in"),
        ("POST /d2l/lp/auth/login/login.d2l", login.login, "Sign in"),
        ("GET /d2l/home", launch.home, "The person's courses"),
    ),
    *family(
        "pages",
        f"{DOCS}/res/enroll.html",
        "observed",
        ("GET /d2l/home/{orgUnitId}", launch.course, "A course, with its tools"),
    ),
    *family(
        "lti",
        "",
        "chosen",
        ("GET /d2l/le/lti/{orgUnitId}/launch/{linkId}", launch.open_link, "Launch a link"),
        (
            "GET /d2l/le/lti/{orgUnitId}/review/{lineItemId}/{userId}",
            launch.review,
            "Show a user's work in the tool",
        ),
        (
            "GET /d2l/le/lti/{orgUnitId}/deeplinking/{deploymentId}",
            launch.choose_content,
            "Launch a tool to select content",
        ),
        (
            "POST /d2l/le/lti/{orgUnitId}/deeplinking/return",
            launch.deep_linking_return,
            "Receive the content that a tool selected",
        ),
    ),
    *family(
        "lti",
        PLUGINS,
        "observed",
        (
            "GET /d2l/le/lti/{orgUnitId}/plugins/{linkId}/return",
            launch.plugin_return,
            "Receive the content that a remote plugin chose",
        ),
        (
            "GET /d2l/le/lti/{orgUnitId}/plugins/{linkId}/return/module/{module}",
            launch.plugin_return,
            "Add what a remote plugin chose to a module",
        ),
        (
            "GET /d2l/le/lti/{orgUnitId}/plugins/{linkId}/return/topic/{topic}",
            launch.plugin_return,
            "Insert what a remote plugin chose into a file",
        ),
    ),
    *family(
        "lti",
        QUICKLINKS,
        "observed",
        (f"GET {inserting.QUICKLINK}", launch.quicklink, "Open a quicklink to a tool"),
    ),
    *family(
        "lti",
        LAUNCH,
        "observed",
        ("GET POST /d2l/lti/authenticate", launch.authenticate, "The signed launch"),
    ),
    *family("lti", REGISTRATION, "observed", ("GET /d2l/.well-known/jwks", launch.jwks, "Brightspace's public keys")),
    *family(
        "lti services",
        f"{DOCS}/res/ltiadvantage.html",
        "documented",
        (f"GET /d2l/api/lti/nrps/2.0/{DEPLOYMENT}/memberships", NRPS.memberships, "The course's roster"),
        (f"GET {ITEMS}", AGS.list_line_items, "Line items"),
        (f"POST {ITEMS}", AGS.create_line_item, "Create a line item"),
        (f"GET {ITEMS}/{{lineItemId}}", AGS.show_line_item, "One line item"),
        (f"PUT {ITEMS}/{{lineItemId}}", AGS.update_line_item, "Update a line item"),
        (f"DELETE {ITEMS}/{{lineItemId}}", AGS.delete_line_item, "Delete a line item"),
        (f"POST {ITEMS}/{{lineItemId}}/scores", AGS.post_score, "Give a score"),
        (f"GET {ITEMS}/{{lineItemId}}/results", AGS.list_results, "Results"),
    ),
    *family(
        "rest",
        BSAPI,
        "observed",
        ("GET /d2l/api/versions", content.versions, "Versions served", "get_versions"),
        ("POST /d2l/api/versions/check", content.check_versions, "Are these versions served?", "check_versions"),
        (
            "GET /d2l/api/{productCode}/versions",
            content.product_versions,
            "Versions of a product",
            "get_product_versions",
        ),
        (f"GET {LP}/users/whoami", people.whoami, "Who is calling", "whoami"),
        (
            f"GET {LP}/enrollments/myenrollments",
            people.my_enrollments,
            "The caller's org units",
            "get_course_enrollments",
        ),
        (f"GET {LP}/enrollments/orgUnits/{{orgUnitId}}/users", people.unit_users, "People, with roles", "get_users"),
        (f"GET {LE}/{{orgUnitId}}/classlist", people.classlist, "The class list", "get_classlist"),
        (
            f"GET {LE}/{{orgUnitId}}/classlist/paged",
            people.classlist_paged,
            "The class list, paged",
            "get_classlist_paged",
        ),
        (f"GET {CATEGORIES}", people.group_categories, "Group categories", "get_group_categories"),
        (f"GET {CATEGORIES}/{{groupCategoryId}}", people.group_category, "A group category", "get_group_category"),
        (f"GET {CATEGORIES}/{{groupCategoryId}}/groups", people.groups, "Groups", "get_groups"),
        (f"GET {CATEGORIES}/{{groupCategoryId}}/groups/{{groupId}}", people.group, "A group", "get_group"),
    ),
    *family(
        "rest",
        HYPOTHESIS,
        "observed",
        (f"GET {LE}/{{orgUnitId}}/content/toc", content.toc, "Table of contents"),
        (f"GET {LE}/{{orgUnitId}}/content/topics/{{topicId}}", content.topic, "A topic"),
        (f"GET {LE}/{{orgUnitId}}/content/topics/{{topicId}}/file", content.topic_file, "A file"),
    ),
    *family(
        "rest",
        f"{DOCS}/res/news.html",
        "documented",
        (f"GET {LE}/{{orgUnitId}}/news", content.news, "News"),
        (f"POST {LE}/{{orgUnitId}}/news", content.post_news, "Announce"),
    ),
    *family(
        "rest",
        BSAPI,
        "observed",
        (f"GET {GRADES}", content.grade_objects, "Grade objects", "get_grade_objects"),
        (f"GET {GRADES}/values/myGradeValues", content.my_grade_values, "The caller's grades", "get_my_grade_values"),
        (f"GET {GRADES}/{{gradeObjectId}}", content.grade_object, "A grade object", "get_grade_object"),
        (f"GET {GRADES}/{{gradeObjectId}}/values", content.grade_values, "Everybody's values", "get_grade_values"),
        (
            f"GET {GRADES}/{{gradeObjectId}}/values/myGradeValue",
            content.my_grade_value,
            "The caller's value",
            "get_my_grade_value",
        ),
        (
            f"GET {GRADES}/{{gradeObjectId}}/values/{{userId}}",
            content.grade_value,
            "Somebody's value",
            "get_grade_value",
        ),
        (
            f"PUT {GRADES}/{{gradeObjectId}}/values/{{userId}}",
            content.set_grade_value,
            "Set a value",
            "set_grade_value",
        ),
    ),
)
