"""Runs the project's tests, with pytest where it is installed and with unittest
otherwise, and says on a pipe what was planned, what came of each test, and that
the end was reached. Each line has a mark that the tests are not told.
"""
import importlib
import importlib.util
import json
import os
import sys
import traceback
import unittest

ROOT = os.getcwd()
SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages"}
MESSAGE_CHARACTERS = 600


def make_say():
    """The way to the report, bound before a test could put something else there."""
    descriptor, mark, own = int(sys.argv[1]), sys.stdin.readline().strip(), os.getpid()
    os.set_inheritable(descriptor, False)
    encode, write, getpid = json.JSONEncoder().encode, os.write, os.getpid
    sys.argv = ["python3 -m unittest"]
    sys.stdin = open(os.devnull)

    def say(record):
        if getpid() != own:
            return
        rest = f"{mark} {encode(record)}\n".encode()
        while rest:
            rest = rest[write(descriptor, rest):]

    return say


class Report:
    """The cases so far; a name that comes twice gets a number."""

    def __init__(self, say):
        self.say = say
        self.names = {}
        self.told = set()

    def plan(self, names):
        self.say({"plan": names})

    def case(self, name, outcome, place=(None, None), message=None):
        self.told.add(name)
        file, line = place
        if message is not None:
            message = message.strip()[:MESSAGE_CHARACTERS]
        self.say({"case": name, "outcome": outcome, "file": file, "line": line, "message": message})

    def unique(self, name):
        count = self.names[name] = self.names.get(name, 0) + 1
        return name if count == 1 else f"{name} #{count}"

    def end(self):
        self.say({"end": len(self.told)})


def relative(path):
    path = os.path.relpath(os.path.realpath(path), os.path.realpath(ROOT))
    return None if path.startswith("..") else path.replace(os.sep, "/")


def place_of(trace):
    """The innermost line that is the project's own."""
    found = (None, None)
    for frame, line in traceback.walk_tb(trace):
        name = frame.f_code.co_filename
        if not name.startswith("<") and (file := relative(name)):
            found = (file, line)
    return found


def words_of(error):
    kind, value, _ = error
    return "".join(traceback.format_exception_only(kind, value))


# --- unittest ---------------------------------------------------------------


def test_files():
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in SKIPPED_FOLDERS
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        for name in sorted(files):
            if name.endswith(".py") and (name.startswith("test") or name.endswith("_test.py")):
                yield os.path.join(folder, name)


def load(path):
    """The module of a file, found the way that an import of the project would."""
    top, parts = os.path.dirname(path), [os.path.basename(path)[:-3]]
    while top != ROOT and os.path.exists(os.path.join(top, "__init__.py")):
        parts.insert(0, os.path.basename(top))
        top = os.path.dirname(top)
    if top not in sys.path:
        sys.path.insert(0, top)
    module = importlib.import_module(".".join(parts))
    if os.path.realpath(module.__file__ or "") != os.path.realpath(path):
        raise ImportError(f"another module has this name: {module.__file__}")
    return module


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


