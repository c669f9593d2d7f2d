"""The checks of `smalti doctor` that look at the machine: Python, device, port, limits, weights."""

from __future__ import annotations

import base64
import errno
import hashlib
import http.client
import importlib.metadata
import os
import platform
import resource
import shutil
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from smalti.cli.finding import Finding, fail, ok, warn
from smalti.config import Settings
from smalti.devices import cuda_devices, find_device, torch_has_cuda
from smalti.errors import ConfigError

PACKAGES = "smalti torch numpy pillow safetensors fastapi uvicorn sqlalchemy".split()
SPARE_FILES = 256
"""Files that a server has open besides its connections: database, pictures, workers."""
LEAST_MEMORY_GB = 1.0
"""A worker with smalti-mini takes about half of it, and the server the rest."""
EARLIEST = 1_767_225_600
"""No clock that is right shows a time before 2026."""
ASK_S = 2.0
ON_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a server that listens everywhere is found."""


def check_python() -> Finding:
    versions = [f"Python {platform.python_version()}"]
    missing = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    said = ", ".join(versions)
    if missing:
        names = " ".join(missing)
        return fail("python", f"{said}; not installed: {names}", f"pip install {names}")
    return ok("python", said)


def check_port(settings: Settings) -> Finding:
    """Whether the server could listen, or already does."""
    host, port = settings.host, settings.port
    if port == 0:
        return ok("port", "a free one is taken at the start")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except PermissionError:
        return fail(
            "port",
            f"{host}:{port} may not be used without special rights",
            "Choose a port above 1023: SMALTI_PORT=8000.",
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE and is_smalti(host, port):
            return ok("port", f"a smalti answers at {host}:{port}")
        if error.errno == errno.EADDRINUSE:
            return fail(
                "port",
                f"{host}:{port} is taken by something that is not smalti",
                "End that program (ss -ltnp names it) or choose another port with SMALTI_PORT.",
            )
        return fail(
            "port",
            f"{host}:{port} cannot be listened on: {error.strerror}",
            "Set SMALTI_HOST to an address of this machine, such as 127.0.0.1.",
        )
    return ok("port", f"{host}:{port} is free")


def is_smalti(host: str, port: int) -> bool:
    asking = http.client.HTTPConnection(ON_THIS_MACHINE.get(host, host), port, timeout=ASK_S)
    try:
        asking.request("GET", "/healthz")
        answer = asking.getresponse()
        return (answer.getheader("x-request-id") or "").startswith("req_")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def check_weights(file: Path | None = None) -> Finding:
    """The weights of smalti-mini: read as the model reads them, and compared with the package's
    own record of them where there is one."""
    file = file or weights_file()
    if file is None or not file.is_file():
        return fail(
            "weights", f"there are none at {file}", "Reinstall smalti, or train: smalti train mini."
        )
    try:
        digest = hashlib.sha256(file.read_bytes()).digest()
        tensors = tensors_in(file)
    except Exception as error:
        return fail("weights", f"{file} cannot be read: {error}", "Reinstall smalti.")
    said = f"{file.name}, {tensors} tensors, sha256 {digest.hex()}"
    recorded = recorded_digest(file)
    if recorded is not None and recorded != digest:
        return warn(
            "weights",
            f"{said}, which is not what was installed",
            "If you did not train them yourself, reinstall smalti.",
        )
    return ok("weights", said)


def weights_file() -> Path | None:
    """Where they are, without importing torch."""
    spec = find_spec("smalti.models")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "mini" / "smalti-mini.safetensors"


def tensors_in(file: Path) -> int:
    """How many tensors a weights file has. Raises whatever is wrong with its header."""
    from safetensors import safe_open

    with safe_open(file, framework="np") as stored:
        if "shapes" not in (stored.metadata() or {}):
            raise ValueError("it is not one of smalti-mini's")
        return len(list(stored.keys()))


def recorded_digest(file: Path) -> bytes | None:
    """The SHA-256 that the installed package has on record for one of its files."""
    for listed in importlib.metadata.files("smalti") or ():
        kept = listed.hash if listed.name == file.name else None
        same = kept is not None and Path(str(listed.locate())).resolve() == file.resolve()
        if kept is not None and same and kept.mode == "sha256":
            return base64.urlsafe_b64decode(kept.value + "==")
    return None


def check_device(settings: Settings) -> Finding:
    try:
        device = find_device(settings.device)
    except ConfigError as error:
        return fail("device", error.message, "Set SMALTI_DEVICE=auto.")
    if device != "cpu":
        return ok("device", f"{device}: {cuda_memory() or 'its memory is not known'}")
    free_gb, threads = free_memory_gb(), len(os.sched_getaffinity(0))
    said = f"cpu, {threads} threads, {free_gb:.1f} GB of memory free"
    if settings.device == "auto" and cuda_devices() and not torch_has_cuda():
        return warn(
            "device",
            f"{said}; this machine has a CUDA device that torch cannot use",
            "Install a torch that is built with CUDA: see https://pytorch.org.",
        )
    if free_gb < LEAST_MEMORY_GB:
        return warn(
            "device", said, f"Free some: a worker and the server want {LEAST_MEMORY_GB:g} GB."
        )
    return ok("device", said)


def cuda_memory() -> str:
    """Name, memory and free memory of each CUDA device, as the driver's own tool tells them."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    asked = [tool, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return "; ".join(told.stdout.strip().splitlines())


def free_memory_gb() -> float:
    """What Linux says is available."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1e6
    return 0.0


def check_files(settings: Settings) -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + SPARE_FILES
    said = f"{soft} may be open; {settings.max_connections} connections want {wanted}"
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return ok("open files", said)
    remedy = f"Run 'ulimit -n {wanted}' before the start, or set LimitNOFILE={wanted} in its unit"
    if hard != resource.RLIM_INFINITY and hard < wanted:
        remedy += f" (the hard limit, {hard}, must be raised too)"
    return warn("open files", said, f"{remedy}; or lower max_connections.")


def check_clock(newest: float | None) -> Finding:
    """newest: Unix time of the newest job that is known, or None."""
    now = time.time()
    said = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    remedy = "Set the clock: timedatectl set-ntp true."
    if now < EARLIEST:
        return fail("clock", f"{said}, which cannot be", remedy)
    if newest is not None and newest > now + 60:
        return warn(
            "clock",
            f"{said}, and the newest job is from {(newest - now) / 60:.0f} minutes later",
            f"{remedy} Until then that job counts against its user's limits.",
        )
    return ok("clock", said)
