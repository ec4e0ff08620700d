"""What a person sees: `suivi explain`, `due`, `close`, `withdraw`, and what `figures` tells of what is not there. As an M&E
officer would use them who never read the code: do the words make sense, and do the exits?"""
import csv
import io
import json

import house
from house import HouseTest
from peer import Peer, at
from weblog_case import make_log

CASE = '''# Fewer raids

## Problem
Raids, every week.

## Aims
An end to them.

## Strategies
Letters to the council.

## Results
Two raids in a year.

## Impact analysis
People report crimes again.

## Conclusions
Go on.
'''


def entry(number, **fields):
    return {'id': number, 'recorded': at('2018-04-02'), **fields}


class Views(HouseTest):
    def suivi(self, *arguments, code=0, **more):
        return self.house.run('suivi', *arguments, code=code, **more)

    def put(self, source, *events):
        """(indicator, dims, day, value) of one source."""
        with Peer(self.house.endpoint, source) as peer:
            peer.hello()
            ack = peer.tell([(indicator, dims, at(day), value) for indicator, dims, day, value in events])
            self.assertFalse(ack.get('refused'), ack)

    def downloads(self, days, source='weblog@www1', value=10, month='2018-02'):
        self.put(source, *(('web.downloads', {'site': 'a', 'language': 'en'}, '%s-%02d' % (month, day), value) for day in days))

    def says(self, text, *lines):
        """Each of these lines is there, spaces aside, in this order."""
        found = [' '.join(line.split()) for line in text.splitlines()]
        place = 0
        for line in lines:
            self.assertIn(line, found[place:], text)
            place = found.index(line, place) + 1

    def rows(self, *arguments, code=0):
        return list(csv.DictReader(io.StringIO(self.suivi(*arguments, '--format', 'csv', code=code).out)))

    def refuses(self, code, *arguments, words=()):
        ran = self.suivi(*arguments, code=code)
        self.assertEqual(ran.out, '')
        self.assert_one_sentence(ran.err, *words)
        self.assertEqual(len(ran.err.splitlines()), 1, ran.err)
        return ran


