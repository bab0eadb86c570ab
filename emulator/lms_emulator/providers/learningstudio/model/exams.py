"""Exams: their sections and questions, who takes them, attempts and answers."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record

QuestionType = Literal[
    "trueFalse", "multipleChoice", "manyMultipleChoice", "matching", "short", "essay", "fillInTheBlank"
]


class Choice(Record, frozen=True, kw_only=True):
    """`correct` does not count in a matching question."""

    id: int
    text: str
    correct: bool = False


class Premise(Record, frozen=True, kw_only=True):
    """What a choice is matched to, and the right one."""

    id: int
    text: str
    choice_id: int


class Exam(Record, frozen=True, kw_only=True):
    """The exam in a course item, whose dates are the exam's.

    Attributes:
        attempts: how often a student may take it; 0 is without limit.
        minutes: of an attempt; None is without limit.
        review: when students see their grade.
    """

    id: int
    item_id: int
    title: str = ""
    description: str = ""
    attempts: int = 1
    minutes: int | None = None
    password: str = ""
    review: Instant | None = None


class ExamExtension(Record, frozen=True, kw_only=True):
    """More time for one user."""

    exam_id: int
    user_id: int
    minutes: int


class ExamSection(Record, frozen=True, kw_only=True):
    """`draw`: how many questions each user gets of it; None is all."""

    id: int
    exam_id: int
    title: str = ""
    order: int = 0
    draw: int | None = None


class Question(Record, frozen=True, kw_only=True):
    """`accepted`: right answers to a short question or a blank, in any case of letters."""

    id: int
    section_id: int
    type: QuestionType
    text: str
    points: float = 1.0
    choices: list[Choice] = []
    premises: list[Premise] = []
    accepted: list[str] = []


class UserExam(Record, frozen=True, kw_only=True):
    """An exam that was provisioned for a user, with the questions that were drawn. `taken`: attempts so far."""

    exam_id: int
    user_id: int
    questions: list[int]
    taken: int = 0


class Attempt(Record, frozen=True, kw_only=True):
    """A user's latest attempt. `token`: what the header Pearson-Exam-Token must be."""

    id: int
    exam_id: int
    user_id: int
    token: str
    started: Instant
    completed: Instant | None = None


class Match(Record, frozen=True, kw_only=True):
    premise_id: int
    choice_id: int


class Answer(Record, frozen=True, kw_only=True):
    """A user's answer: choices, matches or a text, as the type of the question wants."""

    attempt_id: int
    question_id: int
    choices: list[int] = []
    matches: list[Match] = []
    text: str = ""
