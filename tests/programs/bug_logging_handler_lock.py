"""A log handler that asks the application for its state: the handler's lock and the application's are taken in both orders."""

import logging
import threading

FAILURE = "deadlock"


class Service:
    def __init__(self, logger):
        self.lock = threading.Lock()
        self.logger = logger
        self.jobs = 0

    def add(self):
        with self.lock:
            self.jobs += 1
            self.logger.info("added")  # the application's lock, then the handler's

    def status(self):
        with self.lock:
            return self.jobs


class StatusHandler(logging.Handler):
    def __init__(self, service):
        super().__init__()
        self.service = service
        self.lines = []

    def emit(self, record):
        if threading.current_thread().name == "reporter":  # the handler's lock, then the application's
            self.lines.append(f"{record.getMessage()}: {self.service.status()} jobs")
        else:
            self.lines.append(record.getMessage())


def main():
    logger = logging.Logger("service")
    service = Service(logger)
    handler = StatusHandler(service)
    logger.addHandler(handler)
    threads = [
        threading.Thread(target=service.add, name="worker"),
        threading.Thread(target=logger.info, args=("report",), name="reporter"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.close()
    assert len(handler.lines) == 2
    return handler.lines
