"""Replays demand through the server's own deciding code, on a virtual clock.

demand     who asks for what, and when; as a file too
sources    demands made from published traces, scaled to a fleet; people: who asks in them
fleet      how many devices, and how fast they are
device     one that takes the time that was measured for it, and draws nothing
drift      how their speed changes from one minute to the next
measured   a fleet described by how long the pictures of a recorded run took
replay     the loop: arrivals, decisions, slots, ends
accounted  a controller that counts what jobs really use
recorded   a recorded run, drawn once more by a described fleet
preview    what a change of the policy would have done
rungs      what may be served in place of a request
clients    what SDKs do when they are refused
baselines  other ways of deciding, to compare with
scores     what came of it, in figures; foretold: how true the waits were that were told
"""
