"""Methods that a URL does not support, and the checks that come before that refusal.

A REST resource authenticates before it looks for the method; a Django view stands behind the check of CSRF tokens.
Sources: Django REST framework 3.14 `rest_framework/views.py` (dispatch, allowed_methods); Django 4.2
`django/views/generic/base.py` (View), `django/views/decorators/http.py`; the views that `catalogue.tsv` names.
"""

from __future__ import annotations

import re

from lms_emulator.providers.openedx import credentials, refusals
from lms_emulator.providers.openedx.call import Call, Dialect, Reply, calling_identity
from lms_emulator.providers.openedx.credentials import Authenticator
from lms_emulator.providers.openedx.web import csrf

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")

# Which addresses that have no route lead to a REST resource, and how it authenticates.

_RESOURCES = re.compile(
    r"/(?:\w+/)?api/|/api-admin/api/|/(?:user_api|embargo/v1|v1/accounts|zendesk_proxy|search)/|/auth/saml/v0/"
    r"|/courses/[^/]+/instructor/api/"
)
_VIEWS = re.compile(
    r"/api/(?:login|logout|embargo|bulk_grades)/|/api/xblock/v2/xblocks/[^/]+/handler/|/courses/[^/]+/instructor/api/gradebook"
    r"|/api/lti_consumer/v1/(?:launch|token|public_keysets|start)|/api/edx_proctoring/proctoring_launch"
)
_FOR_ALL = re.compile(
    r"/forum/|/api/courses/|/api/(?:learner_home|ora_staff_grader)/mock/|/(?:api/user|user_api)/v1/preferences/time_zones/"
    r"|/api/third_party_auth_context|/zendesk_proxy/|/search/|/api/course_home/v1/unsubscribe"
)
_BY_SESSION_FIRST = re.compile("/api/edx_(?:proctoring|name_affirmation)/")
_BY_BEARER_TOO = re.compile(
    "/api/(?:ccx|course_live|ora_staff_grader|program_enrollments|xblock|courses|course_home|credit|instructor|cohorts)/"
    "|/discussions/|/api-admin/"
)
_CLASSES = re.compile("/_o/|/password_reset_confirm/|/support/|/api-admin/|/verify_student/|/dashboard/programs")
"""Views that are classes, and answer OPTIONS; the others are functions that say which methods they take."""


_WITHOUT_CSRF = re.compile(
    "/api/lti_consumer/|/_o/introspect/|/segmentio/|/courses/[^/]+/x(?:block|queue)/|/lti_provider/"
)


def is_resource(path: str) -> bool:
    """Whether an address without a route leads to a REST resource."""
    return _RESOURCES.match(path) is not None and _VIEWS.match(path) is None


def answers_options(path: str) -> bool:
    """Whether an address without a route would answer OPTIONS, whatever its methods."""
    return is_resource(path) or _CLASSES.match(path) is not None


def _authenticators(path: str) -> tuple[Authenticator, ...]:
    if _BY_SESSION_FIRST.match(path):
        return (credentials.SESSION, credentials.JWT)
    return credentials.JWT_BEARER_SESSION if _BY_BEARER_TOO.match(path) else credentials.JWT_SESSION


def refuse_credentials(call: Call, path: str, methods: tuple[str, ...] = ()) -> None:
    """Raise what a REST resource without a route refuses of the credentials; given its methods, of nobody's too."""
    authenticators = _authenticators(path)
    allow = ", ".join((*methods, "OPTIONS")) if methods else ""
    call.per_request(Reply).dialect = Dialect(
        allow=allow, challenge=authenticators[0].challenge, takes=tuple(row.name for row in authenticators)
    )
    credentials.authenticate(call, authenticators)
    if methods and not _FOR_ALL.match(path) and not credentials.has_api_key(call):
        calling_identity(call)


def refuse(call: Call, path: str, methods: tuple[str, ...], *, served: bool) -> refusals.OpenedxRefusal:
    """The 405 of an address that has no route for the method. Raises what is refused before it.

    Parameters: `methods`, those that the address takes; `served`, whether it is a page of ours, as resources have
    routes for all methods.
    """
    if is_resource(path) and not served:
        refuse_credentials(call, path, methods)
        return refusals.method_not_allowed(call.method)
    if not _WITHOUT_CSRF.match(path):
        check_csrf(call)
    if _CLASSES.match(path):
        methods = (*methods, "OPTIONS")
    elif "HEAD" in methods:
        methods = tuple(method for method in methods if method != "HEAD")
    return refusals.wrong_method(", ".join(methods), call.method)


def require_post(call: Call) -> None:
    """Raise the refusal of any other method, as Django's `require_POST` does."""
    if call.method != "POST":
        raise refusals.wrong_method("POST", call.method)


def check_csrf(call: Call) -> None:
    """Raise the page of a request that fails the check of CSRF tokens."""
    if fault := csrf.failure(call):
        raise refusals.csrf_page(fault, csrf.why(call, fault))
