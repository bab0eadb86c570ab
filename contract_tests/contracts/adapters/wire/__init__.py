"""Plain HTTP, one module per provider."""
