"""What many tests do: threads side by side, and a program that is the same when it runs again."""

import threading

import detsched


def again(program, seed=0, **settings):
    """The value of a program: the same when it runs a second time under the seed, and when its token is replayed."""
    with detsched.patched():
        run = detsched.record(program, seed=seed, **settings)
        second = detsched.record(program, seed=seed, **settings)
        third = detsched.record(program, schedule=str(run.schedule), **settings)
    assert run.failure is None, run.report()
    assert (second.value, third.value) == (run.value, run.value)
    assert second.trace == third.trace == run.trace
    return run.value


def together(*bodies, names=None, daemon=False):
    """Start a thread for each body and join them all."""
    threads = [threading.Thread(target=body, name=names[i] if names else None, daemon=daemon) for i, body in enumerate(bodies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
