"""The linter in editors. Only `server` imports pygls."""
