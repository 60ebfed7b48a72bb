"""Posting clips and messages: one file per platform, one desk that keeps the books."""