class Result(unittest.TestResult):
    def __init__(self, report, names):
        super().__init__()
        self.report, self.test_names = report, names
        self.now, self.skipped_groups = None, set()

    def startTest(self, test):
        super().startTest(test)
        self.now = ["passed", (None, None), None]

    def stopTest(self, test):
        super().stopTest(test)
        outcome, place, message = self.now
        self.now = None
        self.report.case(self.test_names[id(test)], outcome, place, message)

    def failed(self, test, error):
        if self.now is None:
            self.report.case(self.report.unique(test.id()), "failed", place_of(error[2]), words_of(error))
        elif self.now[0] != "failed":
            self.now = ["failed", place_of(error[2]), words_of(error)]

    def addError(self, test, err):
        self.failed(test, err)

    def addFailure(self, test, err):
        self.failed(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.failed(test, err)

    def addSkip(self, test, reason):
        if self.now is None:
            self.skipped_groups.add(test.id())
        elif self.now[0] != "failed":
            self.now[0] = "skipped"

    def addExpectedFailure(self, test, err):
        pass

    def addUnexpectedSuccess(self, test):
        self.now = ["failed", (None, None), "it passed, though it is marked to fail"]

    def skipped_with_its_group(self, test):
        kind = type(test)
        groups = {
            f"setUpClass ({kind.__module__}.{kind.__qualname__})",
            f"setUpModule ({kind.__module__})",
        }
        return bool(groups & self.skipped_groups)


def run_unittest(report):
    planned, broken = [], []
    for path in list(test_files()):
        file = relative(path)
        try:
            suite = unittest.defaultTestLoader.loadTestsFromModule(load(path))
            planned += [(test, report.unique(name_of(test, file))) for test in flatten(suite)]
        except unittest.SkipTest:
            broken.append((report.unique(file), "skipped", (None, None), None))
        except BaseException:
            error = sys.exc_info()
            place = place_of(error[2])
            broken.append((report.unique(file), "failed", place if place[0] else (file, None), words_of(error)))
    names = {id(test): name for test, name in planned}
    report.plan([case[0] for case in broken] + list(names.values()))
    for case in broken:
        report.case(*case)
    result = Result(report, names)
    unittest.TestSuite([test for test, _ in planned]).run(result)
    # The suite drops its tests as it goes; `planned` keeps them, and so their ids.
    for test, name in planned:
        if name not in report.told and result.skipped_with_its_group(test):
            report.case(name, "skipped")
        elif name not in report.told:
            report.case(name, "failed", message="it was planned and did not run")


def name_of(test, file):
    method = getattr(test, "_testMethodName", None)
    if method is None:
        return f"{file}::{test.id()}"
    return f"{file}::{type(test).__qualname__}::{method}"


# --- pytest -----------------------------------------------------------------


class PytestPlugin:
    def __init__(self, report):
        self.report, self.now = report, {}

    def pytest_collection_finish(self, session):
        self.report.plan([item.nodeid for item in session.items])

    def pytest_deselected(self, items):
        for item in items:
            self.report.case(item.nodeid, "skipped")

    def pytest_collectreport(self, report):
        if report.failed:
            self.report.case(report.nodeid, "failed", (report.nodeid, None), str(report.longrepr)[-400:])
        elif report.skipped:
            self.report.case(report.nodeid, "skipped")

    def pytest_runtest_logreport(self, report):
        outcome, place, message = self.now.get(report.nodeid, ("passed", (None, None), None))
        if report.failed and outcome != "failed":
            outcome, (place, message) = "failed", crash_of(report)
        elif report.skipped and outcome == "passed" and not hasattr(report, "wasxfail"):
            outcome = "skipped"
        self.now[report.nodeid] = (outcome, place, message)
        if report.when == "teardown":
            self.report.case(report.nodeid, *self.now.pop(report.nodeid))


def crash_of(report):
    file, line, _ = report.location
    place = (file.replace(os.sep, "/"), (line or 0) + 1)
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return place, str(report.longrepr)[-400:]
    if own := relative(crash.path):
        place = (own, crash.lineno)
    return place, crash.message


def run_pytest(report):
    import pytest

    arguments = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--rootdir", ROOT]
    status = pytest.main(arguments, plugins=[PytestPlugin(report)])
    # All passed, some failed, none found: anything else is no end.
    if status not in (0, 1, 5):
        raise SystemExit(f"pytest stopped with status {int(status)}")


def main():
    report = Report(make_say())
    # Looked for before a folder of the project could be taken for it.
    run = run_pytest if importlib.util.find_spec("pytest") else run_unittest
    sys.path[:0] = [ROOT] + [path for path in [os.path.join(ROOT, "src")] if os.path.isdir(path)]
    run(report)
    report.end()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


main()
