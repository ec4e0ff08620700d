"""All kinds of indicator: two years of mixed statements from a seed, in several orders of arrival, and every figure held
against a slow reference (reference_kinds.py). SUIVI_SEED=N makes the same again."""
import datetime
import fractions
import itertools
import json
import os
import random
import sys

import yaml

import house
from clocks import Clock
from kinds_case import SHIPPED, KindsTest, days_of, seed_of_tests, shuffled
from make_entries import DIMENSIONS, FIRST, SITES, SOURCES, Made, own_indicators, reference_indicators
from peer import Peer
from reference_kinds import DAY, Book, read_period, seconds

SEED = seed_of_tests()
LONGER = ('month', 'quarter', 'half', 'year', 'biennium', 'plan')
SPLITS = [split for count in range(len(DIMENSIONS) + 1) for split in itertools.combinations(DIMENSIONS, count)]
WHERES = [{'region': 'north'}, {'language': 'fr'}, {'region': 'east', 'site': SITES[1]}, {'site': 'nowhere'}]


def one(id):
    return [indicator for indicator in own_indicators() if indicator['id'] == id]


class Everything(KindsTest):
    """Nothing is taken back here: the order of arrival must not matter."""

    def check(self, events, dice):
        self.begin(own_indicators())
        self.tell(events, dice)

    def every_figure(self):
        for by in LONGER:
            for split in SPLITS:
                self.assert_figures(by=by, split=split)
        for split in ((), ('region',), ('language', 'site')):
            self.assert_figures(by='day', split=split, first='2017-12', last='2018-01')
        self.assert_figures(by='day', first='2015', last='2016')
        for where in WHERES:
            self.assert_figures(by='month', where=where)
            self.assert_figures(by='year', split=('region', 'language'), where=where)
            self.assert_figures(by='plan', split=('site',), where=where)
        for first, last in [('2018-Q1', '2018-Q3'), ('2015', '2017'), ('2021-01', '2024-06'), (None, '2018-05'),
                            ('2018-12', None)]:
            self.assert_figures(by='month', split=('region',), first=first, last=last)

    def test_as_it_happened(self):
        self.check(Made(SEED, own_indicators()).events, random.Random(SEED))
        self.every_figure()
        self.restart()
        for by in LONGER:
            self.assert_figures(by=by, split=('region',))

    def test_in_other_orders(self):
        events = Made(SEED, own_indicators()).events
        for order, arranged in [('backwards', events[::-1]), ('shuffled', shuffled(events, SEED)),
                                ('shuffled again', shuffled(events, SEED + 1))]:
            self.house.data = self.house.path(order)
            self.check(arranged, random.Random(SEED))
            for by, split in [('month', ()), ('quarter', ('region',)), ('year', ('language', 'site')),
                              ('plan', tuple(DIMENSIONS))]:
                with self.subTest(order=order, by=by):
                    self.assert_figures(by=by, split=split)
            self.house.stop()
        self.house.start('--framework', self.framework)

    def test_a_crowd_of_ties(self):
        """All that is said falls on few days and times."""
        made = Made(SEED, own_indicators())
        dice = random.Random(SEED)
        days = [seconds(day) for day in (FIRST, datetime.date(2018, 2, 28), datetime.date(2018, 3, 1))]
        events = [(source, id, dims, dice.choice(days),
                   {**value, 'recorded': dice.choice(days) + 1} if isinstance(value, dict) else value)
                  for source, id, dims, _, value in made.events]
        self.check(shuffled(events, SEED), dice)
        for by in LONGER:
            self.assert_figures(by=by, split=('region', 'language'))
        self.assert_figures(by='day', first='2018-02', last='2018-03')

    def test_one_id_and_other_content(self):
        """The earliest event counts, and of these the one whose bytes come first: whichever came first, from one source or
        two, in one batch or two, on one day or two."""
        self.begin(one('members') + one('talks'))
        at = seconds(datetime.date(2018, 2, 5))
        pairs = [((at, 1, 5), (at, 2, 3)), ((at, 1, 5), (at, 1, 9)), ((at, 1, 5), (at + 2, 1, 9)), ((at, 9, 9), (at + 2, 1, 5)),
                 ((at, 9, 9), (at + 86400, 1, 5)), ((at, 9, 9), (at + 86400 * 40, 1, 5))]
        first, second = [], []
        for number, (pair, turned, other) in enumerate(itertools.product(pairs, (False, True), (0, 1))):
            for id, dims in (('members', {'region': 'north', 'language': 'en'}),
                             ('talks', {'region': 'north', 'site': str(number)})):
                statements = [(SOURCES[0], id, dims, when, {'id': number + 1, 'recorded': at + recorded, 'value': value})
                              for when, recorded, value in pair]
                statements[1] = (SOURCES[other], *statements[1][1:])
                if turned:
                    statements.reverse()
                first.append(statements[0])
                second.append(statements[1])
        self.tell(first)
        self.tell(second)
        self.assert_figures(by='month', split=('site',))
        self.assert_figures(by='day', split=('site',), first='2018-02', last='2018-03')
        twice = [(source, id, {**dims, 'site': 'once ' + dims['site']}, when, entry)
                 for source, id, dims, when, entry in first + second if id == 'talks']
        self.tell(twice)        # in one batch
        self.assert_figures(by='day', split=('site',), first='2018-02', last='2018-03')

    def test_again_as_another_batch(self):
        """Entries and names count once whoever sends them again; so do sets."""
        once = [event for event in Made(SEED, own_indicators()).events if not isinstance(event[4], int)]
        self.check(once, random.Random(SEED))
        self.tell([(SOURCES[0], *event[1:]) for event in shuffled(once, SEED)], random.Random(SEED + 1))
        self.tell([(SOURCES[1], *event[1:]) for event in once], random.Random(SEED + 2))
        wanted = Book(reference_indicators(own_indicators()))
        for event in once:
            wanted.say(*event)
        self.book = wanted
        for by in ('month', 'year'):
            self.assert_figures(by=by, split=('region',))
            self.assert_figures(by=by)

    def test_sums(self):
        self.check(Made(SEED, own_indicators()).events, None)
        ids = [id for id, indicator in self.book.indicators.items() if indicator.kind not in ('level', 'status', 'ratio')]
        for by, sum_of in [('year', 'month'), ('quarter', 'day'), ('plan', 'quarter'), ('half', 'half'), ('biennium', 'year')]:
            for split in ((), ('region',)):
                told = self.told(*ids, '--sum-of', sum_of, by=by, split=split)
                self.assert_same(told, self.wanted(by, split, ids=ids, sum_of=sum_of), 'by %s, sum of %s' % (by, sum_of))
        notes = {row['indicator']: row.get('note', '') for row in self.rows(*ids, '--sum-of', 'month', by='year')}
        for id in ('people.ever', 'countries', 'networks'):
            self.assertIn('sum of months', notes[id], id)
        self.assertIn('sum of days', notes['people.daily'])     # as its months are
        for id in ('talks', 'audit', 'documents', 'studies'):
            self.assertNotIn('sum of', notes[id], id)
        for id in ('members', 'strategy', 'rate.members'):
            with self.subTest(refused=id):
                ran = self.house.run('suivi', 'figures', id, '--by', 'year', '--sum-of', 'month', '--format', 'csv', code=1)
                self.assert_one_sentence(ran.err, id)
                self.assertEqual(ran.out.count('\n'), 0)

    def test_gaps(self):
        self.check([event for event in Made(SEED, own_indicators(), each=6).events], None)
        for by in ('month', 'quarter', 'year', 'biennium', 'plan'):
            rows = self.rows('--gaps', by=by)
            wanted = self.wanted(by)
            for row in rows:
                key = row['indicator'], row['period']
                with self.subTest(key=key):
                    if key in wanted:
                        self.assertEqual((float(row['value']), row.get('state', '')), (float(wanted[key]), ''))
                    else:
                        self.assertEqual((row['value'], row['state']), ('', self.book.state(key[0], key[1], by)))
            self.assertEqual(set(wanted) - {(row['indicator'], row['period']) for row in rows}, set())
        rows = self.rows('--gaps', 'election', 'manual', '--from', '2016', '--to', '2020', by='biennium')
        self.assertEqual([row['period'] for row in rows if row['indicator'] == 'election'],
                         ['2016/2017', '2018/2019', '2020/2021'])

    def test_outside(self):
        dice = random.Random(SEED)
        small = {'talks': 6, 'countries': 2, 'members': 5, 'rate.members': 20}      # distinct ones have 5
        self.begin([{**indicator, **({'small_number': small[indicator['id']]} if indicator['id'] in small else {})}
                    for indicator in own_indicators()])
        events = []
        for id in ('talks', 'people', 'countries', 'members'):
            dims = self.book.indicators[id].dimensions
            for month, _ in itertools.product(range(1, 13), range(4)):
                at = seconds(datetime.date(2018, month, 5)) + 2 * dice.randrange(9)
                named = {name: dice.choice(DIMENSIONS[name] or SITES) for name in dims}
                value = dice.choice([0, 1, 3, 4, 5, 6, 30])
                events.append((SOURCES[0], id, named, at, frozenset(range(value)) if id == 'people' else
                               dice.choice(['Fiji', 'Peru', 'Chad']) if id == 'countries' else value))
        self.tell(events, dice)
        withheld = []
        for id, by in [('talks', 'month'), ('people', 'month'), ('countries', 'quarter'), ('members', 'month')]:
            for name in self.book.indicators[id].dimensions:
                secret = self.book.outside(id, by, name)
                withheld += [hidden for hidden in secret.values() if hidden is None or hidden]
                told = self.told_outside(id, by, (name,))
                for (period, part), value in self.book.figures(id, by, (name,)).items():
                    if secret[period] is None:
                        self.assertEqual([row for row in told if row[0] == period], [(period, '')])
                    else:
                        self.assertEqual(told[(period, part)], None if part in secret[period] else value, (id, period, part))
            self.check_outside(id, by)
        self.assertTrue(withheld)
        self.assertEqual(set(self.told_outside('countries', 'month', ('region',)).values()), {None})
        rates = self.told_outside('rate.members', 'month', ('region',))
        self.assertEqual({key for key, value in rates.items() if value is None and key[1]} -
                         {key for id in ('talks', 'members') for key, value in self.told_outside(id, 'month', ('region',)).items()
                          if value is None} - {key for key, value in self.book.figures('rate.members', 'month', ('region',)).items()
                                               if value < small['rate.members']}, set())

    def told_outside(self, id, by, split=(), where=None):
        """{(period, values...): value, None where it is withheld}"""
        rows = self.rows('--outside', id, by=by, split=split, where=where)
        self.assertEqual({row.get('state', '') for row in rows} - {'', 'withheld'}, set())
        return {(row['period'], *(row[name] for name in split)): None if row.get('state') else fractions.Fraction(row['value'])
                for row in rows}

    def check_outside(self, id, by):
        """However it is asked, what is told is right, the same is withheld, and nothing small is told."""
        names = tuple(self.book.indicators[id].dimensions)
        whole, least = self.book.figures(id, by, names), self.book.indicators[id].small
        told = self.told_outside(id, by, names)
        for key, value in told.items():
            self.assertTrue(value is None or value == whole[key] and not 0 < value < least, (id, key, value))
        for key in whole:
            self.assertTrue(any(row[0] == key[0] and all(a in ('', b) for a, b in zip(row[1:], key[1:])) for row in told), key)
        for part in {key[1] for key in whole}:
            for period, value in self.told_outside(id, by, (), {names[0]: part}).items():
                first = self.told_outside(id, by, names[:1])
                self.assertEqual(value, first.get((*period, part)), (id, period, part))
            if len(names) == 2:
                for key, value in self.told_outside(id, by, names[1:], {names[0]: part}).items():
                    self.assertEqual(value, told.get((key[0], part, key[1])), (id, key, part))

    def test_coverage(self):
        self.check(Made(SEED, own_indicators()).events, None)
        for id in ('talks', 'people', 'talks.calls'):
            for by in ('month', 'year'):
                for row in (row for row in self.rows(id, '--gaps', by=by) if row['value'] != ''):
                    heard = self.book.heard(id, read_period(row['period']))
                    self.assertEqual((row['heard'], row['days']), (str(heard[0]), str(heard[1])) if heard else ('', ''), row)


