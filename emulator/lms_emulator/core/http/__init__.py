"""One request: addresses, routing, the exchange, refusals, pages and outgoing calls."""
