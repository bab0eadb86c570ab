"""Tables of calendars, conversations, shares, notifications and merged people: a part of Canvas's state."""

from __future__ import annotations

from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table
from lms_emulator.providers.canvas.model.calendar import AppointmentGroup, CalendarEvent
from lms_emulator.providers.canvas.model.conversations import Conversation, ConversationMessage, ConversationParticipant
from lms_emulator.providers.canvas.model.fields import context as _context
from lms_emulator.providers.canvas.model.fields import course as _course
from lms_emulator.providers.canvas.model.fields import user as _user
from lms_emulator.providers.canvas.model.migrations import ContentShare
from lms_emulator.providers.canvas.model.people import ObserverAlert, UserMerge, UserPastLtiId
from lms_emulator.providers.canvas.model.planner import PlannerNote, PlannerOverride
from lms_emulator.providers.canvas.model.polls import Poll, PollChoice, PollSession, PollSubmission
from lms_emulator.providers.canvas.model.portfolios import EPortfolio, EPortfolioEntry


class LifeStore(Store):
    """The calendar, the planner, conversations, polls, portfolios, what is shared, alerts, and who became whom."""

    calendar_events: Table[CalendarEvent] = table(
        key="id",
        indexes={"context": _context, "parent": lambda e: e.parent_event_id, "series": lambda e: e.series_uuid},
    )
    appointment_groups: Table[AppointmentGroup] = table(key="id")
    eportfolios: Table[EPortfolio] = table(key="id", indexes={"user": _user})
    eportfolio_entries: Table[EPortfolioEntry] = table(key="id", indexes={"portfolio": lambda e: e.eportfolio_id})
    polls: Table[Poll] = table(key="id", indexes={"user": _user})
    poll_choices: Table[PollChoice] = table(key="id", indexes={"poll": lambda c: c.poll_id})
    poll_sessions: Table[PollSession] = table(key="id", indexes={"poll": lambda s: s.poll_id, "course": _course})
    poll_submissions: Table[PollSubmission] = table(key="id", indexes={"session": lambda s: s.poll_session_id})
    planner_notes: Table[PlannerNote] = table(key="id", indexes={"user": _user})
    planner_overrides: Table[PlannerOverride] = table(
        key="id",
        indexes={"user": _user, "whose": lambda o: (o.user_id, o.plannable_type, o.plannable_id)},
    )
    conversations: Table[Conversation] = table(key="id")
    conversation_participants: Table[ConversationParticipant] = table(
        key="id",
        indexes={
            "user": _user,
            "conversation": lambda p: p.conversation_id,
            "whose": lambda p: (p.conversation_id, p.user_id),
        },
    )
    conversation_messages: Table[ConversationMessage] = table(
        key="id", indexes={"conversation": lambda m: m.conversation_id}
    )
    content_shares: Table[ContentShare] = table(
        key="id", indexes={"user": _user, "export": lambda s: s.content_export_id}
    )
    observer_alerts: Table[ObserverAlert] = table(
        key="id",
        limit=100_000,
        indexes={
            "observer": lambda a: a.observer_id,
            "about": lambda a: (a.threshold_id, a.context_type, a.context_id, a.action_date),
        },
    )
    user_merges: Table[UserMerge] = table(key="id", indexes={"user": _user})
    user_past_lti_ids: Table[UserPastLtiId] = table(
        key="id", indexes={"user": _user, "lti_id": lambda p: p.user_lti_id or None}
    )
