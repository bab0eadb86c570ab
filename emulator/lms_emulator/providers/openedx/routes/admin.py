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

    def guard(x: Call) -> Response:
        user = session.current(x).user
        if user is None or not user.is_staff or not user.is_active:
            current_url = quote(wire.with_query(x, quote(f"{x.prefix}{x.path}", safe=wire.SAFE_IN_PATH)), safe="/")
            return never_cached(wire.redirect(f"{x.prefix}/admin/login/?next={current_url}"))
        if x.method not in ("GET", "HEAD"):
            methods.check_csrf(x)
        return never_cached(handler(x))

    return guard


def _require_superuser(x: Call) -> None:
    user = session.current(x).user
    if user is None or not user.is_superuser:
        raise refusals.OpenedxRefusal(
            "admin_permission_denied",
            status=403,
            style="forbidden-page",
            check="model permissions",
            expected="superuser",
            got=user.username if user is not None else None,
        )


def login(x: Call) -> Response:
    """Hand over to the site's sign-in page. The requested page is lost on the way, as on the real site."""
    user = session.current(x).user
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
    return wire.redirect(f"{x.prefix}/login?next={x.prefix}/admin")


def _page(x: Call, template: str, **values: Any) -> Response:
    token = csrf.form_token(x, set_by_view=True)
    return pages.page(x, f"admin/{template}", csrf_token=token, messages=session.take_messages(x), **values)


def index(x: Call) -> Response:
    """The index of kinds of records."""
    user = session.current(x).user
    models = MODELS if user is not None and user.is_superuser else ()
    apps: dict[str, list[Model]] = {}
    for model in models:
        apps.setdefault(model.app_title, []).append(model)
    return _page(x, "index.html", title="Site administration", apps=sorted(apps.items()))


def app_index(x: Call) -> Response:
    """The index of one app."""
    models = [model for model in MODELS if model.app == x.path_params["app"]]
    if not models:
        raise refusals.page_not_found(x.path)
    _require_superuser(x)
    title = models[0].app_title
    return _page(x, "index.html", title=f"{title} administration", apps=[(title, models)])


def to_form(x: Call) -> Response:
    """The address of a record leads to its form."""
    return wire.redirect(f"{x.prefix}{_model(x).url}{x.path_params['number']}/change/")


def elsewhere(x: Call) -> Response:
    """A page that does not exist, or one without its final slash."""
    app, _, rest = x.path_params["rest"].partition("/")
    name, _, rest = rest.partition("/")
    known = [model for model in MODELS if model.app == app and name in ("", model.name)]
    if known and not x.path.endswith("/") and _PAGE_OF_A_MODEL.fullmatch(rest):
        return wire.redirect(wire.with_query(x, f"{x.prefix}{x.path}/"), 301)
    raise refusals.page_not_found(x.path)


def _model(x: Call) -> Model:
    for model in MODELS:
        if (model.app, model.name) == (x.path_params["app"], x.path_params["model"]):
            return model
    raise refusals.page_not_found(x.path)


def changelist(x: Call) -> Response:
    """The records of a kind, with a search."""
    model = _model(x)
    _require_superuser(x)
    query = x.query.get("q", "")
    records = model.found(x, query)
    return _page(
        x,
        "list.html",
        title=f"Select {model.single} to {'change' if model.editable else 'view'}",
        model=model,
        query=query,
        rows=[(record.id if model.editable else None, model.row(x, record)) for record in records],
        total=len(model.records(x)),
    )


def add(x: Call) -> Response:
    """An empty form, or a new record from a filled one."""
    model = _editable(x)
    if x.method != "POST":
        return _form_page(x, model, fresh(model.fields(x), model.defaults(x)), None)
    form = _posted(x, model)
    record = model.save(x, form, None)
    if record is None:
        return _form_page(x, model, form, None)
    return _saved(x, model, form, record, "added")


def change(x: Call) -> Response:
    """The form of a record, or the record changed."""
    model = _editable(x)
    record = _record(x, model)
    if x.method != "POST":
        return _form_page(x, model, fresh(model.fields(x), model.values(x, record)), record)
    form = _posted(x, model)
    saved = model.save(x, form, record)
    if saved is None:
        return _form_page(x, model, form, record)
    return _saved(x, model, form, saved, "changed")


def delete(x: Call) -> Response:
    """Ask for confirmation, then delete the record; any field confirms."""
    model = _editable(x)
    record = _record(x, model)
    if x.method != "POST" or not x.form():
        return _page(x, "delete.html", title="Delete", model=model, label=model.label(record), number=record.id)
    x.reads.add("post")
    model.delete(x, record)
    text = f"The {model.single} “{escape(model.label(record))}” was deleted successfully."
    session.add_message(x, "success", text)
    return wire.redirect(f"{x.prefix}{model.url}")


def _editable(x: Call) -> Model:
    model = _model(x)
    _require_superuser(x)
    if not model.editable:
        raise not_here(x)
    return model


def _record(x: Call, model: Model) -> Any:
    record = model.by_id(x, x.path_params["number"])
    if record is None:
        raise refusals.page_not_found(x.path)
    return record


def _posted(x: Call, model: Model) -> Form:
    try:
        return posted(x, model.fields(x))
    except BodyError as error:
        raise refusals.parse_error(str(error)) from None


def _form_page(x: Call, model: Model, form: Form, record: Any) -> Response:
    return _page(
        x,
        "form.html",
        title=f"{'Add' if record is None else 'Change'} {model.single}",
        model=model,
        form=form,
        number=record.id if record is not None else None,
        label=model.label(record) if record is not None else "",
    )


def _saved(x: Call, model: Model, form: Form, record: Any, done: str) -> Response:
    place = f"{x.prefix}{model.url}{record.id}/change/"
    link = f'The {model.single} “<a href="{place}">{escape(model.label(record))}</a>” was {done} successfully.'
    if "_addanother" in form.values:
        link += f" You may add another {model.single} below."
        target = f"{x.prefix}{model.url}add/"
    elif "_continue" in form.values:
        link += " You may edit it again below."
        target = place
    else:
        target = f"{x.prefix}{model.url}"
    session.add_message(x, "success", link)
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
