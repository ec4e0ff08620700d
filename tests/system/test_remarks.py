"""Remarks: how figures came to be. They are no part of any figure; explain tells them, and figures say where the way of
counting changed."""
import calendar
import json
import random
import sys

import house
from kinds_case import KindsTest, seed_of_tests
from peer import Peer, at, members

SEED = seed_of_tests()
SITE = {'site': 'nswp'}
PAGES = {'site': 'nswp', 'language': 'en'}


def remark(kind, title, note, id=None):
    """An entry."""
    remark.last += 1
    return {'id': id or remark.last, 'recorded': 1520380800, 'title': title, 'note': note, 'remark': kind}


remark.last = 1000


def days(month, first=1, last=None):
    year, number = (int(part) for part in month.split('-'))
    last = last or calendar.monthrange(year, number)[1]
    return ['%s-%02d' % (month, day) for day in range(first, last + 1)]


class RemarksTest(KindsTest):
    daemon = True

    def say(self, source, statements):
        """[(indicator, dims, day, value)]"""
        with Peer(self.house.endpoint, source) as peer:
            peer.hello()
            ack = peer.tell([(id, dims, at(day), value) for id, dims, day, value in statements])
        self.assertEqual((ack.get('reasons') or [], ack['accepted']), ([], len(statements)))
        return ack

    def refuse(self, statement, *parts):
        id, dims, day, value = statement
        with Peer(self.house.endpoint, 'peer@host') as peer:
            peer.hello()
            ack = peer.tell([(id, dims, at(day), value)])
        self.assertEqual((ack['accepted'], len(ack['refused']), len(ack['reasons'])), (0, 1, 1), ack)
        for part in parts:
            self.assertIn(part, ack['reasons'][0])

    def count(self, source, those, value=10, site='nswp'):
        self.say(source, [('web.pageviews', {'site': site, 'language': 'en'}, day, value) for day in those])

    def robots(self, source, those, note, id='web.pageviews', dims=SITE):
        self.say(source, [(id, dims, day, remark('method', 'robots list', note)) for day in those])

    def notes(self, *arguments, id='web.pageviews', **which):
        """{period: note}, of split ones {(period, value): note}"""
        split = which.get('split', ())
        return {(row['period'], *(row[name] for name in split)) if split else row['period']: row.get('note', '')
                for row in self.rows(id, *arguments, **which)}

    def explain(self, *arguments):
        return json.loads(self.house.run('suivi', 'explain', *arguments, '--format', 'json').out)

    def check_whole(self):
        self.house.run('suivi', 'check')


class Refused(RemarksTest):
    def test_what_is_none(self):
        good = remark('event', 'key', 'a new one')
        for change, part in (({'value': 1}, 'takes a title and a note'), ({'title': ''}, 'takes a title and a note'),
                             ({'note': ''}, 'takes a title and a note'), ({'reason': 'so'}, 'takes a title and a note'),
                             ({'retracts': 7}, 'takes a title and a note'), ({'note': 'two\nlines'}, 'note')):
            with self.subTest(change=change):
                self.refuse(('web.pageviews', SITE, '2018-03-01', {**good, **change}), part)
        self.refuse(('web.pageviews', {'region': 'asia'}, '2018-03-01', good), 'no dimension "region"')
        self.refuse(('web.pagewiews', SITE, '2018-03-01', good), 'unknown indicator')

    def test_what_counts_still_needs_its_dimensions(self):
        """Also after remarks without them."""
        self.robots('weblog@www1', ['2018-03-01'], '2018-01-31')
        self.refuse(('web.pageviews', SITE, '2018-03-01', 5), 'needs dimension "language"')
        self.refuse(('web.pageviews', SITE, '2018-03-01', {'id': 5, 'recorded': 0, 'value': 5}), 'needs dimension "language"')

    def test_of_a_batch_only_what_cannot_be(self):
        with Peer(self.house.endpoint, 'weblog@www1') as peer:
            peer.hello()
            ack = peer.tell([('web.pageviews', SITE, at('2018-03-01'), remark('method', 'robots list', 'x')),
                             ('web.pageviews', SITE, at('2018-03-01'), 7),
                             ('web.pageviews', PAGES, at('2018-03-01'), 3)])
            self.assertEqual((ack['accepted'], ack['refused']), (2, [[1, 0]]))
            ack = peer.tell([('web.pageviews', SITE, at('2018-03-01'), remark('method', 'robots list', 'y')),
                             ('web.pageviews', SITE, at('2018-03-01'), 7)], whole=True)
            self.assertEqual((ack['accepted'], len(ack['refused'])), (0, 2))
        self.assertEqual([row['note'] for row in self.explain('web.pageviews', '2018-03')['remarks']], ['x'])


