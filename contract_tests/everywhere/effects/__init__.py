"""Whether what a handler reads has an effect: recorded requests are sent again with one parameter changed.

The requests of a provider's tests are tried as well, or instead where there are no recordings (`watched`); at Canvas
also requests of our own to what neither reaches (`asked`).

`requests` changes one parameter of a request, `fitting` proposes values for it, `probe` sends both and compares answer,
state and outbox. `python -m contract_tests.everywhere.effects PROVIDER` lists what never made a difference, beside what
`declared.toml` says of it.
"""
