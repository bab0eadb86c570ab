"""The platform side of LTI 1.3, once for every LMS; each provider hands in its dialect.

`launches` posts a launch to a tool, `deep_linking` takes the content that a tool chose, `assertions` proves who asks
for a service token, `services` and `grades` are rosters, line items, scores and results. Each has a base class. A
provider derives from it and fills in its own addresses, claims, refusals, and which checks it makes in which order.
What a check finds is a `Fault`, in the same words for every LMS; the provider turns it into its own answer.
"""