class NoPartOfFigures(RemarksTest):
    def test_a_day_with_remarks_only_is_not_heard_from(self):
        self.count('weblog@www1', days('2018-03', last=3))
        self.robots('weblog@www1', days('2018-03'), '2018-01-31')
        told = self.explain('web.pageviews', '2018-03')
        self.assertEqual((told['value'], told['heard'], told['days']), (30, 3, 31))
        self.assertEqual([(row['source'], row['value'], row['days']) for row in told['sources']], [('weblog@www1', 30, 3)])
        self.assertEqual(told['entries'], [])
        self.robots('weblog@www1', days('2018-04'), '2018-01-31')
        self.assertEqual(self.told('web.pageviews'), {('web.pageviews', '2018-03'): 30})
        self.assertEqual(self.told('web.pageviews', split=['site', 'language']),
                         {('web.pageviews', '2018-03', 'nswp', 'en'): 30})
        self.check_whole()

    def test_of_every_kind(self):
        kinds = ['web.requests', 'web.visitors.unique', 'members.total', 'web.languages', 'members.system_operational',
                 'secretariat.audit', 'forums.mechanisms_documented', 'impact.case_studies']
        for id in kinds:
            with self.subTest(id=id):
                self.say('desk@office', [(id, {}, '2018-03-01', remark('event', 'move', 'the office moved'))])
                self.assertEqual(self.told(id), {})
                told = self.explain(id, '2018')
                self.assertNotEqual(told['state'], 'value')
                self.assertEqual([(row['remark'], row['title'], row['note'], row['first']) for row in told['remarks']],
                                 [('event', 'move', 'the office moved', '2018-03-01')])
        self.refuse(('members.regional_share', {}, '2018-03-01', remark('event', 'move', 'x')), 'is a ratio')
        self.check_whole()

    def test_it_is_not_retracted(self):
        self.count('weblog@www1', ['2018-03-01'])
        self.say('weblog@www1', [('web.pageviews', SITE, '2018-03-01', remark('event', 'move', 'to another host', id=77))])
        self.say('desk@office', [('web.pageviews', PAGES, '2018-03-01',
                                  {'id': 78, 'recorded': 1, 'reason': 'wrong', 'retracts': 77})])
        told = self.explain('web.pageviews', '2018-03')
        self.assertEqual(([row['note'] for row in told['remarks']], told['value']), (['to another host'], 10))

    def test_thrown_in_anywhere(self):
        """The same numbers with remarks among them and without."""
        print('seed %d' % SEED, file=sys.stderr)
        dice = random.Random(SEED)
        plain, mixed = [], []
        for number in range(400):
            site, day = dice.choice(['a', 'b']), dice.choice(days('2018-%02d' % dice.randint(1, 12)))
            dims = {'site': site, 'language': dice.choice(['en', 'fr'])}
            id, value = dice.choice([('web.pageviews', dice.randint(0, 9)),
                                     ('web.pageviews', {'id': 10 ** 6 + number, 'recorded': number, 'value': 3}),
                                     ('web.visitors.unique', frozenset(dice.sample(range(1, 99), 5)))])
            plain.append((id, dims, day, value))
            mixed += [plain[-1], (id, dice.choice([{}, {'site': site}, dims]), day,
                                  remark(dice.choice(['method', 'break', 'event']), dice.choice('tu'), dice.choice('xy')))]
        tables = []
        for statements, data in ((plain, 'plain'), (mixed, 'mixed')):
            self.house.stop()
            self.house.start(data=self.house.path(data))
            for source in ('one@host', 'two@host'):
                self.say(source, [row for row in statements if row[2][-1] in ('13579' if source == 'one@host' else '02468')])
            tables.append([self.told('web.*', by=by, split=split) for by in ('day', 'month', 'year')
                           for split in ([], ['site'], ['site', 'language'])])
            due = self.house.run('suivi', 'due', '--on', '2018-12-31', code=None).out.splitlines()
            tables[-1] += [[line for line in due if not line.startswith('silent')], self.explain('web.pageviews', '2018')['heard']]
        self.assertEqual(tables[0], tables[1])


