"""Compiles every Python file of the project, runs none of it, and prints what
the compiler found: syntax errors and its warnings.
"""
import json
import os
import sys
import warnings

SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages"}


def files():
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in SKIPPED_FOLDERS
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
        )
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(folder, name)).replace(os.sep, "/")


def check(file):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            with open(file, "rb") as source:
                compile(source.read(), file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            rule = type(error).__name__
            yield {"file": file, "line": getattr(error, "lineno", None), "rule": rule, "message": getattr(error, "msg", str(error))}
    for warning in found:
        yield {"file": file, "line": warning.lineno, "rule": warning.category.__name__, "message": str(warning.message)}


checked = list(files())
findings = [finding for file in checked for finding in check(file)]
json.dump({"checked": len(checked), "findings": findings}, sys.stdout)
