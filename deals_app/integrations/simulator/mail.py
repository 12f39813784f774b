"""A mail server on this machine: a mailbox over IMAP, and over HTTP what puts mails into it and makes it fail."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from deals_app.integrations.simulator.imap import ImapServer, Refused, served_imap
from deals_app.integrations.simulator.mailbox import Mailbox
from deals_app.integrations.simulator.sample_mails import sample_mails
from deals_app.integrations.simulator.serving import Answer, Faults, Request, Simulation

USER: Final = "sales@deals.example"
PASSWORD: Final = "simulated"  # noqa: S105 (of nobody: it is documented)


class Mail(Simulation):
    """The control side: `POST /_deliver` with a raw mail, `POST /_renumber` for another UIDVALIDITY."""

    def __init__(self, *, faults: Faults | None = None, with_samples: bool = True) -> None:
        super().__init__(faults)
        self.mailbox = Mailbox()
        self.imap_port = 0
        for raw in sample_mails() if with_samples else []:
            self.mailbox.deliver(raw)
        self.on("GET", "/", self._about)
        self.on("POST", "/_deliver", self._deliver)
        self.on("POST", "/_renumber", self._renumber)

    def before_command(self) -> None:
        """The faults, as a mail server has them. Raises Refused."""
        if self.faults.slow_seconds:
            time.sleep(self.faults.slow_seconds)
        if self.faults.too_many_requests:
            self.faults = replace(self.faults, too_many_requests=self.faults.too_many_requests - 1)
            message = "[LIMIT] too many commands"
            raise Refused(message)
        if self.faults.failures:
            self.faults = replace(self.faults, failures=self.faults.failures - 1)
            message = "[UNAVAILABLE] internal error"
            raise Refused(message)

    def _about(self, _: Request) -> Answer:
        box = self.mailbox
        return Answer(
            {"imap": {"host": "127.0.0.1", "port": self.imap_port, "user": USER, "password": PASSWORD}}
            | {
                "uidvalidity": box.validity,
                "mails": [{"uid": each.uid, "flags": sorted(each.flags)} for each in box.mails],
            }
        )

    def _deliver(self, request: Request) -> Answer:
        if not request.body:
            message = "the body must be a raw mail"
            raise ValueError(message)
        raw = request.body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return Answer({"uids": [self.mailbox.deliver(each) for each in self.faults.applied_to([raw])]}, 201)

    def _renumber(self, _: Request) -> Answer:
        self.mailbox.renumber()
        return Answer({"uidvalidity": self.mailbox.validity})


@contextmanager
def served_mailbox(mail: Mail, port: int = 0) -> Generator[int]:
    """The port of its IMAP side while it is served."""
    with ImapServer(mail.mailbox, user=USER, password=PASSWORD, before=mail.before_command, port=port) as server:
        mail.imap_port = server.port
        with served_imap(server):
            yield server.port
