"""Starts the tests in a process of their own and prints one report of them.

This process imports nothing of the project. It believes a line on the report's
pipe only with a random mark in front, which the child takes from its standard
input before any code of the project runs. What the tests print, and how their
process ends, is no part of the report.
"""
import json
import os
import secrets
import subprocess
import sys
import threading

MOST_BYTES = 6 * 1024 * 1024
TAIL_BYTES = 2000


def main():
    mark = secrets.token_hex(16)
    reader, writer = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", sys.argv[1], str(writer)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[writer],
    )
    os.close(writer)
    said, printed = bytearray(), bytearray()
    threads = [
        threading.Thread(target=collect, args=(reader, said, MOST_BYTES), daemon=True),
        threading.Thread(target=keep_tail, args=(child.stdout.fileno(), printed), daemon=True),
    ]
    for thread in threads:
        thread.start()
    child.stdin.write(mark.encode() + b"\n")
    child.stdin.close()
    code = child.wait()
    # A process that the tests left behind may hold the pipes open.
    for thread in threads:
        thread.join(2)
    report = {
        "exit": code,
        "records": records(bytes(said), mark),
        "tail": bytes(printed).decode("utf-8", "replace"),
    }
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
    os._exit(0)


def collect(descriptor, into, most):
    while chunk := os.read(descriptor, 65536):
        if len(into) < most:
            into += chunk


def keep_tail(descriptor, into):
    while chunk := os.read(descriptor, 65536):
        into += chunk
        del into[:-TAIL_BYTES]


def records(said, mark):
    start = mark.encode() + b" "
    found = []
    for line in said.split(b"\n"):
        if line.startswith(start):
            try:
                found.append(json.loads(line[len(start):]))
            except ValueError:
                pass
    return found


main()
