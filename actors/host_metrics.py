"""A host's numbers for /metrics, as (name, help, value). Names ending in `_total` are counters."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from actors.host import BaseHost

Metric = tuple[str, str, float]


def host_metrics(host: BaseHost) -> list[Metric]:
    """Process, event loop, actors, committer and gateway."""
    process = psutil.Process(os.getpid())
    times = process.cpu_times()
    found: list[Metric] = [
        ("raycharge_host_cpu_seconds_total", "CPU time of the host's process", times.user + times.system),
        ("raycharge_host_resident_bytes", "Resident memory of the host's process", float(process.memory_info().rss)),
    ]
    if host.watch is not None:
        found += [
            ("raycharge_host_loop_blocked_total", "Calls that held the event loop for over 50 ms", host.watch.blocked),
            ("raycharge_host_loop_blocked_seconds_total", "Time in such calls", host.watch.total_s),
        ]
    return found + _runtime_metrics(host) + _gateway_metrics(host)


def _runtime_metrics(host: BaseHost) -> list[Metric]:
    runtime = host.runtime
    if runtime is None:
        return []
    commits = runtime.committer.metrics
    return [
        ("raycharge_host_actors", "Charge point actors in the host", len(runtime.actors)),
        ("raycharge_host_activations_total", "Activations since the host's start", runtime.activations),
        ("raycharge_host_actor_failures_total", "Steps that failed", runtime.actor_failures),
        ("raycharge_host_quarantines_total", "Actors put into quarantine", runtime.quarantines),
        ("raycharge_journal_available", "1 while the journal takes commits", float(runtime.committer.available)),
        ("raycharge_journal_backlog_bytes", "Enqueued or under way", runtime.committer.backlog_bytes),
        ("raycharge_journal_flights_total", "Group commits", commits.flights),
        ("raycharge_journal_messages_total", "Messages committed", commits.messages),
        ("raycharge_journal_records_total", "Records committed", commits.records),
        ("raycharge_journal_commit_seconds_total", "Time in commits", commits.seconds),
        ("raycharge_journal_retries_total", "Commits repeated because the journal was away", commits.retries),
        ("raycharge_journal_refused_total", "Writes refused for a stale epoch", commits.refused),
        ("raycharge_journal_repeats_total", "Meter values dropped as repeats", commits.repeats_dropped),
        ("raycharge_message_log_dropped_total", "Message log rows dropped in need", commits.droppable_dropped),
    ]


def _gateway_metrics(host: BaseHost) -> list[Metric]:
    listener = getattr(host, "listener", None)
    if listener is None:
        return []
    return [
        ("raycharge_gateway_sockets", "Open sockets", len(listener.sockets)),
        ("raycharge_gateway_accepted_total", "Handshakes accepted", listener.accepted),
        ("raycharge_gateway_refused_total", "Handshakes refused", sum(listener.refused.values())),
        ("raycharge_gateway_throttled_total", "Connections that were slowed down", listener.throttled),
        ("raycharge_gateway_dead_total", "Silent connections cut", listener.dead),
    ]
