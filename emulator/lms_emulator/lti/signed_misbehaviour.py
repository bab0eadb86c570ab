"""What a platform can be made to do wrong in a launch of LTI 1.1: a field of `NextSignedLaunch` for each."""

from __future__ import annotations

from typing import Annotated

import msgspec

from lms_emulator.lti import signed_altering as how
from lms_emulator.lti.misbehaviour import chosen, row

GUIDE = "1EdTech LTI Implementation Guide 1.1"
OAUTH = "RFC 5849"


class NextSignedLaunch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is wrong, or unusual, with the next LTI 1.1 launch of a platform."""

    # signature
    wrong_signature: Annotated[
        bool, row("The form is signed with another secret.", "must refuse", f"{OAUTH}, 3.2", how.other_secret)
    ] = False
    tampered: Annotated[
        bool,
        row(
            "The form was changed after it was signed: it names another person, an instructor.",
            "must refuse",
            f"{OAUTH}, 3.2",
            how.tampered,
        ),
    ] = False
    unsigned: Annotated[
        bool, row("The form has no `oauth_signature`.", "must refuse", f"{GUIDE}, 4.2", how.unsigned)
    ] = False
    plaintext: Annotated[
        bool,
        row("The form is signed by `PLAINTEXT`, without the secret.", "must refuse", f"{GUIDE}, 4.2", how.plaintext),
    ] = False
    wrong_consumer_key: Annotated[
        bool,
        row(
            "`oauth_consumer_key` is one that the tool does not know, though its secret signs.",
            "must refuse",
            f"{OAUTH}, 3.2",
            how.fields(oauth_consumer_key="a-consumer-nobody-registered"),
        ),
    ] = False
    no_consumer_key: Annotated[
        bool,
        row("The form has no `oauth_consumer_key`.", "must refuse", f"{GUIDE}, 4.2", how.without("oauth_consumer_key")),
    ] = False

    # time and replay
    expired: Annotated[
        bool, row("`oauth_timestamp` is a day old.", "should refuse", f"{GUIDE}, 4.3", how.shifted(-86_400))
    ] = False
    early: Annotated[
        bool, row("`oauth_timestamp` is a day ahead.", "should refuse", f"{GUIDE}, 4.3", how.shifted(86_400))
    ] = False
    no_timestamp: Annotated[
        bool, row("The form has no `oauth_timestamp`.", "must refuse", f"{OAUTH}, 3.1", how.without("oauth_timestamp"))
    ] = False
    replayed: Annotated[
        bool, row("The form of the tool's last launch is posted again.", "must refuse", f"{OAUTH}, 3.2", how.replayed)
    ] = False
    replayed_nonce: Annotated[
        bool,
        row(
            "The form has nonce and timestamp of the tool's last launch.", "must refuse", f"{OAUTH}, 3.3", how.old_nonce
        ),
    ] = False
    no_nonce: Annotated[
        bool, row("The form has no `oauth_nonce`.", "must refuse", f"{OAUTH}, 3.1", how.without("oauth_nonce"))
    ] = False

    # message
    no_message_type: Annotated[
        bool,
        row("The form has no `lti_message_type`.", "must refuse", f"{GUIDE}, 3", how.without("lti_message_type")),
    ] = False
    unknown_message_type: Annotated[
        bool,
        row(
            "`lti_message_type` is not one of LTI's.",
            "must refuse",
            f"{GUIDE}, 3",
            how.fields(lti_message_type="unheard-of-request"),
        ),
    ] = False
    no_version: Annotated[
        bool, row("The form has no `lti_version`.", "must refuse", f"{GUIDE}, 3", how.without("lti_version"))
    ] = False
    wrong_version: Annotated[
        bool, row("`lti_version` is `LTI-9p9`.", "must refuse", f"{GUIDE}, 3", how.fields(lti_version="LTI-9p9"))
    ] = False
    no_resource_link: Annotated[
        bool,
        row("The form has no `resource_link_id`.", "must refuse", f"{GUIDE}, 3", how.without("resource_link_id")),
    ] = False
    anonymous: Annotated[
        bool,
        row(
            "Nobody is named: there is no `user_id` either.",
            "may refuse",
            f"{GUIDE}, 3",
            how.without(
                *("user_id", "lis_person_sourcedid", "lis_person_name_given", "lis_person_name_family"),
                *("lis_person_name_full", "lis_person_contact_email_primary"),
            ),
        ),
    ] = False
    no_roles: Annotated[bool, row("The form has no `roles`.", "may refuse", f"{GUIDE}, 3", how.without("roles"))] = (
        False
    )
    unknown_roles: Annotated[
        bool,
        row(
            "`roles` has one that the tool has never heard of, besides a usual one.",
            "must accept",
            f"{GUIDE}, A.2",
            how.fields(roles="urn:lti:role:ims/lis/Learner,urn:platform.example:Janitor"),
        ),
    ] = False
    no_names: Annotated[
        bool,
        row(
            "The person has neither a name nor an address.",
            "must accept",
            f"{GUIDE}, 3",
            how.without(
                *("lis_person_name_given", "lis_person_name_family", "lis_person_name_full"),
                "lis_person_contact_email_primary",
            ),
        ),
    ] = False
    no_context: Annotated[
        bool,
        row(
            "The form names no course.",
            "must accept",
            f"{GUIDE}, 3",
            how.without("context_id", "context_type", "context_title", "context_label"),
        ),
    ] = False
    extra_fields: Annotated[
        bool,
        row(
            "There are fields that no specification has.",
            "must accept",
            f"{GUIDE}, 3",
            how.fields(ext_platform_weather="blue sky", custom_unasked_for=""),
        ),
    ] = False
    long_names: Annotated[
        bool,
        row(
            "Person and course have long names in several scripts.",
            "must accept",
            f"{OAUTH}, 3.6",
            how.fields(
                lis_person_name_given="Ждан",
                lis_person_name_family="李四 🎓" * 30,
                lis_person_name_full="Ждан 李四 " * 60,
                context_title="Ω+%&=" * 200,
                context_label="⚗️",
            ),
        ),
    ] = False

    # anything else
    exactly: Annotated[
        dict[str, str],
        row(
            "The form has these fields and no others, in this order; those of OAuth are added.",
            "may refuse",
            f"{GUIDE}, 3",
        ),
    ] = {}
    fields: Annotated[dict[str, str], row("Fields that replace the platform's.", "may refuse", f"{GUIDE}, 3")] = {}
    missing: Annotated[list[str], row("Fields that are left out.", "may refuse", f"{GUIDE}, 3")] = []

    def alter(self, draft: how.SignedDraft) -> None:
        """Alter a form as chosen: what it has exactly comes first, and explicit fields last, so that they win."""
        if self.exactly:
            how.only(self.exactly)(draft)
        for misbehaviour in chosen(self):
            if misbehaviour.rule.alter is not None:
                misbehaviour.rule.alter(draft)
        how.replacing(self.fields)(draft)
        how.without(*self.missing)(draft)
