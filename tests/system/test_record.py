"""`suivi record` and `suivi correct`: each kind fed by hand, seen in the figures; twice, wrongly, without a daemon; and mended."""
import hashlib
import os
import subprocess

import house
from record_case import RecordTest

CASE = '''# A law falls

## Problem
Raids, and no way to complain.

## Aims
<!-- a hint -->
That the by-law goes.

## Strategies
Hearings; 40 people, 2 000 euros.

## Results
Repealed in May.

## Impact analysis
No raid since.

## Conclusions
Begin with the councillors.
'''


class EachKind(RecordTest):
    def test_count(self):
        where = ('--dim', 'partner=WHO')
        ran = self.record('alliances.activities', '--at', '2018-03-07', '--value', '3', *where)
        self.assertRegex(ran.out, r'^recorded: [^:]*, partner WHO, on 7 March 2018: 3 \(entry [0-9a-f]{16}\)\n$')
        self.record('alliances.activities', '--at', '2018-03-07', '--value', '3', *where)        # two activities a day
        self.record('alliances.activities', '--at', '2018-04-01', '--value', '1', '--dim', 'partner=UNAIDS')
        self.record('alliances.activities', '--at', '2018-05-01', '--value', '0', *where)
        for by, period, value in [('day', '2018-03-07', 6), ('month', '2018-03', 6), ('quarter', '2018-Q2', 1), ('month', '2018-05', 0),
                                  ('year', '2018', 7), ('plan', '2016/2020', 7), ('month', '2018-06', None)]:
            self.assertEqual(self.figure('alliances.activities', period, by), value, period)
        self.assertEqual(self.figure('alliances.activities', '2018', 'year', partner='WHO'), 6)

    def test_level(self):
        ran = self.record('members.total', '--at', '2018-03-31', '--value', '120', '--dim', 'region=africa', '--note', 'by post')
        self.assertRegex(ran.out, r'^recorded: Members, region africa, from 31 March 2018: 120 \(entry')
        self.record('members.total', '--at', '2018-05-15', '--value', '90', '--dim', 'region=europe')
        self.record('members.total', '--at', '2018-06-30', '--value', '115', '--dim', 'region=africa')
        values = [self.figure('members.total', '2018-%02d' % month) for month in range(2, 8)]
        self.assertEqual(values, [None, 120, 120, 210, 205, 205])
        self.assertEqual(self.figure('members.total', '2018-Q2', 'quarter'), 205)
        self.assertEqual(self.figure('members.total', '2018-04', region='africa'), 120)
        self.assertEqual(self.entries('members.total', '2018-03')[0]['note'], 'by post')

    def test_status(self):
        ran = self.record('secretariat.manual_operational', '--at', '2018-02-01', '--in-force', 'yes')
        self.assertIn('from 1 February 2018: in force (entry', ran.out)
        self.record('secretariat.manual_operational', '--at', '2019-02-01', '--in-force', 'no')
        self.assertEqual([self.figure('secretariat.manual_operational', period, 'year') for period in ('2017', '2018', '2019')],
                         [None, 1, 0])

    def test_roster(self):
        region = ('--dim', 'region=africa')
        ran = self.record('networks.supported', '--at', '2018-02-01', '--name', "Réseau d'Afrique", *region)
        self.assertIn("on 1 February 2018: Réseau d'Afrique (entry", ran.out)
        self.record('networks.supported', '--at', '2018-03-01', '--name', '-', *region, stdin=b"R\xc3\xa9seau d'Afrique\n")
        self.record('networks.supported', '--at', '2018-03-01', '--name', 'Other', *region)
        self.record('networks.supported', '--at', '2018-05-01', '--name', 'Third', '--dim', 'region=europe')
        self.assertEqual(self.figure('networks.supported', '2018-Q1', 'quarter'), 2)
        self.assertEqual(self.figure('networks.supported', '2018', 'year'), 3)

    def test_milestone(self):
        ran = self.record('secretariat.audit', '--at', '2018-09-12', '--done', '--note', 'filed')
        self.assertRegex(ran.out, r'^recorded: Annual audit .*: done on 12 September 2018, for 2018 \(entry')
        self.record('secretariat.audit', '--at', '2018-10-12', '--done', '--for', '2017')
        self.record('secretariat.donor_reports', '--at', '2018-04-12', '--done', '--for', '2018-Q1', '--dim', 'donor=One')
        self.assertEqual([self.figure('secretariat.audit', period, 'year') for period in ('2017', '2018')], [1, 1])
        self.assertEqual(self.figure('secretariat.audit', '2016/2020', 'plan'), 2)
        self.assertEqual(self.figure('secretariat.donor_reports', '2018-Q1', 'quarter'), 1)
        self.assertEqual(self.entries('secretariat.audit', '2017')[0]['done'], '2018-10-12')

    def test_milestone_is_of_the_day_on_which_it_was_done(self):
        """By whatever period one asks; only what was done outside the period that it is for is of that one's last day."""
        self.record('secretariat.audit', '--at', '2018-09-12', '--done')
        self.record('secretariat.audit', '--at', '2018-10-12', '--done', '--for', '2017')
        self.record('governance.president_election', '--at', '2018-09-13', '--done')        # of a biennium
        for indicator, by, period in [
                ('secretariat.audit', 'month', '2018-09'), ('secretariat.audit', 'quarter', '2018-Q3'), ('secretariat.audit', 'day', '2018-09-12'),
                ('secretariat.audit', 'year', '2018'), ('secretariat.audit', 'day', '2017-12-31'), ('governance.president_election', 'day', '2018-09-13'),
                ('governance.president_election', 'year', '2018'), ('governance.president_election', 'biennium', '2018/2019')]:
            self.assertEqual(self.figure(indicator, period, by), 1, (indicator, period))
        for indicator, by, period in [('secretariat.audit', 'month', '2018-12'), ('governance.president_election', 'year', '2019'),
                                      ('secretariat.audit', 'month', '2018-10')]:
            self.assertFalse(self.figure(indicator, period, by), (indicator, period))
        self.record('secretariat.audit', '--at', '2018-10-13', '--done', code=1)
        self.record('secretariat.audit', '--at', '2018-10-13', '--done', '--for', '2017', code=1)
        ran = self.record('secretariat.audit', '--at', '2018-10-13', '--done', '--for', '2015', code=2)
        self.assert_one_sentence(ran.err, '--for', '2015', '2016/2020')

    def test_milestone_due_after_its_period(self):
        """It is done for the first period that is not overdue, by the daemon's own plan."""
        plan = self.house.write('plan.yaml', b'name: own\nplan: 2016/2020\nlanguages: [en]\nindicators:\n'
                                b'- {id: report, kind: milestone, frequency: quarter, due: +30d, label: {en: Report}}\n'
                                b'- {id: audit, kind: milestone, frequency: year, due: 09-30, label: {en: Audit}}\n'
                                b'- {id: review, kind: milestone, frequency: biennium, due: +400d, label: {en: Review}}\n')
        self.house.stop()
        self.house.start('--framework', plan)
        for day, period in [('2018-04-12', '2018-Q1'), ('2018-07-30', '2018-Q2'), ('2018-10-31', '2018-Q4'), ('2019-06-30', '2019-Q2')]:
            self.assertIn('for %s (entry' % period, self.record('report', '--at', day, '--done').out)
        self.assertIn('for 2018 (entry', self.record('audit', '--at', '2018-12-12', '--done').out)
        self.assertIn('for 2018/2019 (entry', self.record('review', '--at', '2021-02-03', '--done').out)
        self.assertEqual(self.figure('report', '2018', 'year'), 3)
        self.house.stop()
        self.record('report', '--at', '2017-04-12', '--done', '--framework', plan, code=1, timeout='1')
        self.house.start('--framework', plan)
        self.record('report', '--at', '2017-07-12', '--done')
        self.assertEqual([self.figure('report', '2017-Q%d' % number, 'quarter') or 0 for number in (1, 2, 3)], [1, 1, 0])

    def test_what_shows_a_milestone(self):
        """A title, a link and a file are kept with it; the same file may show another year, too."""
        content = b'%PDF the audit'
        path = self.house.write('elsewhere/audit.pdf', content)
        digest = hashlib.sha256(content).hexdigest()
        audit = ('secretariat.audit', '--at', '2018-09-12', '--done')
        ran = self.record(*audit, '--title', ' The  audit ', '--file', path, '--link', 'https://example.org/audit', '--note', 'filed')
        self.assertRegex(ran.out, r': done on 12 September 2018, for 2018 \(entry')
        self.record('secretariat.audit', '--at', '2018-10-12', '--done', '--for', '2017', '--file', path)
        self.record('secretariat.donor_reports', '--at', '2018-04-12', '--done', '--for', '2018-Q1', '--dim', 'donor=One',
                    '--link', 'https://example.org/report')
        entry, = self.entries('secretariat.audit', '2018')
        self.assertEqual([entry[key] for key in ('done', 'title', 'link', 'file', 'sha256', 'note')],
                         ['2018-09-12', 'The audit', 'https://example.org/audit', 'audit.pdf', digest, 'filed'])
        entry, = self.entries('secretariat.audit', '2017')
        self.assertEqual((entry['done'], entry['file'], entry['sha256']), ('2018-10-12', 'audit.pdf', digest))
        self.assertFalse({'title', 'link'} & {key for key, value in entry.items() if value})
        text = self.house.run('suivi', 'explain', 'secretariat.audit', '2018').out
        for line in ('title: The audit', 'link: https://example.org/audit', 'file: audit.pdf', 'its SHA-256: ' + digest, 'note: filed'):
            self.assertIn('\n      %s\n' % line, text)
        self.assertEqual(self.house.run('suivi', 'explain', 'secretariat.donor_reports', '2018-Q1').out.count('link: https://example.org/report'), 1)
        self.assertEqual([self.figure('secretariat.audit', period, 'year') for period in ('2017', '2018')], [1, 1])

    def test_what_shows_a_milestone_later(self):
        """Said again it is refused, whatever shows it; taken back, it is recorded with its evidence."""
        path = self.house.write('audit.pdf', b'%PDF the audit')
        audit = ('secretariat.audit', '--at', '2018-09-12', '--done')
        first = self.entry_of(self.record(*audit))
        self.assert_changes_nothing(lambda: self.record(*audit, '--file', path, code=1), first, 'done for 2018', '--retract ' + first)
        self.correct('secretariat.audit', '--retract', first, '--reason', 'with the report')
        second = self.entry_of(self.record(*audit, '--file', path))
        self.assert_changes_nothing(lambda: self.record(*audit, '--file', path, code=1), second, 'done for 2018', '--retract ' + second)
        self.assertEqual([entry['file'] for entry in self.entries('secretariat.audit', '2018') if entry['state'] == 'counts' and entry.get('done')],
                         ['audit.pdf'])
        self.assertEqual(self.figure('secretariat.audit', '2018', 'year'), 1)

    def test_evidence(self):
        content = b'%PDF a report'
        path = self.house.write('elsewhere/report.pdf', content)
        ran = self.record('movement.sharing', '--at', '2018-02-03', '--title', 'Exchange', '--file', path, '--dim', 'region=europe')
        self.assertIn('on 3 February 2018: "Exchange" (entry', ran.out)
        self.record('movement.sharing', '--at', '2018-02-03', '--title', 'Letter', '--link', 'https://example.org/letter',
                    '--dim', 'region=africa')
        self.assertEqual(self.figure('movement.sharing', '2018', 'year'), 2)
        entry, = self.entries('movement.sharing', '2018', '--where', 'region=europe')
        self.assertEqual((entry['title'], entry['file'], entry['sha256']),
                         ('Exchange', 'report.pdf', hashlib.sha256(content).hexdigest()))

    def test_narrative(self):
        path = self.house.write('case.md', CASE.encode())
        ran = self.record('impact.case_studies', '--at', '2018-06-01', '--file', path)
        self.assertIn('on 1 June 2018: "A law falls" (entry', ran.out)
        self.assertEqual(self.figure('impact.case_studies', '2018', 'year'), 1)
        french = CASE.replace('A law falls', 'Une loi').replace('Problem', 'Problèmes').replace('Aims', 'Buts').replace(
            'Strategies', 'Stratégies').replace('Results', 'Résultats').replace('Impact analysis', 'Analyses d’impact')
        self.record('impact.case_studies', '--at', '2018-07-01', '--file', self.house.write('cas.md', french.encode()))
        self.assertEqual(self.figure('impact.case_studies', '2018', 'year'), 2)

    def test_template(self):
        template = self.record('impact.case_studies', '--template').out
        self.assertEqual(template.count('\n## '), 6)
        self.assertFalse(os.path.exists(self.house.path('state')))
        self.assertEqual(self.record('members.total', '--template', code=2).out, '')
        path = self.house.write('case.md', template.encode())
        self.assert_changes_nothing(lambda: self.record('impact.case_studies', '--at', '2018-06-01', '--file', path, code=1),
                                    path + ':3', 'title')

    def test_people(self):
        """The same person is one, however she is spelled; and her name is nowhere."""
        names = ['Zéphyrine Quillfeather', '  zéphyrine   QUILLFEATHER ', 'Ottoline Brassknuckle']
        where = ('--dim', 'region=africa')
        for number, name in enumerate(names):
            ran = self.record('leaders.mentored', '--at', '2018-02-0%d' % (number + 1), '--name', name, *where)
            self.assertIn('one person, under a pseudonym', ran.out)
            self.assertNotIn(name, ran.out + ran.err)
        self.record('leaders.mentored', '--at', '2018-02-09', '--name', '-', *where, stdin=names[2].encode() + b'\n')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 2)
        self.house.stop()
        waiting = 'Wilhelmina Waitsalot'
        self.record('leaders.mentored', '--at', '2018-03-01', '--name', waiting, *where, code=1, timeout='1')
        self.record('leaders.mentored', '--at', '2018-03-01', '--name', waiting, '--note', 'hers', *where, code=2, timeout='1')
        parts = [part for name in names + [waiting] for part in name.split()]
        self.assert_nowhere(*parts)
        self.assertNotRegex(self.house.daemon.stderr(), '|'.join(parts))
        self.house.start()
        self.record('leaders.mentored', '--at', '2018-03-02', '--name', waiting, *where)
        self.assertEqual(self.figure('leaders.mentored', '2018-03'), 1)
        self.assert_nowhere(*parts)
        self.assertEqual(os.stat(self.house.path('state', 'pseudonym.key')).st_mode & 0o777, 0o600)


    def test_a_lost_key(self):
        """It is missed, not silently made anew."""
        where = ('leaders.mentored', '--at', '2018-02-01', '--dim', 'region=africa', '--name')
        self.record(*where, 'Jos\u00e9')
        self.record(*where, 'JOSE\u0301')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 1)
        key = self.house.path('state', 'pseudonym.key')
        os.rename(key, key + '.copy')
        ran = self.record(*where, 'Jos\u00e9', code=1)
        self.assert_one_sentence(ran.err, key + ' is gone', '--new-pseudonym-key')
        self.assertFalse(os.path.exists(key))
        os.rename(key + '.copy', key)
        self.record(*where, 'Jos\u00e9')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 1)
        os.remove(key)
        self.record(*where, 'Jos\u00e9', '--new-pseudonym-key')
        self.record(*where, 'Jos\u00e9')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 2)


