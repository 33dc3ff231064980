"""Reads the pages of the documentation, and runs what stands in them.

What is run, and what is compared:

- A ```python block is run. All blocks of a page run in their order, in one namespace, in one fresh process per page.
  A ```text block right after it is what it prints.
- A ```console block is run in a folder that looks like the repository root (`src` and `docs` are there), with this interpreter
  as `python3`. All commands of a page share the folder. The next ```text block before another block is what they print.
- `<!-- file: NAME -->` before a block writes the block into a file of that folder; nothing is run.
- `<!-- no test: REASON -->` before a block leaves it alone.

Comparison is loose in three ways: a ```text block may leave lines out, `…` stands for anything within a line, and rates,
durations and (for python blocks, whose lines move as a page is edited) line numbers are masked.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\w*)\s*$")
_COMMENT = re.compile(r"^<!--\s*(no test|file):\s*(.+?)\s*-->\s*$")
_MASKS = [
    (re.compile(r"[\d,]+ runs/s"), "N runs/s"),
    (re.compile(r"\bin \d+\.\d+s\b"), "in Ns"),
    (re.compile(r"'(ds1~[^']*)'"), r"\1"),  # quoted for the shell or not
]
_PLACE = re.compile(r"[\w-]+\.(?:md|py):\d+|\bline \d+\b")
_SPACES = re.compile(r" {2,}")
_BEHIND = "\0end of block\0"

# Runs the blocks of a page: standard input is a JSON list of (page, line of the first line, code).
_RUNNER = f"""
import json, linecache, sys
import __main__
blocks = json.load(sys.stdin)
for page, line, code in blocks:
    exec(compile("\\n" * (line - 1) + code, page, "exec", dont_inherit=True), vars(__main__))
    sys.stderr.flush()
    print({_BEHIND!r}, flush=True)
"""


@dataclass
class Block:
    """One fenced block: its language, the line of its first line of content, its text, and what the comment before it says."""

    language: str
    line: int
    text: str
    remark: tuple[str, str] | None
    printed: "Block | None" = field(default=None, repr=False)
    """The ```text block that shows what this one prints."""


def blocks_of(path):
    """The fenced blocks of a page, in order; a ```text block is linked to the block before it."""
    blocks, remark, begin = [], None, None
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if begin is not None:
            if line == "```":
                blocks.append(Block(language, begin, "\n".join(lines[begin - 1 : number - 1]) + "\n", remark))
                begin = remark = None
        elif fence := _FENCE.match(line):
            language, begin = fence[1], number + 1
        elif comment := _COMMENT.match(line):
            remark = comment[1], comment[2]
        elif line.strip():
            remark = None
    assert begin is None, f"{path.name}: a block is never closed"
    for before, block in zip(blocks, blocks[1:]):
        if block.language == "text" and before.language in ("python", "console"):
            before.printed = block
    return blocks


def tidy(line, places):
    """A line of output as it is compared."""
    for pattern, text in _MASKS:
        line = pattern.sub(text, line)
    if places:
        line = _SPACES.sub("  ", _PLACE.sub("PLACE", line))  # columns move with the width of a place
    return line.rstrip()


def missing_line(expected, output, places=False):
    """The first line of `expected` that does not come in `output`, in this order; None if all do."""
    came = iter([tidy(line, places) for line in output.splitlines()])
    for line in expected.splitlines():
        wanted = tidy(line, places)
        if not wanted or wanted == "…":
            continue
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))) + r"\Z")
        if not any(pattern.match(candidate) for candidate in came):
            return line
    return None


def folder_like_the_root(folder):
    """Put into a folder what commands of the documentation expect in the repository root, with the plugin of pytest as if installed."""
    for name in ("src", "docs"):
        (folder / name).symlink_to(ROOT / name, target_is_directory=True)
    installed = folder / "detsched-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: detsched\nVersion: 0\n")
    (installed / "entry_points.txt").write_text("[pytest11]\ndetsched = detsched.pytest_plugin\n")
    return folder


def _environment(folder):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DETSCHED_", "PYTEST_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}


def run_python(page, blocks, folder):
    """Run the python blocks of a page; what each has printed."""
    work = json.dumps([(str(page.name), block.line, block.text) for block in blocks])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _RUNNER],
        input=work, cwd=folder, env=_environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=60,
    )  # fmt: skip
    printed = done.stdout.split(_BEHIND + "\n")
    assert done.returncode == 0, f"{page.name}: the block at line {blocks[len(printed) - 1].line} failed:\n{printed[-1]}"
    return printed[:-1]


def run_console(block, folder):
    """Run the commands of a console block; what they print together, standard error too."""
    printed = []
    for line in block.text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        words = shlex.split(line)
        environment = _environment(folder)
        while re.match(r"[A-Z_]+=", words[0]):
            name, value = words.pop(0).split("=", 1)
            environment[name] = value
        assert words[0] == "python3", f"line {block.line}: a command of the documentation begins with python3, or says why it is not run: {line}"
        done = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=60,
        )  # fmt: skip
        assert done.returncode in (0, 1), f"line {block.line}: {line}\n{done.stdout}"
        printed.append(done.stdout)
    return "".join(printed)
