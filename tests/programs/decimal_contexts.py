"""decimal in threads: each has a context of its own, localcontext inside, a signal trapped in one of them only."""

import decimal
from decimal import Decimal
import threading


def main():
    results, lock = {}, threading.Lock()
    meeting = threading.Barrier(2)

    def divide(name, precision):
        decimal.getcontext().prec = precision
        meeting.wait()
        quotient = Decimal(1) / Decimal(3)
        with decimal.localcontext() as context:
            context.prec = 2
            with lock:
                rough = Decimal(2) / Decimal(3)
        assert decimal.getcontext().prec == precision
        with lock:
            results[name] = (str(quotient), str(rough))

    def trap():
        decimal.getcontext().traps[decimal.Inexact] = True
        try:
            Decimal(1) / Decimal(3)
        except decimal.Inexact:
            with lock:
                results["trap"] = True

    before = decimal.getcontext().prec
    threads = [
        threading.Thread(target=divide, args=("coarse", 3)),
        threading.Thread(target=divide, args=("fine", 6)),
        threading.Thread(target=trap),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"coarse": ("0.333", "0.67"), "fine": ("0.333333", "0.67"), "trap": True}
    assert decimal.getcontext().prec == before
    return sorted(results)
