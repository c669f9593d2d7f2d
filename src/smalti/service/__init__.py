"""Wires the parts together; the only place that knows them all.

service    takes requests, says no, finds and cancels jobs
admission  from a request to a job on disk, or a refusal
request    what a client asks for, and the same as it is kept
job        one accepted request: its pictures and those who follow it
listener   one of those who follow a job, and what they hear
views      a job as its owner may see it
refusals   what a caller is told who cannot have what he asks for; refused: writes them down
rungs      what of a request may be served in its place under load
shared     pictures that are the same are drawn once
dispatch   gives slots to the pictures that control names, and hears how they fare
turns      pictures as control knows them: those that wait, and those that hold a slot
ends       how jobs and pictures end
keeper     writes down what must survive, and tries again until it is written
finishing  makes the file of a finished picture
restoring  takes up at the start what was left at the end
lessons    keeps what was learnt of the fleet and the crowd, for the next start
health     whether what is promised can be written down
cleaning   deletes what is older than the settings keep
clock      the time of day, and whether it was set
recorder   writes down what control is told and decides
books      what these parts share
parts      the database, the people and the place for pictures
policies   the tiers and switches in force, and how they are changed; policy_changes
overview   how it stands at this moment
previews   what a change of the policy would have done; demanded, child
first_start  who is there from the first start on
sole       one server at a time over one data directory
"""

from smalti.service.job import Job, Picture
from smalti.service.listener import JobEvent, Listener, PictureDone, RowsShown, Waiting
from smalti.service.parts import Parts, open_parts
from smalti.service.refusals import Denied, JobCancelled, NotFound
from smalti.service.request import QUALITY, Brief, DrawRequest
from smalti.service.service import Service
from smalti.service.views import JobView, PictureView

__all__ = [
    "QUALITY",
    "Brief",
    "Denied",
    "DrawRequest",
    "Job",
    "JobCancelled",
    "JobEvent",
    "JobView",
    "Listener",
    "NotFound",
    "Parts",
    "Picture",
    "PictureDone",
    "PictureView",
    "RowsShown",
    "Service",
    "Waiting",
    "open_parts",
]
