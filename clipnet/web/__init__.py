"""The staging frontend: static files without a build step that talk only to the API."""
