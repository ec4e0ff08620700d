#!/usr/bin/python3
"""Checks proto/vectors with an implementation of MessagePack that is not ours: the frames say what they are said to say,
and the canonical ones are what any encoder makes of the message. Likewise the encodings of sets, with sketch.py."""

import hashlib
import json
import pathlib
import sys

import msgpack

import sketch

TYPES = (
    *("hello", "welcome", "batch", "ack", "query", "figures", "error", "sources", "ledger", "check", "findings"),
    *("plan", "indicators", "explain", "explanation", "due", "duties", "closings", "close", "closed"),
    *("withdraw", "withdrawn"),
)
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "proto" / "vectors"


def plain(value):
    """JSON has no bytes: {"bin": "00ff"} stands for them."""
    if isinstance(value, dict):
        if list(value) == ["bin"]:
            return bytes.fromhex(value["bin"])
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def check_good(kind, entry):
    frame, message = bytes.fromhex(entry["hex"]), plain(entry["message"])
    assert msgpack.unpackb(frame, strict_map_key=True) == message, "the frame is not the message"
    assert message[:2] == [1, kind], "another type or version"
    if entry["canonical"]:
        assert msgpack.packb(message) == frame, "the message is not the frame"
        assert "reads" not in entry, "a canonical message is read as it is"


def check_bad(entry):
    bytes.fromhex(entry["hex"])
    assert entry["error"] and entry["code"] in ("bad", "version"), "no sentence or code"


def set_of(entry):
    """The bytes that the entry is about."""
    if "registers" in entry:
        held = [entry["registers"].get(str(number), "00000000") for number in range(sketch.REGISTERS)]
        return bytes.fromhex("02" + "".join(held))
    if entry.get("refused"):
        return bytes.fromhex(entry["hex"])
    hashes = [int(number, 16) for number in entry.get("hashes", [])]
    return sketch.encode([*hashes, *sketch.splitmix64(*entry.get("splitmix64", (0, 0)))])


def check_set(entry):
    encoded = set_of(entry)
    assert sketch.valid(encoded) != entry.get("refused", False), "taken for the other of valid and refused"
    if entry.get("refused"):
        return
    if "hex" in entry:
        assert encoded.hex() == entry["hex"], "other bytes"
    if "sha256" in entry:
        assert hashlib.sha256(encoded).hexdigest() == entry["sha256"], "other bytes"
    assert abs(sketch.count(encoded) - entry["count"]) <= (1 if encoded[0] == 2 else 0), "another count"


def main():
    failed = checked = 0
    assert {path.stem for path in FOLDER.glob("*.json")} == {*TYPES, "bad", "sets"}, "a file for each type, and these two"
    for kind in (*TYPES, "bad", "sets"):
        for entry in json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8")):
            checked += 1
            try:
                if kind == "sets":
                    check_set(entry)
                elif kind == "bad":
                    check_bad(entry)
                else:
                    check_good(kind, entry)
            except (AssertionError, ValueError) as error:
                failed += 1
                print(f"{kind}.json: {entry['name']}: {error}", file=sys.stderr)
    print(f"{checked} vectors, {failed} failed")
    return 1 if failed or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
