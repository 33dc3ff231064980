"""Dates and the functions of `time` inside a run: all on the one virtual clock, and real again outside."""

import calendar
import copy
import datetime as datetime_module
import email.utils
import logging
import pickle
import sched
import threading
import time
from datetime import date, datetime, timedelta, timezone
from time import monotonic as imported_monotonic

import pytest

import detsched
from again import again, together

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""When every run begins."""
EARLIER = timezone(timedelta(hours=-8))


def near(one, other):
    """Whether two times are the same but for the ticks of the events between."""
    return abs((one - other).total_seconds()) < 0.01


class Moment(datetime):
    """A class of the program's own."""

    def said(self):
        return f"at {self:%H:%M}"


# ---------------------------------------------------------------------- datetime


def test_every_run_begins_in_the_same_moment():
    """`datetime.now` and `today` say when the run began, whatever the day is."""

    def program():
        return datetime.now(timezone.utc), datetime.fromtimestamp(time.time(), timezone.utc), datetime.today(), datetime.now()

    now, stamp, local, naive = again(program)

    assert near(now, START) and near(stamp, START)
    assert near(local, naive)
    assert near(local.astimezone(timezone.utc), START)


def test_date_today():
    """`date.today` is the day of `datetime.now`: of the first one, and of one ten days later; a subclass gets its own."""

    class Day(date):
        pass

    def program():
        first = date.today(), datetime.now()
        time.sleep(86_400 * 10)
        return [(day, moment.date(), type(day)) for day, moment in (first, (date.today(), datetime.now()), (Day.today(), datetime.now()))]

    first, second, third = again(program)

    assert first[0] == first[1] == START.astimezone().date()
    assert second[0] == second[1] == third[0] == third[1]
    assert (first[2], third[2]) == (date, Day)
    assert (second[0] - first[0]).days == 10


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_utcnow():
    """`utcnow` is the same moment without a time zone, also through a subclass."""

    def program():
        time.sleep(3600)
        return datetime.utcnow(), Moment.utcnow()

    plain, moment = again(program)

    assert plain.tzinfo is None
    assert near(plain, START.replace(tzinfo=None) + timedelta(hours=1))
    assert type(moment) is Moment and near(moment, plain)


def test_utcnow_warns_as_the_interpreter_does(recwarn):
    """What the interpreter says of `utcnow` it says in a run: the same words, at the caller's line, or nothing."""
    datetime.utcnow()
    outside = [(str(w.message), w.category, w.filename) for w in recwarn.list]
    recwarn.clear()

    detsched.run(lambda: datetime.utcnow())

    assert [(str(w.message), w.category, w.filename) for w in recwarn.list] == outside


def test_dates_go_with_the_clock():
    """Ten sleeps of an hour are ten hours later, and nobody has waited."""

    def program():
        begun, came = datetime.now(), []
        for _ in range(10):
            time.sleep(3600)
            came.append(round((datetime.now() - begun).total_seconds()))
        return came

    assert again(program) == [3600 * i for i in range(1, 11)]


def test_now_in_a_time_zone():
    """`now(tz)` by position and by name, and what is no time zone is refused in the interpreter's words."""

    def program():
        with pytest.raises(TypeError, match="tzinfo"):
            datetime.now("UTC")
        return datetime.now(EARLIER), datetime.now(tz=EARLIER)

    first, second = again(program)

    assert first.tzinfo is second.tzinfo is EARLIER
    assert near(first, START) and near(second, START)
    assert first.day == 31


def test_subclasses():
    """A subclass gets instances of its own, with its methods, from each of the constructors."""

    def program():
        return [Moment.now(), Moment.now(timezone.utc), Moment.today()]

    moments = again(program)

    assert [type(moment) for moment in moments] == [Moment] * 3
    assert moments[1].said() == "at 00:00"
    assert again(lambda: Moment.now(timezone.utc) - datetime.now(timezone.utc)) < timedelta(0)


def test_a_subclass_with_a_now_of_its_own():
    """A subclass that overrides `now` and calls `super().now` is left its own."""

    class Rounded(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz).replace(microsecond=0)

    value = again(lambda: Rounded.now(timezone.utc))

    assert type(value) is Rounded
    assert value == START


