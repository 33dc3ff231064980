"""Logging set up at import, as applications do: a logger with handlers, a buffer that flushes on errors, records from threads."""

import io
import logging
import logging.handlers
import threading

_stream = io.StringIO()
_handler = logging.StreamHandler(_stream)
_handler.setFormatter(logging.Formatter("%(levelname)s %(threadName)s %(message)s"))
_memory = logging.handlers.MemoryHandler(capacity=100, flushLevel=logging.ERROR, target=_handler)
log = logging.getLogger("detsched-programs.service")
log.addHandler(_memory)
log.setLevel(logging.INFO)
log.propagate = False


class Audit(logging.LoggerAdapter):
    def process(self, msg, kwargs):
        return f"<{self.extra['user']}> {msg}", kwargs


def main():
    _stream.seek(0)
    _stream.truncate()

    def serve(user):
        audit = Audit(log, {"user": user})
        audit.info("begins")
        audit.debug("is not written")
        try:
            int(user)
        except ValueError:
            audit.warning("is no number", exc_info=False)
        audit.info("ends")

    threads = [threading.Thread(target=serve, args=(user,), name=f"t-{user}") for user in ("ann", "7")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _stream.getvalue() == "", "all still in the buffer"
    log.error("flush")
    lines = _stream.getvalue().splitlines()
    assert lines[-1] == "ERROR MainThread flush"
    assert sorted(lines[:-1]) == [
        "INFO t-7 <7> begins",
        "INFO t-7 <7> ends",
        "INFO t-ann <ann> begins",
        "INFO t-ann <ann> ends",
        "WARNING t-ann <ann> is no number",
    ]
    assert lines.index("INFO t-ann <ann> begins") < lines.index("WARNING t-ann <ann> is no number")
    return lines
