# An integrator's own code, with hard-coded addresses; run as it stands. Arguments: API key of OpenLearning.
set -eu
answer=$(curl --silent --fail --header "X-API-Key: $1" https://api.openlearning.com/v2.2/users/me/institutions/)
institution=$(printf %s "$answer" | sed 's/.*"data":\[{"id":"\([^"]*\)".*/\1/')
refused=$(curl --silent --write-out ' %{http_code}' --data grant_type=client_credentials https://courses.edx.org/oauth2/access_token)
error=$(printf %s "$refused" | sed 's/.*"error": *"\([^"]*\)".*/\1/')
echo "$institution ${refused##* } $error"
