"""What all fakes share: app, request journal, faults, clock, ids, state, webhooks. It names no provider."""
