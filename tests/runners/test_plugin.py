"""The plugin of pytest: options, ini file, marker; which setting wins; what is said in the terminal."""

import importlib.metadata
import os
import subprocess
import sys

import pytest

import detsched
import detsched._testing.pytest_item  # noqa: F401  (loaded here once, or each of the sessions below would load its own)

BY_ENTRY_POINT = any(entry.name == "detsched" for entry in importlib.metadata.entry_points(group="pytest11"))
LOOK = """
import detsched, pytest, threading
seen = []
class Look(detsched.Strategy):
    def begin(self, run):
        seen.append(run.seed)
    def choose(self, step):
        return step.enabled[0]
def point():
    threading.Lock().acquire()
"""


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    """Nothing of the environment of these tests reaches those that they run."""
    for name in [name for name in os.environ if name.startswith("DETSCHED_") or name == "CI"]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(pytester):
    """Run pytest on the text of a test file, in a folder of its own; the plugin is there."""
    if not BY_ENTRY_POINT:
        pytester.makeconftest("pytest_plugins = ['detsched.pytest_plugin']")

    def run_pytest(text, *args, ini=""):
        pytester.makepyfile(test_it=text)
        pytester.makeini("[pytest]\n" + ini)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "default", *args)

    return run_pytest


def lines(result):
    """All that was printed."""
    return result.stdout.str() + result.stderr.str()


# ---------------------------------------------------------------------- loading


def test_loading_it_imports_nothing_else(pytester):
    """A session without a controlled test loads the plugin's one module, and the lazy package that it is in."""
    pytester.makepyfile("def test_plain(): import sys; print('loaded', sorted(n for n in sys.modules if n.startswith('detsched')))")

    source = os.path.dirname(os.path.dirname(os.path.abspath(detsched.__file__)))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "-q", *(() if BY_ENTRY_POINT else ("-p", "detsched.pytest_plugin"))],
        cwd=pytester.path,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert "loaded ['detsched', 'detsched.pytest_plugin']" in done.stdout


def test_markers_are_registered(run):
    """Under --strict-markers, and in --markers."""
    result = run("import pytest\n@pytest.mark.detsched(runs=2)\ndef test(): import threading; threading.Lock().acquire()", "--strict-markers", "-W", "error")

    result.assert_outcomes(passed=1)
    assert "@pytest.mark.detsched(**settings)" in lines(run("", "--markers"))


def test_nothing_is_said_where_nothing_is_asked(run):
    """No header, no summary, no words after PASSED."""
    assert "detsched" not in lines(run("def test(): pass", "-v")).replace("detsched.pytest_plugin", "").replace("plugins: detsched", "").lower().split("collected")[1]


# ---------------------------------------------------------------------- what is put under control


def test_under_plain_pytest(run):
    """A marker is enough; no option is needed."""
    result = run(
        LOOK
        + """
@pytest.mark.detsched(strategy="random")
def test_bare(): point(); seen.append(detsched.current_run())
@pytest.mark.detsched(runs=3, strategy="random")
def test_settings(): point(); seen.append("three")
def test_after():
    assert detsched.current_run() is None
    assert len([s for s in seen if s != "three"]) == 500 and None not in seen
    assert seen.count("three") == 3
"""
    )

    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("args", [("--detsched",), ("--detsched-seed=0",), ("--detsched-runs=1",), ("--detsched-strategy=random",), ("--detsched-granularity=sync",), ("--detsched-profile=default",), ("--detsched-set", "max_steps=1000")])
def test_options_that_put_all_tests_under_control(run, args):
    """--detsched, and every option that says how."""
    result = run("import detsched\ndef test():\n    assert detsched.current_run() is not None", *args)

    result.assert_outcomes(passed=1)
    assert "detsched: 1 test under control" in lines(result)


def test_ini_puts_all_tests_under_control(run):
    """`detsched = true`; other settings in the ini file do not."""
    text = "import detsched\ndef test():\n    assert (detsched.current_run() is not None) is {}"

    run(text.format(True), ini="detsched = true\n").assert_outcomes(passed=1)
    run(text.format(False), ini="detsched_runs = 3\n").assert_outcomes(passed=1)


def test_one_run_with_seed_0(run):
    """What --detsched means for tests that say nothing; an escaped exception is printed, as without it."""
    result = run(
        LOOK
        + """
def test_one(): point(); seen.append(1)
def test_after(): assert seen == [1]
def test_exception():
    def fail(): raise KeyError("escapes")
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
""",
        "--detsched",
        "-W",
        "ignore",
    )

    result.assert_outcomes(passed=3)