class Explain(Views):
    def test_days_that_are_missing(self):
        self.downloads([1, 2, 3])
        ran = self.suivi('explain', 'web.downloads', '2018-02')
        head, part = ran.out.splitlines()[:2]
        self.assertRegex(head, r'^Resources downloaded.*, February 2018: 30 \(heard from on 3 of 28 days\)$')
        self.assertRegex(part, r'^  weblog@www1   1-3 Feb   30 downloads   last heard \d+ \w{3}( \d{4})? \d\d:\d\d$')
        self.assertTrue(ran.out.splitlines()[-1].startswith('To count the missing days again: suivi-weblog --site SITE '), ran.out)
        ran = self.suivi('explain', 'web.downloads', '2018-02', '--where', 'site=a')
        self.assertIn(', site=a: 30', ran.out)
        self.assertIn('suivi-weblog --site a ', ran.out)

    def test_a_whole_month(self):
        self.downloads(range(1, 29))
        ran = self.suivi('explain', 'web.downloads', '2018-02')
        self.assertIn('February 2018: 280 (heard from on all 28 days)', ran.out)
        self.assertNotIn('To count', ran.out)

    def test_nothing_is_known(self):
        ran = self.suivi('explain', 'web.downloads', '2018-02')
        self.assertRegex(ran.out.splitlines()[0], r'February 2018: missing( \(heard from on none of 28 days\))?$')
        ran = self.suivi('explain', 'secretariat.audit', '2018-02')
        self.assertTrue(ran.out.splitlines()[0].endswith('February 2018: not due'), ran.out)

    def test_entries_and_corrections(self):
        africa = {'region': 'africa'}
        self.put('record@office', ('members.total', africa, '2018-03-31', entry(0xa2f, value=120, note='from the census')),
                 ('members.total', africa, '2018-04-30', entry(2, value=12)),
                 ('members.total', africa, '2018-04-30', entry(3, retracts=2, reason='a slip of the pen')))
        ran = self.suivi('explain', 'members.total', '2018-04')
        self.says(ran.out, 'Entries:', 'note: from the census')
        self.assertRegex(ran.out, r'(?m)^Members, April 2018: 120\b')
        self.assertRegex(ran.out, r'31 Mar 2018 +120 members +region=africa +record@office +0000000000000a2f')
        self.assertRegex(ran.out, r'30 Apr 2018 +12 members +region=africa +record@office +0000000000000002 +taken back')
        self.assertRegex(ran.out, r'takes back 0000000000000002')
        self.assertIn('correction, said on 2 Apr 2018: a slip of the pen', ran.out)

    def test_case_studies(self):
        study = self.house.write('case.md', CASE.encode())
        self.suivi('record', 'impact.case_studies', '--at', '2018-05-01', '--file', study, '--state', self.house.path('record'))
        short = self.suivi('explain', 'impact.case_studies', '2018')
        self.assertIn('Fewer raids', short.out)
        self.assertNotIn('Letters to the council.', short.out)
        full = self.suivi('explain', 'impact.case_studies', '2018', '--full')
        self.says(full.out, 'Problem', 'Raids, every week.', 'Strategies', 'Letters to the council.', 'Conclusions', 'Go on.')
        found = json.loads(self.suivi('explain', 'impact.case_studies', '2018', '--full', '--format', 'json').out)
        self.assertEqual(found['entries'][0]['parts']['Aims'].strip(), 'An end to them.')

    def test_what_was_refused(self):
        with Peer(self.house.endpoint, 'weblog@www1') as peer:
            peer.hello()
            peer.tell([('web.downloads', {'sight': 'a'}, at('2018-02-01'), 1)])
        ran = self.suivi('explain', 'web.downloads', '2018-02')
        self.assertIn('Refused, and not counted:', ran.out)
        self.assertRegex(ran.out, r'weblog@www1 +1 time +last on .*: .*sight')

    def test_ratios(self):
        self.put('record@office', ('members.total', {'region': 'africa'}, '2018-03-31', entry(1, value=200)),
                 ('members.also_regional', {'region': 'africa'}, '2018-03-31', entry(2, value=25)))
        ran = self.suivi('explain', 'members.regional_share', '2018-03')
        self.assertRegex(ran.out.splitlines()[0], r', March 2018: 12\.5 %')
        self.says(ran.out, 'Computed from:')
        self.assertRegex(ran.out, r'this +Members that also belong.* 25 +suivi explain members\.also_regional 2018-03')
        self.assertRegex(ran.out, r'divided by this +Members +200 +suivi explain members\.total 2018-03')
        self.assertEqual(self.rows('figures', 'members.regional_share', '--from', '2018-03', '--to', '2018-03')[0]['value'], '12.5')
        found = json.loads(self.suivi('figures', 'members.regional_share', '--from', '2018-03', '--to', '2018-03', '--format',
                                      'json').out)
        self.assertEqual(found[0]['value'], 12.5)

    def test_meaning(self):
        ran = self.suivi('explain', 'web.downloads', '2018-02')
        self.says(ran.out, 'What it means:', 'indicator web.downloads', 'code 1.2.6')
        self.assertRegex(ran.out, r'(?m)^  definition  \w.*\.$')
        french = self.suivi('explain', 'web.downloads', '2018-02', '--language', 'fr')
        self.assertNotEqual(french.out.splitlines()[0], ran.out.splitlines()[0])
        self.assertIn('What it means:', french.out)

    def test_json(self):
        self.downloads([1, 2, 3])
        found = json.loads(self.suivi('explain', 'web.downloads', '2018-02', '--format', 'json').out)
        self.assertEqual((found['value'], found['heard'], found['days']), (30, 3, 28))
        self.assertEqual([(part['source'], part['value'], part['first'], part['last']) for part in found['sources']],
                         [('weblog@www1', 30, '2018-02-01', '2018-02-03')])

    def test_bad_questions(self):
        self.refuses(1, 'explain', 'web.download', '2018-02', words=['web.download', 'did you mean "web.downloads"?'])
        self.refuses(1, 'figures', 'web.download', words=['did you mean "web.downloads"?'])
        self.refuses(1, 'explain', 'web.downloads', '2018-02', '--where', 'sight=a', words=['sight'])
        self.refuses(2, 'explain', words=['which indicator'])
        self.refuses(2, 'explain', 'web.downloads', words=['which period'])
        self.refuses(2, 'explain', 'web.downloads', '2018-02', '2018-03', words=['one figure'])
        self.refuses(2, 'explain', 'web.downloads', '2018-2', words=['"2018-2" is no period'])
        self.refuses(2, 'explain', 'web.downloads', '2018-02', '--format', 'csv', words=['table or json'])
        self.refuses(2, 'explain', 'web.downloads', '2018-02', '--where', 'site', words=['DIMENSION=VALUE'])


