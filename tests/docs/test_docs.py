"""What the documentation says is so: its code runs, its commands print what it shows, its links lead somewhere."""

import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys

import pytest

import detsched
from detsched import settings as settings_module

from . import pages
from .pages import PAGES, ROOT

# README cannot carry remarks: its commands for installing are CI's affair, its sketch wants a program and a token.
README_SKETCH = """
import threading
def program():
    lock, done = threading.Lock(), []
    def work():
        with lock:
            done.append(1)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(done)
TOKEN = str(detsched.record(program).schedule)
"""


def runnable(page, language):
    """The blocks of a page that are to be run."""
    found = [block for block in pages.blocks_of(page) if block.language == language and block.remark is None]
    if page.name == "README.md":
        found = [block for block in found if "pip install" not in block.text]
        for block in found:
            if language == "python" and 'schedule="ds1~…"' in block.text:
                block.text = README_SKETCH + block.text.replace('"ds1~…"', "TOKEN")
            elif language == "python" and "def test_transfer" in block.text:
                block.text += "\ntest_transfer()\n"
    return found


def folder_of(page, tmp_path):
    """A folder like the repository root, with the files that the page tells its reader to write."""
    folder = pages.folder_like_the_root(tmp_path)
    for block in pages.blocks_of(page):
        if block.remark is not None and block.remark[0] == "file":
            (folder / block.remark[1]).write_text(block.text, encoding="utf-8")
    return folder


def named(page):
    """What a test of a page is called."""
    return page.stem


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page, "python")], ids=named)
def test_python_blocks(page, tmp_path):
    """Every python block of a page runs, in order, in one namespace, and prints what the text block after it shows."""
    blocks = runnable(page, "python")
    printed = pages.run_python(page, blocks, folder_of(page, tmp_path))

    for block, output in zip(blocks, printed, strict=True):
        if block.printed is not None:
            lost = pages.missing_line(block.printed.text, output, places=True)
            assert lost is None, f"{page.name}, line {block.line}: {lost!r} is not printed:\n{output}"


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page, "console")], ids=named)
def test_console_blocks(page, tmp_path):
    """Every command of a page runs, and prints what the text block after it shows."""
    folder = folder_of(page, tmp_path)
    for block in runnable(page, "console"):
        output = pages.run_console(block, folder)
        if block.printed is not None:
            lost = pages.missing_line(block.printed.text, output)
            assert lost is None, f"{page.name}, line {block.line}: {lost!r} is not printed:\n{output}"


def test_few_blocks_are_left_out():
    """A block that is not run says why, and there are few of them."""
    left_out = [block for page in PAGES for block in pages.blocks_of(page) if block.remark is not None and block.remark[0] == "no test"]
    assert len(left_out) <= 6


@pytest.mark.parametrize(("script", "found"), [("bank", "AssertionError"), ("philosophers", "deadlock"), ("pipeline", None)])
def test_examples(script, found):
    """`check` finds the failures of the examples, and none in the one that is correct."""
    done = subprocess.run(
        [sys.executable, "-m", "detsched", "check", "--runs", "100", f"docs/examples/{script}.py"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        encoding="utf-8", timeout=60,
    )  # fmt: skip
    verdicts = [line for line in done.stderr.splitlines() if line.startswith("detsched: ")]

    if found is None:
        assert (done.returncode, len(verdicts)) == (0, 1), done.stderr
        assert verdicts[0].startswith("detsched: no failure in 100 runs")
    else:
        assert (done.returncode, len(verdicts)) == (1, 1), done.stderr
        assert verdicts[0].startswith(f"detsched: {found}")


def test_docstrings():
    """The examples in the source's docstrings are true."""
    attempted = 0
    for info in pkgutil.walk_packages(detsched.__path__, "detsched."):
        if info.name.rpartition(".")[2] == "__main__":
            continue
        results = doctest.testmod(importlib.import_module(info.name), verbose=False)
        assert results.failed == 0, info.name
        attempted += results.attempted
    assert attempted >= 5


def _anchors(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links(page):
    """Links between pages lead to files and headings that are there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        if anchor:
            assert anchor in _anchors(other), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_stands_alone(page):
    """No page names a path of somebody's machine."""
    assert re.findall(r"(?:^|[\s`\"'(=])(?:/(?:home|root|work|tmp|opt|Users)\b\S*|~/\S*)", page.read_text(encoding="utf-8")) == []


def test_reference_is_complete():
    """The reference has every public name, every setting with its default, and every setting that is refused for now."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^#+ `@?([\w.]+)", text, re.M)) | set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    missing = [name for name in detsched.__all__ if name not in headings and f"detsched.{name}" not in headings]
    assert missing == []

    section = text[text.index("\n## Settings\n") : text.index("\n## Environment variables\n")]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+)$", section, re.M))
    default = detsched.Settings()
    for name in settings_module.NAMES:
        shown = repr(getattr(default, name)).replace("20000", "20_000")
        assert f"`{shown}`".replace("'", '"') in rows[name], name
    assert set(settings_module._LATER) <= set(rows)


def test_reference_signatures():
    """The signatures in the reference name the parameters that the functions have."""
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    for name in ("access", "choose", "name", "yield_point", "example", "current_run", "explore", "check", "run", "record", "replay"):
        shown = re.search(rf"^### `detsched\.{name}\((.*)\)`$", text, re.M)
        assert shown is not None, name
        given = re.findall(r"(?:^|, )\**(\w+)", shown[1])
        assert given == list(inspect.signature(getattr(detsched, name)).parameters), name


def test_architecture_names_every_file():
    """The architecture page has a line for every source file."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "detsched"
    missing = [
        str(path.relative_to(source))
        for path in sorted(source.rglob("*.py"))
        if path.stat().st_size > 200 and f"`{path.relative_to(source).as_posix()}`" not in text
    ]
    assert missing == []
