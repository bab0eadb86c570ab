"""edx-auth-backends' EdXOAuth2, the way an IDA signs people in with the LMS, with nothing changed."""

from __future__ import annotations

import importlib
import warnings
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from contract_tests.django_settings import configure
from contract_tests.openedx.web import Browser, Web, returned

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what python3-openid imports warns


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    """social-core pulls in modules that warn when they are first imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        configure()
        importlib.import_module("auth_backends.backends")


def _storage() -> Any:
    from social_core.storage import BaseStorage, NonceMixin

    class Nonce(NonceMixin):
        known: ClassVar[set[tuple[str, int, str]]] = set()

        @classmethod
        def use(cls, server_url: str, timestamp: int, salt: str) -> bool:
            cls.known.add((server_url, timestamp, salt))
            return True

        @classmethod
        def consume(cls, server_url: str, timestamp: int, salt: str) -> bool:
            found = (server_url, timestamp, salt) in cls.known
            cls.known.discard((server_url, timestamp, salt))
            return found

    class Storage(BaseStorage):
        nonce = Nonce

    return Storage()


class Strategy:
    """Defers to social-core's base strategy: settings, a session and request data in dictionaries."""

    def __new__(cls, settings: dict[str, Any]) -> Any:
        from social_core.strategy import BaseStrategy
        from social_core.utils import build_absolute_uri

        class InMemory(BaseStrategy):
            def __init__(self) -> None:
                super().__init__(_storage())
                self.sessions: dict[str, Any] = {}
                self.data: dict[str, str] = {}

            def get_setting(self, name: str) -> Any:
                return settings[name]

            def request_data(self, merge: bool = True) -> dict[str, str]:
                return self.data

            def request_host(self) -> str:
                return "127.0.0.1"

            def request_is_secure(self) -> bool:
                return False

            def redirect(self, url: str) -> str:
                return url

            html = redirect

            def build_absolute_uri(self, path: str | None = None) -> str:
                return str(build_absolute_uri("http://127.0.0.1:8090", path))

            def session_get(self, name: str, default: Any = None) -> Any:
                return self.sessions.get(name, default)

            def session_set(self, name: str, value: Any) -> None:
                self.sessions[name] = value

            def session_pop(self, name: str) -> Any:
                return self.sessions.pop(name, None)

            def session_setdefault(self, name: str, value: Any) -> Any:
                return self.sessions.setdefault(name, value)

        return InMemory()


def keep_details(details: dict[str, Any], uid: str, response: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The last step of the pipeline: what is known of the person."""
    return {"user": SimpleNamespace(uid=uid, details=details, response=response)}


def backend(web: Web) -> Any:
    """The backend as an IDA's settings make it."""
    from auth_backends.backends import EdXOAuth2

    client = web.clients.sign_on
    settings = {
        "SOCIAL_AUTH_EDX_OAUTH2_KEY": client.client_id,
        "SOCIAL_AUTH_EDX_OAUTH2_SECRET": client.client_secret,
        "SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT": web.url,
        "SOCIAL_AUTH_EDX_OAUTH2_PUBLIC_URL_ROOT": web.url,
        "SOCIAL_AUTH_EDX_OAUTH2_LOGOUT_REDIRECT_URL": "http://127.0.0.1:8090/",
        "SOCIAL_AUTH_PIPELINE": (
            "social_core.pipeline.social_auth.social_details",
            "social_core.pipeline.social_auth.social_uid",
            f"{__name__}.keep_details",
        ),
    }
    return EdXOAuth2(Strategy(settings), client.redirect_uris[0])


def complete(web: Web, browser: Browser, *, allow: bool = True) -> Any:
    """From the IDA's sign-in button to the end of its pipeline."""
    asking = backend(web)
    page = browser.get(asking.start())
    asking.strategy.data.update(returned(browser.decide(page, allow=allow)))
    asking.data = asking.strategy.data
    return asking.auth_complete()


def test_a_person_is_signed_in(web: Web) -> None:
    user = complete(web, web.browser(web.info.learner))
    assert user.uid == web.info.learner.username
    assert user.details == {
        "username": web.info.learner.username,
        "email": web.info.learner.email,
        "full_name": "Ada Lovelace",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "user_id": web.info.learner.id,
        "is_staff": False,
        "is_superuser": False,
    }
    assert user.response["token_type"] == "JWT"


def test_staff_are_staff_there_too(web: Web) -> None:
    details = complete(web, web.browser(web.info.superuser)).details
    assert (details["is_staff"], details["is_superuser"]) == (True, True)


def test_asking_goes_without_the_slash_and_names_the_scopes(web: Web) -> None:
    parts = urlsplit(backend(web).start())
    assert parts.path == "/oauth2/authorize"
    assert parse_qs(parts.query)["scope"] == ["user_id profile email"]


def test_denied(web: Web) -> None:
    from social_core.exceptions import AuthCanceled

    with pytest.raises(AuthCanceled):
        complete(web, web.browser(web.info.learner), allow=False)


def test_signing_out_comes_back(web: Web) -> None:
    browser = web.browser(web.info.learner)
    page = browser.get(backend(web).logout_url)
    assert "You have signed out." in page.text
    assert 'href="http://127.0.0.1:8090/"' in page.text
    assert browser.get("/dashboard").status_code == 302
