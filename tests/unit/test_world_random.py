"""Random numbers from the seed of the run: `random`, `secrets`, `uuid`, `os.urandom`, `tempfile`; and cpu counts."""

import os
import random
import secrets
import tempfile
import threading
import uuid
from random import choice as imported_choice
from uuid import uuid1 as imported_uuid1

import pytest

import detsched
from again import again, together


DRAWS = {
    "random.random": lambda: random.random(),
    "random.randint": lambda: random.randint(0, 10**12),
    "random.choice": lambda: random.choice(range(10**12)),
    "random.choices": lambda: random.choices(range(10**6), k=3),
    "random.sample": lambda: random.sample(range(10**6), 3),
    "random.shuffle": lambda: (mixed := list(range(20)), random.shuffle(mixed)),
    "random.getrandbits": lambda: random.getrandbits(64),
    "random.randbytes": lambda: random.randbytes(8),
    "random.gauss": lambda: random.gauss(0, 1),
    "random.uniform": lambda: random.uniform(0, 1),
    "random.Random()": lambda: random.Random().random(),
    "random.SystemRandom()": lambda: random.SystemRandom().random(),
    "secrets.token_hex": lambda: secrets.token_hex(8),
    "secrets.token_urlsafe": lambda: secrets.token_urlsafe(8),
    "secrets.randbelow": lambda: secrets.randbelow(10**12),
    "secrets.choice": lambda: secrets.choice(range(10**12)),
    "os.urandom": lambda: os.urandom(8),
    "uuid.uuid4": lambda: uuid.uuid4(),
    "uuid.uuid1": lambda: uuid.uuid1(),
    "tempfile.mktemp": lambda: tempfile.mktemp(),
}
DRAWS |= {f"uuid.{name}": lambda name=name: getattr(uuid, name)() for name in ("uuid6", "uuid7") if hasattr(uuid, name)}
DRAWS |= {"os.getrandom": lambda: os.getrandom(8)} if hasattr(os, "getrandom") else {}


def program_of(name):
    """A program that draws twice from one source."""

    def program():
        return str((DRAWS[name](), DRAWS[name]()))

    return program


@pytest.mark.parametrize("name", DRAWS)
def test_flows_from_the_seed(name):
    """The same under one seed, another one under another; two draws of one run differ."""
    program = program_of(name)
    with detsched.patched():  # once for all runs: it takes longer than so short a run
        values = [again(program, seed) for seed in range(3)]

    assert len(set(values)) == 3
    assert all(one != other for one, other in [eval(value, {"UUID": uuid.UUID}) for value in values])


@pytest.mark.parametrize("name", DRAWS)
def test_real_where_it_is_to_be_real(name):
    """`randomness="real"` leaves it alone."""
    program = program_of(name)

    with detsched.patched():
        values = [detsched.run(program, randomness="real") for _ in range(3)]

    assert len(set(values)) == 3


def test_uuids_are_well_formed():
    """Version and variant are what they are outside, and the node of a time-based one is no real address."""
    one, four = again(lambda: (uuid.uuid1(), uuid.uuid4()))

    assert (one.version, four.version) == (1, 4)
    assert one.variant == four.variant == uuid.RFC_4122
    assert one.node & 1 << 40, "a random node has the multicast bit set"


def test_time_of_a_uuid():
    """A time-based uuid has the run's time, and those of a run are all different."""

    def program():
        made = []
        together(*[lambda: made.extend(uuid.uuid1() for _ in range(3))] * 3)
        return sorted(made, key=str)

    for seed in range(5):
        made = again(program, seed)
        assert len(set(made)) == 9
        seconds = {round((one.time - 0x01B21DD213814000) / 1e7) for one in made}
        assert seconds == {1_767_225_600}


def test_imported_by_name():
    """`from random import choice` before the run draws from the run's stream, and from the process's own after it."""
    assert again(lambda: [imported_choice(range(10**9)), random.random()]) == detsched.run(lambda: [random.choice(range(10**9)), random.random()])
    assert imported_choice is random.choice


def test_time_based_uuid_imported_by_name():
    """`from uuid import uuid1` before the run is the run's."""
    assert again(lambda: imported_uuid1()) != again(lambda: imported_uuid1(), seed=1)