def test_more_runs(run):
    """--detsched-runs: each test that does not say otherwise itself."""
    result = run(LOOK + "def test(): point(); seen.append(1)\n@pytest.mark.detsched(False)\ndef test_after(): assert seen == [1] * 7\n", "--detsched-runs=7", "--detsched-strategy=random")

    result.assert_outcomes(passed=2)


def test_false_leaves_alone(run):
    """The closest marker counts: False on a test, a class, a module; and settings beneath a False."""
    result = run(
        LOOK
        + """
@pytest.mark.detsched(False)
class Test:
    def test_alone(self): assert detsched.current_run() is None
    @pytest.mark.detsched(runs=2)
    def test_not(self): point(); assert detsched.current_run() is not None
@pytest.mark.detsched(False)
@detsched.interleave
def test_decorated(): assert detsched.current_run() is None
""",
        "--detsched",
    )

    result.assert_outcomes(passed=3)


def test_what_makes_runs_itself_is_left_alone(run):
    """Under --detsched a test that calls detsched runs as without it."""
    result = run(
        """
import detsched, threading
import pytest
@pytest.fixture
def box(): return []
def test_check(box):
    box.append(1)
    detsched.check(lambda: threading.Lock().acquire(), runs=3)
    assert box == [1]
def test_fails():
    detsched.run(lambda: 1)
    assert 0
""",
        "--detsched",
    )

    result.assert_outcomes(passed=1, failed=1)
    assert "2 left alone" in lines(result)


def test_other_items_are_left_alone(run, pytester):
    """Doctests, for one; the summary counts them."""
    pytester.makepyfile(module='"""\n>>> 1 + 1\n2\n"""')

    result = run("def test(): pass", "--detsched", "--doctest-modules")

    result.assert_outcomes(passed=2)
    assert "detsched: 1 test under control, 1 of them without a yield point; 1 left alone" in lines(result)


def test_setup_show(run):
    """--setup-show prints the fixtures of one run; --setup-only makes no run."""
    text = LOOK + "@pytest.fixture\ndef box(): return []\n@pytest.mark.detsched\ndef test(box): point()"

    assert lines(run(text, "--setup-show")).count("SETUP    F box") == 1
    assert lines(run(text, "--setup-only")).count("SETUP    F box") == 1


# ---------------------------------------------------------------------- which setting wins


SEED = LOOK + "@pytest.mark.detsched(strategy=Look, runs=1{})\ndef test():\n    point()\n    assert seen[-1] == {}\n"
SOURCES = ["profile", "ini", "environment", "marker", "option"]


@pytest.mark.parametrize("weak", range(len(SOURCES)))
@pytest.mark.parametrize("strong", range(len(SOURCES)))
def test_precedence(run, monkeypatch, pytester, weak, strong):
    """Option over marker over environment over ini file over profile over default: each pair."""
    if strong < weak:
        weak, strong = strong, weak
    told = {SOURCES[weak]: 10 + weak, SOURCES[strong]: 10 + strong}
    if "environment" in told:
        monkeypatch.setenv("DETSCHED_SEED", str(told["environment"]))
    ini = f"detsched_seed = {told['ini']}\n" if "ini" in told else ""
    if "profile" in told:
        ini += "detsched_profile = mine\n"
    args = [f"--detsched-seed={told['option']}"] if "option" in told else []
    marker = f", seed={told['marker']}" if "marker" in told else ""
    prelude = "import detsched\ndetsched.Settings.register('mine', seed=10)\n"

    result = run(prelude + SEED.format(marker, 10 + strong), *args, ini=ini)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "environment", "ini", "wins"),
    [(1, 2, 3, 1), (None, 2, 3, 2), (None, None, 3, 3), (None, None, None, 4)],
)
def test_precedence_of_the_profile(run, monkeypatch, option, environment, ini, wins):
    """Who names the profile: option over environment over ini file; else none is in force."""
    profiles = "".join(f"detsched.Settings.register('p{n}', seed={n})\n" for n in (1, 2, 3))
    if environment:
        monkeypatch.setenv("DETSCHED_PROFILE", f"p{environment}")

    result = run(
        "import detsched\n" + profiles + SEED.format("", wins if wins < 4 else 0),
        *([f"--detsched-profile=p{option}"] if option else []),
        ini=f"detsched_profile = p{ini}\n" if ini else "",
    )

    result.assert_outcomes(passed=1)


def test_ini_and_options_reach_calls_in_tests(run):
    """A `check` in a test that is not under control: option over call over ini file."""
    text = LOOK + "def test():\n    detsched.check(point, strategy=Look, runs=1{})\n    assert seen[-1] == {}\n"

    run(text.format("", 4), ini="detsched_seed = 4\n").assert_outcomes(passed=1)
    run(text.format(", seed=3", 3), ini="detsched_seed = 4\n").assert_outcomes(passed=1)
    run("import pytest\npytestmark = pytest.mark.detsched(False)\n" + text.format(", seed=3", 5), "--detsched-seed=5").assert_outcomes(passed=1)


