"""`suivi figures`: periods, breakdowns and formats, against sums done here."""
import collections
import datetime
import json

import house
from house import House, HouseTest
import sketch
from peer import Peer, at, members

SITES = ['a', 'b, "c"', 'é']
LANGUAGES = ['en', 'fr']


def months_of(day):
    return {'day': day.isoformat(), 'month': day.strftime('%Y-%m'), 'quarter': '%d-Q%d' % (day.year, (day.month + 2) // 3),
            'half': '%d-H%d' % (day.year, (day.month + 5) // 6), 'year': str(day.year), 'plan': '2016/2020'}


class Figures(HouseTest):
    """One daemon for all tests here: they only ask."""
    daemon = False

    @classmethod
    def setUpClass(cls):
        cls.shared = House()
        cls.counts = collections.Counter()          # (indicator, day, site, language) -> value
        cls.sets = collections.defaultdict(set)
        day = datetime.date(2016, 1, 1)
        number = 0
        series, events = [], []
        while day <= datetime.date(2020, 12, 31):
            site, language = SITES[number % 3], LANGUAGES[number % 2]
            when = at(day.isoformat())
            hashes = {number % 7 + 1, number % 11 + 1, 1 << 63 | number % 5}
            series += [['web.downloads', {'site': site, 'language': language}], ['web.requests', {'site': site}],
                       ['web.visitors.unique', {'site': site, 'language': language}]]
            events += [[len(series) - 3, when, number % 50], [len(series) - 2, when, 1000 + number],
                       [len(series) - 1, when, members(*hashes)]]
            cls.counts['web.downloads', day, site, language] += number % 50
            cls.counts['web.requests', day, site, None] += 1000 + number
            cls.sets[day, site, language] |= hashes
            number += 1
            # Nothing at all from June to August 2018.
            day += datetime.timedelta(days=5)
            if day.year == 2018 and 6 <= day.month <= 8:
                day = datetime.date(2018, 9, 1)
        with Peer(cls.shared.endpoint) as peer:
            peer.hello()
            ack = peer.put(series, events)
            assert not ack['refused'], ack

    @classmethod
    def tearDownClass(cls):
        cls.shared.close()

    def setUp(self):
        self.house = self.shared

    def sums(self, indicator, by, first='2016-01-01', last='2020-12-31', split=(), where=lambda site, language: True):
        table = collections.Counter()
        for (name, day, site, language), value in self.counts.items():
            if name == indicator and first <= day.isoformat() <= last and where(site, language):
                values = {'site': site, 'language': language}
                table[(name, months_of(day)[by], *(values[dim] for dim in split))] += value
        return dict(table)

    def unions(self, by, split=(), window='month'):
        """Distinct: the union within a month, the sum of months over longer periods."""
        sets = collections.defaultdict(set)
        for (day, site, language), hashes in self.sets.items():
            values = {'site': site, 'language': language}
            own = 'day' if by == 'day' else window
            sets[(months_of(day)[by], months_of(day)[own], *(values[dim] for dim in split))] |= hashes
        table = collections.Counter()
        for (period, _, *values), hashes in sets.items():
            table[('web.visitors.unique', period, *values)] += len(hashes)
        return dict(table)

    def test_every_period(self):
        for by in ('day', 'month', 'quarter', 'half', 'year', 'plan'):
            with self.subTest(by=by):
                self.assertEqual(self.house.table('web.downloads', by=by), self.sums('web.downloads', by))
                self.assertEqual(self.house.table('web.visitors.unique', by=by), self.unions(by))

    def test_month_is_the_default(self):
        rows = self.house.figures('web.downloads')
        self.assertEqual({(row['indicator'], row['period']): int(row['value']) for row in rows}, self.sums('web.downloads', 'month'))

    def test_split(self):
        for by in ('month', 'year'):
            for split in (['site'], ['language'], ['site', 'language'], ['language', 'site']):
                with self.subTest(by=by, split=split):
                    self.assertEqual(self.house.table('web.downloads', by=by, split=split),
                                     self.sums('web.downloads', by, split=split))
                    self.assertEqual(self.house.table('web.visitors.unique', by=by, split=split), self.unions(by, split))

    def test_where(self):
        self.assertEqual(self.house.table('web.downloads', '--where', 'language=fr'),
                         self.sums('web.downloads', 'month', where=lambda site, language: language == 'fr'))
        self.assertEqual(self.house.table('web.downloads', '--where', 'language=fr', '--where', 'site=é', split=['site']),
                         self.sums('web.downloads', 'month', split=['site'],
                                   where=lambda site, language: (site, language) == ('é', 'fr')))
        self.assertEqual(self.house.table('web.downloads', '--where', 'site=elsewhere'), {})

    def test_from_and_to(self):
        for first, last, begin, end in [
                ('2018-01', '2018-03', '2018-01-01', '2018-03-31'), ('2018', '2018', '2018-01-01', '2018-12-31'),
                ('2016-02-29', '2016-Q1', '2016-02-29', '2016-03-31'), ('2019-H2', None, '2019-07-01', '2020-12-31'),
                (None, '2016-01-20', '2016-01-01', '2016-01-20'), ('2016/2020', '2016/2020', '2016-01-01', '2020-12-31'),
                ('2018/2019', '2018/2019', '2018-01-01', '2019-12-31')]:
            with self.subTest(first=first, last=last):
                limits = (['--from', first] if first else []) + (['--to', last] if last else [])
                self.assertEqual(self.house.table('web.downloads', *limits, by='day'),
                                 self.sums('web.downloads', 'day', begin, end))

    def test_nothing_there(self):
        self.assertEqual(self.house.figures('web.downloads', '--from', '2018-06', '--to', '2018-08'), [])
        self.assertEqual(self.house.figures('lists.posts'), [])
        ran = self.house.run('suivi', 'figures', 'lists.posts', '--format', 'csv')
        self.assertTrue(ran.out.startswith('indicator,period,value'))

    def test_missing_is_no_row_and_zero_is_one(self):
        periods = {key[1]: value for key, value in self.house.table('web.downloads', by='day').items()}
        self.assertEqual(periods['2016-01-01'], 0)
        self.assertNotIn('2016-01-02', periods)
        self.assertNotIn('2018-07', {key[1] for key in self.house.table('web.downloads')})

    def test_globs(self):
        self.assertEqual({key[0] for key in self.house.table('web.*')}, {'web.downloads', 'web.requests', 'web.visitors.unique'})
        self.assertEqual({key[0] for key in self.house.table('web.????????')}, {'web.requests'})
        self.assertEqual({key[0] for key in self.house.table('*.unique', 'web.downloads')}, {'web.downloads', 'web.visitors.unique'})
        self.assertEqual(self.house.table(), self.house.table('*'))

    def test_rows_are_sorted(self):
        ran = self.house.run('suivi', 'figures', 'web.*', '--split', 'site', '--format', 'csv')
        rows = self.house.figures('web.*', '--split', 'site')
        keys = [(row['indicator'], row['period'], row['site']) for row in rows]
        self.assertEqual(keys, sorted(keys, key=lambda key: tuple(part.encode() for part in key)))
        self.assertEqual(len(keys), len(set(keys)))
        self.assertTrue(ran.out.startswith('indicator,period,site,value'))

    def test_csv_quoting(self):
        ran = self.house.run('suivi', 'figures', 'web.requests', '--split', 'site', '--by', 'plan', '--format', 'csv')
        self.assertIn('web.requests,2016/2020,"b, ""c""",', ran.out)
        self.assertIn('web.requests,2016/2020,é,', ran.out)

    def test_json(self):
        ran = self.house.run('suivi', 'figures', 'web.*', '--split', 'site', '--format', 'json')
        document = json.loads(ran.out)
        figures = document if isinstance(document, list) else document['figures']
        found = {}
        for figure in figures:
            site = figure['site'] if 'site' in figure else figure.get('dimensions', figure.get('dims', {})).get('site', '')
            found[figure['indicator'], figure['period'], site] = figure['value']
        self.assertEqual(found, self.house.table('web.*', split=['site']))

    def test_table(self):
        """For people: labels and codes, the periods as columns, no colour in a pipe."""
        ran = self.house.run('suivi', 'figures', 'web.*', '--from', '2018-01', '--to', '2018-03')
        for words in ('2018-01', '2018-02', '2018-03', '1.2.4', '1.2.6', 'Unique website visitors'):
            self.assertIn(words, ran.out)
        self.assertNotIn('\x1b', ran.out)
        total = self.sums('web.downloads', 'month')['web.downloads', '2018-02']
        line = next(line for line in ran.out.splitlines() if '1.2.6' in line)
        self.assertIn(str(total), line)

    def test_label_beside_missing(self):
        ran = self.house.run('suivi', 'figures', 'web.downloads', '--from', '2018-05', '--to', '2018-09')
        self.assertIn('2018-05', ran.out)
        self.assertIn('2018-09', ran.out)
        self.assertIn('–', ran.out)

    def test_note_for_longer_periods(self):
        """A distinct count over a year is the sum of its months, and says so."""
        ran = self.house.run('suivi', 'figures', 'web.visitors.unique', '--by', 'year')
        self.assertIn('sum of', ran.out.lower())
        ran = self.house.run('suivi', 'figures', 'web.visitors.unique', '--by', 'month')
        self.assertNotIn('sum of', ran.out.lower())

    def test_a_month_is_never_told_in_part(self):
        """--from and --to within a month: what is called 2017-02 is all of February, or is not there."""
        wanted = self.sums('web.downloads', 'month')
        for key, value in self.house.table('web.downloads', '--from', '2017-02-10', '--to', '2017-03-20', by='month').items():
            self.assertEqual(value, wanted[key])


class Crowds(HouseTest):
    """More visitors than are kept one by one. The hashes are always the same, and so are the estimates."""

    def test_estimates(self):
        hashes = list(sketch.splitmix64(2018, 6000))
        given = [('a', '2018-01-03', hashes[:2500]), ('b', '2018-01-05', hashes[2000:4000]), ('b', '2018-01-05', hashes[3900:3950]),
                 ('a', '2018-02-01', hashes[:1000]), ('b', '2018-02-28', hashes[500:1024]),
                 ('a', '2018-03-01', hashes[:1000]), ('b', '2018-03-01', hashes[500:1025])]
        for source in 'ab':
            with Peer(self.house.endpoint, source=source + '@host') as peer:
                peer.hello()
                for name, day, members_of in given:
                    if name == source:
                        ack = peer.put([('web.visitors.unique', {'site': 's', 'language': 'en'})], [[0, at(day), members(*members_of)]])
                        self.assertEqual(ack['refused'], [])
        wanted = {month: sketch.count(sketch.encode({one for _, day, some in given if day.startswith(month) for one in some}))
                  for month in ('2018-01', '2018-02', '2018-03')}
        for _ in range(2):
            rows = {row['period']: row for row in self.house.figures('web.visitors.unique')}
            self.assertEqual(set(rows), set(wanted))
            for month, value in wanted.items():
                self.assertLessEqual(abs(int(rows[month]['value']) - value), month != '2018-02')
            self.assertLessEqual(abs(wanted['2018-01'] - 4000), 4000 * 0.008 * 5)
            self.assertEqual([rows[month]['note'] for month in sorted(rows)], ['± 0.8 %', '', '± 0.8 %'])
            self.assertEqual(wanted['2018-02'], 1024)
            quarter, = self.house.figures('web.visitors.unique', '--by', 'quarter')
            self.assertEqual(quarter['note'], '± 0.7 %, sum of months')
            told = self.house.run('suivi', 'explain', 'web.visitors.unique', '2018-01').out
            self.assertRegex(told, r'\(± 0\.8 %[;)]')
            self.assertRegex(told, r'visitors, ± 0\.8 %')                  # of what each source gave, too
            self.house.run('suivi', 'check')
            self.house.restart()

    def test_what_is_no_set_is_refused(self):
        dense = members(*sketch.splitmix64(1, 5000))
        bad = [dense[:-1], dense + b'\0', b'\x02' + bytes(len(dense) - 1), b'\x01' + dense[1:], b'\x02\xd1' + dense[2:]]
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            ack = peer.put([('web.visitors.unique', {'site': 's', 'language': 'en'})], [[0, at('2018-01-03'), value] for value in [*bad, dense]])
            self.assertEqual([index for index, _ in ack['refused']], list(range(len(bad))))
        figure, = self.house.figures('web.visitors.unique')
        self.assertLessEqual(abs(int(figure['value']) - sketch.count(dense)), 1)


if __name__ == '__main__':
    house.main()
