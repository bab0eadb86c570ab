"""What every provider stands on: time, ids, state, settings, journal, refusals. Knows no provider."""
