"""Starts engines where the devices are, and keeps pictures going when workers do not.

backend   what a fleet promises, and the events that come back
paced     takes the time that it is told to take, and draws nothing
local     one worker process for each device of this machine
station   who is drawn where; a device and its worker (no I/O)
flight    what is remembered of a picture, to draw it on elsewhere
process   a worker's process, seen from its supervisor; starvation: hung, or not let run
worker    the process itself
messages  what the two say to each other
"""
