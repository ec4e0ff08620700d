"""Figures that stay as they were reported: closing, restating, explaining, what was known when, taking back, what is due; and
another plan under a running store. By the programs that people use."""
import datetime
import json
import random
import sys

import house
from clocks import Clock
from kinds_case import KindsTest, seed_of_tests, shuffled
from make_entries import SOURCES, Made, framework_file, own_indicators, reference_indicators
from peer import Peer, at

SEED = seed_of_tests()
DESK, READER, OTHER = SOURCES


def count(id='talks.calls', **more):
    return dict(id=id, kind='count', frequency='month', dimensions=[], **more)


class BooksTest(KindsTest):
    def suivi(self, *arguments, code=0, **more):
        return self.house.run('suivi', *arguments, code=code, **more)

    def refused(self, *arguments, parts=(), code=1):
        ran = self.suivi(*arguments, code=code)
        self.assert_one_sentence(ran.err, *parts)
        self.assertEqual(ran.out, '')
        return ran.err

    def explain(self, id, period, *more):
        return json.loads(self.suivi('explain', id, period, *more, '--format', 'json').out)

    def all_reported(self):
        """Every figure as it was reported, to the letter."""
        quarter = '--from', '2018-Q1', '--to', '2018-Q1'
        return [[(*row.values(),)[:3 + len(split)] for row in self.rows('--reported', *quarter, by=by, split=split)]
                for by in ('month', 'quarter') for split in ((), ('region',), ('region', 'site', 'language'))]

    def values(self, *arguments, column='value', by='quarter'):
        return {(row['indicator'], row['period']): row.get(column, '') for row in self.rows(*arguments, by=by)}


