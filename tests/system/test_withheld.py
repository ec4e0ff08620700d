"""Small numbers, against one who asks everything that outsiders may ask and reckons with all answers at once (attacker.py): of no
small number that is withheld may fewer values be left than there are small numbers. Random stores; SUIVI_SEED=N makes the
same again."""
import collections
import datetime
import itertools
import random

import house
from attacker import System
from clocks import Clock
from kinds_case import KindsTest, seed_of_tests
from peer import Peer
from reference_kinds import read_period, seconds

SEED = seed_of_tests()
THRESHOLD = 5
MONTHS = ['2018-%02d' % month for month in range(1, 7)]
LONGER = ['month', 'quarter', 'half', 'year', 'plan']
VALUES = {'region': ['east', 'north', 'south'], 'site': ['a', 'b', 'c'], 'language': ['en', 'fr']}
INDICATORS = [
    dict(id='calls', kind='count', frequency='month', dimensions=['region', 'site', 'language'], small_number=THRESHOLD),
    dict(id='heads', kind='distinct', frequency='month', dimensions=['site'], window='month'),
    dict(id='leaders', kind='distinct', frequency='quarter', dimensions=['region', 'site'], window='plan'),
    dict(id='people', kind='distinct', frequency='month', dimensions=['region', 'site'], window='month'),
    dict(id='rate', kind='ratio', frequency='month', numerator='people', denominator='talks', factor=1000, decimals=6),
    dict(id='talks', kind='count', frequency='month', dimensions=['region', 'site'], small_number=THRESHOLD),
]
BASE = {'leaders': 'quarter'}
DIMENSIONS = {'region': VALUES['region'], 'site': None, 'language': None}

Cell = collections.namedtuple('Cell', 'months where')      # where: ((dimension, value), ...)


def months_of(period):
    _, first, last = read_period(period) if period.count('/') == 0 else ('', datetime.date(int(period[:4]), 1, 1),
                                                                          datetime.date(int(period[5:]), 12, 31))
    return tuple(month for month in MONTHS if first.isoformat()[:7] <= month <= last.isoformat()[:7])


def subsets(names):
    return [some for count in range(len(names) + 1) for some in itertools.combinations(names, count)]


class Store:
    """What is true: {indicator: {(month, value, ...): number}}; nobody is counted in two cells."""

    def __init__(self, seed):
        self.dice = random.Random('%s store' % seed)
        self.dims = {indicator['id']: indicator['dimensions'] for indicator in INDICATORS if 'dimensions' in indicator}
        self.atoms = {id: {} for id in self.dims if id != 'rate'}
        self.people = 0
        for id, atoms in self.atoms.items():
            numbers = self.dice.choice([[0, 1, 2, 3, 4, 5, 30], [0, 0, 0, 2, 7, 12], [5, 6, 7, 8, 9, 40, 3], [None, 0, 3, 9, 9]])
            for month in MONTHS:
                for values in itertools.product(*(VALUES[name] for name in self.dims[id])):
                    number = self.dice.choice(numbers + [8] * self.dice.randrange(4))
                    if number is not None and self.dice.random() < 0.8:
                        atoms[(month, *values)] = number

    def events(self):
        events = []
        for id, atoms in self.atoms.items():
            for (month, *values), number in atoms.items():
                where = dict(zip(self.dims[id], values))
                at = seconds(datetime.date.fromisoformat(month + '-%02d' % self.dice.randint(1, 28)))
                if id in ('people', 'heads', 'leaders'):
                    self.people += number
                    number = frozenset(range(self.people - number + 1, self.people + 1))
                events.append(('desk@office', id, where, at, number))
        return events

    def number(self, id, cell):
        names = self.dims[id]
        return sum(number for (month, *values), number in self.atoms[id].items()
                   if month in cell.months and all(values[names.index(name)] == value for name, value in cell.where))