class Explained(RemarksTest):
    def test_methods_by_runs_of_days(self):
        self.count('weblog@www1', days('2018-03'))
        self.robots('weblog@www1', days('2018-03', last=6), '2018-01-31')
        self.robots('weblog@www1', [day for day in days('2018-03', 7) if day != '2018-03-20'], '2018-03-01')
        self.say('weblog@www1', [('web.pageviews', SITE, '2018-03-09', remark('event', 'key', 'the key of 2018-01 was destroyed')),
                                 ('web.pageviews', SITE, '2018-03-12', remark('break', 'key', 'a new key began')),
                                 ('web.pageviews', {'site': 'other'}, '2018-03-12', remark('break', 'key', 'elsewhere')),
                                 ('web.pageviews', {}, '2018-03-13', remark('event', 'clock', 'it stood still'))])
        told = [(row['remark'], row['title'], row['note'], row['first'], row['last'], row['days'], row['source'], row['dims'])
                for row in self.explain('web.pageviews', '2018-03', '--where', 'site=nswp')['remarks']]
        self.assertEqual(told, [
            ('method', 'robots list', '2018-01-31', '2018-03-01', '2018-03-06', 6, 'weblog@www1', SITE),
            ('method', 'robots list', '2018-03-01', '2018-03-07', '2018-03-31', 24, 'weblog@www1', SITE),
            ('event', 'key', 'the key of 2018-01 was destroyed', '2018-03-09', '2018-03-09', 1, 'weblog@www1', SITE),
            ('break', 'key', 'a new key began', '2018-03-12', '2018-03-12', 1, 'weblog@www1', SITE),
            ('event', 'clock', 'it stood still', '2018-03-13', '2018-03-13', 1, 'weblog@www1', {})])
        text = self.house.run('suivi', 'explain', 'web.pageviews', '2018-03', '--where', 'site=nswp').out
        self.assertIn('How it was counted:\n', text)
        self.assertRegex(text, r'robots list 2018-01-31 +1-6 Mar +weblog@www1')
        self.assertRegex(text, r'robots list 2018-03-01 +7-31 Mar, 24 days +weblog@www1')
        self.assertIn('To be known of these days:\n', text)
        self.assertRegex(text, r'break, key: a new key began +12 Mar +weblog@www1')
        self.assertEqual(self.explain('web.pageviews', '2018-02')['remarks'], [])
        self.assertNotIn('How it was counted', self.house.run('suivi', 'explain', 'web.pageviews', '2018-02').out)

    def test_bounded(self):
        self.say('weblog@www1', [('web.pageviews', SITE, '2018-03-01', remark('event', 't', 'note %d' % number))
                                 for number in range(2000)])
        told = self.explain('web.pageviews', '2018-03')
        self.assertTrue(0 < len(told['remarks']) <= 512)
        self.assertGreater(told['more'], 0)