def test_types_stay_themselves():
    """`datetime` is one and the same class inside and outside: isinstance, pickles, copies, and comparisons across the border."""
    outside = datetime.now()

    def program():
        now = datetime.now()
        assert type(now) is datetime and isinstance(now, date)
        assert datetime_module.datetime is datetime
        assert pickle.loads(pickle.dumps(now)) == copy.deepcopy(now) == now
        assert outside.replace(year=2100) > now
        return now, pickle.dumps(now), datetime

    now, pickled, seen = again(program)

    assert seen is datetime
    assert type(pickle.loads(pickled)) is datetime
    assert pickle.loads(pickled) == now


def test_methods_look_as_they_are():
    """Name and documentation of the methods are the interpreter's."""
    before = datetime.now.__name__, datetime.now.__doc__, datetime.utcnow.__name__, datetime.utcnow.__doc__

    assert again(lambda: (datetime.now.__name__, datetime.now.__doc__, datetime.utcnow.__name__, datetime.utcnow.__doc__)) == before


def test_the_class_is_put_back():
    """The dictionary of the class is what it was, to the object."""
    before = dict(vars(datetime))

    detsched.run(lambda: datetime.now())

    assert vars(datetime).keys() == before.keys()
    assert [name for name, value in vars(datetime).items() if value is not before[name]] == []
    assert abs(datetime.now().timestamp() - time.time()) < 5


def test_dates_in_threads():
    """Readings of different threads are in the order of their sleeps."""

    def program():
        seen = {}

        def body(hours):
            time.sleep(hours * 3600)
            seen[hours] = datetime.now()

        together(*[lambda hours=hours: body(hours) for hours in (3, 1, 2)])
        return [seen[hours] - seen[1] for hours in (1, 2, 3)]

    for seed in range(5):
        assert [round(gap.total_seconds()) for gap in again(program, seed)] == [0, 3600, 7200]


def test_dates_are_real_outside():
    """Another real thread sees the real date while a run goes on; and so does everybody after it."""
    seen = []

    def program():
        together(int, int)

    real = threading.Thread(target=lambda: [seen.append(datetime.now().timestamp() - time.time()) for _ in range(2000)])
    real.start()
    for seed in range(20):
        detsched.run(program, seed=seed)
    real.join()

    assert len(seen) == 2000
    assert max(map(abs, seen)) < 5
    assert abs(datetime.now().timestamp() - time.time()) < 5


def test_setup_sees_real_dates():
    """What runs before a run is not under control."""
    given = []
    detsched.run(lambda before: given.append((before, datetime.now(timezone.utc))), setup=lambda: datetime.now(timezone.utc))

    (before, inside), = given
    assert abs(before.timestamp() - time.time()) < 60
    assert near(inside, START)


def test_dates_are_undone_after_a_failure():
    """Also where the run ended with an exception."""
    with pytest.raises(ZeroDivisionError):
        detsched.run(lambda: datetime.now() and 1 / 0)

    assert abs(datetime.now().timestamp() - time.time()) < 5


# ---------------------------------------------------------------------- time

ABSOLUTE = {"time": 1, "time_ns": 1_000_000_000}
EVEN = {"monotonic": 1, "monotonic_ns": 1_000_000_000, "perf_counter": 1, "perf_counter_ns": 1_000_000_000}
WORK = {name: 1_000_000_000 if name.endswith("ns") else 1 for name in ("process_time", "process_time_ns", "thread_time", "thread_time_ns") if hasattr(time, name)}
CLOCKS = ABSOLUTE | EVEN | WORK


@pytest.mark.parametrize("name", CLOCKS)
def test_each_clock(name):
    """Each clock is the same in every run, of its own type, and goes on with sleeps."""
    unit = CLOCKS[name]

    def program():
        read = getattr(time, name)
        first = read()
        time.sleep(7)
        return first, read() - first, type(first)

    first, passed, kind = again(program)

    assert kind is (int if name.endswith("ns") else float)
    assert round(passed / unit, 2) == 7
    if name in ABSOLUTE:
        assert round(first / unit) == START.timestamp()
    assert abs(getattr(time, name)() - first) / unit > 0.001 or name in WORK


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="this system has no clock_gettime")
def test_clocks_by_number():
    """`clock_gettime` and `clock_gettime_ns`: those of the day say the day, the even ones run evenly, and none is real."""

    def program():
        names = ["CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID"]
        clocks = {name: getattr(time, name) for name in names if hasattr(time, name)}
        found = {}
        for name, clock in clocks.items():
            before = time.clock_gettime(clock), time.clock_gettime_ns(clock)
            time.sleep(1e6)  # so long that the ticks of the readings themselves do not matter
            found[name] = before, time.clock_gettime(clock) - before[0], time.clock_gettime_ns(clock) - before[1]
        return found

    found = again(program)

    assert round(found["CLOCK_REALTIME"][0][0]) == START.timestamp()
    for before, seconds, nanoseconds in found.values():
        assert type(before[0]) is float and type(before[1]) is int
        assert seconds == pytest.approx(1e6, abs=60) and nanoseconds / 1e9 == pytest.approx(1e6, abs=60)


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="this system has no clock_gettime")
def test_no_such_clock():
    """A clock that does not exist is refused in the system's own words."""
    with pytest.raises(OSError):
        detsched.run(lambda: time.clock_gettime(123_456))