def drawing_threads():
    """Three threads that draw, and take a lock between."""
    lock, drawn = threading.Lock(), {}

    def body(name):
        for _ in range(3):
            with lock:
                drawn.setdefault(name, []).append((random.random(), secrets.token_hex(4), os.urandom(4), str(uuid.uuid4())))

    together(*[lambda name=name: body(name) for name in "abc"])
    return drawn["a"], drawn["b"], drawn["c"]


def test_each_thread_has_a_stream_of_its_own():
    """What a thread draws does not depend on when the others do: the same values in every order, others in every thread."""
    orders, values = set(), set()
    exploration = detsched.explore(drawing_threads, runs=1, seed=5)
    for start in range(20):

        class Shuffled(detsched.Strategy):
            """Another order for each `start`, which is no part of the run's seed."""

            def begin(self, run):
                self.random = random.Random(start)

            def choose(self, step):
                return self.random.choice(step.enabled)

        run = detsched.record(drawing_threads, strategy=Shuffled, seed=5)
        orders.add(tuple(event.thread for event in run.trace))
        values.add(str(run.value))

    assert exploration.failure is None
    assert len(orders) > 3
    assert len(values) == 1
    a, b, c = run.value
    assert len({str(one) for one in (*a, *b, *c)}) == 9


def test_a_search_over_orders_keeps_its_numbers():
    """Where runs do not follow from their seeds alone, all of an exploration have the numbers of its first one."""

    class First(detsched.Strategy):
        def choose(self, step):
            return step.enabled[0]

    def program():
        detsched.yield_point()
        return random.random()

    assert len(detsched.explore(program, strategy=First, runs=5, seed=3).outcomes) == 1
    assert len(detsched.explore(program, strategy="dpor", runs=5, seed=3).outcomes) == 1
    assert len(detsched.explore(program, strategy="random", runs=5, seed=3).outcomes) == 5


def test_names_of_temporary_files():
    """Temporary files have the same names in every run, and are gone after it."""

    def program():
        names = []

        def body():
            with tempfile.NamedTemporaryFile(prefix="detsched-") as file, tempfile.TemporaryDirectory() as directory:
                names.append((os.path.basename(file.name), os.path.basename(directory)))

        together(body, body)
        return sorted(names)

    assert again(program) != again(program, seed=1)


# ---------------------------------------------------------------------- a generator that is shared


def seeded():
    """Threads that draw from a generator which the program has seeded: one sequence, dealt out as they come."""
    random.seed(7)
    drawn = {}
    together(*[lambda name=name: drawn.setdefault(name, random.random()) for name in "ab"])
    return drawn["a"], drawn["b"]


def test_a_seeded_generator_is_shared():
    """After `random.seed` all threads draw from one sequence, the very one that the seed gives outside."""
    with detsched.patched():
        values = {again(seeded, seed) for seed in range(20)}

    generator = random.Random(7)
    first, second = generator.random(), generator.random()
    assert values == {(first, second), (second, first)}


def test_drawing_from_a_shared_generator_is_an_operation():
    """Who draws first can be told: draws of two threads conflict, and a draw before anybody seeded is no operation at all."""
    operations = [event.operation for event in detsched.record(seeded).trace]
    assert operations.count("draw from") >= 2

    assert "draw from" not in [event.operation for event in detsched.record(drawing_threads).trace]


def test_state_of_the_shared_generator():
    """`getstate` and `setstate` go together, in a run as outside of it."""

    def program():
        state = random.getstate()
        first = [random.random() for _ in range(3)]
        random.setstate(state)
        return first == [random.random() for _ in range(3)], first

    assert again(program)[0] is True


def test_a_generator_of_ones_own():
    """`random.Random(5)` is what it is outside; without a seed it follows from the run's."""
    assert again(lambda: random.Random(5).random()) == random.Random(5).random()
    assert again(lambda: random.Random("name").random()) == random.Random("name").random()

    def reseeded():
        generator = random.Random(5)
        generator.seed()
        return generator.random()

    assert again(reseeded) != again(reseeded, seed=1)


def test_a_subclass_of_a_generator():
    """A subclass with a `random` of its own is left its own."""

    class Constant(random.Random):
        def random(self):
            return 0.5

    assert again(lambda: [Constant().random(), Constant().choice("ab")]) == [0.5, Constant(1).choice("ab")]


# ---------------------------------------------------------------------- outside of the run


def drawing():
    """A program that draws from everything."""
    return [DRAWS[name]() for name in DRAWS]


