"""Exams with sections, questions, attempts and answers."""

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
    """What a choice is matched to; `choice_id` is the right choice."""

    id: int
    text: str
    choice_id: int


class Exam(Record, frozen=True, kw_only=True):
    """The exam in a course item, whose dates are the exam's.

    Attributes:
        attempts: how often a student may take it; 0 is unlimited.
        minutes: the time limit of an attempt; None is unlimited.
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
    """`draw`: the number of questions that each user gets; None is all."""

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
    """An exam provisioned for a user, with the questions drawn. `taken`: attempts so far."""

    exam_id: int
    user_id: int
    questions: list[int]
    taken: int = 0


class Attempt(Record, frozen=True, kw_only=True):
    """A user's latest attempt. `token`: the required value of the header Pearson-Exam-Token."""

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
    """A user's answer: choices, matches or a text, depending on the type of the question."""

    attempt_id: int
    question_id: int
    choices: list[int] = []
    matches: list[Match] = []
    text: str = ""
