"""Deterministic people, clips, media and scenarios: data only."""
