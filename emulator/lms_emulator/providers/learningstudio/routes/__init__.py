"""Every operation of LearningStudio."""

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio.routes import announcements, courses, grades, items, people, tokens

ROUTES: tuple[Route, ...] = (
    *tokens.ROUTES,
    *people.ROUTES,
    *courses.ROUTES,
    *announcements.ROUTES,
    *items.ROUTES,
    *grades.ROUTES,
)
