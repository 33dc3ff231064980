"""Settings: each checked where it is said, with an error that teaches."""

import functools
import inspect
import pathlib

import pytest

import detsched
from detsched import InvalidSettings, Settings
from detsched import settings as settings_module


def text_of(call, *args, **kwargs):
    """The text of the InvalidSettings that a call raises: one line."""
    with pytest.raises(InvalidSettings) as caught:
        call(*args, **kwargs)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


WRONG = [
    ("seed", "1"),
    ("seed", 1.0),
    ("seed", True),
    ("seed", None),
    ("runs", 0),
    ("runs", -1),
    ("runs", "10"),
    ("runs", 1.5),
    ("runs", True),
    ("seconds", 0),
    ("seconds", -1.0),
    ("seconds", "1"),
    ("seconds", True),
    ("seconds", float("nan")),
    ("max_steps", 0),
    ("max_steps", -5),
    ("max_steps", 1.0),
    ("max_steps", "1"),
    ("max_steps", True),
    ("granularity", "syn"),
    ("granularity", None),
    ("granularity", 1),
    ("timeouts", "never"),
    ("timeouts", None),
    ("clock", "fake"),
    ("randomness", "none"),
    ("watchdog", 0),
    ("watchdog", -1.0),
    ("watchdog", "5"),
    ("watchdog", True),
    ("uncontrolled", "ignore"),
    ("thread_exceptions", "raise"),
    ("thread_exceptions", True),
    ("thread_exceptions", None),
    ("keep_going", 1),
    ("keep_going", None),
    ("keep_going", "yes"),
    ("patch", 0),
    ("patch", "no"),
    ("shrink", None),
    ("strategy", "randm"),
    ("strategy", None),
    ("strategy", 3),
    ("strategy", ""),
    ("setup", 3),
    ("setup", "text"),
    ("database", 3),
    ("database", ""),
    ("save", 1),
    ("save", "no"),
    ("profile", 3),
    ("profile", "none"),
    ("settings", 3),
    ("settings", {"seed": 1}),
]
CALLS = [detsched.run, detsched.record, detsched.explore, detsched.check]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r}" for name, value in WRONG])
def test_wrong_values(name, value):
    """A value that makes no sense is refused, and the message has the name and the value."""
    for call in CALLS:
        text = text_of(call, int, **{name: value})

        assert name in text
        assert repr(value) in text


@pytest.mark.parametrize(("name", "value"), [item for item in WRONG if item[0] != "settings"], ids=[f"{n}={v!r}" for n, v in WRONG if n != "settings"])
def test_settings_object_checks_too(name, value):
    """A Settings object cannot hold such a value either."""
    assert name in text_of(Settings, **{name: value})
    assert name in text_of(Settings().replace, **{name: value})


RIGHT = [
    {"seed": -1},
    {"seed": 2**80},
    {"runs": 1},
    {"runs": None, "seconds": 0.001},
    {"seconds": 1},
    {"max_steps": 1000},
    {"max_steps": None},
    {"granularity": "sync"},
    {"timeouts": "idle"},
    {"timeouts": "any"},
    {"clock": "virtual"},
    {"clock": "real"},
    {"randomness": "real"},
    {"randomness": "seeded"},
    {"watchdog": 30},
    {"watchdog": None},
    {"uncontrolled": "warn"},
    {"thread_exceptions": "print"},
    {"keep_going": True},
    {"keep_going": False},
    {"shrink": False},
    {"patch": False},
    {"strategy": "auto"},
    {"strategy": "random"},
    {"strategy": "roundrobin"},
    {"database": None},
    {"database": "folder"},
    {"database": pathlib.Path("folder")},
    {"save": False},
    {"profile": "thorough"},
    {"setup": None},
    {"settings": Settings(seed=3)},
]


def one_point():
    """A program with a yield point."""
    detsched.threading.Lock().acquire()


@pytest.mark.parametrize("settings", RIGHT, ids=str)
def test_right_values(settings):
    """What makes sense is taken by every call."""
    for call in CALLS:
        call(one_point, **{"runs": 2, **settings})


