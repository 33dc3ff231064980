"""Runs as pictures and for machines: HTML, Mermaid, JSON."""

import json
import re
import threading
from html.parser import HTMLParser

import pytest

import detsched

NASTY = "</script><script>alert(1)</script>&\u2028\n"


def race():
    """Loses an update in some schedules."""
    lock = detsched.name(threading.Lock(), f"lock {NASTY}")
    count = 0

    def add():
        nonlocal count
        with lock:
            value = count
        with lock:
            count = value + 1

    threads = [threading.Thread(target=add, name=name) for name in ("ann", f"bob {NASTY}")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == 2, NASTY


@pytest.fixture(scope="module")
def run():
    """The run that the failure is shown by."""
    exploration = detsched.explore(race, runs=200, keep_going=False, shrink=True, strategy="random", granularity="sync")
    return exploration.run_of(exploration.failure)


class Reader(HTMLParser):
    """Notes tags, attributes that lead elsewhere, and the content of scripts."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.links, self.scripts, self.title = [], [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]
        if tag == "script":
            self.scripts.append("")
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] == "title":
            self.title += data


def read(page):
    """A page, parsed."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def data_of(page):
    """The value that a page shows."""
    return json.loads(read(page).scripts[0])


def test_html_is_one_file_that_asks_for_nothing(run):
    """Well-formed, without a link to anywhere, and its own policy forbids requests."""
    page = run.to_html()
    reader = read(page)

    assert reader.links == ["data:,"]
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|WebSocket|import\(", page)


def test_html_shows_text_as_text(run):
    """What the program calls its threads, locks and errors gets into the page as data only."""
    page = run.to_html()
    reader = read(page)

    assert len(reader.scripts) == 2
    assert "alert(1)" not in reader.scripts[1] and "alert(1)" in reader.scripts[0]
    assert "<" not in reader.scripts[0] and "\u2028" not in page
    assert "alert(1)" in reader.title
    assert not re.search(r"innerHTML|outerHTML|document\.write|insertAdjacentHTML|\beval\b", reader.scripts[1])


def test_html_has_both_runs(run):
    """The failing run and the passing one, with threads, steps, marks, arrows and locks that fit together."""
    value = data_of(run.to_html())

    assert [len(one["events"]) for one in value["runs"]] == [run.steps, run.passing.steps]
    for one in value["runs"]:
        count = len(one["events"])
        assert one["marks"] and all(0 <= mark < count for mark in one["marks"])
        assert all(0 <= before < after < count for before, after in one["arrows"])
        assert all(0 <= since <= until <= count for _, since, until, _, _ in one["locks"])
        assert all(0 <= number < len(one["words"]) for event in one["events"] for number in event[1:5])
        assert all(0 <= event[5] < len(one["places"]) for event in one["events"])
    assert value["report"].startswith("detsched: AssertionError")


def test_html_states_of_threads():
    """Who is blocked when, and on what; a thread that never got what it wanted stays blocked to the end."""

    def program():
        first, second = threading.Lock(), threading.Lock()
        first.acquire()

        def hold():
            with second:
                first.acquire()

        thread = threading.Thread(target=hold, name="holder")
        thread.start()
        second.acquire()

    run = detsched.record(program, strategy="roundrobin", granularity="sync")
    assert run.failure.kind == "deadlock"
    threads = {thread["name"]: thread for thread in data_of(run.to_html())["runs"][0]["threads"]}
    words = data_of(run.to_html())["runs"][0]["words"]

    assert threads["holder"]["to"] == run.steps
    assert [words[blocked[3]].partition(" (")[0] for blocked in threads["holder"]["blocked"]] == ["acquire first"]
    assert words[threads["MainThread"]["blocked"][-1][3]].startswith("acquire second")


def test_html_shows_what_is_held_to_the_end():
    """Locks that a deadlock leaves taken are held to the end of the run, and below it stands who waits for what."""

    def program():
        first, second = threading.Lock(), threading.Lock()

        def take(one, other):
            with one:
                with other:
                    pass

        threads = [threading.Thread(target=take, args=args, name=name) for name, args in (("ann", (first, second)), ("bob", (second, first)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run = detsched.explore(program, strategy="random", runs=100, keep_going=False, granularity="sync").failure
    run = detsched.record(program, schedule=run.schedule)
    shown = data_of(run.to_html())["runs"][0]

    assert sorted((shown["threads"][lane]["name"], shown["names"][lock], until) for lane, _, until, _, lock in shown["locks"]) == [
        ("ann", "first", run.steps), ("bob", "second", run.steps)
    ]  # fmt: skip
    assert [shown["words"][words].partition(" (")[0] for _, _, words in shown["ends"]] == [
        "MainThread waits for ever to join ann",
        "ann waits for ever to acquire second, held by bob",
        "bob waits for ever to acquire first, held by ann",
    ]


def test_html_of_a_long_run_is_small():
    """Twenty threads and five thousand steps: under two megabytes."""

    def program():
        locks = [threading.Lock() for _ in range(10)]

        def work(number):
            for turn in range(124):
                with locks[(number + turn) % 10]:
                    pass

        threads = [threading.Thread(target=work, args=(number,), name=f"worker-{number}") for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run = detsched.record(program, seed=1, granularity="sync")

    assert run.steps == 5000
    assert len(run.to_html().encode()) < 2_000_000


def test_html_of_nothing():
    """A run without a step has a page, too."""
    assert data_of(detsched.record(lambda: None).to_html())["runs"][0]["events"] == []


def test_mermaid(run):
    """A participant for each thread, marked steps in a box, and nothing that Mermaid would take for syntax."""
    lines = run.to_mermaid().splitlines()

    assert lines[0] == "sequenceDiagram"
    assert sum(line.strip().startswith("participant") for line in lines) == 3
    assert sum(line.strip() == "end" for line in lines) == len([line for line in lines if line.strip().startswith("rect")]) == 4
    assert not any(";" in line.replace(";", "", line.count("#")) for line in lines if "#" in line)
    assert not any("<" in line.replace("<br/>", "") for line in lines)


def test_mermaid_says_what_it_ended_in(run):
    """Below the steps: the failure; for a deadlock who waits for what."""

    def program():
        lock = threading.Lock()
        lock.acquire()
        threading.Thread(target=lock.acquire, name="ann").start()

    assert run.to_mermaid().splitlines()[-1].startswith("    Note over t0,t2: AssertionError in MainThread")
    stuck = detsched.record(program, granularity="sync").to_mermaid().splitlines()
    assert stuck[-1] == "    Note over t1: waits for ever to acquire lock"


def test_json(run, tmp_path):
    """The value says what the run and its trace say, and how to see it again."""
    path = tmp_path / "run.json"
    value = json.loads(run.to_json(path))

    assert json.loads(path.read_text(encoding="utf-8")) == value
    assert (value["format"], value["version"]) == ("detsched-run", 1)
    assert [(event["step"], event["operation"], event["line"]) for event in value["events"]] == [
        (event.step, event.operation, event.location.line) for event in run.trace
    ]
    assert value["cause"]["confirmed"] is True
    assert [failure["kind"] for failure in value["failures"]] == ["exception"]
    assert detsched.record(race, schedule=value["schedule"]).failure.origin == tuple(value["failures"][0]["origin"])
    assert all(before < event["step"] for event in value["events"] for before in event["after"])
