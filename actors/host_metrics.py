"""A host's numbers for /metrics. Names ending in `_total` are counters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from actors.host import BaseHost


class Metric(NamedTuple):
    """One number of a host."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = {}


def host_metrics(host: BaseHost) -> list[Metric]:
    """Process, event loop, actors, committer and gateway."""
    process = psutil.Process(os.getpid())
    times = process.cpu_times()
    found: list[Metric] = [
        Metric("raycharge_host_cpu_seconds_total", "CPU time of the host's process", times.user + times.system),
        Metric(
            "raycharge_host_resident_bytes", "Resident memory of the host's process", float(process.memory_info().rss)
        ),
    ]
    if host.watch is not None:
        found += [
            Metric(
                "raycharge_host_loop_blocked_total", "Calls that held the event loop for over 50 ms", host.watch.blocked
            ),
            Metric("raycharge_host_loop_blocked_seconds_total", "Time in such calls", host.watch.total_s),
        ]
    return found + _runtime_metrics(host) + _gateway_metrics(host)


def _runtime_metrics(host: BaseHost) -> list[Metric]:
    runtime = host.runtime
    if runtime is None:
        return []
    commits = runtime.committer.metrics
    return [
        Metric("raycharge_host_actors", "Charge point actors in the host", len(runtime.actors)),
        Metric("raycharge_host_tariff_targets", "What tariffs are assigned to", len(runtime.tariffs.held.assignments)),
        Metric("raycharge_host_activations_total", "Activations since the host's start", runtime.activations),
        Metric("raycharge_host_actor_failures_total", "Steps that failed", runtime.actor_failures),
        Metric("raycharge_host_quarantines_total", "Actors put into quarantine", runtime.quarantines),
        Metric("raycharge_journal_available", "1 while the journal takes commits", float(runtime.committer.available)),
        Metric("raycharge_journal_backlog_bytes", "Enqueued or under way", runtime.committer.backlog_bytes),
        Metric("raycharge_journal_flights_total", "Group commits", commits.flights),
        Metric("raycharge_journal_messages_total", "Messages committed", commits.messages),
        Metric("raycharge_journal_records_total", "Records committed", commits.records),
        Metric("raycharge_journal_commit_seconds_total", "Time in commits", commits.seconds),
        Metric("raycharge_journal_retries_total", "Commits repeated because the journal was away", commits.retries),
        Metric("raycharge_journal_refused_total", "Writes refused for a stale epoch", commits.refused),
        Metric("raycharge_journal_repeats_total", "Meter values dropped as repeats", commits.repeats_dropped),
        Metric("raycharge_message_log_dropped_total", "Message log rows dropped in need", commits.droppable_dropped),
    ]


def _gateway_metrics(host: BaseHost) -> list[Metric]:
    listener = getattr(host, "listener", None)
    if listener is None:
        return []
    return [
        Metric("raycharge_gateway_sockets", "Open sockets", len(listener.sockets)),
        Metric("raycharge_gateway_accepted_total", "Handshakes accepted", listener.accepted),
        Metric("raycharge_gateway_refused_total", "Handshakes refused", sum(listener.refused.values())),
        Metric("raycharge_gateway_throttled_total", "Connections that were slowed down", listener.throttled),
        Metric("raycharge_gateway_dead_total", "Silent connections cut", listener.dead),
        *(
            Metric("raycharge_gateway_security_events_total", "Connections refused, by reason", count, {"type": kind})
            for kind, count in listener.security_events.items()
        ),
        *_tls_metrics(host),
    ]


def _tls_metrics(host: BaseHost) -> list[Metric]:
    files = getattr(host, "tls_files", None)
    if files is None or files.material is None:
        return []
    return [
        Metric("raycharge_tls_reloads_total", "Times that changed TLS files were taken into use", files.reloads),
        Metric(
            "raycharge_tls_certificates_end_seconds", "When the first of our certificates ends", files.material.ends
        ),
        Metric("raycharge_tls_reload_failures_total", "Times that they could not be used", files.failures),
    ]
