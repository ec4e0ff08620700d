"""What was reported stays to be read, whatever becomes of the plan: by the words of its time, also of an indicator that the
plan has no more. And what a figure that is not there yet is called before it is due."""
import json

import house
from clocks import Clock
from house import HouseTest
from peer import Peer, at

CALLS = ('- {id: calls, code: "1.1", kind: count, frequency: month, dimensions: [region], unit: calls, method: "%s",\n'
         '   method_version: "%s", label: {en: Calls, fr: Appels}, definition: {en: "%s", fr: "%s"}}\n')
MEMBERS = ('- {id: members, code: "1.2", kind: level, frequency: quarter, dimensions: [region], unit: members,\n'
           '   label: {en: Members, fr: Membres}, definition: {en: Paid up., fr: Cotisants.}}\n')
REPORTS = '- {id: reports, code: "1.3", kind: milestone, frequency: quarter, due: +30d, dimensions: [donor], label: {en: Reports}}\n'
NOT_KEPT = 'was not kept by itself, and the definition changed since'
NOTE = 'as reported; the plan has this indicator no more'


class Reported(HouseTest):
    daemon = False

    def plan(self, *indicators):
        text = ('name: test\nplan: 2016/2020\nlanguages: [en, fr]\n'
                'dimensions:\n- {name: region, values: [africa, asia, europe]}\n- {name: donor}\nindicators:\n')
        self.framework = self.house.write('plan.yaml', (text + ''.join(indicators)).encode())
        if self.house.daemon and self.house.daemon.alive():
            self.house.stop()
        self.house.start('--framework', self.framework)

    def calls(self, method='Ledger.', version='1', english='Answered.', french='Reçus.'):
        return CALLS % (method, version, english, french)

    def suivi(self, *arguments, code=0):
        return self.house.run('suivi', *arguments, code=code)

    def feed(self):
        with Peer(self.house.endpoint, 'record@office') as peer:
            peer.hello()
            for indicator, region, day, value in (('calls', 'africa', '2018-01-05', 12), ('calls', 'asia', '2018-03-05', 3),
                                                  ('members', 'asia', '2018-02-05', 40)):
                self.assertEqual(peer.tell([(indicator, {'region': region}, at(day), value)])['accepted'], 1)

    def explained(self, *asked, language='en'):
        return json.loads(self.suivi('explain', *asked, '--language', language, '--format', 'json').out)

    def begin(self):
        self.plan(self.calls(), MEMBERS)
        self.feed()
        self.suivi('close', '2018-Q1')

    def test_by_the_words_of_their_time(self):
        self.begin()
        self.assertNotIn('reported by', self.suivi('explain', 'calls', '2018-Q1').out)
        self.plan(self.calls('Ledger and telephone.', '2', 'Answered or made.', 'Reçus ou faits.'), MEMBERS)
        told = self.suivi('explain', 'calls', '2018-Q1').out
        self.assertIn('  definition  reported by version 1: Answered.\n              now: Answered or made.\n', told)
        self.assertIn('  method      reported by version 1: Ledger.\n              now: Ledger and telephone.\n', told)
        self.assertIn('reported by version 1: Reçus.', self.suivi('explain', 'calls', '2018-Q1', '--language', 'fr').out)
        closing, = self.explained('calls', '2018-Q1')['closings']
        self.assertEqual({key: closing[key] for key in ('method_version', 'changed_since', 'label', 'definition', 'method')},
                         {'method_version': '1', 'changed_since': True, 'label': 'Calls', 'definition': 'Answered.', 'method': 'Ledger.'})
        self.assertNotIn('reported by', self.suivi('explain', 'members', '2018-Q1').out)
        # A month of the closed quarter likewise; and what is closed from now on is closed by the new words.
        self.assertIn('now: Answered or made.', self.suivi('explain', 'calls', '2018-01').out)
        self.suivi('close', '2018')
        self.assertNotIn('reported by', self.suivi('explain', 'calls', '2018').out)
        self.assertIn('all is well', self.suivi('check').out)

    def test_other_words_for_the_same_are_no_break(self):
        self.begin()
        self.plan(self.calls(french='Pris.'), MEMBERS)
        self.assertIn('reported by version 1: Reçus.\n              now: Pris.',
                      self.suivi('explain', 'calls', '2018-Q1', '--language', 'fr').out)
        told = self.explained('calls', '2018-Q1')
        self.assertEqual((len(told['versions']), told['closings'][0]['changed_since']), (1, False))
        self.assertNotIn('changed', self.suivi('figures', 'calls', '--format', 'csv').out)
        self.assertNotIn('reported by', self.suivi('explain', 'calls', '2018-Q1').out)

    def test_what_the_plan_has_no_more(self):
        self.begin()
        reported = self.suivi('figures', 'members', '--by', 'quarter', '--reported', '--format', 'csv').out
        self.plan(self.calls())
        asked = ('figures', '--by', 'quarter', '--from', '2018-Q1', '--to', '2018-Q1', '--format', 'csv')
        self.assertEqual(self.suivi(*asked, '--reported').out,
                         'indicator,period,value,note,reported\ncalls,2018-Q1,15,,15\nmembers,2018-Q1,40,%s,40\n' % NOTE)
        self.assertNotIn('members', self.suivi(*asked).out)
        self.assertEqual([line.split(',')[:3] for line in self.suivi('figures', 'm*', '--by', 'quarter', '--reported', '--format', 'csv')
                          .out.splitlines()[1:]], [line.split(',')[:3] for line in reported.splitlines()[1:2]])
        for more, rows in ((['--split', 'region'], 'members,2018-Q1,asia,40,%s,40\n' % NOTE),
                           (['--where', 'region=asia'], 'members,2018-Q1,40,%s,40\n' % NOTE), (['--where', 'region=africa'], ''),
                           (['--split', 'region', '--outside'], '')):
            with self.subTest(more=more):
                told = self.suivi('figures', 'members', '--by', 'quarter', '--reported', '--format', 'csv', *more).out
                self.assertEqual(''.join(told.splitlines(True)[1:]), rows)
        self.assertIn('Membres', self.suivi('figures', '--by', 'quarter', '--reported', '--language', 'fr').out)
        self.assert_one_sentence(self.suivi('figures', 'members', '--by', 'quarter', code=1).err, 'no more', '--reported')
        self.assert_one_sentence(self.suivi('figures', 'members', '--reported', code=1).err, 'no more', 'for 2018-Q1')
        told = self.explained('members', '2018-Q1', '--where', 'region=asia', language='fr')
        self.assertEqual((told['gone'], told['label'], told['value'], told['definition'], told['note']),
                         (True, 'Membres', 40, 'Cotisants.', NOTE))
        self.assertEqual(len(told['closings']), 1)
        self.assertRegex(self.suivi('explain', 'members', '2018-Q1').out, '(?s)no more.*not counted any more.*What it meant:.*Paid up.')
        for asked in (('members', '2018-01'), ('members', '2018-Q2'), ('members', '2018-Q1', '--where', 'region=africa')):
            self.assert_one_sentence(self.suivi('explain', *asked, code=1).err, 'no more', 'for 2018-Q1')
        self.assert_one_sentence(self.suivi('explain', 'member', '2018-Q1', code=1).err, '"member"')
        self.plan(self.calls(), MEMBERS)        # it is back, and as it was
        self.assertEqual(self.suivi('figures', 'members', '--by', 'quarter', '--reported', '--format', 'csv').out, reported)

    def test_rows_of_all_regions(self):
        self.begin()
        for more in ([], ['--reported']):
            told = self.suivi('figures', 'calls', '--by', 'quarter', '--from', '2018-Q1', '--to', '2018-Q1', '--split', 'region',
                              '--gaps', '--format', 'csv', *more).out
            self.assertEqual([line.split(',')[2:4] for line in told.splitlines()[1:]],
                             [['africa', '12'], ['asia', '3'], ['europe', '']])
            self.assertIn('missing', told.splitlines()[-1])


