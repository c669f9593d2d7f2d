"""Parts of `bench/queue.py`."""
