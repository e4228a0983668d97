"""A loop of trivial steps in LangGraph, each checkpointed in SQLite before the next begins.

Usage: beside_langgraph.py STEPS ROUNDS FOLDER. Prints the microseconds of one step, the median of
the rounds. Needs `langgraph` and `langgraph-checkpoint-sqlite`.
"""

import os
import sqlite3
import statistics
import sys
import time
from typing import TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph


class Laps(TypedDict):
    laps: int


def graph(steps, saver):
    def lap(state):
        return {"laps": state["laps"] + 1}

    def then(state):
        return "lap" if state["laps"] < steps else END

    builder = StateGraph(Laps)
    builder.add_node("lap", lap)
    builder.add_edge(START, "lap")
    builder.add_conditional_edges("lap", then)
    return builder.compile(checkpointer=saver)


def main():
    steps, rounds, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    file = os.path.join(folder, "langgraph.sqlite")
    connection = sqlite3.connect(file, check_same_thread=False)
    saver = SqliteSaver(connection)
    saver.setup()
    # What a checkpoint promises here is what ours does: it outlives the machine.
    connection.execute("PRAGMA synchronous = FULL")
    compiled = graph(steps, saver)
    took = []
    for number in range(rounds):
        config = {
            "configurable": {"thread_id": str(number)},
            "recursion_limit": steps + 10,
        }
        begun = time.perf_counter()
        ended = compiled.invoke({"laps": 0}, config, durability="sync")
        took.append((time.perf_counter() - begun) / steps * 1e6)
        assert ended["laps"] == steps
    print(statistics.median(took))


main()