class Changed(HouseTest):
    """What was reported stays what it was when the plan changes afterwards."""
    daemon = False
    INDICATORS = {'calls': '{id: calls, kind: count, frequency: month, dimensions: [region, topic], label: {en: Calls}%s}',
                  'hours': '{id: hours, kind: count, frequency: month, dimensions: [region, topic], label: {en: Hours}%s}',
                  'rate': '{id: rate, kind: ratio, frequency: month, numerator: calls, denominator: hours, label: {en: Rate}%s}'}

    def plan(self, **more):
        more = {'rate': ', decimals: 1', **more}
        rows = ''.join('- %s\n' % (row % more.get(id, '')) for id, row in self.INDICATORS.items())
        framework = self.house.write('plan.yaml', ('name: test\nplan: 2016/2020\ndimensions:\n'
                                                   '- {name: region, values: [africa, asia]}\n- {name: topic}\nindicators:\n' + rows).encode())
        if self.house.daemon and self.house.daemon.alive():
            self.house.stop()
        self.house.start('--framework', framework)

    def begin(self):
        self.plan()
        with Peer(self.house.endpoint, 'record@office') as peer:
            peer.hello()
            for indicator, region, day, value in (('calls', 'africa', '2018-01-05', 60), ('calls', 'asia', '2018-02-05', 10),
                                                  ('hours', 'africa', '2018-01-05', 9), ('hours', 'asia', '2018-02-05', 3)):
                self.assertEqual(peer.tell([(indicator, {'region': region, 'topic': 'law'}, at(day), value)])['accepted'], 1)
        self.house.run('suivi', 'close', '2018-Q1')

    def told(self, indicator, *more, by='quarter'):
        rows = self.house.figures(indicator, '--by', by, '--from', '2018-Q1', '--to', '2018-Q1', *more)
        return [(row['value'], row.get('reported', '')) for row in rows]

    def explained(self, *asked):
        return json.loads(self.house.run('suivi', 'explain', *asked, '--format', 'json').out)

    def test_other_decimals(self):
        self.begin()
        self.assertEqual(self.told('rate', '--reported'), [('5.8', '5.8')])
        for decimals, value, beside in ((2, '5.83', '5.80'), (3, '5.833', '5.800'), (0, '6.0', '5.8')):
            with self.subTest(decimals=decimals):
                self.plan(rate=', decimals: %d, targets: [{period: 2018-Q1, value: 7}]' % decimals)
                # The target has to stand beside it with the same decimals.
                self.assertEqual(self.told('rate', '--reported'), [(beside, beside)])
                self.assertEqual(self.told('rate'), [(value, beside)])
                told = self.explained('rate', '2018-Q1')
                self.assertEqual((told['value'], told['reported'], told['target']), (float(value), 5.8, 7))
                self.assertAlmostEqual(sum(move['difference'] for move in told['moves']), float(value) - 5.8, 9)
                self.plan(rate=', decimals: %d' % decimals)
                self.assertEqual(self.told('rate', '--reported'), [('5.8', '5.8')])
                self.assertEqual(self.told('rate', '--reported', '--split', 'region,topic'), [('6.7', '6.7'), ('3.3', '3.3')])
        self.plan()
        self.assertEqual(self.told('rate'), [('5.8', '5.8')])
        self.assertIn('all is well', self.house.run('suivi', 'check').out)


    def test_what_was_not_kept_by_itself(self):
        self.begin()
        parts = [('month', []), ('quarter', ['--where', 'region=africa']), ('quarter', ['--split', 'region']),
                 ('month', ['--split', 'region,topic'])]
        before = [self.told('rate', '--reported', *more, by=by) for by, more in parts]
        self.assertEqual(before, [[('6.7', '6.7'), ('3.3', '3.3')], [('6.7', '6.7')]] + 2 * [[('6.7', '6.7'), ('3.3', '3.3')]])
        self.plan(hours=', unit: h')
        self.assertEqual([self.told('rate', '--reported', *more, by=by) for by, more in parts], before)
        # What it is made of means something else; or it itself.
        for changed in ({'hours': ', method_version: "2"'}, {'rate': ', decimals: 1, factor: 10'}):
            self.plan(**changed)
            for by, more in parts:
                with self.subTest(changed=changed, by=by, more=more):
                    for asked in ([], ['--gaps']):
                        rows = [row for row in self.house.figures('rate', '--by', by, '--from', '2018-Q1', '--to', '2018-Q1',
                                                                  '--reported', *asked, *more) if NOT_KEPT in row['note']]
                        self.assertEqual([(row['value'], row.get('reported', '')) for row in rows], [('', '')] * len(rows))
                        self.assertGreater(len(rows), 0)
                    now = self.house.figures('rate', '--by', by, '--from', '2018-Q1', '--to', '2018-Q1', *more)
                    self.assertEqual([row.get('reported', '') for row in now], [''] * len(now))
                    self.assertTrue(all(row['value'] and NOT_KEPT in row['note'] for row in now))
            # What was kept is told as it was.
            self.assertEqual(self.told('rate', '--reported'), [('5.8', '5.8')])
            self.assertEqual(self.told('rate', '--reported', '--split', 'region,topic'), [('6.7', '6.7'), ('3.3', '3.3')])
            self.assertEqual(self.told('rate', '--reported', '--where', 'region=asia', '--where', 'topic=law'), [('3.3', '3.3')])
            told = self.explained('rate', '2018-01')
            self.assertNotIn('reported', told)
            self.assertIn(NOT_KEPT, told['note'])
            self.assertEqual(told['moves'], [])
            self.assertEqual(self.explained('rate', '2018-Q1')['reported'], 5.8)
            self.assertNotIn('reported', self.explained('rate', '2018-Q1', '--where', 'region=africa'))
            self.assertIn(NOT_KEPT, self.house.run('suivi', 'explain', 'rate', '2018-01').out)
        self.assertEqual(self.told('calls', '--reported', by='month'), [('60', '60'), ('10', '10')])
        self.plan()
        self.assertEqual([self.told('rate', '--reported', *more, by=by) for by, more in parts], before)

    def test_an_indicator_that_came_later_was_not_reported(self):
        self.begin()
        self.INDICATORS = {**self.INDICATORS, 'pace': self.INDICATORS['rate'].replace('id: rate', 'id: pace')}
        self.plan()
        for by in ('month', 'quarter'):
            self.assertEqual(self.told('pace', '--reported', by=by), [])
            rows = self.house.figures('pace', '--by', by, '--from', '2018-Q1', '--to', '2018-Q1')
            self.assertEqual({(row.get('reported', ''), row['note']) for row in rows}, {('', 'nothing was reported')})
        self.assertNotIn('reported', self.explained('pace', '2018-01'))


    def test_other_firsts_are_a_marked_break(self):
        self.INDICATORS = {**self.INDICATORS, 'visitors': '{id: visitors, kind: distinct, window: day, frequency: month, '
                                                          'dimensions: [region, topic], label: {en: Visitors}%s}'}
        versions = []
        for firsts, calls in (('', ''), (', firsts: {day: calls}', ''), (', firsts: {day: calls}', ', unit: c'),
                              (', firsts: {month: calls}', ''), (', firsts: {month: hours}', ''),
                              (', firsts: {month: hours}', ', method_version: "2"')):
            self.plan(visitors=firsts, calls=calls)
            versions.append(len(self.explained('visitors', '2018-Q1')['versions']))
        self.assertEqual(versions, [1, 2, 2, 3, 4, 4])
        self.plan(visitors=', firsts: {month: hours}', hours=', method_version: "2"')
        self.assertEqual(len(self.explained('visitors', '2018-Q1')['versions']), 5)


