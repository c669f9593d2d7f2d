"""A real PostgreSQL on a socket in a folder of its own; skips the test where there is none."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

USER = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
"""PostgreSQL does not run as the superuser of the machine."""


class PostgresServer:
    """Its data lie in `folder`, which it alone uses. It can be stopped, and begun again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._run("initdb", "-A", "trust", "-U", "smalti", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://smalti@/postgres?host={self._folder}"

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -k {self._folder}"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def sql(self, statement: str) -> None:
        """Even where it only takes reads."""
        options = {"options": "-c default_transaction_read_only=off"}
        engine = create_engine(self.url, connect_args=options)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        user = USER if os.geteuid() == 0 else None
        subprocess.run(command, user=user, cwd=self._folder, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """One that runs; skips the test where PostgreSQL or its driver is not installed."""
    found = shutil.which("initdb")
    installed = [Path(found)] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not installed or importlib.util.find_spec("psycopg") is None:
        pytest.skip("apt install postgresql; pip install 'psycopg[binary]'")
    with tempfile.TemporaryDirectory(prefix="smalti-pg-") as name:  # a socket's path is short
        if os.geteuid() == 0:
            shutil.chown(name, USER)
        server = PostgresServer(Path(name), installed[-1].parent)
        server.start()
        try:
            yield server
        finally:
            server.stop()
