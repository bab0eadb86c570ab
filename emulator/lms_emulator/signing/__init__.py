"""Pure functions that make, verify and diagnose signatures. No HTTP, no state, no clock."""
