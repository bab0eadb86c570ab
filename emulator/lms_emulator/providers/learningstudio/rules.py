"""Rules: totals, what a student may see, and scoring of answers. No HTTP."""

from __future__ import annotations

import base64
import mimetypes
from datetime import datetime
from math import isfinite
from typing import TypeAlias

import msgspec

from lms_emulator.core import archives
from lms_emulator.core.clock import later
from lms_emulator.core.ids import Ids
from lms_emulator.providers.learningstudio.model.content import CourseItem, TopicResponse
from lms_emulator.providers.learningstudio.model.exams import Answer, Attempt, Exam, ExamSection, Question, UserExam
from lms_emulator.providers.learningstudio.model.section import LearningStudioStore


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """A student's course grade to date. `average` is a percentage of the points of what has been graded."""

    earned: float
    possible: float
    extra_credit: float

    @property
    def average(self) -> float:
        percent = 100 * (self.earned + self.extra_credit) / self.possible if self.possible else 0.0
        return round(percent, 2) if isfinite(percent) else 0.0  # the points may be tiny

    @property
    def letter(self) -> str:
        """A to F by tenths; empty before anything was graded. The scale is chosen."""
        if not self.possible:
            return ""
        steps = ((90, "A"), (80, "B"), (70, "C"), (60, "D"))
        return next((letter for least, letter in steps if self.average >= least), "F")


def totals(store: LearningStudioStore, course_id: int, user_id: int) -> Totals:
    """Add up what has been graded so far; extra credit counts as earned, not as possible."""
    earned = possible = extra = 0.0
    for item in store.gradebook_items.find("course", course_id):
        grade = store.grade_of(item, user_id)
        if grade is None or grade.points is None or not item.is_included_in_grade:
            continue
        if item.is_extra_credit:
            extra += grade.points
        else:
            earned += grade.points
            possible += item.points_possible
    return Totals(earned=earned, possible=possible, extra_credit=extra)


# --- content ---
def sees(store: LearningStudioStore, item: CourseItem, user_id: int, now: datetime) -> bool:
    """Whether a student can see an item: neither it nor its unit is hidden, outside its dates, or for another group."""
    unit = None if item.parent_id is None else store.course_items.get(item.parent_id)
    group = None if item.group_id is None else store.course_groups.get(item.group_id)
    if item.hidden or not item.is_shown(now) or (group is not None and user_id not in group.members):
        return False
    return unit is None or sees(store, unit, user_id, now)


def page_of(item: CourseItem, name: str) -> tuple[bytes, str] | None:
    """A page of an item's content, or a file beside it, and its media type.

    It is the item's text, or a file of the zip that was uploaded.
    """
    if name == item.page and item.text:
        return item.text.encode(), "text/html; charset=utf-8"
    if item.type != "webContentUpload" or not item.original:
        return None
    import zipfile

    try:
        with archives.opened(base64.b64decode(item.original)) as upload:
            return upload.read(name), media_type(name)
    except (zipfile.BadZipFile, KeyError):
        return None


def media_type(name: str) -> str:
    """The media type suggested by a file's name."""
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


# --- discussions ---
Thread: TypeAlias = dict[int | None, list[TopicResponse]]


def thread(store: LearningStudioStore, topic_id: int) -> Thread:
    """The posts of a topic by their parent; None is the topic itself."""
    found: Thread = {}
    for post in sorted(store.topic_responses.find("topic", topic_id), key=lambda post: (post.posted, post.id)):
        found.setdefault(post.parent_id, []).append(post)
    return found


def below(posts: Thread, parent: int | None, depth: int | None = None) -> list[TopicResponse]:
    """The posts below one post or the topic, each before its replies.

    Parameters: `depth`, the number of levels; None is all.
    """
    if depth == 0:
        return []
    deeper = None if depth is None else depth - 1
    return [response for post in posts.get(parent, []) for response in (post, *below(posts, post.id, deeper))]


def has_read(store: LearningStudioStore, post: TopicResponse, user_id: int) -> bool:
    """Whether the user has marked the post as read, or written it."""
    return post.author_id == user_id or (post.id, user_id) in store.response_reads


# --- exams ---
def drawn(store: LearningStudioStore, exam: Exam, ids: Ids) -> list[int]:
    """The questions drawn for a user: each section's number, or all of them."""
    found: list[int] = []
    for section in sections_of(store, exam):
        pool = [question.id for question in store.questions.find("section", section.id)]
        while section.draw is not None and len(pool) > section.draw:
            pool.pop(ids.integer(0, len(pool) - 1))
        found += pool
    return found


def sections_of(store: LearningStudioStore, exam: Exam) -> list[ExamSection]:
    """The sections of an exam in their order."""
    return sorted(store.exam_sections.find("exam", exam.id), key=lambda section: (section.order, section.id))


def minutes_for(store: LearningStudioStore, exam: Exam, user_id: int) -> int | None:
    """The user's time for an attempt; None is unlimited."""
    more = store.exam_extensions.get((exam.id, user_id))
    return None if exam.minutes is None else exam.minutes + (0 if more is None else more.minutes)


def deadline(store: LearningStudioStore, exam: Exam, attempt: Attempt) -> datetime | None:
    """The end of an attempt's time."""
    minutes = minutes_for(store, exam, attempt.user_id)
    return None if minutes is None else later(attempt.started, 60 * minutes)


def is_retakable(exam: Exam, own: UserExam) -> bool:
    """Whether the user may take the exam again."""
    return not exam.attempts or own.taken < exam.attempts


def earned(question: Question, answer: Answer | None) -> float | None:
    """The points of an answer; None for an essay, which has to be graded by hand.

    Each match earns its share of the points; several choices must all be right (both are chosen).
    """
    if question.type == "essay":
        return None
    if answer is None:
        return 0.0
    if question.type == "matching":
        given = {match.premise_id: match.choice_id for match in answer.matches}
        right = sum(given.get(premise.id) == premise.choice_id for premise in question.premises)
        return question.points * right / len(question.premises) if question.premises else 0.0
    if question.type in ("short", "fillInTheBlank"):
        text = answer.text.strip().casefold()
        return question.points if text in [item.strip().casefold() for item in question.accepted] else 0.0
    right_ones = {choice.id for choice in question.choices if choice.correct}
    return question.points if set(answer.choices) == right_ones else 0.0


def scores(store: LearningStudioStore, own: UserExam, attempt: Attempt) -> list[tuple[Question, float | None]]:
    """The user's questions with the points of an attempt's answers."""
    questions = [question for question in map(store.questions.get, own.questions) if question is not None]
    return [(question, earned(question, store.answers.get((attempt.id, question.id)))) for question in questions]
