"""What tests of all kinds share: a daemon with a plan, a book (reference_kinds.py) that is kept of all it is told, and every
figure of the one held against the other."""
import csv
import fractions
import io
import os
import random
import time

from house import HouseTest
from make_entries import framework_file, reference_indicators
from peer import Peer
from reference_kinds import Book, day_of, read_period

SHIPPED = os.path.join('config', 'nswp-2016-2020.yaml')


def seed_of_tests():
    return int(os.environ.get('SUIVI_SEED') or time.time_ns() % 1000000)


class KindsTest(HouseTest):
    daemon = False
    clock = None

    def begin(self, indicators, dimensions=None, plan='2016/2020', more=(), day=None):
        """A daemon with this plan; `day`: its clock stands there."""
        self.framework = self.house.write('plan.yaml', framework_file(indicators, dimensions, plan, more))
        self.book = Book(reference_indicators(indicators), tuple(int(year) for year in plan.split('/')), today=day)
        self.open()

    def open(self):
        self.house.start('--framework', self.framework, env=self.clock and self.clock.environment())

    def restart(self):
        self.house.stop()
        self.open()

    def turn(self, day):
        """The next day of the daemon's."""
        self.clock.set(day)
        self.book.clock = day

    def tell(self, events, dice=None):
        """Sends [(source, indicator, dims, at, value)] in this order, in batches of any size, and writes them down."""
        peers = {}
        try:
            place = 0
            while place < len(events):
                count = dice.choice([1, 3, 20, 200]) if dice else len(events)
                run = events[place:place + count]
                for source in dict.fromkeys(event[0] for event in run):     # from each its part
                    if source not in peers:
                        peers[source] = Peer(self.house.endpoint, source)
                        peers[source].hello()
                    part = [event for event in run if event[0] == source]
                    ack = peers[source].tell([event[1:] for event in part])
                    self.assertEqual((ack.get('reasons') or [], ack['accepted']), ([], len(part)))
                    for event in part:
                        self.book.say(*event)
                place += count
        finally:
            for peer in peers.values():
                peer.close()

    def withdraw(self, source, first, last, reason='its register was wrong'):
        ran = self.house.run('suivi', 'withdraw', '--source', source, '--from', first, '--to', last, '--reason', reason,
                             code=None)
        begin, end = read_period(first)[1], read_period(last)[2]
        if self.book.gave(source, begin, end):
            self.assertEqual((ran.code, ran.err), (0, ''))
        else:
            self.assertEqual(ran.code, 1)
            self.assert_one_sentence(ran.err, source)
        self.book.withdraw(source, begin, end)

    def close_period(self, period):
        self.house.run('suivi', 'close', period)
        self.book.close(period)

    def rows(self, *arguments, by='month', split=(), where=None, code=0):
        """Rows of `suivi figures --format csv`."""
        more = ['--split', ','.join(split)] if split else []
        for name, value in (where or {}).items():
            more += ['--where', '%s=%s' % (name, value)]
        ran = self.house.run('suivi', 'figures', *arguments, '--by', by, *more, '--format', 'csv', code=code)
        return list(csv.DictReader(io.StringIO(ran.out, newline='')))

    def told(self, *arguments, by='month', split=(), where=None):
        """{(indicator, period, split...): value}"""
        table = {}
        for row in self.rows(*arguments, by=by, split=split, where=where):
            key = (row['indicator'], row['period'], *(row[name] for name in split))
            self.assertNotIn(key, table)
            if row['value'] != '':
                table[key] = fractions.Fraction(row['value'])
        return table

    def wanted(self, by, split=(), where=None, ids=None, figures=None, **which):
        table = {}
        for id in ids or self.book.indicators:
            for key, value in (figures or self.book.figures)(id, by, split, where, **which).items():
                table[(id, *key)] = value
        return table

    def assert_same(self, told, wanted, what):
        if told == wanted:
            return
        keys = sorted(key for key in set(told) | set(wanted) if told.get(key) != wanted.get(key))
        lines = ['%s: %d of %d figures differ (told, wanted):' % (what, len(keys), len(wanted))]
        for key in keys[:12]:
            lines.append('  %s: %s, %s' % (' '.join(key), told.get(key), wanted.get(key)))
        self.fail('\n'.join(lines))

    def assert_figures(self, by='month', split=(), where=None, first=None, last=None, options=(), **which):
        """Every figure of that sort. first, last: texts of periods."""
        limits = (['--from', first] if first else []) + (['--to', last] if last else [])
        told = self.told(*limits, *options, by=by, split=split, where=where)
        if first:
            which['first'] = read_period(first)[1]
        if last:
            which['last'] = read_period(last)[2]
        self.assert_same(told, self.wanted(by, split, where, **which),
                         'by %s split %s where %s %s %s' % (by, ','.join(split), where, ' '.join(limits), ' '.join(options)))

    def assert_a_part(self, dice):
        """Some sorts of figures, drawn."""
        for _ in range(4):
            self.assert_figures(by=dice.choice(['month', 'quarter', 'half', 'year', 'biennium', 'plan']),
                                split=dice.choice([(), ('region',), ('site', 'language'), ('language', 'region')]))


def shuffled(events, seed):
    events = list(events)
    random.Random('%s order' % seed).shuffle(events)
    return events


def days_of(events):
    return sorted({day_of(event[3]) for event in events})

