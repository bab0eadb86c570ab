"""The provider's answer to one request, and its outcome.

Finds the route, distinguishes operations that are not emulated from those that the real provider lacks too, and reports
parameters that no code read.
"""

from __future__ import annotations

import re
import sys
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import Response

from lms_emulator.core.coverage import serves
from lms_emulator.core.errors import shortened
from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.not_emulated import (
    NotEmulated,
    operation_not_emulated,
    parameters_not_emulated,
)
from lms_emulator.core.http.outgoing import Later, send_later
from lms_emulator.core.http.refusals import Refusal, Unhandled
from lms_emulator.core.outcomes import Outcome
from lms_emulator.core.suggest import nearest
from lms_emulator.core.worlds.journal import Warning

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator

    from lms_emulator.core.catalogue import Operation
    from lms_emulator.core.http.reads import Unread
    from lms_emulator.core.http.routing import Route
    from lms_emulator.core.provider import AnyProvider

SAFE = ("GET", "HEAD", "OPTIONS")
MOST_NAMED = 20
LONGEST_NAME = 100
NOT_HERE = "parameters_without_effect_here"
"""The journal's note of parameters that the operation can read, but did not need for this request."""
FOR_OTHERS = "this request gave no reason to look at it; others to this operation may"
_NOT_READ = ("parameter_not_read", "include_not_read")
IDLE = "{} documents it for this operation, and does nothing with it either"

_PLAIN = re.compile("[^a-z0-9]")


class Answer(NamedTuple):
    """The response, and what the journal records about how it came about."""

    response: Response
    outcome: Outcome
    refusal: Refusal | None = None
    crash: str | None = None


async def answer(provider: AnyProvider, exchange: Exchange[Any, Any]) -> Answer | None:
    """The provider's answer; None if the world was reset since the request began."""
    if exchange.outdated:
        return None
    strict = exchange.world.emulator.strict and (exchange.query_string or exchange.body)
    before = _state(exchange) if strict and exchange.method not in SAFE else None
    try:
        refusal: Refusal | None = None
        found, outcome = await _handled(provider, exchange)
        if isinstance(found, Refusal):
            refusal, outcome, response = found, found.outcome, _refused(provider, exchange, found, before)
            if isinstance(refusal, NotEmulated):
                return Answer(response, outcome, refusal)
        else:
            response = found
        provider.finish(exchange, response)
        exchange.store.expire(exchange.clock)
        if exchange.per_request_if_used(Later):
            await send_later(exchange)
        if outcome == "answered" or (refusal is None and response.status_code == 500):
            outcome = _ended(exchange, response)
        return Answer(response, outcome, refusal)
    except Exception:
        text = traceback.format_exc()
        print(f"lms-emulator: {exchange.method} {exchange.path} failed inside the emulator:\n{text}", file=sys.stderr)
        return Answer(provider.crashed(exchange), "crash", None, text)
    finally:
        if exchange.body:
            exchange.close()


async def _handled(provider: AnyProvider, exchange: Exchange[Any, Any]) -> tuple[Response | Refusal, Outcome]:
    """The handler's response, or the refusal that it ended with."""
    try:
        found, outcome = _dispatch(provider, exchange)
        response = found if isinstance(found, Response) else await found
        # OPTIONS asks about the resource, and takes no parameters
        came = (exchange.query_string or exchange.body) and exchange.method != "OPTIONS"
        if came and exchange.route is not None and response.status_code < 400:
            _note_unread(provider, exchange, response)
        return response, outcome
    except BodyError as error:
        return provider.body_unreadable(exchange, str(error)), "answered"
    except Refusal as refused:
        return refused, "answered"
    except Unhandled as failure:
        return provider.failed(exchange, failure), "answered"


def _refused(
    provider: AnyProvider, exchange: Exchange[Any, Any], refusal: Refusal, before: tuple[Any, Any] | None
) -> Response:
    """The answer of a refusal, which gets its diagnosis. What is not emulated must not have changed the world."""
    if refusal.outcome in ("refused", "provider_defect") or refusal.credential is not None:
        from lms_emulator.server.diagnosing import diagnosis  # most runs refuse nothing; it takes a while

        refusal.diagnosis = diagnosis(provider, exchange, refusal)
    if not isinstance(refusal, NotEmulated):
        return provider.render(exchange, refusal)
    if before is not None:
        _undo(exchange, before)
    return refusal.response()


