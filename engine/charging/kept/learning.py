"""Which fact is kept where: the table from what answers teach to the modules that remember it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.charging.effects import Effect
from engine.charging.kept import configuration as station_configuration
from engine.charging.kept import customers, facts, inventory, jobs, reports, reservations
from engine.charging.kept.facts import Fact
from engine.charging.smart import charging as smart_charging
from engine.charging.state import ChargePointState

Keep = Callable[[ChargePointState, Any, str, int], None]
KeepAndTell = Callable[[ChargePointState, Any, str, int, list[Effect]], None]

_KEPT: dict[type[Fact], Keep] = {
    facts.ConfigurationLearned: station_configuration.learn,
    facts.LocalListLearned: inventory.local_list,
    facts.CertificatesRead: inventory.certificates_read,
    facts.CertificateInstalled: inventory.certificate_installed,
    facts.CertificateDeleted: inventory.certificate_deleted,
    facts.ProfileSet: smart_charging.profile_set,
    facts.ProfilesCleared: smart_charging.profiles_cleared,
    facts.CompositeRead: smart_charging.composite_read,
    facts.MonitorsSet: inventory.monitors_set,
    facts.MonitorsCleared: inventory.monitors_cleared,
    facts.MonitoringSet: inventory.monitoring_set,
    facts.DisplaySet: inventory.display_set,
    facts.DisplayCleared: inventory.display_cleared,
}
_TOLD: dict[type[Fact], KeepAndTell] = {
    facts.ReservationMade: reservations.made,
    facts.ReservationCancelled: reservations.cancelled,
    facts.JobAccepted: jobs.accepted,
    facts.ReportPromised: reports.promised,
    facts.CustomerForgotten: customers.forgotten,
}


def learn(state: ChargePointState, fact: Fact, command: str, now: int, effects: list[Effect]) -> None:
    """Keep what the answer to `command` taught; what somebody else wants to know is an event as well."""
    keep = _KEPT.get(type(fact))
    if keep is not None:
        keep(state, fact, command, now)
    else:
        _TOLD[type(fact)](state, fact, command, now, effects)
