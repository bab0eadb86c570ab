"""Answer for `openedx-rest-api-client`: each line is a call as a JSON array of address, client id, secret, method and
arguments; the answer is a line with what the client understood, or with the status that it was refused with.
"""

from __future__ import annotations

import json
import sys

import requests
from openedx_rest_api_client.client import OpenedxRESTAPIClient

for line in sys.stdin:
    base, client_id, secret, method, *arguments = json.loads(line)
    client = OpenedxRESTAPIClient(base, client_id, secret, (5, 30))
    try:
        found = getattr(client, method)(*arguments)
    except requests.HTTPError as error:
        assert error.response is not None
        found = {"refused": error.response.status_code}
    print(json.dumps(found), flush=True)