class OnTime(HouseTest):
    """A report is due 30 days after its quarter."""
    daemon = False

    def setUp(self):
        super().setUp()
        self.clock = Clock(self, self.house, '2018-04-30')
        self.plan(REPORTS)

    def plan(self, reports):
        framework = self.house.write('plan.yaml', ('name: test\nplan: 2018/2020\ndimensions: [{name: donor}]\nindicators:\n'
                                                   + reports).encode())
        if self.house.daemon and self.house.daemon.alive():
            self.house.stop()
        self.house.start('--framework', framework, env=self.clock.environment())

    def row(self, period, *more, by='quarter'):
        rows = self.house.figures('reports', '--by', by, '--from', period, '--to', period, '--gaps', *more)
        self.assertEqual(len(rows), 1)
        return rows[0]

    def done(self, donor, period, day):
        self.house.run('suivi', 'record', 'reports', '--at', day, '--done', '--for', period, '--dim', 'donor=' + donor,
                       '--state', self.house.path('record'))

    def test_before_its_day_nothing_is_missing(self):
        self.assertEqual(self.row('2018-Q1')['state'], 'not due')
        self.assertIn(': not due', self.house.run('suivi', 'explain', 'reports', '2018-Q1').out)
        self.clock.set('2018-05-01')
        self.assertEqual(self.row('2018-Q1')['state'], 'missing')
        self.assertEqual(self.row('2018-Q2')['state'], 'not due')
        self.clock.set('2019-01-01')
        self.assertEqual((self.row('2018-Q4')['state'], self.row('2018', by='year')['state']), ('not due', 'missing'))

    def test_on_time_stands_beside_done(self):
        self.clock.set('2018-12-01')
        self.done('a', '2018-Q1', '2018-04-30')
        self.done('b', '2018-Q1', '2018-05-01')
        self.done('b', '2018-Q2', '2018-07-02')
        row = self.row('2018-Q1')
        self.assertEqual((row['value'], row['on_time'], row['note']), ('2', '1', '2 of 2 due, 1 on time, 1 late'))
        row = self.row('2018-Q2')
        self.assertEqual((row['value'], row['on_time']), ('1', '1'))
        row = self.row('2018', by='year')
        self.assertEqual((row['value'], row['on_time']), ('3', '2'))
        self.assertEqual(self.row('2018-Q1', '--where', 'donor=b')['on_time'], '0')
        self.assertEqual(json.loads(self.house.run('suivi', 'explain', 'reports', '2018-Q1', '--format', 'json').out)['on_time'], 1)
        self.house.run('suivi', 'close', '2018-Q1')
        self.done('c', '2018-Q1', '2018-11-30')
        row = self.row('2018-Q1', '--reported')
        self.assertEqual((row['value'], row['on_time']), ('2', '1'))
        row = self.row('2018-Q1')
        self.assertEqual((row['value'], row['on_time'], row['reported']), ('3', '1', '2'))

    def test_another_due_day_changes_nothing_that_was_reported(self):
        self.clock.set('2019-06-01')
        self.done('a', '2018-Q1', '2018-04-30')
        self.done('b', '2018-Q1', '2018-05-10')
        self.done('a', '2018-Q2', '2018-08-10')
        self.house.run('suivi', 'close', '2018')
        asked = ('reports', '--by', 'year', '--from', '2018', '--to', '2018', '--reported')
        before = self.house.figures(*asked), self.house.figures(*asked, '--split', 'donor')
        self.assertEqual([(row['value'], row['on_time']) for row in before[0]], [('3', '1')])
        self.assertIn('1 on time, 2 late', before[0][0]['note'])
        self.assertEqual([row['on_time'] for row in before[1]], ['1', '0'])
        for changed in (REPORTS.replace('+30d', '+60d'), REPORTS.replace('+30d', '+1d'), REPORTS.replace('due: +30d, ', '')):
            self.plan(changed)
            self.assertEqual((self.house.figures(*asked), self.house.figures(*asked, '--split', 'donor')), before)
        self.plan(REPORTS.replace('+30d', '+60d'))
        self.assertEqual(self.row('2018', by='year')['on_time'], '3')
        # Of the quarters nothing was kept by itself.
        row = self.row('2018-Q1', '--reported')
        self.assertEqual((row['value'], row.get('on_time', ''), row.get('note', '')), ('2', '', ''))
        # Nor does it come from anywhere else when the plan means something else, or has it no more.
        self.plan(REPORTS.replace('label', 'method_version: "2", label'))
        self.assertEqual([(row['value'], row['on_time'], row['note']) for row in self.house.figures(*asked)],
                         [('3', '1', before[0][0]['note'])])
        self.plan(REPORTS.replace('id: reports', 'id: others'))
        self.assertEqual([(row['value'], row['on_time']) for row in self.house.figures(*asked)], [('3', '1')])
        self.assertIn('all is well', self.house.run('suivi', 'check').out)


if __name__ == '__main__':
    house.main()
