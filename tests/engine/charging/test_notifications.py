"""What a station asks the certificate authority for."""

from __future__ import annotations

from engine.charging.notice_events import CertificateAsked
from engine.charging.notices import CertificateRequested, NoticeAnswer
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
