"""suivi-statsd: any statsd client feeds suivi. Every line that was read is counted or not for a reason, datagrams that the
kernel lost are counted, and figures are the fold of what clients sent."""
import collections
import os
import random
import re
import signal
import socket
import sys

import house

RULES = b'''
commit_every: 1
rules:
  - metric: "site.*.downloads"
    type: counter
    indicator: web.downloads
    dimensions: {site: "$1", language: "#lang"}
  - metric: members
    type: gauge
    indicator: members.total
    dimensions: {region: "#region"}
  - {metric: "site.*.visitors", type: set, indicator: web.visitors.unique, dimensions: {site: "$1", language: en}}
ignore: ["debug.**"]
'''
KINDS = ('counted', 'ignored, as the settings say', 'of metrics that no rule names', 'timers, which no indicator takes',
         'of another type than their rule says', 'malformed', 'of too many different metrics at once',
         'without a tag that their rule needs, or with a value that is no dimension\'s',
         'with a number that is too large, or a time that is not now or past')


class Statsd(house.HouseTest):
    def setUp(self):
        super().setUp()
        self.rules = self.house.write('statsd.yaml', RULES)

    def spawn(self, *more, rules=None, env=None):
        running = self.house.spawn('suivi-statsd', '--config', rules or self.rules, '--state', self.house.path('state'),
                                   '--endpoint', self.house.endpoint, '--source', 'statsd@host', '--listen',
                                   'udp://127.0.0.1:0', '--listen', 'tcp://[::1]:0', *more, env=env)
        self.udp = ('127.0.0.1', self.port(running, r'udp://127\.0\.0\.1:(\d+)'))
        self.tcp = ('::1', self.port(running, r'tcp://\[::1\]:(\d+)'))
        return running

    def port(self, running, pattern):
        return int(re.search(pattern, running.wait_line('ready on ' + pattern))[1])

    def send(self, text):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(text.encode(), self.udp)

    def stream(self, *pieces):
        with socket.create_connection(self.tcp) as sender:
            for piece in pieces:
                sender.sendall(piece.encode())
            sender.shutdown(socket.SHUT_WR)
            self.assertEqual(sender.recv(1), b'')       # the other side has read to the end

    def end(self, running, code=0):
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), code, running.stderr())
        return self.balance(running.stderr())

    def balance(self, err):
        """The last line that says how things stand, as numbers; that it adds up is checked."""
        line = [line for line in err.splitlines() if ' read: ' in line][-1]
        found = {kind: int(number) for number, kind in
                 ((part.strip().split(' ', 1)) for part in
                  re.split(r', (?=\d)', line.split(' read: ')[1].split('; ')[0]))}
        found['read'] = int(re.search(r'(\d+) lines? read', line)[1])
        found['lost'] = int(re.search(r'(\d+) datagrams? lost', line)[1])
        self.assertEqual(found['read'], sum(found.get(kind, 0) for kind in KINDS), line)
        return found

    def test_counters_gauges_and_sets(self):
        running = self.spawn()
        self.stream('site.a.downloads:3|c|#lang:en\nsite.a.downloads:1|c|@0.1|#lang:fr\r\n',
                    'members:120|g|#region:africa\nmembers:+5|g|#region:africa\nmem', 'bers:-2|g|#region:africa\n',
                    'members:7|g|#region:europe\n', 'site.a.visitors:one|s\nsite.a.visitors:two|s\nsite.a.visitors:one|s')
        self.send('site.b.downloads:2|c|#lang:en\nsite.b.downloads:5|c|#lang:en\n')
        found = self.end(running)
        self.assertEqual((found['counted'], found['read']), (11, 11))
        table = self.house.table('web.downloads', 'members.total', 'web.visitors.unique', by='year')
        self.assertEqual(sorted(table.values()), [2, 20, 130])
        downloads = self.house.table('web.downloads', by='year', split=['site', 'language'])
        self.assertEqual({key[2:]: value for key, value in downloads.items()},
                         {('a', 'en'): 3, ('a', 'fr'): 10, ('b', 'en'): 7})

    def test_what_does_not_count_is_told(self):
        running = self.spawn()
        self.stream('nobody:1|c\ndebug.a.b:1|c\nsite.a.downloads:7|ms\nsite.a.downloads:7|g\nrubbish\n')
        found = self.end(running)
        self.assertEqual([found.get(kind, 0) for kind in KINDS[:6]], [0, 1, 1, 1, 1, 1])
        for sentence in ('that no rule names ("nobody")', 'timers, which no indicator takes ("site.a.downloads")',
                         'of another type', 'malformed ("rubbish")'):
            self.assertIn(sentence, running.stderr())

    def test_a_value_of_a_closed_list_is_refused_by_the_daemon(self):
        running = self.spawn()
        self.stream('members:1|g|#region:atlantis\n')
        running.wait_line('the daemon refused 1 event')
        self.end(running, code=1)
        with open(self.house.path('state', 'refused.log')) as refused:
            self.assertIn('atlantis', refused.read())

    def test_fractions_of_samples_are_not_lost(self):
        """1 at a rate of 0.3 is 3 1/3: ten of them are 33, and a third waits, also over a restart."""
        running = self.spawn()
        for _ in range(5):
            self.stream('site.a.downloads:1|c|@0.3|#lang:en\n')
        running.signal(signal.SIGUSR1)
        running.wait_line(r'\d+ lines? read')
        self.end(running)
        running = self.spawn()
        self.stream('site.a.downloads:1|c|@0.3|#lang:en\n' * 4)
        self.end(running)
        self.assertEqual(list(self.house.table('web.downloads', by='year').values()), [30])

    def test_a_gauge_is_remembered(self):
        running = self.spawn()
        self.stream('members:100|g|#region:africa\n')
        self.end(running)
        running = self.spawn()
        self.stream('members:+11|g|#region:africa\n')
        self.end(running)
        self.assertEqual(list(self.house.table('members.total', by='year').values()), [111])

    def test_figures_are_the_fold(self):
        seed = int(os.environ.get('SUIVI_SEED') or random.randrange(1 << 32))
        print('seed %d (SUIVI_SEED)' % seed, file=sys.stderr)
        chance = random.Random(seed)
        sums, sets, lines = collections.Counter(), collections.defaultdict(set), []
        for _ in range(20000):
            site, language = chance.choice('abc'), chance.choice(('en', 'fr'))
            if chance.random() < 0.7:
                value, rate = chance.randint(1, 9), chance.choice((1, 0.5, 0.25))
                sums[site, language] += int(value / rate)
                lines.append('site.%s.downloads:%d|c|@%g|#lang:%s' % (site, value, rate, language))
            else:
                who = 'u%d' % chance.randint(1, 400)
                sets[site].add(who)
                lines.append('site.%s.visitors:%s|s' % (site, who))
        chance.shuffle(lines)
        running = self.spawn()
        text = '\n'.join(lines) + '\n'
        cuts = sorted(chance.sample(range(len(text)), 50))
        self.stream(*(text[start:end] for start, end in zip([0] + cuts, cuts + [len(text)])))
        self.assertEqual(self.end(running)['counted'], len(lines))
        downloads = self.house.table('web.downloads', by='year', split=['site', 'language'])
        self.assertEqual({key[2:]: value for key, value in downloads.items()}, dict(sums))
        visitors = self.house.table('web.visitors.unique', by='month', split=['site'])
        self.assertEqual({key[2]: value for key, value in visitors.items()},
                         {site: len(members) for site, members in sets.items()})

    def test_the_kernels_losses_are_counted(self):
        """While it is stopped the kernel's queue fills; each datagram is then either read or counted as lost."""
        running = self.spawn()
        running.signal(signal.SIGSTOP)
        sent = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(20000):
                sender.sendto(b'site.a.downloads:1|c|#lang:en' + b'\n' * 6000, self.udp)
                sent += 1
        running.signal(signal.SIGCONT)
        running.wait_line('datagrams were lost: the kernel\'s queue was full')
        found = self.end(running)
        self.assertGreater(found['lost'], 0)
        self.assertEqual(found['counted'] + found['lost'], sent)
        self.assertEqual(list(self.house.table('web.downloads', by='year').values()), [found['counted']])
        self.assertIn('datagrams were lost on their way',
                      self.house.run('suivi', 'explain', 'web.downloads', self.today_month()).out)

    def today_month(self):
        import datetime
        return datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m')

    def test_without_a_daemon(self):
        self.house.stop()
        running = self.spawn()
        running.wait_line('no daemon at .*; lines are taken, and wait')
        self.stream('site.a.downloads:3|c|#lang:en\n')
        self.end(running)
        self.house.start()
        running = self.spawn()
        self.stream('site.a.downloads:4|c|#lang:en\n')
        self.end(running)
        self.assertEqual(list(self.house.table('web.downloads', by='year').values()), [7])

    def test_daemon_killed_while_lines_come(self):
        running = self.spawn()
        for turn in range(4):
            self.stream('site.a.downloads:1|c|#lang:en\n' * 1000)
            self.house.kill()
            self.house.start()
        self.end(running)
        self.assertEqual(list(self.house.table('web.downloads', by='year').values()), [4000])

    def test_rules_that_the_plan_does_not_bear(self):
        for rules, sentence in (
                (b'rules:\n  - {metric: m, type: counter, indicator: members.total, dimensions: {region: africa}}\n',
                 'makes a counter of members.total, which the plan has as a level'),
                (b'rules:\n  - {metric: m, type: counter, indicator: web.downloads}\n', 'must say the dimension "site"'),
                (b'rules:\n  - {metric: m, type: counter, indicator: web.nothing}\n', 'which the plan does not have')):
            ran = self.house.run('suivi-statsd', '--config', self.house.write('bad.yaml', rules), '--state',
                                 self.house.path('other'), '--listen', 'udp://127.0.0.1:0', code=1)
            self.assert_one_sentence(ran.err, sentence)

    def test_bad_command_lines(self):
        for arguments, sentence in ((['--listen', 'http://x:1'], 'udp:// or tcp://'), (['--timeout', 'x'], 'seconds'),
                                    (['--nothing'], 'unknown option'), (['file'], 'one argument too many')):
            self.assert_one_sentence(self.house.run('suivi-statsd', *arguments, code=2).err, sentence)
        ran = self.house.run('suivi-statsd', '--config', self.house.path('none.yaml'), code=1)
        self.assert_one_sentence(ran.err, 'none.yaml')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(('127.0.0.1', 0))
            ran = self.house.run('suivi-statsd', '--config', self.rules, '--state', self.house.path('other'), '--listen',
                                 'udp://127.0.0.1:%d' % taken.getsockname()[1], code=1)
            self.assert_one_sentence(ran.err, 'cannot listen on udp://127.0.0.1', 'in use')

    def test_dry_run(self):
        running = self.house.spawn('suivi-statsd', '--config', self.rules, '--dry-run', '--listen', 'tcp://[::1]:0',
                                   stdout=(out := open(self.house.path('out'), 'w+')))
        self.tcp = ('::1', self.port(running, r'tcp://\[::1\]:(\d+)'))
        self.stream('site.a.downloads:3|c|#lang:en\n')
        self.end(running)
        out.seek(0)
        self.assertRegex(out.read(), r'^web\.downloads\t20\d\d-\d\d-\d\d\t3\tsite=a\tlanguage=en\n$')
        out.close()
        self.assertEqual(self.house.figures('web.downloads', '--by', 'year'), [])

    def test_hostile_lines(self):
        folder = os.path.join(house.SHARED, 'data', 'proto', 'hostile')
        if not os.path.isdir(folder):
            self.skipTest('no shared data')
        running = self.spawn()
        for name in sorted(os.listdir(folder)):
            if not name.startswith('statsd-'):
                continue
            with open(os.path.join(folder, name), 'rb') as file:
                content = file.read()
            with socket.create_connection(self.tcp) as sender:
                sender.sendall(content)
                sender.shutdown(socket.SHUT_WR)
                self.assertEqual(sender.recv(1), b'')
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(content[:60000], self.udp)
        self.assertEqual(self.end(running)['counted'], 0)
        self.assert_serves()


if __name__ == '__main__':
    house.main()
