"""mitodl's edx-api-client: calls Open edX's REST APIs with an opaque token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from ...outcomes import Refused
from ..wire import openedx

MODE = "honor"
"""The mode of the course. The client always names one; without a name a course's default is taken."""


class EdxApiClient(openedx.OpenEdx):
    """Enrolments, grades and names; and the user behind a Bearer token, found by the enrolments it may read."""

    WHY_WIRE = (
        "it calls REST APIs with a token it is given, and knows neither OAuth 2.0 nor discussions; of retirement it "
        "knows a call of MIT's own plugin"
    )

    def me(self, scheme: str | None, token: str) -> str | Refused:
        plain = super().me(scheme, token)
        if scheme != "Bearer" or " " in token or not token or self.facts.get("course_id") is None:
            return plain
        enrolled = self._done(token, lambda api: api.enrollments.get_student_enrollments())
        if isinstance(enrolled, Refused):
            assert isinstance(plain, Refused), "the client is refused what the plain request may do"
            assert plain.status == enrolled.status
            return plain
        assert not isinstance(plain, Refused), f"the client may do what the plain request may not: {plain}"
        assert all(enrollment.user == plain for enrollment in enrolled.enrollments.values())
        return plain

    def enroll(self, token: str, username: str, course: str, active: bool) -> Refused | None:
        if active:
            made = self._done(token, lambda api: api.enrollments.create_student_enrollment(course, MODE, username))
        else:
            made = self._done(token, lambda api: api.enrollments.deactivate_enrollment(course, username))
        return made if isinstance(made, Refused) else None

    def course_grade(self, token: str, username: str, course: str) -> float | Refused:
        found = self._done(token, lambda api: api.current_grades.get_student_current_grade(username, course))
        return found if isinstance(found, Refused) else float(found.percent)

    def rename(self, token: str, username: str, name: str) -> Refused | None:
        changed = self._done(token, lambda api: api.user_info.update_user_name(username, name))
        if isinstance(changed, Refused):
            return changed
        assert changed.name == name
        return None

    def _done(self, token: str, call: Callable[[Any], Any]) -> Any | Refused:
        from edx_api.client import EdxApi

        try:
            return call(EdxApi({"access_token": token}, self.base))
        except requests.HTTPError as error:
            assert error.response is not None
            return Refused(status=error.response.status_code)