class Closing(BooksTest):
    def test_stays_bit_for_bit(self):
        self.begin(own_indicators())
        events = shuffled(Made(SEED, own_indicators()).events, SEED)
        half = len(events) // 2
        self.tell(events[:half])
        self.close_period('2018-Q1')
        reported = self.all_reported()
        self.assertGreater(len(reported[0]), 20)
        digests = self.suivi('close', '--format', 'json').out
        self.tell(events[half:])
        self.assertEqual(self.all_reported(), reported)
        self.withdraw(DESK, '2018-01', '2018-12')
        self.withdraw(READER, '2000', '2024')
        self.assertEqual(self.all_reported(), reported)
        self.restart()
        self.assertEqual(self.all_reported(), reported)
        self.assertEqual(self.suivi('close', '--format', 'json').out, digests)
        known = self.rows('--from', '2018-Q1', '--to', '2018-Q1', by='quarter')
        self.assertNotEqual([(*row.values(),)[:3] for row in known], reported[3])
        self.suivi('check')

    def test_once_and_when_it_is_over(self):
        self.clock = Clock(self, self.house, '2018-03-31')
        self.begin([count()], day=datetime.date(2018, 3, 31))
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4)])
        for period in ('2018-Q1', '2018-03', '2018', '2016/2020', '2018-04', '2018-03-31'):
            with self.subTest(period=period):
                self.refused('close', period, parts=[period, 'over'])
        for period in ('2018-3', 'march', '2018-02-31', ''):
            with self.subTest(period=period):
                self.refused('close', period, code=2)
        self.turn(datetime.date(2018, 4, 1))
        self.suivi('close', '2018-Q1')
        self.refused('close', '2018-Q1', parts=['2018-Q1', 'closed'])
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-06'), 40)])
        self.restart()
        self.refused('close', '2018-Q1', parts=['2018-Q1', 'closed'])
        self.assertEqual(self.values('--reported'), {('talks.calls', '2018-Q1'): '4'})
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '44'})
        self.assertEqual(self.values(column='reported'), {('talks.calls', '2018-Q1'): '4'})

    def test_a_month_of_a_closed_quarter(self):
        self.begin([count()])
        self.tell([(DESK, 'talks.calls', {}, at('2018-02-05'), 4)])
        self.suivi('close', '2018-Q1')
        self.tell([(DESK, 'talks.calls', {}, at('2018-02-06'), 40), (DESK, 'talks.calls', {}, at('2018-03-06'), 1)])
        self.assertEqual(self.values('--reported', by='month'), {('talks.calls', '2018-02'): '4'})
        self.assertEqual(self.values('--reported', by='year'), {('talks.calls', '2018'): '45'})
        self.refused('close', '2018-02', parts=['2018-02 was closed with 2018-Q1'])     # as if 44 had been reported
        self.assertEqual(self.values('--reported', by='month'), {('talks.calls', '2018-02'): '4'})
        self.assertRegex(self.suivi('explain', 'talks.calls', '2018-02').out,
                         r'as reported 4 on .*, with all of 2018-Q1; since then: \+40 on .* from %s' % DESK)

    def test_killed_right_after_the_answer(self):
        """What was answered is on disk."""
        self.begin([count()])
        self.tell([(DESK, 'talks.calls', {}, at('2018-02-05'), 4)])
        for number, period in enumerate(['2018-01', '2018-02', '2018-Q1', '2017', '2018-05']):
            with Peer(self.house.endpoint, 'closer@host') as peer:
                peer.send('close', {'id': 5, 'period': period})
                answer = peer.expect('closed')
            self.house.kill()
            self.open()
            self.refused('close', period, parts=[period])
            closed = json.loads(self.suivi('close', '--format', 'json').out)
            self.assertEqual(len(closed), number + 1)
            self.assertIn(answer['rows'][0][2], [row['sha256'] for row in closed])
        self.tell([(DESK, 'talks.calls', {}, at('2018-02-05'), 8)])
        self.assertEqual(self.values('--reported', by='month'), {('talks.calls', '2018-02'): '4'})

    def test_withdrawn_is_kept_too(self):
        self.begin([count()])
        self.tell([(DESK, 'talks.calls', {}, at('2018-02-05'), 4), (OTHER, 'talks.calls', {}, at('2018-02-05'), 2)])
        with Peer(self.house.endpoint, 'hand@host') as peer:
            peer.send('withdraw', {'id': 5, 'source': DESK, 'from': '2018-02', 'to': '2018-02', 'reason': 'wrong'})
            answer = peer.expect('withdrawn')
            self.assertEqual((answer['source'], answer['first'], answer['last'], answer['figures']),
                             (DESK, '2018-02-01', '2018-02-28', 1))
        self.house.kill()
        self.open()
        self.assertEqual(self.values(by='month'), {('talks.calls', '2018-02'): '2'})
        self.suivi('check')

    def test_ends(self):
        """0 done, 1 could not, 2 wrong usage; data on stdout, all else on stderr."""
        self.begin([count()])
        self.suivi('close', '2018-Q1', code=0)
        for arguments in (['close', '2018-Q1', '2018-Q2'], ['close', '--nonsense'], ['withdraw'], ['withdraw', '--source', DESK],
                          ['explain'], ['explain', 'talks.calls'], ['explain', 'talks.calls', '2018-13'],
                          ['due', '--on', '2018-02-30'], ['figures', '--as-of', '2018-02-30'], ['figures', '--sum-of', 'fortnight']):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, code=2)
        self.refused('explain', 'talks.cals', '2018', parts=['talks.cals'])
        self.refused('withdraw', '--source', 'nobody@host', '--from', '2018', '--to', '2018', '--reason', 'x',
                     parts=['nobody@host'])
        self.house.stop()
        for arguments in (['close', '2017'], ['withdraw', '--source', DESK, '--from', '2018', '--to', '2018', '--reason', 'x'],
                          ['explain', 'talks.calls', '2018'], ['due']):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, '--timeout', '1', parts=[self.house.endpoint])
        self.open()


