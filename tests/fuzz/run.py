"""`make fuzz`: schemathesis against a live server, then bytes against the readers of bytes.

Prints how much was tried and what failed, and as its last line the same as JSON. Ends with 1 if
anything failed. `--examples`: cases per operation; `--inputs`: inputs per reader;
`--streams`: idle streams at once. It needs tests/ and tests/hostile/ on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import Any

from crowd import CROWD, OTHERS, among_idle_streams, eventually_draws
from hosted import serve
from mutated import run as run_mutated
from targets import TARGETS, seeds

import smalti

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".fuzz"
SEED = 20_260_101

UNLIMITED = {"weight": 1, "limits": [], "max_running": 100, "max_waiting": 10_000}
LEFT_OUT = ",".join(
    (
        # These compare a request with an earlier one, and each stands for itself here.
        "use_after_free",
        "ensure_resource_availability",
        "object_level_authorization",
        # FastAPI names, in the Allow header of a 405, the methods of the first route alone.
        "allow_header_conformance",
    )
)
"""Checks that are not made."""


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def install() -> None:
    stamp = FOLDER / "installed"
    wanted = (HERE / "requirements.txt").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    tell("Installing schemathesis and atheris under .fuzz ...")
    venv.create(FOLDER, with_pip=True, clear=True)
    pip = (FOLDER / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    subprocess.run((*pip, "install", "--requirement", HERE / "requirements.txt"), check=True)
    stamp.write_text(wanted)


def requests(examples: int, folder: Path) -> tuple[int, list[str]]:
    """schemathesis: requests made from the OpenAPI document, right ones and wrong ones."""
    server = serve(folder / "data", slots=4, max_waiting=10_000, tiers={"team": UNLIMITED})
    report = folder / "report.ndjson"
    command = (
        FOLDER / "bin" / "schemathesis", "--config-file", HERE / "schemathesis.toml",
        "run", f"{server.url}/openapi.json",
        "--header", f"Authorization: Bearer {server.key}", "--exclude-checks", LEFT_OUT,
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples),
        "--seed", str(SEED), "--request-timeout", "30", "--no-shrink", "--continue-on-failure",
        "--suppress-health-check", "all", "--report", "ndjson", "--report-ndjson-path", report,
    )  # fmt: skip
    try:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    finally:
        server.stop()
    summary = done.stdout[done.stdout.rfind("= FAILURES") :] if done.returncode else ""
    count = report.read_text().count('"status_code"') if report.exists() else 0
    return count, [summary[:20_000]] if done.returncode else []


def idle_streams(streams: int, folder: Path) -> tuple[dict[str, float], list[str]]:
    """What so many streams cost that wait for a slot, and whether others are served meanwhile."""
    server = serve(folder / "crowd", **CROWD)
    try:
        before = server.memory_mb()
        served = asyncio.run(among_idle_streams(server, streams))
        grown = server.memory_mb(peak=True) - before
        eventually_draws(server)
    finally:
        server.stop()
    figures = {
        "idle_streams": streams,
        "idle_stream_kb": round(1000 * grown / streams),
        "others_served": served,
        "others_asked": OTHERS,
    }
    failed = [f"{OTHERS - served} of {OTHERS} others were not served"] if served < OTHERS else []
    return figures, failed


def guided(name: str, inputs: int, folder: Path) -> tuple[int, list[str]]:
    """atheris: inputs that reach code which none has reached before."""
    corpus = folder / name
    corpus.mkdir()
    for number, data in enumerate(seeds(name)):
        (corpus / str(number)).write_bytes(data)
    packages = sysconfig.get_paths()["purelib"]
    own = (HERE, HERE.parent, HERE.parent / "hostile", Path(smalti.__file__).parents[1], packages)
    done = subprocess.run(
        (
            FOLDER / "bin" / "python", HERE / "guided.py", name, corpus, f"-runs={inputs}",
            f"-seed={SEED}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=20000",
            "-print_final_stats=1", f"-artifact_prefix={folder}/",
        ),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, own))},
        capture_output=True,
        text=True,
    )  # fmt: skip
    told = done.stdout + done.stderr
    units = re.search(r"number_of_executed_units:\s*(\d+)", told)
    begun = told.find("Uncaught Python exception")
    failures = [told[begun if begun >= 0 else -4000 :][:4000]] if done.returncode else []
    return int(units[1]) if units else 0, failures


def has_atheris() -> bool:
    command = (FOLDER / "bin" / "python", "-c", "import atheris")
    return subprocess.run(command, capture_output=True).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--inputs", type=int, default=50_000)
    parser.add_argument("--streams", type=int, default=1000)
    asked = parser.parse_args()
    install()
    figures: dict[str, Any] = {"by": "atheris" if has_atheris() else "mutation", "seed": SEED}
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        made, failed = requests(asked.examples, Path(folder))
        figures["requests"], figures["requests_failed"] = made, len(failed)
        tell(f"schemathesis: {made} requests, {len(failed) or 'no'} failures")
        failures += failed
        for name in TARGETS:
            if figures["by"] == "atheris":
                made, failed = guided(name, asked.inputs, Path(folder))
            else:
                made, failed = run_mutated(name, asked.inputs, SEED)
            figures[f"{name}_inputs"], figures[f"{name}_failed"] = made, len(failed)
            tell(f"{figures['by']}: {name}: {made} inputs, {len(failed) or 'no'} failures")
            failures += failed
        idle, failed = idle_streams(asked.streams, Path(folder))
        figures |= idle
        tell(f"idle streams: {idle}, {len(failed) or 'no'} failures")
        failures += failed
    for failure in failures:
        tell(failure)
    tell(json.dumps({"bench": "fuzz", "figures": figures}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
