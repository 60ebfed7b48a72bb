"""The reference ClipNET Phase 1 application: the API, the worker and the web frontend."""
