"""The command line.

commands  what can be typed, and what is said of what cannot
pictures  generate, stylize, edit
drawing   draw a request in this process, with a progress bar
people    organisations, users, keys; tiers: tiers and switches; denials: who was refused
tables    what commands list; kept: the database of a server, for them
replaying what the server would do with a demand
inline    the engine of this process, as a backend
serving   the server
doctor    what a server needs, and whether it is there; finding, machine_checks, store_checks

Nothing heavy is imported before a command needs it.
"""

from smalti.cli.commands import app, main

__all__ = ["app", "main"]
