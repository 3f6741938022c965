"""Four Nexmark queries in Bytewax, over a JSON Lines file of events.

python queries.py QUERY INPUT OUTPUT    (OUTPUT: a JSON Lines file, or - to throw the rows away)

Prints the seconds from the first event until all rows are out. The clock of a window is that of its key, so what needs all keys of a window
waits for the end of the input.
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

BATCH = 1_000
EPOCH = datetime.fromtimestamp(0, timezone.utc)
SLIDE_MS = 2_000
SIZE_MS = 10_000
SIZE = timedelta(milliseconds=SIZE_MS)


class Lines(StatelessSourcePartition):
    def __init__(self, path):
        self._file = open(path)

    def next_batch(self):
        lines = [line for _, line in zip(range(BATCH), self._file)]
        if not lines:
            raise StopIteration()
        return [json.loads(line) for line in lines]


class Events(DynamicSource):
    def __init__(self, path):
        self._path = path

    def build(self, step_id, worker_index, worker_count):
        return Lines(self._path)


class Writer(StatelessSinkPartition):
    def __init__(self, file):
        self._file = file

    def write_batch(self, items):
        if self._file is not None:
            for row in items:
                self._file.write(json.dumps(row, separators=(",", ":")) + "\n")


class Rows(DynamicSink):
    def __init__(self, file):
        self._file = file

    def build(self, step_id, worker_index, worker_count):
        return Writer(self._file)


def clock():
    return win.EventClock(
        lambda bid: EPOCH + timedelta(milliseconds=bid["dateTime"]), timedelta(seconds=4)
    )


def euros(price):
    whole, rest = divmod(price * 908, 1000)
    return f"{whole}.{rest:03d}"


def q1(bids):
    def row(b):
        return [b["auction"], b["bidder"], euros(b["price"]), b["dateTime"], b["extra"]]

    return op.map("row", bids, row)


def q2(bids):
    wanted = op.filter("every", bids, lambda b: b["auction"] % 123 == 0)
    return op.map("row", wanted, lambda b: [b["auction"], b["price"]])


def q5(bids):
    windower = win.SlidingWindower(
        length=SIZE, offset=timedelta(milliseconds=SLIDE_MS), align_to=EPOCH
    )
    counts = win.count_window("count", bids, clock(), windower, lambda b: str(b["auction"]))
    by_window = op.map("by window", counts.down, lambda c: (str(c[1][0]), (c[0], c[1][1])))

    def add(most, counted):
        auction, count = counted
        if count > most[0]:
            return (count, [auction])
        if count == most[0]:
            most[1].append(auction)
        return most

    def rows(result):
        window, (count, auctions) = result
        start = int(window) * SLIDE_MS
        return [[int(auction), count, start, start + SIZE_MS] for auction in auctions]

    most = op.fold_final("most", by_window, lambda: (0, []), add)
    return op.flat_map("rows", most, rows)


def q7(bids):
    """A bid at the very end of a window counts in two: as one of its own, and as one of the window before."""

    def higher(most, bid):
        if bid["price"] > most[0]:
            return (bid["price"], [bid])
        if bid["price"] == most[0]:
            most[1].append(bid)
        return most

    def merge(a, b):
        return a if a[0] > b[0] else b if b[0] > a[0] else (a[0], a[1] + b[1])

    windower = win.TumblingWindower(length=SIZE, align_to=EPOCH)
    keyed = op.key_on("all", bids, lambda b: "all")
    highest = win.fold_window(
        "highest", keyed, clock(), windower, lambda: (-1, []), higher, merge
    )
    found = op.map("found", highest.down, lambda r: (str(r[1][0]), r[1][1]))
    at_end = op.filter("at end", bids, lambda b: b["dateTime"] % SIZE_MS == 0)
    before = op.map(
        "before", at_end, lambda b: (str(b["dateTime"] // SIZE_MS - 1), (None, [b]))
    )

    def add(state, part):
        price, found = part
        return (state[0], state[1] + found) if price is None else (part, state[1])

    def rows(result):
        _, (most, ends) = result
        if most is None:
            return []
        all_bids = most[1] + [b for b in ends if b["price"] == most[0]]
        return [
            [b["auction"], b["price"], b["bidder"], b["dateTime"], b["extra"]] for b in all_bids
        ]

    parts = op.merge("parts", found, before)
    return op.flat_map("rows", op.fold_final("both", parts, lambda: (None, []), add), rows)


def main(query, source, target):
    file = None if target == "-" else open(target, "w")
    flow = Dataflow(query)
    events = op.input("events", flow, Events(source))
    bids = op.filter_map("bids", events, lambda e: e["bid"] if e["event_type"] == 2 else None)
    op.output("out", {"q1": q1, "q2": q2, "q5": q5, "q7": q7}[query](bids), Rows(file))
    start = time.perf_counter()
    run_main(flow)
    print(time.perf_counter() - start)
    if file is not None:
        file.close()


main(*sys.argv[1:])
