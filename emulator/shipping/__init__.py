"""Deploys a commit to staging by its platforms, as a workflow does.

API and worker are at Railway, the frontend is at Vercel. This package knows the platforms by
what the environment names, and nothing of stacks.
"""
