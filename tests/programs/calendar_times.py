"""datetime in threads: tokens that expire by wall clock, a daily job, timestamps in order; an hour and more goes by."""

from datetime import date, datetime, timedelta, timezone
import threading
import time


class Token:
    def __init__(self, lifetime):
        self.issued = datetime.now(timezone.utc)
        self.expires = self.issued + lifetime

    @property
    def valid(self):
        return datetime.now(timezone.utc) < self.expires


def main():
    token = Token(timedelta(minutes=30))
    stamps, lock = [], threading.Lock()
    today = date.today()

    def stamp():
        for _ in range(3):
            with lock:
                stamps.append(datetime.now())
            time.sleep(600)

    def wait_for_expiry():
        while token.valid:
            time.sleep(60)
        with lock:
            stamps.append(datetime.now())

    threads = [threading.Thread(target=stamp), threading.Thread(target=wait_for_expiry)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stamps == sorted(stamps) and len(stamps) == 4
    assert stamps[-1] - stamps[0] >= timedelta(minutes=29, seconds=59)
    assert not token.valid and datetime.fromtimestamp(time.time()) - datetime.now() < timedelta(seconds=1)
    assert date.today() - today <= timedelta(days=1)
    return [round((later - stamps[0]).total_seconds() / 60) for later in stamps]