def test_what_takes_the_time_of_now():
    """`localtime`, `gmtime`, `ctime`, `asctime` and `strftime` without an argument, or with None, mean the run's now."""

    def program():
        time.sleep(90)
        return [
            calendar.timegm(time.gmtime()),
            calendar.timegm(time.gmtime(None)),
            time.mktime(time.localtime()),
            time.mktime(time.localtime(None)),
            time.mktime(time.strptime(time.ctime())),
            time.mktime(time.strptime(time.asctime())),
            time.mktime(time.strptime(time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S")),
        ]

    assert [moment - START.timestamp() for moment in again(program)] == [90] * 7


def test_what_is_given_a_time_uses_it():
    """With an argument they are what they always are."""

    def convert():
        moment = time.gmtime(86_400.0)
        return [moment, time.localtime(0), time.ctime(0), time.asctime(moment), time.strftime("%j", moment), time.mktime(time.localtime(5)), time.strptime("2001", "%Y")]

    assert again(convert) == convert()


@pytest.mark.parametrize("wrong", ["gmtime('x')", "strftime()", "strftime(3)", "sleep()", "sleep('x')", "sleep(-1)", "sleep(float('nan'))", "asctime(3)", "time(1)", "ctime(1, 2)"])
def test_wrong_calls(wrong):
    """A wrong call is refused as outside: the same type of exception."""

    def call():
        try:
            eval(f"time.{wrong}", {"time": time})
        except Exception as error:
            return type(error)

    assert call() is not None
    assert detsched.run(call) is call()


def test_clock_bound_by_name_before():
    """`from time import monotonic` in a module that was imported before is the run's."""
    assert again(lambda: imported_monotonic()) == pytest.approx(100_000, abs=1)
    assert imported_monotonic is time.monotonic


def test_clocks_that_go_through_others():
    """What the standard library makes of the clock follows: log records, the dates of e-mails, sched."""

    def program():
        record = logging.LogRecord("name", logging.INFO, "path", 1, "words", (), None)
        events = []
        scheduler = sched.scheduler()
        scheduler.enter(20, 1, lambda: events.append(round(time.monotonic() - begun)))
        scheduler.enter(10, 1, lambda: events.append(round(time.monotonic() - begun)))
        begun = time.monotonic()
        scheduler.run()
        return record.created, email.utils.formatdate(usegmt=True), events

    created, header, events = again(program)

    assert created == pytest.approx(START.timestamp(), abs=1)
    assert header == "Thu, 01 Jan 2026 00:00:00 GMT" if events[-1] < 0 else header == "Thu, 01 Jan 2026 00:00:20 GMT"
    assert events == [10, 20]


def test_readings_of_unrelated_threads():
    """What a thread reads depends on what it did and what came before that, not on the order of the threads."""

    def program():
        seen = {}

        def body(name):
            for _ in range(3):
                time.sleep(0)
            seen[name] = time.time(), time.monotonic_ns(), datetime.now()

        together(*[lambda name=name: body(name) for name in "abc"])
        return sorted(seen.items())

    assert len({str(detsched.run(program, seed=seed)) for seed in range(30)}) == 1


@pytest.mark.parametrize("name", sorted([*CLOCKS, "sleep", "gmtime", "localtime", "ctime", "asctime", "strftime"]))
def test_time_is_put_back(name):
    """After a run each function is the interpreter's own."""
    before = getattr(time, name)

    detsched.run(lambda: getattr(time, name))

    assert getattr(time, name) is before
