"""Salesforce's Outbound Messages: SOAP 1.1, unsigned, delivered at least once until answered with an Ack of true.

An answer of false, a fault or none at all is tried again for 24 hours (Salesforce, "Outbound Messaging"). The session
id that a message may carry is a key to the whole organisation: it is never kept, and `without_session` takes it out.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from deals_app.integrations.salesforce_ids import long_id

MOST_NOTIFICATIONS: Final = 100
LARGEST_BODY: Final = 4 << 20
# Envelope, Body, notifications, Notification, sObject, field.
_FIELD_DEPTH: Final = 6
_DEEPEST: Final = 16
_MOST_ATTRIBUTES: Final = 16
_MOST_FIELDS: Final = 1000

_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUTBOUND: Final = "{http://soap.sforce.com/2005/09/outbound}"
_OBJECTS: Final = ("{urn:sobject.enterprise.soap.sforce.com}", "{urn:sobject.partner.soap.sforce.com}")
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_PATH: Final = (f"{_SOAP}Envelope", f"{_SOAP}Body", f"{_OUTBOUND}notifications")

_SESSION: Final = re.compile(
    r"<\s*(?P<name>(?:[\w.-]+:)?SessionId)(?![\w.-])(?:[^>]*/>|.*?</\s*(?P=name)\s*>|.*\Z)", re.DOTALL
)
# A session id by its looks, wherever else it may have got: the organisation, an exclamation mark, the secret.
_TOKEN: Final = re.compile(r"00D[A-Za-z0-9]{12,15}(?:!|&#(?:33|x21);)[^\s<>\"']+")

_ENVELOPE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">
  <soapenv:Body>
{}
  </soapenv:Body>
</soapenv:Envelope>
"""
_ACK: Final = """    <notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">
      <Ack>{}</Ack>
    </notificationsResponse>"""
_FAULT: Final = """    <soapenv:Fault>
      <faultcode>soapenv:{}</faultcode>
      <faultstring>{}</faultstring>
    </soapenv:Fault>"""


class BadMessage(ValueError):
    """This is no Outbound Message, or one that was made to hurt; the sentence is for people and quotes none of it."""


@dataclass(frozen=True)
class Notification:
    """One object of a message, for `sources/salesforce.py`: `record["attributes"]["type"]` says what it is.

    All values are texts; None was sent as nil. `id` is the same each time the notification is delivered.
    """

    id: str
    record: Mapping[str, Any]

    @property
    def is_opportunity(self) -> bool:
        """Whether it is a deal; other objects are acknowledged and left alone."""
        return self.record["attributes"]["type"] == "Opportunity"


@dataclass(frozen=True)
class OutboundMessage:
    """Whose message it is (an id of 18 characters, which nobody has proved), and what is in it."""

    organization_id: str
    notifications: tuple[Notification, ...]


def read_message(body: bytes) -> OutboundMessage:
    """The message. Raises BadMessage for anything else, before it costs more than reading it once.

    Refused are document types and entities of any kind, other namespaces, over 100 notifications, fields that are
    nested or stand twice, and what is no well-formed XML in the encoding it declares.
    """
    if len(body) > LARGEST_BODY:
        _refuse(f"The message is larger than {LARGEST_BODY >> 20} MB")
    reader = _Reader()
    parser = DefusedXMLParser(target=reader, forbid_dtd=True)
    try:
        parser.feed(body)
        parser.close()
    except DefusedXmlException:
        _refuse("SOAP allows no document type declaration and no entities")
    except BadMessage:
        raise
    except (ParseError, LookupError, ValueError):
        _refuse("The body is not well-formed XML")
    if not reader.is_whole:
        _refuse("The message is no Outbound Message with an OrganizationId")
    return OutboundMessage(long_id(reader.organization_id), tuple(reader.notifications))


def without_session(body: bytes) -> bytes:
    """The raw body as it may be kept: as UTF-8, every session id taken out. For any bytes at all."""
    is_wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = body.decode("utf-16" if is_wide else "utf-8", errors="replace")
    return _TOKEN.sub("", _SESSION.sub("<SessionId/>", text)).encode("utf-8", errors="replace")


