"""State machines: a model of what must hold, against any order of operations, moves of the clock and attacks."""
