"""The encoding of sets as proto/PROTOCOL.md has it, written plainly and on its own: no code of ours takes part. What came to each
register is kept as a set of values, and the most likely count is found by halving."""

import math

EXACT_MAX = 1024
REGISTERS = 2048
VALUES = 208
BELOW = 24
BIAS = 0.09119360205952269


def register_and_value(number):
    zeros = 0
    while zeros < 51 and not number >> (63 - zeros) & 1:
        zeros += 1
    return number >> 2 & 2047, 4 * zeros + (number & 3) + 1


def encode(hashes):
    """The bytes of a set of 64-bit hashes."""
    hashes = set(hashes)
    if len(hashes) <= EXACT_MAX:
        return b"\x01" + b"".join(number.to_bytes(8, "big") for number in sorted(hashes))
    came = [{0} for _ in range(REGISTERS)]
    for number in hashes:
        register, value = register_and_value(number)
        came[register].add(value)
    dense = b"\x02"
    for values in came:
        largest = max(values)
        seen = sum(1 << (BELOW - below) for below in range(1, BELOW + 1) if largest - below in values)
        dense += (largest << BELOW | seen).to_bytes(4, "big")
    return dense


def registers(dense):
    return [int.from_bytes(dense[at : at + 4], "big") for at in range(1, len(dense), 4)]


def valid_register(held):
    largest, seen = held >> BELOW, held & (1 << BELOW) - 1
    if largest == 0 or largest > VALUES:
        return held == 0
    if largest > BELOW:
        return True
    return seen >> (BELOW - largest) & 1 == 1 and seen & (1 << (BELOW - largest)) - 1 == 0


def valid(encoded):
    if encoded[:1] == b"\x01":
        hashes = [encoded[at : at + 8] for at in range(1, len(encoded), 8)]
        whole = (len(encoded) - 1) % 8 == 0 and len(hashes) <= EXACT_MAX
        return whole and all(one < next_one for one, next_one in zip(hashes, hashes[1:]))
    if encoded[:1] != b"\x02" or len(encoded) != 1 + 4 * REGISTERS:
        return False
    held = registers(encoded)
    return any(held) and all(map(valid_register, held))


def probability(value):
    return 2.0 ** -min((value - 1) // 4 + 3, 53)


def count(encoded):
    """How many hashes a valid set has, or most likely had."""
    if encoded[:1] == b"\x01":
        return (len(encoded) - 1) // 8
    came, missed = {}, 0.0
    for held in registers(encoded):
        largest = held >> BELOW
        for value in range(max(1, largest - BELOW), VALUES + 1):
            if value == largest or (value < largest and held >> (BELOW - largest + value) & 1):
                came[probability(value)] = came.get(probability(value), 0) + 1
            else:
                missed += probability(value)
    low, high = 1e-9, 1e17
    for _ in range(200):
        rate = math.sqrt(low * high)
        told = sum(times * share / math.expm1(rate * share) for share, times in came.items() if rate * share < 700)
        low, high = (rate, high) if told > missed else (low, rate)
    return round(REGISTERS * low / (1 + BIAS / REGISTERS))


def splitmix64(seed, how_many):
    """Hashes for the vectors: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014)."""
    mask = (1 << 64) - 1
    for _ in range(how_many):
        seed = seed + 0x9E3779B97F4A7C15 & mask
        mixed = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 & mask
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & mask
        yield mixed ^ mixed >> 31
