"""What the README tells a newcomer to type works."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from loadtest.installation import Installation

pytestmark = pytest.mark.system
README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_readmes_question_to_the_data_is_answered(system: Installation) -> None:
    asked = re.search(r'curl http://127\.0\.0\.1:8123/ --data "(.+?)"', README)
    assert asked is not None
    answer = httpx.post(f"http://127.0.0.1:{system.clickhouse_port}/", content=asked[1], trust_env=False)
    assert answer.status_code == 200, answer.text