class Explaining(BooksTest):
    def explained(self, id, period, *more):
        """The document, whose parts have to add up."""
        document = self.explain(id, period, *more)
        if document['moves']:
            moved = sum(move['difference'] for move in document['moves'])
            self.assertEqual(document['reported'] + moved, document['value'], document)
        return document

    def test_what_moved(self):
        """Reported and moves make what is known, whatever came: later, corrected, retracted, taken back, counted again."""
        self.begin([count(), dict(id='staff', kind='level', frequency='month', dimensions=[]),
                    dict(id='people', kind='distinct', frequency='month', dimensions=[], window='month'),
                    dict(id='networks', kind='roster', frequency='month', dimensions=[]),
                    dict(id='documents', kind='evidence', frequency='month', dimensions=[])])
        when = at('2018-02-05')
        self.tell([(DESK, 'talks.calls', {}, when, 4), (OTHER, 'talks.calls', {}, when, 100),
                   (DESK, 'talks.calls', {}, when, {'id': 1, 'recorded': when, 'value': 7}),
                   (DESK, 'staff', {}, when, {'id': 2, 'recorded': when, 'value': 50}),
                   (READER, 'people', {}, when, frozenset({1, 2, 3})), (READER, 'networks', {}, when, 'Fiji'),
                   (DESK, 'documents', {}, when, {'id': 3, 'recorded': when, 'title': 'minutes'})])
        self.suivi('close', '2018-02')
        for id in self.book.indicators:
            self.assertEqual(self.explained(id, '2018-02')['moves'], [])
        self.tell([(DESK, 'talks.calls', {}, when, 11)])
        self.withdraw(OTHER, '2018-02', '2018-02', reason='counted the wrong list')
        self.tell([(OTHER, 'talks.calls', {}, when, 90), (READER, 'people', {}, when, frozenset({3, 4})),
                   (READER, 'networks', {}, when + 2, 'Peru'),
                   (DESK, 'staff', {}, when + 2, {'id': 12, 'recorded': when, 'value': 60}),
                   (DESK, 'talks.calls', {}, when, {'id': 11, 'recorded': when, 'retracts': 1, 'reason': 'was no call'}),
                   (DESK, 'documents', {}, when, {'id': 13, 'recorded': when, 'title': 'more minutes'}),
                   (DESK, 'documents', {}, when, {'id': 14, 'recorded': when, 'retracts': 3, 'reason': 'was another year'}),
                   (DESK, 'people', {}, when, {'id': 15, 'recorded': when, 'value': -1, 'reason': 'one came twice'})])
        for id, reported, value in [('talks.calls', 111, 105), ('staff', 50, 60), ('people', 3, 3), ('networks', 1, 2),
                                    ('documents', 1, 1)]:
            with self.subTest(id=id):
                document = self.explained(id, '2018-02')
                self.assertEqual((document['reported'], document['value']), (reported, value))
                self.assertTrue(document['moves'])
        text = self.suivi('explain', 'talks.calls', '2018-02').out
        for words in ('counted the wrong list', 'was no call', DESK, OTHER, '111', '105'):
            self.assertIn(words, text)
        self.assertNotIn('\x1b', text)

    def test_moves_of_everything(self):
        """Of every indicator and closed period of a made-up history."""
        dice = random.Random(SEED)
        self.begin(own_indicators())
        events = shuffled(Made(SEED, own_indicators(), each=20).events, SEED)
        third = len(events) // 3
        self.tell(events[:third])
        self.close_period('2018-Q1')
        self.close_period('2017')
        self.tell(events[third:2 * third])
        self.withdraw(dice.choice(SOURCES), '2017-06', '2018-02')
        self.tell(events[2 * third:])
        for id, indicator in self.book.indicators.items():
            for period, by in (('2018-Q1', 'quarter'), ('2017', 'year')):
                known = self.book.figures(id, by).get((period,))
                reported = self.book.reported(id, by).get((period,))
                with self.subTest(id=id, period=period):
                    document = self.explain(id, period)
                    if known is not None:
                        self.assertEqual(float(document['value']), float(known))
                    if reported is not None:
                        self.assertEqual(float(document['reported']), float(reported))
                    if indicator.kind != 'ratio':
                        moved = sum(move['difference'] for move in document['moves'])
                        self.assertEqual((reported or 0) + moved, known or 0, document['moves'])

    def test_parts(self):
        self.begin([count()])
        self.tell([(DESK, 'talks.calls', {}, at('2018-02-01'), 4), (DESK, 'talks.calls', {}, at('2018-02-09'), 5),
                   (OTHER, 'talks.calls', {}, at('2018-02-09'), 30), (OTHER, 'talks.calls', {}, at('2018-03-09'), 300)])
        document = self.explained('talks.calls', '2018-02')
        parts = {part['source']: part for part in document['sources']}
        self.assertEqual({source: (part['value'], part['days'], part['first'], part['last']) for source, part in parts.items()},
                         {DESK: (9, 2, '2018-02-01', '2018-02-09'), OTHER: (30, 1, '2018-02-09', '2018-02-09')})
        self.assertEqual((document['heard'], document['days']), (2, 28))
        self.assertIn('2 of 28', self.suivi('explain', 'talks.calls', '2018-02').out)

    def test_refusals_are_told(self):
        self.begin([count(), dict(id='manual', kind='status', frequency='year', dimensions=[])])
        with Peer(self.house.endpoint, 'careless@host') as peer:
            peer.hello()
            ack = peer.tell([('manual', {}, at('2018-02-01'), {'id': 1, 'recorded': 1, 'value': 3})] * 3)
            self.assertEqual(ack['accepted'], 0)
        refusals = self.explain('manual', '2018')['refused']
        self.assertEqual([(row['source'], row['count']) for row in refusals], [('careless@host', 3)])
        self.assertIn('careless@host', self.suivi('explain', 'manual', '2018').out)

    def test_operands(self):
        self.begin(own_indicators())
        self.tell([(DESK, 'talks', {'region': 'north', 'site': 'a'}, at('2018-02-01'), 5),
                   (DESK, 'members', {'region': 'north', 'language': 'fr'}, at('2018-02-01'), 40)])
        document = self.explain('rate.members', '2018-02')
        self.assertEqual({row['indicator']: row['value'] for row in document['operands']}, {'talks': 5, 'members': 40})
        self.assertEqual(float(document['value']), 12.5)


