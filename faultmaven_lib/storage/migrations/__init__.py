"""Alembic's environment and one file a revision, found through the package."""
