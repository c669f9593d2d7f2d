"""Was a silent process hung, or was it only not let run?

On a machine whose processor is wanted by too many, a healthy worker may say nothing for seconds.
Linux tells the two apart: a starved process wants to run (state R) and was given little time.
"""

from __future__ import annotations

import os
from pathlib import Path

FAIR_SHARE = 0.5
"""A process that wants to run and got less than this share of one core is starved."""


class CpuWatch:
    """Looks at a process from time to time."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/stat")
        self._used_s = self._look()[1]

    def starved(self, since_s: float) -> bool:
        """Whether it wanted to run and got too little in the `since_s` seconds since the last look.

        False where the system does not tell.
        """
        state, used_s = self._look()
        given_s, self._used_s = used_s - self._used_s, used_s
        return state == "R" and given_s < FAIR_SHARE * since_s

    def _look(self) -> tuple[str, float]:
        """State letter and CPU seconds of all threads (proc_pid_stat(5), fields 3, 14, 15)."""
        try:
            stat = self._file.read_text()
        except OSError:
            return "", 0.0
        fields = stat[stat.rindex(")") + 2 :].split()
        return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