class Marked(RemarksTest):
    def test_where_a_method_changes(self):
        """At the first figure from that day on; of two sources once; and where it does not change, nowhere."""
        for source in ('weblog@www1', 'weblog@www2'):
            self.count(source, days('2018-02') + days('2018-03') + days('2018-04'))
            self.robots(source, days('2018-02') + days('2018-03', last=6), '2018-01-31')
            self.robots(source, days('2018-03', 7) + days('2018-04'), '2018-03-01')
        self.assertEqual(self.notes(), {'2018-02': '', '2018-03': 'robots list changed on 2018-03-07 (2018-03-01)', '2018-04': ''})
        by_day = self.notes('--from', '2018-03', '--to', '2018-03', by='day')
        self.assertEqual({day for day, note in by_day.items() if note}, {'2018-03-07'})
        self.assertEqual(self.notes(by='year'), {'2018': 'robots list changed on 2018-03-07 (2018-03-01)'})
        self.assertEqual(self.notes('--from', '2018-04'), {'2018-04': ''})

    def test_at_the_next_figure_when_its_own_period_has_none(self):
        self.count('weblog@www1', days('2018-02') + days('2018-04'))
        self.robots('weblog@www1', days('2018-02'), 'old')
        self.robots('weblog@www1', days('2018-03') + days('2018-04'), 'new')
        self.assertEqual(self.notes(), {'2018-02': '', '2018-04': 'robots list changed on 2018-03-01 (new)'})

    def test_a_break(self):
        self.count('weblog@www1', days('2018-03') + days('2018-04'))
        self.say('weblog@www1', [('web.pageviews', SITE, '2018-03-12', remark('break', 'key', 'a new key began')),
                                 ('web.pageviews', SITE, '2018-03-14', remark('event', 'key', 'nothing to mark'))])
        self.assertEqual(self.notes(), {'2018-03': 'break on 2018-03-12: a new key began', '2018-04': ''})

    def test_by_two_methods(self):
        """Of two sources, or of one and one day; never without a word."""
        self.count('weblog@www1', days('2018-03') + days('2018-04'))
        self.count('weblog@www2', days('2018-03'))
        self.robots('weblog@www1', days('2018-03') + days('2018-04'), 'a')
        self.robots('weblog@www2', days('2018-03'), 'b')
        self.assertEqual(self.notes(), {'2018-03': 'counted by two methods (robots list: a, b)', '2018-04': ''})
        self.robots('weblog@www1', ['2018-04-03'], 'c')
        self.assertEqual(self.notes()['2018-04'], 'robots list changed on 2018-04-03 (c)')

    def test_of_its_own_breakdown_only(self):
        for site in ('nswp', 'other'):
            self.count('weblog@www1', days('2018-03'), site=site)
        self.robots('weblog@www1', days('2018-03', last=9), 'a')
        self.robots('weblog@www1', days('2018-03', 10), 'b')
        changed = 'robots list changed on 2018-03-10 (b)'
        self.assertEqual(self.notes(split=['site']), {('2018-03', 'nswp'): changed, ('2018-03', 'other'): ''})
        self.assertEqual(self.notes(split=['language']), {('2018-03', 'en'): changed})
        self.assertEqual(self.notes(where={'site': 'other'}), {'2018-03': ''})
        self.assertEqual(self.notes(where={'language': 'en'}), {'2018-03': changed})

    def test_as_it_was_known(self):
        """A withdrawal takes its days' remarks back; what was known before it stays known."""
        self.count('weblog@www1', days('2018-03') + days('2018-04'))
        self.robots('weblog@www1', days('2018-03'), 'a')
        self.robots('weblog@www1', days('2018-04'), 'b')
        changed = {'2018-03': '', '2018-04': 'robots list changed on 2018-04-01 (b)'}
        self.assertEqual(self.notes(), changed)
        self.house.run('suivi', 'withdraw', '--source', 'weblog@www1', '--from', '2018-04', '--to', '2018-04', '--reason', 'wrong')
        self.count('weblog@www1', days('2018-04'))
        self.robots('weblog@www1', days('2018-04'), 'a')
        self.assertEqual(self.notes(), {'2018-03': '', '2018-04': ''})
        self.assertEqual([(row['note'], row['days']) for row in self.explain('web.pageviews', '2018-04')['remarks']], [('a', 30)])
        self.check_whole()

    def test_of_a_long_note_the_beginning(self):
        self.count('weblog@www1', ['2018-03-01'])
        self.say('weblog@www1', [('web.pageviews', SITE, '2018-03-01', remark('break', 't', 'é' * 900))])
        note = self.notes()['2018-03']
        self.assertEqual(note, 'break on 2018-03-01: ' + 'é' * 40 + '...')

    def test_more_than_a_note_holds(self):
        self.count('weblog@www1', days('2018-03'))
        self.say('weblog@www1', [('web.pageviews', SITE, day, remark('break', 't', 'x%s' % ('y' * 70))) for day in days('2018-03')])
        note = self.notes()['2018-03']
        self.assertTrue(300 < len(note) <= 512)
        self.assertTrue(note.endswith('y'))


