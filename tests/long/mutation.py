"""Mutation testing: is there a test that fails when the code is wrong?

    python tests/long/mutation.py [--sample N] [--minutes M] [--among FILE] [--tests PATH] [PATH...]

Each mutant is the code with one small fault. It is killed when a test of tests/wire, tests/protocol,
tests/extensions or tests/bench fails. One that survives is a gap in the tests, unless mutation.toml beside this
file says why no test can tell it from the right code; any other survivor makes this program end with 1.

Faults in functions are put into a process that has collected the tests already, and only the tests that
reach the line are run, the quickest first. Faults in tables and patterns need a fresh import.
With --sample the same N mutants are taken each time, spread over all of them, which is the form for
continuous integration. While tests are written, --among takes what an earlier run printed and tries its survivors
again, --match those in whose name a word stands, and --tests runs some of the tests alone. Linux and macOS only: it
forks.
"""

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.util
import os
import pickle
import re
import resource
import signal
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType

import coverage
import hypothesis
import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parents[2]
TESTS = ["tests/wire", "tests/protocol", "tests/extensions", "tests/bench"]
HELD_TO_A_CLOCK = ["tests/protocol/test_reader.py::test_a_transcript_without_the_server_is_read_in_time"]
"""Tests that measure time, which measuring what they reach makes longer."""
SLOW = [
    "tests/protocol/test_smuggling.py",
    "tests/protocol/test_walks.py",
    "tests/wire/test_oracle.py::test_lines_near_the_grammar_get_the_same_verdict",
    "tests/wire/test_oracle.py::test_productions_get_the_same_verdict",
    "tests/bench",
    "tests/extensions/test_definition.py",
    "tests/extensions/test_hostile.py",
    "tests/extensions/test_installed.py",
    "tests/extensions/test_table.py",
]
"""Tests that a sample does without."""
LEFT_OUT: list[str] = []
DEFAULT = ["esmtp_lab/wire", "esmtp_lab/protocol"]
EXAMPLES = 30
"""Examples that a property is tried with."""
ROOM = 1.0
"""Seconds that one test may take with all its parameters; of one that takes longer some are left out."""
MOST_MEMORY = 2 << 30
"""Octets that a mutant may fill."""
QUICK, NEAREST = 0.05, 4
"""Seconds up to which a test is quick, and files of tests in which a fault in a table is looked for first."""
PATIENCE = 5.0
"""Seconds beyond ten times its usual time after which a test counts as failed, because it hangs."""


# Faults --------------------------------------------------------------------------------------------

SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
PATTERN = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]])*\]|\(\?[:=!<]*|[+*?]|\{[^}]*\}|.", re.DOTALL)
QUANTIFIERS = {b"+": b"*", b"*": b"+", b"?": b""}


def faults(node: ast.AST, parent: ast.AST) -> Iterator[Callable[[], None]]:
    """What can go wrong with a node, each as a change to it in place."""
    match node:
        case ast.Compare():
            for place, op in enumerate(node.ops):
                if type(op) in SWAPS:
                    yield lambda place=place, op=op: node.ops.__setitem__(place, SWAPS[type(op)]())
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(node.op) in SWAPS:
            yield lambda: setattr(node, "op", SWAPS[type(node.op)]())
        case ast.If() | ast.While() | ast.IfExp():
            yield lambda: setattr(node, "test", _not(node.test))
        case ast.comprehension():
            for place, test in enumerate(node.ifs):
                yield lambda place=place, test=test: node.ifs.__setitem__(place, _not(test))
        case ast.UnaryOp(op=ast.Not()):
            yield lambda: setattr(node, "operand", _not(node.operand))
        case ast.Return(value=ast.Constant(value=None | False)):
            return  # where only truth is asked, None is as good as False
        case ast.Return(value=ast.expr() as value):
            yield lambda: setattr(node, "value", ast.copy_location(ast.Constant(None), value))
        case ast.Expr(value=ast.Call() as value):
            yield lambda: setattr(node, "value", ast.copy_location(ast.Constant(None), value))
        case ast.Constant(value=bool(value)):
            yield lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield lambda: setattr(node, "value", value + 1)
        case ast.Constant(value=bytes(value)):
            changed = list(_patterns(value)) if _is_pattern(parent) else []
            for each in changed or [value + b"X"]:
                yield lambda each=each: setattr(node, "value", each)
        case ast.Constant(value=str(value)) if re.fullmatch(r"[\w.\-]+", value):
            yield lambda: setattr(node, "value", value + "X")


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _is_pattern(parent: ast.AST) -> bool:
    return isinstance(parent, ast.Assign | ast.BinOp) or (
        isinstance(parent, ast.Call) and ast.unparse(parent.func) in ("re.compile", "re.match")
    )


