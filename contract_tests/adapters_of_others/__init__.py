"""A team that runs the contracts with its own client."""