def seeding():
    """A program that seeds the shared generator."""
    random.seed(1)
    return random.random()


@pytest.mark.parametrize("program", [drawing, seeding])
def test_the_process_keeps_its_generator(program):
    """The module's own generator is after a run what it was before, whatever the run did with it."""
    random.seed(99)
    state = random.getstate()

    detsched.run(program)

    assert random.getstate() == state
    random.seed(99)
    assert random.random() == random.Random(99).random()


def test_the_process_keeps_its_names():
    """Every function is the interpreter's own after a run, and after one that failed."""
    modules = random, secrets, uuid, os, tempfile
    before = {(module.__name__, name): value for module in modules for name, value in vars(module).items() if not name.startswith("__")}

    detsched.run(drawing)
    with pytest.raises(ZeroDivisionError):
        detsched.run(lambda: [random.random(), uuid.uuid1(), tempfile.mktemp(), 1 / 0])

    after = {(module.__name__, name): value for module in modules for name, value in vars(module).items() if not name.startswith("__")}
    assert [key for key in before if after[key] is not before[key]] == []
    assert "seed" in vars(random.Random)


def test_a_seed_before_the_run_is_not_taken_along():
    """A generator that was seeded before the run is the process's; the run begins with its own."""
    values = set()
    for seed in (1, 2):
        random.seed(seed)
        values.add(detsched.run(lambda: random.random()))

    assert len(values) == 1


def test_real_threads_draw_from_the_process():
    """A thread that is not of the run draws real random numbers while it goes on."""
    drawn = []
    real = threading.Thread(target=lambda: [drawn.append((uuid.uuid4(), os.urandom(8))) for _ in range(1000)])
    real.start()
    for seed in range(20):
        detsched.run(drawing_threads, seed=0)
    real.join()

    assert len(set(drawn)) == 1000


# ---------------------------------------------------------------------- tokens


def test_a_token_brings_its_numbers_along():
    """A token replays the random numbers of its run, whatever seed the settings speak of."""
    run = detsched.record(drawing_threads, seed=1234)

    again = detsched.record(drawing_threads, schedule=str(run.schedule), settings=detsched.Settings(seed=7))

    assert "seed1234" in str(run.schedule)
    assert again.value == run.value
    assert detsched.replay(drawing_threads, schedule=str(run.schedule), randomness="real") == run.value


def test_a_program_that_draws_nothing_has_no_seed_in_its_token():
    """A token is not longer than it has to be."""
    assert "seed" not in str(detsched.record(lambda: together(int, int)).schedule)


def test_a_choice_that_depends_on_a_draw_replays():
    """A failure that needs both an order and a number is found, confirmed and replayed."""

    def program():
        if random.random() < 0.3:
            lock = threading.Lock()
            with lock:
                raise KeyError("unlucky")

    exploration = detsched.explore(program, runs=50, keep_going=False)

    assert exploration.failure.kind == "exception"
    with pytest.raises(KeyError, match="unlucky"):
        detsched.replay(program, schedule=str(exploration.failure.schedule))


def test_real_random_numbers_cannot_be_replayed():
    """With `randomness="real"` a program that branches on them departs from its recording, and is told so."""

    def program():
        lock = threading.Lock()
        for _ in range(int.from_bytes(os.urandom(2), "big") % 5000):
            with lock:
                pass

    run = detsched.record(program, randomness="real", max_steps=None)

    assert detsched.record(program, schedule=run.schedule, randomness="real", max_steps=None).failure.kind == "divergence"


# ---------------------------------------------------------------------- cpus


def test_cpu_counts():
    """A program sees the same number of CPUs on every machine, whichever way it asks, and no more of them after the run."""
    before = os.cpu_count()

    def program():
        found = [os.cpu_count()]
        if hasattr(os, "process_cpu_count"):
            found.append(os.process_cpu_count())
        if hasattr(os, "sched_getaffinity"):
            found += [len(os.sched_getaffinity(0)), len(os.sched_getaffinity(os.getpid()))]
        return found

    assert set(again(program)) == {4}
    assert os.cpu_count() == before


def test_size_of_a_pool():
    """The default size of an executor follows from the number of CPUs, and is the same on every machine."""
    from concurrent.futures import ThreadPoolExecutor

    assert again(lambda: ThreadPoolExecutor()._max_workers) == 8
