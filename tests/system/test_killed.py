"""Killed at any moment, started again: the same figures. Moments are chosen in two ways: by the messages that pass a relay
between the two, and at random (the seed is printed; SUIVI_SEED sets it)."""
import os
import random
import signal
import sys
import threading
import time

import house
from peer import NoAnswer, Peer, Relay, at
from weblog_case import WeblogTest, LANGUAGES, make_log

SEED = int(os.environ.get('SUIVI_SEED') or random.SystemRandom().randrange(1 << 32))
PARTS = 12


def setUpModule():
    print('seed: SUIVI_SEED=%d' % SEED, file=sys.stderr)


class Killed(WeblogTest):
    def setUp(self):
        super().setUp()
        self.rng = random.Random('%d %s' % (SEED, self.id()))
        self.contents = [make_log(200 + number, people=20, days=26, start=start) for number, start in enumerate(
            ['2018-01-02', '2018-01-12', '2018-01-22', '2018-02-01'] * (PARTS // 4))]     # two months: both keys are there
        self.paths = [self.house.write('part%02d.log' % number, content) for number, content in enumerate(self.contents)]

    def start_weblog(self, *paths, endpoint=None):
        arguments = self.house.weblog_arguments(*paths, languages=LANGUAGES)
        if endpoint:
            arguments[1] = endpoint
        return self.house.spawn('suivi-weblog', *arguments)

    def finish(self):
        if not self.house.daemon.alive():
            self.house.start()
        self.weblog(*self.paths)
        self.assert_figures(self.reference(*self.contents))

    def kill_after(self, running, seconds):
        """Kills unless it ends before; no sleep when it does."""
        try:
            running.process.wait(seconds)
        except house.subprocess.TimeoutExpired:
            pass
        running.kill()

    def duration(self):
        """How long a run of one part takes here."""
        started = time.monotonic()
        self.house.weblog(self.paths[0], site='measure', state='measure', languages=LANGUAGES)
        return time.monotonic() - started

    def test_collector_at_random_moments(self):
        whole = self.duration()
        for path in self.paths:
            self.kill_after(self.start_weblog(path), self.rng.uniform(0, whole * 1.2))
        for _ in range(6):
            self.kill_after(self.start_weblog(*self.paths), self.rng.uniform(0, whole * 3))
        self.finish()

    def test_daemon_at_random_moments(self):
        whole = self.duration()
        for path in self.paths:
            if not self.house.daemon.alive():
                self.house.start()
            running = self.start_weblog(path)
            self.kill_after(self.house.daemon, self.rng.uniform(0, whole * 1.2))
            self.house.start()
            running.wait()
        self.finish()

    def test_both_at_random_moments(self):
        whole = self.duration()
        for path in self.paths:
            if not self.house.daemon.alive():
                self.house.start()
            running = self.start_weblog(path)
            victims = [running, self.house.daemon]
            self.rng.shuffle(victims)
            for victim in victims:
                self.kill_after(victim, self.rng.uniform(0, whole * 0.6))
        self.finish()

    def test_daemon_terminated_in_the_middle(self):
        whole = self.duration()
        for path in self.paths[:6]:
            running = self.start_weblog(path)
            try:
                running.process.wait(self.rng.uniform(0, whole))
            except house.subprocess.TimeoutExpired:
                pass
            self.house.stop()
            self.house.start()
            running.wait()
        self.finish()

    def at_message(self, victim, direction, wanted, forward, count=1):
        """Kills `victim` when the count-th message `wanted` passes, before or (forward) after it went on."""
        relay_endpoint = 'ipc://' + self.house.path('relay.ipc')
        seen, moment = [0], threading.Event()

        def hook(way, type, fields):
            if (way, type) != (direction, wanted) or moment.is_set():
                return True
            seen[0] += 1
            if seen[0] < count:
                return True
            moment.set()
            if forward:
                return True
            kill()
            return False

        def kill():
            (running if victim == 'collector' else self.house.daemon).process.kill()

        relay = Relay(relay_endpoint, self.house.endpoint, hook)
        try:
            running = self.start_weblog(*self.paths[:4], endpoint=relay_endpoint)
            self.assertTrue(moment.wait(house.LIMIT), 'no %s passed' % wanted)
            kill()
            running.wait() if victim == 'collector' else self.house.daemon.wait()
            if victim == 'daemon':
                self.house.start()
                self.assertIn(running.wait(), (0, 1), running.stderr())
        finally:
            relay.close()
        self.finish()

    def test_collector_before_the_hello_arrives(self):
        self.at_message('collector', 'up', 'hello', False)

    def test_collector_at_the_welcome(self):
        self.at_message('collector', 'down', 'welcome', False)

    def test_collector_before_the_batch_arrives(self):
        self.at_message('collector', 'up', 'batch', False)

    def test_collector_after_the_batch_went(self):
        self.at_message('collector', 'up', 'batch', True)

    def test_collector_before_the_ack_arrives(self):
        """On disk there, not known here: the batch is sent again and counted once."""
        self.at_message('collector', 'down', 'ack', False)

    def test_collector_after_the_ack(self):
        self.at_message('collector', 'down', 'ack', True)

    def test_daemon_before_the_batch_arrives(self):
        self.at_message('daemon', 'up', 'batch', False)

    def test_daemon_after_the_batch_went(self):
        self.at_message('daemon', 'up', 'batch', True)

    def test_daemon_and_the_ack_is_lost(self):
        self.at_message('daemon', 'down', 'ack', False)

    def test_daemon_after_the_ack(self):
        self.at_message('daemon', 'down', 'ack', True)

    def test_every_other_answer_is_lost(self):
        """No one is killed, but half of what the daemon says never arrives, in several runs."""
        relay_endpoint = 'ipc://' + self.house.path('relay.ipc')
        relay = Relay(relay_endpoint, self.house.endpoint, lambda way, *_: way == 'up' or self.rng.random() < 0.5)
        try:
            for path in self.paths[:4]:
                running = self.start_weblog(path, endpoint=relay_endpoint)
                self.kill_after(running, 3)
        finally:
            relay.close()
        self.finish()


class Batches(WeblogTest):
    """The daemon alone, under a peer that never stops: what was acked is there, and nothing twice."""

    def answer(self, peer):
        """The next answer, or None when the daemon has ended and none is left."""
        while True:
            ended = not self.house.daemon.alive()
            try:
                return peer.receive(limit=0.1)
            except NoAnswer:
                if ended:
                    return None

    def test_killed_while_batches_come(self):
        rng = random.Random('%d %s' % (SEED, self.id()))
        series = [('web.requests', {'site': 's%d' % number}) for number in range(50)]
        acked, wanted = 0, {}
        batches = {}

        def make(seq):
            if seq not in batches:
                batches[seq] = [[rng.randrange(50), at('2018-%02d-%02d' % (rng.randrange(1, 13), rng.randrange(1, 29))),
                                 rng.randrange(1, 9)] for _ in range(400)]
            return batches[seq]

        for _ in range(8):
            killer = threading.Timer(rng.uniform(0.005, 0.25), self.house.daemon.process.kill)
            with Peer(self.house.endpoint) as peer:
                welcome = peer.hello()
                self.assertGreaterEqual(welcome['last'], acked, 'an acked batch was lost')
                acked, sending = welcome['last'], welcome['last'] + 1
                peer.send('batch', peer.batch(series, make(sending), seq=sending))
                sending += 1
                killer.start()
                while answer := self.answer(peer):
                    self.assertEqual(answer[0], 'ack', answer)
                    acked = max(acked, answer[1]['seq'])
                    while sending <= acked + 8:
                        peer.send('batch', peer.batch(series, make(sending), seq=sending))
                        sending += 1
            self.house.daemon.wait()
            self.house.start()
        with Peer(self.house.endpoint) as peer:
            last = peer.hello()['last']
            self.assertGreaterEqual(last, acked)
        for seq in range(1, last + 1):
            for number, when, value in batches[seq]:
                key = ('web.requests', time.strftime('%Y-%m', time.gmtime(when)), 's%d' % number)
                wanted[key] = wanted.get(key, 0) + value
        self.assertGreater(last, 0)
        self.assertEqual(self.house.table('web.requests', split=['site']), wanted)

    def test_killed_right_after_an_ack(self):
        for number in range(5):
            with Peer(self.house.endpoint) as peer:
                peer.hello()
                peer.count('web.requests', {'site': 'acked'}, '2018-03-07', 1)
                self.house.daemon.process.kill()
            self.house.daemon.wait()
            self.house.start()
            self.assertEqual(self.house.table('web.requests'), {('web.requests', '2018-03'): number + 1})

    def test_terminated_while_batches_come(self):
        """SIGTERM in the middle of a stream: what it took in is on disk when it is gone."""
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            for seq in range(1, 33):
                peer.send('batch', peer.batch([('web.requests', {'site': 's'})], [[0, at('2018-03-07'), 1]] * 1000, seq=seq))
            acked = peer.expect('ack')['seq']
            self.house.daemon.signal(signal.SIGTERM)
            while answer := self.answer(peer):
                if answer[0] == 'ack':
                    acked = max(acked, answer[1]['seq'])
        self.assertEqual(self.house.daemon.wait(), 0)
        self.house.start()
        with Peer(self.house.endpoint) as peer:
            last = peer.hello()['last']
        self.assertGreaterEqual(last, acked)
        self.assertEqual(self.house.table('web.requests'), {('web.requests', '2018-03'): last * 1000})


if __name__ == '__main__':
    house.main()
