#!/usr/bin/env python3
"""Verifies the runs of a journal without any code of minion-rt: runtime/journal/VERIFY.md step by step.

    verify.py JOURNAL_FOLDER [--run ID] [--head HASH]

Prints a line for each run. Exit code 0: all are what was written; 4: something was altered."""
import argparse, hashlib, json, sqlite3, sys

DOMAIN = b"minion-journal/record/v1\0\0"
LISTED = ["blueprint", "version", "repository", "task"]
ENDING = ["outcome", "reason", "branch", "tree"]

class Altered(Exception):
    pass

def check(right, what):
    if not right:
        raise Altered(what)

def bits(ulid):
    number = 0
    for letter in ulid:
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)
    return number.to_bytes(16, "big")

text = lambda value: value.decode() if isinstance(value, bytes) else value

def blobs(body):
    """What of a record's body may lie in the table of blobs: payloads, never what a guest said."""
    payloads = {"run-started": ["admission", "inputs", "setup"], "call": ["request", "response"], "intent": ["request"],
                "result": ["response"], "denied": ["request"], "evidence": ["evidence"],
                "checkpoint": ["state", "findings", "spent"]}
    (kind, fact), = body.items()
    found = [fact.get(name) for name in payloads.get(kind, [])]
    if kind == "resumed" and "moved" in fact:
        found.append(fact["moved"]["admission"])
    return [payload["blob"] for payload in found if payload and "blob" in payload]

def verify(db, run, kept):
    number, head = run["number"], db.execute("SELECT * FROM heads WHERE run = ?", [run["number"]]).fetchone()
    check(head is not None, "it has no head")
    before, place, seen, ended, checkpoint, pause = bytes(32), 0, kept is None, None, None, None
    rows = db.execute("SELECT seq, hash, CAST(bytes AS BLOB) AS bytes FROM records WHERE run = ? ORDER BY seq", [number])
    for row in rows:
        place += 1
        check(row["seq"] == place, f"record {place} is missing")
        content = row["bytes"]
        parts = [DOMAIN, before, bits(text(run["id"])), place.to_bytes(8, "big"), len(content).to_bytes(8, "big"), content]
        before = hashlib.sha256(b"".join(parts)).digest()
        check(before == row["hash"], f"record {place} does not give its hash")
        record = json.loads(content)
        (kind, fact), = record["body"].items()
        check(record["v"] == 1 and record["seq"] == place, f"record {place} says to be another one")
        check((kind == "run-started") == (place == 1) and ended is None, f"record {place} cannot stand there")
        if kind == "run-started":
            listed = record["at"] == run["started"] and all(fact[key] == text(run[key]) for key in LISTED)
            check(listed, "the list says something else")
        for blob in blobs(record["body"]):
            found = db.execute("SELECT bytes FROM blobs WHERE digest = ?", [bytes.fromhex(blob["digest"])]).fetchone()
            check(found and len(found[0]) == blob["bytes"], f"a blob of record {place} is missing")
            check(hashlib.sha256(found[0]).hexdigest() == blob["digest"], f"a blob of record {place} was altered")
        ended = (record["at"], fact) if kind == "ended" else None
        checkpoint = place if kind == "checkpoint" else checkpoint
        pause = kind if kind in ("waiting", "stopped") else None
        seen = seen or before.hex() == kept
    check((head["seq"], head["hash"]) == (place, before), "the head is not the last record")
    check((head["checkpoint"], text(head["pause"])) == (checkpoint, pause), "the head says something else")
    for ref in db.execute("SELECT digest, bytes FROM refs LEFT JOIN blobs USING (digest) WHERE run = ?", [number]):
        check(ref["bytes"] is not None, "a blob that it refers to is missing")
        check(hashlib.sha256(ref["bytes"]).digest() == ref["digest"], "a blob that it refers to was altered")
    at, fact = ended or (None, {})
    check(run["ended"] == at and all(text(run[key]) == fact.get(key) for key in ENDING), "the list tells another end")
    check(json.loads(run["totals"] or "null") == fact.get("totals"), "the list tells other totals")
    check(seen, "it does not hold the head that was kept elsewhere")
    return place, before.hex(), "ended" if ended else "open"

def main():
    words, code, told = argparse.ArgumentParser(), 0, 0
    words.add_argument("journal"), words.add_argument("--run", default=""), words.add_argument("--head")
    words = words.parse_args()
    if words.head and not words.run:
        sys.exit("--head is the head of one run: name it with --run")
    db = sqlite3.connect(f"file:{words.journal}/journal.sqlite?mode=ro", uri=True)
    if db.execute("PRAGMA user_version").fetchone()[0] != 2:
        sys.exit("this reads journals of schema 2 alone")
    db.row_factory, db.text_factory = sqlite3.Row, bytes
    for run in db.execute("SELECT * FROM runs ORDER BY id").fetchall():
        name = text(run["id"])
        if name.endswith(words.run):
            told += 1
            try:
                print("sound  ", name, *verify(db, run, words.head))
            except Exception as why:  # whatever cannot be read was altered
                code = print("ALTERED", name, ascii(str(why))) or 4
    if told == 0 and (words.run or words.head):
        code = print("ALTERED", ascii(words.run), "it was deleted, or was never here") or 4
    return code

sys.exit(main())
