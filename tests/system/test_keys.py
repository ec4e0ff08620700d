"""The keys of visitors: how long one is used, shared by several servers, lost, destroyed; what of it is told with the figures; and
that no core dump and no swap gets to see one."""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import house
from reference import DISTINCT, Reference, _day, asked_for, parse
from weblog_case import LANGUAGES, WeblogTest, make_log, nonzero

SEED = int(os.environ.get('SUIVI_SEED') or random.SystemRandom().randrange(1 << 32))
UNIQUE = 'web.visitors.unique'
ONE, TWO = ('--source', 'weblog@one'), ('--source', 'weblog@two')


def setUpModule():
    print('seed: SUIVI_SEED=%d' % SEED, file=sys.stderr)


def day_of(line):
    view = parse(line.rstrip(b'\n'), 'combined')
    return view and _day(view.at)


def quarter_of(day):
    return '%s-Q%d' % (day[:4], (int(day[5:7]) + 2) // 3)


def visitors(period_of, *contents):
    """{period: how many clients viewed a page}"""
    reference, seen = Reference(), {}
    for content in contents:
        reference.add(content)
    for view, form in reference.views:
        if not reference.is_robot(view.agent, form) and asked_for(view)[0] == 'page':
            seen.setdefault(period_of(_day(view.at)), set()).add((view.address, view.agent))
    return {period: len(clients) for period, clients in seen.items()}


class KeysTest(WeblogTest):
    def setUp(self):
        super().setUp()
        self.rng = random.Random('%d %s' % (SEED, self.id()))

    def remarks(self, remark, period='2018', indicator=UNIQUE, source=None):
        """[(first day, last day, note)] of the remarks on keys."""
        told = json.loads(self.house.run('suivi', 'explain', indicator, period, '--format', 'json').out)['remarks']
        return [(row['first'], row['last'], row['note']) for row in told
                if row['remark'] == remark and row['title'] == 'key' and source in (None, row['source'])]

    def keys(self, *where):
        place = self.house.path(*(where or ('state', 'keys')))
        names = os.listdir(place) if os.path.isdir(place) else []
        return sorted(name for name in names if '.' not in name and name != 'lock')

    def unique(self, by='month', indicator=UNIQUE):
        return {period: value for (_, period), value in nonzero(self.house.table(indicator, by=by)).items()}

    def assert_destroyed(self, *epochs, period='2018', source=None):
        """Once each, on both series of visitors, on the last day of its epoch, and today."""
        days = {'2018-01': '2018-01-31', '2018-02': '2018-02-28', '2018-03': '2018-03-31', '2018-04': '2018-04-30', '2018-Q1': '2018-03-31'}
        today = time.strftime('%Y-%m-%d', time.gmtime())
        for indicator in DISTINCT:
            told = self.remarks('event', period, indicator, source)
            self.assertEqual([(first, note) for first, _, note in told],
                             [(days[epoch], 'the key of %s was destroyed on %s' % (epoch, today)) for epoch in epochs])


class Events(KeysTest):
    def setUp(self):
        super().setUp()
        self.content = make_log(500, people=30, days=80, start='2018-01-05')     # January to March
        self.log = self.house.write('access.log', self.content)

    def test_a_key_that_is_destroyed(self):
        self.weblog(self.log)
        self.assertEqual(self.keys(), ['2018-02', '2018-03'])
        self.assert_destroyed('2018-01')
        self.weblog(self.log)
        may = make_log(501, people=5, days=3, start='2018-05-10')
        self.weblog(self.house.write('may.log', may))
        self.assertEqual(self.keys(), ['2018-05'])
        self.assert_destroyed('2018-01', '2018-02', '2018-03')
        self.assertEqual(self.remarks('break'), [])
        self.assert_figures(self.reference(self.content, may))
        self.house.run('suivi', 'check')

    def test_logs_that_come_when_the_month_is_over(self):
        """The newest log first, each in a run of its own: of months that are over visitors are missing, and not 0; what was sent
        says so, and everything else counts."""
        months = {name: b''.join(line for line in self.content.splitlines(keepends=True) if b'/%s/2018:' % name in line)
                  for name in (b'Jan', b'Feb', b'Mar')}
        for name in (b'Mar', b'Jan', b'Feb'):
            self.weblog(self.house.write(name.decode() + '.log', months[name]))
        self.assertEqual(sorted(self.unique()), ['2018-02', '2018-03'])
        self.assertEqual({row['period'] for row in self.house.figures(*DISTINCT)}, {'2018-02', '2018-03'})
        late = 'logs of that month came too late to know its visitors'
        told = json.loads(self.house.run('suivi', 'explain', UNIQUE, '2018-01', '--format', 'json').out)['remarks']
        self.assertEqual([row['first'] for row in told if (row['remark'], row['note']) == ('break', late)], ['2018-01-01'])
        for source in ('web.pageviews', 'web.visits'):
            self.assertIn('2018-01', {row['period'] for row in self.house.figures(source) if row['value'] != '0'})

    def test_sites_share_a_state(self):
        """The slower site keeps the key alive; then it is told of both."""
        self.weblog(self.house.write('slow.log', make_log(502, people=5, days=10, start='2018-01-10')), site='slow')
        self.weblog(self.log)
        self.assertEqual(self.keys(), ['2018-01', '2018-02', '2018-03'])
        self.assertEqual(self.remarks('event'), [])
        self.weblog(self.house.write('slow.log', make_log(503, people=5, days=10, start='2018-03-10'), mode='ab'), site='slow')
        self.assertEqual(self.keys(), ['2018-02', '2018-03'])
        told = json.loads(self.house.run('suivi', 'explain', UNIQUE, '2018-01', '--format', 'json').out)['remarks']
        self.assertEqual(sorted(row['dims']['site'] for row in told if row['remark'] == 'event'), ['site', 'slow'])

    def test_a_site_that_has_ended(self):
        """It keeps keys alive, which is said; forgotten, it does not. Its lines count no second time; new ones are a new site's."""
        old = make_log(502, people=5, days=10, start='2018-01-10')
        slow = self.house.write('slow.log', old)
        empty = self.house.write('empty.log', b'')
        self.weblog(slow, site='old')
        self.weblog(empty, site='mistyped')      # of which nothing was read: it needs no key
        ran = self.weblog(self.log)
        self.assert_one_sentence(ran.err, 'kept for site old', max(self.reference(old).days()), '--forget-site old')
        self.assertEqual(self.keys(), ['2018-01', '2018-02', '2018-03'])
        state = ('--state', self.house.path('state'))
        self.house.run('suivi-weblog', *state, '--forget-site', 'old')
        self.assertEqual(self.keys(), ['2018-02', '2018-03'])
        told = json.loads(self.house.run('suivi', 'explain', UNIQUE, '2018-01', '--format', 'json').out)['remarks']
        self.assertEqual(sorted(row['dims']['site'] for row in told if row['remark'] == 'event'), ['old', 'site'])
        self.assertNotIn('is kept', self.weblog(self.log).err)
        self.weblog(slow, site='old')
        self.assert_figures(self.reference(old), site='old')
        self.assert_figures(self.reference(self.content))
        more = make_log(506, people=5, days=3, start='2018-03-10')
        self.house.write('slow.log', more, mode='ab')
        self.weblog(slow, site='old')
        self.assert_figures(self.reference(old, more), site='old')
        for site in ('old', 'site'):
            self.house.run('suivi-weblog', *state, '--forget-site', site)
        self.assertEqual(self.keys(), [])
        self.assert_one_sentence(self.house.run('suivi-weblog', *state, '--forget-site', 'old', self.log, code=2).err, 'reads no FILE')

    def test_killed_after_the_destruction(self):
        """The key is gone and nothing was committed: it is told by the next run."""
        self.weblog(self.house.write('early.log', make_log(504, people=20, days=20, start='2018-01-05')))
        state, before = self.house.path('state'), self.house.path('before')
        shutil.copytree(state, before)
        self.house.stop()
        self.weblog(self.log, more=('--timeout', '0'), code=1)
        self.assertNotIn('2018-01', self.keys())
        keys = self.house.path('keys')
        shutil.move(os.path.join(state, 'keys'), keys)
        shutil.rmtree(state)
        shutil.copytree(before, state)
        shutil.rmtree(os.path.join(state, 'keys'))
        shutil.move(keys, os.path.join(state, 'keys'))
        self.house.start()
        self.weblog(self.log)
        self.assert_destroyed('2018-01')

    def test_killed_at_random_moments(self):
        started = time.monotonic()
        self.weblog(self.log, site='measure', state='measure')
        whole = time.monotonic() - started
        self.house.run('suivi', 'withdraw', '--source', 'weblog@' + os.uname().nodename, '--from', '2018', '--to', '2018', '--reason', 'measured')
        for _ in range(15):
            running = self.house.spawn('suivi-weblog', *ONE, *self.house.weblog_arguments(self.log, languages=LANGUAGES))
            try:
                running.process.wait(self.rng.uniform(0, whole * 1.2))
            except subprocess.TimeoutExpired:
                pass
            running.kill()
        self.weblog(self.log, more=ONE)
        self.assert_destroyed('2018-01', source='weblog@one')
        self.assertEqual(self.remarks('break'), [])
        self.assert_figures(self.reference(self.content))

    def test_a_key_that_is_lost(self):
        """Counts that were sent stay; a break is told on the day from which the new key counts, once."""
        lines = self.content.splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if b'[15/Mar/2018:' in line)
        log = self.house.write('grows.log', b''.join(lines[:place]))
        self.weblog(log)
        before = self.unique()
        os.unlink(self.house.path('state', 'keys', '2018-03'))
        self.weblog(log)
        self.assertEqual(self.remarks('break'), [])
        rest = b''.join(line for line in lines[place:] if (day_of(line) or '2018-02') > '2018-03')
        first = min(visitors(str, rest))
        self.house.write('grows.log', rest, mode='ab')
        self.weblog(log)
        self.weblog(log)
        for indicator in DISTINCT:
            told = self.remarks('break', indicator=indicator)
            self.assertEqual([row[0] for row in told], [first], told)
            self.assertIn('a new key: the one before was lost', told[0][2])
        after = self.unique()
        self.assertEqual(after['2018-02'], before['2018-02'])
        self.assertGreaterEqual(after['2018-03'], before['2018-03'])
        rows = {row['period']: row for row in self.house.figures(UNIQUE, '--from', '2018-01', '--to', '2018-03')}
        self.assertIn('break on %s: a new key' % first, rows['2018-03']['note'])
        self.assertNotIn('break', rows['2018-02']['note'])

    def test_another_key_in_its_place(self):
        self.weblog(self.log)
        with open(self.house.path('state', 'keys', '2018-03'), 'r+b') as key:
            key.write(os.urandom(32))
        self.weblog(self.house.write('late.log', make_log(505, people=5, days=2, start='2018-03-28')))
        self.assertEqual([first for first, _, _ in self.remarks('break')], ['2018-03-28'])

    def test_days_counted_again_without_their_key(self):
        self.weblog(self.log, more=ONE)
        self.house.run('suivi', 'withdraw', '--source', 'weblog@one', '--from', '2018-03-10', '--to', '2018-03-12', '--reason', 'wrong')
        days = ('--from', '2018-03-10', '--to', '2018-03-12')
        self.weblog(self.log, state='with', more=(*ONE, *days, '--keys', self.house.path('state', 'keys')))
        self.assertEqual(self.remarks('break'), [])
        self.house.run('suivi', 'withdraw', '--source', 'weblog@one', '--from', '2018-03-10', '--to', '2018-03-12', '--reason', 'wrong')
        self.weblog(self.log, state='without', more=(*ONE, *days))
        self.assertEqual([first for first, _, _ in self.remarks('break')], ['2018-03-10', '2018-03-13'])


