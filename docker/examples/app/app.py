"""An application under test, as it would run in production: addresses are hard-coded, nothing knows of the emulator.

Signs a person on at OpenLearning and prints the address of the launch. Environment: OPENLEARNING_API_KEY,
OPENLEARNING_INSTITUTION.
"""

import json
import os
from urllib.parse import urlencode
from urllib.request import urlopen

API = f"https://api.openlearning.com/v2.1/institutions/{os.environ['OPENLEARNING_INSTITUTION']}/managed-users/"
KEY = "?" + urlencode({"api_key": os.environ["OPENLEARNING_API_KEY"]})


def post(url: str, **fields: str) -> dict[str, object]:
    """Send a form; the answer's data."""
    with urlopen(url + KEY, urlencode(fields).encode(), timeout=10) as answer:
        return json.load(answer)["data"]


user = post(API, full_name="Mary Somerville", external_institution_id="m-1", primary_email_address="mary@example.edu")
launch = post(f"{API}{user['id']}/sign-on/")
print("signed on:", launch["url"])
