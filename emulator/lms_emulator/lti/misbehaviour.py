"""What a platform can be made to do wrong in a launch: a field of `NextLaunch` for each.

A field says what the platform does, what a tool must do about it, and where that is specified. They can be combined in
one launch. Not all are errors: unusual messages that a tool must accept are here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from lms_emulator.lti import altering as how
from lms_emulator.signing.lti13 import COURSE_OFFERING

Duty = Literal["must refuse", "should refuse", "must accept", "may refuse"]
"""What a tool has to do with such a launch, in the words of RFC 2119."""
SECURITY = "1EdTech Security Framework 1.0, 5.1.3"
INITIATION = "1EdTech Security Framework 1.0, 5.1.1.1"
OIDC = "OpenID Connect Core 1.0"
CORE = "1EdTech LTI Core 1.3"


class Rule(NamedTuple):
    """One misbehaviour: what the tool must do, where that is specified, and how the messages are altered."""

    duty: Duty
    section: str
    alter: Callable[[Any], None] | None = None
    alter_login: how.AlterLogin | None = None


class Misbehaviour(NamedTuple):
    """One field of `NextLaunch`, with its rule. `what` is a sentence about the platform."""

    name: str
    what: str
    rule: Rule


def row(
    what: str, duty: Duty, section: str, alter: Callable[[Any], None] | None = None, login: how.AlterLogin | None = None
) -> Any:
    """The declaration of a misbehaviour, for a field's annotation."""
    return msgspec.Meta(description=what, extra={"rule": Rule(duty, section, alter, login)})


