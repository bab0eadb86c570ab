"""The platform side of LTI 1.3, shared by every LMS; each provider supplies its dialect.

`launches` answers a tool's authentication request with an id_token, `deep_linking` accepts the content that a tool
chose, `assertions` verifies who asks for a service token; `services` and `grades` serve rosters, line items, scores
and results. Each has a base class. A provider derives from it and supplies its own addresses, claims and refusals, and
which checks it makes in which order. A failed check is a `Fault`, in the same terms for every LMS; the provider turns
it into its own answer.
"""