class Epochs(KeysTest):
    def setUp(self):
        super().setUp()
        self.content = make_log(510, people=60, days=170, start='2018-01-05')
        self.log = self.house.write('access.log', self.content)

    def start_with(self, window):
        with open(os.path.join(house.SOURCE, 'config', 'nswp-2016-2020.yaml'), encoding='utf-8') as plan:
            text = plan.read()
        self.house.stop()
        self.house.write('plan.yaml', text.replace('window: month', 'window: ' + window).encode())
        self.house.start('--framework', self.house.path('plan.yaml'))

    def test_a_quarter(self):
        """Told apart over a quarter, and over no longer time; months are as ever."""
        self.start_with('quarter')
        self.weblog(self.log, more=('--epoch', 'quarter'))
        self.assertEqual(self.keys(), ['2018-Q2'])
        self.assert_destroyed('2018-Q1')
        self.assert_figures(self.reference(self.content))
        quarters = visitors(quarter_of, self.content)
        self.assertEqual(self.unique('quarter'), quarters)
        self.assertLess(quarters['2018-Q1'], sum(count for month, count in self.unique().items() if month <= '2018-03'))
        year = self.house.figures(UNIQUE, '--from', '2018', '--by', 'year')[0]
        self.assertEqual((int(year['value']), year['note'].partition(';')[0]), (sum(quarters.values()), 'sum of quarters'))
        days = visitors(str, self.content)
        self.assertEqual(self.remarks('method'), [(min(days), max(days), 'one each quarter')])

    def test_a_year_and_a_half(self):
        for epoch, files in (('half', ['2018-H1']), ('year', ['2018'])):
            with self.subTest(epoch=epoch):
                self.weblog(self.log, more=('--epoch', epoch), state=epoch, site=epoch)
                self.assertEqual(self.keys(epoch, 'keys'), files)
                self.assert_figures(self.reference(self.content), site=epoch)

    def test_a_plan_that_wants_more_than_the_keys_give(self):
        """Each figure that takes several for one says so."""
        self.start_with('year')
        self.weblog(self.log)
        for by, said in (('month', False), ('quarter', True), ('year', True)):
            for row in self.house.figures(UNIQUE, '--from', '2018-01', '--to', '2018-06' if by == 'month' else '2018-Q2', '--by', by):
                self.assertEqual('a key is used for a month only' in row.get('note', ''), said, row)
        rows = self.house.figures(UNIQUE, '--from', '2018', '--by', 'year', '--sum-of', 'month')
        self.assertEqual(rows[0]['note'], 'sum of months')
        months = visitors(lambda day: day[:7], self.content)
        self.assertEqual(self.unique('year'), {'2018': sum(months.values())})

    def test_changed_on_the_way(self):
        """Another length begins where no key of a shorter one was used; and nobody is counted twice in a month by it."""
        lines = self.content.splitlines(keepends=True)
        place = next(i for i, line in enumerate(lines) if b'[12/Feb/2018:' in line)
        log = self.house.write('grows.log', b''.join(lines[:place]))
        self.weblog(log)
        self.house.write('grows.log', b''.join(lines[place:]), mode='ab')
        self.weblog(log, more=('--epoch', 'quarter'))
        self.assertEqual(self.keys(), ['2018-Q2'])
        self.assert_figures(self.reference(self.content))
        self.assertEqual(self.remarks('break'), [])
        self.assertEqual([note for _, _, note in self.remarks('method')], ['one each month', 'one each quarter'])
        rows = {row['period']: row.get('note', '') for row in self.house.figures(UNIQUE, '--from', '2018-01', '--to', '2018-06')}
        changed = 'key changed on %s (one each quarter)' % min(day for day in visitors(str, self.content) if day > '2018-04')
        self.assertEqual([month for month, note in rows.items() if changed in note], ['2018-04'])

    def test_lengths_that_are_none(self):
        for more, word in ((['--epoch', 'day'], '--epoch: "day"'), (['--epoch', 'plan'], '--epoch'), (['--make-key', '2018-02-10'], 'month'),
                           (['--make-key', '2018-02'], 'reads no FILE'), (['--keys', 'a', '--shared-keys', 'b'], 'do not go together')):
            with self.subTest(more=more):
                self.assert_one_sentence(self.weblog(self.log, more=more, code=2).err, word)