class Due(BooksTest):
    """Around a calendar: what is late, missing, short, silent or soon, on several dates."""

    def due(self, on=None, *more, code=None):
        ran = self.suivi('due', *(['--on', on] if on else []), *more, '--format', 'json', code=code)
        self.assertIn(ran.code, (0, 3))
        return json.loads(ran.out)

    def states(self, on, *more):
        return {(row['indicator'], row['period']): row['state'] for row in self.due(on, *more) if row.get('indicator')}

    def test_around_a_calendar(self):
        self.clock = Clock(self, self.house, '2018-01-15')
        self.begin([dict(id='audit', kind='milestone', frequency='year', dimensions=[], due="'+90d'",
                         target='{value: 1, per: year}'),
                    dict(id='call', kind='milestone', frequency='quarter', dimensions=[], target='{value: 1, per: quarter}'),
                    dict(id='staff', kind='level', frequency='month', dimensions=[]),
                    dict(id='talks', kind='count', frequency='quarter', dimensions=[], target='{value: 10, per: quarter}'),
                    dict(id='manual', kind='status', frequency='year', dimensions=[], target='{value: 1}')],
                   plan='2018/2020', day=datetime.date(2018, 1, 15))
        self.assertEqual(set(self.states('2018-01-15').values()) - {'soon', 'late'}, set())
        self.assertNotIn(('audit', '2018'), self.states('2018-01-15'))
        self.turn(datetime.date(2018, 4, 20))
        self.assertEqual(self.states('2018-04-20')['call', '2018-Q1'], 'late')
        self.assertEqual(self.states('2018-04-20')['staff', '2018-03'], 'missing')      # the last of three
        self.assertEqual(self.states('2018-04-20')['talks', '2018-Q1'], 'missing')
        self.tell([(DESK, 'staff', {}, at('2018-01-31'), 9), (DESK, 'talks', {}, at('2018-02-28'), 9),
                   (DESK, 'call', {}, at('2018-02-20'), {'id': 1, 'recorded': at('2018-04-20'), 'done': '2018-02-20'})])
        states = self.states('2018-04-20')
        self.assertNotIn(('call', '2018-Q1'), states)
        self.assertEqual(states['staff', '2018-03'], 'missing')     # a level holds, and is to be said anew each month
        self.assertEqual(states['talks', '2018-Q1'], 'short')
        self.tell([(DESK, 'staff', {}, at('2018-03-31'), 9)])
        self.assertNotIn(('staff', '2018-03'), self.states('2018-04-20'))
        row = next(row for row in self.due('2018-04-20') if row.get('indicator') == 'talks')
        self.assertEqual((row['value'], row['target']), (9, 10))
        self.tell([(DESK, 'talks', {}, at('2018-03-31'), 1)])
        self.assertNotIn(('talks', '2018-Q1'), self.states('2018-04-20'))
        # The day itself is in time; the day after is late by one.
        for on, days in [('2018-06-30', None), ('2018-07-01', 1), ('2018-07-31', 31)]:
            rows = {(row['indicator'], row['period']): row for row in self.due(on)}
            row = rows.get(('call', '2018-Q2'))
            self.assertEqual(row and row['state'] == 'late' and row['days'] or None, days, on)
        for on, state in [('2019-03-31', 'soon'), ('2019-04-01', 'late')]:
            self.assertEqual(self.states(on, '--within', '30').get(('audit', '2018')), state, on)
        # What is done late is done.
        self.turn(datetime.date(2019, 5, 1))
        self.tell([(DESK, 'audit', {}, at('2018-12-31'), {'id': 2, 'recorded': at('2019-05-01'), 'done': '2019-04-30'})])
        self.assertNotIn(('audit', '2018'), self.states('2019-05-01'))
        # A status that is not in force.
        self.assertIn('manual', {key[0] for key in self.states('2019-05-01')})
        self.tell([(DESK, 'manual', {}, at('2019-04-30'), {'id': 3, 'recorded': at('2019-05-01'), 'value': 1})])
        self.assertNotIn('manual', {key[0] for key, state in self.states('2019-05-01').items() if state == 'late'})

    def test_silent(self):
        self.clock = Clock(self, self.house, '2018-03-01')
        self.begin([count()], more=['sources:', '  - source: "reader@*"', '    every: day'], day=datetime.date(2018, 3, 1))
        self.tell([(READER, 'talks.calls', {}, at('2018-03-01'), 9), (DESK, 'talks.calls', {}, at('2018-03-01'), 9)])

        def silent(on=None):
            return [row for row in self.due(on) if row['state'] == 'silent']
        self.assertEqual(silent(), [])
        self.turn(datetime.date(2018, 3, 9))
        self.assertEqual([row['label'] for row in silent()], [READER])
        self.tell([(READER, 'talks.calls', {}, at('2018-03-08'), 9)])
        self.assertEqual(silent(), [])

    def test_ends(self):
        """0: nothing is due. Something is: another one, for scripts."""
        self.clock = Clock(self, self.house, '2018-02-01')
        self.begin([dict(id='call', kind='milestone', frequency='quarter', dimensions=[])], plan='2018/2020',
                   day=datetime.date(2018, 2, 1))
        self.assertEqual(self.suivi('due', '--within', '0', code=0).code, 0)
        self.turn(datetime.date(2018, 4, 2))
        ran = self.suivi('due', code=None)
        self.assertEqual(ran.code, 3)
        self.assertIn('late', ran.out)
        self.assertIn('2018-Q1', ran.out)
        self.assertEqual(ran.err, '')


