"""Notices to tools (Platform Notification Service): about copied courses, and about work for asset processors.

Sources: https://community.d2l.com/brightspace/kb/articles/26215 (the types; enabled at the registration and at the
deployment, and each type at the deployment); claims after 1EdTech Platform Notification Service 1.0. The address of
the handlers is chosen: tools read it from a launch.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from lms_emulator.lti.notices import Notices
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import claims, sharing
from lms_emulator.providers.brightspace.lti.keys import KEYS
from lms_emulator.providers.brightspace.model import Deployment, OrgUnit
from lms_emulator.providers.brightspace.wire import when
from lms_emulator.signing import lti13


class BrightspaceNotices(Notices[Call, Deployment]):
    """A deployment subscribes."""

    keys: ClassVar[RotatingKeys] = KEYS
    title: ClassVar[str] = "Brightspace"
    azp: ClassVar[bool] = False

    def types(self, call: Call, tool: Deployment) -> Sequence[str]:
        return claims.notice_types(call, tool)

    def url(self, call: Call, tool: Deployment) -> str:
        return claims.notices_url(call, tool)

    def key(self, tool: Deployment) -> str:
        return tool.id

    def client_id(self, tool: Deployment) -> str:
        return tool.client_id

    def deployment_id(self, call: Call, tool: Deployment) -> str:
        return tool.id

    def name(self, tool: Deployment) -> str:
        return tool.name

    def issuer(self, call: Call) -> str:
        return call.base_url

    def stamp(self, at: datetime) -> str:
        return when(at) or ""


NOTICES = BrightspaceNotices()


def copied(call: Call, source: OrgUnit, target: OrgUnit) -> None:
    """Notify the tools of a course that another was copied into it, without the courses if it withholds them."""
    for deployment in sharing.usable_in(call, target):
        if not claims.offers(call, deployment, "notices") or lti13.CONTEXT_COPY_NOTICE not in NOTICES.types(
            call, deployment
        ):
            continue
        about: dict[str, Any] = {}
        if deployment.send_org_unit:
            about = {
                f"{lti13.CLAIM}context": claims.context(target),
                f"{lti13.CLAIM}origin_contexts": [str(source.id)],
            }
        NOTICES.send(call, deployment, lti13.CONTEXT_COPY_NOTICE, call.clock.now(), about)