def ack(*, is_taken: bool) -> str:
    """The answer: true ends the delivery, false asks for it again."""
    return _ENVELOPE.format(_ACK.format("true" if is_taken else "false"))


def fault(message: str = "Bad request", *, is_ours: bool = False) -> str:
    """The answer to what is no message of theirs; `is_ours` when the failure is not the sender's."""
    return _ENVELOPE.format(_FAULT.format("Server" if is_ours else "Client", escape(message)))


def _refuse(message: str) -> NoReturn:
    raise BadMessage(message)


class _Reader:
    """What the parser calls, element by element: no tree is built, and limits hold while it reads."""

    def __init__(self) -> None:
        self.organization_id = ""
        self.notifications: list[Notification] = []
        self.is_whole = False
        self._path: list[str] = []
        self._pieces: list[str] = []
        self._is_nil = False
        self._id = ""
        self._type = ""
        self._fields: dict[str, str | None] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        path = self._path
        if len(path) >= _DEEPEST or len(attributes) > _MOST_ATTRIBUTES:
            _refuse("The message is nested too deep or has too many attributes")
        if (
            len(path) < len(_PATH)
            and tag not in {_PATH[len(path)], f"{_SOAP}Header"}
            and path[-1:] != [f"{_SOAP}Header"]
        ):
            _refuse("The message is not in the namespaces of an Outbound Message")
        path.append(tag)
        self._pieces.clear()
        self._is_nil = attributes.get(f"{_XSI}nil", "").strip() in {"true", "1"}
        if self._is_at("Notification"):
            self._id, self._type, self._fields = "", "", None
            if len(self.notifications) >= MOST_NOTIFICATIONS:
                _refuse(f"The message has more than {MOST_NOTIFICATIONS} notifications")
        elif self._is_at("Notification", "sObject"):
            if self._fields is not None:
                _refuse("A notification has two objects")
            self._type = attributes.get(f"{_XSI}type", "").rpartition(":")[2]
            self._fields = {}
        elif self._fields is not None and len(path) > _FIELD_DEPTH:
            _refuse("A field holds elements")

    def data(self, text: str) -> None:
        """Text, in pieces."""
        self._pieces.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        text = "".join(self._pieces).strip()
        if self._is_at("OrganizationId"):
            self._once(self.organization_id, "OrganizationId")
            self.organization_id = text
        elif self._is_at("Notification", "Id"):
            self._once(self._id, "Id of a notification")
            self._id = text
        elif self._is_in_object():
            self._keep(tag, None if self._is_nil else text)
        elif self._is_at("Notification"):
            self._take_notification()
        self._path.pop()
        self._pieces.clear()
        self._is_nil = False

    def close(self) -> None:
        """The document is over."""
        self.is_whole = bool(self.organization_id and self.notifications)

    def _is_at(self, *names: str) -> bool:
        return self._path == [*_PATH, *(f"{_OUTBOUND}{name}" for name in names)]

    def _is_in_object(self) -> bool:
        return len(self._path) == _FIELD_DEPTH and self._path[-2] == f"{_OUTBOUND}sObject"

    def _keep(self, tag: str, text: str | None) -> None:
        namespace, _, name = tag.rpartition("}")
        if f"{namespace}}}" not in _OBJECTS or self._fields is None:
            return
        if name in self._fields or len(self._fields) >= _MOST_FIELDS:
            _refuse("An object has a field twice, or too many of them")
        self._fields[name] = text

    def _take_notification(self) -> None:
        if self._fields is None or not self._id or not self._type:
            _refuse("A notification lacks its Id, its object or the object's type")
        record = {"attributes": {"type": self._type}, **self._fields}
        self.notifications.append(Notification(self._id, record))

    @staticmethod
    def _once(before: str, name: str) -> None:
        if before:
            _refuse(f"The {name} stands twice")