class Close(Views):
    def test_figures_stay_as_reported(self):
        self.downloads([1, 2, 3])
        ran = self.suivi('close', '2018-Q1', '--note', 'to the donors')
        self.assertRegex(ran.out.splitlines()[0], r'^closed: 2018-Q1, [\d ]+ figures? kept, SHA-256 [0-9a-f]{64}$')
        how, told = ran.out.splitlines()[1:3]
        self.assertEqual(how, 'To see them: suivi figures --reported --by quarter --from 2018-Q1 --to 2018-Q1')
        self.assertRegex(told, r'^1 of \d+ indicators has a value\.$')
        self.downloads([4], value=2, source='weblog@www2')
        quarter = ('figures', 'web.downloads', '--by', 'quarter', '--from', '2018-Q1', '--to', '2018-Q1')
        row = self.rows(*quarter)[0]
        self.assertEqual((row['value'], row['reported']), ('32', '30'))
        self.assertEqual(self.rows(*quarter, '--reported')[0]['value'], '30')
        self.assertIn('reported 30 (closed), now 32', self.suivi(*quarter).out)
        self.assertNotIn('(closed)', self.suivi(*quarter, '--reported').out)
        told = self.suivi('explain', 'web.downloads', '2018-Q1').out
        self.assertRegex(told, r'(?m)^  as reported 30 on \d+ \w{3} \d{4}; since then: \+2 on \d+ \w{3} \d{4} from weblog@www2 \(came '
                               r'later\)$')
        self.assertIn('note: to the donors', told)
        month = self.suivi('explain', 'web.downloads', '2018-02').out
        self.assertRegex(month, r'(?m)^  as reported 30 on .*, with all of 2018-Q1; since then: \+2 on .* from weblog@www2 \(came later\)$')

    def test_list(self):
        ran = self.suivi('close')
        self.assertEqual(ran.out, '')
        self.assertIn('no period is closed yet', ran.err)
        self.assertEqual(json.loads(self.suivi('close', '--format', 'json').out), [])
        digest = self.suivi('close', '2018-Q1', '--note', 'a "note"').out.splitlines()[0].split()[-1]
        self.assertRegex(self.suivi('close').out, r'2018-Q1 +\d+ \w{3} \d{4} \d\d:\d\d +\d+ +' + digest + ' +a "note"')
        row = self.rows('close')[0]
        self.assertEqual((row['period'], row['sha256'], row['note']), ('2018-Q1', digest, 'a "note"'))
        self.assertEqual(json.loads(self.suivi('close', '--format', 'json').out)[0]['sha256'], digest)
        self.assertEqual(json.loads(self.suivi('close', '2018-Q2', '--format', 'json').out)[0]['period'], '2018-Q2')

    def test_what_cannot_be_closed(self):
        self.refuses(1, 'close', '2999', words=['2999'])
        self.suivi('close', '2018-Q1')
        before = self.suivi('close', '--format', 'json').out
        self.refuses(1, 'close', '2018-Q1', words=['2018-Q1', 'closed'])
        self.refuses(2, 'close', '2018-Q5', words=['"2018-Q5" is no period'])
        self.refuses(2, 'close', '2018-Q2', '2018-Q3', words=['one period'])
        self.refuses(2, 'close', '--note', 'of what?', words=['which period'])
        self.assertEqual(self.suivi('close', '--format', 'json').out, before)

    def test_as_of(self):
        self.downloads([1])
        self.assertEqual(self.rows('figures', 'web.downloads', '--as-of', '2018-03-01'), [])
        self.assertEqual(len(self.rows('figures', 'web.downloads', '--as-of', '2999-01-01')), 1)
        self.refuses(2, 'figures', '--as-of', '2018-03', words=['"2018-03" is no day'])