class Shared(KeysTest):
    def setUp(self):
        super().setUp()
        self.shared = self.house.path('shared')
        os.mkdir(self.shared, 0o700)
        self.content = make_log(520, people=60, days=70, start='2018-01-05', late=False)
        self.contents = self.dealt(self.content)

    def dealt(self, content):
        """The log of one site as two servers have it: each takes some of the requests."""
        logs = [[], []]
        for line in content.splitlines(keepends=True):
            logs[self.rng.randrange(2)].append(line)
        return [b''.join(lines) for lines in logs]

    def count(self, source, *files, code=0, shared=True):
        more = ('--shared-keys', self.shared) if shared else ()
        return self.weblog(*files, state=source[1], more=(*source, *more), code=code)

    def test_two_servers_of_one_site(self):
        """Whatever piece comes when, while no month is over: who came to both is one."""
        self.content = make_log(520, people=60, days=50, start='2018-01-05', late=False)
        self.contents = self.dealt(self.content)
        pieces = []
        for source, content in zip((ONE, TWO), self.contents):
            lines = content.splitlines(keepends=True)
            cuts = sorted(self.rng.sample(range(1, len(lines)), 3))
            pieces.append([(source, b''.join(lines[a:b])) for a, b in zip([0, *cuts], [*cuts, len(lines)])])
            self.announce(source)
        while any(pieces):
            source, piece = self.rng.choice([server for server in pieces if server]).pop(0)
            self.count(source, self.house.write('%s-%d.log' % (source[1], len(piece)), piece))
        wanted = visitors(lambda day: day[:7], self.content)
        self.assertEqual(self.unique(), wanted)
        apart = [visitors(lambda day: day[:7], content) for content in self.contents]
        self.assertLess(wanted['2018-02'], apart[0]['2018-02'] + apart[1]['2018-02'])
        pages = self.reference(self.content).count()['month']
        self.assertEqual({key: value for key, value in self.house.table('web.pageviews').items() if value},
                         {key: value for key, value in pages.items() if key[0] == 'web.pageviews'})
        self.assertEqual(self.remarks('break'), [])

    def announce(self, source):
        with open(os.path.join(self.shared, source[1] + '.needs'), 'w'):
            pass

    def test_one_that_was_not_announced(self):
        """The first destroys what it needs no more; whoever comes then has another key for that time, and says so."""
        one, two = (self.house.write('%d.log' % number, content) for number, content in enumerate(self.contents))
        self.count(ONE, one)
        self.assertEqual(self.keys('shared'), ['2018-02', '2018-03'])
        self.count(TWO, two)
        told = self.remarks('break')
        self.assertEqual([(day, note) for day, _, note in told],
                         [(min(visitors(str, self.contents[1])), 'a new key: that of the other servers is destroyed; who came before counts twice')])
        wanted = visitors(lambda day: day[:7], self.content)
        self.assertEqual({month: count for month, count in self.unique().items() if month > '2018-01'},
                         {month: count for month, count in wanted.items() if month > '2018-01'})

    def test_the_last_one_destroys(self):
        one, two = (self.house.write('%d.log' % number, content) for number, content in enumerate(self.contents))
        early = self.house.write('early.log', b''.join(line for line in self.contents[1].splitlines(keepends=True) if b'/Jan/2018:' in line))
        self.count(TWO, early)
        self.count(ONE, one)
        self.assertEqual(self.keys('shared'), ['2018-01', '2018-02', '2018-03'])
        self.assertEqual(self.remarks('event'), [])
        self.count(TWO, early, two)     # two stands in March, too: the key of January goes
        self.assertEqual(self.keys('shared'), ['2018-02', '2018-03'])
        self.assert_destroyed('2018-01', source='weblog@two')
        self.assertEqual(self.remarks('event', source='weblog@one'), [])
        self.count(ONE, one)
        self.assert_destroyed('2018-01', source='weblog@one')
        self.assertEqual(self.unique(), visitors(lambda day: day[:7], self.content))

    def test_one_that_never_comes_again(self):
        one, two = (self.house.write('%d.log' % number, content) for number, content in enumerate(self.contents))
        self.count(TWO, self.house.write('early.log', self.contents[1][:20000]))
        self.assertNotIn('weblog@two', self.count(ONE, one).err)
        needs = os.path.join(self.shared, 'weblog@two.needs')
        os.utime(needs, (time.time() - 8 * 86400,) * 2)
        self.assert_one_sentence(self.count(ONE, one).err, 'kept for weblog@two', needs)
        os.unlink(needs)
        self.assertNotIn('weblog@two', self.count(ONE, one).err)
        self.assertEqual(self.keys('shared'), ['2018-02', '2018-03'])
        self.assert_one_sentence(self.count(TWO, two, code=1).err, self.shared, 'is it mounted', 'weblog@two.needs')
        with open(needs, 'w'):
            pass
        self.count(TWO, two)            # January is counted under a key of its own, and says so
        self.assertEqual([note for _, _, note in self.remarks('break', source='weblog@two')],
                         ['a new key: the one before was lost or replaced; who came before counts twice'])

    def test_another_directory(self):
        one = self.house.write('1.log', self.contents[0])
        self.count(ONE, one)
        self.assert_one_sentence(self.count(ONE, one, shared=False, code=1).err, self.shared, 'give --shared-keys again')
        shutil.move(self.shared, self.house.path('away'))
        self.assert_one_sentence(self.count(ONE, one, code=1).err, self.shared, 'mount it')
        os.mkdir(self.shared, 0o700)    # the empty directory on which nothing is mounted
        self.assert_one_sentence(self.count(ONE, one, code=1).err, self.shared, 'is it mounted')
        self.assertEqual(os.listdir(self.shared), [])
        os.rmdir(self.shared)
        shutil.move(self.house.path('away'), self.shared)
        self.count(ONE, one)

    def test_a_key_made_ahead_and_copied(self):
        """For servers that share no directory."""
        february = [b''.join(line for line in content.splitlines(keepends=True) if (day_of(line) or '').startswith('2018-02'))
                    for content in self.contents]
        state, other = self.house.path('weblog@one'), self.house.path('weblog@two')
        path = self.house.run('suivi-weblog', '--state', state, '--make-key', '2018-02').out.strip()
        self.assertEqual(path, os.path.join(state, 'keys', '2018-02'))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        os.makedirs(os.path.join(other, 'keys'), 0o700)
        shutil.copy2(path, os.path.join(other, 'keys'))
        again = self.house.run('suivi-weblog', '--state', other, '--make-key', '2018-02').out.strip()
        with open(path, 'rb') as key, open(again, 'rb') as copy:
            self.assertEqual(key.read(), copy.read())
        self.assert_one_sentence(self.house.run('suivi-weblog', '--state', other, '--make-key', '2018-Q1', code=1).err, '2018-02')
        for source, content in zip((TWO, ONE), reversed(february)):
            self.count(source, self.house.write('%s.log' % source[1], content), shared=False)
        self.assertEqual(self.unique(), visitors(lambda day: day[:7], *february))


