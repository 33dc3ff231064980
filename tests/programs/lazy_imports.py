"""Modules imported inside threads, by two at once: the first call of a process imports, later ones find them there."""

import importlib
import threading


def main():
    found = {}
    lock = threading.Lock()

    def use_standard_library():
        import colorsys
        import sndhdr_or_none as missing  # noqa: F401

        found["never"] = colorsys

    def colour():
        import colorsys

        with lock:
            found["colour"] = colorsys.rgb_to_hsv(0.0, 0.0, 1.0)

    def squares(name):
        from . import _late_tables

        with lock:
            found[name] = _late_tables.square(3)

    def by_name():
        module = importlib.import_module("cmd")
        with lock:
            found["cmd"] = module.Cmd.prompt

    def missing():
        try:
            use_standard_library()
        except ImportError:
            with lock:
                found["missing"] = True

    threads = [
        threading.Thread(target=colour),
        threading.Thread(target=squares, args=("first",)),
        threading.Thread(target=squares, args=("second",)),
        threading.Thread(target=by_name),
        threading.Thread(target=missing),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"colour": (2 / 3, 1.0, 1.0), "first": "three: 9", "second": "three: 9", "cmd": "(Cmd) ", "missing": True}
    return sorted(found)