class Withdraw(Views):
    def test_take_back_and_count_again(self):
        self.downloads([1, 2, 3, 4])
        self.downloads([2], source='weblog@www2', value=1)
        ran = self.suivi('withdraw', '--source', 'weblog@www1', '--from', '2018-02-01', '--to', '2018-02-03', '--reason',
                         'the log was cut short')
        self.assertRegex(ran.out.splitlines()[0], r'^withdrawn: 3 daily figures from weblog@www1 for 1-3 Feb 2018$')
        self.assertIn('To count these days again: suivi-weblog --source weblog@www1 --state ', ran.out)
        self.assertEqual(self.house.table('web.downloads'), {('web.downloads', '2018-02'): 11})
        told = self.suivi('explain', 'web.downloads', '2018-02').out
        self.assertRegex(told, r'weblog@www1 +1-3 Feb 2018 +on .*: the log was cut short')
        self.assertTrue(told.splitlines()[-1].startswith('To count these days again: '), told)
        self.downloads([1, 2, 3], value=5)
        self.assertEqual(self.house.table('web.downloads'), {('web.downloads', '2018-02'): 26})

    def test_the_command_that_is_named_counts_again(self):
        log = self.house.write('access.log', make_log(7))
        self.house.weblog(log, site='a', more=('--source', 'weblog@www1'))
        before = self.house.table('web.*')
        self.assertTrue(before)
        ran = self.suivi('withdraw', '--source', 'weblog@www1', '--from', '2016/2020', '--to', '2016/2020', '--reason', 'a trial')
        self.assertEqual(self.house.table('web.*'), {})
        command = ran.out.splitlines()[1].split(': ', 1)[1].split(' (on ')[0].split()
        self.assertEqual(command[0], 'suivi-weblog')
        self.assertEqual(command[-1], 'FILE...')
        own = {'NEW-DIRECTORY': self.house.path('new'), 'STATE/keys': self.house.path('state', 'keys'), 'SITE': 'a', 'FILE...': log}
        self.house.run(*[own.get(word, word) for word in command])
        self.assertEqual(self.house.table('web.*'), before)

    def test_nothing_was_there(self):
        self.downloads([1])
        self.refuses(1, 'withdraw', '--source', 'weblog@www1', '--from', '2019', '--to', '2019', '--reason', 'to be sure',
                     words=['weblog@www1', '2019'])

    def test_what_is_left_out(self):
        self.downloads([1])
        whole = {'--source': 'weblog@www1', '--from': '2018-02', '--to': '2018-02', '--reason': 'x'}
        for option in whole:
            rest = [word for pair in whole.items() if pair[0] != option for word in pair]
            self.refuses(2, 'withdraw', *rest, words=[option, 'suivi withdraw --help'])
        for change, words in [({'--reason': ' '}, ['a reason must be given']), ({'--from': '2018-03'}, ['is after --to']),
                              ({'--to': 'march'}, ['"march" is no period'])]:
            self.refuses(2, 'withdraw', *[word for pair in {**whole, **change}.items() for word in pair], words=words)
        self.refuses(1, 'withdraw', *[word for pair in {**whole, '--source': 'nobody@x'}.items() for word in pair],
                     words=['nobody@x', 'suivi sources'])
        self.assertEqual(self.house.table('web.downloads'), {('web.downloads', '2018-02'): 10})


class Figures(Views):
    def test_a_figure_of_another_century(self):
        """A slip of the pen in a year is one figure more, and not a table of eighteen centuries."""
        self.downloads([1])
        self.put('record@office', ('impact.case_studies', {}, '0218-03-01',
                                   entry(1, title='Fewer raids', parts=['a', 'b', 'c', 'd', 'e', 'f'])))
        ran = self.suivi('figures')
        self.assertEqual(ran.err, '')
        heads = [word for line in ran.out.splitlines() if line.startswith('indicator') for word in line.split()]
        periods = [word for word in heads if word[0].isdigit()]
        self.assertEqual((periods[0], periods[-1]), ('0218-03', '2018-02'))
        self.assertLessEqual(len(periods), 61)
        rows = self.rows('figures', '--gaps')
        self.assertEqual({row['period'] for row in rows if row['period'] < '2016'}, {'0218-03'})


