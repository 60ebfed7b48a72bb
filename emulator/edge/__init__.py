"""The stack's edge: one stable address for the API and one for the frontend, whichever release serves.

A streaming HTTP/1.1 reverse proxy (`python -m emulator.edge`). It starts first, so it imports nothing heavy.
"""
