"""The reference itself, against examples worked out by hand from docs/kinds.md."""
import datetime
import unittest
from fractions import Fraction

from reference_kinds import Book, Indicator, period_of, periods, read_period, rounded, seconds, text_of


def on(text, of_day=43200):
    return seconds(datetime.date.fromisoformat(text), of_day)


def day(text):
    return datetime.date.fromisoformat(text)


class Periods(unittest.TestCase):
    def test_texts(self):
        for text in ('2018-03-07', '2018-03', '2018-Q1', '2018-H2', '2018', '2018/2019', '2016/2020'):
            self.assertEqual(text_of(read_period(text)), text)

    def test_of_a_day(self):
        plan = 2016, 2020
        self.assertEqual([text_of(period_of(type, day('2020-02-29'), plan)) for type in
                          ('day', 'month', 'quarter', 'half', 'year', 'biennium', 'plan')],
                         ['2020-02-29', '2020-02', '2020-Q1', '2020-H1', '2020', '2020/2021', '2016/2020'])
        self.assertEqual(period_of('month', day('2020-02-01'), plan)[2], day('2020-02-29'))
        self.assertIsNone(period_of('plan', day('2021-01-01'), plan))
        self.assertEqual([text_of(period) for period in periods('quarter', day('2018-03-31'), day('2018-07-01'), plan)],
                         ['2018-Q1', '2018-Q2', '2018-Q3'])

    def test_rounded(self):
        self.assertEqual([rounded(Fraction(text), 0) for text in ('1/2', '-1/2', '3/2', '2/3', '-1/3')], [1, -1, 2, 1, 0])
        self.assertEqual(rounded(Fraction(1, 8), 2), Fraction(13, 100))
        self.assertEqual(rounded(Fraction(-1, 8), 2), Fraction(-13, 100))