class Refused(RecordTest):
    """A clear sentence, and nothing is changed."""

    def refuse(self, *arguments, code=1, says=()):
        return self.assert_changes_nothing(lambda: self.record(*arguments, code=code), *says)

    def test_wrong_options(self):
        for arguments, says in [
                (('members.total', '--at', '2018-03-31', '--done'), ('level', '--value', '--done')),
                (('members.total', '--at', '2018-03-31'), ('level', '--value')),
                (('secretariat.audit', '--at', '2018-03-31', '--value', '1'), ('milestone', '--done', '--value')),
                (('networks.supported', '--at', '2018-03-31', '--title', 'x'), ('roster', '--name')),
                (('secretariat.manual_operational', '--at', '2018-03-31', '--done'), ('status', '--in-force')),
                (('movement.sharing', '--at', '2018-03-31', '--name', 'x'), ('evidence', '--title')),
                (('impact.case_studies', '--at', '2018-03-31', '--title', 'x'), ('case study', '--file')),
                (('leaders.mentored', '--at', '2018-03-31', '--value', '3'), ('people', '--name')),
                (('members.total', '--value', '3'), ('--at',)),
                (('members.total', '--at', '2018-03-31', '--value', '3.5'), ('3.5',)),
                (('members.total', '--at', '2018-03-31', '--value', '3', '--dim', 'africa'), ('--dim',)),
                (('networks.supported', '--at', '2018-03-31', '--name', '', '--dim', 'region=africa'), ('name', 'empty')),
                (('movement.sharing', '--at', '2018-03-31', '--title', '', '--dim', 'region=africa'), ('title', 'empty')),
                (('members.new', '--at', '2018-03-31', '--value', '-3', '--dim', 'region=africa'), ('correct',)),
                (('members.total', '--at', '2018-03-31', '--value', '-3', '--dim', 'region=africa'), ('0 or more', 'correct')),
                (('movement.sharing', '--at', '2018-03-31', '--title', 'Visit', '--dim', 'region=africa'), ('--link', '--file', '--note')),
                (('members.total', '--at', '2018-03-31', '--value', '3', '--reason', 'x'), ('--reason', 'correct')),
                (('secretariat.audit', '--at', '2018-03-31', '--done', '--for', '2018-Q1'), ('--for', 'year'))]:
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, code=2, says=says)

    def test_what_the_plan_does_not_have(self):
        for arguments, says in [
                (('members.totl', '--at', '2018-03-31', '--value', '3'), ('members.totl', 'members.total')),
                (('members.total', '--at', '2018-03-31', '--value', '3'), ('region', '--dim region=')),
                (('members.total', '--at', '2018-03-31', '--value', '3', '--dim', 'region=afrika'), ('afrika', 'africa')),
                (('members.total', '--at', '2018-03-31', '--value', '3', '--dim', 'region=africa', '--dim', 'site=x'), ('site', 'region')),
                (('secretariat.audit', '--at', '2018-03-31', '--done', '--dim', 'region=africa'), ('secretariat.audit', 'region'))]:
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, says=says)

    def test_what_counts_by_itself(self):
        """It would be added to what the collector counts: refused, with a daemon and without, unless it is meant so."""
        page = ['web.pageviews', '--at', '2018-03-07', '--value', '5', '--dim', 'site=nswp', '--dim', 'language=en']
        for name in (page, ['lists.posts', '--at', '2018-03-07', '--value', '5', '--dim', 'list=members']):
            self.assert_changes_nothing(lambda name=name: self.record(*name, code=1), name[0], 'nothing was recorded',
                                        'suivi correct', '--even-so')
        self.record('web.languages', '--at', '2018-03-07', '--name', 'fr', '--dim', 'language=fr')     # by both
        self.record(*page, '--even-so')
        self.assertEqual(self.figure('web.pageviews', '2018-03'), 5)
        self.house.stop()
        self.assert_one_sentence(self.record(*page, code=1).err, 'fed by: web log', '--even-so')

    def test_days(self):
        value = ('--value', '3', '--dim', 'region=africa')
        for day, says in [('2018-02-31', '31 February 2018'), ('2018-13-01', '2018-13-01'), ('2018-03', '2018-03'), ('yesterday', 'yesterday'),
                          ('2999-01-01', '1 January 2999'), ('0218-03-07', '7 March 218 lies before 1970: is the year right?'),
                          ('1969-12-31', 'before 1970')]:
            with self.subTest(day=day):
                self.refuse('members.total', '--at', day, *value, code=2, says=('--at', says))
        self.refuse('members.total', '--at', '1998-03-07', *value, says=('7 March 1998', '2016/2020', 'is the year right?'))
        for arguments in [('due', '--on', '2018-02-30'), ('figures', '--as-of', '2018-02-30')]:
            ran = self.house.run('suivi', *arguments, code=2)
            self.assert_one_sentence(ran.err, 'there is no 30 February 2018: that month has 28 days')

    def test_texts(self):
        """Judged here, so that nothing bad waits in the outbox."""
        africa = ('--at', '2018-03-31', '--dim', 'region=africa')
        cases = [(('networks.supported', *africa, '--name', 'a\x01b'), 'control character'), (('networks.supported', *africa, '--name', 'n' * 200), '128'),
                 (('movement.sharing', *africa, '--title', 't' * 300, '--note', 'n'), '256'), (('movement.sharing', *africa, '--title', 't', '--link', 'x'), 'link'),
                 (('members.total', *africa, '--value', '3', '--note', 'n' * 3000), '2000'), (('leaders.mentored', *africa, '--name', ' '), 'empty')]
        for arguments, says in cases:
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, says=(says,))
        self.house.stop()
        for arguments, says in cases[::3]:
            ran = self.record(*arguments, code=1, timeout='1')
            self.assertIn(says, ran.err)
            self.assertNotIn('next run', ran.err)

    def test_files(self):
        gone = self.house.path('gone.pdf')
        where = ('--at', '2018-03-31', '--title', 'x', '--dim', 'region=africa')
        self.refuse('movement.sharing', *where, '--file', gone, says=(gone,))
        self.refuse('movement.sharing', *where, '--file', self.house.directory, says=(self.house.directory,))
        os.mkfifo(self.house.path('pipe'))
        self.refuse('movement.sharing', *where, '--file', self.house.path('pipe'), says=('pipe',))
        self.refuse('movement.sharing', *where, '--link', 'javascript:x', says=('link',))
        self.refuse('impact.case_studies', '--at', '2018-03-31', '--file', gone, says=(gone,))
        audit = ('secretariat.audit', '--at', '2018-03-31', '--done')
        self.refuse(*audit, '--file', gone, says=(gone, 'cannot be read'))
        self.refuse(*audit, '--file', self.house.path('pipe'), says=('pipe',))
        self.refuse(*audit, '--link', 'javascript:x', says=('link',))
        self.refuse(*audit, '--title', '  ', code=2, says=('--title', 'empty'))
        self.refuse(*audit[:-1], '--file', gone, code=2, says=('milestone', '--done', '--file'))

    def test_case_studies(self):
        for change, line, says in [
                (('## Results\n', '## Outcome\n'), 13, 'Outcome'), (('## Results\nRepealed in May.\n', ''), CASE.count('\n') - 2, 'Results'),
                (('## Results\n', '## Aims\n'), 13, 'Aims'), (('Repealed in May.', ''), 13, 'Results'),
                (('# A law falls\n', ''), 1, 'title')]:
            with self.subTest(change=change):
                text = CASE.replace(*change)
                path = self.house.write('case.md', text.encode())
                self.refuse('impact.case_studies', '--at', '2018-06-01', '--file', path, says=('%s:%d:' % (path, line), says))

    def test_twice(self):
        """It says what is there, from where, and a way to mend it that works."""
        path = self.house.write('case.md', CASE.encode())
        africa = ('--dim', 'region=africa')
        for first, second, way in [
                (('secretariat.audit', '--at', '2018-09-12', '--done'), ('secretariat.audit', '--at', '2018-09-13', '--done'), '--retract'),
                (('members.total', '--at', '2018-03-31', *africa, '--value', '120'),
                 ('members.total', '--at', '2018-03-31', *africa, '--value', '121'), '--value 121'),
                (('secretariat.manual_operational', '--at', '2018-01-03', '--in-force', 'yes'),
                 ('secretariat.manual_operational', '--at', '2018-01-03', '--in-force', 'no'), '--in-force no'),
                (('networks.supported', '--at', '2018-02-01', *africa, '--name', 'One'),
                 ('networks.supported', '--at', '2018-02-01', *africa, '--name', 'One'), '--remove'),
                (('movement.sharing', '--at', '2018-02-03', *africa, '--title', 'Letter', '--note', 'by post'),
                 ('movement.sharing', '--at', '2018-02-03', *africa, '--title', 'Letter', '--link', 'https://example.org'), '--retract'),
                (('impact.case_studies', '--at', '2018-02-03', '--file', path), ('impact.case_studies', '--at', '2018-02-03', '--file', path),
                 '--retract')]:
            with self.subTest(first=first):
                entry = self.entry_of(self.record(*first))
                self.refuse(*second, says=(entry, 'record@', 'suivi correct ' + first[0], way))
        self.record('members.total', '--at', '2018-03-31', *africa, '--value', '120')       # the same is no other value
        self.record('secretariat.audit', '--at', '2018-09-13', '--done', '--for', '2017')

    def test_the_command_that_is_told_can_be_pasted(self):
        """Whatever stands in a name is that name for the shell."""
        marker = self.house.path('marker')
        country = "C\u00f4te d'Ivoire $(touch %s) `touch %s`; touch %s" % (marker, marker, marker)
        said = ('countries.international_programmes', '--at', '2018-02-01', '--dim', 'region=africa', '--dim', 'country=' + country,
                '--name', 'One')
        self.record(*said)
        ran = self.refuse(*said, says=('--remove NAME',))
        command = ran.err.strip().split('If that is wrong: ')[1]
        script = 'set -- %s; printf "%%s\\n" "$@"' % command
        words = subprocess.run(['sh', '-c', script], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        self.assertFalse(os.path.exists(marker))
        self.assertEqual(words, ['suivi', 'correct', 'countries.international_programmes', '--at', '2018-02-01', '--dim', 'region=africa',
                                 '--dim', 'country=' + country, '--remove', 'NAME', '--reason', 'TEXT'])
        self.correct(*[{'NAME': 'One', 'TEXT': 'why'}.get(word, word) for word in words[2:]])
        self.assertIsNone(self.figure('countries.international_programmes', '2018-02') or None)

    def test_by_the_daemon(self):
        """What only the daemon finds is refused by it, and said."""
        with open(os.path.join(house.SOURCE, 'config', 'nswp-2016-2020.yaml'), encoding='utf-8') as file:
            plan = file.read()
        self.house.stop()
        waiting = ('lists.moderated', '--at', '2018-03-31', '--value', '3', '--dim', 'language=eo')
        other = self.house.write('other.yaml', plan.replace('values: [en, fr, es, ru, zh]', 'values: [en, fr, es, ru, zh, eo]').encode())
        self.record(*waiting, '--framework', other, code=1, timeout='1')
        self.house.start()
        ran = self.record('lists.moderated', '--at', '2018-03-31', '--value', '3', '--dim', 'language=en', code=1)
        self.assert_one_sentence(ran.err, 'refused', 'eo', 'refused.log')
        self.assertEqual(self.figure('lists.moderated', '2018-03'), 3)


class Apart(RecordTest):
    def test_without_a_daemon(self):
        """It waits, is sent by the next run, and counts once."""
        self.house.stop()
        value = ('--value', '3', '--dim', 'partner=WHO')
        ran = self.record('alliances.activities', '--at', '2018-03-07', *value, code=1, timeout='1')
        self.assertEqual(ran.out, '')
        self.assert_one_sentence(ran.err, self.house.endpoint, self.house.path('state'), 'next run')
        self.record('alliances.activities', '--at', '2018-03-08', *value, code=1, timeout='1')
        self.record('alliances.activites', '--at', '2018-03-08', *value, code=1, timeout='1')
        self.record('alliances.activities', '--at', '2018-03-08', '--done', code=2, timeout='1')
        self.record('secretariat.audit', '--at', '2018-09-12', '--done', code=1, timeout='1')
        self.house.start()
        self.record('alliances.activities', '--at', '2018-03-09', *value)
        self.assertEqual(self.figure('alliances.activities', '2018-03'), 9)
        self.assertEqual(self.figure('secretariat.audit', '2018', 'year'), 1)

    def test_what_waited_is_sent_first(self):
        """And told, so that who repeats a command that was interrupted knows; and known when the same is said again."""
        self.house.stop()
        done = ('secretariat.audit', '--at', '2018-09-12', '--done')
        self.record(*done, code=1, timeout='1')
        self.record('members.total', '--at', '2018-03-31', '--value', '3', '--dim', 'region=africa', code=1, timeout='1')
        self.house.start()
        ran = self.record(*done, code=1)
        told, refused = ran.err.splitlines()
        self.assert_one_sentence(told + '\n', '2 entries of an earlier run waited in', self.house.path('state'), 'were sent now, too')
        self.assertIn('it was done for 2018 on 12 September 2018 already', refused)
        self.assertEqual(len(self.entries('secretariat.audit', '2018')), 1)
        self.assertEqual(self.figure('members.total', '2018-03'), 3)
        self.house.stop()
        self.correct('members.total', '--at', '2018-03-31', '--value', '4', '--dim', 'region=africa', '--reason', 'x', code=1, timeout='1')
        self.house.start()
        ran = self.correct('members.total', '--at', '2018-03-31', '--value', '4', '--dim', 'region=africa', '--reason', 'x')
        self.assertIn('1 entry of an earlier run waited in', ran.err)
        self.assertIn('4 already; nothing was changed', ran.err)
        self.assertEqual(self.record('secretariat.audit', '--at', '2018-01-12', '--done', '--for', '2017').err, '')

    def test_a_plan_of_ones_own(self):
        self.house.stop()
        plan = os.path.join(house.SOURCE, 'config', 'example-outreach-2024.yaml')
        ran = self.record('nothing.such', '--at', '2024-03-07', '--value', '3', '--framework', plan, code=1, timeout='1')
        self.assertIn('nothing.such', ran.err)
        ran = self.record('members.total', '--at', '2024-03-07', '--value', '3', '--framework', plan, code=1, timeout='1')
        self.assertIn('members.total', ran.err)
        ran = self.record('members.total', '--at', '2024-03-07', '--value', '3', '--framework', self.house.path('none'), code=1, timeout='1')
        self.assertIn(self.house.path('none'), ran.err)


class Corrected(RecordTest):
    def why(self, *arguments, code=0):
        return self.correct(*arguments, '--reason', 'counted again', code=code)

    def test_needs_a_reason(self):
        where = ('members.total', '--at', '2018-03-31', '--dim', 'region=africa')
        self.record(*where, '--value', '120')
        for more in [(), ('--reason', ''), ('--reason', '  ')]:
            self.assert_changes_nothing(lambda: self.correct(*where, '--value', '118', *more, code=2), '--reason')

    def test_count(self):
        where = ('alliances.activities', '--at', '2018-03-07', '--dim', 'partner=WHO')
        self.record(*where, '--value', '3')
        self.record(*where, '--value', '4')
        ran = self.why(*where, '--value', '5')
        self.assertRegex(ran.out, r'^corrected: .*: 5 instead of 7 \(entry')
        self.assertEqual(self.figure('alliances.activities', '2018-03'), 5)
        self.why(*where, '--difference', '-2')
        self.assertEqual(self.figure('alliances.activities', '2018', 'year'), 3)
        self.assertEqual([entry['reason'] for entry in self.entries('alliances.activities', '2018-03-07') if entry.get('reason')],
                         ['counted again'] * 2)
        ran = self.assert_changes_nothing(lambda: self.why(*where, '--value', '3'), '3 already')
        self.assert_changes_nothing(lambda: self.why(*where, '--in-force', 'yes', code=2), 'count', '--difference')

    def test_level_and_status(self):
        """The correction holds at once, also within the second, and also downwards."""
        where = ('members.total', '--at', '2018-03-31', '--dim', 'region=africa')
        self.record(*where, '--value', '120')
        for value in (118, 121, 90):
            self.why(*where, '--value', str(value))
            self.assertEqual(self.figure('members.total', '2018-03'), value)
        self.record('secretariat.manual_operational', '--at', '2018-01-03', '--in-force', 'yes')
        self.why('secretariat.manual_operational', '--at', '2018-01-03', '--in-force', 'no')
        self.assertEqual(self.figure('secretariat.manual_operational', '2018', 'year'), 0)
        self.assert_changes_nothing(lambda: self.why('members.total', '--at', '2018-01-31', '--dim', 'region=europe', '--value', '3', code=1),
                                    'suivi record')
        self.assert_changes_nothing(lambda: self.why(*where, '--difference', '3', code=2), '--value')

    def test_by_the_code(self):
        """An indicator is known by its code in the plan, too."""
        where = ('--at', '2018-03-07', '--dim', 'partner=WHO')
        self.record('1.5.1', *where, '--value', '3')
        self.why('1.5.1', *where, '--value', '4')
        self.why('1.5.1', *where, '--difference', '1')
        entry = self.entry_of(self.record('1.5.1', *where, '--value', '7'))
        self.why('1.5.1', '--retract', entry)
        self.assertEqual(self.figure('alliances.activities', '2018-03'), 5)

    def test_roster(self):
        where = ('networks.supported', '--at', '2018-02-01', '--dim', 'region=africa')
        self.record(*where, '--name', 'One')
        self.record(*where, '--name', 'Two')
        self.assert_changes_nothing(lambda: self.why(*where, '--remove', 'Tow', code=1), 'Tow', 'One, Two')
        self.why(*where, '--remove', 'Two')
        self.assertEqual(self.figure('networks.supported', '2018-Q1', 'quarter'), 1)
        self.record(*where, '--name', 'Two')
        self.assertEqual(self.figure('networks.supported', '2018-Q1', 'quarter'), 2)

    def test_people(self):
        where = ('leaders.mentored', '--at', '2018-02-01', '--dim', 'region=africa')
        self.record(*where, '--name', 'A')
        self.record(*where, '--name', 'B')
        self.why(*where, '--value', '1')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 1)
        self.why(*where, '--difference', '4')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 5)

    def test_retract(self):
        first = self.entry_of(self.record('movement.sharing', '--at', '2018-02-03', '--title', 'One', '--note', 'n', '--dim', 'region=africa'))
        second = self.entry_of(self.record('movement.sharing', '--at', '2018-02-03', '--title', 'Two', '--note', 'n', '--dim', 'region=europe'))
        self.assert_changes_nothing(lambda: self.why('movement.sharing', '--retract', '%016x' % 5, code=1), '%016x' % 5)
        self.assert_changes_nothing(lambda: self.why('movement.sharing', '--retract', 'five', code=2), '16')
        self.assert_changes_nothing(lambda: self.why('networks.supported', '--retract', first, code=1), first)
        self.assert_changes_nothing(lambda: self.why('movement.sharing', '--at', '2018-02-04', '--retract', first, code=1),
                                    first, '3 February 2018')
        self.assert_changes_nothing(lambda: self.why('movement.sharing', '--dim', 'region=europe', '--retract', first, code=1), first)
        ran = self.why('movement.sharing', '--retract', first)
        self.assertIn(first, ran.out)
        self.assertEqual(self.figure('movement.sharing', '2018', 'year'), 1)
        self.assert_changes_nothing(lambda: self.why('movement.sharing', '--retract', first, code=1), first, 'any more')
        self.why('movement.sharing', '--at', '2018-02-03', '--dim', 'region=europe', '--retract', second)
        self.assertEqual(self.figure('movement.sharing', '2018', 'year') or 0, 0)
        audit = self.entry_of(self.record('secretariat.audit', '--at', '2018-09-12', '--done'))
        undone = self.entry_of(self.why('secretariat.audit', '--retract', audit))
        self.why('secretariat.audit', '--retract', undone)      # it was right after all
        self.assertEqual(self.figure('secretariat.audit', '2018', 'year'), 1)
        self.why('secretariat.audit', '--retract', audit)
        self.record('secretariat.audit', '--at', '2018-09-14', '--done')
        self.assertEqual(self.figure('secretariat.audit', '2018', 'year'), 1)

    def test_retract_leaves_no_count_below_0(self):
        where = ('digest.editions', '--at', '2018-02-03', '--dim', 'language=en')
        first = self.entry_of(self.record(*where, '--value', '2'))
        other = self.entry_of(self.why(*where, '--difference', '-1'))
        self.assert_changes_nothing(lambda: self.why('digest.editions', '--retract', first, code=1), first, '-1 on 3 February 2018')
        self.assertEqual(self.figure('digest.editions', '2018-02'), 1)
        self.why('digest.editions', '--retract', other)
        self.why('digest.editions', '--retract', first)
        self.assertEqual(self.figure('digest.editions', '2018-02') or 0, 0)

    def test_a_value_holds(self):
        """Whatever is counted, said, taken back or withdrawn of that day, before and after."""
        where = ('digest.editions', '--at', '2018-02-03', '--dim', 'language=en')
        first = self.entry_of(self.record(*where, '--value', '10'))
        holds = self.entry_of(self.why(*where, '--value', '3'))
        self.assertEqual(self.figure('digest.editions', '2018-02'), 3)
        ran = self.record(*where, '--value', '2')
        self.assert_one_sentence(ran.err, '3 February 2018', 'it stays 3', '--value 5')
        self.assertEqual(self.figure('digest.editions', '2018-02'), 3)
        self.why('digest.editions', '--retract', first)
        self.assertEqual(self.figure('digest.editions', '2018-02'), 3)
        self.why(*where, '--difference', '-1')
        self.assertEqual(self.figure('digest.editions', '2018-02'), 2)
        told = self.house.run('suivi', 'explain', 'digest.editions', '2018-02').out
        self.assertRegex(told, r'3 (editions )?in all')
        self.assertIn('a corrected figure of that day holds', told)
        self.why(*where, '--value', '7')
        self.assertEqual(self.figure('digest.editions', '2018-02'), 7)
        self.why('digest.editions', '--retract', holds)
        self.assertEqual(self.figure('digest.editions', '2018-02'), 7)

    def test_a_value_of_people_holds(self):
        where = ('leaders.mentored', '--at', '2018-02-01', '--dim', 'region=africa')
        self.record(*where, '--name', 'A')
        self.why(*where, '--value', '3')
        ran = self.record(*where, '--name', 'B')
        self.assert_one_sentence(ran.err, '1 February 2018', 'it stays 3', '--value 4')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 3)

    def test_a_figure_is_held_where_it_is(self):
        where = ('digest.editions', '--at', '2018-02-03', '--dim', 'language=en')
        self.record(*where, '--value', '7')
        self.why(*where, '--value', '7')
        self.record(*where, '--value', '2')
        self.assertEqual(self.figure('digest.editions', '2018-02'), 7)
        self.assertIn('7 already; nothing was changed', self.why(*where, '--value', '7').err)

    def test_retract_of_whatever_day(self):
        """Also of years around the plan; a milestone by the day on which it was done, or by that which it is kept on."""
        for day in ('2009-05-03', '2017-05-03', '2024-05-03'):
            entry = self.entry_of(self.record('movement.sharing', '--at', day, '--title', 'x', '--note', 'n', '--dim', 'region=africa'))
            self.why('movement.sharing', '--retract', entry)
            self.assertFalse(self.figure('movement.sharing', day[:4], 'year'))
        for day in ('2018-10-12', '2017-12-31'):
            entry = self.entry_of(self.record('secretariat.audit', '--at', '2018-10-12', '--done', '--for', '2017'))
            self.assert_changes_nothing(lambda: self.why('secretariat.audit', '--at', '2018-10-13', '--retract', entry, code=1), entry)
            self.why('secretariat.audit', '--at', day, '--retract', entry)
            self.assertFalse(self.figure('secretariat.audit', '2017', 'year'))

    def test_nothing_is_below_zero(self):
        where = ('alliances.activities', '--at', '2018-03-07', '--dim', 'partner=WHO')
        self.record(*where, '--value', '3')
        self.assert_changes_nothing(lambda: self.why(*where, '--difference', '-4', code=1), 'it is 3 on 7 March 2018', 'below 0')
        self.why(*where, '--difference', '-3')
        level = ('members.total', '--at', '2018-03-31', '--dim', 'region=africa')
        self.record(*level, '--value', '3')
        self.assert_changes_nothing(lambda: self.why(*level, '--value', '-1', code=2), '0 or more')

    def test_white_space_makes_no_other_name(self):
        where = ('countries.international_programmes', '--at', '2018-02-01', '--dim', 'region=africa')
        country = ('--dim', 'country=  Sierra \u00a0 Leone ')
        self.record(*where, *country, '--name', ' Net  \t One\u00a0')
        entry, = self.entries('countries.international_programmes', '2018-02')
        self.assertEqual((entry['name'], entry['dims']['country']), ('Net One', 'Sierra Leone'))
        self.assert_changes_nothing(lambda: self.record(*where, '--dim', 'country=Sierra Leone', '--name', 'Net One', code=1), 'is there')
        self.why(*where, *country, '--remove', 'Net   One ')
        self.record('movement.sharing', '--at', '2018-02-01', '--dim', 'region=africa', '--title', ' A   visit ', '--note', 'n')
        self.assertEqual(self.entries('movement.sharing', '2018-02')[0]['title'], 'A visit')

    def test_without_a_daemon(self):
        """What needs no figure waits; what needs one is refused."""
        where = ('alliances.activities', '--at', '2018-03-07', '--dim', 'partner=WHO')
        self.record(*where, '--value', '3')
        self.house.stop()
        self.assertIn('--difference', self.correct(*where, '--value', '5', '--reason', 'x', code=1, timeout='1').err)
        self.correct('alliances.activities', '--retract', '%016x' % 5, '--reason', 'x', code=1, timeout='1')
        self.assertIn('next run', self.correct(*where, '--difference', '2', '--reason', 'x', code=1, timeout='1').err)
        self.house.start()
        self.correct(*where, '--difference', '1', '--reason', 'x')
        self.assertEqual(self.figure('alliances.activities', '2018-03'), 6)


if __name__ == '__main__':
    house.main()
