"""Everything that goes in is accounted for, at every hand-over from the line of a log to the figure:

    lines = requests + malformed                              what suivi-weblog says
    requests, malformed = values of the events sent           what a relay sees pass
    events = counted + refused + counted before               what suivi-weblog says, by the daemon's acks
    read = accepted + refused + repeated                      suivi sources
    the ledger = the cells, the months = their days           suivi check
    values sent and not refused = figures                     suivi figures
"""
import collections
import csv
import io
import re
import threading

import house
from house import HouseTest
from peer import Peer, Relay, at, members
from weblog_case import WeblogTest, LANGUAGES, make_log

SITE = 'site'
SAID = re.compile(r'suivi-weblog: (\d+) new lines?: (\d+) requests? \((\d+) by robots\), (\d+) malformed'
                  r'(?: \((\d+) taken back[^)]*\))?; (\d+) batch(?:es)? acknowledged'
                  r'(?:: (\d+) events?, (\d+) counted(?:, (\d+) refused)?(?:, (\d+) counted before)?)?$', re.M)
Said = collections.namedtuple('Said', 'lines requests robots malformed taken_back batches events counted refused again')


def said_in(err):
    """The line in which suivi-weblog sums a run up; it adds up by itself."""
    found = SAID.search(err)
    assert found, err
    said = Said(*(int(number or 0) for number in found.groups()))
    assert said.lines == said.requests + said.malformed, said
    assert said.events == said.counted + said.refused + said.again, said
    return said


class Watch:
    """The hook of a relay: keeps every batch and every ack that passes, and may lose some."""

    def __init__(self):
        self.batches = {}               # by (outbox, seq), as first sent
        self.sent = collections.Counter()
        self.acks = []                  # that left the daemon, also those that were lost
        self.lose = lambda direction, type, fields: False
        self.lock = threading.Lock()

    def __call__(self, direction, type, fields):
        with self.lock:
            if type == 'batch':
                key = fields['outbox'], fields['seq']
                assert self.batches.setdefault(key, fields) == fields, 'a batch changed'
                self.sent[key] += 1
            if type == 'ack':
                self.acks.append(fields)
            return not self.lose(direction, type, fields)

    def events(self):
        return sum(len(fields['events']) for fields in self.batches.values())

    def values(self, refused=()):
        """{indicator: sum of the numbers sent}, without the events (seq, index) that were refused"""
        sums = collections.Counter()
        for (_, seq), fields in self.batches.items():
            for index, (series, _, value) in enumerate(fields['events']):
                if isinstance(value, int) and (seq, index) not in refused:
                    sums[fields['series'][series][0]] += value
        return sums

    def refused(self):
        return {(ack['seq'], index) for ack in self.acks for index, _ in ack.get('refused', [])}


def sources(house_):
    rows = list(csv.DictReader(io.StringIO(house_.run('suivi', 'sources', '--format', 'csv').out, newline='')))
    for row in rows:
        for name in set(row) - {'source', 'outbox', 'heard'}:
            row[name] = int(row[name])
        assert row['read'] == row['accepted'] + row['refused'] + row['repeated'], row
        assert row['last'] == row['batches'] + row['missing'], row
    return rows


def check(house_, code=0):
    return house_.run('suivi', 'check', code=code).out


