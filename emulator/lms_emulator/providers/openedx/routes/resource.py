"""REST resources as Django REST framework runs them: negotiation, authentication, permissions, throttles, method, body.

A family of routes is a module of `routes`: a `Family`, functions of a few lines that take the call and return a
response or raise a refusal, and `ROUTES`, its resources declared by `Family.resource`. What a path parameter looks like
is said once, in `PATTERNS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from lms_emulator.core.evidence import Evidence, recording
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.openedx import credentials, limits, refusals, wire
from lms_emulator.providers.openedx.call import ANY_BODY, JSON, Call, Caller, Dialect, Reply
from lms_emulator.providers.openedx.credentials import Authenticator
from lms_emulator.providers.openedx.routes.permissions import Permission, is_authenticated
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.web import session

Operation = Callable[["Call"], Response]
Throttle = Callable[["Call"], None]

#: Patterns of path parameters, unless any text without a slash will do.
PATTERNS = {
    "cohort_id": r"\d+",
    "config_id": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "course_id": keys.COURSE_URL,
    "course_key": "[^/]+",
    "block_id": "[^/]+",
    "handler": ".+",
    "id": r"\d+",
    "lti_config_id": r"[-\w]+",
    "team_id": "[a-z\\d_-]+",
    "token": r".+",
    "topic_id": r"[A-Za-z\d_.-]+",
    "uidb36": r"[0-9A-Za-z]+",
    "key": r"[a-zA-Z0-9_-]+",
    "mode_slug": ".+",
    "usage_key": keys.USAGE_URL,
    "who": r"[\w.@+-]+",
    "username": keys.USERNAME_URL,
    "version": r"v0\.5|v1|v2|v3|v4",
}
_ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"\{(\w+)\}")
_OTHER_METHODS = recording("openedx/main", 422, 424, 426, 428)


def recorded(run: str, *numbers: int) -> str:
    """The source of a route: exchanges in the recording of the real LMS, by run and number.

    Parameters: `run`, one of the first set (`main`, `more`, …), or one of another with its folder (`openedx-2/acct`).
    """
    return recording(run if "/" in run else f"openedx/{run}", *numbers)


def pattern(path: str) -> str:
    """A regular expression for a path with `{parameters}`, as Django's router would have it."""
    literals, names = _PARAMETER.split(path)[::2], _PARAMETER.findall(path)
    groups = [f"(?P<{name}>{PATTERNS.get(name, '[^/]+')})" for name in names]
    return "".join(re.escape(literal) + group for literal, group in zip(literals, [*groups, ""], strict=True))


class Family:
    """What the routes of one family share.

    Parameters:
        base: the prefix of their paths.
        tag: the family's name in documents.
        source: the source of routes that name none of their own.
        defaults: arguments of `Resource` for all of them.
    """

    def __init__(self, base: str, *, tag: str, source: str = "", **defaults: Any) -> None:
        self.base = base
        self.tag = tag
        self.source = source
        self.defaults = defaults

    def resource(self, path: str, summary: str, **more: Any) -> tuple[Route, ...]:
        """The routes of a REST resource.

        Parameters: `path` below the base; `more`, arguments of `Resource`, which come before the family's defaults.
        """
        given = {"evidence": "recorded", "source": self.source, **self.defaults, **more}
        return Resource(self.base + path, summary=summary, tag=self.tag, **given).routes()

    def page(
        self,
        path: str,
        handler: Handler,
        summary: str,
        *methods: str,
        evidence: Evidence = "recorded",
        source: str | None = None,
        ignores: tuple[str, ...] = (),
    ) -> Route:
        """The route of a plain Django view.

        Parameters: `path` below the base; `methods`, none for all of them; `ignores`, as a route has them.
        """
        return Route(
            methods=methods,
            path=self.base + path,
            regex=pattern(self.base + path) if "{" in path and ":" not in path else None,  # `{number:int}` says its own
            handler=handler,
            evidence=evidence,
            source=self.source if source is None else source,
            summary=summary,
            tag=self.tag,
            ignores=ignores,
        )


