"""Docker: the engine, Compose, the image, and what a stack has there."""
