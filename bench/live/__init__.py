"""Parts of `bench/live_overload.py`."""