class Balance(WeblogTest):
    def setUp(self):
        super().setUp()
        self.watch = Watch()
        self.relay_endpoint = 'ipc://' + self.house.path('relay.ipc')
        self.relay = Relay(self.relay_endpoint, self.house.endpoint, self.watch)
        self.addCleanup(lambda: self.relay.close())
        self.said = []

    def count(self, *paths, code=0, languages=LANGUAGES):
        """One run of suivi-weblog, through the relay."""
        arguments = self.house.weblog_arguments(*paths, languages=languages)
        arguments[1] = self.relay_endpoint
        ran = self.house.run('suivi-weblog', *arguments, '--timeout', '60', code=code)
        self.said.append(said_in(ran.err))
        return self.said[-1]

    def total(self, what):
        return sum(getattr(said, what) for said in self.said)

    def assert_lines(self, *contents):
        """What was read is what there was: the reference reads the same logs slowly."""
        reference = self.reference(*contents).count()['total']
        malformed = self.total('malformed') - self.total('taken_back')
        self.assertEqual(self.total('requests'), reference['web.requests'])
        self.assertEqual(self.total('robots'), reference['web.robots'])
        self.assertEqual(malformed, reference.get('web.malformed', 0))
        values = self.watch.values()
        self.assertEqual(values['web.requests'], self.total('requests'))
        self.assertEqual(values['web.robots'], self.total('robots'))
        self.assertEqual(values['web.malformed'], malformed)

    def assert_books(self, exact=True):
        """From the outbox on. exact: the daemon lost nothing of what it answered, and answered all that it read."""
        row, = sources(self.house)
        events, refused = self.watch.events(), self.watch.refused()
        first = [ack for ack in self.watch.acks if not ack['repeated']]
        again = [ack for ack in self.watch.acks if ack['repeated']]
        carried = {seq: len(fields['events']) for (_, seq), fields in self.watch.batches.items()}
        self.assertEqual(row['accepted'] + row['refused'], events)
        self.assertEqual(row['refused'], len(refused))
        self.assertEqual(row['batches'], len(self.watch.batches))
        if exact:
            self.assertEqual(row['accepted'], sum(ack['accepted'] for ack in first))
            self.assertEqual(row['repeated'], sum(carried[ack['seq']] for ack in again))
            self.assertEqual(row['batches_again'], len(again))
            self.assertEqual(row['read'], sum(carried[ack['seq']] for ack in self.watch.acks))
        else:
            self.assertGreaterEqual(row['repeated'], sum(carried[ack['seq']] for ack in again))
        self.assertIn('all is well', check(self.house))
        figures = collections.Counter()
        for (indicator, _), value in self.house.table('web.*', '--where', 'site=' + SITE).items():
            figures[indicator] += value
        wanted = self.watch.values(refused)
        self.assertTrue(wanted)
        for indicator, value in wanted.items():
            self.assertEqual(figures[indicator], value, indicator)
        return row

    def test_plain(self):
        content = make_log(301, people=30, days=40)
        said = self.count(self.house.write('access.log', content))
        row = self.assert_books()
        self.assert_lines(content)
        self.assertGreater(said.malformed, 0)
        self.assertEqual((said.events, said.counted, said.refused, said.again), (row['read'], row['accepted'], 0, 0))
        self.assert_figures(self.reference(content))

    def test_grown_in_pieces_and_read_again(self):
        """Lines that were counted already are none of the next run; one that was cut short is taken back."""
        content = make_log(302, people=30, days=40)
        path = self.house.path('access.log')
        for end in (len(content) // 3 + 7, len(content) // 2 + 11, len(content) // 2 + 11, len(content), len(content)):
            self.house.write('access.log', content[:end])
            self.count(path)
        self.assertEqual(self.said[2].lines, 0)
        self.assertEqual(self.said[4].lines, 0)
        row = self.assert_books()
        self.assert_lines(content)
        self.assertEqual(row['read'], self.total('events'))
        self.assertEqual(self.total('lines') - self.total('taken_back'), self.total('requests') +
                         self.total('malformed') - self.total('taken_back'))
        self.assert_figures(self.reference(content))

    def test_lost_acks(self):
        """The first ack of each batch is lost: it comes again, and is told as counted before."""
        contents = [make_log(310 + number, people=20, days=26, start='2018-01-%02d' % (2 + 9 * number))
                    for number in range(3)]
        lost = set()

        def lose(direction, type, fields):
            if type != 'ack' or fields['seq'] in lost:
                return False
            lost.add(fields['seq'])
            return True
        self.watch.lose = lose
        for number, content in enumerate(contents):
            said = self.count(self.house.write('part%d.log' % number, content))
            self.assertEqual((said.counted, said.again), (0, said.events))
        row = self.assert_books()
        self.assert_lines(*contents)
        self.assertEqual(row['batches_again'], len(lost))
        self.assertEqual(row['repeated'], row['accepted'])
        self.assert_figures(self.reference(*contents))

    def test_refused_events(self):
        """Pages in a language that the plan does not have; their acks are lost, too, the first time."""
        content = make_log(320, people=30, days=30).replace(b'/ru/', b'/tlh/')
        lost = set()

        def lose(direction, type, fields):
            if type != 'ack' or fields['seq'] in lost:
                return False
            lost.add(fields['seq'])
            return True
        self.watch.lose = lose
        said = self.count(self.house.write('access.log', content), code=1, languages='en,fr,es,tlh,zh')
        self.watch.lose = lambda *_: False
        again = self.count(self.house.write('more.log', content.replace(b'2018', b'2017')), code=1,
                           languages='en,fr,es,tlh,zh')
        row = self.assert_books()
        self.assertGreater(row['refused'], 0)
        self.assertEqual(said.counted, 0)
        self.assertGreater(said.refused, 0)     # as the acks said that were lost
        self.assertEqual(said.again + said.refused, said.events)
        self.assertGreater(again.refused, 0)
        self.assertEqual(said.events + again.events, row['accepted'] + row['refused'])

    def test_restarts(self):
        content = make_log(330, people=40, days=40)
        path, lines = self.house.path('access.log'), content.splitlines(True)
        for number in range(1, 6):
            self.house.write('access.log', b''.join(lines[:len(lines) * number // 5]))
            self.count(path)
            self.house.restart()
        row = self.assert_books()
        self.assert_lines(content)
        self.assertEqual(row['batches'], len(self.watch.batches))

    def test_killed_before_and_after_each_ack(self):
        """kill -9 of the daemon when the batch is on its way, and when its ack is: what was acked is in the books."""
        contents = [make_log(340 + number, people=20, days=26, start='2018-01-%02d' % (2 + 9 * number))
                    for number in range(3)]
        for number, content in enumerate(contents):
            for direction, wanted in (('up', 'batch'), ('down', 'ack')):
                self.kill_at(direction, wanted, self.house.write('part%d.log' % number, content))
        self.watch.lose = lambda *_: False
        self.count(*(self.house.path('part%d.log' % number) for number in range(3)))
        self.assert_books(exact=False)
        self.assertEqual(self.watch.values()['web.requests'],
                         self.reference(*contents).count()['total']['web.requests'])
        self.assert_figures(self.reference(*contents))

    def kill_at(self, direction, wanted, path):
        moment = threading.Event()

        def lose(way, type, fields):
            if (way, type) != (direction, wanted) or moment.is_set():
                return False
            self.house.daemon.process.kill()
            moment.set()
            return True
        self.watch.lose = lose
        arguments = self.house.weblog_arguments(path, languages=LANGUAGES)
        arguments[1] = self.relay_endpoint
        running = self.house.spawn('suivi-weblog', *arguments, '--timeout', '1')
        running.wait()
        if not self.house.daemon.alive():
            self.house.daemon.wait()
            self.house.start()


class Ledger(HouseTest):
    """The same from the ack on, for any collector."""
    DAY = at('2018-03-07')
    SERIES = [('web.requests', {'site': 's'}), ('web.visitors.unique', {'site': 's', 'language': 'en'}), ('web.none', {})]

    def peer(self, source='peer@host', outbox='one'):
        peer = Peer(self.house.endpoint, source, outbox)
        self.addCleanup(peer.close)
        return peer

    def send(self, peer, seq, events, books):
        """Sends and notes what the ack says, under the source's name."""
        peer.send('batch', peer.batch(self.SERIES, events, seq=seq))
        ack = peer.expect('ack')
        book = books[peer.source]
        self.assertEqual(ack['accepted'] + len(ack['refused']), len(events) if not ack['repeated'] else len(ack['refused']))
        book['read'] += len(events)
        book['accepted'] += ack['accepted']
        book['refused'] += 0 if ack['repeated'] else len(ack['refused'])
        book['repeated'] += len(events) if ack['repeated'] else 0
        book['batches_again'] += ack['repeated']
        book['batches'] += not ack['repeated']
        return ack

    def assert_rows(self, books):
        for row in sources(self.house):
            book = books[row['source']]
            self.assertEqual({name: row[name] for name in book}, dict(book), row)
        self.assertEqual({row['source'] for row in sources(self.house)}, set(books))
        self.assertIn('all is well', check(self.house))

    def test_every_ack_is_in_the_books_whatever_is_killed(self):
        """Counted, refused and repeated, in turn; kill -9 right after an ack: the row that knows of it was on disk."""
        books = collections.defaultdict(collections.Counter)
        good, bad = [0, self.DAY, 5], [2, self.DAY, 1]
        for turn in range(1, 7):
            for name in ('a@host', 'b@host'):
                peer = self.peer(name)
                peer.hello()
                self.send(peer, turn, [good] * turn + [bad] * 2 + [[1, self.DAY, members(turn)]], books)
                for _ in range(turn % 3):
                    self.send(peer, turn, [good] * turn + [bad] * 2 + [[1, self.DAY, members(turn)]], books)
                peer.close()
            self.assert_rows(books)
            self.house.kill() if turn % 2 else self.house.stop()
            self.house.start()
            self.assert_rows(books)
        self.assertEqual(sum(self.house.table('web.requests').values()), 2 * 5 * sum(range(1, 7)))

    def test_what_is_answered_with_an_error_is_in_no_book(self):
        books = collections.defaultdict(collections.Counter)
        peer = self.peer()
        peer.hello()
        self.send(peer, 1, [[0, self.DAY, 5]], books)
        for seq, events in [(3, [[0, self.DAY, 7]]), (1, [[0, self.DAY, 6]]), (2, [[9, self.DAY, 1]]), (2, 'none')]:
            peer.send('batch', peer.batch(self.SERIES, events, seq=seq))
            peer.expect('error')
        self.assert_rows(books)

    def test_missing_batches(self):
        peer = self.peer()
        peer.hello(first=41)
        self.assertEqual(sources(self.house), [])       # a hello alone fills no ledger
        peer.put([], [])
        row, = sources(self.house)
        self.assertEqual((row['last'], row['missing'], row['batches']), (41, 40, 1))
        peer.hello(first=51)
        row, = house.until(lambda: [row for row in sources(self.house) if row['last'] == 50], 'the gap to be on disk')
        self.assertEqual((row['missing'], row['batches']), (49, 1))
        peer.send('batch', peer.batch(self.SERIES, [[0, self.DAY, 5]], seq=45))
        self.assertIn('given up', peer.expect('error')['text'])
        self.assertIn('missing', self.house.run('suivi', 'sources').out)
        self.assertIn('all is well', check(self.house))

    def test_a_full_number_of_batches_at_once(self):
        """Many sources, each with as many unanswered batches as it may have."""
        books = collections.defaultdict(collections.Counter)
        peers = [self.peer('p%02d@host' % number) for number in range(8)]
        for peer in peers:
            peer.hello()
            for seq in range(1, 65):
                peer.send('batch', peer.batch(self.SERIES, [[0, self.DAY, seq], [2, self.DAY, 1]], seq=seq))
        for peer in peers:
            for seq in range(1, 65):
                self.assertEqual(peer.expect('ack')['accepted'], 1)
            books[peer.source] = collections.Counter(read=128, accepted=64, refused=64, batches=64)
        self.assert_rows(books)
        self.assertEqual(sum(self.house.table('web.requests').values()), 8 * sum(range(1, 65)))


class Check(HouseTest):
    SERIES = [('web.requests', {'site': 'site%03d' % number}) for number in range(200)]

    def fill(self, days=60):
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            for day in range(days):
                peer.put(self.SERIES, [[number, 86400 * day, number] for number in range(200)], base=at('2018-01-01'))

    def test_nothing_is_checked_well(self):
        self.assertIn('all is well: 0 names', check(self.house))
        self.assertEqual(self.house.run('suivi', 'sources').out, '')

    def test_beside_batches(self):
        """Each check sees one moment, however much comes in meanwhile."""
        self.fill(5)
        stop, faults = threading.Event(), []

        def send():
            with Peer(self.house.endpoint, 'busy@host') as peer:
                peer.hello()
                day = 0
                while not stop.is_set():
                    day += 1
                    peer.put(self.SERIES, [[number, 86400 * (day % 900), 1] for number in range(200)])
        thread = threading.Thread(target=send)
        thread.start()
        try:
            for _ in range(10):
                ran = self.house.run('suivi', 'check', code=None)
                if ran.code != 0 or 'all is well' not in ran.out:
                    faults.append(ran)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(faults, [])

    def test_damage_on_disk_is_told(self):
        """The file is changed below a daemon that runs: a page is gone. It says so, exits 1, and goes on."""
        self.fill()
        said = set()
        with open(self.house.path('data', 'data.mdb'), 'r+b') as file:
            pages = len(file.read()) // 4096
            for page in range(2, pages):
                file.seek(page * 4096)
                kept = file.read(4096)
                self.overwrite(file, page, bytes(4096))
                ran = self.house.run('suivi', 'check', code=None)
                self.overwrite(file, page, kept)
                self.assertIn(ran.code, (0, 1))
                self.assertRegex(ran.out.splitlines()[-1], r'^(all is well|[\d ]+ faults?): .* checked$')
                said.update(re.findall(r'^the store\'s table "(\w+)" cannot be read: page %d of data.mdb is not the page '
                                       r'that it should be; restore the store from a backup$' % page, ran.out, re.M))
                self.assertEqual(ran.code == 0, 'all is well' in ran.out)
        self.assertLessEqual({'day_sums', 'month_sums', 'series', 'sources', 'ledger'}, said)
        self.assertTrue(self.house.daemon.alive())
        self.assertIn('all is well', check(self.house))

    def overwrite(self, file, page, content):
        file.seek(page * 4096)
        file.write(content)
        file.flush()

    def test_one_at_a_time(self):
        """Others are told that it is busy; every one that asks gets an answer."""
        self.fill()
        peer = Peer(self.house.endpoint)
        self.addCleanup(peer.close)
        for number in range(1, 21):
            peer.send('check', {'id': number})
        answers = collections.Counter()
        while sum(answers.values()) < 20:
            type, fields = peer.receive()
            if type == 'error':
                self.assertEqual(fields['code'], 'busy')
                self.assertIn('checked already', fields['text'])
                answers['busy'] += 1
            elif fields['last']:
                self.assertEqual(fields['findings'], [])
                answers['done'] += 1
        self.assertGreaterEqual(answers['done'], 1)
        self.assertGreaterEqual(answers['busy'], 1)
        self.assertIn('all is well', check(self.house))

    def test_ends_with_the_daemon(self):
        """SIGTERM does not wait for a check."""
        self.fill()
        with Peer(self.house.endpoint) as peer:
            peer.send('check', {'id': 1})
            peer.send('query', {'id': 2})
            self.house.stop()

    def test_no_daemon(self):
        self.house.stop()
        for verb in ('check', 'sources'):
            ran = self.house.run('suivi', verb, code=1)
            self.assert_one_sentence(ran.err, 'no daemon at', self.house.endpoint)
            self.assertEqual(ran.out, '')

    def test_wrong_usage(self):
        for arguments in (['check', 'now'], ['sources', 'x'], ['sources', '--format', 'xml'], ['check', '--timeout', '0'],
                          ['check', '--framework'], ['sources', '--timeout']):
            ran = self.house.run('suivi', *arguments, code=2)
            self.assertEqual(len(ran.err.splitlines()), 1, ran.err)


if __name__ == '__main__':
    house.main()
