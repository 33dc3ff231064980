"""Every exception that detsched raises on its own account.

`str()` of each is one line that holds the cause: test runners show only that line in their summaries.
A failing program's own exception is never wrapped: it keeps its type and traceback.
"""


class DetschedError(Exception):
    """The base of every exception of detsched."""


class DeadlockError(DetschedError):
    """Every thread that the program still waits for is blocked, and nothing can wake one of them."""


class LivelockError(DetschedError):
    """The threads repeat a cycle without progress: they run, and nothing ever changes."""


class LimitError(DetschedError):
    """A run took more steps than `max_steps` allows."""


class DataRaceError(DetschedError):
    """Two accesses to the same location conflict, and nothing orders them."""


class DivergenceError(DetschedError):
    """A replay departed from its recording, or the program keeps state between runs."""


class UncontrolledError(DetschedError):
    """Something outside the run touched what the run controls, or control was asked for where it cannot be had."""


class InvalidSchedule(DetschedError, ValueError):
    """A schedule token is truncated, damaged, of another format version, or belongs to another program."""


class InvalidSettings(DetschedError, ValueError):
    """A setting, or the program handed to a run, is not what the call wants."""


class InternalError(DetschedError):
    """A fault of detsched itself. Please report it, with the message and the program."""
