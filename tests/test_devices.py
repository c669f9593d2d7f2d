"""Which device is there."""

from __future__ import annotations

import pytest

from smalti import devices
from smalti.devices import cuda_devices, find_device, torch_has_cuda
from smalti.errors import ConfigError


@pytest.mark.parametrize(
    ("built", "count", "name", "found"),
    [
        (True, 2, "auto", "cuda:0"),
        (True, 2, "cuda", "cuda:0"),
        (True, 2, "cuda:1", "cuda:1"),
        (True, 2, "cpu", "cpu"),
        (True, 0, "auto", "cpu"),
        (False, 2, "auto", "cpu"),
    ],
)
def test_what_is_there(
    built: bool, count: int, name: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "torch_has_cuda", lambda: built)
    monkeypatch.setattr(devices, "cuda_devices", lambda: count)
    assert find_device(name) == found


@pytest.mark.parametrize(
    ("built", "count", "name", "said"),
    [
        (True, 2, "cuda:2", "it has 2"),
        (True, 0, "cuda", "it has 0"),
        (False, 1, "cuda:0", "built for the CPU alone"),
        (True, 1, "tpu", "'tpu' is no device"),
    ],
)
def test_what_is_not(
    built: bool, count: int, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "torch_has_cuda", lambda: built)
    monkeypatch.setattr(devices, "cuda_devices", lambda: count)
    with pytest.raises(ConfigError, match=said):
        find_device(name)


def test_torch_says_the_same() -> None:
    torch = pytest.importorskip("torch")
    assert torch_has_cuda() == (torch.version.cuda is not None)
    if torch_has_cuda():
        assert cuda_devices() == torch.cuda.device_count()


def test_torch_leaves_half_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((1, "1"), (2, "1"), (8, "4")):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert devices.threads_for_torch() == {"OMP_NUM_THREADS": threads}
