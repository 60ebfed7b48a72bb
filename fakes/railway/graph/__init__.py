"""GraphQL: the schema, and what answers its fields."""
