"""Replays demand through the server's own deciding code, on a virtual clock.

demand     who asks for what, and when; as a file too
sources    demands made from published traces, scaled to a fleet
fleet      devices that take the time that was measured for them, and draw nothing
replay     the loop: arrivals, decisions, slots, ends
clients    what SDKs do when they are refused
baselines  other ways of deciding, to compare with
scores     what came of it, in figures
"""