def test_any_setting_in_ini_file_and_options(run):
    """Settings without an option of their own: --detsched-set, and the ini file under its name."""
    text = LOOK + "@pytest.mark.detsched(runs=1)\ndef test():\n    for _ in range(50): threading.Lock().acquire()\n"

    assert "LimitError" in lines(run(text, "--detsched-set", "max_steps=20"))
    assert "LimitError" in lines(run(text, ini="detsched_max_steps = 20\n"))
    run(text, ini="detsched_max_steps = 200\n").assert_outcomes(passed=1)


def test_toml(pytester, run):
    """Numbers and booleans of TOML are taken too."""
    run(LOOK + "@pytest.mark.detsched\ndef test(): point(); seen.append(1)\n@pytest.mark.detsched(False)\ndef test_after(): assert len(seen) == 3\n")
    os.remove("tox.ini")
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\ndetsched_runs = 3\ndetsched_strategy = 'random'\ndetsched = true\n")

    pytester.runpytest_inprocess("-W", "ignore").assert_outcomes(passed=2)


def test_random_seed(run):
    """Another one each time, the same for all tests, and the header names it."""
    text = LOOK + "@pytest.mark.detsched(strategy=Look, runs=1)\ndef test():\n    point()\n    print('used', seen[-1])\n"

    printed = [lines(run(text, "--detsched-seed=random", "-s")) for _ in range(2)]

    seeds = [text.split("detsched: seed=")[1].split()[0] for text in printed]
    assert all(f"used {seed}" in text for seed, text in zip(seeds, printed))
    assert seeds[0] != seeds[1]


# ---------------------------------------------------------------------- errors that teach


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--detsched-seed=x"], "--detsched-seed='x' is no value for the setting 'seed'"),
        (["--detsched-runs=0"], "runs=0: runs is a positive int"),
        (["--detsched-strategy=randm"], "did you mean 'random'?"),
        (["--detsched-set", "sed=3"], "did you mean 'seed'?"),
        (["--detsched-set", "seed"], "write NAME=VALUE"),
        (["--detsched-schedule=ds1~sync"], "truncated or damaged"),
        (["--detsched-schedule=nonsense"], "is no schedule token"),
        (["--detsched-schedule=@nowhere"], "cannot be read"),
    ],
)
def test_wrong_options(run, args, said):
    """One line of pytest's usage errors, and no traceback."""
    result = run("def test(): pass", *args)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in lines(result)
    assert "Traceback" not in lines(result)


def test_wrong_profile(run):
    """Which ones there are."""
    result = run("def test(): pass", "--detsched-profile=thorugh")

    assert "did you mean 'thorough'?" in lines(result)


def test_wrong_ini(run):
    """It says where."""
    assert "the ini option detsched_runs='many' is no value" in lines(run("def test(): pass", ini="detsched_runs = many\n"))
    assert "detsched_rnus" in lines(run("def test(): pass", ini="detsched_rnus = 3\n"))


@pytest.mark.parametrize(
    ("marker", "said"),
    [("rnus=3", "did you mean 'runs'?"), ("100", "write settings by name, as in detsched(runs=100)"), ("False, runs=3", "write settings by name"), ("runs=0", "a positive int")],
)
def test_wrong_markers(run, marker, said):
    """The test is an error with one line that teaches."""
    result = run(f"import pytest\n@pytest.mark.detsched({marker})\ndef test(): pass")

    result.assert_outcomes(errors=1)
    assert said in lines(result)
    assert "src/detsched" not in lines(result)


FAILING = """
import threading, pytest
@pytest.mark.detsched(strategy="random", granularity="sync")
def test_race():
    lock, log = threading.Lock(), []
    def body(me):
        with lock:
            log.append(me)
    threads = [threading.Thread(target=body, args=(me,)) for me in "ab"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert log[0] == "a"
"""


def token_in(result):
    """The token that a run of pytest has printed."""
    return lines(result).split("--detsched-schedule=")[1].split()[0]


def test_a_schedule_of_no_test(run):
    """A token that belongs to none of the tests selected is a usage error that says whose it is."""
    token = token_in(run(FAILING))

    result = run("def test_other(): pass", f"--detsched-schedule={token}")

    assert "recorded for 'test_race', and none of the tests selected is that" in lines(result)


