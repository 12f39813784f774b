"""Salesforce's Outbound Messages: what is read, what is refused, and what is answered."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path

import pytest

from deals_app.integrations.salesforce_soap import BadMessage, ack, fault, read_message, without_session

NOTIFICATION = """<Notification><Id>04l5e00000NoTiFAAV</Id>
 <sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
  <sf:Id>0065e00000TeStAAAV</sf:Id><sf:Amount>120000.0</sf:Amount><sf:Name>Express &lt;SLA&gt;</sf:Name>
  <sf:CloseDate xsi:nil="true"/><sf:VALOR__c>5968.68</sf:VALOR__c></sObject></Notification>"""
MESSAGE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D5e000000AbCd</OrganizationId>
<SessionId>00D5e000000AbCd!SECRET.TOKEN</SessionId>{}</notifications></soapenv:Body></soapenv:Envelope>"""
WHOLE = MESSAGE.format(NOTIFICATION)


def test_a_message_becomes_records_without_its_session() -> None:
    message = read_message(WHOLE.encode())
    assert message.organization_id == "00D5e000000AbCdEAK"
    (notification,) = message.notifications
    assert notification.is_opportunity
    assert notification.id == "04l5e00000NoTiFAAV"
    assert notification.record == {
        "attributes": {"type": "Opportunity"},
        "Id": "0065e00000TeStAAAV",
        "Amount": "120000.0",
        "Name": "Express <SLA>",
        "CloseDate": None,
        "VALOR__c": "5968.68",
    }
    assert "SECRET" not in repr(message)


def test_any_prefix_any_encoding_and_a_header() -> None:
    other = WHOLE.replace("soapenv:", "S:").replace(":soapenv=", ":S=").replace("sf:", "o:").replace(":sf=", ":o=")
    headed = WHOLE.replace("<soapenv:Body>", "<soapenv:Header><x>y</x></soapenv:Header><soapenv:Body>")
    for text in (other, headed, WHOLE.replace("UTF-8", "UTF-16")):
        body = text.encode("utf-16" if "UTF-16" in text else "utf-8")
        assert read_message(body).notifications[0].record["Name"] == "Express <SLA>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        WHOLE[:-40],
        WHOLE.replace("<soapenv:Envelope", "<!DOCTYPE x><soapenv:Envelope"),
        WHOLE.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"),
        WHOLE.replace("http://soap.sforce.com/2005/09/outbound", "urn:else"),
        WHOLE.replace("<OrganizationId>00D5e000000AbCd</OrganizationId>", ""),
        WHOLE.replace("<SessionId>", "<OrganizationId>00D9z000000Evil</OrganizationId><SessionId>"),
        WHOLE.replace("<sf:Amount>120000.0", "<sf:Amount><sf:x/>120000.0"),
        WHOLE.replace("<sf:Amount>120000.0</sf:Amount>", "<sf:Name>again</sf:Name>"),
        WHOLE.replace("<Id>04l5e00000NoTiFAAV</Id>", ""),
        WHOLE.replace(' xsi:type="sf:Opportunity"', ""),
        WHOLE.replace("<sf:Amount>", "<sf:Amount " + " ".join(f'a{n}=""' for n in range(17)) + ">"),
        WHOLE.replace("UTF-8", "klingon"),
        MESSAGE.format(""),
        MESSAGE.format(NOTIFICATION * 101),
        MESSAGE.format("<a>" * 50 + "</a>" * 50),
        WHOLE.replace("Express", "E\x01"),
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        read_message(text.encode())


def test_a_hundred_are_read_and_a_large_body_is_not() -> None:
    assert len(read_message(MESSAGE.format(NOTIFICATION * 100).encode()).notifications) == 100
    with pytest.raises(BadMessage, match="larger"):
        read_message(WHOLE.encode() + b" " * (5 << 20))


@pytest.mark.parametrize(
    "session",
    [
        "<SessionId>00D5e000000AbCd!SECRET</SessionId>",
        "<o:SessionId a='1'\n>00D5e000000AbCd!SECRET</o:SessionId >",
        "<SessionId><![CDATA[00D5e000000AbCd!SECRET]]></SessionId>",
        "<SessionId><!-- > -->SECRET</SessionId>",
        "<SessionId>SECRET",
        "<Other>00D5e000000AbCdEAK!SECRET</Other>",
        "<Other>00D5e000000AbCd&#33;SECRET</Other>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_is_kept_of_the_raw_body_has_no_session(session: str, encoding: str) -> None:
    kept = without_session(f"<a><b>before</b>{session}<c>after</c></a>".encode(encoding))
    assert b"SECRET" not in kept
    assert b"before" in kept
    assert without_session(b"\xff<SessionId>\xfe") == "\ufffd<SessionId/>".encode()


def test_a_message_without_a_session_is_kept_as_it_is() -> None:
    body = WHOLE.replace("<SessionId>00D5e000000AbCd!SECRET.TOKEN</SessionId>", '<SessionId xsi:nil="true"/>')
    kept = without_session(body.encode())
    assert kept == body.replace('<SessionId xsi:nil="true"/>', "<SessionId/>").encode()
    assert read_message(kept) == read_message(WHOLE.encode())


def test_faults_are_escaped_and_say_whose_they_are() -> None:
    assert "<faultcode>soapenv:Server</faultcode>" in fault("Try later", is_ours=True)
    assert "&lt;b&gt;" in fault("<b>")


def test_the_messages_and_answers_of_the_collection(real_data: Path) -> None:
    folder = real_data / "salesforce"
    assert ack(is_taken=True) == (folder / "response_ack_true.xml").read_text()
    assert ack(is_taken=False) == (folder / "response_ack_false.xml").read_text()
    assert fault() == (folder / "response_soap_fault.xml").read_text()
    for path in sorted(folder.glob("outbound_*.xml")):
        message = read_message(path.read_bytes())
        assert len(message.notifications) == (100 if "100" in path.name else 1), path.name
        assert message.notifications[0].is_opportunity == ("lead" not in path.name)
        assert b"must-never" not in without_session(path.read_bytes())


def test_every_attack_of_the_collection(real_data: Path) -> None:
    folder = real_data / "xml_attacks"
    expected = json.loads((folder / "EXPECT.json").read_text())
    tracemalloc.start()
    for wanted, names in expected.items():
        for name in (each.partition(" ")[0] for each in names):
            began = time.perf_counter()
            tracemalloc.reset_peak()
            try:
                found = read_message((folder / name).read_bytes())
            except BadMessage:
                assert not wanted.startswith("accept"), name
            else:
                assert not wanted.startswith("reject"), name
                assert "root:" not in repr(found), name
            assert time.perf_counter() - began < 1, name
            assert tracemalloc.get_traced_memory()[1] < 50 << 20, name
    tracemalloc.stop()
