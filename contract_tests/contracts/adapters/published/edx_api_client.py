"""mitodl's edx-api-client: calls Open edX's REST APIs with an opaque token."""

from __future__ import annotations

import requests

from ...outcomes import Refused
from ..wire import openedx


class EdxApiClient(openedx.OpenEdx):
    """Who a Bearer token stands for, as the owner of the first enrolment or of the empty list it may read."""

    WHY_WIRE = (
        "it calls REST APIs with a token it is given: of the port it could only enrol besides, "
        "which the `openedx` machine does not do"
    )

    def me(self, scheme: str | None, token: str) -> str | Refused:
        plain = super().me(scheme, token)
        if scheme != "Bearer" or " " in token or not token or self.facts.get("course_id") is None:
            return plain
        from edx_api.client import EdxApi

        try:
            api = EdxApi({"access_token": token}, self.base)
            enrolled = api.enrollments.get_student_enrollments()
        except requests.HTTPError as error:
            assert error.response is not None
            assert isinstance(plain, Refused), "the client is refused what the plain request may do"
            assert plain.status == error.response.status_code
            return plain
        assert not isinstance(plain, Refused), f"the client may do what the plain request may not: {plain}"
        assert all(one.user == plain for one in enrolled.enrollments.values())
        return plain
