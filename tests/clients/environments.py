"""The clients that smalti is tested with, each in an environment of its own under `.clients/`.

`python tests/clients/environments.py` makes those that are missing. Python's need nothing but
this Python, Node's needs node and npm (on Debian: `apt install nodejs npm`); without them it is
left out, and that is said.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1] / ".clients"
PYTHON_VERSIONS = ("1.99.9", "2.30.0", "3.54.0")
NODE_VERSION = "6.49.0"


@dataclass(frozen=True)
class Environment:
    """version: of the client. command: runs its driver."""

    language: str
    version: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.language}-{self.version}"

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def installed(self) -> bool:
        return self._stamp.exists() and shutil.which(self.command[0]) is not None

    @property
    def _stamp(self) -> Path:
        return self.folder / "installed"

    def install(self) -> None:
        """Raises CalledProcessError."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.language == "python":
            venv.create(self.folder, with_pip=True)
            pip = (self.folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
            constraints = ("--constraint", HERE / "constraints.txt")
            what = f"openai=={self.version}"
            subprocess.run((*pip, "install", "--quiet", *constraints, what), check=True)
        else:
            shutil.copytree(HERE / "node", self.folder)
            npm = ("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
            subprocess.run(npm, cwd=self.folder, check=True)
        self._stamp.touch()


def _python(version: str) -> Environment:
    python = ROOT / f"python-{version}" / "bin" / "python"
    return Environment("python", version, (str(python), "-I", str(HERE / "driver.py")))


def _node(version: str) -> Environment:
    folder = ROOT / f"node-{version}"
    return Environment("node", version, ("node", str(HERE / "driver.mjs"), str(folder)))


ENVIRONMENTS = (*(_python(version) for version in PYTHON_VERSIONS), _node(NODE_VERSION))


def main() -> None:
    for environment in ENVIRONMENTS:
        if environment.installed:
            continue
        if environment.language == "node" and not (shutil.which("npm") and shutil.which("node")):
            sys.stdout.write(
                "Node's client is left out: node and npm are not here (apt install nodejs npm).\n"
            )
            continue
        sys.stdout.write(f"Installing the {environment.language} client {environment.version}\n")
        sys.stdout.flush()
        environment.install()


if __name__ == "__main__":
    main()