class Due(Views):
    def test_late(self):
        ran = self.suivi('due', '--on', '2018-11-23', code=3)
        self.assertEqual(ran.err, '')
        self.assertRegex(ran.out, r'(?m)^late +1\.3\.1 +Annual audit.* due 30 Sep 2018, 54 days ago \(for 2018\)')
        self.assertRegex(ran.out, r'(?m)^soon +1\.4\.5 .* due 31 Dec 2018, in 38 days \(for 2018-Q4\)')
        states = [line.split()[0] for line in ran.out.splitlines()]
        order = ['late', 'missing', 'short', 'silent', 'soon']
        self.assertEqual(states, sorted(states, key=order.index))

    def test_done_is_no_longer_late(self):
        state = ('--state', self.house.path('record'))
        self.suivi('record', 'secretariat.audit', '--at', '2018-09-12', '--done', '--for', '2018', *state)
        rows = self.rows('due', '--on', '2018-11-23', code=3)
        audits = {row['period'] for row in rows if row['indicator'] == 'secretariat.audit'}
        self.assertNotIn('2018', audits)
        self.assertIn('2017', audits)

    def test_nothing_is_late(self):
        ran = self.suivi('due', '--on', '2016-01-20', '--within', '100', code=3)
        self.assertEqual({line.split()[0] for line in ran.out.splitlines()}, {'silent', 'soon'})
        self.assertRegex(ran.out, r'(?m)^silent +weblog@\* +never heard; expected daily$')
        for source in ['weblog@www1', 'listserv@x', 'social@x']:
            self.downloads([1], source=source)
        ran = self.suivi('due', '--on', '2016-01-20', '--within', '100')
        self.assertTrue(ran.out)
        self.assertEqual({line.split()[0] for line in ran.out.splitlines()}, {'soon'})
        self.assertRegex(ran.err, r'^suivi: nothing is late; next: .*, due \d+ \w{3} 2016, in \d+ days')
        ran = self.suivi('due', '--on', '2016-01-02', '--within', '1')
        self.assertEqual((ran.out, ran.err), ('', 'suivi: nothing is late, and nothing is due within 1 day\n'))
        self.assertEqual(json.loads(self.suivi('due', '--on', '2016-01-02', '--within', '1', '--format', 'json').out), [])

    def test_silent(self):
        self.downloads([1])
        ran = self.suivi('due', '--on', '2999-01-01', code=3)
        self.assertRegex(ran.out, r'(?m)^silent +weblog@www1 +last heard \d+ \w{3} \d{4} \d\d:\d\d \(expected daily\)$')

    def test_formats_agree(self):
        rows = self.rows('due', '--on', '2018-11-23', code=3)
        found = json.loads(self.suivi('due', '--on', '2018-11-23', '--format', 'json', code=3).out)
        self.assertEqual([(row['state'], row['indicator'], row['period'], row['due']) for row in rows],
                         [(duty['state'], duty.get('indicator', ''), duty.get('period', ''), duty.get('due', '')) for duty in found])
        self.assertEqual(len(self.suivi('due', '--on', '2018-11-23', code=3).out.splitlines()), len(rows))

    def test_bad_questions(self):
        self.refuses(2, 'due', '--on', '2018-02', words=['"2018-02" is no day'])
        self.refuses(2, 'due', '--on', '2018-02-31', words=['there is no 31 February 2018'])
        self.refuses(2, 'due', '--within', 'soon', words=['number of days'])
        self.refuses(2, 'due', '--within', '-1', words=['number of days'])
        self.refuses(2, 'due', 'web.downloads', words=['nothing is to be named'])


