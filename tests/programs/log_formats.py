"""Log lines with times, thread names and places in them, by a Formatter and by a subclass, written by several threads."""

import io
import logging
import threading
import time


class Utc(logging.Formatter):
    converter = time.gmtime
    default_msec_format = "%s.%03d"


def main():
    logger = logging.Logger("formats", logging.INFO)
    plain, utc = io.StringIO(), io.StringIO()
    for stream, formatter in (
        (plain, logging.Formatter("%(asctime)s %(levelname)-5s %(threadName)s %(funcName)s %(message)s", "%H:%M:%S")),
        (utc, Utc("{asctime} {message}", style="{")),
    ):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger.addHandler(handler)

    def work(pause):
        logger.info("begin")
        time.sleep(pause)
        logger.info("slept %s s", pause)

    threads = [threading.Thread(target=work, args=(pause,), name=f"t{pause}") for pause in (1, 61)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for handler in logger.handlers:
        handler.close()
    lines = plain.getvalue().splitlines()
    assert len(lines) == 4 and all(" INFO  t" in line and " work " in line for line in lines)
    first, last = (time.strptime(line.split()[0], "%H:%M:%S") for line in (lines[0], lines[-1]))
    assert lines[-1].endswith("slept 61 s") and (last.tm_min - first.tm_min) % 60 == 1
    assert len(utc.getvalue().splitlines()) == 4
    return lines
