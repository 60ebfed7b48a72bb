"""Reads GitHub workflows and carries them out as far as this project's own need it; the rest is refused."""
