"""A barrier used again and again: no worker is a phase ahead, and each phase has one leader."""

import threading

WORKERS, PHASES = 3, 3


def main():
    lock = threading.Lock()
    done = [0] * WORKERS
    leaders = []
    checks = []
    barrier = threading.Barrier(WORKERS, action=lambda: checks.append(tuple(done)))

    def work(number):
        for phase in range(PHASES):
            with lock:
                done[number] += 1
            if barrier.wait() == 0:
                with lock:
                    leaders.append(phase)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert checks == [(phase,) * WORKERS for phase in range(1, PHASES + 1)]
    assert sorted(leaders) == list(range(PHASES))
    assert barrier.n_waiting == 0 and not barrier.broken
    return leaders