def _ended(exchange: Exchange[Any, Any], response: Response) -> Outcome:
    if response.status_code == 500:  # returned by a handler, so intended: a failure of our own is a crash
        return "provider_defect"
    return "answered_with_warnings" if exchange.warnings else "answered"


def _dispatch(provider: AnyProvider, exchange: Exchange[Any, Any]) -> tuple[Response | Awaitable[Response], Outcome]:
    early = provider.respond_early(exchange)
    if early is not None:
        return early, "answered"
    path = provider.normalise_path(exchange.path)
    method = provider.method_of(exchange)
    route, params, allowed = provider.router.match(method, path)
    if route is not None and (route.since or route.until) and not route.exists_on(exchange.world.as_of):
        return _without_route(provider, exchange, method, path, (), then=route)
    if route is None:
        return _without_route(provider, exchange, method, path, allowed)
    if (params or not route.methods) and provider.only_fits(route, params, method, path, exchange.world):
        return _without_route(provider, exchange, method, path, ())
    exchange.route = route
    exchange.path_params = dict(params)
    early = provider.admit(exchange)
    if early is not None:
        return early, "answered"
    return route.handler(exchange), "answered"


def _without_route(
    provider: AnyProvider,
    exchange: Exchange[Any, Any],
    method: str,
    path: str,
    allowed: tuple[str, ...],
    *,
    then: Operation | Route | None = None,
) -> tuple[Response, Outcome]:
    """The answer where no route is. Parameters: `then`, one of another day."""
    catalogue = provider.catalogue
    known_as = provider.as_catalogued(path)
    operation = catalogue.find(method, known_as) if catalogue is not None else None
    missing: NotEmulated | None = None
    if catalogue is not None and operation is None and not allowed:
        allowed = catalogue.methods(known_as, exchange.world.as_of)
    if operation is not None and not operation.exists_on(exchange.world.as_of):
        then = then or operation
    if operation is not None and (not operation.exists_on(exchange.world.as_of) or serves(provider, operation, method)):
        operation = None  # removed, or its own route rejects this value: the provider answers as usual
    if catalogue is not None and operation is not None:
        missing = operation_not_emulated(catalogue, operation, provider.name, method)
        if exchange.world.emulator.not_emulated == "refuse":
            provider.before_missing(exchange)
            raise missing
    outcome: Outcome = "not_emulated" if missing else "refused" if allowed else "unknown_path"
    answer = provider.method_not_allowed(exchange, allowed) if allowed else provider.not_found(exchange)
    if isinstance(answer, Refusal):
        answer.outcome = outcome
        if missing is not None:
            answer.diagnosis = missing.diagnosis
        elif then is not None:
            answer.diagnosis = _why_not_then(provider, then, exchange)
        elif allowed and answer.diagnosis is None:
            instead = {"PUT": "PATCH", "PATCH": "PUT"}.get(method)  # what is taken here was meant, nothing deeper
            deeper = catalogue.below(path, method) if catalogue is not None and instead not in allowed else []
            tip = f"; `{deeper[0]}` takes {method}" if len(deeper) == 1 else ""
            answer.diagnosis = f"{method} was sent; this path takes {', '.join(allowed)}{tip}"
        elif answer.diagnosis is None:
            answer.diagnosis = provider.hint_for_unknown_path(path)
        raise answer
    return answer, outcome if answer.status_code >= 400 else "answered"


def _why_not_then(provider: AnyProvider, then: Operation | Route, exchange: Exchange[Any, Any]) -> str:
    """When the provider has an operation that it has not on the world's day."""
    begun, ended = (day.partition(" or ")[0] for day in (then.since, then.until))
    begun = begun if begun.startswith("after ") or not begun else f"since {begun}"
    dates = " ".join(part for part in (begun, f"until {ended}" if ended else "") if part)
    path = then.path.removesuffix("[/]")
    asked, day = f"{exchange.method} {path}", exchange.world.as_of
    return f"{provider.title} has {asked} {dates}; the world is as of {day} (emulator.as_of)"


# unread parameters


