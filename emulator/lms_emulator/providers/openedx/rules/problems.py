"""Learners' work on problems: answering, resetting, overriding.

Source: edx-platform `xmodule/capa_block.py` (submit_problem); `fixtures/recordings/openedx-2`, learn.jsonl and
instr.jsonl 382-401.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from lms_emulator.providers.openedx.model.courseware import Block, BlockState, Question
from lms_emulator.providers.openedx.model.section import OpenedxStore


def state(store: OpenedxStore, username: str, usage: str) -> BlockState:
    """A learner's work on a block, empty before there is any."""
    return store.block_states.get((username, usage)) or BlockState(user=username, block=usage)


def is_right(question: Question, answer: str) -> bool:
    """Whether an answer is the right one."""
    if question.kind == "choice":
        return answer == question.answer
    try:
        return float(answer) == float(question.answer)
    except ValueError:
        return False


def is_closed(block: Block, work: BlockState) -> bool:
    """Whether no more attempts are left."""
    return block.max_attempts is not None and work.attempts >= block.max_attempts


def answer(
    store: OpenedxStore, username: str, usage: str, block: Block, given: Mapping[str, str], now: datetime
) -> BlockState:
    """Keep an answer, and what it earned."""
    work = state(store, username, usage)
    question = block.question
    text = next(iter(given.values()), "")
    right = question is not None and is_right(question, text)
    return store.block_states.put(
        replace(
            work,
            answers=dict(given),
            attempts=work.attempts + 1,
            earned=block.weight if right else 0.0,
            possible=block.weight,
            completion=1.0,
            modified=now,
        )
    )


def reset(store: OpenedxStore, username: str, usage: str, *, whole: bool) -> None:
    """Forget how often a problem was answered; with `whole`, all that was done on it."""
    work = store.block_states.get((username, usage))
    if work is None:
        return
    if whole:
        store.block_states.delete((username, usage))
    else:
        store.block_states.put(replace(work, attempts=0))


def override(store: OpenedxStore, username: str, usage: str, score: float, now: datetime) -> None:
    """Put another score in the place of the earned one."""
    work = state(store, username, usage)
    possible = 1.0 if work.possible is None else work.possible
    store.block_states.put(replace(work, earned=score, possible=possible, modified=now))
