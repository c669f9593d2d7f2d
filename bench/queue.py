"""What an operation of the fair queue costs, with 1,000 to 1,000,000 pictures waiting.

    python bench/queue.py [--waiting 1000 10000 100000 1000000]

The other scripts of this folder find this file where they look for the standard library's `queue`;
to them it is just that.
"""

import sysconfig
from pathlib import Path

if __name__ == "__main__":
    from queueing.operations import main

    main()
else:
    _library = Path(sysconfig.get_path("stdlib")) / "queue.py"
    exec(compile(_library.read_bytes(), str(_library), "exec"))
