"""The errors that smalti tells people about, in one tree.

    SmaltiError
    ├── ConfigError         a setting has a value that it cannot have
    ├── InvalidRequest      something in the request must change before it can be served
    │   ├── UnknownModel    the model it names is not here
    │   └── Conflict        what it would change is in use, or is not what it was made from
    ├── Unauthorized        the key is missing or is not one of ours
    ├── Forbidden           the key is a good one, and may not do this
    ├── TooLarge            the body is larger than this server reads
    ├── Unavailable         the request is fine; the server cannot take it now
    │   ├── Busy            ... because too many pictures are waiting
    │   └── StoreUnavailable  ... because what is kept cannot be read or written
    └── DrawingFailed       a picture was accepted and could not be finished

Each message is a sentence or two for the person who caused it: what is wrong, with the value, and
what to do about it.
"""

from __future__ import annotations


class SmaltiError(Exception):
    """Base of all of them; its text is the message."""

    @property
    def message(self) -> str:
        return str(self)


class ConfigError(SmaltiError):
    """A setting cannot have the value it has."""


class InvalidRequest(SmaltiError):
    """param: the field that is wrong, as the client writes it; code: the kind of fault."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class UnknownModel(InvalidRequest):
    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"The model '{name}' is not here. This server has: {', '.join(known)}.",
            param="model",
            code="model_not_found",
        )


class Conflict(InvalidRequest):
    """The same request may be right later, or once something else has changed."""


class Unauthorized(SmaltiError):
    def __init__(self, message: str, code: str = "invalid_api_key") -> None:
        super().__init__(message)
        self.code = code


class Forbidden(SmaltiError):
    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This key may not do that: it lacks the scope '{scope}'. Use a key that has it."
        )


class TooLarge(SmaltiError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The body of the request is larger than {limit_bytes / 1e6:g} MB, the most that this "
            "address reads. Send smaller or fewer pictures."
        )


class TooManyOpen(SmaltiError):
    retry_after_s = 5

    def __init__(self, most: int) -> None:
        super().__init__(
            f"You have {most} requests and streams open, the most that one user may have at a time "
            f"here. Close some, or try again in {self.retry_after_s} s."
        )


class Unavailable(SmaltiError):
    """retry_after_s: when to try again, or None where nobody can tell."""

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Busy(Unavailable):
    def __init__(self, waiting: int, asked: int, limit: int, retry_after_s: int) -> None:
        super().__init__(
            f"{waiting} pictures are waiting and {asked} more would be over the {limit} that may "
            f"wait. Try again in {retry_after_s} s.",
            retry_after_s,
        )


class StoreUnavailable(Unavailable):
    """What is kept cannot be read or written now: a full disk, a locked file, a silent bucket.

    It passes without a restart, once its reason does. told: the same for clients, who need not know
    where what is kept lies; all of the message by default.
    """

    def __init__(
        self, message: str, retry_after_s: int | None = 10, told: str | None = None
    ) -> None:
        super().__init__(message, retry_after_s)
        self.told = message if told is None else told


class DrawingFailed(SmaltiError):
    """The worker could not finish a picture that was accepted."""
