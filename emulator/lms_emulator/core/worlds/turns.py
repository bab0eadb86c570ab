"""Serialises the work on one world.

Long work runs in a thread, so that the event loop goes on answering. Nothing else works on the same world
meanwhile: requests are answered one after the other, as if there were no thread.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache, partial
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Turns:
    """The turns of one world: at most one piece of long work at a time."""

    __slots__ = ("_alone", "_work")

    def __init__(self) -> None:
        self._work: Future[Any] | None = None
        self._alone = threading.Lock()

    @property
    def taken(self) -> bool:
        """Whether long work is in progress."""
        return self._in_progress() is not None

    def _in_progress(self) -> Future[Any] | None:
        work = self._work
        if work is not None and work.done():
            work = self._work = None
        return work

    async def free(self) -> None:
        """Wait until no long work is in progress."""
        while (work := self._in_progress()) is not None:
            await asyncio.wait([asyncio.wrap_future(work)])

    async def short(self, work: Callable[[], T]) -> T:
        """Run it here, once it is its turn."""
        if _loop() is None:
            return self._after_it(work)
        await self.free()
        return work()

    async def long(self, work: Callable[[], T]) -> T:
        """Run it in a thread, once it is its turn. It outlives a caller that goes away.

        Without an event loop it runs here: there is nothing to block.
        """
        if _loop() is None:
            return self._after_it(work)
        await self.free()
        self._work = _threads().submit(_without_collection, partial(self._by_itself, work))
        return await asyncio.shield(asyncio.wrap_future(self._work))

    def _after_it(self, work: Callable[[], T]) -> T:
        if (before := self._work) is not None:
            wait([before])
        return self._by_itself(work)

    def _by_itself(self, work: Callable[[], T]) -> T:
        with self._alone:
            return work()

    async def play(self, work: Coroutine[Any, Any, T] | Generator[Any, Any, T], is_long: Callable[[], bool]) -> T:
        """Run a coroutine that waits by `outside` only, step by step: each step is a turn.

        Parameters: `is_long`, called before each step: whether it has to run in a thread.
        """
        step: Callable[[Any], Any] = work.send
        given: Any = None
        while True:
            if self._work is not None:
                await self.free()
            over, found = await self.long(partial(_step, step, given)) if is_long() else _step(step, given)
            if over:
                result: T = found
                return result
            try:
                step, given = work.send, await found()
            except BaseException as error:
                step, given = work.throw, error


@coroutine
def outside(wait: Callable[[], Awaitable[T]]) -> Generator[Callable[[], Awaitable[T]], T, T]:
    """Await something on the event loop. Others may have their turn meanwhile."""
    return (yield wait)


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _step(step: Callable[[Any], Any], given: Any) -> tuple[bool, Any]:
    try:
        return False, step(given)
    except StopIteration as end:
        return True, end.value


@cache
def _threads() -> ThreadPoolExecutor:
    """An executor apart from the event loop's, which may end before the work does."""
    return ThreadPoolExecutor(thread_name_prefix="lms-emulator")


if hasattr(os, "register_at_fork"):
    # A forked process (of a parallel test runner, say) has none of its parent's threads.
    os.register_at_fork(after_in_child=_threads.cache_clear)


_lock = threading.Lock()
_working = 0
_collects = True


def _without_collection(work: Callable[[], T]) -> T:
    """Run it without the garbage collector, which would block every thread while it scans what is being built."""
    global _working, _collects
    with _lock:
        if not _working:
            _collects = gc.isenabled()
            gc.disable()
        _working += 1
    try:
        return work()
    finally:
        with _lock:
            _working -= 1
            if not _working and _collects:
                gc.enable()


__all__ = ["Turns", "outside"]
