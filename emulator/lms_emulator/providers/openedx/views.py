"""REST views as Django REST framework runs them: negotiation, authentication, permissions, throttles, method, body.

A view is declared once with one function per method; `ApiView.routes` gives the routes for the journal, the documents
and the router. Source: openedx.md 0.4, 0.5, 4; recorded answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import credentials, rates, visits, wire
from lms_emulator.providers.openedx.credentials import Authenticator

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.credentials import Identity
    from lms_emulator.providers.openedx.visits import Call

Operation = Callable[["Call"], Response]
Permission = Callable[["Call"], None]
Throttle = Callable[["Call"], None]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MERGE_PATCH = "application/merge-patch+json"
ANY_BODY = (JSON, FORM, MULTIPART)

_ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")


def is_authenticated(x: Call) -> None:
    """Permission: somebody is signed in."""
    if visits.of(x).identity is None:
        raise wire.not_authenticated()


def anyone(x: Call) -> None:
    """Permission: no one is turned away."""


def is_staff(x: Call) -> None:
    """Permission: a member of the site's staff."""
    if not caller(x).user.is_staff:
        raise wire.permission_denied("the caller is not staff (is_staff)")


def caller(x: Call) -> Identity:
    """The authenticated caller. Raises the refusal for nobody."""
    identity = visits.of(x).identity
    if identity is None:
        raise wire.not_authenticated()
    return identity


