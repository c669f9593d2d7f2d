"""How soon a server draws: from its start to ready, to a first partial picture, to a picture.

    python bench/server.py [--rounds 3]

Starts `smalti serve` with a fresh data folder each round, as a user does, and asks it with
the official client. The last line is JSON; each figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from urllib.error import URLError
from urllib.request import urlopen

from openai import OpenAI

READY_MAX_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = [measure() for _ in range(parser.parse_args().rounds)]
    figures = {name: round(statistics.median(r[name] for r in rounds), 3) for name in rounds[0]}
    for name, value in figures.items():
        print(f"{name:20} {value:8.3f}")
    print(json.dumps({"bench": "server", "figures": figures}))


def measure() -> dict[str, float]:
    """One server's life."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "smalti.cli", "serve", "--port", "0"],
            env={**os.environ, "SMALTI_DATA_DIR": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url, key = _address(server)
            address_s = time.perf_counter() - begun
            _wait_until_ready(url)
            ready_s = time.perf_counter() - begun
            client = OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=300)
            return {"listening_s": address_s, "ready_s": ready_s, **_draw(client)}
        finally:
            server.terminate()
            server.wait(30)


def _address(server: subprocess.Popen[str]) -> tuple[str, str]:
    assert server.stdout is not None
    printed = ""
    while (found := re.search(r"address +(\S+)\n +key +(\S+)\n", printed)) is None:
        line = server.stdout.readline()
        if not line:
            sys.exit(f"The server ended before it said where it is. It printed: {printed!r}")
        printed += line
    return found[1], found[2]


def _wait_until_ready(url: str) -> None:
    until = time.monotonic() + READY_MAX_S
    while time.monotonic() < until:
        try:
            with urlopen(f"{url}/readyz") as reply:
                if reply.status == 200:
                    return
        except URLError:
            time.sleep(0.05)
    sys.exit(f"The server at {url} was not ready after {READY_MAX_S:.0f} s.")


def _draw(client: OpenAI) -> dict[str, float]:
    """Seconds to the first partial picture of a stream, and to whole pictures, one and four."""
    begun = time.perf_counter()
    times = [
        time.perf_counter() - begun
        for _ in client.images.generate(
            prompt="a red house by the sea", stream=True, partial_images=3
        )
    ]
    begun = time.perf_counter()
    client.images.generate(prompt="a fox in the snow, ink", n=4)
    return {
        "first_partial_s": times[0],
        "picture_s": times[-1],
        "four_pictures_s": time.perf_counter() - begun,
    }


if __name__ == "__main__":
    main()