class NextLaunch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is wrong, or unusual, with the next launch of a platform."""

    # signature
    wrong_signature: Annotated[
        bool,
        row(
            "The id_token is signed with somebody else's key, under the platform's `kid`.",
            "must refuse",
            f"{SECURITY} (1)",
            how.signed(how.by_a_stranger),
        ),
    ] = False
    tampered: Annotated[
        bool,
        row(
            "The id_token was changed after it was signed: it names another person.",
            "must refuse",
            f"{SECURITY} (1)",
            how.signed(how.tampered),
        ),
    ] = False
    alg_none: Annotated[
        bool,
        row(
            "The id_token has `alg: none`, and no signature.", "must refuse", "RFC 8725, 3.2", how.signed(how.unsigned)
        ),
    ] = False
    alg_hs256: Annotated[
        bool,
        row(
            "The id_token is signed by HS256, with the platform's public key as the secret.",
            "must refuse",
            "RFC 8725, 3.1",
            how.signed(how.hs256),
        ),
    ] = False
    unknown_kid: Annotated[
        bool,
        row(
            "The id_token names a `kid` that is in no key set.",
            "must refuse",
            f"{SECURITY} (1)",
            how.both(how.header(kid="a-key-nobody-published"), how.signed(how.by_a_stranger)),
        ),
    ] = False
    embedded_key: Annotated[
        bool,
        row(
            "The header contains the key that made the signature, as `jwk`.",
            "must refuse",
            "RFC 8725, 3.10",
            how.both(how.header(jwk=how.stranger_jwk()), how.signed(how.by_a_stranger)),
        ),
    ] = False

    # times
    expired: Annotated[
        bool,
        row(
            "The id_token has expired: `iat` is two hours old, and `exp` one.",
            "must refuse",
            f"{SECURITY} (7)",
            how.shifted(exp=-3600, iat=-7200),
        ),
    ] = False
    early: Annotated[
        bool,
        row(
            "The id_token is not valid yet: `nbf` and `iat` are an hour ahead.",
            "must refuse",
            "RFC 7519, 4.1.5",
            how.shifted(exp=7200, iat=3600, nbf=3600),
        ),
    ] = False
    issued_long_ago: Annotated[
        bool,
        row(
            "`iat` is a day old, though `exp` is still ahead.",
            "may refuse",
            f"{SECURITY} (8)",
            how.shifted(iat=-86_400),
        ),
    ] = False

    # replay and state
    replayed_token: Annotated[
        bool,
        row(
            "The id_token of the tool's last launch is posted again, with the state of this one.",
            "must refuse",
            f"{OIDC}, 3.2.2.11",
            how.replayed,
        ),
    ] = False
    replayed_nonce: Annotated[
        bool,
        row("The id_token has the nonce of the tool's last launch.", "must refuse", f"{OIDC}, 3.2.2.11", how.old_nonce),
    ] = False
    wrong_nonce: Annotated[
        bool,
        row(
            "The id_token has a nonce that the tool never sent.",
            "must refuse",
            f"{OIDC}, 3.2.2.11",
            how.never_sent,
        ),
    ] = False
    wrong_state: Annotated[
        bool,
        row(
            "`state` is not what the tool sent.",
            "must refuse",
            "RFC 6749, 10.12",
            how.posted(state="not-what-the-tool-sent"),
        ),
    ] = False
    no_state: Annotated[
        bool,
        row("`state` does not come back.", "must refuse", "RFC 6749, 10.12", how.posted(state=None)),
    ] = False

    # sender and recipient
    wrong_issuer: Annotated[
        bool,
        row(
            "`iss` is a platform that the tool does not know.",
            "must refuse",
            f"{SECURITY} (2)",
            how.issuer(lambda _: "https://platform.example"),
        ),
    ] = False
    similar_issuer: Annotated[
        bool,
        row(
            "`iss` has a slash at its end, and is otherwise the platform's.",
            "must refuse",
            f"{SECURITY} (2)",
            how.issuer(lambda issuer: f"{issuer}/"),
        ),
    ] = False
    wrong_audience: Annotated[
        bool,
        row(
            "`aud` is another tool.",
            "must refuse",
            f"{SECURITY} (3)",
            how.audience(lambda _: "somebody-else", lambda _: "somebody-else"),
        ),
    ] = False
    further_audience: Annotated[
        bool,
        row(
            "`aud` lists a stranger besides the tool, and no `azp` says for whom it is.",
            "must refuse",
            f"{SECURITY} (3), (4)",
            how.audience(lambda client: [client, "somebody-else"]),
        ),
    ] = False
    wrong_azp: Annotated[
        bool,
        row(
            "`azp` is another tool, though `aud` is this one.",
            "should refuse",
            f"{SECURITY} (5)",
            how.audience(lambda client: client, lambda _: "somebody-else"),
        ),
    ] = False
    audience_list: Annotated[
        bool,
        row(
            "`aud` is a list with nothing but the tool in it.",
            "must accept",
            f"{SECURITY} (3)",
            how.audience(lambda client: [client], lambda client: client),
        ),
    ] = False
    wrong_deployment: Annotated[
        bool,
        row(
            "`deployment_id` is not one that the tool knows.",
            "should refuse",
            f"{CORE}, 5.3.3",
            how.claims({"deployment_id": "a-deployment-nobody-made"}),
        ),
    ] = False

    # claims
    no_nonce: Annotated[
        bool, row("The id_token has no `nonce`.", "must refuse", f"{SECURITY} (9)", how.without("nonce"))
    ] = False
    no_expiry: Annotated[bool, row("The id_token has no `exp`.", "must refuse", f"{OIDC}, 2", how.without("exp"))] = (
        False
    )
    no_deployment: Annotated[
        bool, row("The claim deployment_id is missing.", "must refuse", f"{CORE}, 5.3.3", how.without("deployment_id"))
    ] = False
    no_message_type: Annotated[
        bool, row("The claim message_type is missing.", "must refuse", f"{CORE}, 5.3.1", how.without("message_type"))
    ] = False
    unknown_message_type: Annotated[
        bool,
        row(
            "The claim message_type is not one of LTI's.",
            "must refuse",
            f"{CORE}, 5.3.1",
            how.claims({"message_type": "LtiUnheardOfRequest"}),
        ),
    ] = False
    no_version: Annotated[
        bool, row("The claim version is missing.", "must refuse", f"{CORE}, 5.3.2", how.without("version"))
    ] = False
    wrong_version: Annotated[
        bool, row("The claim version is `2.0.0`.", "must refuse", f"{CORE}, 5.3.2", how.claims({"version": "2.0.0"}))
    ] = False
    no_resource_link: Annotated[
        bool,
        row("The claim resource_link is missing.", "must refuse", f"{CORE}, 5.3.5", how.without("resource_link")),
    ] = False
    no_roles: Annotated[
        bool, row("The claim roles is missing.", "should refuse", f"{CORE}, 5.3.7", how.without("roles"))
    ] = False
    empty_roles: Annotated[
        bool, row("The claim roles is an empty list.", "must accept", f"{CORE}, 5.3.7", how.claims({"roles": []}))
    ] = False
    unknown_roles: Annotated[
        bool,
        row(
            "The claim roles has one that the tool has never heard of, besides a usual one.",
            "must accept",
            f"{CORE}, 5.3.7",
            how.claims(
                {
                    "roles": [
                        "https://platform.example/roles#Janitor",
                        "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
                    ]
                }
            ),
        ),
    ] = False
    extra_claims: Annotated[
        bool,
        row(
            "There are claims that no specification has.",
            "must accept",
            f"{CORE}, 5.4.7",
            how.claims({"https://platform.example/claim/weather": {"sky": "blue"}, "jti": "unasked-for"}),
        ),
    ] = False
    no_names: Annotated[
        bool,
        row(
            "The person has neither a name nor an address.",
            "must accept",
            f"{CORE}, 5.3.6",
            how.without("name", "given_name", "family_name", "middle_name", "email", "picture"),
        ),
    ] = False
    no_context: Annotated[
        bool, row("The claim context is missing.", "must accept", f"{CORE}, 5.4.1", how.without("context", "lis"))
    ] = False
    long_names: Annotated[
        bool,
        row(
            "Person and course have long names in several scripts.",
            "must accept",
            "RFC 8259, 8.1",
            how.claims(
                {
                    "name": "Ждан 李四 " * 60,
                    "given_name": "Ждан",
                    "family_name": "李四 🎓" * 30,
                    "context": {"id": "c" * 255, "title": "Ω" * 900, "label": "⚗️", "type": [COURSE_OFFERING]},
                }
            ),
        ),
    ] = False
    anonymous: Annotated[
        bool,
        row(
            "Nobody is named: there is no `sub` either.",
            "may refuse",
            f"{CORE}, 5.3.6.1",
            how.without("sub", "name", "given_name", "family_name", "middle_name", "email", "picture"),
        ),
    ] = False

    # login initiation
    login_of_a_stranger: Annotated[
        bool,
        row(
            "Login initiation comes from an issuer that the tool does not know.",
            "must refuse",
            INITIATION,
            login=how.login(iss="https://platform.example"),
        ),
    ] = False
    login_without_issuer: Annotated[
        bool,
        row("Login initiation has no `iss`.", "must refuse", INITIATION, login=how.login(iss=None)),
    ] = False
    login_without_hint: Annotated[
        bool,
        row("Login initiation has no `login_hint`.", "must refuse", INITIATION, login=how.login(login_hint=None)),
    ] = False
    login_with_more: Annotated[
        bool,
        row(
            "Login initiation has parameters that the tool does not know.",
            "must accept",
            INITIATION,
            login=how.login(platform_weather="blue sky"),
        ),
    ] = False

    # transport
    slow_ms: Annotated[
        int,
        row(
            "The platform takes its time before it answers the tool's authentication request.",
            "must accept",
            f"{SECURITY} (9)",
        ),
        msgspec.Meta(ge=0, le=600_000),
    ] = 0
    lost: Annotated[
        bool,
        row(
            "The authentication request is answered by a gateway's 504, so the id_token never comes.",
            "may refuse",
            "RFC 9110, 15.6.5",
        ),
    ] = False

    # anything else
    exactly: Annotated[
        dict[str, Any],
        row(
            "The id_token has these claims and no others, in this order, as a sample has them; only `nonce`, `iat`, "
            "`nbf` and `exp` among them are the launch's own.",
            "may refuse",
            f"{CORE}, 5",
        ),
    ] = {}
    claims: Annotated[
        dict[str, Any],
        row(
            "Claims that replace the platform's, by their short name (`roles`) or their whole one.",
            "may refuse",
            f"{CORE}, 5",
        ),
    ] = {}
    missing: Annotated[
        list[str],
        row("Claims that are left out, by their short name or their whole one.", "may refuse", f"{CORE}, 5"),
    ] = []


@cache
def misbehaviours(kind: type[msgspec.Struct] = NextLaunch) -> dict[str, Misbehaviour]:
    """All misbehaviours of a kind of launch by name, in the order in which they are applied."""
    found = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        meta = get_args(hint)[1]
        found[name] = Misbehaviour(name, meta.description, meta.extra["rule"])
    return found


def chosen(launch: msgspec.Struct) -> list[Misbehaviour]:
    """The misbehaviours chosen for a launch."""
    return [value for name, value in misbehaviours(type(launch)).items() if getattr(launch, name)]


def alter(launch: NextLaunch, draft: how.Draft) -> None:
    """Alter an answer as chosen: what it has exactly comes first, and explicit claims last, so that they win."""
    if launch.exactly:
        how.exactly(launch.exactly)(draft)
    for misbehaviour in chosen(launch):
        if misbehaviour.rule.alter is not None:
            misbehaviour.rule.alter(draft)
    how.claims(launch.claims)(draft)
    how.without(*launch.missing)(draft)


def alter_login(launch: NextLaunch, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of login initiation, altered as chosen."""
    sent = dict(fields)
    for misbehaviour in chosen(launch):
        if misbehaviour.rule.alter_login is not None:
            misbehaviour.rule.alter_login(sent)
    return sent
