"""The façade with its pages over believable data, without Ray: `python -m tests.web.serve [port]`."""

from __future__ import annotations

import asyncio
import logging
import sys
import time

import structlog

from api.web.serve import serve
from tests.web import demo
from tests.web.world import PASSWORD, furnished


async def main(port: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    began = time.monotonic()
    world = await furnished()
    print(f"http://127.0.0.1:{port}/ after {time.monotonic() - began:.1f} s. Everybody's password: {PASSWORD}")
    for who in (*demo.ROLES, "support.north", "driver.north"):
        print(f"  {who}@example.org", flush=True)
    await serve(world.front, "127.0.0.1", port)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8088))