class KnownWhen(BooksTest):
    def test_as_of_by_people(self):
        """--as-of and explain beside each other: what came on which day."""
        self.clock = Clock(self, self.house, '2018-04-30')
        self.begin([count()], day=datetime.date(2018, 4, 30))
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4)])
        self.turn(datetime.date(2018, 5, 2))
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-06'), 40)])
        self.turn(datetime.date(2018, 5, 3))
        self.withdraw(DESK, '2018-03', '2018-03')
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 400)])
        for day, value in [('2018-04-29', None), ('2018-04-30', '4'), ('2018-05-01', '4'), ('2018-05-02', '44'),
                           ('2018-05-03', '400')]:
            self.assertEqual(self.values('--as-of', day).get(('talks.calls', '2018-Q1')), value, day)
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '400'})
        self.restart()
        self.assertEqual(self.values('--as-of', '2018-05-02'), {('talks.calls', '2018-Q1'): '44'})

    def test_a_clock_that_goes_back(self):
        """Nothing that is known is forgotten, and what was closed stays closed."""
        self.clock = Clock(self, self.house, '2018-04-30')
        self.begin([count()], day=datetime.date(2018, 4, 30))
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4)])
        self.suivi('close', '2018-Q1')
        self.clock.set('2018-04-20')
        self.restart()
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 40)])
        self.assertEqual(self.values('--reported'), {('talks.calls', '2018-Q1'): '4'})
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '44'})
        self.assertIn('clock', self.suivi('check', code=1).out)     # one of the two days is wrong
        self.clock.set('2018-05-01')
        self.restart()
        self.suivi('check')


