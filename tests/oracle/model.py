"""An interpreter of small concurrent programs, and a generator of them. Shares nothing with detsched but the semantics.

A program is a list of threads; a thread is a list of instructions (line, kind, object, argument, label, jump):

    start i, join i                             of thread i
    acquire, try, timed, release                of a Lock or an RLock (which kind: by its name, L0 or R0)
    down, trydown, timeddown, up                of a Semaphore S0 or a BoundedSemaphore B0
    set, clear, is_set, wait, timedwait         of an Event E0
    notify, notify_all, cwait, timedcwait       of a Condition C0 (over an RLock of its own, of the same name)
    sleep

The result of an instruction with a label is appended to the log that all threads share, at once. Where the result is false,
a `jump` goes on at that instruction instead of the next. The model walks all states; an outcome is the set of failures of a
run, each (kind, lines), and the log.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple


class Instruction(NamedTuple):
    """One operation of a thread."""

    line: int
    kind: str
    thing: Any = None
    argument: Any = None
    label: Any = None
    jump: int | None = None


class State(NamedTuple):
    """Everything that the rest of a run depends on. `stage` is what a thread waits for in the middle of an instruction."""

    at: tuple[int | None, ...]  # next instruction; None: not started; -1: ended
    stage: tuple[Any, ...]
    deadline: tuple[float | None, ...]
    locks: tuple[tuple[str, tuple[int, int]], ...]  # name → (owner, depth)
    counts: tuple[tuple[str, int], ...]  # semaphores and events
    queues: tuple[tuple[str, tuple[int, ...]], ...]  # conditions: who is registered
    log: tuple[Any, ...]
    failures: frozenset[Any]
    base: float


class Model:
    """All outcomes of one program."""

    def __init__(self, threads: list[list[Instruction]], counts: dict[str, int]) -> None:
        self.threads = threads
        self.initial = dict(counts)
        self.most = 400_000

    def outcomes(self) -> set[Any]:
        """Walk every state once."""
        n = len(self.threads)
        start = State((0, *[None] * (n - 1)), (None,) * n, (None,) * n, (), tuple(sorted(self.initial.items())), (), (), frozenset(), 0.0)
        todo, seen, found = [self._local(start, 0)], set(), set()
        while todo:
            state = todo.pop()
            if state in seen:
                continue
            seen.add(state)
            assert len(seen) < self.most
            for following in self._steps(state, found):
                todo.append(following)
        return found

    def _steps(self, state: State, found: set[Any]) -> list[State]:
        alive = [i for i, at in enumerate(state.at) if at is not None and at >= 0]
        if not alive:
            found.add((state.failures, state.log))
            return []
        following = []
        for me in alive:
            if not self._enabled(state, me):
                continue
            after = self._local(self._apply(state, me), me)
            cycle = self._cycle(after, me)
            if cycle:
                found.add((after.failures | {("deadlock", frozenset(self._line(after, i) for i in cycle))}, after.log))
            else:
                following.append(after)
        if following or any(self._enabled(state, me) for me in alive):
            return following
        later = [d for i in alive if (d := state.deadline[i]) is not None and d > state.base]
        if later:
            return [state._replace(base=min(later))]
        found.add((state.failures | {("deadlock", frozenset(self._line(state, i) for i in alive))}, state.log))
        return []

    def _line(self, state: State, me: int) -> int:
        at = state.at[me]
        assert at is not None
        return self.threads[me][at].line

    # ------------------------------------------------------------------ what is enabled

    def _expired(self, state: State, me: int) -> bool:
        deadline = state.deadline[me]
        return deadline is not None and state.base >= deadline

    def _enabled(self, state: State, me: int) -> bool:
        instruction, stage = self.threads[me][state.at[me]], state.stage[me]  # type: ignore[index]
        kind, thing = instruction.kind, instruction.thing
        locks, counts = dict(state.locks), dict(state.counts)
        if kind == "join":
            return state.at[thing] == -1
        if kind in ("acquire", "timed"):
            return thing not in locks or locks[thing][0] == me and thing[0] != "L" or kind == "timed" and self._expired(state, me)
        if kind in ("down", "timeddown"):
            return counts[thing] > 0 or kind == "timeddown" and self._expired(state, me)
        if kind in ("wait", "timedwait") and stage is not None:
            return stage == "woken" or self._expired(state, me)
        if kind in ("cwait", "timedcwait") and stage is not None:
            return (stage[0] == "notified" or self._expired(state, me)) and thing not in locks
        if kind == "sleep":
            return self._expired(state, me)
        return True

    def _holder(self, state: State, me: int) -> int | None:
        """Who holds the lock that a thread waits for, without a deadline."""
        at = state.at[me]
        if at is None or at < 0 or state.deadline[me] is not None or self._enabled(state, me):
            return None
        instruction = self.threads[me][at]
        if instruction.kind == "acquire" or (instruction.kind == "cwait" and state.stage[me] is not None and state.stage[me][0] == "notified"):
            owner = dict(state.locks).get(instruction.thing, (None, 0))[0]
            return owner if owner is not None and state.at[owner] != -1 else None
        return None

    def _cycle(self, state: State, me: int) -> list[int]:
        chain = [me]
        while True:
            holder = self._holder(state, chain[-1])
            if holder is None:
                return []
            if holder == me:
                return chain if len(chain) > 1 else []
            if holder in chain:
                return []
            chain.append(holder)

    # ------------------------------------------------------------------ what is done

    def _apply(self, state: State, me: int) -> State:
        instruction = self.threads[me][state.at[me]]  # type: ignore[index]
        kind, thing, argument = instruction.kind, instruction.thing, instruction.argument
        locks, counts, queues = dict(state.locks), dict(state.counts), dict(state.queues)
        stage, result, failed = None, True, False
        at, stages, deadlines = list(state.at), list(state.stage), list(state.deadline)
        if kind == "start":
            at[thing] = 0
        elif kind in ("acquire", "timed", "try"):
            free = thing not in locks
            mine = not free and locks[thing][0] == me and thing[0] != "L"
            result = free or mine
            if free:
                locks[thing] = (me, 1)
            elif mine:
                locks[thing] = (me, locks[thing][1] + 1)
        elif kind == "release":
            owner, depth = locks.get(thing, (None, 0))
            failed = owner is None if thing[0] == "L" else owner != me
            if not failed and depth > 1:
                locks[thing] = (me, depth - 1)
            elif not failed:
                del locks[thing]
        elif kind in ("down", "timeddown", "trydown"):
            result = counts[thing] > 0
            counts[thing] -= result
        elif kind == "up":
            failed = thing[0] == "B" and counts[thing] + argument > self.initial[thing]
            counts[thing] += 0 if failed else argument
        elif kind in ("set", "clear"):
            counts[thing] = int(kind == "set")
            for other, inner in enumerate(stages):
                if kind == "set" and inner == "registered" and self.threads[other][at[other]].thing == thing:  # type: ignore[index]
                    stages[other] = "woken"
        elif kind == "is_set":
            result = bool(counts[thing])
        elif kind in ("wait", "timedwait"):
            if stages[me] is None and not counts[thing]:
                stage = "registered"
            else:
                result = stages[me] != "registered"
        elif kind in ("notify", "notify_all"):
            owner = locks.get(thing, (None, 0))[0]
            failed = owner != me
            if not failed:
                waiting = queues.get(thing, ())
                count = len(waiting) if kind == "notify_all" else argument
                for other in waiting[:count]:
                    # Who has given up by now takes the notify, and it is lost.
                    stages[other] = ("gone" if self._expired(state, other) else "notified", stages[other][1])
                queues[thing] = waiting[count:]
        elif kind in ("cwait", "timedcwait"):
            if stages[me] is None:
                owner, depth = locks.get(thing, (None, 0))
                failed = owner != me
                if not failed:
                    stage = ("registered", depth)
                    queues[thing] = (*queues.get(thing, ()), me)
                    del locks[thing]
            else:
                result = stages[me][0] == "notified"
                locks[thing] = (me, stages[me][1])
                queues[thing] = tuple(other for other in queues.get(thing, ()) if other != me)
        log, failures = state.log, state.failures
        stages[me] = stage
        if stage is None:
            deadlines[me] = None
            if failed:
                failures |= {("exception", frozenset({instruction.line}))}
                at[me] = -1
            else:
                if instruction.label is not None:
                    log = (*log, (instruction.label, result))
                at[me] = instruction.jump if not result and instruction.jump is not None else at[me] + 1  # type: ignore[operator]
        state = State(
            tuple(at), tuple(stages), tuple(deadlines), tuple(sorted(locks.items())), tuple(sorted(counts.items())),
            tuple(sorted((name, queue) for name, queue in queues.items() if queue)), log, failures, state.base,
        )  # fmt: skip
        return self._local(state, thing) if kind == "start" else state

    def _local(self, state: State, me: int) -> State:
        """Go on as far as a thread goes without an operation: its end, and what concerns only the owner of an RLock."""
        while True:
            at = state.at[me]
            if at is None or at < 0:
                return state
            if at >= len(self.threads[me]):
                return state._replace(at=put(state.at, me, -1))
            instruction = self.threads[me][at]
            owner, depth = dict(state.locks).get(instruction.thing, (None, 0)) if isinstance(instruction.thing, str) else (None, 0)
            reentrant = isinstance(instruction.thing, str) and instruction.thing[0] in "RC"
            inner = reentrant and owner == me and (instruction.kind in ("acquire", "try", "timed") or (instruction.kind == "release" and depth > 1))
            refused = (
                (instruction.kind == "release" and reentrant and owner != me)
                or (instruction.kind in ("notify", "notify_all", "cwait", "timedcwait") and state.stage[me] is None and owner != me)
            )  # fmt: skip
            if inner or refused:
                state = self._apply(state, me)
                continue
            if instruction.kind in ("timed", "timeddown", "timedwait", "timedcwait", "sleep") and state.deadline[me] is None:
                state = state._replace(deadline=put(state.deadline, me, state.base + instruction.argument))
            return state


def put(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    """A tuple with one item changed."""
    return (*values[:index], value, *values[index + 1 :])


# ---------------------------------------------------------------------- random programs


class Writer:
    """Writes one program twice: as Python, and as instructions, line by line."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.labels = 0
        self.powers = [1 << power for power in self.random.sample(range(20), 20)]
        self.theme = list(THEMES)[seed // 1000 % len(THEMES)]
        self.kinds = THEMES[self.theme] or self.random.sample([kind for kinds in THEMES.values() for kind in kinds], 5)
        self.semaphore, self.event = self.random.choice(("S0", "S1", "B0", "B0")), "E0"
        self.threads: list[list[Instruction]] = []

    def line(self, text: str, indent: int) -> int:
        self.lines.append("    " * indent + text)
        return len(self.lines)

    def label(self) -> int:
        self.labels += 1
        return self.labels

    def silent(self, call: str, indent: int, kind: str, thing: str, argument: Any = None) -> Instruction:
        """An operation without a result worth noting; sometimes it is noted all the same that it is done."""
        label = self.label() if self.random.random() < 0.5 else None
        text = call if label is None else f"{call}; log.append(({label}, True))"
        return Instruction(self.line(text, indent), kind, thing, argument, label)

    def timeout(self) -> int:
        """Powers of two: no two deadlines of a program are ever the same."""
        return self.powers.pop()

    def block(self, code: list[Instruction], budget: int, indent: int, depth: int = 0) -> int:
        """Some statements; how much of the budget is left."""
        choice = self.random.choice
        for _ in range(20):
            if budget <= 0:
                break
            kind = choice(self.kinds)
            if depth >= 2 and kind in ("section", "trysection", "rsection"):
                continue
            spent = self.statement(kind, code, budget, indent, depth)
            budget -= spent
            if depth and self.random.random() < 0.6:
                break
        return budget

    def statement(self, kind: str, code: list[Instruction], budget: int, indent: int, depth: int) -> int:
        choice, append = self.random.choice, code.append
        lock, semaphore, event, label = choice(("L0", "L1") if self.theme == "cycles" else ("L0", "L0", "L1")), self.semaphore, self.event, self.label()
        if kind in ("section", "rsection"):
            name = lock if kind == "section" else "R0"
            append(Instruction(self.line(f"log.append(({label}, {name}.acquire()))", indent), "acquire", name, label=label))
            left = self.block(code, self.random.randrange(self.theme == "cycles", max(2, budget - 1)), indent, depth + 1) if budget > 2 else 0
            append(self.silent(f"{name}.release()", indent, "release", name))
            return 2 + max(0, (budget - 2 - left) // 2)
        if kind in ("trysection", "timedsection"):
            seconds = self.timeout()
            how = "blocking=False" if kind == "trysection" else f"timeout={seconds}"
            got = f"got = {lock}.acquire({how}); log.append(({label}, got))"
            here = len(code)
            append(Instruction(self.line(got, indent), "try" if kind == "trysection" else "timed", lock, seconds, label))
            self.line("if got:", indent)
            append(Instruction(self.line(f"{lock}.release()", indent + 1), "release", lock))
            code[here] = code[here]._replace(jump=len(code))
            return 2
        if kind == "semaphore":
            append(Instruction(self.line(f"log.append(({label}, {semaphore}.acquire()))", indent), "down", semaphore, label=label))
            append(self.silent(f"{semaphore}.release()", indent, "up", semaphore, 1))
            return 2
        if kind == "down":
            append(Instruction(self.line(f"log.append(({label}, {semaphore}.acquire()))", indent), "down", semaphore, label=label))
        elif kind == "up":
            many = choice((1, 1, 2))
            append(self.silent(f"{semaphore}.release({many})", indent, "up", semaphore, many))
        elif kind == "trydown":
            append(Instruction(self.line(f"log.append(({label}, {semaphore}.acquire(blocking=False)))", indent), "trydown", semaphore, label=label))
        elif kind == "timeddown":
            seconds = self.timeout()
            append(Instruction(self.line(f"log.append(({label}, {semaphore}.acquire(timeout={seconds})))", indent), "timeddown", semaphore, seconds, label))
        elif kind in ("set", "clear"):
            append(self.silent(f"{event}.{kind}()", indent, kind, event))
        elif kind in ("is_set", "wait"):
            append(Instruction(self.line(f"log.append(({label}, {event}.{kind}()))", indent), kind, event, label=label))
        elif kind == "timedwait":
            seconds = self.timeout()
            append(Instruction(self.line(f"log.append(({label}, {event}.wait({seconds})))", indent), "timedwait", event, seconds, label))
        elif kind == "sleep":
            seconds = self.timeout()
            append(Instruction(self.line(f"sleep({seconds})", indent), "sleep", None, seconds))
        elif kind == "stray release":
            name = choice((lock, "R0"))
            append(self.silent(f"{name}.release()", indent, "release", name))
        elif kind in ("cwait", "timedcwait", "notify", "notify_all", "notify late"):
            self.condition(kind, code, indent, label)
            return 3
        else:
            raise AssertionError(kind)
        return 1

    def condition(self, kind: str, code: list[Instruction], indent: int, label: int) -> None:
        name, append = "C0", code.append
        first = self.label()
        append(Instruction(self.line(f"log.append(({first}, {name}.acquire()))", indent), "acquire", name, label=first))
        if kind == "notify late":
            seconds = self.timeout()
            append(Instruction(self.line(f"sleep({seconds})", indent), "sleep", None, seconds))
            kind = "notify"
        if kind == "cwait":
            append(Instruction(self.line(f"log.append(({label}, {name}.wait()))", indent), "cwait", name, label=label))
        elif kind == "timedcwait":
            seconds = self.timeout()
            append(Instruction(self.line(f"log.append(({label}, {name}.wait({seconds})))", indent), "timedcwait", name, seconds, label))
        elif kind == "notify":
            append(self.silent(f"{name}.notify()", indent, "notify", name, 1))
        else:
            append(self.silent(f"{name}.notify_all()", indent, "notify_all", name))
        append(self.silent(f"{name}.release()", indent, "release", name))


# Few kinds in a program, of things that meet.
THEMES: dict[str, list[str]] = {
    "locks": ["section", "section", "section", "trysection", "timedsection", "stray release"],
    "cycles": ["section"],
    "rlocks": ["rsection", "rsection", "rsection", "section"],
    "semaphores": ["semaphore", "down", "up", "up", "trydown", "timeddown"],
    "events": ["set", "set", "clear", "is_set", "wait", "wait", "timedwait", "sleep"],
    "conditions": ["cwait", "cwait", "timedcwait", "notify", "notify", "notify_all", "notify late"],
    "mixed": [],
}
COUNTS = {"S0": 0, "S1": 1, "B0": 1, "E0": 0, "E1": 0}
HEAD = """\
def program(log):
    L0, L1, R0, R1 = Lock(), Lock(), RLock(), RLock()
    S0, S1, B0, E0, E1, C0, C1 = Semaphore(0), Semaphore(1), BoundedSemaphore(1), Event(), Event(), Condition(), Condition()\
"""


def random_program(seed: int, least: int = 3) -> tuple[str, Model]:
    """A program as Python text (with a function `program`), and the model of it: one that has some outcomes."""
    attempt = 0
    while True:
        text, model = _random_program(1000 * seed + attempt)
        if len(model.outcomes()) >= least:
            return text, model
        attempt += 1


def _random_program(seed: int) -> tuple[str, Model]:
    writer = Writer(seed)
    writer.lines += HEAD.split("\n")
    count = {"conditions": 3, "cycles": 2}.get(writer.theme) or writer.random.choice((2, 2, 3))
    bodies = []
    for index in range(1, count + 1):
        writer.line(f"def body{index}():", 1)
        code: list[Instruction] = []
        writer.block(code, {"conditions": 1, "cycles": 4}.get(writer.theme) or writer.random.randrange(2, 6 if count == 2 else 4), 2)
        bodies.append(code)
    main = []
    for index in range(1, count + 1):
        writer.line(f"t{index} = Thread(target=body{index})", 1)
    for index in range(1, count + 1):
        main.append(Instruction(writer.line(f"t{index}.start()", 1), "start", index))
    for index in range(1, count + 1):
        main.append(Instruction(writer.line(f"t{index}.join()", 1), "join", index))
    return "\n".join(writer.lines) + "\n", Model([main, *bodies], COUNTS)