def _patterns(pattern: bytes) -> Iterator[bytes]:
    """A pattern with one quantifier changed."""
    for piece in PATTERN.finditer(pattern):
        if piece[0] in QUANTIFIERS:
            yield pattern[: piece.start()] + QUANTIFIERS[piece[0]] + pattern[piece.end() :]


@dataclass(frozen=True)
class Mutant:
    """One fault: in which file, where, what it was and what it became; `number` is that of node and fault."""

    file: str
    name: str
    lines: range
    function: bool
    number: tuple[int, int]


def _silent(node: ast.AST, parent: ast.AST) -> bool:
    """Whether nothing in here can matter: texts for people, types, what exists for speed or display alone."""
    match node:
        case ast.JoinedStr() | ast.Raise() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True
        case ast.FunctionDef(name="__repr__") | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id="__slots__")]):
            return True
        case ast.Call(func=ast.Name(id="field" | "lru_cache" | "cache" | "dataclass")) | ast.keyword(arg="strict"):
            return True
    fields = {"annotation", "returns"}
    return any(getattr(parent, name, None) is node for name in fields)


def _tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_bytes(), file)


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Every node in which a fault matters, with its ancestors, always in the same order."""

    def walk(node: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
        if above and _silent(node, above[-1]):
            return
        yield node, above
        for child in ast.iter_child_nodes(node):
            yield from walk(child, (*above, node))

    return walk(tree, ())


def _in_function(node: ast.AST, above: tuple[ast.AST, ...]) -> bool:
    """Whether a node runs when a function is called, and not when its module is imported."""
    for parent, child in zip(above, (*above[1:], node), strict=True):
        if isinstance(parent, ast.Lambda) and child is parent.body:
            return True
        if isinstance(parent, ast.FunctionDef) and child in parent.body:
            return True
    return False


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    seen: Counter[str] = Counter()
    for number, (node, above) in enumerate(_nodes(_tree(file))):
        parent = above[-1] if above else node
        for fault in range(len(list(faults(node, parent)))):
            holder = next(each for each in (node, *above[::-1]) if hasattr(each, "lineno"))
            whole = next((each for each in (node, *above[::-1]) if isinstance(each, ast.stmt)), holder)
            before = _shown(whole, node)
            copied = copy.deepcopy((whole, node, parent))
            list(faults(copied[1], copied[2]))[fault]()
            after = _shown(copied[0], copied[1])
            scope = (
                ".".join(each.name for each in above if isinstance(each, ast.FunctionDef | ast.ClassDef)) or "module"
            )
            name = f"{file.removeprefix('esmtp_lab/')} {scope}: {_change(before, after)}"
            seen[name] += 1
            if seen[name] > 1:
                name = f"{name} #{seen[name]}"
            lines = range(holder.lineno, (holder.end_lineno or holder.lineno) + 1)
            if isinstance(node, ast.If | ast.While):
                lines = range(node.lineno, (node.test.end_lineno or node.lineno) + 1)
            yield Mutant(file, name, lines, _in_function(node, above), (number, fault))


def _shown(statement: ast.AST, node: ast.AST) -> str:
    """The head of a statement on one line."""
    match statement:
        case (
            ast.FunctionDef()
            | ast.ClassDef()
            | ast.With()
            | ast.For()
            | ast.If()
            | ast.While()
            | ast.Match()
            | ast.Try()
        ):
            shell = copy.copy(statement)
            if isinstance(shell, ast.Match):
                shell.cases = [each for each in shell.cases if node in ast.walk(each)][:1] or shell.cases[:1]
                shell.cases = [copy.copy(each) for each in shell.cases]
                for each in shell.cases:
                    each.body = [ast.Pass()]
            elif isinstance(shell, ast.Try):
                return "try"
            else:
                shell.body = [ast.Pass()]
                if hasattr(shell, "orelse"):
                    shell.orelse = []
            return " ".join(ast.unparse(ast.fix_missing_locations(shell)).removesuffix("pass").split())
        case _:
            return " ".join(ast.unparse(statement).split())


def _same(one: str, other: str) -> int:
    """How many characters the two begin with."""
    pairs = zip(one, other, strict=False)
    return next((place for place, pair in enumerate(pairs) if pair[0] != pair[1]), min(len(one), len(other)))


def _change(before: str, after: str) -> str:
    """What differs, with a little of what stands around it."""
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    left, right = max(0, start - 40), 25
    head, tail = before[left:start], before[len(before) - end :][:right]
    return f"{head}⟦{before[start : len(before) - end]}→{after[start : len(after) - end]}⟧{tail}"


def compiled(mutant: Mutant) -> CodeType:
    """The module with that fault in it."""
    tree = _tree(mutant.file)
    number, fault = mutant.number
    node, above = next(pair for place, pair in enumerate(_nodes(tree)) if place == number)
    list(faults(node, above[-1] if above else node))[fault]()
    return compile(ast.fix_missing_locations(tree), str(ROOT / mutant.file), "exec")


# Running the tests ---------------------------------------------------------------------------------


class Loop:
    """A pytest plugin that has the items collected, and then does something else with them."""

    def __init__(self, then: Callable[[list[pytest.Item]], None]) -> None:
        self.then = then

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """A failure is enough; nobody reads a small example here."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutation", hypothesis.settings(), phases=phases, database=None)
        hypothesis.settings.load_profile("mutation")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item in session.items:
            inner = getattr(item, "obj", None)
            found = getattr(inner, "_hypothesis_internal_use_settings", None)
            if found is not None and found.max_examples > EXAMPLES:
                inner._hypothesis_internal_use_settings = hypothesis.settings(found, max_examples=EXAMPLES)
            machine = getattr(item, "cls", None)
            if isinstance(getattr(machine, "settings", None), hypothesis.settings):
                machine.settings = hypothesis.settings(machine.settings, max_examples=EXAMPLES)
        self.then(session.items)
        return True


