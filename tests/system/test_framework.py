"""Framework files: the shipped plan against the table it was made from, and what `suivi check --framework` says of bad ones."""
import csv
import os
import re

import yaml

import house
from house import HouseTest

PLAN = os.path.join(house.SOURCE, 'config', 'nswp-2016-2020.yaml')
EXAMPLE = os.path.join(house.SOURCE, 'config', 'example-outreach-2024.yaml')
TABLE = os.path.join(house.SHARED, 'framework', 'indicators.csv')

# The table's words for areas and targets, in the file's.
AREAS = {'result 1': 'R1', 'result 2A': 'R2A', 'result 2B': 'R2B', 'result 3': 'R3'}
MONTHS = {'month': 1, 'quarter': 3, 'half': 6, 'year': 12, 'biennium': 24}
TARGETS = {         # value, months
    '2 per year': (2, 12),
    'once per year': (1, 12),
    'once per two years': (1, 24),
    '4 per year': (4, 12),
    'each region each year': (5, 12),
    'in force': (1, None),
    '5': (5, None),
    'all on time': None,        # no number: its due day says it
    '': None,
}

HEAD = '''name: test
plan: 2016/2020
dimensions: [{name: site}]
indicators:
- {id: a.b, kind: count, frequency: month, label: {en: A}}
'''


class Plan(HouseTest):
    daemon = False

    def setUp(self):
        super().setUp()
        if not os.path.exists(TABLE):
            self.skipTest('the table of indicators is not here')
        with open(PLAN, encoding='utf-8') as file:
            self.plan = yaml.safe_load(file)
        with open(TABLE, encoding='utf-8', newline='') as file:
            self.rows = list(csv.DictReader(file))
        self.indicators = {indicator['id']: indicator for indicator in self.plan['indicators']}

    def test_every_row(self):
        self.assertEqual(len(self.rows), 64)
        for row in self.rows:
            with self.subTest(row['id']):
                ours = self.indicators[row['id']]
                self.assertEqual(ours['code'], row['code'])
                self.assertEqual(ours['area'], AREAS.get(row['area'], row['area']))
                self.assertEqual(ours['label']['en'], row['label_en'])
                self.assertEqual(ours['label']['fr'], row['label_fr'])
                self.assertEqual(ours['kind'], row['kind'])
                self.assertEqual(ours['frequency'], row['frequency'])
                self.assertEqual(', '.join(ours.get('dimensions', [])), row['disaggregation'])
                self.assertEqual(', '.join(ours['fed_by']), row['fed_by'])
                self.assertEqual(ours['method_version'], '1')
                self.assertTrue(ours['method'])
                for language in ('en', 'fr'):
                    self.assertTrue(ours['definition'][language].endswith('.'))

    def test_targets(self):
        for row in self.rows:
            with self.subTest(row['id']):
                wanted, ours = TARGETS[row['target']], self.indicators[row['id']].get('target')
                if wanted is None:
                    self.assertIsNone(ours)
                elif wanted[1] is None:
                    self.assertEqual(ours, {'value': wanted[0]})
                else:
                    # 4 per year and 1 per quarter are the same.
                    self.assertEqual(ours['value'] * wanted[1], wanted[0] * MONTHS[ours['per']])

    def test_nothing_else_has_a_code(self):
        codes = [indicator['code'] for indicator in self.plan['indicators'] if 'code' in indicator]
        self.assertEqual(sorted(codes), sorted(row['code'] for row in self.rows))

    def test_regions_are_closed(self):
        values = {dimension['name']: dimension.get('values') for dimension in self.plan['dimensions']}
        self.assertEqual(len(values['region']), 5)
        self.assertEqual(values['language'], ['en', 'fr', 'es', 'ru', 'zh'])
        for name in ('site', 'list', 'platform', 'donor', 'partner', 'country'):
            self.assertIsNone(values[name])

    def test_leaders_are_known_for_the_whole_plan(self):
        for name in ('leaders.mentored', 'forums.leaders'):
            self.assertEqual(self.indicators[name]['window'], 'plan')


