"""The plan that is shipped, all 64 rows of it: each is fed one realistic entry by those who feed it, and comes back right by
month, quarter, year and plan, and by region where it has one. Skipped where the table of the plan is not there."""
import collections
import csv
import os
import unittest

import yaml

import house
from kinds_case import SHIPPED, KindsTest
from peer import Peer, at, members

TABLE = os.path.join(house.SHARED, 'framework', 'indicators.csv')
SURVEY = os.path.join('config', 'mappings', 'survey.yaml')
DAY = '2018-03-07'
IN = {'month': '2018-03', 'quarter': '2018-Q1', 'half': '2018-H1', 'year': '2018', 'biennium': '2018/2019', 'plan': '2016/2020'}
VALUES = {'count': 3, 'level': 120, 'status': 1}        # of all others: one
OPEN = {'site': 'nswp', 'list': 'members', 'platform': 'facebook', 'donor': 'Robert Carr Fund',
        'partner': 'UNAIDS', 'country': 'Kenya'}

# One visitor, who reads two pages, comes back an hour later and takes a document along.
AGENT = '"-" "Mozilla/5.0 (X11; Linux x86_64; rv:58.0) Gecko/20100101 Firefox/58.0"'
LOG = ''.join('192.0.2.7 - - [07/Mar/2018:%s +0000] "GET %s HTTP/1.1" 200 5120 %s\n' % (time, path, AGENT) for time, path in [
    ('09:00:00', '/fr/a-propos'), ('09:03:00', '/fr/membres'), ('10:30:00', '/fr/ressources'),
    ('10:31:00', '/fr/guide-1.pdf'), ('10:32:00', '/fr/guide-2.pdf'), ('10:33:00', '/fr/guide-3.pdf')])

CASE = '''# A union in Nairobi

## Problem
Raids; assumed that the police would talk.

## Aims
To end the raids.

## Strategies
Talks, with two staff.

## Results
Twelve meetings.

## Impact analysis
Fewer arrests.

## Conclusions
Begin with the county; lessons for next time.
'''


def rows():
    with open(TABLE, encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


@unittest.skipUnless(os.path.exists(TABLE), 'no table of the plan beside this tree')
class Plan64(KindsTest):
    @classmethod
    def setUpClass(cls):
        cls.table = rows()
        with open(os.path.join(house.SOURCE, SHIPPED), encoding='utf-8') as file:
            cls.plan = yaml.safe_load(file)
        cls.promised = {indicator['id']: indicator for indicator in cls.plan['indicators']}
        cls.closed = {dimension['name']: dimension.get('values') for dimension in cls.plan['dimensions']}

    def setUp(self):
        super().setUp()
        self.house.start('--framework', os.path.join(house.SOURCE, SHIPPED))

    def value_of(self, dimension):
        return 'fr' if dimension == 'language' else 'africa' if dimension == 'region' else OPEN[dimension]

    def dims(self, row):
        return {name: self.value_of(name) for name in self.promised[row['id']].get('dimensions', [])}

    # Who feeds

    def record(self, row):
        what = {'count': ['--value', '3'], 'level': ['--value', '120'], 'status': ['--in-force', 'yes'], 'milestone': ['--done'],
                'evidence': ['--title', 'Minutes of the visit to Kampala'], 'narrative': ['--file', self.case],
                'roster': ['--name', 'Kenya'], 'distinct': ['--name', 'A. Person']}[row['kind']]
        if row['kind'] == 'evidence':
            what += ['--link', 'https://example.org/minutes'] if len(row['id']) % 2 else ['--file', self.minutes]
        if row['id'] == 'web.languages':        # by its code, as the web log names it
            what = ['--name', 'fr']
        for name, value in self.dims(row).items():
            what += ['--dim', '%s=%s' % (name, value)]
        self.house.run('suivi', 'record', row['id'], '--at', DAY, *what, '--state', self.house.path('record'))

    def send(self, peer, row):
        value = members(1) if row['kind'] == 'distinct' else VALUES[row['kind']]
        ack = peer.put([(row['id'], self.dims(row))], [[0, at(DAY), value]])
        self.assertEqual((ack['accepted'], ack.get('reasons') or []), (1, []), row['id'])

    def import_survey(self):
        """The yearly survey, as a spreadsheet writes it: three organisations that grew, three changes each of law and
        programme."""
        lines = ['answer;date;region;organisation_grew;law_changed;programme_changed;remarks',
                 '1;%s;Africa;yes;yes;no;' % DAY, '2;%s;Afrique;yes;yes;yes;"two\nlines; and ""quotes"""' % DAY,
                 '3;%s;africa;yes;no;yes;' % DAY, '4;%s;africa;no;yes;yes;' % DAY]
        table = self.house.write('survey.csv', '\r\n'.join(lines).encode('utf-8-sig'))
        self.house.run('suivi', 'import', table, '--mapping', os.path.join(house.SOURCE, SURVEY),
                       '--state', self.house.path('record'))

    def feed(self):
        self.case = self.house.write('case.md', CASE.encode())
        self.minutes = self.house.write('minutes.pdf', b'%PDF-1.4 minutes')
        fed = collections.Counter()
        with Peer(self.house.endpoint, 'listserv@lists') as peer:
            peer.hello()
            for row in self.table:
                by = row['fed_by']
                if 'record' in by:
                    self.record(row)
                elif by == 'survey CSV':
                    pass        # all of them by one file, below
                elif by != 'web log':
                    self.send(peer, row)
                fed[by] += 1
        self.import_survey()
        self.house.weblog(self.house.write('access.log', LOG.encode()), site='nswp', languages='en,fr', default='en')
        return fed

    # What comes back

    def test_each_comes_back(self):
        self.assertEqual(len(self.table), 64)
        self.assertEqual(sum(self.feed().values()), 64)
        ids = [row['id'] for row in self.table]
        told = {by: self.told(*ids, by=by) for by in IN}
        by_region = {by: self.told(*ids, by=by, split=('region',)) for by in IN}
        before = self.told(*ids, '--to', '2018-02', by='month')
        self.assertEqual(before, {})
        for row in self.table:
            value = VALUES.get(row['kind'], 1)
            for by, period in IN.items():
                with self.subTest(id=row['id'], by=by):
                    found = {key[1]: number for key, number in told[by].items() if key[0] == row['id']}
                    self.assertEqual(found.get(period), value, found)
                    if row['kind'] not in ('level', 'status'):
                        self.assertEqual(len(found), 1, found)
                    if 'region' in row['disaggregation']:
                        self.assertEqual(by_region[by][row['id'], period, 'africa'], value)


if __name__ == '__main__':
    house.main()