def collected(then: Callable[[list[pytest.Item]], None], tests: list[str] = TESTS) -> None:
    """Collect the tests in this process and hand them over."""
    quiet = ["-s", "-p", "no:terminal", "-p", "no:cov", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    without = [f"--deselect={test}" for test in (*HELD_TO_A_CLOCK, *LEFT_OUT)]
    pytest.main([*quiet, *without, *tests], plugins=[Loop(then)])


def passes(item: pytest.Item, usual: float | None = None) -> bool:
    """Whether a test passes; with its usual time in seconds, this process dies of it if it takes much longer."""
    if usual is not None:
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 10 * usual)
    return all(report.passed or report.skipped for report in runtestprotocol(item, log=False, nextitem=None))


def forked(action: Callable[[], object], *, loud: bool = False) -> object:
    """What `action` returns in a child of this process; None if it does not return."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        if not loud:
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
        try:
            with os.fdopen(writing, "wb") as out:
                pickle.dump(action(), out)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(found) if found else None


@dataclass
class Baseline:
    """Which tests reach which lines, how long each takes, and which lines run at import."""

    seconds: dict[str, float]
    reached: dict[tuple[str, int], list[str]]
    imported: set[tuple[str, int]]

    def nearest(self, file: str) -> list[str]:
        """The few files with the most quick tests that reach a file."""
        names = {name for (reached, _), tests in self.reached.items() if reached == file for name in tests}
        quick = Counter(name.split("::")[0] for name in names if self.seconds.get(name, QUICK) < QUICK)
        return [name for name, _ in quick.most_common(NEAREST)] or TESTS


def baseline(items: list[pytest.Item], measured: coverage.Coverage, files: list[str]) -> Baseline:
    """Run every test once, and see what it reaches. One that fails, as those held to a clock may, is left out."""
    seconds = {}
    for item in items:
        forget()
        measured.switch_context(item.nodeid)
        begin = time.monotonic()
        if not passes(item):
            print(f"left out, because it fails on the right code: {item.nodeid}", flush=True)
            continue
        seconds[item.nodeid] = time.monotonic() - begin
    measured.stop()
    kept = _thinned(seconds)
    data, reached, imported = measured.get_data(), {}, set()
    for file in files:
        for line, contexts in data.contexts_by_lineno(str(ROOT / file)).items():
            reached[file, line] = [each for each in contexts if each in kept]
            if "" in contexts:
                imported.add((file, line))
    return Baseline({name: seconds[name] for name in kept}, reached, imported)


def _thinned(seconds: dict[str, float]) -> set[str]:
    """The tests without some of the parameters of those that take long."""
    by_test: dict[str, list[str]] = {}
    for name in seconds:
        by_test.setdefault(name.partition("[")[0], []).append(name)
    kept: set[str] = set()
    for names in by_test.values():
        step = max(1, round(sum(map(seconds.__getitem__, names)) / ROOM))
        kept.update(names[::step] if step < len(names) else names[:1])
    return kept


def _functions(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _functions(each)


def _key(code: CodeType) -> tuple[str, int, int]:
    columns = [column for line, _, column, _ in code.co_positions() if line == code.co_firstlineno and column]
    return code.co_qualname, code.co_firstlineno, min(columns, default=0)


def put_in(mutant: Mutant) -> bool:
    """Put a fault into the functions of this process; whether that can be done."""
    code = compiled(mutant)
    new = {_key(each): each for each in _functions(code)}
    changed = False
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == code.co_filename:
            wanted = new.get(_key(each.__code__))
            if wanted is not None and wanted != each.__code__:
                try:
                    each.__code__ = wanted
                except ValueError:  # the fault leaves out a variable of the function around it
                    return False
                changed = True
    forget()
    return changed


def forget() -> None:
    """Empty every cache of the code, so that each test reaches all that it needs."""
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and (each.__module__ or "").startswith("esmtp_lab."):
            each.cache_clear()


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with its fault in it."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.module = mutant.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if name != self.module:
            return None
        return importlib.util.spec_from_file_location(name, ROOT / self.mutant.file, loader=self)

    def create_module(self, spec: object) -> None:
        return None

    def exec_module(self, module: object) -> None:
        exec(compiled(self.mutant), module.__dict__)


def survives_afresh(mutant: Mutant, base: Baseline) -> bool:
    """Whether every test passes after an import with the fault: first those of the nearest files, then all."""
    return all(
        forked(lambda tests=tests: passes_afresh(mutant, base.seconds, tests))
        for tests in (base.nearest(mutant.file), TESTS)
    )


def passes_afresh(mutant: Mutant, seconds: dict[str, float], tests: list[str]) -> bool:
    """Whether these tests pass after an import with the fault."""
    sys.meta_path.insert(0, Mutated(mutant))
    usual = {name: each for name, each in seconds.items() if name.startswith(tuple(tests))}
    found = []

    def run(items: list[pytest.Item]) -> None:
        chosen = sorted((item for item in items if item.nodeid in usual), key=lambda item: usual[item.nodeid])
        found.append(len(chosen) == len(usual) and all(passes(each, usual[each.nodeid]) for each in chosen))

    collected(run, tests)
    return found == [True]


# The whole -----------------------------------------------------------------------------------------


def explained() -> dict[str, str]:
    """The mutants that no test can tell from the right code, with the reason."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {mutant: group["why"] for group in data["explained"] for mutant in group["mutants"]}


