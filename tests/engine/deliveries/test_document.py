"""docs/webhooks.md tells the truth: its ten lines verify, its kinds are all there are, its pauses are the code's."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from engine.deliveries.course import RETRY_S
from engine.deliveries.kinds import KINDS
from engine.deliveries.senders.signing import fresh_secret, shown_secret, signature_headers

TEXT = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()


def test_the_ten_lines_of_python_know_ours_from_others() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)
    ours, former, theirs = fresh_secret(), fresh_secret(), fresh_secret()
    headers = signature_headers("msg_1", int(time.time()), b'{"a":1}', [ours, former])
    verified = known["verified"]
    assert [verified(shown_secret(each), headers, b'{"a":1}') for each in (ours, former, theirs)] == [
        *(True, True, False)
    ]
    assert not verified(shown_secret(ours), headers, b'{"a":2}')
    assert not verified(shown_secret(ours), headers | {"webhook-id": "msg_2"}, b'{"a":1}')
    late = signature_headers("msg_1", int(time.time()) - 301, b"{}", [ours])
    assert not verified(shown_secret(ours), late, b"{}")


def test_every_kind_is_told_of() -> None:
    table = TEXT.partition("## What arrives")[2].partition("## Answering")[0]
    written = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", table))
    written |= {f"alert{each}" for each in re.findall(r"`(\.[a-z]+)`", table)}
    assert KINDS.keys() <= written, KINDS.keys() - written


def test_the_pauses_are_those_of_the_code() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| after the one before"))
    units = {"s": 1, "min": 60, "h": 3600}
    pauses = [int(count) * units[unit] for count, unit in re.findall(r"(\d+) (s|min|h)", row)]
    assert pauses == list(RETRY_S)
