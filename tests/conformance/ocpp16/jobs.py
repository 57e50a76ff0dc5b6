"""What a case looks at when a firmware, log or diagnostics job has come to its end."""

from __future__ import annotations

from tests.conformance.bench import Bench, Commanded
from tests.conformance.verdict import holds, same


async def job_ended(bench: Bench, command: Commanded, job: str, state: str, *steps: str) -> None:
    """The job is kept with every step, and known as what the command led to."""
    (kept,) = (await bench.kept("jobs"))["jobs"]
    holds(kept, {"job": job, "state": state, "status": steps[-1], "command": command.id}, "the job that is kept")
    same([step["status"] for step in kept["steps"]], list(steps), "the steps of the job")
    await bench.led_to(command, kind="job", job=job, state=state, status=steps[-1])