def spread(mutants: list[Mutant], most: int) -> list[Mutant]:
    """`most` of the mutants, evenly spread."""
    return [mutants[place * len(mutants) // most] for place in range(most)] if most < len(mutants) else mutants


def try_all(mutants: list[Mutant], until: float) -> tuple[int, int]:
    """How many mutants were tried, and how many of them survived; each survivor is printed."""
    tried = survived = 0
    cold: list[Mutant] = []

    def note(mutant: Mutant, survives: bool) -> None:
        nonlocal tried, survived
        tried += 1
        survived += survives
        if survives:
            print(f"survives: {mutant.name}", flush=True)

    def warm() -> tuple[Baseline, int, int, list[Mutant]]:
        bases: list[Baseline] = []
        measured = coverage.Coverage(data_file=None, source=[str(ROOT / "esmtp_lab")], config_file=False)

        def run(items: list[pytest.Item]) -> None:
            files = sorted({mutant.file for mutant in mutants})
            base = forked(lambda: baseline(items, measured, files), loud=True)
            measured.stop()
            if base is None:
                return
            bases.append(base)
            by_name = {item.nodeid: item for item in items}
            for mutant in mutants:
                if time.monotonic() > until:
                    return
                names = {name for line in mutant.lines for name in base.reached.get((mutant.file, line), ())}
                if not mutant.function or not names:
                    cold.append(mutant)
                    continue
                ordered = [(by_name[name], base.seconds[name]) for name in sorted(names, key=base.seconds.__getitem__)]
                answer = forked(lambda mutant=mutant, ordered=ordered: survives_here(mutant, ordered))
                imported = any((mutant.file, line) in base.imported for line in mutant.lines)
                if answer == "cannot" or (answer and imported):
                    cold.append(mutant)
                else:
                    note(mutant, bool(answer))

        measured.start()
        collected(run)
        return bases[0], tried, survived, cold

    found = forked(warm, loud=True)
    if found is None:
        raise SystemExit("no test could be collected")
    base, tried, survived, cold = found
    print(f"{tried} faults in functions tried; {len(cold)} need a fresh import", flush=True)
    for mutant in cold:
        if time.monotonic() > until:
            break
        note(mutant, survives_afresh(mutant, base))
    return tried, survived


def survives_here(mutant: Mutant, items: list[tuple[pytest.Item, float]]) -> object:
    """Whether these tests pass in this process with the fault; "cannot" if the fault cannot be put in."""
    return all(passes(item, usual) for item, usual in items) if put_in(mutant) else "cannot"


def main() -> int:
    """Try mutants, and say which survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=DEFAULT)
    parser.add_argument("--sample", type=int, default=0, help="try so many, always the same")
    parser.add_argument("--match", default="", help="only mutants in whose name this stands")
    parser.add_argument("--among", type=Path, help="only mutants that this file names, one a line")
    parser.add_argument("--tests", action="append", help="only these tests")
    parser.add_argument("--minutes", type=float, default=120.0, help="stop after so many minutes")
    options = parser.parse_args()
    LEFT_OUT.extend(SLOW if options.sample else ())
    TESTS[:] = options.tests or TESTS
    among = options.among and {
        line.removeprefix("survives: ") for line in options.among.read_text("utf-8").splitlines()
    }
    begin = time.monotonic()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    files = sorted(
        str(file.relative_to(ROOT))
        for path in options.paths
        for file in ([ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"))
    )
    known = explained()
    everything = [mutant for file in files for mutant in mutants_of(file)]
    mutants = [mutant for mutant in everything if mutant.name not in known and options.match in mutant.name]
    mutants = [mutant for mutant in mutants if among is None or mutant.name in among]
    gone = [name for name in known if name.split(" ")[0] in {file.removeprefix("esmtp_lab/") for file in files}]
    gone = [name for name in gone if name not in {mutant.name for mutant in everything}]
    chosen = spread(mutants, options.sample) if options.sample else mutants
    count = sum(mutant.name in known for mutant in everything)
    print(f"{len(everything)} mutants in {len(files)} files, {count} of them explained", flush=True)
    tried, survived = try_all(chosen, begin + 60 * options.minutes)
    for name in gone:
        print(f"explained, but no longer there: {name}")
    if tried < len(chosen):
        print(f"{len(chosen) - tried} not tried for want of time")
    print(f"{tried} tried, {tried - survived} killed, {survived} survive; {time.monotonic() - begin:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