class Weblog(RemarksTest):
    """suivi-weblog says with each day by which list of robots it was counted."""
    judged = ('web.robots', 'web.pageviews', 'web.visits', 'web.downloads', 'web.visitors.unique', 'web.visitors.returning')

    def log(self, those, form='"%s"', agents=('Mozilla/5.0', 'Goodbot/1.0')):
        """Two requests a day."""
        lines = []
        for day in those:
            year, month, number = day.split('-')
            name = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()[int(month) - 1]
            for agent in agents:
                lines.append('192.0.2.1 - - [%s/%s/%s:12:00:00 +0000] "GET / HTTP/1.1" 200 5%s\n' % (
                    number, name, year, form and ' "-" ' + form % agent))
        return ''.join(lines).encode()

    def robots_file(self, date):
        return self.house.write('robots-' + date, ('date: %s\ns Goodbot\n' % date).encode())

    def weblog(self, *files, list='2018-01-31', state='state'):
        return self.house.weblog(*files, state=state, more=['--robots', self.robots_file(list)])

    def told(self, id, month, site='site'):
        return [(row['title'], row['note'], row['first'], row['last'], row['days'], row['dims'])
                for row in self.explain(id, month)['remarks'] if row['title'] == 'robots list']

    def test_the_list_of_each_day(self):
        first = self.log(days('2018-03', last=6))
        path = self.house.write('access.log', first)
        self.weblog(path)
        self.house.write('access.log', first + self.log(days('2018-03', 7)))
        self.weblog(path, list='2018-03-01')
        changed = 'robots list changed on 2018-03-07 (2018-03-01)'
        for id in self.judged:
            with self.subTest(id=id):
                self.assertEqual(self.told(id, '2018-03'), [
                    ('robots list', '2018-01-31', '2018-03-01', '2018-03-06', 6, {'site': 'site'}),
                    ('robots list', '2018-03-01', '2018-03-07', '2018-03-31', 25, {'site': 'site'})])
                self.assertIn(changed, self.notes(id=id)['2018-03'])
        self.assertEqual(self.told('web.requests', '2018-03'), [])
        self.assertEqual(self.notes(id='web.requests'), {'2018-03': ''})
        self.assertEqual(self.house.table('web.robots'), {('web.robots', '2018-03'): 31})

    def test_not_of_days_that_were_not_heard_from(self):
        self.weblog(self.house.write('access.log', self.log(['2018-03-01', '2018-03-05']) + b'rubbish\n'))
        self.assertEqual(self.told('web.robots', '2018-03'), [
            ('robots list', '2018-01-31', '2018-03-01', '2018-03-05', 2, {'site': 'site'})])

    def test_a_log_without_agents(self):
        self.weblog(self.house.write('access.log', self.log(days('2018-03', last=2), form='')))
        self.assertEqual([row[1] for row in self.told('web.pageviews', '2018-03')], ['none: the log names no user agents'])

    def test_two_servers_with_two_lists(self):
        self.weblog(self.house.write('a.log', self.log(days('2018-03'))))
        self.weblog(self.house.write('b.log', self.log(days('2018-03'))), list='2018-03-01', state='other')
        self.assertIn('counted by two methods (robots list: 2018-01-31, 2018-03-01)', self.notes(id='web.robots')['2018-03'])

    def test_counted_again(self):
        """With a newer list, after a withdrawal: the days have that one's date."""
        path = self.house.write('access.log', self.log(days('2018-03')))
        self.weblog(path)
        source = self.explain('web.robots', '2018-03')['sources'][0]['source']
        self.house.run('suivi', 'withdraw', '--source', source, '--from', '2018-03-10', '--to', '2018-03-12', '--reason', 'newer list')
        self.house.weblog(path, state='anew', more=[
            '--robots', self.robots_file('2018-03-01'), '--keys', self.house.path('state', 'keys'), '--source', source,
            '--from', '2018-03-10', '--to', '2018-03-12'])
        self.assertEqual([(row[1], row[2], row[3], row[4]) for row in self.told('web.robots', '2018-03')],
                         [('2018-01-31', '2018-03-01', '2018-03-09', 9), ('2018-03-01', '2018-03-10', '2018-03-12', 3),
                          ('2018-01-31', '2018-03-13', '2018-03-31', 19)])


if __name__ == '__main__':
    house.main()
