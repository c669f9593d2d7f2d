"""Wires the parts together; the only place that knows them all.

service  takes requests, refuses what it has no room for, sends orders to the backend
job      one accepted request: its pictures, and the events of their drawing
pace     how long a picture takes, as measured
"""

from smalti.service.job import DrawRequest, Job, JobEvent, Picture, PictureDone, RowsShown, Waiting
from smalti.service.service import Service

__all__ = [
    "DrawRequest",
    "Job",
    "JobEvent",
    "Picture",
    "PictureDone",
    "RowsShown",
    "Service",
    "Waiting",
]
