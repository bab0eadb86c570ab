"""What every provider is built on: time, ids, state, settings, journal, refusals. Knows no provider."""
