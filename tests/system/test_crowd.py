"""Many senders, and senders that ask for too much: everyone is served, and the daemon's memory has a bound."""
import os
import resource
import signal
import struct
import threading

import msgpack
import zmq

import house
from house import HouseTest
from peer import VERSION, Peer, at, members

DAY = at('2018-03-07')
MEGABYTE = 1 << 20


class Crowd(HouseTest):
    def setUp(self):
        super().setUp()
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        self.context = zmq.Context()
        self.context.max_sockets = 2000
        self.addCleanup(self.context.term)

    def peer(self, source):
        peer = Peer(self.house.endpoint, source, 'one', context=self.context)
        self.addCleanup(peer.close)
        peer.hello()
        return peer

    def batches(self, peer, count, events, sites=1):
        """Frames of that many batches that differ in their numbers only, packed once."""
        frame = msgpack.packb([VERSION, 'batch', peer.batch([('web.requests', {'site': 'site-%d' % n}) for n in range(sites)],
                                                            [[n % sites, DAY, 1] for n in range(events)], seq=1 << 40)])
        before, after = frame.split(struct.pack('>Q', 1 << 40))
        return [before + struct.pack('>Q', seq) + after for seq in range(1, count + 1)]

    def hold(self, work):
        """Does something while the daemon stands still, so that all of it is there at once when it goes on."""
        os.kill(self.house.daemon.pid, signal.SIGSTOP)
        try:
            work()
        finally:
            os.kill(self.house.daemon.pid, signal.SIGCONT)

    def test_a_large_sender_does_not_hold_up_small_ones(self):
        """64 batches of 800 000 events wait when 300 others come with one batch each: these are served in turn with it."""
        large, small = self.peer('large@host'), [self.peer('small-%d@host' % number) for number in range(300)]

        def send():
            for frame in self.batches(large, 64, 800_000):
                large.send_frames(frame)
            for peer in small:
                peer.send_frames(*self.batches(peer, 1, 10))
        self.hold(send)
        for peer in small:
            self.assertFalse(peer.expect('ack')['repeated'])
        waiting = 64
        while waiting and large.socket.poll(0):
            large.expect('ack')
            waiting -= 1
        self.assertGreater(waiting, 0, 'the large sender was served before the small ones')
        for _ in range(waiting):
            large.expect('ack')
        self.assertEqual(sum(self.house.table('web.requests').values()), 64 * 800_000 + 3000)

    def sets(self, peer, count):
        """Frames of that many batches, each of 16 384 sets in cells of their own."""
        events = [[n % 64, at('2017-01-01') + n // 64 * 86400, members(n + 1)] for n in range(16384)]
        return [msgpack.packb([VERSION, 'batch', peer.batch([
            ('web.visitors.unique', {'site': 'site-%d-%d' % (seq, n), 'language': 'en'}) for n in range(64)], events, seq=seq)])
            for seq in range(1, count + 1)]

    def test_what_waits_is_taken_in_turn(self):
        """64 batches of one sender wait in the daemon when another begins to send, one after the other."""
        large, small = self.peer('large@host'), self.peer('small@host')
        frames, acked = self.sets(large, 64), 0

        def send():
            for frame in frames:
                large.send_frames(frame)
            large.send('query', {'id': 1, 'indicators': ['web.requests']})
        self.hold(send)
        while (answer := large.receive())[0] == 'ack':      # a question takes no turn: by its answer the daemon has it all
            acked += 1
        self.assertEqual(answer[0], 'figures', answer)
        for _ in range(3):
            small.count('web.requests', {'site': 'small'}, '2018-03-07', 1)
        while acked < 64 and large.socket.poll(0):
            large.expect('ack')
            acked += 1
        self.assertLess(acked, 64, 'the small sender was served after the large one')
        for _ in range(64 - acked):
            self.assertEqual(large.expect('ack')['accepted'], 16384)
        self.assertEqual(sum(self.house.table('web.requests').values()), 3)

    def test_who_goes_beyond_its_credit_is_told(self):
        """Nothing is read from it beyond a bound, and it counts once what was acked."""
        peer = self.peer('flood@host')
        before = self.house.daemon.memory('VmHWM')
        frames = self.batches(peer, 300, 150_000, sites=50)
        self.assertGreater(len(frames[0]), MEGABYTE)

        def send():
            for frame in frames:
                peer.send_frames(frame)
        self.hold(send)
        acked = 0
        for _ in range(300):
            type, answer = peer.receive()
            self.assertTrue(type == 'ack' or answer['code'] in ('busy', 'sequence'), answer)
            acked += type == 'ack'
        self.assertGreaterEqual(acked, 1)
        self.assertEqual(peer.hello(1)['last'], acked)
        self.assertEqual(sum(self.house.table('web.requests').values()), acked * 150_000)
        if not house.SANITIZE:
            self.assertLess(self.house.daemon.memory('VmHWM') - before, 450)

    def test_a_thousand_sources(self):
        """Each with a few batches at once, all counted, in bounded memory."""
        peers = [self.peer('source-%d@host' % number) for number in range(1000)]

        def send():
            for peer in peers:
                for frame in self.batches(peer, 3, 100):
                    peer.send_frames(frame)
        self.hold(send)
        for peer in peers:
            self.assertEqual([peer.expect('ack')['seq'] for _ in range(3)], [1, 2, 3])
        self.assertEqual(sum(self.house.table('web.requests').values()), 300_000)
        if not house.SANITIZE:
            self.assertLess(self.house.daemon.memory('VmHWM'), 150)

    def test_a_question_sees_one_moment(self):
        """Each batch adds 1 to each of twenty series: whenever one asks, all twenty are equal, and never less than before."""
        def send():
            peer = self.peer('twenty@host')
            for seq, frame in enumerate(self.batches(peer, 2000, 20, sites=20), 1):
                peer.send_frames(frame)
                if seq > 32:
                    peer.expect('ack')
            for _ in range(32):
                peer.expect('ack')
        sender = threading.Thread(target=send)
        seen, last = set(), 0
        with Peer(self.house.endpoint) as asker:
            asker.query('web.requests')
            sender.start()
            self.addCleanup(sender.join)
            while last < 2000:
                values = asker.query('web.requests', split=['site'])
                self.assertIn(len(values), (0, 20))
                self.assertLessEqual(len(set(values.values())), 1, values)
                now = max(values.values(), default=0)
                self.assertGreaterEqual(now, last)
                last = now
                seen.add(now)
        self.assertGreater(len(seen), 5)


if __name__ == '__main__':
    house.main()
