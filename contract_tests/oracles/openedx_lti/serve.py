"""`python serve.py [--port 0]`: the views of lti-consumer-xblock on loopback; prints their address once they answer.

What the component asks of the platform around it (the block, the course, ids of people) is answered here.
`POST /_oracle/tool` makes the one configuration that there is; `GET /_oracle/start` begins a launch, with
`?deep_linking=1` one to choose content, by somebody of the staff, as whom every answer with content comes too;
`POST /_oracle/basic` gives the form of one of LTI 1.1.

For contracts, `POST /_oracle/reset` makes that configuration anew and has the clock stand still, `POST /_oracle/clock`
moves it, `GET /_oracle/info` tells of people and of the block, whose page is `/xblock/…`, as somebody sees it whom
`GET /_oracle/sign-in/…` names. The tool's key set is on a port of its own.
"""

import argparse
import json
import threading
from datetime import UTC, datetime, timedelta
from html import escape
from socketserver import TCPServer
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from django.conf import settings

BLOCK = "block-v1:DemoX+DemoCourse+T2024+type@lti_consumer+block@mine"
COURSE = "course-v1:DemoX+DemoCourse+T2024"
SUB = "5ab00000-0000-4000-8000-000000000001"
STAFF = "5ab00000-0000-4000-8000-000000000002"
PEOPLE = {
    "ada": {"id": 1, "role": "student", "name": "Ada", "lti_id": SUB},
    "marie": {"id": 2, "role": "staff", "name": "Marie", "lti_id": STAFF},
    "ben": {"id": 3, "role": "student", "name": "Ben", "lti_id": "5ab00000-0000-4000-8000-000000000003"},
}
SEEN_AS = {"learner": "ada", "other_learner": "ben", "staff": "marie"}
state = {"clock": None, "keys": {"keys": []}, "names": False}


class Handler(WSGIRequestHandler):
    """Quiet, and keeps connections open no longer than one request."""

    wbufsize = 65536

    def log_message(self, format, *args):
        """Say nothing."""


class Server(WSGIServer):
    """Binds without asking a name server who we are."""

    def server_bind(self):
        """Bind the socket."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


def configure(port):
    """Django's settings, with the component alone."""
    settings.configure(
        SECRET_KEY="not-a-secret-of-the-oracle-0123456789abcdef",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="serve",
        PLATFORM_NAME="Demo Open edX",
        LMS_ROOT_URL=f"http://127.0.0.1:{port}",
        LMS_BASE=f"127.0.0.1:{port}",
        USAGE_ID_PATTERN=r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "rest_framework",
            "django_filters",
            "lti_consumer",
        ],
        MIDDLEWARE=[
            "edx_django_utils.cache.middleware.RequestCacheMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:lti?mode=memory&cache=shared"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        FEATURES={},
        USE_TZ=True,
        TIME_ZONE="UTC",
    )
    django.setup()


def surround():
    """Answer for the platform around the component."""
    from lti_consumer.plugin import compat, views

    block = SimpleNamespace(weight=10, display_name="Mine", start=None, due=None, has_score=False)
    compat.load_enough_xblock = lambda location: block
    compat.load_block_as_user = lambda location: block

    def members(course):
        seen = [person for person in PEOPLE.items() if state["names"] or person[0] != "ben"]
        roles = {"student": "student", "staff": "instructor"}
        return {
            user["id"]: {
                "id": user["id"], "username": name, "email": f"{name}@school.test", "name": user["name"],
                "roles": [roles[user["role"]]],
            }
            for name, user in seen
        }  # fmt: skip

    known = {person["id"]: SimpleNamespace(external_user_id=person["lti_id"]) for person in PEOPLE.values()}
    compat.get_course_members = members
    compat.batch_get_or_create_externalids = lambda users: known
    compat.user_has_studio_write_access = lambda user, course: True
    compat.nrps_pii_disallowed = lambda: not state["names"]
    views.has_block_access = lambda user, block, course: True
    views.get_lti_pii_sharing_state_for_course = lambda course: state["names"]


def tool(request):
    """Create the configuration again."""
    from django.http import JsonResponse

    made = configured(json.loads(request.body))
    return JsonResponse({"id": made.id, "config_id": str(made.config_id), "client_id": made.lti_1p3_client_id})