class Nothing(Views):
    """Zero, missing, not due, withheld."""

    def test_marks_of_the_table(self):
        self.put('weblog@www1', ('web.downloads', {'site': 'a', 'language': 'en'}, '2018-01-05', 0),
                 ('web.downloads', {'site': 'a', 'language': 'en'}, '2018-03-05', 3))
        self.put('record@office', ('secretariat.audit', {}, '2018-03-01', entry(1, done='2018-03-01')))
        ran = self.suivi('figures', 'web.downloads', 'secretariat.audit', '--from', '2018-01', '--to', '2018-03')
        line = {line.split()[0]: line for line in ran.out.splitlines() if line.strip()}
        self.assertRegex(line['1.2.6'], r' 0 +– +3\b')
        self.assertRegex(line['1.3.1'], r' · +· +1')
        self.assertIn('– missing: ', ran.out)
        self.assertIn('· not due: ', ran.out)
        self.assertNotIn('withheld', ran.out)

    def test_rows_for_gaps(self):
        self.downloads([5], value=0, month='2018-01')
        asked = ('figures', 'web.downloads', 'secretariat.audit', '--from', '2018-01', '--to', '2018-02')
        self.assertEqual([(row['indicator'], row['period'], row['value']) for row in self.rows(*asked)],
                         [('web.downloads', '2018-01', '0')])
        self.assertEqual([(row['indicator'], row['period'], row['value'], row['state']) for row in self.rows(*asked, '--gaps')],
                         [('secretariat.audit', '2018-01', '', 'not due'), ('secretariat.audit', '2018-02', '', 'not due'),
                          ('web.downloads', '2018-01', '0', ''), ('web.downloads', '2018-02', '', 'missing')])
        found = json.loads(self.suivi(*asked, '--gaps', '--format', 'json').out)
        self.assertEqual([(figure['value'], figure.get('state')) for figure in found],
                         [(None, 'not due'), (None, 'not due'), (0, None), (None, 'missing')])

    def test_every_row_has_every_column(self):
        """An end that is left open is the same for all indicators: a cell is never empty without saying why."""
        self.downloads([1], month='2018-01')
        self.put('lists@mail', ('lists.posts', {'list': 'members'}, '2018-04-01', 4))
        ran = self.suivi('figures', 'web.downloads', 'lists.posts')
        for line in ran.out.splitlines():
            if line.startswith('1.2.'):
                self.assertEqual(line.count('–'), 3, ran.out)
        self.assertIn('– missing: ', ran.out)

    def test_small_numbers_are_withheld(self):
        self.put('weblog@www1', *(('web.visitors.unique', {'site': site, 'language': 'en'}, '2018-03-31', frozenset(range(1, count + 1)))
                                  for site, count in (('a', 2), ('b', 3), ('c', 20))))
        asked = ('figures', 'web.visitors.unique', '--split', 'site', '--from', '2018-03', '--to', '2018-03')
        self.assertEqual({row['site']: row['value'] for row in self.rows(*asked)}, {'a': '2', 'b': '3', 'c': '20'})
        self.assertEqual({row['site']: (row['value'], row['state']) for row in self.rows(*asked, '--outside')},
                         {'a': ('', 'withheld'), 'b': ('', 'withheld'), 'c': ('20', '')})
        ran = self.suivi(*asked, '--outside')
        self.assertRegex(ran.out, r' a +x')
        self.assertIn('x withheld: ', ran.out)

    def test_coverage(self):
        self.downloads([1, 2, 3])
        ran = self.suivi('figures', 'web.downloads', '--from', '2018-02', '--to', '2018-02')
        self.assertIn('heard from on 3 of 28 days in 2018-02', ran.out)
        row = self.rows('figures', 'web.downloads', '--gaps')[0]
        self.assertEqual((row['heard'], row['days']), ('3', '28'))

    def test_sums_are_asked_for(self):
        self.put('weblog@www1', *(('web.visitors.unique', {'site': 'a', 'language': 'en'}, '2018-%02d-01' % month, frozenset({7}))
                                  for month in (1, 2)))
        self.assertIn('sum of months', self.suivi('figures', 'web.visitors.unique', '--by', 'year', '--sum-of', 'month').out)
        ran = self.refuses(1, 'figures', 'members.total', '--by', 'year', '--sum-of', 'month', words=['members.total'])
        self.assertIn('level', ran.err)
        self.refuses(2, 'figures', '--sum-of', 'fortnight', words=['fortnight'])


class Alone(Views):
    daemon = False

    def test_without_a_daemon(self):
        for arguments in (['explain', 'web.downloads', '2018-02'], ['due'], ['close'], ['close', '2018-Q1'],
                          ['withdraw', '--source', 's', '--from', '2018', '--to', '2018', '--reason', 'x']):
            with self.subTest(arguments=arguments):
                self.refuses(1, *arguments, '--timeout', '1', words=[self.house.endpoint])


if __name__ == '__main__':
    house.main()
