"""The standard library's sched in a thread, on the default clock, with another thread that adds and cancels jobs."""

import sched
import threading
import time


def main():
    plan = sched.scheduler()
    began = time.monotonic()
    done = []

    def job(name):
        done.append(name)

    plan.enter(0.02, 1, job, ("second",))
    plan.enter(0.01, 1, job, ("first",))
    dropped = plan.enter(0.05, 1, job, ("dropped",))
    plan.enter(0.06, 2, job, ("late, low priority",))

    def change():
        plan.cancel(dropped)
        plan.enterabs(plan.timefunc() + 0.001, 1, job, ("soon",))

    changer = threading.Thread(target=change)
    runner = threading.Thread(target=plan.run)
    changer.start()
    runner.start()
    changer.join()
    runner.join()
    if not plan.empty():
        plan.run()  # what was added after the runner had looked for the last time
    assert sorted(done) == ["first", "late, low priority", "second", "soon"]
    assert done.index("first") < done.index("second") < done.index("late, low priority")
    # sched took its clock and its sleep as default arguments when it was imported; they are those of `time` all the same.
    assert time.monotonic() - began >= 0.06 - 1e-6
    return len(done)
