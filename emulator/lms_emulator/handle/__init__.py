"""Parts of the Python handle: ways to reach the control API, and typed views of what it gives."""