class Corrected(BooksTest):
    """What people say and take back, by the command line."""

    def setUp(self):
        super().setUp()
        self.begin(own_indicators())

    def record(self, *arguments, code=0):
        return self.suivi(*arguments, '--state', self.house.path('record'), code=code)

    def state_of(self, id, period):
        entries = self.explain(id, period)['entries']
        return [(row.get('value', row.get('name')), row['state']) for row in entries if 'retracts' not in row]

    def test_each_way(self):
        self.record('record', 'talks.calls', '--at', '2018-03-07', '--value', '12')
        self.record('record', 'talks.calls', '--at', '2018-03-08', '--value', '5')
        self.record('correct', 'talks.calls', '--at', '2018-03-07', '--difference', '-2', '--reason', 'two were no calls')
        self.assertEqual(self.values('talks.calls'), {('talks.calls', '2018-Q1'): '15'})
        self.record('correct', 'talks.calls', '--at', '2018-03-07', '--value', '20', '--reason', 'a page was missing')
        self.assertEqual(self.values('talks.calls'), {('talks.calls', '2018-Q1'): '25'})
        self.record('record', 'staff', '--at', '2018-03-01', '--value', '12')
        self.record('correct', 'staff', '--at', '2018-03-01', '--value', '9', '--reason', 'three had left')
        self.assertEqual(self.values('staff', '--to', '2018-03', by='month'), {('staff', '2018-03'): '9'})
        self.record('record', 'networks', '--at', '2018-03-01', '--name', 'Peru')
        self.record('record', 'networks', '--at', '2018-03-01', '--name', 'Fiji')
        self.record('correct', 'networks', '--at', '2018-03-01', '--remove', 'Peru', '--reason', 'that was Chile')
        self.assertEqual(self.values('networks'), {('networks', '2018-Q1'): '1'})
        self.record('record', 'manual', '--at', '2018-03-01', '--in-force', 'yes')
        self.record('correct', 'manual', '--at', '2018-03-01', '--in-force', 'no', '--reason', 'a draft only')
        self.assertEqual(self.values('manual', '--to', '2018', by='year'), {('manual', '2018'): '0'})
        entries = self.explain('talks.calls', '2018-Q1')['entries']
        first = next(row['id'] for row in entries if row['value'] == 12)
        self.record('correct', 'talks.calls', '--retract', first, '--reason', 'written down twice')
        self.assertEqual(self.values('talks.calls'), {('talks.calls', '2018-Q1'): '25'})       # the 20 hold
        self.assertIn((12, 'retracted'), self.state_of('talks.calls', '2018-Q1'))
        words = self.suivi('explain', 'talks.calls', '2018-Q1').out
        for reason in ('two were no calls', 'a page was missing', 'written down twice'):
            self.assertIn(reason, words)

    def test_what_became_of_entries(self):
        when = at('2018-02-05')
        said = {'id': 5, 'recorded': when, 'value': 7}
        self.tell([(DESK, 'talks.calls', {}, when, said), (READER, 'talks.calls', {}, when + 2, said),
                   (OTHER, 'talks.calls', {}, when, {'id': 6, 'recorded': when, 'value': 1}),
                   (DESK, 'talks.calls', {}, when, {'id': 7, 'recorded': when, 'value': 2}),
                   (DESK, 'talks.calls', {}, when, {'id': 8, 'recorded': when, 'retracts': 7, 'reason': 'not so'})])
        self.withdraw(OTHER, '2018-02', '2018-02')
        self.assertEqual(sorted(self.state_of('talks.calls', '2018-02')),
                         [(1, 'withdrawn'), (2, 'retracted'), (7, 'counts'), (7, 'superseded')])

    def test_only_withdrawals_that_took_something_are_told(self):
        self.tell([(OTHER, 'talks.calls', {}, at('2018-02-05'), {'id': 11, 'recorded': at('2018-02-05'), 'value': 4}),
                   (OTHER, 'manual', {}, at('2018-01-05'), {'id': 12, 'recorded': at('2018-01-05'), 'value': 1})])
        self.withdraw(OTHER, '2018-02', '2018-02')
        self.assertEqual([row['first'] for row in self.explain('talks.calls', '2018-Q1')['withdrawn']], ['2018-02-01'])
        self.assertEqual(self.explain('talks.calls', '2018-01')['withdrawn'], [])
        self.assertEqual(self.explain('manual', '2018')['withdrawn'], [])      # which it gave to in January

    def test_a_status_is_in_force_since_its_run_began(self):
        self.record('record', 'manual', '--at', '2018-02-01', '--in-force', 'yes')
        self.record('record', 'manual', '--at', '2018-03-01', '--in-force', 'no')
        self.assertEqual([row['note'] for row in self.rows('manual', by='year')][:1], ['not in force since 2018-03-01'])
        self.record('correct', 'manual', '--at', '2018-03-01', '--in-force', 'yes', '--reason', 'it was kept')
        self.assertEqual([row['note'] for row in self.rows('manual', by='year')][:1], ['in force since 2018-02-01'])

    def test_bad_input_changes_nothing(self):
        tomorrow = (self.book.clock + datetime.timedelta(days=2)).isoformat()
        self.record('record', 'call', '--at', '2018-03-07', '--done')
        self.record('record', 'call', '--at', '2018-03-09', '--done', code=None)     # the same quarter once more
        self.assertEqual(self.values('call'), {('call', '2018-Q1'): '1'})
        before = self.suivi('figures', '--by', 'plan', '--format', 'csv').out
        for arguments, code, parts in [
                (['record', 'staff', '--at', tomorrow, '--value', '7'], 2, ['still to come']),
                (['record', 'staff', '--at', '2018-02-31', '--value', '7'], 2, ['31 February 2018']),
                (['record', 'staff', '--at', '2018-02-03', '--value', 'many'], 2, ['many']),
                (['record', 'staf', '--at', '2018-02-03', '--value', '7'], 1, ['staf']),
                (['record', 'manual', '--at', '2018-02-03', '--in-force', 'maybe'], 2, ['yes or no']),
                (['record', 'documents', '--at', '2018-02-03', '--title', 'x', '--dim', 'region=north', '--file', '/nowhere/x.pdf'], 1,
                 ['/nowhere/x.pdf']),
                (['record', 'documents', '--at', '2018-02-03', '--title', 'x', '--dim', 'region=nord'], 1, ['nord', 'north']),
                (['record', 'documents', '--at', '2018-02-03', '--title', 'x'], 1, ['region']),
                (['record', 'rate.members', '--at', '2018-02-03', '--value', '7'], None, ['rate.members']),
                (['correct', 'talks.calls', '--at', '2018-03-07', '--difference', '3'], 2, ['--reason']),
                (['correct', 'talks.calls', '--at', '2018-03-07', '--difference', '3', '--reason', ' '], 2, ['--reason'])]:
            with self.subTest(arguments=arguments):
                ran = self.record(*arguments, code=code)
                self.assertNotEqual(ran.code, 0)
                self.assert_one_sentence(ran.err, *parts)
                self.assertEqual(len(ran.err.strip().splitlines()), 1)
        self.refused('withdraw', '--source', DESK, '--from', '2018', '--to', '2018', code=2, parts=['--reason'])
        self.refused('withdraw', '--source', DESK, '--from', '2018', '--to', '2018', '--reason', '', code=2, parts=['--reason'])
        self.assertEqual(self.suivi('figures', '--by', 'plan', '--format', 'csv').out, before)


