"""The server as `smalti serve` starts it, over an engine that takes a time and draws nothing.

    python bench/live/paced_server.py 0.0062 0.0069 …    (seconds of a step with 1, 2, … pictures)

Settings come from the environment. What it draws is grey, and its model is called `paced`.
"""

from __future__ import annotations

import sys

from smalti.cli.serving import serve_until_stopped
from smalti.config import read_settings
from smalti.fleet.paced import PACED, PacedBackend


def main() -> None:
    step_s = [float(step) for step in sys.argv[1:]]
    backend = PacedBackend(1, len(step_s), step_s)
    serve_until_stopped(read_settings(), instead=(backend, (PACED,)))


if __name__ == "__main__":
    main()
