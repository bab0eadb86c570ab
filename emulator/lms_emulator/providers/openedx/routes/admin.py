"""`/admin/`: sign-in hand-over, index, lists with search, add, change and delete.

Sources: Django 4.2 `django/contrib/admin`; `fixtures/recordings/openedx`: extra.jsonl 16-26, main.jsonl 1328-1385
.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.not_emulated import not_here
from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.admin.base import Model
from lms_emulator.providers.openedx.admin.forms import Form, fresh, posted
from lms_emulator.providers.openedx.admin.models import MODELS
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import csrf, methods, session

_PAGE_OF_A_MODEL = re.compile(r"(add|[0-9]+(/change|/delete)?)?")
NEVER_CACHE = "max-age=0, no-cache, no-store, must-revalidate, private"


def never_cached(response: Response) -> Response:
    """The answer with headers that forbid caching."""
    response.headers["cache-control"] = NEVER_CACHE
    return response


def _guarded(handler: Callable[[Call], Response]) -> Callable[[Call], Response]:
    """Admit only staff; others are redirected to sign in, as in the admin site."""

    def guard(call: Call) -> Response:
        user = session.current(call).user
        if user is None or not user.is_staff or not user.is_active:
            current_url = quote(
                wire.with_query(call, quote(f"{call.prefix}{call.path}", safe=wire.SAFE_IN_PATH)), safe="/"
            )
            return never_cached(wire.redirect(f"{call.prefix}/admin/login/?next={current_url}"))
        if call.method not in ("GET", "HEAD"):
            methods.check_csrf(call)
        return never_cached(handler(call))

    return guard


def _require_superuser(call: Call) -> None:
    user = session.current(call).user
    if user is None or not user.is_superuser:
        raise refusals.OpenedxRefusal(
            "admin_permission_denied",
            status=403,
            style="forbidden-page",
            check="model permissions",
            expected="superuser",
            got=user.username if user is not None else None,
        )


def login(call: Call) -> Response:
    """Hand over to the site's sign-in page. The requested page is lost on the way, as on the real site."""
    user = session.current(call).user
    if user is not None and not user.is_staff:
        raise refusals.OpenedxRefusal(
            "admin_needs_staff",
            status=403,
            style="page",
            body=(
                "message.html",
                {
                    "title": "Not authorized",
                    "heading": "Not authorized",
                    "text": f"You are authenticated as {user.username}, but are not authorized to access this page.",
                },
            ),
            check="is_staff",
            expected=True,
            got=False,
            diagnosis="sign out, and in again as a member of staff",
        )
    return wire.redirect(f"{call.prefix}/login?next={call.prefix}/admin")


def _page(call: Call, template: str, **values: Any) -> Response:
    token = csrf.form_token(call, set_by_view=True)
    return pages.page(call, f"admin/{template}", csrf_token=token, messages=session.take_messages(call), **values)


def index(call: Call) -> Response:
    """The index of kinds of records."""
    user = session.current(call).user
    models = MODELS if user is not None and user.is_superuser else ()
    apps: dict[str, list[Model]] = {}
    for model in models:
        apps.setdefault(model.app_title, []).append(model)
    return _page(call, "index.html", title="Site administration", apps=sorted(apps.items()))


def app_index(call: Call) -> Response:
    """The index of one app."""
    models = [model for model in MODELS if model.app == call.path_params["app"]]
    if not models:
        raise refusals.page_not_found(call.path)
    _require_superuser(call)
    title = models[0].app_title
    return _page(call, "index.html", title=f"{title} administration", apps=[(title, models)])


def to_form(call: Call) -> Response:
    """The address of a record leads to its form."""
    return wire.redirect(f"{call.prefix}{_model(call).url}{call.path_params['number']}/change/")


def elsewhere(call: Call) -> Response:
    """A page that does not exist, or one without its final slash."""
    app, _, rest = call.path_params["rest"].partition("/")
    name, _, rest = rest.partition("/")
    known = [model for model in MODELS if model.app == app and name in ("", model.name)]
    if known and not call.path.endswith("/") and _PAGE_OF_A_MODEL.fullmatch(rest):
        return wire.redirect(wire.with_query(call, f"{call.prefix}{call.path}/"), 301)
    raise refusals.page_not_found(call.path)


def _model(call: Call) -> Model:
    for model in MODELS:
        if (model.app, model.name) == (call.path_params["app"], call.path_params["model"]):
            return model
    raise refusals.page_not_found(call.path)


