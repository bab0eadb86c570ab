"""Integrations of our own, as a careful integrator would write them: read them, and copy what fits."""
