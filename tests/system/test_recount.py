"""`suivi-weblog --from DAY --to DAY`: days that were withdrawn are counted again from whole logs, and no other day moves."""
import os
import shlex
import time

import house
from reference import ADDITIVE, parse
from weblog_case import LANGUAGES, WeblogTest, make_log, nonzero

FIRST, LAST = '2018-02-10', '2018-02-12'
SOURCE = ('--source', 'weblog@www1')


def day_of(line):
    view = parse(line.rstrip(b'\n'), 'combined')
    return view and time.strftime('%Y-%m-%d', time.gmtime(view.at))


class Recount(WeblogTest):
    def setUp(self):
        super().setUp()
        self.content = make_log(300, people=60, days=45, start='2018-02-03')   # two months: no key is destroyed yet
        self.log = self.house.write('access.log', self.content)

    def days(self, first=FIRST, last=LAST):
        return [*(('--from', first) if first else ()), *(('--to', last) if last else ())]

    def count_these(self, *files, state='new', first=FIRST, last=LAST, code=0):
        return self.weblog(*(files or (self.log,)), state=state, more=(*SOURCE, *self.days(first, last)), code=code)

    def wrong(self):
        """A log of another server, of these days alone."""
        lines = ['10.9.9.%d - - [%02d/Feb/2018:%02d:00:00 +0000] "GET %s HTTP/1.1" 200 1 "-" "Mozilla/5.0 (X11) Firefox/50.0"\n' %
                 (client, day, hour, path) for day in (10, 11, 12) for hour in range(6, 18, 3) for client in range(20)
                 for path in ('/', '/fr/', '/a.pdf')]
        return self.house.write('wrong.log', ''.join(lines).encode())

    def test_withdrawn_days_are_counted_again(self):
        self.weblog(self.log, self.wrong(), more=SOURCE)
        with self.assertRaises(AssertionError):
            self.assert_figures(self.reference(self.content))
        ran = self.house.run('suivi', 'withdraw', '--source', 'weblog@www1', '--from', FIRST, '--to', LAST, '--reason',
                             'a log of another server')
        days = self.house.table(*ADDITIVE, by='day')
        self.assertEqual({key for key in days if FIRST <= key[1] <= LAST}, set())
        command = shlex.split(ran.out.splitlines()[1].split(': ', 1)[1].split(' (on ')[0])
        self.assertEqual(command, ['suivi-weblog', '--source', 'weblog@www1', '--state', 'NEW-DIRECTORY', '--keys', 'STATE/keys', '--from', FIRST,
                                   '--to', LAST, '--site', 'SITE', 'FILE...'])
        own = {'NEW-DIRECTORY': self.house.path('new'), 'STATE/keys': self.house.path('state', 'keys'), 'SITE': 'site', 'FILE...': self.log}
        command = [own.get(word, word) for word in command] + ['--languages', LANGUAGES]
        ran = self.house.run(*command)
        self.assertIn('(only what --from 2018-02-10 --to 2018-02-12 asks for is sent)', ran.err)
        self.assert_figures(self.reference(self.content))
        self.assert_zeros(self.reference(self.content))
        self.house.run(*command)
        self.assert_figures(self.reference(self.content))
        self.assertEqual(os.listdir(self.house.path('new', 'keys')), [])
        self.weblog(self.log, more=SOURCE)      # the collector goes on
        self.assert_figures(self.reference(self.content))
        self.house.run('suivi', 'check')

    def test_a_month_without_its_key(self):
        """A part of it is refused and sends nothing; the whole is counted, and so is a part of a month that has its key."""
        self.weblog(self.log, more=SOURCE)
        os.unlink(self.house.path('state', 'keys', '2018-02'))
        keys = ('--keys', self.house.path('state', 'keys'))
        before = self.house.table('web.*', by='day')
        ran = self.weblog(self.log, state='part', more=(*SOURCE, *keys, *self.days()), code=1)
        self.assert_one_sentence(ran.err, self.house.path('state', 'keys', '2018-02'), 'the whole month')
        self.assertEqual(self.house.table('web.*', by='day'), before)
        self.house.run('suivi', 'withdraw', '--source', 'weblog@www1', '--from', '2018-02', '--to', '2018-02', '--reason', 'wrong')
        self.house.run('suivi', 'withdraw', '--source', 'weblog@www1', '--from', '2018-03-05', '--to', '2018-03', '--reason', 'wrong')
        self.weblog(self.log, state='whole', more=(*SOURCE, *keys, *self.days('2018-02-01', '2018-02-28')))
        self.weblog(self.log, state='rest', more=(*SOURCE, *keys, *self.days('2018-03-05', None)))
        self.assertEqual(os.listdir(self.house.path('rest', 'keys')), ['2018-02'])
        self.assert_figures(self.reference(self.content))
        self.assertEqual(os.listdir(self.house.path('state', 'keys')), ['2018-03'])

    def test_keys_that_are_nowhere(self):
        for place in (self.house.path('nowhere'), self.log):
            with self.subTest(place=place):
                self.assert_one_sentence(self.weblog(self.log, more=('--keys', place), code=1).err, place, 'keys of a collector')

    def assert_only(self, first, last):
        """Sums are those of the whole log on these days; visitors are who was there on them."""
        def within(day):
            return (first or '') <= day <= (last or '9')

        wanted = {key: value for key, value in self.reference(self.content).count()['day'].items() if within(key[1])}
        self.assertTrue(wanted)
        days = self.house.table(*ADDITIVE, by='day')
        self.assertEqual(nonzero(days), wanted)
        self.assertTrue(all(within(key[1]) for key in days))
        lines = [line for line in self.content.splitlines(keepends=True)
                 if day_of(line) and within(day_of(line))]
        seen = {key: value for key, value in self.reference(b''.join(lines)).count()['month'].items()
                if key[0] == 'web.visitors.unique'}
        self.assertEqual(nonzero(self.house.table('web.visitors.unique')), seen)

    def test_only_these_days(self):
        self.count_these()
        self.assert_only(FIRST, LAST)

    def test_from_alone(self):
        self.count_these(last=None)
        self.assert_only(FIRST, None)

    def test_to_alone(self):
        self.count_these(first=None)
        self.assert_only(None, LAST)

    def test_a_log_that_grows(self):
        lines = self.content.splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if b'[11/Feb/2018:' in line)
        log = self.house.write('growing.log', b''.join(lines[:place]))
        self.count_these(log)
        self.house.write('growing.log', b''.join(lines[place:]), mode='ab')
        self.count_these(log)
        self.assert_only(FIRST, LAST)

    def test_a_state_is_for_one_range(self):
        self.count_these()
        before = self.house.table('web.*', '--where', 'site=site', by='day')
        for first, last in ((None, None), (FIRST, None), (None, LAST), (FIRST, '2018-02-13')):
            with self.subTest(first=first, last=last):
                self.assert_one_sentence(self.count_these(first=first, last=last, code=1).err, '--from 2018-02-10 --to 2018-02-12', '--state')
        self.weblog(self.log, state='usual', site='other', more=SOURCE)
        self.assert_one_sentence(self.count_these(state='usual', code=1).err, 'without --from and --to', '--from 2018-02-10 --to 2018-02-12',
                                 'a new directory')
        self.assertEqual(self.house.table('web.*', '--where', 'site=site', by='day'), before)
        self.count_these()

    def test_days_that_are_none(self):
        for more, word in ((['--from', 'march'], '"march" is no day'), (['--to', '2018-02'], '"2018-02" is no day'),
                           (['--from', LAST, '--to', FIRST], '--from is after --to')):
            with self.subTest(more=more):
                self.assert_one_sentence(self.weblog(self.log, more=more, code=2).err, word)


if __name__ == '__main__':
    house.main()
