"""An integrator's own code, with hard-coded addresses; run as it stands. Arguments: API key of OpenLearning."""

import sys

import httpx

with httpx.Client(headers={"X-API-Key": sys.argv[1]}) as client:
    answer = client.get("https://api.openlearning.com/v2.2/users/me/institutions/").raise_for_status()
    refused = client.post("https://courses.edx.org/oauth2/access_token", data={"grant_type": "client_credentials"})
print(answer.json()["data"][0]["id"], refused.status_code, refused.json()["error"])
