"""suivi-weblog --stamp: visitors from a cookie that holds a day and a mark, beside people of whom the test knows who they are."""
import json
import os
import random

import house
from house import HouseTest
from stamp_case import CONFIRMS, LANGUAGES, PERIODS, Truth, World

UNIQUE, RETURNING = 'web.visitors.unique', 'web.visitors.returning'


def nonzero(table):
    return {key: value for key, value in table.items() if value != 0}


class Stamp(HouseTest):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get('SUIVI_SEED') or random.randrange(1 << 32))
        print('seed %d' % self.seed, flush=True)

    def count(self, content, *more, name='access.log', site='site', stamp=True):
        log = self.house.write(name, content)
        return self.house.weblog(log, state='state-' + site, site=site, languages=','.join(LANGUAGES),
                                 more=[*(['--stamp', '--stamp-path', CONFIRMS] if stamp else []), *more])

    def assert_truth(self, world):
        truth, split = Truth(world), Truth(world, split=True)
        table = self.house.table
        for by in PERIODS:
            wanted = truth.table(by, by, UNIQUE)
            self.assertTrue(wanted)
            self.assertEqual(nonzero(table(UNIQUE, by=by)), wanted)
            self.assertEqual(nonzero(table(UNIQUE, by=by, split=['language'])), split.table(by, by, UNIQUE))
            self.assertEqual(nonzero(table('web.firsts.' + by, by='day')), truth.table(by, 'day', 'web.firsts.' + by))
        self.assertEqual(nonzero(table(RETURNING)), truth.table('returning', 'month', RETURNING))
        for name in ('pageviews', 'unstamped'):
            self.assertEqual(nonzero(table('web.firsts.' + name)), truth.table(name, 'month', 'web.firsts.' + name))
        self.assertEqual(truth.table('pageviews', 'month', 'x'), {('x', month): value for (_, month), value in
                                                                 table('web.pageviews').items() if value})

    def test_fourteen_months(self):
        world = World(self.seed)
        ran = self.count(world.log())
        self.assertNotIn('without a stamp', ran.err)
        self.assert_truth(world)
        self.count(world.log())         # nothing is counted twice
        self.assert_truth(world)
        self.house.run('suivi', 'check')

    def test_longer_periods_are_sums_of_the_longest_that_fits(self):
        world = World(self.seed)
        self.count(world.log())
        quarters = Truth(world).table('quarter', 'quarter', UNIQUE)
        for by, of, note in (('half', 'quarter', 'sum of quarters'), ('biennium', 'year', 'sum of years'), ('year', 'year', '')):
            rows = self.house.figures(UNIQUE, '--by', by)
            self.assertEqual({row.get('note', '') for row in rows}, {note})
            self.assertEqual(sum(int(row['value']) for row in rows), sum(Truth(world).table(of, of, UNIQUE).values()))
        months = self.house.figures(UNIQUE, '--by', 'quarter', '--sum-of', 'month')
        self.assertEqual({row['note'] for row in months}, {'sum of months'})
        self.assertEqual(sum(int(row['value']) for row in months), sum(Truth(world).table('month', 'month', UNIQUE).values()))
        explained = json.loads(self.house.run('suivi', 'explain', UNIQUE, '2018-Q2', '--format', 'json').out)
        self.assertEqual(sum(part['value'] for part in explained['sources']), quarters[(UNIQUE, '2018-Q2')])
        self.assertIn(('method', 'stamp'), {(remark['title'], remark['note']) for remark in explained['remarks']})

    def test_every_format_and_the_clock_of_the_server(self):
        """The day of a stamp is that of the server's clock, wherever it stands."""
        for form, zone in (('vhost', '+1300'), ('json', '-0930'), ('combined', '+0530')):
            world = World(self.seed, people=24, days=90)
            self.count(world.log(form, zone), name=form, site=form + zone)
            truth, where = Truth(world), ['--where', 'site=' + form + zone]
            for by in ('day', 'month'):
                self.assertEqual(nonzero(self.house.table(UNIQUE, *where, by=by)), truth.table(by, by, UNIQUE), (form, zone))
            self.assertEqual(nonzero(self.house.table(RETURNING, *where)), truth.table('returning', 'month', RETURNING))

    def test_another_field_is_no_stamp(self):
        lines = ['10.0.0.%d - - [07/Mar/2018:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "Mozilla/5.0 Firefox/60.0"%s\n' %
                 (number, rest) for number, rest in enumerate((
                     '', ' "192.0.2.1"', ' 2018-03-06', ' "2018-03-06" 0.003', ' "2018-03-06x"', ' "2018-3-06"', ' "2018-13-06"',
                     ' "x 2018-03-06"', ' "2018-03-06', ' x"2018-03-06"'))]
        ran = self.count(''.join(lines).encode())
        self.assertIn('10 page views in lines without a stamp', ran.err)
        self.assertEqual(nonzero(self.house.table('web.firsts.*', UNIQUE)), {})
        lines = ['10.0.0.9 - - [07/Mar/2018:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "Mozilla/5.0 Firefox/60.0"%s "2018-02-06"\n' %
                 rest for rest in ('', ' "192.0.2.1"', ' 0.003', ' "a \\" b"')]
        self.count(''.join(lines).encode(), name='more.log')
        self.assertEqual(self.house.table(UNIQUE), {(UNIQUE, '2018-03'): 4})

    def test_a_last_line_that_is_not_whole_waits(self):
        line = b'10.0.0.1 - - [07/Mar/2018:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "Mozilla/5.0 Firefox/60.0" "2018-02-06"\n'
        for cut in (len(line) - 1, len(line) - 2, len(line) - 8, len(line) - 14, len(line) - 15):
            name = 'cut-%d' % cut
            self.count(line + line[:cut], name=name, site=name)
            self.count(line + line, name=name, site=name)
            self.assertEqual(self.house.table(UNIQUE, '--where', 'site=' + name), {(UNIQUE, '2018-03'): 2}, cut)

    def test_a_change_of_method_holds_from_the_next_day(self):
        world = World(self.seed, people=60, days=120)
        self.count(world.log(last='2017-12-10'), stamp=False)
        hashed = nonzero(self.house.table(UNIQUE, by='day'))
        ran = self.count(world.log(last='2017-12-31'))
        self.assertIn('by stamp from 2017-12-11 on', ran.err)
        late = b'10.99.0.1 - - [05/Dec/2017:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "Mozilla/5.0 Firefox/60.0" "2017-12-05n"\n'
        self.count(late, name='late.log')
        hashed[(UNIQUE, '2017-12-05')] = hashed.get((UNIQUE, '2017-12-05'), 0) + 1
        self.assertNotIn('stamp from', self.count(world.log()).err)
        truth = Truth(world).table('day', 'day', UNIQUE)
        wanted = {**hashed, **{key: value for key, value in truth.items() if key[1] > '2017-12-10'}}
        self.assertEqual(nonzero(self.house.table(UNIQUE, by='day')), wanted)
        firsts = self.house.table('web.firsts.day', by='day')
        self.assertEqual({key for key in firsts if key[1] <= '2017-12-10'}, set())
        rows = {row['period']: row['note'] for row in self.house.figures(UNIQUE, '--by', 'month')}
        self.assertIn('two methods', rows['2017-12'])
        self.assertIn('method changed on 2017-12-11 (stamp)', rows['2017-12'])
        self.assertEqual(rows['2018-01'], '')
        explained = json.loads(self.house.run('suivi', 'explain', UNIQUE, '2017-12', '--format', 'json').out)
        notes = {remark['note'] for remark in explained['remarks'] if remark['title'] == 'method'}
        self.assertEqual(notes, {'stamp', 'keyed hash'})

    def test_a_change_that_is_taken_back_never_was(self):
        world = World(self.seed, people=24, days=20)
        self.count(world.log(last='2017-11-10'), stamp=False)
        self.count(world.log(last='2017-11-10'))
        self.count(world.log(), stamp=False)
        self.assertEqual(nonzero(self.house.table('web.firsts.*')), {})

    def test_closing_and_withdrawal(self):
        world = World(self.seed, people=60, days=120)
        self.count(world.log(last='2017-12-15'), '--source', 'weblog@www1')
        before = self.house.table(UNIQUE, by='quarter')
        self.house.run('suivi', 'close', '2017-Q4')
        self.count(world.log(), '--source', 'weblog@www1')
        after = self.house.table(UNIQUE, by='quarter')
        key = (UNIQUE, '2017-Q4')
        self.assertEqual(after[key], Truth(world).table('quarter', 'quarter', UNIQUE)[key])
        row = next(row for row in self.house.figures(UNIQUE, '--by', 'quarter') if row['period'] == '2017-Q4')
        self.assertEqual(int(row['reported']), before[key])
        explained = json.loads(self.house.run('suivi', 'explain', UNIQUE, '2017-Q4', '--format', 'json').out)
        self.assertEqual(sum(move['difference'] for move in explained['moves']), after[key] - before[key])
        self.house.run('suivi', 'withdraw', '--source', 'weblog@www1', '--from', '2017-12-01', '--to', '2017-12-31', '--reason', 'x')
        left = {key: value for key, value in Truth(world).table('day', 'day', UNIQUE).items() if key[1] < '2017-12'}
        days = self.house.table(UNIQUE, '--from', '2017-11', '--to', '2017-11', by='day')
        self.assertEqual(nonzero(days), left)
        rows = self.house.figures(UNIQUE, '--from', '2017-12', '--to', '2017-12', '--by', 'day')
        self.assertEqual({row['value'] for row in rows}, {''})

    def test_a_corrected_day(self):
        world = World(self.seed, people=60, days=60)
        self.count(world.log())
        day, month = '2017-11-20', '2017-11'
        truth = Truth(world)
        there = truth.table('day', 'day', UNIQUE).get((UNIQUE, day), 0)
        monthly = truth.table('month', 'month', UNIQUE)[(UNIQUE, month)]
        own = Truth(world, split=True).table('day', 'day', UNIQUE).get((UNIQUE, day, 'fr'), 0)
        self.house.run('suivi', 'correct', UNIQUE, '--at', day, '--value', str(own + 7), '--dim', 'site=site', '--dim', 'language=fr',
                       '--reason', 'counted by hand')
        self.assertEqual(self.house.table(UNIQUE, by='day')[(UNIQUE, day)], there + 7)
        self.assertEqual(self.house.table(UNIQUE)[(UNIQUE, month)], monthly + 7)

    def test_wrong_usage(self):
        for more, word in ((['--stamp-path', '/x.css'], 'without --stamp'), (['--stamp', '--stamp-path', 'x.css'], 'no path'),
                           (['--stamp', '--format', 'common'], 'no cookie')):
            ran = self.house.weblog('x', more=more, code=2)
            self.assert_one_sentence(ran.err, word)


if __name__ == '__main__':
    house.main()
