"""The picture of a run in a real browser: does it load, obey keys and mouse, and show text as text?

Needs a Chromium on the PATH (Debian: `apt-get install chromium`); where there is none, these tests are skipped and say so.
"""

import sys
import threading
from pathlib import Path

import pytest

import detsched

from chromium import Chromium, find

sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
import failing  # noqa: E402

BROWSER = find()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH: the picture is not looked at in a browser")


@pytest.fixture(scope="module")
def browser():
    chromium = Chromium(BROWSER)
    with chromium:
        try:
            chromium.ask("Browser.getVersion")
        except (OSError, EOFError) as error:
            pytest.skip(f"{BROWSER} does not run here ({error}): the picture is not looked at in a browser")
        yield chromium


@pytest.fixture
def show(browser, tmp_path):
    """Opens the picture of a run; afterwards the page must have asked for nothing, and have nothing to complain of."""
    pages = []

    def shown(run, **options):
        file = tmp_path / f"{len(pages)}.html"
        run.to_html(file)
        page = browser.open(file, **options)
        pages.append((page, file))
        return page

    yield shown
    for page, file in pages:
        assert page.complaints == []
        assert [url for url in page.requests if url not in (file.as_uri(), "data:,")] == []
        page.close()


def failed(program, granularity="sync"):
    """The run that a failure is shown by."""
    exploration = detsched.explore(program, strategy="random", runs=500, keep_going=False, shrink=True, granularity=granularity)
    return exploration.run_of(exploration.failure)


@pytest.fixture(scope="module")
def race():
    return failed(failing.lost_update_of_attribute, "access")


def colour(page, view, lane, row):
    """The colour of the middle of a cell, as red, green and blue."""
    where = f"views[{view}].x({lane}) * devicePixelRatio, (views[{view}].y({row}) + ROW / 2) * devicePixelRatio"
    return page(f"[...views[{view}].pen.getImageData({where}, 1, 1).data].slice(0, 3)")


def test_loads_and_shows_the_cause(show, race):
    """Verdict, cause and both runs; the first step that the cause speaks of is chosen, with its line of source."""
    page = show(race)

    assert page("document.title").startswith("detsched: AssertionError")
    assert "lost update of Counter.hits" in page("$('why').textContent")
    assert page("views.map(view => view.run.title)") == ["failing", "passing, with two steps reversed"]
    assert page("views.every(view => !view.element.hidden)")
    assert page("view.chosen") == race.story.events.index(race.story.events[race.pair.first])
    assert page("document.querySelector('.here').textContent").endswith("hits = self.hits\n")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_is_painted(show, race, dark):
    """A thread that runs has its colour in its lane, in light and in dark."""
    page = show(race, dark=dark)
    lane = page("view.run.events[0][0]")

    assert colour(page, 0, lane, 0) == ([88, 185, 130] if dark else [47, 125, 79])


def test_keys(show, race):
    """Forward, back, ends, the thread's own steps, marks; comparing; light and dark; the report."""
    page = show(race)
    steps = race.steps

    def at(*keys):
        page.type(*keys)
        return page("view.chosen")

    assert at("Home") == 0
    assert [at("j"), at("ArrowDown"), at("k"), at("ArrowUp")] == [1, 2, 1, 0]
    assert at("ArrowUp") == 0
    assert at("End") == steps - 1
    assert at("j") == steps - 1
    assert at("PageUp") == max(0, steps - 21)
    page.type("Home")
    marks = [at("m") for _ in race._marks()]
    assert marks == race._marks()
    assert at("M") == marks[-2]
    first = race.story.events[marks[0]].label
    page.type("m", "m")
    lane = page("view.run.events[view.chosen][0]")
    assert page(f"view.run.events[{at('ArrowLeft')}][0]") == lane and first in race.story.threads

    page.type("c")
    assert page("views[1].element.hidden")
    page.type("c")
    assert not page("views[1].element.hidden")
    page.type("r")
    assert page("$('text').open && $('text').textContent").startswith("detsched: AssertionError")
    page.type("Escape", "?")
    assert page("!$('text').open && $('help').open")
    page.type("Escape", "t")
    assert page("document.documentElement.classList.contains('dark')")


def test_search(show, race):
    """Typing marks the hits, Enter goes from one to the next, Escape gives the keys back."""
    page = show(race)
    page.type("/", *"write")
    wanted = [index for index, event in enumerate(race.story.events) if event.done == "write"]

    assert page("view.hits") == wanted
    page.type("Enter")
    assert page("view.chosen") in wanted
    assert page("$('hits').textContent").endswith(f"of {len(wanted)} hits")
    page.type("Escape", "Home")
    assert page("view.chosen") == 0


def test_mouse(show, race):
    """A click chooses a step, and shows the same step of the other run."""
    page = show(race)
    box = page("(box => [box.left, box.top])(views[0].canvas.getBoundingClientRect())")
    page.click(box[0] + 60, box[1] + 22 * 4 + 11)

    assert page("view.chosen") == 4
    assert page("views[1].keyOf[views[1].linked] === views[0].keyOf[4]")


def test_names_are_text(show):
    """A thread that is called `<script>…` shows as that, and nothing of it runs."""
    run = failed(failing.markup)
    page = show(run)

    assert page("document.scripts.length") == 2
    assert "<script>alert(1)</script>\\n" in page("[...document.querySelectorAll('.names span')].map(name => name.textContent)")
    assert page("document.querySelector('.names script')") is None
    assert "<script>" in page("document.title") and "<script>" in page("$('verdict').textContent")


def test_deadlock_to_the_end(show):
    """Locks that are never given back are bars to the end, and below it stands who waits for what."""
    run = failed(failing.philosophers)
    page = show(run)
    count = run.steps

    assert page("view.run.locks.map(lock => lock[2])") == [count] * 3
    assert [words.partition(" (")[0].split(", ")[-1] for words in page("view.run.ends.map(end => view.run.words[end[2]])")[1:]] == [
        "held by kant", "held by hume", "held by plato"
    ]  # fmt: skip


def test_many_threads(show):
    """Twenty threads and some thousand steps: names do not overlap, and the overview leads anywhere."""

    def program():
        locks = [threading.Lock() for _ in range(10)]

        def work(number):
            for turn in range(50):
                with locks[(number + turn) % 10]:
                    pass

        failing.in_threads(**{f"worker-{number}": (lambda number=number: work(number)) for number in range(20)})

    page = show(detsched.record(program, seed=1, granularity="sync"))
    left = page("[...document.querySelectorAll('.names span')].map(name => name.getBoundingClientRect()).map(box => [box.left, box.right])")

    assert all(one[1] <= other[0] + 0.5 for one, other in zip(left, left[1:]))
    assert not page("view.overview.hidden")
    box = page("(box => [box.left, box.bottom])(view.overview.getBoundingClientRect())")
    page.click(box[0] + 20, box[1] - 5)
    assert page("view.scroll.scrollTop + view.height > view.run.events.length * ROW * .95")


def test_a_run_without_steps(show):
    """Nothing under control: the page says so."""
    page = show(detsched.record(lambda: None))

    assert "No step" in page("$('detail').textContent")
    page.type("j", "k", "m", "End", "ArrowRight")
