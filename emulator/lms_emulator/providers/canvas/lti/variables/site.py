"""Variables about the site, the tool, and the launch's own parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.lti.sealed_numbers import sealed
from lms_emulator.providers.canvas.lti.variables.scene import Scene, required
from lms_emulator.providers.canvas.rules import people, tools

STYLES = "/dist/brandable_css/default/variables-7dd4b80918af0e0218ec0229e4bd5873"
COMMON = "/dist/brandable_css/no_variables/bundles/common-0000000000.css"
SUBMISSION = "api/lti/assignments/{assignment_id}/submissions/{submission_id}"


def _activity(kind: str) -> Callable[[Scene], str]:
    """A URL that accepts the user's activity in the course."""

    def find(scene: Scene) -> str:
        numbers = (scene.tool.id, scene.person.id, scene.course.id, int(scene.call.clock.timestamp()))
        return scene.call.url(f"/api/lti/v1/{kind}/{sealed(scene.call.ids.hex(16), *numbers)}")

    return find


def _logout(scene: Scene) -> str:
    login = people.login_of(scene.call.store, scene.person)
    numbers = (scene.tool.id, required(login).id, int(scene.call.clock.timestamp()))
    return scene.call.url(f"/api/lti/v1/logout_service/{sealed(scene.call.ids.hex(16), *numbers)}")


def _installed_at(scene: Scene) -> str:
    kind, number = tools.place_of(scene.call.store, scene.tool)
    return scene.call.url(f"/api/v1/{kind.lower()}s/{number}/external_tools/{scene.tool.id}")


def _members(scene: Scene) -> str:
    return scene.call.url(f"/api/v1/collaborations/{required(scene.collaboration).id}/members")


def _from_editor(name: str) -> Callable[[Scene], str | None]:
    """What an editor passed; both variables are left unexpanded if its text is empty."""

    def find(scene: Scene) -> str | None:
        required(scene.asked.get("editor_contents") or None)
        return scene.asked.get(name)

    return find


VALUES: dict[str, Callable[[Scene], Any]] = {
    "Canvas.shard.id": lambda _: 1,
    "Canvas.api.domain": lambda s: s.call.authority,
    "Canvas.api.baseUrl": lambda s: s.call.base_url,
    "Canvas.api.collaborationMembers.url": _members,
    "Canvas.externalTool.global_id": lambda s: global_id(s.tool.id),
    "Canvas.externalTool.url": _installed_at,
    "Canvas.xapi.url": _activity("xapi"),
    "Caliper.url": _activity("caliper"),
    "Canvas.logoutService.url": _logout,
    "Canvas.css.common": lambda s: s.call.url(COMMON),
    "com.instructure.brandConfigJSON": lambda _: None,
    "com.instructure.brandConfigJSON.url": lambda _: f"{STYLES}.json",
    "com.instructure.brandConfigJS.url": lambda _: f"{STYLES}.js",
    "com.instructure.PostMessageToken": lambda s: s.call.ids.uuid(),
    "com.instructure.RCS.app_host": lambda s: required(s.call.settings.rich_content_host or None),
    "com.instructure.Editor.contents": _from_editor("editor_contents"),
    "com.instructure.Editor.selection": _from_editor("selection"),
    "Message.locale": lambda s: people.effective_locale(s.user) if s.user is not None else "en",
    "Message.documentTarget": lambda _: "iframe",
    "ToolConsumerInstance.guid": lambda s: f"{s.school.guid}:canvas-lms",
    "vnd.Canvas.submission.url": lambda _: SUBMISSION,
    "vnd.Canvas.submission.history.url": lambda _: f"{SUBMISSION}/history",
    "vnd.Canvas.OriginalityReport.url": lambda _: f"{SUBMISSION}/originality_report",
}

NEWER: dict[str, Callable[[Scene], Any]] = {
    "Canvas.environment.test": lambda _: False,
}
"""Variables added after June 2023."""
