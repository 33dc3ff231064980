"""Schedules: tokens, files, replay."""

import json
import re
import threading

import pytest

import detsched
from detsched import DivergenceError, InvalidSchedule, InvalidSettings, Schedule


def transfer(sections=3):
    """Two threads with some lock sections each, and a choice."""
    lock, log = threading.Lock(), []

    def body(me):
        for _ in range(sections):
            with lock:
                log.append(me)

    threads = [threading.Thread(target=body, args=(me,)) for me in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "".join(log) + detsched.choose("xyz")


RUNS = [detsched.record(transfer, seed=seed) for seed in range(12)]
TOKENS = [str(run.schedule) for run in RUNS]


@pytest.mark.parametrize("run", RUNS[:6])
def test_round_trip(run):
    """A schedule is read back from its token as it was."""
    again = Schedule.parse(str(run.schedule))

    assert again == run.schedule
    assert str(again) == str(run.schedule)
    assert hash(again) == hash(run.schedule)
    assert len(again) == len(run.schedule) == run.steps


def test_token():
    """A token is short and printable, with nothing in it that a shell would touch, and begins with the format version."""
    for token in TOKENS:
        assert re.fullmatch(r"ds1~[\w.,:~-]+", token, re.ASCII)
        assert len(token) < 200


def test_token_has_no_path():
    """A token tells the program's name, and no folder."""
    assert all("transfer" in token and "/" not in token and "work" not in token for token in TOKENS)


def test_parse_takes_a_schedule():
    """What is a schedule already stays itself."""
    schedule = RUNS[0].schedule

    assert Schedule.parse(schedule) is schedule


def test_parse_ignores_space_around():
    """Copied with a line break at its end it is the same token."""
    assert Schedule.parse(f"  {TOKENS[0]}\n") == RUNS[0].schedule


def test_equality_and_hash():
    """Equal schedules make the same choices; different runs have different ones."""
    same = {detsched.record(transfer, seed=3).schedule for _ in range(3)}

    assert len(same) == 1
    assert len({run.schedule for run in RUNS}) == len(set(TOKENS)) > 5
    assert RUNS[0].schedule != TOKENS[0]


def test_immutable():
    """A schedule cannot be changed."""
    with pytest.raises(AttributeError):
        RUNS[0].schedule.values = ()


@pytest.mark.parametrize("token", TOKENS)
def test_truncated_at_every_position(token):
    """A token that was cut off anywhere is refused."""
    for end in range(len(token)):
        with pytest.raises(InvalidSchedule):
            Schedule.parse(token[:end])


def test_truncated_tokens_of_many_runs():
    """Also over many tokens: none of them is taken for a shorter one by chance."""
    taken = []
    for seed in range(300):
        token = str(detsched.record(transfer, 5, seed=seed).schedule)
        for end in range(token.rindex("~"), len(token)):
            try:
                Schedule.parse(token[:end])
                taken.append((token, end))
            except InvalidSchedule:
                pass

    assert taken == []


@pytest.mark.parametrize("token", TOKENS[:3])
def test_one_wrong_character(token):
    """A token with one character changed, left out or doubled is refused."""
    taken = []
    for at in range(len(token)):
        for damaged in (token[:at] + token[at + 1 :], token[:at] + token[at] + token[at:], *(token[:at] + other + token[at + 1 :] for other in "a0Z,")):
            if damaged == token:
                continue
            try:
                if Schedule.parse(damaged) != Schedule.parse(token):
                    taken.append(damaged)
            except InvalidSchedule:
                pass

    assert taken == []


@pytest.mark.parametrize("wrong", ["", " ", "hello", "ds1", "ds1~", "ds1~~~~~", "ds1~sync~a~0~~", "1~sync~x-0~0:1~~AA", "~", "@", "@/no/such/file", "é", "ds1~sync~p~0~~\x00"])
def test_no_token(wrong):
    """What is no token is refused with one line that says so."""
    with pytest.raises(InvalidSchedule) as caught:
        Schedule.parse(wrong)

    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("wrong", [None, 3, b"ds1~", ["ds1"], object()])
def test_no_string(wrong):
    """What is no string is refused with its type."""
    with pytest.raises(InvalidSchedule, match=type(wrong).__name__):
        Schedule.parse(wrong)


def test_another_version():
    """A token of another format version is refused, and the message names both versions."""
    with pytest.raises(InvalidSchedule, match="ds2.*ds1"):
        Schedule.parse("ds2" + TOKENS[0][3:])


def test_another_program():
    """A token of another program is refused, and the message names both programs."""

    def other():
        pass

    with pytest.raises(InvalidSchedule, match=r"transfer.*other"):
        detsched.replay(other, schedule=TOKENS[0])


def test_json(tmp_path):
    """A schedule goes through JSON, with every step in words."""
    schedule = RUNS[0].schedule
    again = Schedule.from_json(schedule.to_json())

    assert again == schedule
    assert again.operations == schedule.operations
    data = json.loads(schedule.to_json())
    assert len(data["operations"]) == len(schedule)


@pytest.mark.parametrize("wrong", ["", "{}", "[]", "null", '{"token": 3, "operations": []}', '{"token": "@x", "operations": []}', '{"token": "ds1", "operations": null}', "ds1~x"])
def test_no_json(wrong):
    """What is no schedule file is refused."""
    with pytest.raises(InvalidSchedule):
        Schedule.from_json(wrong)


def test_file(tmp_path):
    """`@path` is a file that holds a token or the JSON of one."""
    schedule = RUNS[0].schedule
    (tmp_path / "token").write_text(f"{schedule}\n")
    (tmp_path / "json").write_text(schedule.to_json())

    assert Schedule.parse(f"@{tmp_path}/token") == schedule
    assert Schedule.parse(f"@{tmp_path}/json") == schedule
    assert detsched.replay(transfer, schedule=f"@{tmp_path}/json") == RUNS[0].value


def test_file_that_cannot_be_read(tmp_path):
    """A missing or binary file, or one that names another, is refused."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "other").write_text("no token")
    for name in ("missing", "binary", "other"):
        with pytest.raises(InvalidSchedule):
            Schedule.parse(f"@{tmp_path}/{name}")


@pytest.mark.parametrize("run", RUNS)
def test_replay(run):
    """A replay gives the same value and the same trace."""
    again = detsched.record(transfer, schedule=str(run.schedule))

    assert again.value == run.value
    assert again.trace == run.trace
    assert again.schedule == run.schedule
    assert detsched.replay(transfer, schedule=run.schedule) == run.value


def test_replay_in_another_process(tmp_path):
    """The token means the same in every process, whatever the hash seed."""
    import os
    import subprocess
    import sys

    code = f"import detsched, test_schedule as t; print(detsched.replay(t.transfer, schedule={TOKENS[1]!r}))"
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.path.dirname(os.path.dirname(os.path.abspath(detsched.__file__)))
    for seed in ("1", "2"):
        done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{source}{os.pathsep}{here}"}, capture_output=True, text=True, timeout=60)
        assert done.stdout == f"{RUNS[1].value}\n", done.stderr


def changed(extra):
    """A program of one name with different bodies."""

    def program():
        lock, event = threading.Lock(), threading.Event()

        def body():
            for _ in range(3):
                with lock:
                    pass
            if extra == "another operation":
                event.set()
            elif extra == "another object":
                with threading.Lock():
                    pass
            else:
                with lock:
                    pass
            if extra == "more":
                event.set()

        threads = [threading.Thread(target=body) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if extra == "more at the end":
            with lock:
                pass
        if extra == "less":
            return
        with lock:
            pass

    return program


def departure(extra):
    """What a replay of the plain program by the changed one says."""
    with pytest.raises(DivergenceError) as caught:
        detsched.replay(changed(extra), schedule=str(detsched.record(changed(None), seed=1).schedule))
    return str(caught.value)


@pytest.mark.parametrize("extra", ["another operation", "another object", "more", "more at the end", "less"])
def test_a_replay_that_departs_says_where(extra):
    """A replay is checked at each step; the first that differs is named, with the usual causes."""
    text = departure(extra)

    assert re.search(r"at step \d+", text)
    assert "usual causes" in text
    assert "\n" not in text


def test_a_replay_that_departs_names_the_step():
    """The step is the right one, and with a file the expected operation is named."""
    recorded = detsched.record(changed(None), seed=1, granularity="sync")
    first = next(i for i, text in enumerate(recorded.schedule.operations, 1) if re.match(r"[12] ", text) and sum(t.startswith(text[:2]) for t in recorded.schedule.operations[:i]) == 7)

    with pytest.raises(DivergenceError) as caught:
        detsched.replay(changed("another operation"), schedule=recorded.schedule)

    assert f"at step {first}:" in str(caught.value)
    assert "expected" in str(caught.value) and "acquire lock (" in str(caught.value)
    assert "set event (" in str(caught.value)


def test_a_replay_reports_divergence_as_a_failure():
    """`record` does not raise it: the run has a failure of kind divergence, and no other."""
    token = detsched.record(changed(None)).schedule
    run = detsched.record(changed("less"), schedule=token)

    assert [failure.kind for failure in run.failures] == ["divergence"]


def test_a_replay_of_a_failure_raises_it():
    """The failure comes again, with its type and text."""

    def program():
        lock, other = threading.Lock(), threading.Lock()

        def body(a, b):
            with a, b:
                pass

        threads = [threading.Thread(target=body, args=pair) for pair in ((lock, other), (other, lock))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    failure = detsched.explore(program).failure

    for _ in range(3):
        with pytest.raises(detsched.DeadlockError) as caught:
            detsched.replay(program, schedule=failure.schedule)
        assert str(caught.value) == str(failure.exception)


def test_replay_wants_the_schedule_by_name():
    """`replay(f, "token")` is answered with the right call."""
    with pytest.raises(InvalidSchedule, match=r"replay\(transfer, schedule='ds1~"):
        detsched.replay(transfer, TOKENS[0])
    with pytest.raises(InvalidSchedule, match="schedule="):
        detsched.replay(transfer)


@pytest.mark.parametrize("setting", [{"seed": 1}, {"strategy": "random"}, {"granularity": "line"}])
def test_a_setting_that_contradicts_the_token(setting):
    """Only a setting written into the same call can contradict the token, and that is an error."""
    with pytest.raises(InvalidSettings):
        detsched.replay(transfer, schedule=TOKENS[0], **setting)


def test_the_environment_does_not_contradict_the_token(monkeypatch):
    """The token's settings win over the environment."""
    monkeypatch.setenv("DETSCHED_SEED", "99")
    monkeypatch.setenv("DETSCHED_STRATEGY", "roundrobin")

    assert detsched.replay(transfer, schedule=TOKENS[2]) == RUNS[2].value


def test_edits_elsewhere_do_not_matter():
    """A token survives a move of the program to other lines, and edits that change no operation."""
    token = detsched.record(changed(None), seed=4).schedule
    moved = {}
    exec(compile("\n" * 200 + _source_of_changed(), "elsewhere.py", "exec"), {**globals()}, moved)
    again = moved["changed"](None)
    again.__qualname__ = changed(None).__qualname__

    assert detsched.record(again, schedule=str(token)).failure is None


def _source_of_changed():
    import inspect

    return inspect.getsource(changed)
