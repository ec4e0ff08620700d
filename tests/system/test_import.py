"""`suivi import`: exports of memberships and answers of surveys, as spreadsheets write them; all rows or none; and again."""
import os
import random
import re

import house
from peer import Relay
from record_case import RecordTest

HEADER = 'member_id;region;joined;status;regional_network\n'
MEMBERS = [('M-1', 'Afrique', '14/03/2018', 'active', 'yes'), ('M-2', 'Europe', '15/03/2018', 'active', 'no'),
           ('M-3', 'Africa', '02/02/2018', 'Actif', 'oui'), ('M-4', 'Amérique latine', '20/12/2017', 'left', 'yes')]

PEOPLE = '''dates: "%d/%m/%Y"
entries:
  - indicator: leaders.mentored
    at: {column: day}
    name: {column: leader}
    dims: {region: {column: region}}
  - indicator: networks.supported
    at: {column: day}
    name: {column: network}
    dims: {region: {column: region}}
    where: [{column: network, filled: true}]
'''


def rows(members, separator=';', end='\n'):
    return ''.join(separator.join(member) + end for member in members)


class ImportTest(RecordTest):
    def members(self, content, *more, name='members.csv', code=0, **how):
        if isinstance(content, str):
            content = content.encode()
        self.path = self.house.write(name, content)
        return self.bring(self.path, '--mapping', 'membership.yaml', '--at', '2018-03-31', *more, code=code, **how)

    def by_region(self, indicator, period, by='month'):
        table = self.house.table(indicator, '--from', period, '--to', period, by=by, split=['region'])
        return {region: value for (_, _, region), value in table.items() if value}

    def assert_members(self):
        self.assertEqual(self.by_region('members.total', '2018-03'), {'africa': 2, 'europe': 1})
        self.assertEqual(self.by_region('members.also_regional', '2018-03'), {'africa': 2})
        self.assertEqual(self.by_region('members.new', '2018', 'year'), {'africa': 2, 'europe': 1})
        self.assertEqual(self.by_region('members.new', '2017', 'year'), {'latin-america': 1})


