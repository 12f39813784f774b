"""The embedded PostgreSQL and Redis, and the supervisor that keeps an instance running on one machine."""