class Check(HouseTest):
    daemon = False

    def check(self, text, code=1):
        path = self.house.write('plan.yaml', text.encode())
        ran = self.house.run('suivi', 'check', '--framework', path, code=code)
        self.assertEqual(ran.err, '')
        self.assertNotIn('\x1b', ran.out)
        lines = ran.out.splitlines()
        for line in lines:
            self.assertTrue(line.startswith(path + ':'), line)
        return [line[len(path) + 1:] for line in lines]

    def assert_told(self, text, *faults):
        """Each of these, in this order, and no other: (line, words)."""
        told = self.check(text)
        self.assertEqual(len(told), len(faults), told)
        for sentence, (line, *words) in zip(told, faults):
            self.assertTrue(sentence.startswith('%d: ' % line), sentence)
            for word in words:
                self.assertIn(word, sentence)

    def test_shipped(self):
        for path, words in ((PLAN, '83 indicators'), (EXAMPLE, '10 indicators')):
            ran = self.house.run('suivi', 'check', '--framework', path)
            self.assertEqual(ran.err, '')
            self.assertRegex(ran.out, '^%s: all is well: %s, ' % (re.escape(path), words))
            self.assertEqual(ran.out.count('\n'), 1)

    def test_cycle_of_ratios(self):
        self.assert_told(HEAD + '''- {id: r.a, kind: ratio, frequency: year, numerator: r.b, denominator: a.b, label: {en: A}}
- {id: r.b, kind: ratio, frequency: year, numerator: a.b, denominator: r.c, label: {en: B}}
- {id: r.c, kind: ratio, frequency: year, numerator: r.a, denominator: a.b, label: {en: C}}
''', (6, 'r.a > r.b > r.c > r.a', 'take it out'))

    def test_duplicate_id(self):
        self.assert_told(HEAD + '- {id: c, kind: count, frequency: month, label: {en: C}}\n'
                         '- {id: a.b, kind: level, frequency: month, label: {en: B}}\n',
                         (7, '"a.b" is declared a second time', 'another id'))

    def test_unknown_kind(self):
        self.assert_told(HEAD + '- {id: c, kind: number, frequency: month, label: {en: C}}\n',
                         (6, '"number" is no kind of indicator', 'use count, distinct, level'))

    def test_all_are_told(self):
        self.assert_told(HEAD + '''- {id: a.b, kind: number, frequency: monthly, label: {en: C}}
- id: d
  kind: milestone
  frequency: year
  due: 31-12
  dimension: [sites]
  label: {de: D}
- {id: r, kind: ratio, frequency: year, numerator: r, denominator: a.c, label: {en: R}}
- {id: s, kind: count, label: {en: S}, window: day, target: 5}
areas: [{code: x, parent: y}]
colour: red
''', (6, 'no kind'), (6, 'monthly'), (6, 'second time'), (10, '31-12'), (11, 'did you mean "dimensions"'), (12, '"de"'),
            (13, 'computed from itself'), (13, 'did you mean "a.b"'), (14, '"target" must be'), (14, 'needs "frequency"'),
            (14, '"window"'), (15, 'needs "label"'), (15, '"y"'), (16, 'colour'))

    def test_not_yaml(self):
        self.assert_told('name: [a\nplan: b\n', (2, 'not valid YAML'))
        self.assertIn('is empty', self.check('')[0])

    def test_unreadable(self):
        ran = self.house.run('suivi', 'check', '--framework', self.house.path('none.yaml'), code=1)
        self.assertEqual(ran.out, '')
        self.assert_one_sentence(ran.err, 'none.yaml: cannot be read: No such file')

    def test_good(self):
        self.assertEqual(self.check(HEAD, code=0), [' all is well: 1 indicator, 0 areas, 0 sources, 1 language'])

    def test_wrong_usage(self):
        self.house.run('suivi', 'check', '--framework', code=2)
        self.house.run('suivi', 'check', 'plan.yaml', code=2)

    def test_daemon_refuses_what_check_refuses(self):
        path = self.house.write('plan.yaml', (HEAD + '- {id: a.b, kind: count, frequency: month, label: {en: B}}\n').encode())
        told = self.house.run('suivi', 'check', '--framework', path, code=1).out.strip()
        daemon = self.house.start('--framework', path, wait=False)
        self.assertEqual(daemon.wait(), 1)
        self.assertIn(told, daemon.stderr())


if __name__ == '__main__':
    house.main()
