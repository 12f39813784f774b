"""Backups: everything that an instance keeps in its database, in one file, and back again."""