def configured(given):
    """The one configuration, with the tool's public key or the address of its key set."""
    from lti_consumer.models import LtiConfiguration
    from opaque_keys.edx.keys import UsageKey

    LtiConfiguration.objects.all().delete()
    keys = {"lti_1p3_tool_keyset_url": given["keys_url"]} if "keys_url" in given else {}
    keys = keys or {"lti_1p3_tool_public_key": given["public_key"]}
    return LtiConfiguration.objects.create(
        version=LtiConfiguration.LTI_1P3,
        config_store=LtiConfiguration.CONFIG_ON_DB,
        location=UsageKey.from_string(BLOCK),
        lti_1p3_oidc_url=given["login_url"],
        lti_1p3_launch_url=given["launch_url"],
        **keys,
        lti_1p3_client_id=given["client_id"],
        lti_advantage_ags_mode=given["grades"],
        lti_advantage_enable_nrps=True,
        lti_advantage_deep_linking_enabled=True,
        lti_advantage_deep_linking_launch_url=given["launch_url"],
    )


def start(request):
    """Where a browser goes to begin a launch."""
    from django.http import JsonResponse

    choosing = "deep_linking" in request.GET
    return JsonResponse({"url": begun("marie" if choosing else "ada", choosing)})


def begun(name, choosing):
    """Where a person's launch begins."""
    from lti_consumer.api import get_lti_1p3_launch_start_url
    from lti_consumer.data import Lti1p3LaunchData
    from lti_consumer.models import LtiConfiguration

    person = PEOPLE[name]
    launch = Lti1p3LaunchData(
        user_id=person["id"],
        user_role=person["role"],
        message_type="LtiDeepLinkingRequest" if choosing else "LtiResourceLinkRequest",
        config_id=str(LtiConfiguration.objects.get().config_id),
        resource_link_id=BLOCK,
        external_user_id=person["lti_id"],
        launch_presentation_document_target="iframe",
        context_id=COURSE,
        context_type=["course_offering"],
        context_title="Demonstration Course - DemoX",
        context_label=COURSE,
        custom_parameters={"a": "b"},
    )
    return get_lti_1p3_launch_start_url(launch)


def block(request, usage_id):
    """The block's page, as the platform shows it."""
    from django.http import HttpResponse

    url = begun(request.COOKIES.get("person", "ada"), "deep_linking" in request.GET)
    return HttpResponse(f'<a href="?deep_linking=1">Choose</a><iframe src="{escape(url)}"></iframe>')


def sign_in(request, name):
    """Have somebody see pages."""
    from django.http import HttpResponse

    answer = HttpResponse()
    answer.set_cookie("person", name)
    return answer


def reset(request):
    """Create the tool again, with the key set that is sent, and stop the clock from now on."""
    from django.core.cache import cache

    given = json.loads(request.body)
    stand_at(None)
    cache.clear()
    state.update(keys=given.pop("keys"), names=True)
    configured({**given, "keys_url": state["keys_url"]})
    stand_at(datetime.now(UTC).replace(microsecond=0))
    return clock(request)


def clock(request):
    """Read the clock, or move it by `{"advance": seconds}`."""
    from django.http import JsonResponse

    sent = json.loads(request.body or "{}")
    if "advance" in sent:
        stand_at(datetime.now(UTC) + timedelta(seconds=sent["advance"]))
    return JsonResponse({"now": datetime.now(UTC).timestamp()})


def stand_at(moment):
    """Freeze the clock of the whole process; None lets it run."""
    import time_machine

    if state["clock"] is not None:
        state["clock"].stop()
        state["clock"] = None
    if moment is not None:
        state["clock"] = time_machine.travel(moment, tick=False)
        state["clock"].start()


def info(request):
    """What a contract needs to know."""
    from django.http import JsonResponse

    people = {
        seen: {"username": name, "email": f"{name}@school.test", "password": "", "name": PEOPLE[name]["name"],
               "lti_id": PEOPLE[name]["lti_id"]}
        for seen, name in SEEN_AS.items()
    }  # fmt: skip
    tokens = {"learner": "a-token-of-a-person", "superuser": "a-token-of-a-person-too"}
    return JsonResponse({"lti_block": BLOCK, "access_tokens": tokens, **people})