class Kinds(unittest.TestCase):
    def book(self, kind, today='2026-01-01', **more):
        more.setdefault('dimensions', ['region'])
        self.kept = Book([Indicator('x', kind, **more)], today=day(today))
        return self.kept

    def say(self, text, value, region='a', source='s@h', of_day=43200):
        self.kept.say(source, 'x', {'region': region}, on(text, of_day), value)

    def entry(self, text, id, region='a', source='s@h', of_day=43200, recorded=None, **fields):
        self.say(text, {'id': id, 'recorded': on(text, of_day) + 1 if recorded is None else recorded, **fields}, region, source,
                 of_day)

    def test_count(self):
        book = self.book('count')
        self.say('2018-01-31', 5)
        self.say('2018-02-01', 7, 'b')
        self.entry('2018-02-02', 1, value=-3)
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 5, ('2018-02',): 4})
        self.assertEqual(book.figures('x', 'year', ['region']), {('2018', 'a'): 2, ('2018', 'b'): 7})
        self.assertEqual(book.figures('x', 'quarter', where={'region': 'b'}), {('2018-Q1',): 7})
        self.assertEqual(book.figures('x', 'month', ['site']), {('2018-01', ''): 5, ('2018-02', ''): 4})

    def test_a_figure_that_holds(self):
        book = self.book('count')
        self.say('2018-01-31', 5)
        self.entry('2018-01-31', 1, value=2)
        self.entry('2018-01-31', 2, value=-4, reason='r', recorded=100)
        self.entry('2018-01-31', 3, holds=12, reason='r', recorded=200)
        self.entry('2018-01-31', 4, holds=9, reason='r', recorded=150)
        self.say('2018-01-30', 1)
        self.say('2018-01-31', 7, 'b')
        self.assertEqual(book.figures('x', 'month', ['region']), {('2018-01', 'a'): 13, ('2018-01', 'b'): 7})
        self.say('2018-01-31', 50, source='late@h')
        self.entry('2018-01-31', 5, value=8, recorded=300)      # no correction: one more that is counted
        self.assertEqual(book.figures('x', 'day')['2018-01-31',], 19)
        book.withdraw('s@h', day('2018-01-01'), day('2018-01-30'))
        self.assertEqual(book.figures('x', 'day'), {('2018-01-31',): 19})
        self.entry('2018-01-31', 6, value=-3, reason='r', recorded=300)
        self.assertEqual(book.figures('x', 'day', ['region'])['2018-01-31', 'a'], 9)
        self.entry('2018-01-31', 7, value=-30, reason='r', recorded=300)
        self.assertEqual(book.figures('x', 'day', ['region'])['2018-01-31', 'a'], 0)
        self.entry('2018-01-31', 8, retracts=3, reason='r')
        self.entry('2018-01-31', 9, retracts=7, reason='r')
        self.assertEqual(book.figures('x', 'day', ['region'])['2018-01-31', 'a'], 6)        # 9 that held before, less 3
        self.entry('2018-01-31', 10, retracts=4, reason='r')
        self.assertEqual(book.figures('x', 'day', ['region'])['2018-01-31', 'a'], 5 + 2 - 4 + 50 + 8 - 3)

    def test_a_figure_of_people_that_holds(self):
        book = self.book('distinct')
        self.say('2018-01-01', frozenset({1, 2}))
        self.say('2018-01-02', frozenset({2, 3}))
        self.entry('2018-01-02', 1, holds=4, reason='r')
        self.assertEqual(book.figures('x', 'day'), {('2018-01-01',): 2, ('2018-01-02',): 4})
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 5})
        self.entry('2018-01-02', 2, holds=0, reason='r', recorded=on('2018-06-01'))
        self.entry('2018-01-01', 3, holds=0, reason='r')
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 0})
        self.assertEqual(book.figures('x', 'year'), {('2018',): 0})

    def test_an_entry_counts_once(self):
        book = self.book('count')
        self.entry('2018-01-31', 1, value=5)
        self.entry('2018-01-31', 1, value=5, source='other@h')
        self.entry('2018-01-30', 1, value=9)
        self.entry('2018-01-31', 1, value=2, region='b')
        self.assertEqual(book.figures('x', 'day', ['region']), {('2018-01-30', 'a'): 9, ('2018-01-31', 'b'): 2})

    def test_retractions_of_retractions(self):
        book = self.book('count')
        self.entry('2018-01-01', 1, value=5)
        self.entry('2018-01-02', 2, value=7)
        self.entry('2018-12-01', 3, retracts=1, reason='r')
        self.assertEqual(book.figures('x', 'year'), {('2018',): 7})
        self.entry('2017-12-01', 4, retracts=3, reason='r')
        self.assertEqual(book.figures('x', 'year'), {('2018',): 12})
        self.entry('2017-12-01', 5, retracts=4, reason='r')
        self.entry('2017-12-01', 6, retracts=2, reason='r', region='b')       # another series
        self.assertEqual(book.figures('x', 'year'), {('2018',): 7})

    def test_withdrawn(self):
        book = self.book('count', today='2018-05-01')
        self.say('2018-01-01', 5)
        self.say('2018-01-01', 50, source='other@h')
        self.say('2018-02-01', 500)
        book.clock = day('2018-05-02')
        book.withdraw('s@h', day('2018-01-01'), day('2018-01-31'))
        self.assertEqual(book.figures('x', 'year'), {('2018',): 550})
        self.say('2018-01-02', 6)
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 56, ('2018-02',): 500})
        self.assertEqual(book.figures('x', 'year', length=book.length_on(day('2018-05-01'))), {('2018',): 555})

    def test_a_withdrawn_copy_leaves_the_other(self):
        book = self.book('count')
        self.entry('2018-01-01', 1, value=5)
        self.entry('2018-01-02', 1, value=6, source='other@h')
        self.entry('2018-01-03', 2, retracts=1, reason='r', source='third@h')
        book.withdraw('s@h', day('2018-01-01'), day('2018-01-01'))
        self.assertEqual(book.figures('x', 'month'), {})
        book.withdraw('third@h', day('2018-01-01'), day('2018-01-03'))
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 6})

    def test_distinct(self):
        book = self.book('distinct')
        self.say('2018-01-01', frozenset({1, 2}))
        self.say('2018-01-31', frozenset({2, 3}), 'b')
        self.say('2018-02-01', frozenset({1, 9}))
        self.say('2018-03-01', frozenset())
        self.entry('2018-02-03', 1, value=-1, reason='r')
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 3, ('2018-02',): 1, ('2018-03',): 0})
        self.assertEqual(book.figures('x', 'quarter'), {('2018-Q1',): 4})
        self.assertEqual(book.figures('x', 'month', ['region'])['2018-01', 'b'], 2)
        book.indicators['x'].window = 'plan'
        self.assertEqual(book.figures('x', 'plan'), {('2016/2020',): 3})
        self.assertEqual(book.figures('x', 'plan', sum_of='month'), {('2016/2020',): 4})

    def test_level(self):
        book = self.book('level', today='2018-06-15')
        self.entry('2018-01-31', 1, value=100)
        self.entry('2018-03-01', 2, value=120)
        self.say('2018-04-10', 7, 'b')
        months = [('2018-%02d' % month,) for month in range(1, 7)]
        self.assertEqual(book.figures('x', 'month'), dict(zip(months, [100, 100, 120, 127, 127, 127])))
        self.assertEqual(book.figures('x', 'quarter', ['region']), {
            ('2018-Q1', 'a'): 120, ('2018-Q2', 'a'): 120, ('2018-Q2', 'b'): 7})
        self.entry('2018-02-10', 3, value=110)      # late, about an earlier day
        self.assertEqual(book.figures('x', 'month'), dict(zip(months, [100, 110, 120, 127, 127, 127])))
        self.entry('2018-03-01', 4, value=1, recorded=on('2018-03-01') - 9)
        self.entry('2018-03-01', 5, value=130, recorded=on('2018-05-01'), reason='r')
        self.assertEqual(book.figures('x', 'month')['2018-03',], 130)
        self.entry('2018-06-01', 6, retracts=5, reason='r')
        self.assertEqual(book.figures('x', 'month')['2018-03',], 120)
        self.assertEqual(book.figures('x', 'day')['2018-01-31',], 100)
        self.assertNotIn(('2018-01-30',), book.figures('x', 'day'))
        self.assertEqual(max(book.figures('x', 'day')), ('2018-06-15',))

    def test_where_a_level_ends(self):
        book = self.book('level', today='2026-01-01')
        self.entry('2015-01-31', 1, value=100)
        self.assertEqual(max(book.figures('x', 'month')), ('2020-12',))
        self.assertEqual(min(book.figures('x', 'month')), ('2015-01',))
        self.assertEqual(book.figures('x', 'plan'), {('2016/2020',): 100})
        self.assertEqual(max(book.figures('x', 'month', last=day('2024-05-31'))), ('2024-05',))
        self.assertEqual(max(book.figures('x', 'month', last=day('2030-05-31'))), ('2026-01',))
        self.entry('2021-05-05', 2, value=7)
        self.assertEqual(max(book.figures('x', 'month')), ('2021-05',))

    def test_status(self):
        book = self.book('status', today='2018-06-15')
        self.entry('2018-02-01', 1, value=1)
        self.entry('2018-02-01', 2, value=1, region='b')
        self.entry('2018-04-01', 3, value=0)
        self.assertEqual(book.figures('x', 'quarter'), {('2018-Q1',): 2, ('2018-Q2',): 1})
        self.assertEqual(book.figures('x', 'quarter', ['region']), {
            ('2018-Q1', 'a'): 1, ('2018-Q1', 'b'): 1, ('2018-Q2', 'a'): 0, ('2018-Q2', 'b'): 1})

    def test_roster(self):
        book = self.book('roster')
        self.say('2018-01-01', 'Kenya')
        self.say('2018-01-02', 'Kenya', 'b')
        self.entry('2018-01-01', 1, name='Peru')
        self.entry('2018-01-01', 2, name='Peru', removed=True, reason='r', recorded=on('2018-02-01'))
        self.entry('2018-03-01', 3, name='Peru')
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 1, ('2018-03',): 1})
        self.assertEqual(book.figures('x', 'quarter'), {('2018-Q1',): 2})
        self.assertEqual(book.figures('x', 'quarter', ['region']), {('2018-Q1', 'a'): 2, ('2018-Q1', 'b'): 1})
        self.assertEqual(book.figures('x', 'quarter', sum_of='day'), {('2018-Q1',): 3})
        self.entry('2018-03-01', 4, name='Peru', removed=True, reason='r', recorded=on('2018-02-01'))     # said before
        self.assertEqual(book.figures('x', 'month')['2018-03',], 1)

    def test_milestone(self):
        book = self.book('milestone', frequency='quarter')
        self.entry('2018-01-15', 1, done='2018-01-15')
        self.entry('2018-03-31', 2, done='2018-04-02')
        self.entry('2018-12-31', 3, done='2019-01-05')
        self.entry('2018-12-31', 4, done='2019-01-05', region='b')
        self.assertEqual(book.figures('x', 'quarter'), {('2018-Q1',): 1, ('2018-Q4',): 2})
        self.assertEqual(book.figures('x', 'year'), {('2018',): 3})
        self.assertEqual(book.figures('x', 'month'), {('2018-01',): 1, ('2018-03',): 1, ('2018-12',): 2})

    def test_ratio(self):
        book = Book([Indicator('up', 'count', dimensions=['region', 'site']), Indicator('down', 'level', dimensions=['region']),
                     Indicator('r', 'ratio', numerator='up', denominator='down', factor=100, decimals=1),
                     Indicator('rr', 'ratio', numerator='r', denominator='up', factor=1, decimals=2)], today=day('2018-12-31'))
        book.say('s', 'up', {'region': 'a', 'site': 'i'}, on('2018-01-05'), 1)
        book.say('s', 'up', {'region': 'b', 'site': 'j'}, on('2018-03-05'), 1)
        book.say('s', 'down', {'region': 'a'}, on('2018-01-05'), 16)
        book.say('s', 'down', {'region': 'b'}, on('2018-03-05'), 0)
        self.assertEqual(book.figures('r', 'month'), {('2018-01',): Fraction(63, 10), ('2018-03',): Fraction(63, 10)})
        self.assertEqual(book.figures('r', 'year', ['site', 'region']), {('2018', '', 'a'): Fraction(63, 10)})
        self.assertEqual(book.figures('r', 'year', where={'site': 'i'}), {})
        self.assertEqual(book.figures('rr', 'year'), {('2018',): Fraction(625, 100)})     # 12.5 / 2

    def test_reported(self):
        book = self.book('count', today='2018-05-01')
        self.say('2018-01-01', 5)
        self.say('2018-03-01', 6)
        book.close('2018-Q1')
        self.say('2018-01-02', 70)
        self.say('2018-02-02', 700)
        self.assertEqual(book.reported('x', 'month'), {('2018-01',): 5, ('2018-03',): 6})
        self.assertEqual(book.reported('x', 'quarter'), {('2018-Q1',): 11})
        self.assertEqual(book.reported('x', 'year'), {('2018',): 781})
        book.close('2018-01')
        self.assertEqual(book.reported('x', 'month'), {('2018-01',): 75, ('2018-03',): 6})

    def test_nothing(self):
        book = self.book('count', today='2018-05-10', frequency='quarter')
        self.say('2018-01-01', 0)
        self.assertEqual(book.figures('x', 'quarter'), {('2018-Q1',): 0})
        for text, by, state in [('2017-Q4', 'quarter', 'missing'), ('2018-Q2', 'quarter', 'not due'), ('2017', 'year', 'missing'),
                                ('2018-02', 'month', 'not due'), ('2015-Q4', 'quarter', 'not due'), ('2018', 'year', 'not due')]:
            self.assertEqual(book.state('x', text, by), state, text)
        self.assertEqual(book.heard('x', read_period('2018-Q1')), (1, 90))
        self.say('2018-04-30', 2, 'b')
        self.entry('2018-05-01', 1, value=2)
        self.assertEqual(book.heard('x', read_period('2018-Q2')), (1, 40))
        self.assertIsNone(book.heard('x', read_period('2018-Q2'), {'region': 'a'}))

    def test_withheld(self):
        book = self.book('count', small_number=5)
        for region, value in [('a', 3), ('b', 10), ('c', 20), ('d', 0)]:
            self.say('2018-01-01', value, region)
        self.assertEqual(book.outside('x', 'month', 'region'), {'2018-01': {'a', 'b'}})
        for month, values, withheld in [('2018-02', [2, 3, 9], {'a', 'b'}), ('2018-03', [2, 2, 9], {'a', 'b', 'c'}),
                                        ('2018-04', [1, 1, 4], {'a', 'b', 'c'}), ('2018-05', [0, 3], None), ('2018-06', [5, 6], set())]:
            for region, value in zip('abc', values):
                self.say(month + '-01', value, region)
            self.assertEqual(book.outside('x', 'month', 'region')[month], withheld, month)


if __name__ == '__main__':
    unittest.main(verbosity=2)
