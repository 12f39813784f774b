"""A load from threads with kept-alive connections: how many requests a second a server answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

CLIENTS = 8
SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request of the load."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None = None


def per_second(port: int, requests_of: Callable[[int], Iterator[Request]]) -> float:
    """Answered requests a second; `requests_of(client)` gives each client its own stream. Raises on any 4xx or 5xx."""
    answered = count()
    failures: list[str] = []
    start = time.monotonic()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for request in requests_of(number):
            if time.monotonic() - start > SECONDS or failures:
                break
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status >= http.HTTPStatus.BAD_REQUEST:
                failures.append(f"{request.path}: {answer.status}")
            next(answered)
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])
    return next(answered) / (time.monotonic() - start)
