"""python -m smalti.cli"""

from smalti.cli import main

main()
