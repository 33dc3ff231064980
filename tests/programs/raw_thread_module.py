"""The _thread module itself, as old code uses it: start_new_thread, allocate_lock as a signal, exit, get_ident."""

import _thread
import time


def main():
    guard = _thread.allocate_lock()
    finished = [_thread.allocate_lock() for _ in range(3)]
    seen = []

    def work(number, done, *, weight=1):
        with guard:
            seen.append((number * weight, _thread.get_ident()))
        if number == 2:
            done.release()
            _thread.exit()
        time.sleep(0.01)
        done.release()

    for lock in finished:
        assert lock.acquire()
    _thread.start_new_thread(work, (1, finished[0]))
    _thread.start_new_thread(work, (2, finished[1]), {"weight": 10})
    _thread.start_new_thread(work, (3, finished[2]))
    for lock in finished:
        lock.acquire()  # released by the thread that is done
    assert sorted(number for number, _ in seen) == [1, 3, 20]
    assert len({ident for _, ident in seen} | {_thread.get_ident()}) == 4
    assert not guard.locked()
    return [number for number, _ in seen]