class TakenBack(KindsTest):
    """Withdrawals and closings between what is said."""

    def parts(self, count, seed=SEED, indicators=None):
        events = shuffled(Made(seed, indicators or own_indicators()).events, seed)
        size = len(events) // count + 1
        return [events[place:place + size] for place in range(0, len(events), size)]

    def test_withdrawn_and_counted_again(self):
        dice = random.Random(SEED)
        self.begin(own_indicators())
        said = []
        for part in self.parts(5):
            self.tell(part, dice)
            said += part
            for _ in range(dice.randint(1, 2)):
                source = dice.choice(SOURCES)
                first, last = dice.choice([('2017-03', '2017-09'), ('2018-03-31', '2018-03-31'), ('2018', '2018'),
                                           ('2015', '2017-H1'), ('2017-12-31', '2018-01-01'), ('2018-Q1', '2018-Q2')])
                self.withdraw(source, first, last)
                begin, end = read_period(first)[1], read_period(last)[2]
                gone = [event for event in said if event[0] == source and begin <= days_of([event])[0] <= end]
                if dice.random() < 0.7:      # and counted again, if not all of it
                    self.tell(dice.sample(gone, len(gone) * 2 // 3), dice)
            self.assert_a_part(dice)
        for by in LONGER:
            for split in ((), ('region',), ('site', 'language')):
                self.assert_figures(by=by, split=split)
        self.assert_figures(by='day', split=('region',), first='2018-01', last='2018-04')
        self.restart()
        for by in LONGER:
            self.assert_figures(by=by, split=('region',))

    def test_withdraw_then_recount_is_never_having_been_wrong(self):
        events = Made(SEED, own_indicators()).events
        wrong = [(source, id, dims, at, value + 7 if isinstance(value, int) else value) for source, id, dims, at, value in
                 Made(SEED + 1, own_indicators()).events if source == SOURCES[1]]
        right = [event for event in events if event[0] == SOURCES[1]]
        self.begin(own_indicators())
        self.tell([event for event in events if event[0] != SOURCES[1]] + wrong)
        self.withdraw(SOURCES[1], '2000', '2024')
        self.tell(right)
        never = Book(reference_indicators(own_indicators()))
        for event in events:
            never.say(*event)
        self.book = never
        for by in ('month', 'year', 'plan'):
            for split in ((), ('region', 'language')):
                self.assert_figures(by=by, split=split)

    def test_closed(self):
        dice = random.Random(SEED)
        self.begin(own_indicators())
        closings = ['2017-Q1', '2018-03', '2017', '2018-Q1']
        for number, part in enumerate(self.parts(len(closings) + 1)):
            self.tell(part, dice)
            if number == 2:
                self.withdraw(SOURCES[0], '2017-02', '2018-02')
            if number < len(closings):
                self.close_period(closings[number])
        for by in ('month', 'quarter', 'half', 'year'):
            for split in ((), ('region',), tuple(DIMENSIONS)):
                self.assert_reported(by, split)
                self.assert_figures(by=by, split=split)
        self.restart()
        self.assert_reported('month', ('language',))
        self.assert_reported('quarter', ())

    def assert_reported(self, by, split):
        wanted = self.wanted(by, split, figures=self.book.reported)
        self.assert_same(self.told('--reported', by=by, split=split), wanted, 'reported by %s split %s' % (by, ','.join(split)))
        known = self.wanted(by, split)
        for row in self.rows(by=by, split=split):       # what is known, and beside it what was reported
            key = (row['indicator'], row['period'], *(row[name] for name in split))
            closed = self.book.length_reported(self.book.as_period(row['period'], by)) is not None
            if closed and key in wanted and key in known:
                self.assertEqual(float(row.get('reported') or 'nan'), float(wanted[key]), key)
            elif not closed:
                self.assertEqual(row.get('reported', ''), '', key)


class DayByDay(KindsTest):
    """What was known when: the daemon's calendar is turned by the test."""

    def test_as_of(self):
        dice = random.Random(SEED)
        self.clock = Clock(self, self.house, '2019-03-01')
        start = datetime.date(2019, 3, 1)
        self.begin(own_indicators(), day=start)
        events = shuffled([event for event in Made(SEED, own_indicators(), outside=False).events], SEED)
        size = len(events) // 6 + 1
        days = [start + DAY * number for number in (0, 1, 2, 9, 10, 40)]
        for number, day in enumerate(days):
            self.turn(day)
            part = events[number * size:(number + 1) * size]
            self.tell(part[:size // 2], dice)
            if number in (1, 3):
                self.withdraw(SOURCES[0], '2017-05', '2018-05')
            if number == 2:
                self.close_period('2017')
            if number == 4:
                self.restart()
            self.tell(part[size // 2:], dice)
        acts = [days[-1] + DAY * number for number in (3, 4, 8)]        # days on which nothing else happens
        for day, act in zip(acts, [lambda: self.withdraw(SOURCES[1], '2017-11', '2018-02'), lambda: self.close_period('2018'),
                                   lambda: self.withdraw(SOURCES[2], '2018-01', '2018-12')]):
            self.turn(day)
            act()
        for day in [start - DAY, *days, start + 5 * DAY, start + 39 * DAY, *acts, acts[1] + DAY]:
            for by, split in [('month', ()), ('quarter', ('region',)), ('year', tuple(DIMENSIONS)), ('plan', ('language',))]:
                self.assert_as_of(day, by, split)
        self.assert_as_of(days[2], 'day', (), '2018-03', '2018-03')
        self.assert_moves('2017', 'year', [*days[3:], *acts])
        self.assert_moves('2018', 'year', acts[2:])
        self.assert_same(self.told('--reported', by='year'), self.wanted('year', figures=self.book.reported), 'reported')
        for by in LONGER:
            self.assert_figures(by=by, split=('region',))

    def assert_moves(self, period, by, days):
        """What moved since the closing adds up, day by day, to what was known at the end of each."""
        for id in self.book.indicators:
            ran = self.house.run('suivi', 'explain', id, period, '--format', 'json')
            told = json.loads(ran.out, parse_float=fractions.Fraction)
            for day in days:
                moved = sum(move['difference'] for move in told['moves'] if move['at'][:10] <= day.isoformat())
                wanted = self.book.figures(id, by, length=self.book.length_on(day)).get((period,), 0)
                self.assertEqual((told['reported'] or 0) + moved, wanted, '%s of %s on %s' % (id, period, day))

    def assert_as_of(self, day, by, split, first=None, last=None):
        self.assert_figures(by=by, split=split, first=first, last=last, options=['--as-of', day.isoformat()],
                            length=self.book.length_on(day), today=min(day, self.book.clock))

    def test_today_and_yesterday(self):
        """By the real clock, whatever day it is."""
        self.begin(own_indicators())
        self.tell(Made(SEED, own_indicators(), each=8).events)
        today = self.book.clock
        self.assert_figures(by='month', options=['--as-of', today.isoformat()])
        self.assertEqual(self.told('--as-of', (today - 2 * DAY).isoformat()), {})

    def test_a_level_goes_on_with_the_calendar(self):
        self.clock = Clock(self, self.house, '2018-02-10')
        self.begin(one('staff') + one('manual'), day=datetime.date(2018, 2, 10))
        self.tell([('desk@office', 'staff', {}, seconds(datetime.date(2018, 1, 31)), 9),
                   ('desk@office', 'manual', {}, seconds(datetime.date(2018, 2, 9)), {'id': 4, 'recorded': 1, 'value': 1})])
        for day in ('2018-02-10', '2018-02-28', '2018-03-01', '2019-07-01', '2020-12-31', '2021-06-01'):
            self.turn(datetime.date.fromisoformat(day))
            for by in ('month', 'quarter', 'year', 'plan'):
                with self.subTest(day=day, by=by):
                    self.assert_figures(by=by)
                    self.assert_figures(by=by, last='2022')
            self.assert_figures(by='day', first='2018-01', last='2018-03')


class Shipped(KindsTest):
    """The same over the plan that is shipped: all its indicators, made up entries."""

    def read(self):
        """Its indicators, and its dimensions with their closed lists."""
        with open(os.path.join(house.SOURCE, SHIPPED), encoding='utf-8') as file:
            plan = yaml.safe_load(file)
        indicators = [{'dimensions': [], **indicator} for indicator in plan['indicators']]
        return indicators, {dimension['name']: dimension.get('values') for dimension in plan['dimensions']}

    def test_every_figure(self):
        indicators, dimensions = self.read()
        self.assertGreaterEqual(len(indicators), 64)
        self.framework = os.path.join(house.SOURCE, SHIPPED)
        self.book = Book(reference_indicators(indicators))
        self.open()
        self.tell(shuffled(Made(SEED, indicators, dimensions, each=12).events, SEED), random.Random(SEED))
        for by in LONGER:
            self.assert_figures(by=by)
        for split in dimensions:
            self.assert_figures(by='quarter', split=(split,))
            self.assert_figures(by='year', split=(split,))
        self.assert_figures(by='year', split=('region', 'language', 'country'))
        self.assert_figures(by='month', where={'region': dimensions['region'][0]})
        self.assert_figures(by='plan', split=('region',), where={'language': 'fr'})


class Refused(KindsTest):
    """What is not a statement of its kind comes back with a reason, and changes nothing."""

    def test_each(self):
        self.begin(own_indicators())
        at = seconds(datetime.date(2018, 3, 7))
        tomorrow = seconds(self.book.clock + 2 * DAY)
        entry = {'id': 7, 'recorded': at}
        bad = [
            ('members', at, frozenset({1})), ('members', tomorrow, 5), ('members', tomorrow, {**entry, 'value': 5}),
            ('staff', at, 'a name'), ('staff', at, dict(entry)), ('staff', at, {**entry, 'name': 'x'}),
            ('staff', at, {**entry, 'value': 10 ** 13}),
            ('manual', at, {**entry, 'value': 2}), ('manual', tomorrow, {**entry, 'value': 1}),
            ('networks', at, {**entry, 'value': 1}), ('networks', at, {**entry, 'name': 'Fiji', 'removed': True}),
            ('people', at, {**entry, 'value': 3}), ('people', at, 4), ('people', at, 'a name'),
            ('talks', at, {**entry, 'value': 3, 'title': 'x'}), ('talks', at, {**entry, 'retracts': 3}),
            ('talks', at, {**entry, 'retracts': 3, 'value': 3, 'reason': 'x'}),
            ('call', at, dict(entry)), ('call', at, 1), ('call', at, {**entry, 'value': 1}),
            ('documents', at, {**entry, 'title': ''}), ('documents', at, {**entry, 'title': 'x', 'link': 'javascript:alert(1)'}),
            ('studies', at, {**entry, 'title': 'x'}), ('studies', at, {**entry, 'title': 'x', 'value': 3}),
            ('rate.members', at, 3), ('rate.members', at, {**entry, 'value': 3}),
        ]
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            for id, when, value in bad:
                dims = {name: (DIMENSIONS[name] or SITES)[0] for name in self.book.indicators[id].dimensions}
                with self.subTest(id=id, value=value):
                    ack = peer.tell([(id, dims, when, value)])
                    self.assertEqual((ack['accepted'], len(ack['refused'])), (0, 1), ack)
                    self.assertGreater(len(ack['reasons'][0]), 15)
        for by in ('day', 'plan'):
            self.assertEqual(self.told('--from', '2018', '--to', '2018', by=by) if by == 'day' else self.told(by=by), {})

    def test_whole_batches(self):
        """One event is refused: so are all, if the batch says that it counts as a whole."""
        self.begin(own_indicators())
        at = seconds(datetime.date(2018, 3, 7))
        statements = [('talks.calls', {}, at, 3), ('staff', {}, at, 9), ('manual', {}, at, {'id': 1, 'recorded': at, 'value': 5}),
                      ('networks', {}, at, 'Fiji')]
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            ack = peer.tell(statements, whole=True)
            self.assertEqual((ack['accepted'], [index for index, _ in ack['refused']]), (0, [0, 1, 2, 3]))
            self.assertEqual(self.told(by='plan'), {})
            ack = peer.tell(statements)
            self.assertEqual((ack['accepted'], [index for index, _ in ack['refused']]), (3, [2]))
            ack = peer.tell(statements[:2], whole=True)
            self.assertEqual((ack['accepted'], ack.get('refused') or []), (2, []))
        self.assertEqual(self.told('talks.calls', 'networks', by='month'),
                         {('talks.calls', '2018-03'): 6, ('networks', '2018-03'): 1})


if __name__ == '__main__':
    print('SUIVI_SEED=%d' % SEED, file=sys.stderr)
    house.main()
