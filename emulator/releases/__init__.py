"""Releases of the application: made of a commit, kept on disk, compared, and turned into services."""
