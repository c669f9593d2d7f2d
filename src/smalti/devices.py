"""Which device `auto` is, found without importing torch."""

from __future__ import annotations

import ctypes
import os
import re
from importlib.util import find_spec
from pathlib import Path

from smalti.errors import ConfigError


def threads_for_torch() -> dict[str, str]:
    """For the environment, before torch is imported: as many threads as half of the cores.

    Threads of OpenMP spin while they wait for one another. With one for every core, anything else
    that runs makes each wait with a core that another needs, and a picture takes ten times as long.
    Steps are small: on two cores one thread draws as fast as two.
    """
    return {"OMP_NUM_THREADS": str(max(1, len(os.sched_getaffinity(0)) // 2))}


def find_device(name: str) -> str:
    """`cpu` or `cuda:N` for auto, cpu, cuda or cuda:N.

    Raises ConfigError for a CUDA device that is not there.
    """
    if name == "cpu":
        return "cpu"
    built = torch_has_cuda()
    count = cuda_devices() if built else 0
    if name == "auto":
        return "cuda:0" if count else "cpu"
    number = 0 if name == "cuda" else _number(name)
    if number < count:
        return f"cuda:{number}"
    why = f"it has {count}" if built else "the torch that is installed is built for the CPU alone"
    raise ConfigError(f"The device '{name}' is not on this machine: {why}. Use auto or cpu.")


def _number(name: str) -> int:
    match = re.fullmatch(r"cuda:(\d{1,4})", name)
    if match is None:
        raise ConfigError(f"'{name}' is no device. Use auto, cpu, cuda or cuda:N.")
    return int(match[1])


def torch_has_cuda() -> bool:
    """Whether torch was built with CUDA, as its own version file says."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    file = Path(spec.origin).with_name("version.py")
    return re.search(r"^cuda\b.*=\s*['\"]", file.read_text(encoding="utf-8"), re.M) is not None


def cuda_devices() -> int:
    """How many CUDA devices the driver knows; none where there is no driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return 0
    return count.value
