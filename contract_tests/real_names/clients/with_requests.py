"""An integrator's own code, with hard-coded addresses; run as it stands. Arguments: API key of OpenLearning."""

import sys

import requests

session = requests.Session()
session.headers["X-API-Key"] = sys.argv[1]
answer = session.get("https://api.openlearning.com/v2.2/users/me/institutions/", timeout=10)
answer.raise_for_status()
refused = requests.post(
    "https://courses.edx.org/oauth2/access_token", data={"grant_type": "client_credentials"}, timeout=10
)
print(answer.json()["data"][0]["id"], refused.status_code, refused.json()["error"])