class AnotherPlan(BooksTest):
    """The file of the plan changes under a store that has figures."""

    def again(self, indicators, start=True):
        """Ends the daemon and starts it with another plan."""
        self.house.stop()
        self.house.write('plan.yaml', framework_file(indicators))
        if start:
            self.book.indicators = {indicator.id: indicator for indicator in reference_indicators(indicators)}
            self.open()

    def test_an_indicator_more(self):
        self.begin([count()])
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4)])
        self.suivi('close', '2018-Q1')
        self.again([count(), count('talks.more')])
        self.tell([(DESK, 'talks.more', {}, at('2018-03-05'), 7)])
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '4', ('talks.more', '2018-Q1'): '7'})
        self.assertEqual(self.values('--reported'), {('talks.calls', '2018-Q1'): '4'})

    def test_another_kind_is_refused(self):
        self.begin([count(), count('talks.unused')])
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4)])
        self.again([dict(id='talks.calls', kind='level', frequency='month', dimensions=[]), count('talks.unused')], start=False)
        self.house.start('--framework', self.framework, wait=False)
        self.assertEqual(self.house.daemon.wait(), 1)
        said = self.house.daemon.stderr()
        for word in ('talks.calls', 'level', 'count'):
            self.assertIn(word, said)
        self.assertEqual(len([line for line in said.splitlines() if line.startswith('suivid:')]), 1, said)
        other = dict(id='talks.unused', kind='level', frequency='month', dimensions=[])
        self.house.write('plan.yaml', framework_file([count(), other]))
        self.open()         # that one has no figures
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '4'})

    def test_another_definition_is_a_marked_break(self):
        old = count(definition='{en: Calls that were answered.}', method_version='"1"')
        new = count(definition='{en: Calls that were made.}', method_version='"2"', since='2018-02-01')
        self.begin([old])
        self.tell([(DESK, 'talks.calls', {}, at('2018-0%d-05' % month), month) for month in (1, 2, 3)])
        self.assertEqual(set(self.values(column='note', by='month').values()), {''})
        self.assertEqual(len(self.explain('talks.calls', '2018-Q1')['versions']), 1)
        self.again([new])
        for by, marked in (('quarter', ['2018-Q1']), ('month', ['2018-02']), ('year', ['2018'])):
            notes = {row['period']: row['note'] for row in self.rows(by=by)}
            self.assertEqual([period for period, note in notes.items() if 'changed on 2018-02-01' in note], marked, notes)
        document = self.explain('talks.calls', '2018-Q1')
        self.assertEqual([(row['version'], row.get('since')) for row in document['versions']][-1], ('2', '2018-02-01'))
        self.assertEqual(document['versions'][0]['version'], '1')
        text = self.suivi('explain', 'talks.calls', '2018-Q1').out
        self.assertIn('2018-02-01', text.replace('1 February 2018', '2018-02-01').replace('1 Feb 2018', '2018-02-01'))
        self.restart()      # the same plan again is no break
        self.assertEqual(len(self.explain('talks.calls', '2018-Q1')['versions']), 2)

    def test_another_text_of_the_same_version(self):
        texts = ('Calls that were answered.', '2018-01-01'), ('Calls that were made.', '2018-02-01'), \
                ('Calls that were answered.', '2018-03-01')
        plans = [[count(definition='{en: %s}' % text, method_version='"1"', since=since)] for text, since in texts]
        self.begin(plans[0])
        self.tell([(DESK, 'talks.calls', {}, at('2018-0%d-05' % month), month) for month in (1, 2, 3)])
        self.again(plans[1])
        self.again(plans[2])
        self.assertEqual({row['period']: row['note'] for row in self.rows(by='month')},
                         {'2018-01': '', '2018-02': 'definition changed on 2018-02-01',
                          '2018-03': 'definition changed on 2018-03-01'})
        text = self.suivi('explain', 'talks.calls', '2018-Q1').out
        self.assertIn('1 Feb 2018: another definition from that day on', text)
        self.assertIn('1 Mar 2018: another definition from that day on', text)

    def test_a_label_is_no_break(self):
        self.begin([count()])
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4)])
        self.again([count(label='Another name')])
        self.assertEqual(len(self.explain('talks.calls', '2018-Q1')['versions']), 1)
        self.assertIn('Another name', self.suivi('figures', 'talks.calls').out)

    def test_an_indicator_less(self):
        """Taken out of the plan it is not told; put in again it is, as it was."""
        self.begin([count(), count('talks.more')])
        self.tell([(DESK, 'talks.calls', {}, at('2018-03-05'), 4), (DESK, 'talks.more', {}, at('2018-03-05'), 7)])
        self.again([count()])
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '4'})
        self.suivi('check')
        self.again([count(), count('talks.more')])
        self.assertEqual(self.values(), {('talks.calls', '2018-Q1'): '4', ('talks.more', '2018-Q1'): '7'})


if __name__ == '__main__':
    print('SUIVI_SEED=%d' % SEED, file=sys.stderr)
    house.main()
