"""What a team does that brings its own client to the contracts."""