class Unseen(KeysTest):
    def start_dumping(self, command):
        """In a directory of its own, with nothing in the way of a core dump."""
        where = self.house.path('dump')
        os.makedirs(where, exist_ok=True)
        return subprocess.Popen(command, cwd=where, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=self.house.environment(),
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))

    def crash(self, process, by):
        """Whether there was a dump, and what lies there."""
        process.send_signal(by)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = status
        process.stdin.close()
        self.assertTrue(os.WIFSIGNALED(status) and os.WTERMSIG(status) == by, status)
        return os.WCOREDUMP(status), os.listdir(self.house.path('dump'))

    def test_no_core_dump(self):
        if not self.crash(self.start_dumping(['sleep', '60']), signal.SIGABRT)[0]:
            self.skipTest('this machine makes no core dumps')
        shutil.rmtree(self.house.path('dump'))
        log = self.house.write('access.log', make_log(530, people=5, days=3))
        weblog = [house.program('suivi-weblog'), *self.house.weblog_arguments(log, languages=LANGUAGES), '--follow']
        record = [house.program('suivi'), 'record', 'members.total', '--at', '2018-01-01', '--value', '1', '--state', self.house.path('people'),
                  '--endpoint', 'ipc://' + self.house.path('nobody')]
        for command in (weblog, record):
            for by in (signal.SIGABRT, signal.SIGSEGV)[:1 if house.SANITIZE else 2]:
                with self.subTest(command=command[0], by=by):
                    process = self.start_dumping(command)
                    house.until(lambda: self.has_begun(process), 'it has begun')
                    self.assertEqual(self.crash(process, by), (False, []))

    @staticmethod
    def has_begun(process):
        """It has mapped its outbox; and who is not root may not see that once it hides."""
        try:
            with open('/proc/%d/maps' % process.pid) as maps:
                return 'outbox.mdb' in maps.read()
        except PermissionError:
            return True

    def test_locked_memory(self):
        if house.SANITIZE:
            self.skipTest('the sanitizers lock no memory')
        log = self.house.write('access.log', make_log(530, people=5, days=3))
        running = self.house.spawn('suivi-weblog', *self.house.weblog_arguments(log, languages=LANGUAGES), '--follow')
        house.until(lambda: self.unique(), 'it has counted')
        locked = running.memory('VmLck') * 1024
        self.assertTrue(16 <= locked <= 64, locked)     # what any system lets a program lock
        running.signal(signal.SIGTERM)
        running.wait()

    def test_memory_that_may_not_be_locked(self):
        if house.SANITIZE:
            self.skipTest('the sanitizers lock no memory')
        if os.geteuid() == 0 and not shutil.which('setpriv'):
            self.skipTest('root may lock any memory')
        log = self.house.write('access.log', make_log(530, people=5, days=3))
        drop = ['setpriv', '--bounding-set=-ipc_lock'] if os.geteuid() == 0 else []
        ran = subprocess.run([*drop, house.program('suivi-weblog'), *self.house.weblog_arguments(log)], stderr=subprocess.PIPE,
                             env=self.house.environment(),
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0)))
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assert_one_sentence(ran.stderr.decode(), 'out of the swap', 'LimitMEMLOCK', 'ulimit -l')
        self.assertEqual(self.unique(), {})


if __name__ == '__main__':
    house.main()
