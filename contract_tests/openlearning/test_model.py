"""Provision, sign on, launch, reset and move the clock in any order: the emulator matches a small model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from contract_tests.openlearning.site import Site
from lms_emulator.client.emulator import Emulator

BEGIN = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "c"])


@dataclass
class Person:
    id: str
    external: str
    email: str
    places: set[str] = field(default_factory=set)


@dataclass
class Ticket:
    """A launch that was made: whose, when, and whether it got in."""

    data: dict[str, Any]
    external: str
    place: str | None
    made: int
    era: int
    used: bool = False


class Campus(RuleBasedStateMachine):
    """The model: people by e-mail address, their classes, launches, the time, and the mail that went out."""

    tickets: Bundle[Ticket] = Bundle("tickets")

    def __init__(self, lms: Emulator) -> None:
        super().__init__()
        lms.reset()
        self.site = Site(lms)
        self.era = 0
        self.serial = 0
        self._begin()

    def _begin(self) -> None:
        self.now = self.latest = 0
        self.site.lms.clock.freeze(BEGIN)
        ada = self.site.info.managed_user
        staff = self.site.info.staff_user
        self.people = {p.email: Person(p.id, p.external_institution_id, p.email) for p in (ada, staff)}
        self.mails = 0

    def teardown(self) -> None:
        self.site.close()

    def _by_external(self, external: str) -> Person | None:
        return next((p for p in self.people.values() if p.external == external), None)

    @rule(email=NAMES, external=NAMES, upper=st.booleans(), mail=st.booleans())
    def provision(self, email: str, external: str, upper: bool, mail: bool) -> None:
        address = f"{email}@model.example"
        known, holder = self.people.get(address), self._by_external(external)
        response = self.site.provision(
            primary_email_address=address.upper() if upper else address,
            external_institution_id=external,
            send_welcome_email="true" if mail else "false",
        )
        if known is not None:
            assert response.json()["data"]["id"] == known.id
        elif holder is not None:
            assert response.status_code == 400
        else:
            user = response.json()["data"]
            self.people[address] = Person(user["id"], external, address)
            self.mails += mail

    @rule()
    def provision_somebody_elses(self) -> None:
        response = self.site.provision(primary_email_address=self.site.info.unmanaged_email)
        assert response.status_code == 400

    @rule(target=tickets, number=st.integers(0, 9), place=st.sampled_from(["class_id", "other_class_id", None]))
    def sign_on(self, number: int, place: str | None) -> Ticket:
        person = sorted(self.people.values(), key=lambda p: p.email)[number % len(self.people)]
        class_id = getattr(self.site.info, place) if place else None
        data = self.site.sign_on(person.id, **({"class_id": class_id} if class_id else {})).json()["data"]
        return Ticket(data, person.external, class_id, self.now, self.era)

    @rule(target=tickets, external=NAMES, ahead=st.sampled_from([0, -300, -301, 60, 61]))
    def sign_oneself(self, external: str, ahead: int) -> Ticket:
        self.serial += 1
        timestamp = int(BEGIN.timestamp()) + self.now + ahead
        nonce = f"{self.serial:024d}"
        data = self.site.signed(user_id=external, oauth_timestamp=str(timestamp), oauth_nonce=nonce)
        return Ticket(data, external, self.site.info.class_id, self.now + ahead, self.era)

    @rule(ticket=tickets)
    def launch(self, ticket: Ticket) -> None:
        response = self.site.post_launch(ticket.data)
        age = self.now - ticket.made
        reason = response.headers.get("x-emulator-launch-error")
        if age > 300:
            assert reason == "launch_expired"
        elif age < -60:
            assert reason == "launch_not_yet_valid"
        elif ticket.used and ticket.era == self.era:
            assert reason == "launch_replayed"
        else:
            ticket.used, ticket.era = True, self.era
            email = ticket.data["params"].get("lis_person_contact_email_primary", "").lower()
            if self._by_external(ticket.external) is None and email in self.people:
                assert reason == "launch_user"  # made before a reset; the address is now somebody else's
            else:
                assert response.status_code == 302, reason
                self._arrive(ticket, response)

    def _arrive(self, ticket: Ticket, response: httpx.Response) -> None:
        person = self._by_external(ticket.external)
        if person is None:  # made by the launch, or again after a reset; without an address of e-mail, if by oneself
            rows = self.site.get(self.site.managed_users(), params={"external_institution_id": ticket.external}).json()[
                "data"
            ]
            email = ticket.data["params"].get("lis_person_contact_email_primary", f"none of {ticket.external}").lower()
            person = self.people[email] = Person(rows[0]["user"]["id"], ticket.external, email)
        if ticket.place:
            person.places.add(ticket.place)
            assert response.headers["location"].endswith(f"/lakeside/courses/analytical-engines/?cl={ticket.place}")
        else:
            assert response.headers["location"].endswith("/lakeside/")
        with self.site.browser() as browser:
            cookie = response.headers["set-cookie"].split(";")[0]
            assert "Signed in as" in browser.get(response.headers["location"], headers={"Cookie": cookie}).text

    @rule(ticket=tickets, name=st.sampled_from(["user_id", "roles", "oauth_timestamp", "oauth_nonce"]))
    def tamper(self, ticket: Ticket, name: str) -> None:
        params = ticket.data["params"]
        changed = params | {name: params[name] + "1"}
        response = self.site.post_launch(ticket.data | {"params": changed})
        assert response.headers["x-emulator-launch-error"] == "launch_signature"

    @rule(ticket=consumes(tickets))
    def forget(self, ticket: Ticket) -> None:
        """A link that is never used again does no harm."""

    @rule(seconds=st.sampled_from([1, 59, 60, 61, 299, 300, 301, 900, -1, -60, -301, -900]))
    def move_the_clock(self, seconds: int) -> None:
        """Back no further than half an hour before the latest instant: nonces are kept for an hour."""
        if self.now + seconds < self.latest - 1800:
            return
        self.now += seconds
        self.latest = max(self.latest, self.now)
        self.site.lms.clock.advance(seconds=seconds)

    @rule()
    def reset(self) -> None:
        self.site.lms.reset()
        self.era += 1
        self._begin()

    @invariant()
    def people_are_those_of_the_model(self) -> None:
        rows = self.site.get(self.site.managed_users()).json()["data"]
        listed = {row["user"]["id"]: row["external_institution_id"] for row in rows}
        assert listed == {person.id: person.external for person in self.people.values()}

    @invariant()
    def enrolments_are_those_of_the_model(self) -> None:
        for person in self.people.values():
            rows = self.site.get(f"/users/{person.id}/enrolments/").json()["data"]
            assert {row["class"] for row in rows} == person.places
            assert len(rows) == len(person.places)

    @invariant()
    def mail_is_that_of_the_model(self) -> None:
        assert len(self.site.lms.outbox.emails) == self.mails


@pytest.mark.timeout(1200)
def test_the_emulator_holds_against_the_model(lms: Emulator) -> None:
    examples = max(10, settings().max_examples // 4)
    run_state_machine_as_test(
        lambda: Campus(lms), settings=settings(max_examples=examples, stateful_step_count=30, deadline=None)
    )