def _note_unread(provider: AnyProvider, exchange: Exchange[Any, Any], response: Response) -> None:
    """Warn about parameters that no code read. Raises NotEmulated if `emulator.strict` is on."""
    assert exchange.route is not None
    empty = response.body == b"[]"
    warnings = [] if empty else list(_unread_values(provider, exchange))
    warnings += (_read_otherwise(provider, path, why) for path, why in exchange.reads.otherwise.items())
    try:
        unread = exchange.reads.unread(exchange)
    except BodyError:
        unread = []
    if not unread and not warnings:
        return
    without = provider.ignored_parameters.union(exchange.route.ignores, provider.shaping_parameters if empty else ())
    unread = [parameter for parameter in unread if parameter.path[0] not in without]
    unread = [parameter for parameter in unread if not _repeats_the_path(exchange, parameter.name)]
    ignored = _look_up(provider, exchange, unread) if unread else []
    warnings += _named(provider, exchange, ignored)
    exchange.warnings += warnings
    here = exchange.notes.get(NOT_HERE, ())
    missing = [row.parameter.name for row in ignored if row.missing]
    missing += [
        warning.name
        for warning in warnings
        if warning.code == "include_not_read" and warning.documented and warning.name not in here
    ]
    if exchange.world.emulator.strict and missing:
        not_read = "; ".join(warning.message for warning in warnings if warning.code in _NOT_READ)
        why = f"{not_read}. The setting emulator.strict makes this an error"
        names = [shortened(name, LONGEST_NAME) for name in missing]
        raise parameters_not_emulated(provider.name, exchange.route.name, names, why)


class _Ignored(NamedTuple):
    """A parameter that no code read.

    Attributes: `documented`, whether the provider documents it, if known; `here`, why it has no effect in this request,
    if it has in others or at the provider neither.
    """

    parameter: Unread
    documented: bool | None
    here: str | None

    @property
    def missing(self) -> bool:
        """Whether `strict` refuses it."""
        return self.documented is not False and self.here is None


def _repeats_the_path(exchange: Exchange[Any, Any], name: str) -> bool:
    """Whether a parameter says what the path says too, as some clients send it."""
    if name not in exchange.path_params:
        return False
    from lms_emulator.core.access.absent import body_members  # only the diagnoses need it otherwise

    pairs = [*exchange.query.peek(), *(exchange.form().peek() if exchange.is_form else body_members(exchange).items())]
    return {str(value) for key, value in pairs if key == name} == {exchange.path_params[name]}


def _look_up(provider: AnyProvider, exchange: Exchange[Any, Any], unread: list[Unread]) -> list[_Ignored]:
    """What is known of each parameter: first what `strict` refuses, then what the provider documents."""
    operation = provider.operation(exchange)
    documents, idle = _documents(operation), operation.idle if operation is not None else frozenset()
    found = []
    for parameter in unread:
        known = documents(parameter.path)
        here = None
        if parameter.name in idle:
            here = IDLE.format(provider.title)
        elif known and _is_read_for_others(exchange, *parameter.path) and not _looks_deeper(exchange, parameter.path):
            here = FOR_OTHERS
        found.append(_Ignored(parameter, known, here))
    return sorted(found, key=lambda row: (not row.missing, row.documented is False))


def _named(provider: AnyProvider, exchange: Exchange[Any, Any], ignored: list[_Ignored]) -> Iterator[Warning]:
    """The warnings of the first parameters, and one of how many more there are."""
    operation = provider.operation(exchange)
    for parameter, known, here in ignored[:MOST_NAMED]:
        if here is not None:
            exchange.notes.setdefault(NOT_HERE, []).append(parameter.name)
        why = _meant(provider, operation, parameter.path) if known is False else None
        yield _warning(provider, parameter, known, here or why)
    if rest := ignored[MOST_NAMED:]:
        missing = sum(row.missing for row in rest)
        strict = f"emulator.strict refuses {missing} of them" if missing else "emulator.strict lets them pass"
        yield Warning("parameter_not_read", f"{len(rest)} more, which are not named here, were not read; {strict}")


def _meant(provider: AnyProvider, operation: Operation | None, path: tuple[str, ...]) -> str | None:
    """Which documented parameter an unknown one stands for: the only one of that name in another container."""
    from lms_emulator.core.http.reads import path_of

    known = operation.parameters if operation is not None else None
    named = [name for name in known or () if path_of(name)[-1] == path[-1] and path_of(name) != path]
    beside = {path_of(name)[-1]: name for name in known or () if path_of(name)[:-1] == path[:-1]}
    if not named and path not in map(path_of, beside.values()):
        plain = _PLAIN.sub("", path[-1].lower())
        ends = [
            name for last, name in beside.items() if len(plain) > 3 and _PLAIN.sub("", last.lower()).endswith(plain)
        ]
        alike = nearest(path[-1], beside, 0.75)
        named = ends or ([beside[alike]] if alike is not None else [])
    if len(named) != 1:
        return None
    return f"{provider.title} does not document it for this operation; did you mean `{named[0]}`?"