def changelist(call: Call) -> Response:
    """The records of a kind, with a search."""
    model = _model(call)
    _require_superuser(call)
    query = call.query.get("q", "")
    records = model.found(call, query)
    return _page(
        call,
        "list.html",
        title=f"Select {model.single} to {'change' if model.editable else 'view'}",
        model=model,
        query=query,
        rows=[(record.id if model.editable else None, model.row(call, record)) for record in records],
        total=len(model.records(call)),
    )


def add(call: Call) -> Response:
    """An empty form, or a new record from a filled one."""
    model = _editable(call)
    if call.method != "POST":
        return _form_page(call, model, fresh(model.fields(call), model.defaults(call)), None)
    form = _posted(call, model)
    record = model.save(call, form, None)
    if record is None:
        return _form_page(call, model, form, None)
    return _saved(call, model, form, record, "added")


def change(call: Call) -> Response:
    """The form of a record, or the record changed."""
    model = _editable(call)
    record = _record(call, model)
    if call.method != "POST":
        return _form_page(call, model, fresh(model.fields(call), model.values(call, record)), record)
    form = _posted(call, model)
    saved = model.save(call, form, record)
    if saved is None:
        return _form_page(call, model, form, record)
    return _saved(call, model, form, saved, "changed")


def delete(call: Call) -> Response:
    """Ask for confirmation, then delete the record; any field confirms."""
    model = _editable(call)
    record = _record(call, model)
    if call.method != "POST" or not call.form():
        return _page(call, "delete.html", title="Delete", model=model, label=model.label(record), number=record.id)
    call.reads.add("post")
    model.delete(call, record)
    text = f"The {model.single} “{escape(model.label(record))}” was deleted successfully."
    session.add_message(call, "success", text)
    return wire.redirect(f"{call.prefix}{model.url}")


def _editable(call: Call) -> Model:
    model = _model(call)
    _require_superuser(call)
    if not model.editable:
        raise not_here(call)
    return model


def _record(call: Call, model: Model) -> Any:
    record = model.by_id(call, call.path_params["number"])
    if record is None:
        raise refusals.page_not_found(call.path)
    return record


def _posted(call: Call, model: Model) -> Form:
    try:
        return posted(call, model.fields(call))
    except BodyError as error:
        raise refusals.parse_error(str(error)) from None


def _form_page(call: Call, model: Model, form: Form, record: Any) -> Response:
    return _page(
        call,
        "form.html",
        title=f"{'Add' if record is None else 'Change'} {model.single}",
        model=model,
        form=form,
        number=record.id if record is not None else None,
        label=model.label(record) if record is not None else "",
    )


def _saved(call: Call, model: Model, form: Form, record: Any, done: str) -> Response:
    place = f"{call.prefix}{model.url}{record.id}/change/"
    link = f'The {model.single} “<a href="{place}">{escape(model.label(record))}</a>” was {done} successfully.'
    if "_addanother" in form.values:
        link += f" You may add another {model.single} below."
        target = f"{call.prefix}{model.url}add/"
    elif "_continue" in form.values:
        link += " You may edit it again below."
        target = place
    else:
        target = f"{call.prefix}{model.url}"
    session.add_message(call, "success", link)
    return wire.redirect(target)


FAMILY = Family("/admin", tag="admin", source=recorded("main", 1353, 1355))
_DOCUMENTED: Any = {
    "evidence": "documented",
    "source": "django/django 4.2 django/contrib/admin/sites.py, AdminSite.get_urls",
}
_RECORD = "/{app}/{model}/{number:int}"

ROUTES = (
    FAMILY.page("/", _guarded(index), "Admin index", "GET"),
    FAMILY.page("/login/", login, "Redirect to the site's sign-in", "GET"),
    FAMILY.page("/{app}/{model}/", _guarded(changelist), "Records of a kind, with search", "GET"),
    FAMILY.page("/{app}/{model}/add/", _guarded(add), "Add a record", "GET", "POST"),
    FAMILY.page(f"{_RECORD}/change/", _guarded(change), "Change a record", "GET", "POST"),
    FAMILY.page(f"{_RECORD}/delete/", _guarded(delete), "Delete a record", "GET", "POST"),
    FAMILY.page("/{app}/", _guarded(app_index), "Admin index of one app", "GET", **_DOCUMENTED),
    FAMILY.page(f"{_RECORD}/", _guarded(to_form), "Redirect to a record's form", "GET", **_DOCUMENTED),
    FAMILY.page("/{rest:path}", _guarded(elsewhere), "Any other admin page: 404 when signed in", "GET", **_DOCUMENTED),
)
