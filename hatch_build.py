"""Compiles what decides, and what replays it, where SMALTI_COMPILE=1 is set while it is built.

mypyc turns annotated Python into extension modules (it is part of mypy, and mypy is made with it).
The sources are the same ones, and lie beside the modules; where nothing is compiled, they run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLAIN = {
    "__init__.py", "limits.py", "nouns.py", "policy.py", "recording.py", "switches.py", "tiers.py",
}  # fmt: skip
"""Of `control`: values, which also travel to other processes, and a subclass of the controller."""
PLAN = ("clients.py", "device.py", "replay.py")


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    @property
    def _wanted(self) -> bool:
        return self.target_name == "wheel" and os.environ.get("SMALTI_COMPILE", "0") == "1"

    def dependencies(self) -> list[str]:
        return ["mypy>=1.15", "setuptools>=70"] if self._wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not self._wanted or version == "editable":
            return
        place = Path(self.root) / "build" / "compiled"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(Path(self.root) / "src", place)
        control, plan = Path("smalti/control"), Path("smalti/plan")
        modules = [
            control / path.name
            for path in sorted((place / control).glob("*.py"))
            if path.name not in PLAIN
        ] + [plan / name for name in PLAN]
        command = [sys.executable, "-m", "mypyc", *map(str, modules)]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        made = [
            path for path in place.rglob("*.so") if "build" not in path.relative_to(place).parts
        ]
        if done.returncode or not made:
            said = (done.stdout + done.stderr)[-4000:]
            raise RuntimeError(
                f"mypyc could not compile smalti:\n{said}\nIt needs a C compiler and Python's "
                "headers (apt install gcc python3-dev). Without SMALTI_COMPILE=1 neither is needed."
            )
        for path in made:
            build_data["force_include"][str(path)] = str(path.relative_to(place))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