class Members(ImportTest):
    def test_dry_run_then_for_real(self):
        before = self.everything()
        ran = self.members(HEADER + rows(MEMBERS), '--dry-run')
        self.assertRegex(ran.out, r'(?m)^members\.total +africa +2018-03-31 +2$')
        self.assertRegex(ran.out, r'(?m)^members\.new +latin-america +2017-12-20 +\+1$')
        self.assertIn('dry run', ran.err)
        self.assertEqual(self.everything(), before)
        self.assertFalse(os.path.exists(self.house.path('state')))
        ran = self.members(HEADER + rows(MEMBERS))
        self.assertRegex(ran.out, r'^recorded from .*: 4 rows, 14 entries \(5 of members.total, 4 of members.new, 5 of members.also_regional\)')
        self.assert_members()

    def test_twice(self):
        self.members(HEADER + rows(MEMBERS))
        before = self.everything()
        ran = self.members(HEADER + rows(MEMBERS))
        self.assertRegex(ran.out, r': all its 14 entries were recorded before, and each counts once$')
        self.assertEqual(self.everything(), before)
        self.members(HEADER + rows(random.Random(5).sample(MEMBERS, 4)), name='sorted.csv')     # by another name, in another order
        self.assertEqual(self.everything(), before)
        os.rename(self.house.path('state', 'import'), self.house.path('state', 'lost'))          # the outbox is lost, the key is not
        self.members(HEADER + rows(MEMBERS))
        self.assertEqual(self.everything(), before)
        self.house.restart()
        self.members(HEADER + rows(MEMBERS))
        self.assertEqual(self.everything(), before)

    def test_from_elsewhere(self):
        """The same file from another state, that of another user or machine, changes no figure; grown, it adds what is new."""
        self.members(HEADER + rows(MEMBERS))
        before = self.everything()
        other = ('--state', self.house.path('other'))
        ran = self.members(HEADER + rows(MEMBERS), *other)
        self.assertRegex(ran.out, r': all its 14 entries were recorded before, and each counts once$')
        self.assertEqual(self.everything(), before)
        self.assertFalse(os.path.exists(self.house.path('other', 'pseudonym.key')))
        self.house.stop()
        self.members(HEADER + rows(MEMBERS), '--state', self.house.path('third'), code=1, timeout='1')      # knows of nothing
        self.house.start()
        path = self.house.write('april.csv', (HEADER + rows(MEMBERS + [('M-5', 'Europe', '04/04/2018', 'active', 'no')])).encode())
        ran = self.bring(path, '--mapping', 'membership.yaml', '--at', '2018-04-30', '--state', self.house.path('third'))
        self.assertIn('; 4 of them were recorded before', ran.out)
        self.assert_members_of_march_and_april()

    def test_two_lists(self):
        """The same rows of two lists are two, each of which counts once, from whatever machine; without names they are one."""
        with open(os.path.join(house.SOURCE, 'config', 'mappings', 'membership.yaml'), encoding='utf-8') as file:
            shipped = file.read()
        table = self.house.write('members.csv', (HEADER + rows(MEMBERS)).encode())
        for name, state in (('office east', 'one'), ('office west', 'two'), ('office east', 'three'), ('office west', 'one')):
            mapping = self.house.write('mapping.yaml', ('name: %s\n%s' % (name, shipped)).encode())
            ran = self.house.run('suivi', 'import', table, '--mapping', mapping, '--at', '2018-03-31', '--state', self.house.path(state))
            self.assertEqual('all its 14 entries were recorded before' in ran.out, state == 'three' or (name, state) == ('office west', 'one'))
        self.assertEqual(self.by_region('members.new', '2018', 'year'), {'africa': 4, 'europe': 2})
        self.assertEqual(self.by_region('members.total', '2018-03'), {'africa': 2, 'europe': 1})

    def test_retracted_stays_so(self):
        self.members(HEADER + rows(MEMBERS))
        entry = next(entry for entry in self.entries('members.new', '2017-12'))
        self.correct('members.new', '--retract', entry['id'], '--reason', 'never was one')
        before = self.everything()
        ran = self.members(HEADER + rows(MEMBERS))
        self.assertIn('all its 14 entries were recorded before', ran.out)
        self.assertIn('1 of them was retracted, and does not count', ran.out)
        self.assertEqual(self.everything(), before)

    def test_grown(self):
        self.members(HEADER + rows(MEMBERS))
        more = MEMBERS + [('M-5', 'Europe', '04/04/2018', 'active', 'no')]
        path = self.house.write('april.csv', (HEADER + rows(more)).encode())
        self.bring(path, '--mapping', 'membership.yaml', '--at', '2018-04-30')
        self.assert_members_of_march_and_april()

    def assert_members_of_march_and_april(self):
        self.assertEqual(self.by_region('members.total', '2018-03'), {'africa': 2, 'europe': 1})
        self.assertEqual(self.by_region('members.total', '2018-04'), {'africa': 2, 'europe': 2})
        self.assertEqual(self.by_region('members.new', '2018', 'year'), {'africa': 2, 'europe': 2})

    def test_members_of_long_ago(self):
        """Who joined long before the plan did so; nobody did before 1970."""
        old = MEMBERS + [('M-5', 'Europe', '04/04/1998', 'active', 'no')]
        self.members(HEADER + rows(old))
        self.assertEqual(self.by_region('members.new', '1998', 'year'), {'europe': 1})
        entry, = self.entries('members.new', '1998')
        self.correct('members.new', '--retract', entry['id'], '--reason', 'never was one')
        self.assertEqual(self.by_region('members.new', '1998', 'year'), {})
        ran = self.members(HEADER + rows(MEMBERS + [('M-6', 'Europe', '04/04/1968', 'active', 'no')]), code=1)
        self.assertIn('members.csv:6: "joined": 4 April 1968 lies before 1970', ran.err)

    def test_nobody_left(self):
        self.members(HEADER + rows(MEMBERS))
        path = self.house.write('april.csv', (HEADER + rows(MEMBERS[:1])).encode())
        self.bring(path, '--mapping', 'membership.yaml', '--at', '2018-04-30')
        self.assertEqual(self.by_region('members.total', '2018-04'), {'africa': 1})

    def test_joined_later(self):
        """Who joined after the day of the file is no member on that day, joined on her own day, and is told."""
        later = MEMBERS + [('M-5', 'Europe', '04/04/2018', 'active', 'yes'), ('M-6', 'Europe', '05/04/2018', 'left', 'no')]
        ran = self.members(HEADER + rows(later), '--dry-run')
        self.assertIn('1 row of %s is of a day after 31 March 2018' % self.path, ran.err)
        ran = self.members(HEADER + rows(later))
        self.assertIn('1 row of %s is of a day after 31 March 2018' % self.path, ran.err)
        self.assertEqual(self.by_region('members.total', '2018-03'), {'africa': 2, 'europe': 1})
        self.assertEqual(self.by_region('members.also_regional', '2018-03'), {'africa': 2})
        self.assertEqual(self.by_region('members.new', '2018-04'), {'europe': 2})
        self.assertNotIn('after', self.members(HEADER + rows(MEMBERS), '--dry-run').err)

    def test_capitals_do_not_matter(self):
        self.members(HEADER + rows(member[:3] + (member[3].upper(), ' %s ' % member[4].title()) for member in MEMBERS))
        self.assert_members()

    def test_as_spreadsheets_write_it(self):
        quoted = [('"%s"' % member[0], '"%s"' % member[1], *member[2:], '"said ""yes"",\r\nthen; left"') for member in MEMBERS]
        header = HEADER.strip() + ';remark'
        for name, content in [
                ('bom.csv', b'\xef\xbb\xbf' + (HEADER + rows(MEMBERS)).encode()),
                ('crlf.csv', (HEADER + rows(MEMBERS)).replace('\n', '\r\n').encode()),
                ('quotes.csv', (header + '\r\n' + rows(quoted, end='\r\n')).encode()),
                ('empty.csv', (HEADER + ';;;;\n\n' + rows(MEMBERS) + ';;;;\n').encode()),
                ('tabs.csv', (HEADER + rows(MEMBERS)).replace(';', '\t').encode()),
                ('commas.csv', (HEADER + rows(MEMBERS)).replace(';', ',').encode()),
                ('columns.csv', ('x;status;y;joined;region;regional_network;member_id\n' + ''.join(
                    '1;%s;2;%s;%s;%s;%s\n' % (m[3], m[2], m[1], m[4], m[0]) for m in MEMBERS)).encode())]:
            with self.subTest(name=name):
                self.members(content, name=name)
                self.assert_members()

    def test_other_encodings(self):
        with open(os.path.join(house.SOURCE, 'config', 'mappings', 'membership.yaml'), encoding='utf-8') as file:
            mapping = self.house.write('map.yaml', file.read().replace('utf-8', 'windows-1252').encode())
        content = (HEADER + rows(MEMBERS)).encode('windows-1252')
        self.assert_changes_nothing(lambda: self.members(content, code=1), 'members.csv:5:', 'UTF-8')
        self.bring(self.path, '--mapping', mapping, '--at', '2018-03-31')
        self.assert_members()

    def test_contradicting_a_level(self):
        self.record('members.total', '--at', '2018-03-31', '--dim', 'region=africa', '--value', '7')
        self.record('members.total', '--at', '2018-03-31', '--dim', 'region=europe', '--value', '1')
        before = self.everything()
        ran = self.members(HEADER + rows(MEMBERS), code=1)
        self.assertIn('members.csv:2: ', ran.err)
        self.assertIn('africa', ran.err)
        self.assertIn('--reason', ran.err)
        self.assertNotIn('europe', ran.err)
        self.assertEqual(self.everything(), before)
        for _ in range(3):
            self.members(HEADER + rows(MEMBERS), '--reason', 'the database is right')
            self.assert_members()
        self.correct('members.total', '--at', '2018-03-31', '--dim', 'region=africa', '--value', '9', '--reason', 'no, it is not')
        self.members(HEADER + rows(MEMBERS), code=1)
        self.members(HEADER + rows(MEMBERS), '--reason', 'the database is right')
        self.assert_members()

    def test_levels_are_asked_for_once_a_day(self):
        """Not once for each row: a question is a journey, and a file has many rows."""
        asked = []

        def hook(way, type, fields):
            if type == 'explain':
                asked.append((fields['indicator'], fields['period']))

        relay = Relay('ipc://' + self.house.path('relay.ipc'), self.house.endpoint, hook)
        self.addCleanup(relay.close)
        self.record('members.total', '--at', '2018-03-31', '--dim', 'region=europe', '--value', '1')
        self.members(HEADER + rows(MEMBERS), '--endpoint', 'ipc://' + self.house.path('relay.ipc'))
        self.assertEqual(sorted(question for question in asked if len(question[1]) == 10),
                         [('members.also_regional', '2018-03-31'), ('members.total', '2018-03-31')])
        self.assertEqual(len(asked), len(set(asked)))
        self.assert_members()

    def test_without_a_daemon(self):
        self.house.stop()
        ran = self.members(HEADER + rows(MEMBERS), code=1, timeout='1')
        self.assert_one_sentence(ran.err, self.house.endpoint, 'next run')
        self.members(HEADER + rows(MEMBERS), code=1, timeout='1')
        self.members(HEADER + rows(MEMBERS[:1]).replace('Afrique', 'Mars'), code=1, timeout='1')
        self.house.start()
        self.members(HEADER + rows(MEMBERS))
        self.assert_members()

    def test_all_or_nothing_by_the_daemon(self):
        """What waited and does not fit the daemon's plan is refused as a whole, also its good rows, and said."""
        with open(os.path.join(house.SOURCE, 'config', 'nswp-2016-2020.yaml'), encoding='utf-8') as file:
            plan = self.house.write('other.yaml', re.sub(r'(values: \[africa)', r'\1, mars', file.read()).encode())
        mapping = self.house.write('map.yaml', b'entries:\n- indicator: members.new\n  at: file\n  value: {column: n}\n'
                                   b'  dims: {region: {column: region}}\n')
        good = self.house.write('good.csv', b'region,n\neurope,5\n')
        bad = self.house.write('bad.csv', b'region,n\nafrica,1\nmars,2\neurope,3\n')
        how = ('--mapping', mapping, '--at', '2018-03-31')
        self.house.stop()
        self.bring(bad, *how, '--framework', plan, code=1, timeout='1')
        self.house.start()
        ran = self.bring(good, *how, code=1)
        self.assert_one_sentence(ran.err, 'refused', 'mars', 'refused.log')
        self.assertEqual(self.by_region('members.new', '2018-03'), {'europe': 5})
        self.bring(good, *how)
        self.assertEqual(self.by_region('members.new', '2018-03'), {'europe': 5})

    def test_taken_back_and_imported_again(self):
        self.members(HEADER + rows(MEMBERS))
        before = self.everything()
        source = next(row for row in self.house.run('suivi', 'sources', '--format', 'csv').out.split() if row.startswith('import@')).split(',')[0]
        self.house.run('suivi', 'withdraw', '--source', source, '--from', '2017', '--to', '2018', '--reason', 'wrong file')
        self.assertEqual(self.by_region('members.new', '2018', 'year'), {})
        ran = self.members(HEADER + rows(MEMBERS))
        self.assertTrue(ran.out.startswith('recorded from'), ran.out)
        self.assertNotIn('before', ran.out)
        self.assertEqual(self.everything(), before)


