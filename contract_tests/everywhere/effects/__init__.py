"""Whether what a handler reads has an effect: recorded requests are sent again with one parameter changed.

Of providers without recordings, the requests of their tests are tried (`watched`).

`requests` changes one parameter of a request, `fitting` proposes values for it, `probe` sends both and compares answer,
state and outbox. `python -m contract_tests.everywhere.effects PROVIDER` lists what never made a difference, beside what
`declared.toml` says of it.
"""
