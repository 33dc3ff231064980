"""What a program can ask about its threads: names, identities, enumerate, active_count, join with timeouts, daemon flags."""

import threading


def main():
    release = threading.Event()
    facts = {}
    lock = threading.Lock()

    def look():
        me = threading.current_thread()
        with lock:
            facts[me.name] = (me.ident == threading.get_ident(), me is not threading.main_thread(), me.daemon)
        release.wait()

    def work_named_by_default():
        look()

    threads = [
        threading.Thread(target=look, name="plain"),
        threading.Thread(target=look, name="background", daemon=True),
        threading.Thread(target=work_named_by_default),
    ]
    before = threading.active_count()
    assert threads[0].ident is None and not threads[0].is_alive()
    for thread in threads:
        thread.start()
    assert threading.active_count() == before + 3
    assert set(threads) <= set(threading.enumerate())
    threads[0].join(timeout=0.01)
    assert threads[0].is_alive()
    release.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    assert threading.active_count() == before
    try:
        threads[0].start()
        raise AssertionError("a thread starts once")
    except RuntimeError:
        pass
    try:
        threading.current_thread().join()
        raise AssertionError("a thread cannot join itself")
    except RuntimeError:
        pass
    assert facts["plain"] == (True, True, False) and facts["background"] == (True, True, True)
    assert len(facts) == 3 and len({thread.ident for thread in threads}) == 3
    return sorted(facts)
