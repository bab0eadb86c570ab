"""Conversations: what people write each other."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class Conversation(Record, frozen=True, kw_only=True):
    """Messages between the same people.

    Attributes:
        private: between two people, who go on in it when they write each other again.
        tags: codes of courses and groups that it is about, the best first.
    """

    id: int
    subject: str | None = None
    private: bool = False
    context_type: Literal["Course", "Group", "Account"] | None = None
    context_id: int | None = None
    tags: list[str] = []


class ConversationParticipant(Record, frozen=True, kw_only=True):
    """A participant's view of a conversation.

    Attributes:
        last_message_at: of others' last message; None if nobody else wrote yet.
        last_authored_at: of one's own.
        tags: those of the conversation's courses and groups that the person knows.
    """

    id: int
    conversation_id: int
    user_id: int
    last_message_at: Instant | None = None
    last_authored_at: Instant | None = None
    message_count: int = 0
    subscribed: bool = True
    starred: bool = False
    updated_at: Instant | None = None
    workflow_state: Literal["read", "unread", "archived"] = "read"
    tags: list[str] = []


class ConversationMessage(Record, frozen=True, kw_only=True):
    """One message.

    Attributes:
        generated: written by Canvas itself, with the same text for all readers.
        user_ids: who got it, its author included.
        removed: who removed it for themself, by id, and when. Once restored, they are not in it.
        tags: of a private conversation, what it was about for each reader.
    """

    id: int
    conversation_id: int
    author_id: int
    body: str
    generated: bool = False
    attachment_ids: list[int] = []
    media_comment_id: str | None = None
    media_comment_type: str | None = None
    user_ids: list[int] = []
    removed: dict[str, Instant] = {}
    tags: dict[str, list[str]] = {}
    created_at: Instant
