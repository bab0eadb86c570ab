"""The pages: launch, connect, return, courses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from lms_emulator.core.http.pages import page
from lms_emulator.demo_tool.config import Config
from lms_emulator.demo_tool.lms import Lms, LmsError, TokenRefusedError, lms_of, same_person
from lms_emulator.demo_tool.ltiaas import Ltiaas, LtiaasError
from lms_emulator.demo_tool.sessions import Session, Sessions, user_of

PACKAGE = "lms_emulator.demo_tool"


class DeploymentUnknownError(Exception):
    """A launch comes from a deployment that the tool does not know."""


class DemoTool:
    """The application's pages. Parameters: `config`, where everything is."""

    def __init__(self, config: Config, http: httpx.AsyncClient) -> None:
        self._config = config
        self._http = http
        self._ltiaas = Ltiaas(http, config.ltiaas_url, config.api_key)
        self._sessions = Sessions()

    async def home(self, request: Request) -> Response:
        """Who is here; a Connect button."""
        session = self._sessions.of(request)
        return page(PACKAGE, "home.html", session=session) if session else _message("not_launched", 200)

    async def launch(self, request: Request) -> Response:
        """LTIAAS sends the browser here after a launch, with an ltik."""
        ltik, launch = await self._launched(request)
        response = RedirectResponse("/", 303)  # so that the ltik does not stay in the address bar
        self._sessions.open(request, response, launch, ltik)
        return response

    async def _launched(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The ltik that LTIAAS sent along, and the launch. Raises for one of a deployment that is not the tool's."""
        ltik = request.query_params.get("ltik", "")
        launch = await self._ltiaas.id_token(ltik)
        platform = launch["platform"]
        known = self._config.deployments.get(platform.get("id", ""))
        if known is not None and platform.get("deploymentId") != known:
            raise DeploymentUnknownError
        return ltik, launch

    async def choose(self, request: Request) -> Response:
        """A deep-linking launch: the teacher picks what the course will link to."""
        ltik, launch = await self._launched(request)
        response = page(PACKAGE, "choose.html", user=user_of(launch))
        self._sessions.open(request, response, launch, ltik)
        return response

    async def chosen(self, request: Request) -> Response:
        """Back to the LMS with the choice."""
        session = self._sessions.of(request)
        if session is None:
            return _message("not_launched", 401)
        title = str((await request.form()).get("title") or "Demo activity")
        return page(PACKAGE, "chosen.html", form=await self._ltiaas.deep_linking_form(session.ltik, title))

    async def connect(self, request: Request) -> Response:
        """Remember who began, and go to the LMS's consent page by way of LTIAAS."""
        session = self._sessions.of(request)
        if session is None:
            return _message("not_launched", 401)
        session.connecting = session.user["id"]
        return RedirectResponse(self._ltiaas.connect_url(session.platform_id), 303)

    async def connected(self, request: Request) -> Response:
        """The return URL of the portal: the user comes back with a code, or with an error."""
        session = self._sessions.of(request)
        if session is None or session.connecting != session.user["id"]:
            return _message("not_started_here", 400)
        if "error" in request.query_params:
            return _message("refused", 200, session=session, error=request.query_params["error"])
        try:
            tokens = await self._ltiaas.exchange(session.platform_id, request.query_params.get("code", ""))
        except LtiaasError as error:
            if error.lms_error == "invalid_grant" or error.code == "VALIDATION_ERROR":
                return _message("code_dead", 400, session=session)
            raise
        person = await self._lms(session).me(tokens.access_token)
        if not same_person(session.launch, person):
            return _message("other_user", 409, session=session, person=person)  # and forget the tokens
        session.tokens = tokens
        return RedirectResponse("/courses", 303)  # so that a reload does not send the code again

    async def courses(self, request: Request) -> Response:
        """The user's courses, read from the LMS itself."""
        session = self._sessions.of(request)
        if session is None:
            return _message("not_launched", 401)
        if session.tokens is None:
            return RedirectResponse("/", 303)
        lms = self._lms(session)
        try:
            courses = await lms.courses(session.tokens.access_token)
        except TokenRefusedError:
            if session.tokens.refresh_token is None:
                return _message("connect_again", 200, session=session)
            session.tokens = await self._ltiaas.refresh(session.platform_id, session.tokens.refresh_token)
            courses = await lms.courses(session.tokens.access_token)
        return page(PACKAGE, "courses.html", session=session, courses=courses)

    def _lms(self, session: Session) -> Lms:
        url = self._config.lms_urls.get(session.platform_id)
        if url is None:
            raise LmsError(f"no REST API is configured for platform {session.platform_id}")
        return lms_of(session.family)(self._http, url)

    def guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """`handler`, with a page for whatever the two other sides may answer."""

        async def call(request: Request) -> Response:
            session = self._sessions.of(request)
            try:
                return await handler(request)
            except LtiaasError as error:
                if error.status == 401:
                    return _message("launch_over", 401)
                if error.lms_error in ("invalid_grant", "invalid_request", "invalid_client") and session is not None:
                    session.tokens = None
                    return _message("connect_again", 200, session=session)
                return _message("ltiaas_error", 502, error=error)
            except DeploymentUnknownError:
                return _message("deployment_unknown", 403)
            except TokenRefusedError:
                return _message("connect_again", 200, session=session)
            except LmsError as error:
                return _message("lms_error", 502, error=error)

        return call


def _message(name: str, status: int, **values: Any) -> Response:
    return page(
        PACKAGE, "message.html", status, kind=name, **{"session": None, "error": None, "person": None, **values}
    )


def create_demo_tool(config: Config) -> Starlette:
    """The application. Parameters: `config`, where LTIAAS and the LMSs are."""
    http = httpx.AsyncClient(timeout=15, trust_env=False)
    tool = DemoTool(config, http)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with http:
            yield

    routes = (
        ("GET", "/", tool.home),
        ("GET", "/launch", tool.launch),
        ("GET", "/deep-linking", tool.choose),
        ("POST", "/deep-linking", tool.chosen),
        ("POST", "/connect", tool.connect),
        ("GET", "/connected", tool.connected),
        ("GET", "/courses", tool.courses),
    )
    return Starlette(
        routes=[Route(path, tool.guarded(handler), methods=[method]) for method, path, handler in routes],
        lifespan=lifespan,
    )
