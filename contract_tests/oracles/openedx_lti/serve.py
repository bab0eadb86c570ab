"""`python serve.py [--port 0]`: the views of lti-consumer-xblock on loopback; prints their address once they answer.

What the component asks of the platform around it (the block, the course, ids of people) is answered here.
`POST /_oracle/tool` makes the one configuration that there is; `GET /_oracle/start` begins a launch, with
`?deep_linking=1` one to choose content, by somebody of the staff, as whom every answer with content comes too;
`POST /_oracle/basic` gives the form of one of LTI 1.1.
"""

import argparse
import json
from socketserver import TCPServer
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from django.conf import settings

BLOCK = "block-v1:DemoX+DemoCourse+T2024+type@lti_consumer+block@mine"
COURSE = "course-v1:DemoX+DemoCourse+T2024"
SUB = "5ab00000-0000-4000-8000-000000000001"
STAFF = "5ab00000-0000-4000-8000-000000000002"


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
    from lti_consumer.plugin import compat

    block = SimpleNamespace(weight=10, display_name="Mine", start=None, due=None, has_score=False)
    compat.load_enough_xblock = lambda location: block
    compat.load_block_as_user = lambda location: block
    people = {
        1: {"id": 1, "username": "ada", "email": "ada@school.test", "name": "Ada", "roles": ["student"]},
        2: {"id": 2, "username": "marie", "email": "marie@school.test", "name": "Marie", "roles": ["instructor"]},
    }
    known = {1: SimpleNamespace(external_user_id=SUB), 2: SimpleNamespace(external_user_id=STAFF)}
    compat.get_course_members = lambda course: {number: dict(person) for number, person in people.items()}
    compat.batch_get_or_create_externalids = lambda users: known
    compat.user_has_studio_write_access = lambda user, course: True
    compat.nrps_pii_disallowed = lambda: True


def tool(request):
    """Make the configuration anew."""
    from django.http import JsonResponse
    from lti_consumer.models import LtiConfiguration
    from opaque_keys.edx.keys import UsageKey

    LtiConfiguration.objects.all().delete()
    given = json.loads(request.body)
    made = LtiConfiguration.objects.create(
        version=LtiConfiguration.LTI_1P3,
        config_store=LtiConfiguration.CONFIG_ON_DB,
        location=UsageKey.from_string(BLOCK),
        lti_1p3_oidc_url=given["login_url"],
        lti_1p3_launch_url=given["launch_url"],
        lti_1p3_tool_public_key=given["public_key"],
        lti_1p3_client_id=given["client_id"],
        lti_advantage_ags_mode=given["grades"],
        lti_advantage_enable_nrps=True,
        lti_advantage_deep_linking_enabled=True,
        lti_advantage_deep_linking_launch_url=given["launch_url"],
    )
    return JsonResponse({"id": made.id, "config_id": str(made.config_id), "client_id": made.lti_1p3_client_id})


def start(request):
    """Where a browser goes to begin a launch."""
    from django.http import JsonResponse
    from lti_consumer.api import get_lti_1p3_launch_start_url
    from lti_consumer.data import Lti1p3LaunchData
    from lti_consumer.models import LtiConfiguration

    choosing = "deep_linking" in request.GET
    launch = Lti1p3LaunchData(
        user_id=2 if choosing else 1,
        user_role="staff" if choosing else "student",
        message_type="LtiDeepLinkingRequest" if choosing else "LtiResourceLinkRequest",
        config_id=str(LtiConfiguration.objects.get().config_id),
        resource_link_id=BLOCK,
        external_user_id=STAFF if choosing else SUB,
        launch_presentation_document_target="iframe",
        context_id=COURSE,
        context_type=["course_offering"],
        context_title="Demonstration Course - DemoX",
        context_label=COURSE,
        custom_parameters={"a": "b"},
    )
    return JsonResponse({"url": get_lti_1p3_launch_start_url(launch)})


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


def urls():
    """The component's addresses, and our own."""
    from django.urls import include, path

    return [
        path("api/", include("lti_consumer.plugin.urls")),
        path("_oracle/tool", tool),
        path("_oracle/start", start),
        path("_oracle/basic", basic),
    ]


def main():
    """Migrate, then serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    server = Server(("127.0.0.1", parser.parse_args().port), Handler)
    configure(server.server_port)
    surround()
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
