"""What Pearson's Java library of 2014 sends and reads: `java_library.tsv`.

A row is a public method of `ContentService`, `GradeService` or `ExamService` with its parameters, who may call it by
the library's manual, the request that it makes, and what the answer must be: the name of its wrapper, with `[]`
behind it for a list; `204`; or a media type. Source: PearsonDevelopersNetwork/LearningStudio-Libraries-Java. Methods
that make several requests, and read one answer to send the next, are functions in the tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_TOPIC = "/threadeddiscussions/{thread}/topics/{topic}"
_SHORT = {
    "OWN": "/users/{user}/courses/{course}",
    "EXAM": "/users/{user}/courses/{course}/exams/{exam}",
    "THREAD": "/threadeddiscussions/{thread}",
    "TOPIC": _TOPIC,
    "POST": f"{_TOPIC}/responses/{{response}}",
    "VIEWS": f"{_TOPIC}/userviewresponses",
    "BOOK": "/courses/{course}/gradebook",
    "CATEGORY": "/courses/{course}/gradebook/customCategories/{category}",
    "ITEM": "/courses/{course}/gradebookItems/{item}",
}
"""Beginnings of paths, which the table names in capitals."""


class Method(NamedTuple):
    """A public method that makes one request."""

    name: str
    who: str
    verb: str
    path: str
    answer: str


def methods(service: str) -> list[Method]:
    """Those of `content`, `grades` or `exams`."""
    found, current = [], ""
    for line in Path(__file__).with_suffix(".tsv").read_text().splitlines():
        if line.startswith("# "):
            current = line[2:]
        elif current == service:
            name, who, verb, path, answer = line.split("\t")
            for short, whole in _SHORT.items():
                path = path.replace(f"{{{short}}}", whole)
            found.append(Method(name, who, verb, path, answer))
    return found
