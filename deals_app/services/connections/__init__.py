"""Connections to other systems: made, signed in, told by webhooks, asked in synchronisations."""
