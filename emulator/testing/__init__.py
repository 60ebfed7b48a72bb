"""For tests of programs that run against the stack: a pytest plugin and what it hands out."""
