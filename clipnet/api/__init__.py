"""The HTTP API: `python -m clipnet.api`. One file per resource; `app.create_app` puts them together."""
