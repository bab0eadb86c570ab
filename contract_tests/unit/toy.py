"""A provider of a few lines, to show that the core carries any: what `docs/architecture.md` describes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.control import Control
from lms_emulator.core.http.addresses import Addresses
from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.outgoing import fetch
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.routing import Route
from lms_emulator.core.info import ProviderInfo
from lms_emulator.core.provider import Provider
from lms_emulator.core.settings import choice
from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import Store, section_of
from lms_emulator.core.state.tables import Table, table
from lms_emulator.core.worlds.collection import Worlds
from lms_emulator.core.worlds.file import load
from lms_emulator.core.worlds.world import World
from lms_emulator.server.gateway import Gateway


class Pupil(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: int
    email: str
    born: datetime | None = None
    tags: list[str] = []


class Ticket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: str
    expires: datetime


class Values(Record, frozen=True, kw_only=True):
    motto: str = "teach"


class School(Store):
    pupils: Table[Pupil] = table("id", indexes={"email": lambda p: p.email.lower(), "tag": lambda p: p.tags})
    tickets: Table[Ticket] = table("token", keep_until=lambda t: t.expires)


Section = section_of(School, "Section", Values)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    greeting: Annotated[Literal["hello", "hi"], choice("How pupils are greeted.", source="toy")] = "hello"
    most: Annotated[int, choice("Most pupils.", evidence="inferred", ge=1)] = 10
    strict: Annotated[bool, choice("Whether to be strict.")] = True


Call = Exchange[School, Settings]


def get_pupil(call: Call) -> Response:
    pupil = call.store.pupils.get(call.path_params["id"])
    if pupil is None:
        raise Refusal(
            "unknown_pupil", status=404, message="no such pupil", check="pupil exists", got=call.path_params["id"]
        )
    return JSONResponse(
        {"greeting": call.settings.greeting, "email": pupil.email, "url": call.url(f"/pupils/{pupil.id}")}
    )


def add_pupil(call: Call) -> Response:
    if not call.field("email"):
        call.warn("no_email", "pupils without an e-mail cannot be written to")
    pupil = call.store.pupils.put(Pupil(id=call.store.next_number("pupils"), email=call.field("email")))
    call.outbox.add("email", provider="toy", kind="welcome", to=pupil.email, at=call.clock.now())
    return JSONResponse({"id": pupil.id})


def echo(call: Call) -> Response:
    try:
        form = [[k, v] for k, v in call.form().multi_items() if isinstance(v, str)]
    except BodyError as error:
        raise Refusal("bad_form", status=400, message=str(error)) from None
    return JSONResponse(
        {
            "path": call.path,
            "raw_path": call.raw_path.decode("latin-1"),
            "query": [list(item) for item in call.query.multi_items()],
            "form": form,
            "host": call.host,
            "base": call.base_url,
            "other": call.resolve("toy:/there"),
            "reached_by": call.address.reached_by,
            "cookies": call.cookies,
        }
    )


def read(call: Call) -> Response:
    return JSONResponse(call.json())


async def ask(call: Call) -> Response:
    """Ask another site, then take in who asked."""
    await fetch(call, "GET", call.query["url"], allowed=[call.query["url"]])
    return add_pupil(call)


class Seen:
    """What one request keeps: the pupil who was let in."""

    def __init__(self) -> None:
        self.pupil = "nobody"


def keeps(call: Call) -> Response:
    return JSONResponse(
        {"pupil": call.per_request(Seen).pupil, "same": call.per_request(Seen) is call.per_request(Seen)}
    )


def crash(call: Call) -> Response:
    raise ZeroDivisionError("on purpose")


def answer(call: Call) -> Response:
    """Any status, as a handler answers by itself or by a refusal."""
    if "refused" in call.query:
        raise Refusal("on_purpose", status=call.path_params["status"])
    return Response("on purpose", call.path_params["status"])


class Toy(Provider[School, Settings]):
    name = "toy"
    title = "Toy School"
    hosts = ("api.toy.example", "*.toys.example")
    section = Section
    store = School
    settings = Settings
    package = "contract_tests.unit"
    routes = (
        Route(
            methods=("GET",), path="/pupils/{id:int}", handler=get_pupil, evidence="chosen", source="", summary="one"
        ),
        Route(methods=("POST",), path="/pupils", handler=add_pupil, evidence="chosen", source="", summary="add"),
        Route(methods=(), path="/echo{rest:path}", handler=echo, evidence="chosen", source="", summary="echo"),
        Route(methods=("POST",), path="/ask", handler=ask, evidence="chosen", source="", summary="ask"),
        Route(methods=("POST",), path="/json", handler=read, evidence="chosen", source="", summary="read"),
        Route(methods=("GET",), path="/keeps/", handler=keeps, evidence="chosen", source="", summary="keeps"),
        Route(
            methods=("GET",), path="/answer/{status:int}", handler=answer, evidence="chosen", source="", summary="any"
        ),
        Route(methods=("GET",), path="/crash", handler=crash, evidence="chosen", source="", summary="crash"),
    )

    def render(self, call: Call, refusal: Refusal) -> Response:
        return JSONResponse({"error": refusal.message}, refusal.status, refusal.headers)

    def admit(self, call: Call) -> Response | None:
        call.per_request(Seen).pupil = call.query.get("pupil", "nobody")
        if call.query.get("pupil") == "stranger":
            raise Refusal("stranger", status=403, message="strangers stay outside")
        return JSONResponse({"pupil": "head"}) if call.query.get("pupil") == "head" else None

    def not_found(self, call: Call) -> Refusal | Response:
        if self.leads_somewhere(call.path + "/"):
            return Response(status_code=301, headers={"location": call.url(call.path + "/")})
        return Refusal("no_route", status=404, message="nothing here")

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Refusal:
        return Refusal("wrong_method", status=405, headers={"Allow": ", ".join(allowed)})

    def info(self, world: World, bases: dict[str, str]) -> ProviderInfo:
        return ProviderInfo(base_urls=bases)

    def demo_text(self) -> str:
        return '[[pupils]]\nid = 1\nemail = "Ada@example.edu"\ntags = ["maths"]\n'

    def problems(self, section: Any) -> list[str]:
        return [f"pupils[{n}].email: no @ in it" for n, p in enumerate(section.pupils) if "@" not in p.email]


def gateway(world: str = "demo", public_url: str | None = None, toy: Toy | None = None, **settings: object) -> Gateway:
    """The emulator with this provider alone."""
    toy = toy or Toy()
    providers = {"toy": toy}
    addresses = Addresses({"toy": toy.hosts}, public_url)
    overrides = {"toy": settings} if settings else None
    return Gateway(providers, Worlds(load(world, providers), providers, overrides=overrides), addresses, Control())