@pytest.mark.parametrize(
    ("wrong", "right"), [("sed", "seed"), ("run", "runs"), ("strategie", "strategy"), ("maxsteps", "max_steps"), ("keepgoing", "keep_going"), ("timeout", "timeouts"), ("granularty", "granularity"), ("setting", "settings")]
)
def test_nearest_name(wrong, right):
    """A name that is no setting is answered with the nearest one."""
    for call in CALLS:
        text = text_of(call, int, **{wrong: 1})
        assert wrong in text
        assert f"'{right}'" in text


def test_a_name_far_from_all():
    """A name near none is answered with the list of settings."""
    text = text_of(detsched.run, int, zzz=1)

    assert "'zzz'" in text
    assert "seed" in text and "max_steps" in text


@pytest.mark.parametrize(("name", "wrong", "right"), [("strategy", "randm", "random"), ("strategy", "round_robin", "roundrobin"), ("thread_exceptions", "prnt", "print"), ("granularity", "snc", "sync"), ("timeouts", "idel", "idle")])
def test_nearest_value(name, wrong, right):
    """A value that is nearly one of the names is answered with that one."""
    assert f"'{right}'" in text_of(detsched.run, int, **{name: wrong})


def test_a_parameter_of_the_program():
    """A parameter of the program given as a setting is answered with functools.partial."""

    def program(account):
        return account

    text = text_of(detsched.run, program, account=3)

    assert "functools.partial" in text and "account" in text
    assert detsched.run(functools.partial(program, account=3)) == 3


def test_a_misspelt_setting_is_not_taken_for_a_parameter():
    """A program with **kwargs does not swallow settings."""

    def program(**kwargs):
        return kwargs

    assert "seed" in text_of(detsched.run, program, sed=3)


LATER = ["workers", "executor"]


@pytest.mark.parametrize("name", LATER)
def test_later_settings_are_refused_by_name(name):
    """A setting that is not there yet is refused by its name, not taken for a slip."""
    text = text_of(detsched.run, int, **{name: 1})

    assert text.startswith(name)
    assert "did you mean" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("strategy", value) for value in ("pct", "pos", "surw")),
    ],
)
def test_later_values_are_refused_by_name(name, value):
    """A value that is not there yet is refused by its name, and the message says what there is."""
    text = text_of(detsched.run, int, **{name: value})

    assert f"{name}={value!r}" in text
    assert "not there yet" in text
    assert name in text_of(Settings, **{name: value})


def used(**settings):
    """The seed that a run is made with."""
    seen = []

    class Look(detsched.Strategy):
        def begin(self, run):
            seen.append(run.seed)

    detsched.run(int, strategy=Look, **settings)
    return seen[0]


def test_precedence(monkeypatch):
    """The call wins over `settings=`, that over the environment, that over the default."""
    assert used() == 0
    monkeypatch.setenv("DETSCHED_SEED", "1")
    assert used() == 1
    assert used(settings=Settings(seed=2)) == 2
    assert used(settings=Settings(seed=2), seed=3) == 3
    assert used(seed=4) == 4


def test_settings_say_what_was_said(monkeypatch):
    """What a Settings object was given wins over the environment, though it be the default; what it was not given does not."""
    monkeypatch.setenv("DETSCHED_SEED", "1")

    assert used(settings=Settings(seed=0)) == 0
    assert used(settings=Settings(runs=3)) == 1
    assert used(settings=Settings(runs=3).replace(seed=0)) == 0


def test_the_call_may_go_back_to_the_default(monkeypatch):
    """A setting written into the call counts, though it be the default."""
    monkeypatch.setenv("DETSCHED_SEED", "1")

    assert used(settings=Settings(seed=2), seed=0) == 0


def test_environment(monkeypatch):
    """Each setting is taken from DETSCHED_<NAME>."""
    for name, value in {"RUNS": "7", "MAX_STEPS": "none", "SECONDS": "none", "KEEP_GOING": "true", "STRATEGY": "roundrobin", "PROGRESS": "no", "RESUME": "none"}.items():
        monkeypatch.setenv(f"DETSCHED_{name}", value)

    exploration = detsched.explore(one_point)

    assert exploration.runs == 7
    assert "roundrobin" in exploration.summary()


@pytest.mark.parametrize(("name", "value"), [("SEED", "x"), ("RUNS", "1.5"), ("SECONDS", "soon"), ("KEEP_GOING", "maybe"), ("RUNS", "0"), ("STRATEGY", "magic"), ("GRANULARITY", "finest"), ("RACES", "perhaps"), ("PREEMPTIONS", "few"), ("PROGRESS", "loudly"), ("MAX_STEPS", "")])
def test_wrong_environment(monkeypatch, name, value):
    """A wrong value there is refused, and the message names it."""
    monkeypatch.setenv(f"DETSCHED_{name}", value)

    assert name.lower() in text_of(detsched.run, int).lower()


