"""gunicorn's settings for `deals web`. Addresses and numbers of workers come from its command line."""

# First of all, before anything imports sockets or psycopg.
from gevent import monkey

monkey.patch_all()

import os

import psycopg.waiting
from gunicorn.workers.base import Worker

from deals_app.embedded.processes import tie_forks_to_this_process

worker_class = "gevent"
# Long-lived sockets of open boards end here; `deals up` has to stop within 10 s altogether.
graceful_timeout = 4
timeout = 60
keepalive = 5
control_socket_disable = True
# The heart-beat file: on a slow disk its fchmod would stall the event loop.
_MEMORY = "/dev/shm"  # noqa: S108 (gunicorn makes its file there safely)
worker_tmp_dir = _MEMORY if os.access(_MEMORY, os.W_OK) else None

tie_forks_to_this_process()


def post_worker_init(_worker: Worker) -> None:
    """Refuse to serve with a driver that would block every other request while it waits for the database.

    psycopg chooses its way of waiting when it is imported; `wait_c` knows nothing of gevent.
    """
    if getattr(psycopg.waiting.wait, "__name__", "") == "wait_c":
        message = "psycopg was imported before gevent patched the sockets"
        raise RuntimeError(message)
