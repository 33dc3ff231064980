"""multiprocessing.dummy: the interface of processes on threads: Process, Queue, Lock, Pipe, Value, Pool."""

from multiprocessing import dummy


def main():
    results, lock = dummy.Queue(), dummy.Lock()
    total = dummy.Value("i", 0)
    here, there = dummy.Pipe()

    def work(number):
        with lock:
            total.value += number
        results.put(number)

    def echo():
        while (text := there.recv()) != "stop":
            there.send(text.upper())

    processes = [dummy.Process(target=work, args=(number,)) for number in (1, 2, 3)]
    echoing = dummy.Process(target=echo)
    for process in (*processes, echoing):
        process.start()
    here.send("hello")
    assert here.recv() == "HELLO"
    here.send("stop")
    for process in (*processes, echoing):
        process.join()
        assert process.exitcode == 0
    assert total.value == 6
    assert sorted(results.get() for _ in processes) == [1, 2, 3]

    with dummy.Pool(2) as pool:
        lengths = pool.map(len, ["a", "bb", "ccc"])
    assert lengths == [1, 2, 3]
    return lengths
