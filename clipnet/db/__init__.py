"""What is stored in PostgreSQL and how to reach it."""
