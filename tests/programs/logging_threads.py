"""Logging from threads, through a handler, a filter, and a QueueHandler with its listener."""

import io
import logging
import logging.handlers
import queue
import threading

log = logging.getLogger("detsched-programs.shop")
log.propagate = False
log.setLevel(logging.INFO)


class Discreet(logging.Filter):
    def filter(self, record):
        return "password" not in record.getMessage()


def main():
    page = io.StringIO()
    direct = logging.StreamHandler(page)
    direct.setFormatter(logging.Formatter("%(threadName)s %(levelname)s %(message)s"))
    direct.addFilter(Discreet())
    box = queue.Queue()
    later = []

    class Keep(logging.Handler):
        def emit(self, record):
            later.append(record.getMessage())

    through_queue = logging.handlers.QueueHandler(box)
    listener = logging.handlers.QueueListener(box, Keep())
    log.addHandler(direct)
    log.addHandler(through_queue)
    listener.start()

    def sell(item):
        log.debug("not at this level")
        log.info("sold %s", item)
        try:
            raise LookupError(item)
        except LookupError as error:
            log.warning("no more %s", error)
        log.info("password of %s", item)

    try:
        clerks = [threading.Thread(target=sell, args=(item,), name=f"clerk-{item}") for item in ("tea", "jam")]
        for clerk in clerks:
            clerk.start()
        for clerk in clerks:
            clerk.join()
    finally:
        listener.stop()
        log.removeHandler(direct)
        log.removeHandler(through_queue)
        through_queue.close()
        direct.close()

    lines = page.getvalue().splitlines()
    assert sorted(lines) == [
        "clerk-jam INFO sold jam",
        "clerk-jam WARNING no more jam",
        "clerk-tea INFO sold tea",
        "clerk-tea WARNING no more tea",
    ]
    assert len(later) == 6
    return lines
