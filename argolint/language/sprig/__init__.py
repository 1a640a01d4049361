"""sprig."""
