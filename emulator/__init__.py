"""Starts, watches, inspects and stops the stack."""

VERSION = "0.1.0"
