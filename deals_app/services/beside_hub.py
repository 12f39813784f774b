"""Work of the processor, or of a library that reads and writes files, beside the event loop of a web process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def beside_the_hub(work: Callable[[], T]) -> T:
    """Do it in gevent's thread pool, where it holds up no other request; without gevent, do it here."""
    socket_module = sys.modules.get("gevent.monkey")
    if socket_module is None or not socket_module.is_module_patched("socket"):
        return work()
    import gevent

    return gevent.get_hub().threadpool.apply(work)
