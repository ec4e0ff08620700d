#!/usr/bin/python3
"""example.py ENDPOINT: counts four page views of 7 March 2018 and asks for the month. Needs pyzmq and msgpack."""
import sys

import msgpack
import zmq

socket = zmq.Context().socket(zmq.DEALER)
socket.setsockopt(zmq.LINGER, 0)
socket.setsockopt(zmq.RCVTIMEO, 10000)
socket.connect(sys.argv[1])


def ask(kind, **keys):
    socket.send(msgpack.packb([1, kind, keys]))
    _, kind, answer = msgpack.unpackb(socket.recv())
    print(kind, answer)
    return sys.exit(1) if kind == "error" or answer.get("refused") else answer


last = ask("hello", source="example@python")["last"]
series = [["web.pageviews", {"site": "demo", "language": "en"}]]
events = [[0, 0, 1], [0, 60, 1], [0, 3600, 2]]  # of series 0: at midnight, a minute and an hour later
ask("batch", source="example@python", seq=last + 1, base=1520380800, series=series, events=events)
ask("query", id=1, indicators=["web.pageviews"], by="month", where={"site": "demo"})
