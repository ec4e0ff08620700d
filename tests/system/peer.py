"""The other side of the daemon's socket, in Python: a peer that says what the protocol says, or anything else, and a relay
between a collector and the daemon that sees each message pass."""
import calendar
import threading
import time

import msgpack
import zmq

import sketch

VERSION = 1
LIMIT = 30      # seconds for an answer


def at(day, seconds=43200):
    return calendar.timegm(time.strptime(day, '%Y-%m-%d')) + seconds


def members(*hashes):
    """A set as it travels."""
    return sketch.encode(hashes)


class NoAnswer(Exception):
    pass


class Peer:
    def __init__(self, endpoint, source='peer@host', outbox='one', limit=LIMIT, context=None):
        self.source, self.outbox, self.limit = source, outbox, limit
        self.next = 1
        self.own = context is None      # many peers share one, with its threads
        self.context = context or zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.setsockopt(zmq.SNDHWM, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.connect(endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        if self.own:
            self.context.term()

    # Frames

    def send_frames(self, *frames):
        self.socket.send_multipart(frames)

    def send(self, type, fields, version=VERSION):
        self.send_frames(msgpack.packb([version, type, fields]))

    def receive(self, limit=None):
        """(type, fields)"""
        if not self.socket.poll((limit or self.limit) * 1000):
            raise NoAnswer('no answer within %s s' % (limit or self.limit))
        frames = self.socket.recv_multipart()
        assert len(frames) == 1, frames
        version, type, fields = msgpack.unpackb(frames[0], strict_map_key=False)
        assert version == VERSION, version
        return type, fields

    def expect(self, wanted):
        type, fields = self.receive()
        assert type == wanted, (type, fields)
        return fields

    # Messages

    def say_hello(self, first=None):
        self.send('hello', {'source': self.source, 'outbox': self.outbox, 'software': 'test',
                            'first': self.next if first is None else first})

    def hello(self, first=None):
        """Goes on from where the daemon is."""
        self.say_hello(1 if first is None else first)
        welcome = self.expect('welcome')
        self.next = welcome['last'] + 1
        return welcome

    def batch(self, series, events, seq=None, base=0):
        """What `send` takes. series: [(indicator, dims)], events: [[series, time - base, value]]"""
        return {'source': self.source, 'outbox': self.outbox, 'seq': self.next if seq is None else seq, 'base': base,
                'series': [[indicator, dims] for indicator, dims in series], 'events': events}

    def put(self, series, events, base=0, **more):
        """Sends the next batch and takes its ack."""
        self.send('batch', {**self.batch(series, events, base=base), **more})
        ack = self.expect('ack')
        assert ack['seq'] == self.next, ack
        self.next += 1
        return ack

    def count(self, indicator, dims, day, value):
        ack = self.put([(indicator, dims)], [[0, at(day), value]])
        assert ack['accepted'] == 1 and not ack.get('refused'), ack
        return ack

    def tell(self, statements, **more):
        """One batch of (indicator, dims, at, value); value: a number, a frozenset of hashes, a name, or a dict, an entry."""
        places, events = {}, []
        for indicator, dims, when, value in statements:
            place = places.setdefault((indicator, tuple(sorted(dims.items()))), len(places))
            events.append((place, when, members(*value) if isinstance(value, frozenset) else value))
        base = min([when for _, when, _ in events], default=0)
        return self.put([(indicator, dict(dims)) for indicator, dims in places],
                        [[place, when - base, value] for place, when, value in events], base, **more)

    def query(self, *indicators, **fields):
        """{(indicator, period, values of the split...): value}"""
        self.send('query', {'id': 7, 'indicators': list(indicators), **fields})
        table = {}
        while True:
            answer = self.expect('figures')
            assert answer['id'] == 7, answer
            for figure in answer['figures']:
                table[(figure[0], figure[1], *figure[2])] = figure[3]
            if answer['last']:
                return table


class Relay:
    """Stands between one collector and the daemon. `hook(direction, type, fields)` is asked about every message, direction
    'up' (to the daemon) or 'down', and answers False to swallow it, or (type, fields) for a message to be answered with
    that in the daemon's place. Goes on over restarts of either side."""

    def __init__(self, front, back, hook):
        self.hook = hook
        self.fault = None
        self.context = zmq.Context()
        self.front = self.context.socket(zmq.ROUTER)
        self.front.linger = 0
        self.front.bind(front)
        self.backs = {}
        self.back_endpoint = back
        self.stop_sender = self.context.socket(zmq.PAIR)
        self.stop_receiver = self.context.socket(zmq.PAIR)
        self.stop_receiver.bind('inproc://stop')
        self.stop_sender.connect('inproc://stop')
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _back(self, identity, poller):
        if identity not in self.backs:
            back = self.context.socket(zmq.DEALER)
            back.linger = 0
            back.setsockopt(zmq.RECONNECT_IVL, 10)
            back.connect(self.back_endpoint)
            self.backs[identity] = back
            poller.register(back, zmq.POLLIN)
        return self.backs[identity]

    def _asked(self, direction, frame):
        _, type, fields = msgpack.unpackb(frame, strict_map_key=False)
        return self.hook(direction, type, fields)

    def _run(self):
        poller = zmq.Poller()
        poller.register(self.front, zmq.POLLIN)
        poller.register(self.stop_receiver, zmq.POLLIN)
        try:
            while True:
                ready = dict(poller.poll())
                if self.stop_receiver in ready:
                    break
                if self.front in ready:
                    identity, frame = self.front.recv_multipart()
                    said = self._asked('up', frame)
                    if isinstance(said, tuple):
                        self.front.send_multipart([identity, msgpack.packb([VERSION, *said])])
                    elif said is not False:
                        self._back(identity, poller).send(frame)
                for identity, back in list(self.backs.items()):
                    if back in ready:
                        frame = back.recv()
                        if self._asked('down', frame) is not False:
                            self.front.send_multipart([identity, frame])
        except Exception as fault:      # shown by close, in the test's thread
            self.fault = fault
        for socket in [self.front, self.stop_receiver, *self.backs.values()]:
            socket.close()

    def close(self):
        self.stop_sender.send(b'')
        self.thread.join(LIMIT)
        self.stop_sender.close()
        self.context.term()
        if self.fault:
            raise self.fault
