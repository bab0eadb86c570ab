"""Every operation of LearningStudio."""

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio.routes import (
    announcements,
    attempts,
    courses,
    discussions,
    documents,
    dropboxes,
    eventing,
    exams,
    gradebook,
    grades,
    items,
    people,
    threads,
    tokens,
)

ROUTES: tuple[Route, ...] = (
    *tokens.ROUTES,
    *people.ROUTES,
    *courses.ROUTES,
    *announcements.ROUTES,
    *items.ROUTES,
    *documents.ROUTES,
    *discussions.ROUTES,
    *threads.ROUTES,
    *dropboxes.ROUTES,
    *exams.ROUTES,
    *attempts.ROUTES,
    *gradebook.ROUTES,
    *eventing.ROUTES,
    *grades.ROUTES,
)
