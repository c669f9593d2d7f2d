"""What a caller is told who cannot have what he asks for.

SmaltiError
├── Denied        a rule of the plan or a bound of the server; carries control's denial
├── NotFound      no such job or picture, or another person's
├── JobCancelled  told to those who listen to a job that is cancelled
└── Stopped       told to those who listen to a job while the server stops
"""

from __future__ import annotations

from smalti.control.denial import Denial
from smalti.errors import SmaltiError, Unavailable


class Denied(SmaltiError):
    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.message)
        self.denial = denial


class NotFound(SmaltiError):
    """code: what the client reads; the same words for what never was and what is not his."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} '{name}' here, or it is not yours.")
        self.code = f"{what}_not_found"


class JobCancelled(SmaltiError):
    """The client's own wish, so nothing to try again: 400, code `job_cancelled`."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The job {job_id} was cancelled.")
        self.code = "job_cancelled"


class Stopped(Unavailable):
    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"The server is stopping. The job {job_id} is kept and goes on when the server is "
            f"back: see /v1/jobs/{job_id}.",
            retry_after_s=5,
        )