@pytest.mark.parametrize("name", ["EXECUTOR", "WORKERS"])
def test_later_settings_in_the_environment(monkeypatch, name):
    """A setting that is not there yet is refused there too."""
    monkeypatch.setenv(f"DETSCHED_{name}", "1")

    assert f"DETSCHED_{name}" in text_of(detsched.run, int)


def test_settings_are_immutable():
    """A Settings cannot be changed; `replace` makes another one."""
    settings = Settings(seed=1)

    with pytest.raises(AttributeError):
        settings.seed = 2
    assert settings.replace(seed=2).seed == 2
    assert settings.seed == 1
    assert settings.replace(runs=5) == Settings(seed=1, runs=5)
    assert hash(settings) == hash(Settings(seed=1))


def test_settings_repr():
    """The repr shows what differs from the defaults, and can be evaluated."""
    settings = Settings(seed=7, runs=None, strategy="random")

    assert eval(repr(settings)) == settings
    assert repr(Settings()) == "Settings()"


def test_settings_are_keyword_only():
    """Positional settings are refused by Python itself."""
    with pytest.raises(TypeError):
        Settings(1)


def test_settings_refuse_unknown_names():
    """A misspelt name in a Settings is answered with the nearest one."""
    assert "'seed'" in text_of(Settings, sed=1)
    assert "'seed'" in text_of(Settings().replace, sed=1)
    assert "'preemptions'" in text_of(Settings, preemption=1)


@pytest.mark.parametrize("call", CALLS)
def test_no_program(call):
    """What is not callable is refused: the result of a call, most likely."""
    assert "callable" in text_of(call, 3)
    assert "callable" in text_of(call, None)


@pytest.mark.parametrize("call", CALLS)
def test_a_coroutine_function_is_refused(call):
    """A coroutine function does nothing when called, and is refused with what to write."""

    async def program():
        pass

    assert "asyncio.run" in text_of(call, program)


def test_setup():
    """`setup=` is run before each run, and its value is the first argument."""
    made = []

    def setup():
        made.append([])
        return made[-1]

    def program(log, extra):
        detsched.threading.Lock().acquire()
        log.append(extra)
        return log

    exploration = detsched.explore(program, "x", setup=setup, runs=5, strategy="random")

    assert list(exploration.outcomes) == ["['x']"]
    assert len(made) == 5


def test_without_patch():
    """With patch=False only `detsched.threading` is under control."""
    import threading

    def program():
        return threading.Lock is detsched.threading.Lock, type(threading.Lock()) is type(detsched.threading.Lock())

    assert detsched.run(program, patch=False) == (False, False)
    assert detsched.run(program)[1] is True


# ---------------------------------------------------------------------- profiles


@pytest.fixture
def profiles(monkeypatch):
    """Profiles that a test makes are gone after it."""
    monkeypatch.setattr(settings_module, "_profiles", dict(settings_module._profiles))
    monkeypatch.delenv("CI", raising=False)


def test_profiles_that_are_there(profiles):
    """default, ci and thorough: what each says."""
    assert Settings(profile="default") == Settings()
    assert Settings(profile="ci").save is False
    assert Settings(profile="ci").runs == Settings().runs
    assert Settings(profile="thorough").runs > Settings().runs


@pytest.mark.parametrize("given", [{"runs": 7, "seed": 3}, {"settings": Settings(runs=7, seed=3)}])
def test_register(profiles, given):
    """By keywords, or from a Settings; used by name."""
    given = dict(given)
    shared = given.pop("settings", None)
    Settings.register("mine", *([shared] if shared else []), **given)

    assert used(profile="mine") == 3
    assert Settings(profile="mine").runs == 7
    assert used(profile="mine", seed=0) == 0


def test_register_again(profiles):
    """It replaces the one of that name."""
    Settings.register("mine", seed=1)
    Settings.register("mine", seed=2)

    assert used(profile="mine") == 2


