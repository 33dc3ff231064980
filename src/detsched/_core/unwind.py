"""The end of a thread that the run no longer needs."""


class Unwind(BaseException):
    """Raised at the yield point where a thread is parked when its run is over, so that its `finally` blocks run.

    Private, and no Exception: programs that catch Exception let it pass. Programs that catch BaseException meet it again at
    their next yield point.
    """
