"""What is measured. Nothing here asserts on seconds: the numbers depend on the machine."""
