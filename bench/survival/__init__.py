"""The parts of `bench/survive.py`: the server that is killed, its clients, the reckoning."""