class Survey(ImportTest):
    def test_survey(self):
        path = self.house.write('survey.csv', b'answer,date,region,organisation_grew,law_changed,programme_changed\n'
                                b'1,2018-11-05,Africa,yes,no,yes\n2,2018-11-06,Afrique,Oui,no,\n3,2018-11-06,Europe,no,no,yes\n')
        self.bring(path, '--mapping', 'survey.yaml')
        self.assertEqual(self.by_region('survey.organisations_growth', '2018', 'year'), {'africa': 2})
        self.assertEqual(self.by_region('survey.programme_change', '2018', 'year'), {'africa': 1, 'europe': 1})
        self.assertEqual(self.figure('survey.law_change', '2018', 'year'), 0)       # asked, and there was none
        self.assertIn('recorded before, and each counts once', self.bring(path, '--mapping', 'survey.yaml').out)

    def test_answers(self):
        header = 'answer,date,region,organisation_grew,law_changed,programme_changed\n'
        for word in ('maybe', 'y', 'yes!', 'nope', '2', 'Non.'):
            path = self.house.write('survey.csv', (header + '1,2018-11-05,Africa,yes,no,yes\n2,2018-11-06,Europe,no,%s,\n' % word).encode())
            before = self.everything()
            ran = self.bring(path, '--mapping', 'survey.yaml', code=1)
            self.assertIn('survey.csv:3: "law_changed": "%s" is none' % word, ran.err)
            self.assertIn('yes, oui, 1, no, non, 0 or nothing', ran.err)
            self.assertIn('1 bad row', ran.err)
            self.assertEqual((ran.out, self.everything()), ('', before))
        path = self.house.write('survey.csv', (header + '1,2018-11-05,Africa,YES,NO,Oui\n2,2018-11-06,Europe,OUI,,yEs\n').encode())
        self.bring(path, '--mapping', 'survey.yaml')
        self.assertEqual(self.by_region('survey.organisations_growth', '2018', 'year'), {'africa': 1, 'europe': 1})
        self.assertEqual(self.by_region('survey.programme_change', '2018', 'year'), {'africa': 1, 'europe': 1})
        self.assertEqual(self.figure('survey.law_change', '2018', 'year'), 0)

    def test_people(self):
        mapping = self.house.write('people.yaml', PEOPLE.encode())
        content = ('day,region,leader,network\n01/02/2018,africa,Zéphyrine Quillfeather,Net One\n'
                   '02/02/2018,africa,ZÉPHYRINE  QUILLFEATHER,\n03/02/2018,africa,Ottoline Brassknuckle,Net Two\n').encode()
        path = self.house.write('people.csv', content)
        self.record('leaders.mentored', '--at', '2018-02-04', '--name', 'ottoline brassknuckle', '--dim', 'region=africa')
        ran = self.bring(path, '--mapping', mapping)
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 2)
        self.assertEqual(self.figure('networks.supported', '2018-Q1', 'quarter'), 2)
        self.assertRegex(self.bring(path, '--mapping', mapping).out,
                         '; 2 of them were recorded before, and each counts once; people who were recorded before count once$')
        self.bring(path, '--mapping', mapping, '--dry-run')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 2)
        os.rename(self.house.path('state', 'pseudonym.key'), self.house.path('kept.key'))
        self.assert_changes_nothing(lambda: self.bring(path, '--mapping', mapping, code=1), 'pseudonym.key is gone', '--new-pseudonym-key')
        self.bring(path, '--mapping', mapping, '--new-pseudonym-key')
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 4)
        self.assert_nowhere('Quillfeather', 'Brassknuckle', but=[path])
        self.assertNotIn('Quillfeather', ran.out + ran.err + self.house.daemon.stderr())