class Resource:
    """One REST resource: a URL with its methods.

    Parameters:
        path: the URL, with `{parameters}`.
        regex: the URL as a pattern over the whole path, where `path` does not say it.
        get, post, put, patch, delete: the operations.
        authenticators: accepted kinds of credentials, in order.
        permissions: checked in order; each raises a refusal.
        developer_errors: errors come wrapped as `developer_message`.
        parsers: media types of bodies that are read.
        throttle: raises the refusal over the rate limit.
        defect: some input makes the real server fail with a 500, which is reproduced.
        restricted: whether JWTs of restricted applications are let in (a permission then checks their scopes).
        allow: the value of the header `Allow`, where it does not follow from the operations; empty for none.
        headers: further headers of every answer but a failure.
        notes_course: whether the session stores the course whose page was called.
        openapi: further keys of the documented operation, by method.
        ignores: parameters that the LMS takes and ignores too.
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
        restricted: bool = False,
        allow: str | None = None,
        defect: bool = False,
        headers: tuple[tuple[str, str], ...] = (),
        notes_course: bool = True,
        openapi: Mapping[str, Mapping[str, Any]] | None = None,
        ignores: tuple[str, ...] = (),
    ) -> None:
        given = {"GET": get, "POST": post, "PUT": put, "PATCH": patch, "DELETE": delete}
        self.path = path
        self.regex = pattern(path) if regex is None and "{" in path else regex
        self.summary = summary
        self.evidence: Evidence = evidence
        self.source = source
        self.tag = tag
        self.operations: dict[str, Operation] = {m: f for m in _ORDER if (f := given[m]) is not None}
        self.authenticators = authenticators
        self.permissions = permissions
        self.throttle = throttle
        self.restricted = restricted
        self.defect = defect
        self.notes_course = notes_course and "{course_id}" in path
        self.openapi = dict(openapi or {})
        self.ignores = ignores
        self.dialect = Dialect(
            allow=", ".join((*self.operations, *(("HEAD",) if get else ()), "OPTIONS")) if allow is None else allow,
            parsers=parsers,
            developer_errors=developer_errors,
            challenge=authenticators[0].challenge if authenticators else None,
            headers=headers,
            takes=tuple(authenticator.name for authenticator in authenticators),
        )

    def routes(self) -> tuple[Route, ...]:
        """One route per method, and one for every other method (answered 405 or with the options)."""
        return (
            *(
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
                    ignores=self.ignores,
                )
                for method in self.operations
            ),
            Route(
                methods=(),
                path=self.path,
                regex=self.regex,
                handler=self,
                evidence="recorded",
                source=_OTHER_METHODS,
                summary="Unsupported methods and OPTIONS",
            ),
        )

    def __call__(self, call: Call) -> Response:
        """Answer one request. Raises the refusal."""
        reply = call.per_request(Reply)
        reply.dialect = self.dialect
        if self.notes_course:
            session.note_course(call)
        try:
            response = self._answer(call)
            reply.dialect.mark(response)
        except refusals.Unhandled as failure:
            response = wire.server_failure(call, failure)
        user, signed_in = call.per_request(Caller).user, session.current(call).user
        if user is not None and signed_in is not None and user.id != signed_in.id:
            raise refusals.session_mismatch(session=signed_in.username, caller=user.username)
        return response

    def _answer(self, call: Call) -> Response:
        accept = call.headers.get("accept")
        if accept is not None and not accepts_json(accept):
            raise refusals.not_acceptable(accept)
        identity = credentials.authenticate(call, self.authenticators)
        for permission in self.permissions:
            permission(call)
        if identity is not None and identity.is_restricted and not self.restricted:
            raise refusals.permission_denied(
                "the JWT was issued to a restricted application, which this resource does not accept",
                check="JWT is not restricted",
            )
        if self.throttle is not None:
            self.throttle(call)
        elif call.settings.user_rate:
            limits.any_resource(call)
        operation = self.operations.get("GET" if call.method == "HEAD" else call.method)
        if operation is not None:
            return operation(call)
        if call.method == "OPTIONS" and (not self.dialect.allow or "OPTIONS" in self.dialect.allow):
            parses = list(self.dialect.parsers)
            return wire.api_json({"name": self.summary, "description": "", "renders": [JSON], "parses": parses})
        raise refusals.method_not_allowed(call.method)


def accepts_json(accept: str) -> bool:
    """Whether an Accept header allows JSON."""
    kinds = {part.split(";", 1)[0].strip().lower() for part in accept.split(",")}
    return not kinds.isdisjoint({"*/*", "application/*", "application/json"}) or not any(kinds)
