"""How long the texts of people may be. The forms say so early, the services decide, the database holds a wider wall."""

from __future__ import annotations

LONGEST_NAME = 200
LONGEST_EMAIL_ADDRESS = 254
LONGEST_NOTE = 20_000
LONGEST_TAG = 100
LONGEST_EXTERNAL_ID = 255
