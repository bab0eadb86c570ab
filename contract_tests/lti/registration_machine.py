"""The machine of registration, by which tools register themselves at Canvas and at Brightspace.

No platform with it can be run outside of its vendor: the machine holds the emulator to a model of 1EdTech's Dynamic
Registration 1.0 and of what each vendor says besides.
"""

from __future__ import annotations

from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.canvas import lti as at_canvas
from contract_tests.lms_site import LmsSite
from contract_tests.lti.test_registration import REQUEST, Registrar
from contract_tests.lti_tool import LAUNCH, LOGIN, KeySite, Tool, initiation, posted
from lms_emulator.lti.registrations import TOOL
from lms_emulator.signing import jwt, lti13

MESSAGE = {"type": lti13.RESOURCE_LINK_REQUEST, "placements": ["https://canvas.instructure.com/lti/course_navigation"]}
PICK = st.integers(0, 5)
WRONG = st.sampled_from(["", "", "token", "messages", "uris"])


class RegistrationMachine(RuleBasedStateMachine):
    """Tools that register themselves at Canvas or Brightspace.

    Attributes, of the model: `tokens`, by what they are good for; `clients`, the name of each tool and whether it is
    on; `pages`, where those that were ever on are opened.
    """

    site: ClassVar[LmsSite]
    tool: ClassVar[Tool]
    keys: ClassVar[KeySite]

    @initialize()
    def begin(self) -> None:
        self.site.lms.reset()
        self.registrar = Registrar(self.site)
        self.tokens, self.clients = dict[str, str](), dict[str, tuple[str, bool]]()
        self.pages = dict[str, str]()
        config = httpx.URL(self.registrar.begun()).params["openid_configuration"]
        self.endpoint = httpx.get(config).json()["registration_endpoint"]
        self.canvas = self.site.name == "canvas"

    @rule()
    def give_a_token(self) -> None:
        self.tokens[httpx.URL(self.registrar.begun()).params["registration_token"]] = "good"

    @rule()
    def wait(self) -> None:
        self.site.lms.clock.advance(seconds=3601)
        self.tokens = dict.fromkeys(self.tokens, "old")
        self.registrar = Registrar(self.site)

    @precondition(lambda self: self.tokens)
    @rule(number=PICK, name=st.sampled_from(["One", "Two", "Three", "Four"]), wrong=WRONG)
    def register(self, number: int, name: str, wrong: str) -> None:
        """A token is valid for an hour and one tool; at Canvas, a refused registration uses it up as well."""
        token = list(self.tokens)[number % len(self.tokens)]
        body = {**REQUEST, "client_name": name, "jwks_uri": self.keys.url, "initiate_login_uri": LOGIN}
        body["redirect_uris"] = [] if wrong == "uris" else [LAUNCH]
        body[TOOL] = {**REQUEST[TOOL], "messages": [{} if wrong == "messages" else MESSAGE]}
        sent = f"{token[:-3]}xyz" if wrong == "token" else token
        answer = httpx.post(self.endpoint, json=body, headers={"Authorization": f"Bearer {sent}"})
        if wrong == "token" or self.tokens[token] != "good":
            assert answer.status_code == 401, answer.text
        elif wrong or (not self.canvas and name in [client for client, _ in self.clients.values()]):
            assert answer.status_code == (422 if self.canvas else 400), answer.text
            self.tokens[token] = "used" if self.canvas else "good"
        else:
            assert answer.status_code == (200 if self.canvas else 201), answer.text
            assert answer.json()["client_name"] == name
            self.clients[answer.json()["client_id"]] = name, False
            self.tokens[token] = "used"

    @precondition(lambda self: self.clients)
    @rule(number=PICK, on=st.booleans())
    def switch(self, number: int, on: bool) -> None:
        client = list(self.clients)[number % len(self.clients)]
        if on and client not in self.pages:
            self.pages[client] = self.registrar.switched_on(client)
        else:
            self.registrar.switch(client, on=on)
        if on and not self.canvas:  # no two that are on have the same domain
            self.clients = {key: (name, False) for key, (name, _) in self.clients.items()}
        self.clients[client] = self.clients[client][0], on

    @precondition(lambda self: self.pages)
    @rule(number=PICK)
    def launch(self, number: int) -> None:
        """People open a tool while it is on."""
        client = list(self.pages)[number % len(self.pages)]
        at: Any = at_canvas if self.canvas else at_brightspace
        browser, on = at.signed_in(self.site), self.clients[client][1]
        page = browser.get(self.pages[client])
        assert (page.status_code == 200 and LOGIN in page.text) is on
        if on:
            begun = initiation(browser, self.pages[client])
            asked = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}
            asked |= {name: begun[name] for name in ("client_id", "login_hint", "lti_message_hint")}
            asked |= {"redirect_uri": LAUNCH, "state": "s", "nonce": "n"}
            url = str(httpx.URL(self.tool.seat.auth_url, params=asked))
            action, fields = posted(browser, url)
            claims = jwt.read(fields["id_token"]).claims
            assert (action, claims["aud"], claims["nonce"]) == (LAUNCH, client, "n")

    @precondition(lambda self: self.clients)
    @rule(number=PICK)
    def call_a_service(self, number: int) -> None:
        """Only a tool that is on is served: Brightspace gives no other a token, Canvas looks when the token is used."""
        client = list(self.clients)[number % len(self.clients)]
        at: Any = at_canvas if self.canvas else at_brightspace
        moment = self.site.lms.clock.now.timestamp()
        signed = at.assertion(self.site, self.tool, iss=client, sub=client, jti=f"{client}{moment}")
        answer, on = at.service(self.site, signed), self.clients[client][1]
        assert (answer.status_code == 200) is (on or self.canvas)
        if self.canvas:
            roster = self.site.api(answer.json()["access_token"]).get(at_canvas.NRPS)
            assert (roster.status_code == 200) is on

    @invariant()
    def the_page_is_as_the_model_says(self) -> None:
        if hasattr(self, "canvas"):
            section = self.site.lms.dump()[self.site.name]
            if self.canvas:
                said = section["developer_key_account_bindings"]
                on = {item["developer_key_id"] for item in said if item.get("workflow_state") == "on"}
                found = {
                    str(key["id"]): (key["name"], key["id"] in on)
                    for key in section["developer_keys"]
                    if str(key["id"]) in self.clients
                }
            else:
                found = {
                    registration["client_id"]: (registration["name"], registration.get("enabled", True))
                    for registration in section["registrations"]
                    if registration["client_id"] in self.clients
                }
            assert found == self.clients
            shown = self.registrar.browser.get(self.registrar.page).text
            assert all(client in shown for client in self.clients)