class Knowledge:
    """What an attacker knows of one indicator: {Cell: number, or None where it is withheld}."""

    def __init__(self, dims):
        self.dims = dims
        self.told = {}
        self.there = set()      # cells that are withheld by name: nothing is of what is not there

    def atoms(self, cell):
        return itertools.product(cell.months, *([dict(cell.where)[name]] if name in dict(cell.where) else VALUES[name]
                                                for name in self.dims))

    def learn(self, cell, number):
        """Every way of asking has the same answer."""
        assert self.told.setdefault(cell, number) == number, (cell, self.told[cell], number)

    def system(self):
        system = System()
        for cell, number in self.told.items():
            if number is not None:
                system.say(self.atoms(cell), number)
        for cell in self.there:
            system.say_at_least(self.atoms(cell), 1)
        system.solve()
        return system


class Attacked(KindsTest):
    def ask(self, id, **question):
        """[(period, values of the split, value or None)]"""
        self.peer.send('query', {'id': 7, 'indicators': [id], 'outside': True, **question})
        rows = []
        while True:
            answer = self.peer.expect('figures')
            for figure in answer['figures']:
                extras = figure[5] if len(figure) > 5 else {}
                self.assertIn(extras.get('state', ''), ('', 'withheld', 'missing', 'not due'))
                if extras.get('state', '') == 'withheld':
                    self.assertEqual((figure[3], figure[4], set(extras) - {'decimals'}), (0, '', {'state'}), figure)
                    rows.append((figure[1], tuple(figure[2]), None))
                elif not extras.get('state'):
                    rows.append((figure[1], tuple(figure[2]), figure[3]))
            if answer['last']:
                return rows

    def questions(self, dims, dice):
        """All breakdowns, by --split and by --where."""
        for names in subsets(dims):
            for split in subsets(names):
                others = [name for name in names if name not in split]
                for values in itertools.product(*(VALUES[name] for name in others)):
                    order = list(split)
                    dice.shuffle(order)
                    yield order, dict(zip(others, values))

    def learn_from(self, knowledge, rows, split, where, periods):
        """Of the periods asked for: what has no row is 0, unless a row says that it is withheld."""
        rows_of = collections.defaultdict(list)
        for period, values, value in rows:
            self.assertIn(period, periods)
            rows_of[period].append((values, value))
            named = tuple(sorted((name, mine) for name, mine in zip(split, values) if mine))
            if value is None and named:
                knowledge.there.add(Cell(months_of(period), named))
        for period in periods:
            for values in itertools.product(*(VALUES[name] for name in split)):
                cell = Cell(months_of(period), tuple(sorted({**where, **dict(zip(split, values))}.items())))
                number = 0
                for row, value in rows_of[period]:
                    if all(mine in ('', own) for mine, own in zip(row, values)):
                        self.assertTrue(value is None or row == values, (period, row, value))
                        number = value
                knowledge.learn(cell, number)

    def attack(self, id, dice):
        knowledge = Knowledge(self.store.dims[id])
        base = BASE.get(id, 'month')
        for by in LONGER[LONGER.index(base):]:
            periods = {'month': MONTHS, 'quarter': ['2018-Q1', '2018-Q2'], 'half': ['2018-H1'], 'year': ['2018'],
                       'plan': ['2016/2020']}[by]
            for split, where in self.questions(knowledge.dims, dice):
                self.learn_from(knowledge, self.ask(id, by=by, split=split, where=where), split, where, periods)
                first, last = sorted(dice.choices(periods, k=2))
                more = {'gaps': True} if dice.random() < 0.3 else {'sum_of': by if dice.random() < 0.5 else base}
                limits = {'from': first, 'to': last} if by != 'plan' else {}
                within = [period for period in periods if first <= period <= last]
                self.learn_from(knowledge, self.ask(id, by=by, split=split, where=where, **limits, **more), split, where, within)
        return knowledge

    def small_cells(self, id):
        names = self.store.dims[id]
        quarters = [tuple(MONTHS[:3]), tuple(MONTHS[3:])]
        spans = (quarters if BASE.get(id) == 'quarter' else [(month,) for month in MONTHS] + quarters) + [tuple(MONTHS)]
        for months in spans:
            for some in subsets(names)[1:]:
                for values in itertools.product(*(VALUES[name] for name in some)):
                    cell = Cell(months, tuple(sorted(zip(some, values))))
                    if 0 < self.store.number(id, cell) < THRESHOLD:
                        yield cell

    def withheld_in(self, id, knowledge, cell):
        """The totals, which are told, of the periods in which it is withheld: it cannot be more."""
        step = 3 if BASE.get(id) == 'quarter' else 1
        periods = [cell.months[at:at + step] for at in range(0, len(cell.months), step)]
        return sum(self.store.number(id, Cell(months, ())) for months in periods if knowledge.told[Cell(months, cell.where)] is None)

    def assert_safe(self, id, knowledge):
        system = knowledge.system()
        count = 0
        for cell in self.small_cells(id):
            number, whole = self.store.number(id, cell), self.withheld_in(id, knowledge, cell)
            self.assertIsNone(knowledge.told[cell], (id, cell, number, 'told'))
            least, most = system.bounds(list(knowledge.atoms(cell)))
            self.assertLessEqual(least, number, (id, cell))
            left = THRESHOLD if most is None else most - least + 1
            if most is not None:
                self.assertGreaterEqual(most, number, (id, cell))
            self.assertGreaterEqual(left, min(THRESHOLD - 1, whole + 1), (id, cell, number, (least, most), whole))
            count += 1
        return count

    def fill(self, seed):
        self.store = Store(seed)
        self.begin(INDICATORS, DIMENSIONS, more=['small_numbers: %d' % THRESHOLD])
        self.tell(self.store.events())
        self.peer = Peer(self.house.endpoint, 'attacker@outside')
        self.addCleanup(self.peer.close)

    def one_store(self, seed):
        print('SUIVI_SEED=%s' % seed, flush=True)
        self.fill(seed)
        dice = random.Random('%s asking' % seed)
        return sum(self.assert_safe(id, self.attack(id, dice)) for id in self.store.atoms)

    def test_a_store(self):
        self.one_store(SEED)

    def test_other_stores(self):
        small = 0
        for number in range(1, 4):
            with self.subTest(number):
                small += self.one_store('%s.%d' % (SEED, number))
                self.house.stop()
                self.house.data = self.house.path('data%d' % number)
        self.assertGreater(small, 0)

    # That the attacker is one: what is known inside, with nothing but small numbers kept from it

    def guess(self, id, secret):
        """How many small cells an attacker finds exactly who is told all but those of which secret(cell) is true."""
        knowledge = Knowledge(self.store.dims[id])
        spans = [(month,) for month in MONTHS] + [tuple(MONTHS[:3]), tuple(MONTHS[3:]), tuple(MONTHS)]
        for months in spans:
            for some in subsets(knowledge.dims):
                for values in itertools.product(*(VALUES[name] for name in some)):
                    cell = Cell(months, tuple(sorted(zip(some, values))))
                    knowledge.learn(cell, None if some and secret(cell) else self.store.number(id, cell))
        system = knowledge.system()
        return sum(system.bounds(list(knowledge.atoms(cell))) == (self.store.number(id, cell),) * 2
                   for cell in self.small_cells(id))

    def test_the_attacker_finds_what_is_hidden_alone(self):
        found = collections.Counter()
        for number in range(3):
            self.store = Store('%s control %d' % (SEED, number))
            for id in ('heads', 'people', 'talks'):
                found[id] += self.guess(id, lambda cell: 0 < self.store.number(id, cell) < THRESHOLD)
        self.assertGreater(min(found.values()), 0, found)

    def test_the_attacker_finds_what_is_hidden_in_each_table_for_itself(self):
        """The smallest other one of the same period and breakdown goes with it, and nothing else."""
        def in_its_table(cell):
            number = self.store.number(id, cell)
            names = [name for name, _ in cell.where]
            others = [self.store.number(id, Cell(cell.months, tuple(zip(names, values))))
                      for values in itertools.product(*(VALUES[name] for name in names))]
            small = [other for other in others if 0 < other < THRESHOLD]
            return 0 < number < THRESHOLD or len(small) == 1 and number == min([other for other in others if other >= THRESHOLD],
                                                                               default=0) > 0
        found = 0
        for number in range(6):
            self.store = Store('%s control %d' % (SEED, number))
            for id in ('people', 'talks'):
                found += self.guess(id, in_its_table)
        self.assertGreater(found, 0)