class ApiView:
    """One REST resource: a URL with its methods.

    Parameters:
        path: the URL for people and, without `regex`, for the router.
        regex: the URL as Django's pattern over the whole path.
        get, post, put, patch, delete: the operations.
        authenticators: who may call how, in order.
        permissions: checked in order; each raises a refusal.
        developer_errors: errors come wrapped as `developer_message`.
        parsers: media types of bodies that are read.
        throttle: raises the refusal when the caller is too fast.
        ensure_csrf: successful answers carry the CSRF cookie.
        defect: some input makes the real server fail with a 500, which is answered as it answers it.
        restricted: whether JWTs of restricted applications are let in (the view then checks scopes itself).
        openapi: further keys of the documented operation, by method.
    """

    def __init__(
        self,
        path: str,
        *,
        summary: str,
        evidence: Evidence,
        source: str,
        tag: str,
        regex: str | None = None,
        get: Operation | None = None,
        post: Operation | None = None,
        put: Operation | None = None,
        patch: Operation | None = None,
        delete: Operation | None = None,
        authenticators: tuple[Authenticator, ...] = credentials.JWT_BEARER_SESSION,
        permissions: tuple[Permission, ...] = (is_authenticated,),
        developer_errors: bool = False,
        parsers: tuple[str, ...] = ANY_BODY,
        throttle: Throttle | None = None,
        ensure_csrf: bool = False,
        restricted: bool = False,
        allow: str | None = None,
        defect: bool = False,
        openapi: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        given = {"GET": get, "POST": post, "PUT": put, "PATCH": patch, "DELETE": delete}
        self.path = path
        self.regex = regex
        self.summary = summary
        self.evidence: Evidence = evidence
        self.source = source
        self.tag = tag
        self.operations: dict[str, Operation] = {m: f for m in _ORDER if (f := given[m]) is not None}
        self.authenticators = authenticators
        self.permissions = permissions
        self.developer_errors = developer_errors
        self.parsers = parsers
        self.throttle = throttle
        self.ensure_csrf = ensure_csrf
        self.restricted = restricted
        self.defect = defect
        self.openapi = dict(openapi or {})
        implied = (*(("HEAD",) if get else ()), "OPTIONS")
        self.allow = allow or ", ".join((*self.operations, *implied))

    def routes(self) -> tuple[Route, ...]:
        """One route per method, and one for every other method (answered 405 or with the options)."""
        declared = [
            Route(
                methods=(method,),
                path=self.path,
                regex=self.regex,
                handler=self,
                evidence=self.evidence,
                source=self.source,
                summary=self.summary,
                tag=self.tag,
                defect=self.defect,
                openapi=self.openapi.get(method, {}),
            )
            for method in self.operations
        ]
        return (
            *declared,
            Route(
                methods=(),
                path=self.path,
                regex=self.regex,
                handler=self,
                evidence="recorded",
                source="openedx.md 0.4",
                summary="Methods that this resource does not have, and OPTIONS",
                tag="",
            ),
        )

    def __call__(self, x: Call) -> Response:
        """Answer one request."""
        visit = visits.of(x)
        visit.view = self
        if "course_id" in x.path_params:
            visits.note_course(x)
        try:
            response = self._answer(x)
        except (credentials.BrokenHeaderError, credentials.NobodysTokenError):
            return server_error(x)
        if response.status_code != 500:  # a failure of the real server comes from outside the view
            response.headers.setdefault("allow", self.allow)
        if self.ensure_csrf:
            visits.need_csrf(x, first=True)
            response.headers.setdefault("vary", "Cookie")
        if visit.user is not None and visit.session_user is not None and visit.user.id != visit.session_user.id:
            raise wire.session_mismatch(session=visit.session_user.username, caller=visit.user.username)
        return response

    def _answer(self, x: Call) -> Response:
        accept = x.headers.get("accept")
        if accept is not None and not accepts_json(accept):
            raise wire.not_acceptable(accept)
        identity = credentials.authenticate(x, self.authenticators)
        for permission in self.permissions:
            permission(x)
        if identity is not None and identity.is_restricted and not self.restricted:
            raise wire.permission_denied(
                "the JWT was issued to a restricted application, and this view takes none of those",
                check="JWT is not restricted",
            )
        if self.throttle is not None:
            self.throttle(x)
        elif x.settings.user_rate:
            rates.rest_view(x)
        operation = self.operations.get("GET" if x.method == "HEAD" else x.method)
        if operation is not None:
            return operation(x)
        if x.method == "OPTIONS" and "OPTIONS" in self.allow:
            return wire.api_json(self._options())
        raise wire.method_not_allowed(x.method)

    def _options(self) -> dict[str, Any]:
        return {"name": self.summary, "description": "", "renders": [JSON], "parses": list(self.parsers)}

    def render(self, refusal: wire.OpenedxRefusal) -> Response:
        """The refusal as this view words it."""
        headers = {**refusal.headers, "allow": self.allow}
        status, body = refusal.status, refusal.body
        if isinstance(body, wire.Verbatim):
            return wire.api_json(body.data, status, headers)
        detail = refusal.message if body is None else body
        if self.developer_errors:
            headers.pop("retry-after", None)
            document = {"developer_message": detail}
            if refusal.code is not None:
                document["error_code"] = refusal.code
            return wire.api_json(document, status, headers)
        if status == 401:
            challenge = self.authenticators[0].challenge if self.authenticators else None
            if challenge is None:
                status = 403
            else:
                headers["www-authenticate"] = challenge
        return wire.api_json(detail if isinstance(detail, dict | list) else {"detail": detail}, status, headers)


def accepts_json(accept: str) -> bool:
    """Whether an Accept header leaves room for JSON."""
    kinds = {part.split(";", 1)[0].strip().lower() for part in accept.split(",")}
    return not kinds.isdisjoint({"*/*", "application/*", "application/json"}) or not any(kinds)


def data(x: Call) -> Any:
    """The body as the view's parsers read it: a document, or a dict of form fields; `{}` without a body.

    Raises refusals for an unsupported kind of body and for one that cannot be read.
    """
    view = visits.of(x).view
    parsers = view.parsers if view is not None else ANY_BODY
    if not x.body:
        return {}
    kind = x.content_type
    if kind not in parsers:
        raise wire.unsupported_media_type(x.headers.get("content-type", ""))
    try:
        if kind in (FORM, MULTIPART):
            return dict(x.form().multi_items())
        return x.json()
    except BodyError as error:
        if kind == MULTIPART:
            raise wire.parse_error(f"Multipart form parse error - {error}") from None
        raise wire.parse_error(f"JSON parse error - {error}") from None


def server_error(x: Call) -> Response:
    """The real server's 500 page, where it fails on this input; the journal marks it as the provider's defect."""
    from lms_emulator.providers.openedx import html

    x.notes["provider_defect"] = True
    return html.server_error(x)
