"""`smalti serve` as its own process, with the real model: started, killed, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2

KEY = "sk-a-key-for-the-tests"


class DrawingServer:
    """data_dir: what it keeps; a server that is started again goes on from there."""

    def __init__(self, data_dir: Path, **settings: object) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = KEY
        self._env = {
            **os.environ,
            "SMALTI_DATA_DIR": str(data_dir),
            "SMALTI_KEY": KEY,
            "SMALTI_LOG_LEVEL": "warning",
            **{f"SMALTI_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it can draw."""
        command = (sys.executable, "-m", "smalti.cli", "serve", "--port", str(self.port))
        self._process = subprocess.Popen(command, env=self._env, stdout=subprocess.DEVNULL)
        for _ in range(600):
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}")
            try:
                if httpx2.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise RuntimeError("the server was not ready in a minute")

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def new_key(self, tier: str = "team", *scopes: str) -> str:
        """The key of somebody new."""
        user = self.admin("POST", "/users", name=f"user {time.monotonic_ns()}", tier=tier)
        asked = {"user_id": user["id"], "name": "a key", "scopes": scopes or ["images"]}
        return str(self.admin("POST", "/keys", **asked)["secret"])

    def admin(self, method: str, path: str, **fields: Any) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.key}"}
        reply = httpx2.request(
            method, f"{self.url}/v1/admin{path}", headers=headers, json=fields or None
        )
        assert reply.is_success, reply.text
        return dict(reply.json())