def publish_keys():
    """Serve the tool's key set at an address of its own; the component waits for it while it serves a request."""

    def app(environ, answer):
        answer("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(state["keys"]).encode()]

    server = Server(("127.0.0.1", 0), Handler)
    server.set_app(app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state["keys_url"] = f"http://127.0.0.1:{server.server_port}/keys"


def basic(request):
    """The form of a launch of LTI 1.1, in order."""
    from datetime import datetime

    from django.http import JsonResponse
    from lti_consumer.lti_1p1.consumer import LtiConsumer1p1
    from lti_consumer.lti_xblock import LtiConsumerXBlock

    given = json.loads(request.body)
    block = SimpleNamespace(**given["block"], graceperiod=None)
    block.due = datetime.fromisoformat(block.due)
    made = LtiConsumer1p1(given["url"], given["key"], given["secret"])
    made.set_user_data(**given["user"])
    made.set_context_data(**given["context"])
    made.set_outcome_service_url(given["outcomes"])
    made.set_custom_parameters(LtiConsumerXBlock.prefixed_custom_parameters.fget(block))
    return JsonResponse({"fields": list(made.generate_launch_request(given["link"]).items())})


def scores(request, handler):
    """A score by Basic Outcomes, or a result of LTI 2.0, for a block that keeps it. `X-Service` is the block's URL for
    outcomes."""
    import io
    from functools import partial

    import webob
    from django.http import HttpResponse
    from lti_consumer.lti_1p1.consumer import LtiConsumer1p1
    from lti_consumer.lti_xblock import LtiConsumerXBlock
    from lti_consumer.outcomes import OutcomeService

    def keep(user, share, most, comment=""):
        block.module_score = None if share is None else share * most
        block.score_comment = comment

    block = state.setdefault("block", SimpleNamespace(module_score=None, score_comment=""))
    rebinding = SimpleNamespace(rebind_noauth_module_to_user=lambda block, user: None)
    vars(block).update(
        accept_grades_past_due=True,
        lti_provider_key_secret=("key", "secret"),
        outcome_service_url=request.headers["X-Service"],
        get_lti_1p1_user_from_user_id=lambda name: None if name == "nobody" else "somebody",
        max_score=lambda: 10,
        set_user_module_score=keep,
        clear_user_module_score=lambda user: keep(user, None, None),
        runtime=SimpleNamespace(service=lambda block, name: rebinding),
        is_past_due=lambda: False,
        _get_lti_consumer=lambda: LtiConsumer1p1("", "key", "secret"),
    )
    for name in ("get", "put", "delete"):
        setattr(block, f"_result_service_{name}", partial(getattr(LtiConsumerXBlock, f"_result_service_{name}"), block))
    asked = webob.Request({**request.environ, "wsgi.input": io.BytesIO(request.body)})
    if handler == "outcome_service_handler":
        return HttpResponse(OutcomeService(block).handle_request(asked), content_type="application/xml")
    answer = LtiConsumerXBlock.result_service_handler(block, asked, handler.partition("/")[2])
    return HttpResponse(answer.body, status=answer.status_int, content_type=answer.content_type)


def urls():
    """The component's addresses, and our own."""
    from django.urls import include, path
    from django.views.decorators.csrf import csrf_exempt

    return [
        path("api/", include("lti_consumer.plugin.urls")),
        path("_oracle/tool", tool),
        path("_oracle/start", start),
        path("_oracle/basic", basic),
        path("_oracle/scores/<path:handler>", csrf_exempt(scores)),
        path("_oracle/reset", reset),
        path("_oracle/clock", clock),
        path("_oracle/info", info),
        path("_oracle/sign-in/<name>", sign_in),
        path("xblock/<path:usage_id>", block),
    ]


def main():
    """Migrate, then serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    server = Server(("127.0.0.1", parser.parse_args().port), Handler)
    configure(server.server_port)
    surround()
    publish_keys()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    globals()["urlpatterns"] = urls()
    import sys

    sys.modules["serve"] = sys.modules["__main__"]
    server.set_app(get_wsgi_application())
    print(f"oracle ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