class Rules(KindsTest):
    """What outsiders are not told, whatever the numbers are."""

    def fill(self, *cells):
        self.begin(INDICATORS, DIMENSIONS, more=['small_numbers: %d' % THRESHOLD])
        self.more(*cells)

    def more(self, *cells):
        events = []
        for id, day, where, number in cells:
            self.people = getattr(self, 'people', 0) + number
            events.append(('desk@office', id, where, seconds(datetime.date.fromisoformat(day)), number if id in ('talks', 'calls')
                           else frozenset(range(self.people - number + 1, self.people + 1))))
        self.tell(events)

    def told(self, *arguments, split=(), **which):
        return {(row['period'], *(row[name] for name in split)): row.get('state') or row['value']
                for row in self.rows('--outside', *arguments, split=split, **which)}

    def test_nothing_by_days(self):
        self.fill(('heads', '2018-03-01', {'site': 'a'}, 20), ('heads', '2018-03-02', {'site': 'a'}, 2))
        self.assertEqual(self.told('heads'), {('2018-03',): '22'})
        self.assertEqual(self.told('heads', split=['site']), {('2018-03', 'a'): '22'})
        for split in ([], ['site']):
            self.assertEqual(set(self.told('heads', by='day', split=split).values()), {'withheld'})
            self.assertEqual(set(self.told('heads', '--sum-of', 'day', split=split).values()), {'withheld'})
        self.assertEqual(set(self.told('leaders', by='month').values()), set())

    def test_the_only_one_is_not_named(self):
        self.fill(('heads', '2018-03-01', {'site': 'a'}, 3), ('heads', '2018-03-02', {'site': 'b'}, 0),
                  ('heads', '2018-04-02', {'site': 'c'}, 9))
        self.assertEqual(self.told('heads', split=['site']), {('2018-03', ''): 'withheld', ('2018-04', 'c'): '9'})
        for site in ('a', 'b', 'c', 'nowhere'):
            self.assertEqual(self.told('heads', where={'site': site})[('2018-03',)], 'withheld')
        self.assertEqual(self.told('heads', '--gaps', '--from', '2018-02', '--to', '2018-04', split=['site']),
                         {('2018-02', 'c'): 'missing', ('2018-03', ''): 'withheld', ('2018-04', 'c'): '9'})
        self.assertEqual(self.told('heads', by='year', split=['site']), {('2018', ''): 'withheld'})

    def test_two_dimensions(self):
        self.fill(*(('people', '2018-03-01', {'region': region, 'site': site}, number)
                    for region, site, number in [('east', 'a', 30), ('east', 'b', 20), ('east', 'c', 10), ('north', 'a', 40),
                                                 ('north', 'b', 25), ('north', 'c', 15), ('south', 'a', 3), ('south', 'b', 8),
                                                 ('south', 'c', 50)]))
        self.assertEqual(set(self.told('people', split=['region']).values()), {'60', '80', '61'})
        both = self.told('people', split=['site', 'region'])
        self.assertEqual({key: value for key, value in both.items() if value == 'withheld'},
                         {('2018-03', '', 'east'): 'withheld', ('2018-03', '', 'south'): 'withheld'})
        self.assertEqual({key[1]: value for key, value in both.items() if key[2] == 'north'}, {'a': '40', 'b': '25', 'c': '15'})
        self.assertEqual(self.told('people', split=['site'], where={'region': 'south'}), {('2018-03', ''): 'withheld'})
        self.assertEqual(self.told('people', split=['region'], where={'site': 'a'}),
                         {('2018-03', 'east'): 'withheld', ('2018-03', 'north'): '40', ('2018-03', 'south'): 'withheld'})

    def test_parts_of_parts(self):
        """Each site is of one region, as everybody can see: a region tells what its sites add up to."""
        self.fill(*(('people', '2018-03-01', {'region': region, 'site': site}, number)
                    for region, site, number in [('east', 'a', 30), ('east', 'b', 3), ('north', 'c', 9), ('north', 'd', 8)]))
        self.assertEqual(set(self.told('people', split=['region']).values()), {'33', '17'})
        self.assertEqual(self.told('people', split=['site']), {('2018-03', ''): 'withheld'})

    def test_a_ratio_is_as_secret_as_what_it_is_made_of(self):
        cells = [('people', 'a', 3), ('people', 'b', 9), ('people', 'c', 20), ('talks', 'a', 50), ('talks', 'b', 60), ('talks', 'c', 6)]
        self.fill(*((id, '2018-03-01', {'region': 'east', 'site': site}, number) for id, site, number in cells))
        self.assertEqual(self.told('rate', split=['site']), {('2018-03', 'a'): 'withheld', ('2018-03', 'b'): 'withheld',
                                                             ('2018-03', 'c'): '3333.333333'})
        self.assertEqual(self.told('rate'), {('2018-03',): '275.862069'})

    def test_what_was_known_once(self):
        self.fill(('heads', '2018-01-01', {'site': 'a'}, 20), ('heads', '2018-01-02', {'site': 'b'}, 30),
                  ('heads', '2018-02-02', {'site': 'a'}, 7), ('heads', '2018-02-02', {'site': 'b'}, 8))
        self.close_period('2018-01')
        self.close_period('2018-02')
        self.more(('heads', '2018-01-20', {'site': 'a'}, 2))
        now = {('2018-01', 'a'): '22', ('2018-01', 'b'): '30', ('2018-02', 'a'): '7', ('2018-02', 'b'): '8'}
        self.assertEqual(self.told('heads', split=['site']), now)
        self.assertEqual({row.get('reported', '') for row in self.rows('--outside', 'heads', split=['site'])}, {''})
        self.assertEqual(self.told('heads', '--reported', split=['site']),
                         {('2018-01', ''): 'withheld', ('2018-02', 'a'): '7', ('2018-02', 'b'): '8'})
        self.assertEqual(self.told('heads', '--reported', where={'site': 'b'}), {('2018-01',): 'withheld', ('2018-02',): '8'})
        self.assertEqual(self.told('heads', '--reported'), {('2018-01',): '50', ('2018-02',): '15'})
        today = datetime.date.today().isoformat()
        for split in ([], ['site']):
            self.assertEqual(set(self.told('heads', '--as-of', today, split=split).values()), {'withheld'})
            self.assertEqual(self.told('heads', '--as-of', '2018-04-01', split=split), {})

    def test_not_before_it_is_over(self):
        self.clock = Clock(self, self.house, '2018-03-31')
        self.fill(('heads', '2018-03-01', {'site': 'a'}, 20), ('heads', '2018-03-02', {'site': 'b'}, 30))
        self.assertEqual(self.told('heads', split=['site']), {('2018-03', ''): 'withheld'})
        self.assertEqual(self.told('heads'), {('2018-03',): '50'})
        self.turn(datetime.date(2018, 4, 1))
        self.assertEqual(self.told('heads', split=['site']), {('2018-03', 'a'): '20', ('2018-03', 'b'): '30'})


if __name__ == '__main__':
    house.main()
