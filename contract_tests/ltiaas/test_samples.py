"""The sample of LTIAAS's reference, reproduced from a launch."""

from __future__ import annotations

import json
from pathlib import Path

from contract_tests.ltiaas.support import AGS, BENCH, DL, LTI, NRPS, LmsSide, Rig, query

SAMPLE = json.loads((Path(__file__).parents[2] / "fixtures/vectors/ltiaas.json").read_text())["idtoken"]
SPELLED = {"document_target": "documentTarget"}
"""What the sample writes in another way than LTIAAS's guide and clients."""


def test_the_sample_of_the_reference_is_reproduced_member_by_member_in_order(rig: Rig) -> None:
    """An LMS that signs what the sample's has signed; beside the sample stand `ltiVersion`, `outcomes` and `scopes`.

    In the sample a resource link launch may choose content: an LMS that sends the claim of it says so.
    """
    user, platform, launched = (SAMPLE[name] for name in ("user", "platform", "launch"))
    world = rig.control("GET", "/world")
    bench = next(item for item in world["ltiaas"]["platforms"] if item["id"] == BENCH)
    changed = {"id": platform["id"], "url": platform["url"], "client_id": platform["clientId"]}
    world["ltiaas"]["platforms"].append(bench | changed)
    rig.control("PUT", "/world", world)
    names = ("guid", "name", "version", "description")
    tool_platform = {name: platform[name] for name in names} | {
        "contact_email": platform["contactEmail"],
        "product_family_code": platform["productFamilyCode"],
    }
    shown = {SPELLED.get(name, name): value for name, value in launched["presentation"].items()}
    side = LmsSide(rig, issuer=platform["url"], client_id=platform["clientId"])
    token = side.launch(
        **{
            "sub": user["id"],
            **{to: user[name] for name, to in (("email", "email"), ("name", "name"))},
            "given_name": user["givenName"],
            "family_name": user["familyName"],
            f"{LTI}roles": user["roles"],
            f"{LTI}deployment_id": platform["deploymentId"],
            f"{LTI}tool_platform": tool_platform,
            f"{LTI}target_link_uri": launched["target"],
            f"{LTI}context": launched["context"],
            f"{LTI}resource_link": launched["resourceLink"],
            f"{LTI}launch_presentation": {
                "locale": shown["locale"], "document_target": shown["documentTarget"], "return_url": shown["returnUrl"],
                "width": shown["width"], "height": shown["height"],
            },
            f"{LTI}custom": {},
            f"{AGS}claim/endpoint": {"lineitem": SAMPLE["services"]["assignmentAndGrades"]["lineItemId"]},
            f"{NRPS}claim/namesroleservice": {"context_memberships_url": "https://lms.example.com/course/1/memberships"},
            f"{DL}deep_linking_settings": {},
        }
    )  # fmt: skip
    side.browser.close()
    rig.settings(presentation_size="numbers")
    ltik = query(token.headers["location"])["ltik"]
    claims = rig.api("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{ltik}").json()
    assert claims.pop("ltiVersion") == "1.3.0"
    assert claims["services"].pop("outcomes") == {"available": False}
    assert claims["services"]["assignmentAndGrades"].pop("scopes") == []
    assert claims["services"].pop("serviceKey").startswith("eyJ")
    wanted = json.loads(json.dumps(SAMPLE))
    del wanted["services"]["serviceKey"]
    claims["launch"]["presentation"] = {
        name: claims["launch"]["presentation"][SPELLED.get(name, name)] for name in wanted["launch"]["presentation"]
    }
    assert json.dumps(claims) == json.dumps(wanted)