def _looks_deeper(exchange: Exchange[Any, Any], path: tuple[str, ...]) -> bool:
    """Whether the handler read a nested member of that name in this request. If it read `course_pace[end_date]`,
    then that is the `end_date` in its code."""
    return any(
        len(steps) > len(path) and steps[-len(path) :] == path
        for steps in (*exchange.reads.paths, *exchange.reads.below)
    )


def _is_read_for_others(exchange: Exchange[Any, Any], *path: str) -> bool:
    """Whether the operation's code can read a parameter, although this request did not lead there."""
    from lms_emulator.core.http.readable import names

    return exchange.route is not None and names(exchange.route.handler).issuperset(path)


def _unread_values(provider: AnyProvider, exchange: Exchange[Any, Any]) -> Iterator[Warning]:
    """Warnings about values that ask for a part of the answer, such as `include[]=term`, and have no effect."""
    for choices in exchange.reads.chosen:
        unread = choices.unread()[:MOST_NAMED]
        operation = provider.operation(exchange) if unread else None
        known = operation.choices.get(choices.name.removesuffix("[]")) if operation is not None else None
        for value in unread:
            documented = known is not None and value in known
            name = f"{choices.name}={value[:LONGEST_NAME]}"
            said = f"{provider.title} {'documents it' if documented else 'is not known to document it'}"
            idle = operation is not None and f"{choices.name.removesuffix('[]')}={value}" in operation.idle
            if idle or _is_read_for_others(exchange, value):
                said = IDLE.format(provider.title) if idle else FOR_OTHERS
                exchange.notes.setdefault(NOT_HERE, []).append(name)
            elif not documented and (tip := _meant_values(choices.name, value, known)):
                said = f"{said}; {tip}"
            why = f"`{name}`: no part of this answer looks at it, and nothing was added; {said}"
            yield Warning("include_not_read", why, name=name, documented=documented)


def _meant_values(name: str, value: str, known: Collection[str] | None) -> str | None:
    """What an unknown value was meant to be: several in one text, or a documented one, misspelt."""
    if "," in value:
        return f"send each value as a `{name.removesuffix('[]')}[]` of its own"
    meant = nearest(value, known or (), 0.75)
    return f"did you mean `{meant}`?" if meant is not None else None


def _read_otherwise(provider: AnyProvider, path: tuple[str, ...], why: str) -> Warning:
    name = path[0] + "".join(f"[{part}]" for part in path[1:])
    return Warning("value_read_otherwise", f"`{name}`: {provider.title} {why}", name=name)


def _documents(operation: Operation | None) -> Callable[[tuple[str, ...]], bool | None]:
    """Returns a function that says whether the real provider documents a parameter for an operation; None if
    unknown."""
    from lms_emulator.core.http.reads import path_of

    if operation is None or operation.parameters is None:
        return lambda path: None
    known = {path_of(name) for name in operation.parameters}
    open_ended = [path for path in known if any(part.startswith("<") for part in path)]
    other = None if operation.more else False
    return lambda path: (
        any(path[:length] in known for length in range(1, len(path) + 1))
        or any(_fits(path, documented) for documented in open_ended)
        or other
    )


def _fits(path: tuple[str, ...], documented: tuple[str, ...]) -> bool:
    """Whether a documented name covers this one; a part such as `<student_id>` matches anything."""
    return len(path) >= len(documented) and all(
        known == part or known.startswith("<") for part, known in zip(path, documented, strict=False)
    )


def _warning(provider: AnyProvider, unread: Unread, documented: bool | None, why: str | None) -> Warning:
    title = provider.title
    if unread.where == "json" and "[" in unread.name:
        what = "in JSON, brackets are part of a name; nest the objects and lists instead"
    elif why is not None:
        what = why
    elif documented:
        what = f"{title} documents it for this operation; the emulator does nothing with it"
    elif documented is None:
        what = f"whether {title} knows it is not known; the emulator does nothing with it"
    else:
        what = f"{title} does not document it for this operation"
    name = shortened(unread.name, LONGEST_NAME)
    return Warning(
        "parameter_not_read", f"`{name}` ({unread.where}) was not read: {what}", name=name, documented=documented
    )


# undoing a request when `strict` is on


def _state(exchange: Exchange[Any, Any]) -> tuple[Any, Any]:
    return exchange.store.snapshot(), exchange.outbox.snapshot()


def _undo(exchange: Exchange[Any, Any], before: tuple[Any, Any]) -> None:
    store, outbox = before
    exchange.store.restore(store)
    exchange.outbox.restore(outbox)