class Bad(ImportTest):
    def refuse(self, content, *says, lines=()):
        """Every bad row is named, and nothing at all is recorded."""
        before = self.everything()
        ran = self.members(content, code=1)
        self.assertEqual(ran.out, '')
        for part in says:
            self.assertIn(part, ran.err)
        self.assertEqual([int(line) for line in re.findall(r'members\.csv:(\d+): ', ran.err)], list(lines), ran.err)
        self.assertEqual(self.everything(), before)

    def test_bad_rows(self):
        good = rows(MEMBERS)
        for content, line, says in [
                ('M-9;Europe;31/02/2018;active;no\n', 6, '31/02/2018'), ('M-9;Europe;2018-03-07;active;no\n', 6, '2018-03-07'),
                ('M-9;Europe;07/03/2999;active;no\n', 6, '2999'), ('M-9;Europa;07/03/2018;active;no\n', 6, 'Europa'),
                ('M-9;;07/03/2018;active;no\n', 6, 'region'), ('M-9;Europe;;active;no\n', 6, 'joined'),
                (';Europe;07/03/2018;active;no\n', 6, 'member_id'), ('M-1;Europe;07/03/2018;active;no\n', 6, 'line 2'),
                ('M-9;Europe;07/03/2018;aktive;no\n', 6, '"status": "aktive" is none of the words'),
                ('M-9;Europe;07/03/2018;;no\n', 6, '"status" is empty'), ('M-9;Europe;07/03/2018;active;maybe\n', 6, 'yes, oui, no, non or nothing'),
                ('M-9;Europe;07/03/2018;active\n', 6, '4 fields'), ('M-9;Europe;07/03/2018;active;no;\n', 6, '6 fields'),
                ('"M-9\nx";Europe;07/03/2018;active;no\nM-10;Mars;07/03/2018;active;no\n', 8, 'Mars')]:
            with self.subTest(content=content):
                self.refuse(HEADER + good + content, says, lines=[line])

    def test_every_bad_row(self):
        dice = random.Random(7)
        members, bad = [], []
        for number in range(1000):
            region, day = 'Europe', '07/03/2018'
            if dice.random() < 0.1:
                bad.append(number + 2)
                region, day = dice.choice([('Mars', day), (region, '30/02/2018'), ('', day)])
            members.append(('N-%d' % number, region, day, 'active', 'no'))
        self.refuse(HEADER + rows(members), '%d bad rows' % len(bad), lines=bad)

    def test_bad_files(self):
        for content, says, lines in [
                (b'', 'empty', []), (HEADER.encode(), 'no rows', []), (b'a;b\n1;2\n', 'member_id', [1]),
                (HEADER.replace('region;', 'regions;').encode() + b'1;2;3;4;5\n', 'did you mean "regions"', [1]),
                (HEADER.encode() + b'M-1;"Europe;07/03/2018;active;no\n', 'never closed', [2]),
                (HEADER.encode() + b'M-1;Eur"ope;07/03/2018;active;no\n', 'quote', [2]),
                (random.Random(8).randbytes(5000), 'members.csv', None), (b'\xff\xfea\x00', 'UTF-16', [])]:
            with self.subTest(content=content[:40]):
                if lines is None:
                    self.assert_changes_nothing(lambda: self.members(content, code=1), says)
                else:
                    self.refuse(content, says, lines=lines)
        gone = self.house.path('gone.csv')
        self.assert_changes_nothing(lambda: self.bring(gone, '--mapping', 'membership.yaml', '--at', '2018-03-31', code=1), gone)

    def test_bad_mappings(self):
        path = self.house.write('members.csv', (HEADER + rows(MEMBERS)).encode())
        self.assert_changes_nothing(lambda: self.bring(path, '--mapping', 'membership.yaml', code=1), '--at')
        self.assert_changes_nothing(lambda: self.bring(path, '--mapping', 'nothing.yaml', '--at', '2018-03-31', code=1), 'nothing.yaml')
        self.assert_changes_nothing(lambda: self.bring(path, '--at', '2018-03-31', code=2), '--mapping')
        self.assert_changes_nothing(lambda: self.bring('--mapping', 'membership.yaml', code=2), 'file')
        for text, says in [('entries:\n- indicator: members.totl\n  at: file\n', 'members.total'),
                           ('entries:\n- indicator: members.total\n  at: file\n  value: rows\n', 'region'),
                           ('entries:\n- indicator: members.total\n  at: file\n  vlue: rows\n', 'map.yaml:4'),
                           ('entries:\n- indicator: secretariat.audit\n  at: file\n', 'suivi record'),
                           ('entries:\n- indicator: members.new\n  at: file\n  dims: {region: {is: mars}}\n', 'mars')]:
            with self.subTest(text=text):
                mapping = self.house.write('map.yaml', text.encode())
                self.assert_changes_nothing(lambda: self.bring(path, '--mapping', mapping, '--at', '2018-03-31', code=1), says)

    def test_too_large(self):
        members = (('N-%d' % number, 'Europe', '07/03/2018', 'left', 'no') for number in range(200000))
        self.assert_changes_nothing(lambda: self.members(HEADER + rows(members), code=1), '200')

    def test_as_large_as_may_be(self):
        """A hundred thousand rows are one batch that counts whole."""
        members = [('N-%d' % number, 'Europe', '07/03/2018', 'active', 'no') for number in range(100000)]
        self.members(HEADER + rows(members))
        self.assertEqual(self.by_region('members.new', '2018-03'), {'europe': 100000})
        self.assertEqual(self.by_region('members.total', '2018-03'), {'europe': 100000})
        self.assertIn('recorded before, and each counts once', self.members(HEADER + rows(members)).out)
        self.assertEqual(self.by_region('members.new', '2018-03'), {'europe': 100000})


if __name__ == '__main__':
    house.main()
