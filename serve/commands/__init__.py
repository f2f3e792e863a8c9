"""Commands of the serving room."""
