"""IMAP4rev1 (RFC 3501) over the simulated mailbox, as much as Python's imaplib needs to fetch mails; without TLS."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, NoReturn

from deals_app.integrations.simulator.mailbox import Mailbox, Stored

_LINE: Final = 1 << 16
_LITERAL: Final = re.compile(rb"\{([0-9]{1,7})\+?\}\r?\n\Z")
_WORDS: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ITEM: Final = re.compile(r"BODY(?:\.PEEK)?\[(HEADER|TEXT|)\]|RFC822\.SIZE|RFC822\.HEADER|[A-Z0-9.]+")
_FLAGS: Final = r"(\Seen \Answered \Flagged \Deleted \Draft)"


class Refused(Exception):
    """The command cannot be carried out: NO, or BAD where it is none."""

    def __init__(self, message: str, *, is_bad: bool = False) -> None:
        super().__init__(message)
        self.word = "BAD" if is_bad else "NO"


def _refuse(message: str, *, is_bad: bool = False) -> NoReturn:
    raise Refused(message, is_bad=is_bad)


class ImapServer(socketserver.ThreadingTCPServer):
    """Serves one mailbox to one user. `before` is asked before each command and may raise Refused, or wait."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mailbox: Mailbox, *, user: str, password: str, before: Callable[[], None], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.mailbox = mailbox
        self.user = user
        self.password = password
        self.before = before

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server_address[1]


