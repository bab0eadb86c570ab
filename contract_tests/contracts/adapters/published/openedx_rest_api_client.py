"""openedx-rest-api-client: a service that reads grades and enrols by e-mail address, in its own environment.

It pins releases of requests and urllib3 that other clients do not want beside them.
"""

from __future__ import annotations

import atexit
import json
import subprocess
from typing import Any, ClassVar

from ...outcomes import Refused
from ...targets import Unavailable
from ..wire import openedx


class OpenedxRestApiClient(openedx.OpenEdx):
    """Staff operations, by a client whose own credentials belong to the same account."""

    WHY_WIRE = (
        "it gets its tokens itself, by client credentials, and gives them to nobody: what is asked with another "
        "account's token goes by the wire, as does what it has no method for"
    )

    _process: ClassVar[subprocess.Popen[str] | None] = None

    @classmethod
    def prepare(cls) -> None:
        """Start the process that has the client. Raises Unavailable."""
        if cls._process is not None:
            return
        try:
            from ....oracles.launcher import HERE, CannotBuild, environment
        except ImportError as error:
            raise Unavailable("the client's environment is only in a checkout of the repository") from error
        try:
            interpreter = environment("openedx_clients")
        except CannotBuild as error:
            raise Unavailable(f"no environment for the client: {error}") from error
        command = [str(interpreter), "-W", "ignore", str(HERE / "openedx_clients" / "serve.py")]
        pipe = subprocess.PIPE
        cls._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        atexit.register(cls._process.communicate)

    def enroll(self, token: str, username: str, course: str, active: bool) -> Refused | None:
        if not self._is_own(token):
            return super().enroll(token, username, course, active)
        done = self._ask("change_enrollment", [username], [course], "enroll" if active else "unenroll")
        if "status_code" in done:
            return Refused(status=done["status_code"])
        (result,) = done["courses"][course]["results"]
        assert result["after"]["enrollment"] is active
        return None

    def course_grade(self, token: str, username: str, course: str) -> float | Refused:
        if not self._is_own(token):
            return super().course_grade(token, username, course)
        found = self._ask("get_course_grades", course, username)
        return Refused(status=found["refused"]) if "refused" in found else float(found[0]["percent"])

    def _is_own(self, token: str) -> bool:
        """Whether a token belongs to the account of the client's own credentials."""
        return bool(self.me("Bearer", token) == self.facts["clients"]["client_credentials"]["user"])

    def _ask(self, method: str, *arguments: Any) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        own = self.facts["clients"]["client_credentials"]
        call = [self.base, own["client_id"], own["client_secret"], method, *arguments]
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
