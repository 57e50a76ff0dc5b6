"""What a station asks the certificate authority for, and what it tells in one message with many events."""

from __future__ import annotations

from engine.charging.kept import parts as kept
from engine.charging.kept.notice_events import CertificateAsked
from engine.charging.kept.notices import CertificateRequested, MonitorsTriggered, NoticeAnswer
from engine.charging.kept.notifications import MAX_TOLD
from tests.engine.charging.world import World, appended, reply


def test_a_request_for_a_certificate_is_on_record_before_it_is_accepted() -> None:
    world = World()
    world.connect()
    effects = world.do(CertificateRequested("a csr", "V2GCertificate", 7))
    assert reply(effects) == NoticeAnswer({"status": "Accepted"})
    assert appended(effects) == ["certificate.asked"]
    (asked,) = world.told(CertificateAsked)
    assert (asked.csr, asked.use, asked.request) == ("a csr", "V2GCertificate", 7)


def test_without_an_authority_it_is_rejected_rather_than_forgotten() -> None:
    world = World(signs_certificates=False)
    world.connect()
    effects = world.do(CertificateRequested("a csr"))
    assert reply(effects) == NoticeAnswer({"status": "Rejected"})
    assert appended(effects) == []


def test_more_events_than_are_remembered_count_once_when_their_message_is_repeated() -> None:
    world = World()
    world.connect()
    events = tuple({"eventId": number, "timestamp": "t", "trigger": "Alerting"} for number in range(3 * MAX_TOLD))
    told = MonitorsTriggered(world.at(), 0, True, (*events, events[0]))
    assert appended(world.do(told)) == ["monitor"] * len(events)
    world.host_dies()
    assert appended(world.do(told)) == []
    fewer = MonitorsTriggered(world.at(), 0, True, ({"eventId": -1, "timestamp": "t", "trigger": "Alerting"},))
    assert appended(world.do(fewer)) == ["monitor"]
    assert len(kept.load(world.state, kept.TOLD)["monitor"]) == MAX_TOLD, "and takes no more memory than others later"