@contextmanager
def served_imap(server: ImapServer) -> Generator[None]:
    """Serve until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Conversation(socketserver.StreamRequestHandler):
    server: ImapServer  # pyright: ignore[reportIncompatibleVariableOverride] (socketserver gives its own server)

    def setup(self) -> None:
        super().setup()
        self._is_known = False
        self._is_open = False
        self._is_read_only = False
        self._is_over = False

    def handle(self) -> None:
        self._say("* OK IMAP4rev1 simulated mailbox")
        while not self._is_over and (line := self._read()):
            tag, _, rest = line.strip().partition(" ")
            name, _, arguments = rest.partition(" ")
            try:
                self.server.before()
                with self.server.mailbox.lock:
                    self._carry_out(name.upper(), arguments)
            except Refused as refused:
                self._say(f"{tag} {refused.word} {refused}")
            except ValueError as problem:
                self._say(f"{tag} BAD {problem}")
            else:
                mode = "[READ-ONLY] " if self._is_read_only and name.upper() == "EXAMINE" else ""
                self._say(f"{tag} OK {mode}{name.upper()} completed")

    def _read(self) -> str:
        """A command in one line, its literals fetched and put in as quoted texts."""
        whole = b""
        while True:
            line = self.rfile.readline(_LINE)
            literal = _LITERAL.search(line)
            if literal is None:
                return (whole + line).decode(errors="replace")
            self._say("+ go on")
            text = self.rfile.read(int(literal[1]))
            whole += line[: literal.start()] + b'"' + text.replace(b"\\", rb"\\").replace(b'"', rb"\"") + b'"'

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def _carry_out(self, name: str, arguments: str) -> None:
        if name in {"CAPABILITY", "NOOP", "LOGOUT"}:
            self._always(name)
        elif name == "LOGIN":
            self._log_in(arguments)
        elif not self._is_known:
            _refuse("sign in first")
        elif name in {"SELECT", "EXAMINE"}:
            self._open(arguments, is_read_only=name == "EXAMINE")
        elif name == "LIST":
            self._say(r'* LIST (\HasNoChildren) "/" "INBOX"')
        elif self._is_open:
            self._in_mailbox(name, arguments)
        else:
            _refuse("select a mailbox first")

    def _in_mailbox(self, name: str, arguments: str) -> None:
        if name == "UID":
            command, _, rest = arguments.partition(" ")
            self._by_uid(command.upper(), rest)
        elif name == "EXPUNGE":
            for place in self.server.mailbox.expunge():
                self._say(f"* {place} EXPUNGE")
        elif name in {"CLOSE", "CHECK"}:
            self._is_open = name == "CHECK"
        else:
            _refuse(f"{name} is not known here", is_bad=True)

    def _always(self, name: str) -> None:
        if name == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif name == "LOGOUT":
            self._say("* BYE until next time")
            self._is_over = True
        elif self._is_open:
            self._say(f"* {len(self.server.mailbox.mails)} EXISTS")

    def _log_in(self, arguments: str) -> None:
        words = [
            re.sub(r"\\(.)", r"\1", quoted) if quoted or not bare else bare
            for quoted, bare in _WORDS.findall(arguments)
        ]
        if words != [self.server.user, self.server.password]:
            _refuse("[AUTHENTICATIONFAILED] wrong name or password")
        self._is_known = True

    def _open(self, arguments: str, *, is_read_only: bool) -> None:
        if arguments.strip('" ').upper() != "INBOX":
            _refuse("[NONEXISTENT] there is only INBOX")
        box = self.server.mailbox
        self._is_open, self._is_read_only = True, is_read_only
        for line in (
            f"FLAGS {_FLAGS}",
            f"{len(box.mails)} EXISTS",
            "0 RECENT",
            f"OK [UIDVALIDITY {box.validity}]",
            f"OK [UIDNEXT {box.next_uid}]",
            rf"OK [PERMANENTFLAGS {_FLAGS[:-1]} \*)]",
        ):
            self._say(f"* {line}")

    def _by_uid(self, command: str, rest: str) -> None:
        box = self.server.mailbox
        if command == "SEARCH":
            criteria = re.sub(r"\ACHARSET \S+ ", "", rest.strip("()"))
            self._say(" ".join(["* SEARCH", *(str(stored.uid) for stored in box.found(criteria))]))
            return
        uid_set, _, rest = rest.partition(" ")
        if command not in {"FETCH", "STORE"}:
            _refuse(f"UID {command} is not known here", is_bad=True)
        for stored in box.chosen(uid_set):
            place = box.mails.index(stored) + 1
            if command == "FETCH":
                self.wfile.write(f"* {place} FETCH (".encode() + self._fetched(stored, rest.upper()) + b")\r\n")
            else:
                self._store(stored, place, rest)

    def _fetched(self, stored: Stored, asked: str) -> bytes:
        parts = [f"UID {stored.uid}".encode()]
        for item in _ITEM.finditer(asked):
            name = item[0]
            if name == "FLAGS":
                parts.append(f"FLAGS ({' '.join(sorted(stored.flags))})".encode())
            elif name == "INTERNALDATE":
                parts.append(f'INTERNALDATE "{stored.received.strftime("%d-%b-%Y %H:%M:%S %z")}"'.encode())
            elif name == "RFC822.SIZE":
                parts.append(f"RFC822.SIZE {len(stored.raw)}".encode())
            elif item[1] is not None or name in {"RFC822", "RFC822.HEADER"}:
                parts.append(self._body(stored, name, item[1] or ""))
            elif name != "UID":
                _refuse(f"{name} cannot be fetched here", is_bad=True)
        return b" ".join(parts)

    def _body(self, stored: Stored, name: str, section: str) -> bytes:
        """The whole mail or a half of it; looking without PEEK marks it as seen."""
        if "PEEK" not in name and name != "RFC822.HEADER" and not self._is_read_only:
            stored.flags.add(r"\Seen")
        head, blank, text = stored.raw.partition(b"\r\n\r\n")
        is_head = section == "HEADER" or name == "RFC822.HEADER"
        content = head + blank if is_head else text if section == "TEXT" else stored.raw
        return name.replace(".PEEK", "").encode() + f" {{{len(content)}}}\r\n".encode() + content

    def _store(self, stored: Stored, place: int, rest: str) -> None:
        action, _, written = rest.partition(" ")
        if self._is_read_only:
            _refuse("the mailbox is opened for reading only")
        flags = set(written.strip("() ").split())
        kind = action.upper().removesuffix(".SILENT")
        if kind not in {"FLAGS", "+FLAGS", "-FLAGS"}:
            _refuse(f"{action} cannot be stored", is_bad=True)
        stored.flags = {"FLAGS": flags, "+FLAGS": stored.flags | flags, "-FLAGS": stored.flags - flags}[kind]
        if not action.upper().endswith(".SILENT"):
            self._say(f"* {place} FETCH (UID {stored.uid} FLAGS ({' '.join(sorted(stored.flags))}))")
