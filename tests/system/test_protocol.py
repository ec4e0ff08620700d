"""The protocol as another programmer meets it: Python, pyzmq and msgpack, nothing of ours."""
import json
import subprocess
import sys
import threading
import time

import house
from house import HouseTest
from peer import Peer, at, members

PAGE = ('web.pageviews', {'site': 's', 'language': 'en'})
REQUEST = ('web.requests', {'site': 's'})
UNIQUE = ('web.visitors.unique', {'site': 's', 'language': 'en'})
DAY = at('2018-03-07')


class Protocol(HouseTest):
    def peer(self, source='peer@host', outbox='one'):
        peer = Peer(self.house.endpoint, source, outbox)
        self.addCleanup(peer.close)
        return peer

    def requests(self):
        return sum(self.house.table('web.requests').values())

    def test_example_script(self):
        script = house.os.path.join(house.SOURCE, 'proto', 'example.py')
        ran = subprocess.run([sys.executable, script, self.house.endpoint], env=self.house.environment(), timeout=house.LIMIT,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(ran.returncode, 0, ran.stderr.decode())
        self.assertTrue(self.house.figures('--from', '2000', '--to', '2099'))

    def test_bad_vectors(self):
        """Each frame of proto/vectors/bad.json is answered with the error that it is said to be."""
        with open(house.os.path.join(house.SOURCE, 'proto', 'vectors', 'bad.json'), encoding='utf-8') as file:
            vectors = json.load(file)
        peer = self.peer()
        for vector in vectors:
            with self.subTest(name=vector['name']):
                peer.send_frames(bytes.fromhex(vector['hex']))
                self.assertEqual(peer.expect('error')['code'], vector['code'])

    def test_welcome(self):
        welcome = self.peer().hello()
        self.assertEqual(welcome['last'], 0)
        self.assertEqual(welcome['source'], 'peer@host')
        for field in ('credit', 'max_bytes', 'max_series', 'max_events', 'max_others'):
            self.assertGreater(welcome[field], 0)

    def test_count_and_query(self):
        peer = self.peer()
        peer.hello()
        ack = peer.put([REQUEST, PAGE, UNIQUE], [[0, 0, 5], [1, 60, 2], [0, 86400, 1], [2, 0, members(7, 1 << 63)],
                                                 [2, 0, members(7, 9)], [1, -86400, 4]], base=DAY)
        self.assertEqual((ack['seq'], ack['accepted'], ack['repeated'], list(ack.get('refused', []))), (1, 6, False, []))
        self.assertEqual(peer.query('web.*', by='day', **{'from': '2018', 'to': '2018'}), {
            ('web.requests', '2018-03-07'): 5, ('web.requests', '2018-03-08'): 1, ('web.pageviews', '2018-03-07'): 2,
            ('web.pageviews', '2018-03-06'): 4, ('web.visitors.unique', '2018-03-07'): 3})

    def test_negative_takes_back(self):
        peer = self.peer()
        peer.hello()
        peer.put([REQUEST], [[0, DAY, 5], [0, DAY, -2]])
        peer.put([REQUEST], [[0, DAY, -3]])
        self.assertEqual(self.house.table('web.requests'), {('web.requests', '2018-03'): 0})

    def test_repeated_batch(self):
        peer = self.peer()
        peer.hello()
        batch = peer.batch([REQUEST], [[0, DAY, 5]])
        for number in range(4):
            peer.send('batch', batch)
            ack = peer.expect('ack')
            self.assertEqual((ack['seq'], ack['repeated']), (1, number > 0))
            self.assertEqual(ack['accepted'], 1 if number == 0 else 0)
        self.assertEqual(self.requests(), 5)

    def test_repeated_after_restart(self):
        peer = self.peer()
        peer.hello()
        peer.put([REQUEST], [[0, DAY, 5]])
        self.house.restart()
        again = self.peer()
        self.assertEqual(again.hello()['last'], 1)
        again.send('batch', again.batch([REQUEST], [[0, DAY, 5]], seq=1))
        self.assertTrue(again.expect('ack')['repeated'])
        self.assertEqual(self.requests(), 5)

    def test_repeated_at_once(self):
        """The same batch twice before either is on disk."""
        peer = self.peer()
        peer.hello()
        for _ in range(10):
            peer.send('batch', peer.batch([REQUEST], [[0, DAY, 5]]))
        acks = [peer.expect('ack') for _ in range(10)]
        self.assertEqual([ack['repeated'] for ack in acks].count(False), 1)
        self.assertEqual(self.requests(), 5)

    def test_gap(self):
        peer = self.peer()
        peer.hello()
        peer.put([REQUEST], [[0, DAY, 1]])
        peer.send('batch', peer.batch([REQUEST], [[0, DAY, 10]], seq=3))
        error = peer.expect('error')
        self.assertEqual((error['code'], error['seq'], error['source']), ('sequence', 3, 'peer@host'))
        self.assertEqual(peer.hello()['last'], 1)
        peer.put([REQUEST], [[0, DAY, 100]])
        self.assertEqual(self.requests(), 101)

    def test_batch_without_hello(self):
        """Known or not, nothing is lost: counted when it is the next, else an error tells what to do."""
        peer = self.peer()
        peer.send('batch', peer.batch([REQUEST], [[0, DAY, 1]], seq=1))
        type, answer = peer.receive()
        counted = type == 'ack'
        self.assertIn((type, answer.get('code')), [('ack', None), ('error', 'sequence')])
        self.assertEqual(self.requests(), 1 if counted else 0)
        if not counted:
            peer.hello()
            peer.put([REQUEST], [[0, DAY, 1]])
            self.assertEqual(self.requests(), 1)

    def test_hello_with_a_gap(self):
        """An outbox that can no longer send what the daemon misses (its older batches went to a daemon that was lost): it
        is told to go on, not refused for ever, and says so nowhere twice."""
        peer = self.peer()
        peer.say_hello(first=41)
        type, answer = peer.receive()
        if type == 'welcome':
            self.assertEqual(answer['last'], 40)
            peer.next = 41
            peer.put([REQUEST], [[0, DAY, 5]])
            self.assertEqual(self.requests(), 5)
        else:
            self.assertEqual(answer['code'], 'sequence')
            self.assertIn('41', answer['text'])

    def test_refused_events(self):
        series = [REQUEST, ('web.nonsense', {'site': 's'}), ('web.requests', {}), ('web.requests', {'site': 's', 'mood': 'x'}),
                  ('web.pageviews', {'site': 's', 'language': 'tlh'}), PAGE, UNIQUE]
        events = [[0, DAY, 1], [1, DAY, 1], [2, DAY, 1], [3, DAY, 1], [4, DAY, 1], [5, DAY, 1], [6, DAY, 1],
                  [0, DAY, members(1)], [0, DAY, 10 ** 12 + 1], [6, DAY, b'\x01short'], [6, DAY, b'\x02' + bytes(8)],
                  [6, DAY, b'\x01' + bytes(16)], [6, DAY, members(5)], [0, DAY, 10 ** 12], [0, DAY, -10 ** 12], [1, DAY, 2],
                  [0, 1 << 50, 1], [0, -(1 << 50), 1]]
        bad = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 15, 16, 17]
        peer = self.peer()
        peer.hello()
        ack = peer.put(series, events)
        refused = {index: ack['reasons'][reason] for index, reason in ack['refused']}
        self.assertEqual(sorted(refused), bad)
        self.assertEqual(ack['accepted'], len(events) - len(bad))
        for index, words in [(1, ['web.nonsense']), (2, ['site']), (3, ['mood']), (4, ['tlh', 'language'])]:
            for word in words:
                self.assertIn(word, refused[index])
        self.assertEqual(self.house.table('web.*'), {('web.requests', '2018-03'): 1, ('web.pageviews', '2018-03'): 1,
                                                     ('web.visitors.unique', '2018-03'): 1})

    def test_all_refused_is_acked(self):
        peer = self.peer()
        peer.hello()
        ack = peer.put([('web.nonsense', {})], [[0, DAY, 1]] * 3)
        self.assertEqual((ack['accepted'], len(ack['refused'])), (0, 3))
        self.assertEqual(peer.hello()['last'], 1)

    def test_empty_batch(self):
        peer = self.peer()
        peer.hello()
        self.assertEqual(peer.put([], [])['accepted'], 0)
        peer.put([REQUEST], [])
        self.assertEqual(peer.hello()['last'], 2)
        self.assertEqual(self.house.table(), {})

    def test_many_refused(self):
        """A hundred thousand refusals for a thousand different reasons: every index comes back."""
        peer = self.peer()
        peer.hello()
        series = [('web.none%d' % number, {'site': 's'}) for number in range(1000)]
        ack = peer.put(series, [[number % 1000, DAY, 1] for number in range(100000)])
        self.assertEqual([index for index, _ in ack['refused']], list(range(100000)))
        self.assertTrue(all(reason < len(ack['reasons']) for _, reason in ack['refused']))

    def test_two_outboxes_of_one_name_at_once(self):
        """Two collectors that were given the same source name: the second is refused for as long as the first is there."""
        one, two = self.peer(outbox='one'), self.peer(outbox='two')
        one.hello()
        two.say_hello(1)
        error = two.expect('error')
        self.assertEqual((error['code'], error['source'], error['seq']), ('busy', 'peer@host', 0))
        self.assertIn('source name of its own', error['text'])
        two.send('batch', two.batch([REQUEST], [[0, DAY, 10]]))
        self.assertEqual(two.expect('error')['code'], 'sequence')
        self.assertEqual(one.expect('welcome')['last'], 0)      # the first was asked whether it is there
        one.put([REQUEST], [[0, DAY, 1]])
        one.close()
        self.wait_welcome(two)
        two.put([REQUEST], [[0, DAY, 100]])
        self.assertEqual(self.requests(), 101)

    def wait_welcome(self, peer):
        """The daemon learns in its own time that a connection was closed."""
        deadline = time.monotonic() + peer.limit
        while True:
            peer.say_hello(1)
            type, fields = peer.receive()
            if type == 'welcome':
                return fields
            self.assertEqual(fields['code'], 'busy')
            self.assertLess(time.monotonic(), deadline)

    def test_two_outboxes_of_one_name_in_turn(self):
        """A state directory made anew: both numberings count."""
        for outbox, last in (('one', 0), ('two', 0), ('one', 1)):
            peer = self.peer(outbox=outbox)
            self.assertEqual(self.wait_welcome(peer)['last'], last)
            peer.next = last + 1
            peer.put([REQUEST], [[0, DAY, 1]])
            peer.close()
        self.assertEqual(self.requests(), 3)

    def test_two_sources(self):
        one, two = self.peer('a@host'), self.peer('b@host')
        for peer in (one, two):
            peer.hello()
            peer.put([REQUEST, UNIQUE], [[0, DAY, 5], [1, DAY, members(1, 2)]])
        self.assertEqual(self.house.table('web.*'), {('web.requests', '2018-03'): 10, ('web.visitors.unique', '2018-03'): 2})

    def test_two_connections_of_one_outbox(self):
        """The old connection has nothing to say any more, until it says hello; a batch and its copy count once, and another
        by the same number is no copy."""
        one, two = self.peer(), self.peer()
        one.hello()
        two.hello()
        one.send('batch', one.batch([REQUEST], [[0, DAY, 5]]))
        self.assertEqual(one.expect('error')['code'], 'sequence')
        two.send('batch', two.batch([REQUEST], [[0, DAY, 5]]))
        self.assertFalse(two.expect('ack')['repeated'])
        self.assertEqual(one.hello(1)['last'], 1)
        one.send('batch', one.batch([REQUEST], [[0, DAY, 5]], seq=1))
        self.assertTrue(one.expect('ack')['repeated'])
        one.send('batch', one.batch([REQUEST], [[0, DAY, 7]], seq=1))
        error = one.expect('error')
        self.assertEqual(error['code'], 'sequence')
        self.assertIn('other content', error['text'])
        one.send('batch', one.batch([REQUEST], [[0, DAY, 9]], seq=2))       # what follows on it neither, not before a hello
        self.assertEqual(one.expect('error')['code'], 'sequence')
        self.assertEqual(self.requests(), 5)
        self.assertEqual(one.hello(1)['last'], 1)

    def test_more_than_the_credit(self):
        """A hundred batches at once: each is acked, or told to come again; then all are counted once."""
        peer = self.peer()
        peer.hello()
        for seq in range(1, 101):
            peer.send('batch', peer.batch([REQUEST], [[0, DAY, 1]], seq=seq))
        for _ in range(100):
            type, answer = peer.receive()
            self.assertTrue(type == 'ack' or answer['code'] in ('busy', 'sequence'), answer)
        for _ in range(100):
            last = peer.hello()['last']
            if last == 100:
                break
            peer.put([REQUEST], [[0, DAY, 1]])
        self.assertEqual(self.requests(), 100)

    def test_acks_come_in_order(self):
        peer = self.peer()
        peer.hello()
        for seq in range(1, 51):
            peer.send('batch', peer.batch([REQUEST], [[0, DAY, 1]], seq=seq))
        self.assertEqual([peer.expect('ack')['seq'] for _ in range(50)], list(range(1, 51)))

    def test_ack_means_on_disk(self):
        for number in range(1, 6):
            peer = self.peer()
            peer.hello()
            peer.put([REQUEST, UNIQUE], [[0, DAY, 1], [1, DAY, members(number)]])
            self.house.kill()
            self.house.start()
            self.assertEqual(self.house.table('web.*'), {('web.requests', '2018-03'): number,
                                                         ('web.visitors.unique', '2018-03'): number})

    def test_queries_while_batches_come(self):
        """A reader sees whole batches: both series of each, or neither."""
        stop = threading.Event()
        faults = []

        def read():
            with Peer(self.house.endpoint, 'reader') as reader:
                while not stop.is_set():
                    table = reader.query('web.requests', split=['site'])
                    values = {value for value in table.values()}
                    if len(values) > 1:
                        faults.append(table)
        thread = threading.Thread(target=read)
        thread.start()
        try:
            peer = self.peer()
            peer.hello()
            for _ in range(200):
                peer.put([('web.requests', {'site': 'a'}), ('web.requests', {'site': 'b'})], [[0, DAY, 1], [1, DAY, 1]])
        finally:
            stop.set()
            thread.join()
        self.assertEqual(faults, [])

    def test_tcp(self):
        self.house.stop()
        daemon = self.house.start(listen=['tcp://127.0.0.1:*'], wait=False)
        endpoint = house.re.search(r'tcp://127\.0\.0\.1:[1-9]\d*', daemon.wait_line(r'ready on .*tcp://')).group()
        with Peer(endpoint) as peer:
            peer.hello()
            peer.put([REQUEST], [[0, DAY, 5]])
            self.assertEqual(sum(peer.query('web.requests').values()), 5)
        self.assertEqual(self.requests(), 5)

    def test_query_refused(self):
        peer = self.peer()
        for fields, code in [({'by': 'fortnight'}, 'query'), ({'from': 'soon'}, 'query'), ({'indicators': ['web.nonsense']}, 'query'),
                             ({'split': ['planet']}, 'query'), ({'where': {'planet': 'mars'}}, 'query'),
                             ({'indicators': ['*'] * 1000}, 'bad'), ({'split': ['site'] * 100}, 'bad'), ({'where': 5}, 'bad')]:
            with self.subTest(fields=str(fields)[:60]):
                peer.send('query', {'id': 9, 'indicators': ['web.*'], **fields})
                error = peer.expect('error')
                self.assertEqual(error['code'], code, error)
                if code == 'query':
                    self.assertEqual(error['id'], 9)

    def test_long_answer(self):
        """More figures than fit one chunk: all come, sorted, the last one marked."""
        peer = self.peer()
        peer.hello()
        sites = ['site%05d' % number for number in range(9000)]
        peer.put([('web.requests', {'site': site}) for site in sites], [[number, DAY, number] for number in range(9000)])
        table = peer.query('web.requests', split=['site'])
        self.assertEqual(list(table), [('web.requests', '2018-03', site) for site in sites])
        self.assertEqual(list(table.values()), list(range(9000)))


if __name__ == '__main__':
    house.main()
