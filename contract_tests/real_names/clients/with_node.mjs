// An integrator's own code, with hard-coded addresses; run as it stands. Arguments: API key of OpenLearning.
const answer = await fetch("https://api.openlearning.com/v2.2/users/me/institutions/", {
  headers: { "X-API-Key": process.argv[2] },
});
const refused = await fetch("https://courses.edx.org/oauth2/access_token", {
  method: "POST",
  body: new URLSearchParams({ grant_type: "client_credentials" }),
});
const institution = (await answer.json()).data[0].id;
console.log(`${institution} ${refused.status} ${(await refused.json()).error}`);
