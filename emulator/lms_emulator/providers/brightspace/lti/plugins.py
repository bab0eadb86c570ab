"""Remote plugins: LTI 1.1 links with a place in Brightspace's pages, some of which choose content.

Sources: https://docs.valence.desire2learn.com/ui-ext/rplugins.html (the kinds); D2L's own plugins:
Brightspace/sample-remote-plugins-test-service csharp/RemotePluginsTestService/Views/Shared/IsfSelector.cshtml and
QuickLinksSelector.cshtml (what comes back in the query, which replaces that of the return URL),
Brightspace/sample-CourseBuilder-RemotePlugin index.php and createLinks.php (`ou` and `parentNode` in the return URL;
the plugin creates content by REST).
"""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.brightspace import refusals, rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import inserting
from lms_emulator.providers.brightspace.model import LegacyLink, OrgUnit, User

CHOOSING = ("coursebuilder", "isf", "quicklink")


def return_url(call: Call, user: User, unit: OrgUnit, link: LegacyLink) -> str:
    """The `launch_presentation_return_url`. Raises the page for a plugin that is not opened as it has to be."""
    if link.plugin not in CHOOSING:
        return call.url(f"/d2l/home/{unit.id}")
    rules.require_placing(call, user, unit)
    address = call.url(f"/d2l/le/lti/{unit.id}/plugins/{link.id}/return")
    where = inserting.opened_at(call, unit)
    if link.plugin != "coursebuilder":  # the answer replaces the query: the path has to say where it goes
        return "/".join([address, *(f"{kind}/{key}" for kind, key in list(where.items())[:1])])
    if "module" not in where:
        raise refusals.page_not_found("parentNode is a module of the org unit")
    return add_query(address, [("ou", unit.id), ("parentNode", where["module"])])


def chosen(call: Call, link: LegacyLink) -> list[dict[str, Any]]:
    """What a plugin chose, as content items. Raises the page if it is missing."""
    if link.plugin == "coursebuilder":
        return []
    name = "content" if link.plugin == "isf" else "quickLink"
    text = call.query.get(name, "")
    if not call.check(f"{name} is given", bool(text), got=call.query_string.decode("latin-1")):
        raise refusals.lti_page("plugin_chose_nothing", "The content is not valid.", expected=name)
    if link.plugin == "isf":
        return [{"type": "html", "html": text}]
    return [{"type": "link", "url": text, "title": call.query.get("title", ""), "target": call.query.get("target", "")}]