@pytest.mark.parametrize("value", ["true", "1", "yes", "github"])
def test_ci_is_chosen_where_ci_is_set(profiles, monkeypatch, value):
    """By itself; a profile that is named wins."""
    Settings.register("ci", seed=8)
    monkeypatch.setenv("CI", value)

    assert used() == 8
    assert used(profile="default") == 0


@pytest.mark.parametrize("value", ["", "0", "false", "no", "False"])
def test_ci_is_not_chosen_elsewhere(profiles, monkeypatch, value):
    """Where CI says no."""
    Settings.register("ci", seed=8)
    monkeypatch.setenv("CI", value)

    assert used() == 0


def test_wrong_profiles(profiles):
    """Each with what to write instead."""
    assert "did you mean 'thorough'" in text_of(Settings, profile="thorogh")
    assert "Settings.register" in text_of(detsched.run, int, profile="nightly")
    assert "profile" in text_of(detsched.run, int, profile=3)
    assert "a word" in text_of(Settings.register, "two words", runs=3)
    assert "a word" in text_of(Settings.register, 3)
    assert "'runs'" in text_of(Settings.register, "mine", rnus=3)
    assert "runs=0" in text_of(Settings.register, "mine", runs=0)
    assert "cannot name another one" in text_of(Settings.register, "mine", profile="ci")
    assert "made of a Settings" in text_of(Settings.register, "mine", {"runs": 3})


LAYERS = ["default", "profile", "ini", "environment", "settings", "call", "option"]


@pytest.mark.parametrize("weak", LAYERS)
@pytest.mark.parametrize("strong", LAYERS)
def test_precedence_pair_by_pair(profiles, monkeypatch, weak, strong):
    """Option of the test runner > call > settings= > environment > ini file > profile > default."""
    weak, strong = sorted((weak, strong), key=LAYERS.index)
    told = {layer: 10 + LAYERS.index(layer) for layer in (weak, strong)}
    given = {}
    if "profile" in told:
        Settings.register("mine", seed=told["profile"])
        given["profile"] = "mine"
    if "ini" in told:
        monkeypatch.setattr(settings_module.Ambient, "ini", {"seed": told["ini"]})
    if "environment" in told:
        monkeypatch.setenv("DETSCHED_SEED", str(told["environment"]))
    if "settings" in told:
        given["settings"] = Settings(seed=told["settings"])
    if "call" in told:
        given["seed"] = told["call"]
    if "option" in told:
        monkeypatch.setattr(settings_module.Ambient, "options", {"seed": told["option"]})

    assert used(**given) == (0 if strong == "default" else told[strong])


def test_every_setting_says_when_to_change_it():
    """The docstring of Settings has a paragraph for each setting."""
    text = inspect.getdoc(Settings)

    for name in settings_module.NAMES:
        assert f"\n{name}: " in text, name


@pytest.mark.parametrize("value", ["no_such_module_anywhere", 7, [None], [""], "math"])
@pytest.mark.parametrize("name", ["watch", "ignore"])
def test_a_selection_of_nothing(name, value):
    """What cannot be watched or ignored is refused, and named."""
    text = text_of(detsched.run, one_point, granularity="access", **{name: value})

    assert text.startswith(name)
    assert repr(value) in text or repr(value).strip("[]") in text


def test_selections_from_the_environment(monkeypatch):
    """Modules and functions by name, with commas between them."""
    monkeypatch.setenv("DETSCHED_GRANULARITY", "access")
    monkeypatch.setenv("DETSCHED_WATCH", "queue, queue.Queue.put")

    assert "watch-queue,queue:Queue:put" in str(detsched.record(one_point).schedule)


@pytest.mark.parametrize("name", ["PREEMPTIONS", "DELAYS"])
def test_bounds_in_the_environment_are_for_searches(monkeypatch, name):
    """A single run is no search, so a bound that is said for all of them leaves it alone; one that is said in its call is refused."""
    monkeypatch.setenv(f"DETSCHED_{name}", "1")

    assert detsched.run(lambda: 7) == 7
    assert detsched.explore(two_points, strategy="random", runs=3).runs == 3
    assert f"at most 1 {name.lower().removesuffix('s')}" in detsched.explore(two_points, granularity="sync").summary()
    assert "go through the orderings" in text_of(detsched.run, int, **{name.lower(): 1})


def two_points():
    """Two threads with two points each."""

    def body():
        detsched.yield_point()
        detsched.yield_point()

    threads = [detsched.threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
