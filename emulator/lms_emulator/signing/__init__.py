"""Pure functions that build and prove signatures. No HTTP, no state, no clock."""