def test_a_schedule_and_settings_that_contradict_it(run):
    """They are refused, for the token holds all choices."""
    token = token_in(run(FAILING))

    for option in ("--detsched-seed=3", "--detsched-runs=3", "--detsched-strategy=random", "--detsched-granularity=sync"):
        assert "holds all choices of one run" in lines(run(FAILING, f"--detsched-schedule={token}", option))


def test_the_token_wins_over_the_marker(run):
    """Nothing in marker, environment or ini file has to be changed to replay."""
    token = token_in(run(FAILING))

    result = run(FAILING.replace('strategy="random", granularity="sync"', 'strategy="roundrobin", seed=5, runs=2'), f"--detsched-schedule={token}", ini="detsched_seed = 4\n")

    result.assert_outcomes(failed=1)
    assert 'log[0] == "a"' in lines(result)


def test_a_schedule_from_a_file(run, pytester):
    """@path."""
    pytester.path.joinpath("token.txt").write_text(token_in(run(FAILING)))

    run(FAILING, "--detsched-schedule=@token.txt").assert_outcomes(failed=1)


def test_a_long_schedule_is_kept_in_a_file(run, pytester):
    """The line to paste stays short."""
    text = FAILING.replace("with lock:", "for _ in range(80):\n            with lock: pass\n        with lock:").replace('strategy="random"', 'shrink=False')
    result = run(text)

    written = token_in(result)
    assert written.startswith("@.detsched")
    run(text, f"--detsched-schedule={written}").assert_outcomes(failed=1)


def test_a_replay_that_departs(run):
    """DivergenceError, which says where."""
    token = token_in(run(FAILING))

    result = run(FAILING.replace("lock, log =", "threading.Lock().acquire(); lock, log ="), f"--detsched-schedule={token}")

    result.assert_outcomes(failed=1)
    assert "DivergenceError: the replay departs from the recording at step 1" in lines(result)


# ---------------------------------------------------------------------- neighbours


def test_exit_first(run):
    """-x stops at the first failure."""
    result = run(FAILING + FAILING.replace("test_race", "test_second"), "-x")

    result.assert_outcomes(failed=1)


def test_failures_of_an_earlier_session_come_first(run):
    """Saved in the root directory; the next session's first run fails."""
    run(FAILING)

    result = run(FAILING)

    assert "found by a saved schedule; replayed: the same failure again" in lines(result)


def test_no_yield_point_is_a_warning_at_the_test(run):
    """Which names the test's own line; without it under --detsched, where nobody asked for that test."""
    text = "import pytest\n@pytest.mark.detsched\ndef test(): pass"

    result = run(text)
    result.assert_outcomes(passed=1, warnings=1)
    assert "test_it.py:2: UserWarning: test reached no yield point in " in lines(result)
    run("def test(): pass", "--detsched").assert_outcomes(passed=1, warnings=0)


def test_warnings_of_many_runs_are_one(run):
    """The same warning of 500 runs is reported once."""
    result = run(LOOK + "import warnings\n@pytest.mark.detsched\ndef test():\n    point()\n    warnings.warn('again')\n")

    result.assert_outcomes(passed=1, warnings=1)


def test_output_of_passing_runs_is_dropped(run):
    """Only what the failing run printed and logged is shown, fixtures included."""
    result = run(
        "import logging, itertools\n"
        + FAILING.replace("lock, log =", "print('in run', next(count)); logging.warning('log'); lock, log =").replace("import threading, pytest", "import threading, pytest\ncount = itertools.count(1)")
    )

    assert lines(result).count("in run ") == 2  # the source, and the replay
    assert lines(result).count("WARNING ") == 1


def test_hangs_of_the_main_thread_are_undone(run):
    """A deadlock in the body: fixtures are finished all the same, every one."""
    result = run(
        """
import os, pytest, threading
@pytest.fixture
def one(monkeypatch):
    monkeypatch.setenv("LEFT", "1")
    yield
    threading.Lock().acquire()
@pytest.fixture
def two(one, capsys):
    yield
    thread = threading.Thread(target=len, args=("",))
    thread.start()
    thread.join()
@pytest.mark.detsched(runs=3)
def test_deadlock(two):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
def test_after():
    assert "LEFT" not in os.environ
    print("captured")
"""
    )

    result.assert_outcomes(passed=1, failed=1)
    assert "DeadlockError" in lines(result)


def test_a_suite_of_many_controlled_tests(run):
    """Patching is paid once: what control adds to each test is far below what a person notices."""
    result = run(
        LOOK
        + """
import time
@pytest.fixture(scope="session")
def began(): return time.perf_counter()
@pytest.mark.detsched(runs=1)
@pytest.mark.parametrize("n", range(300))
def test_many(n, began): point()
"""
    )

    result.assert_outcomes(passed=300)
