"""Two where there should be one: either side put back from a backup, a collector and its copy, two collectors with one name.
Nothing is counted wrong, and whoever must stop says why and what to do."""
import os
import shutil
import signal

import house
from peer import Relay
from weblog_case import LANGUAGES, WeblogTest, make_log, nonzero


class PutBack(WeblogTest):
    """Restored from last week's backup."""

    def setUp(self):
        super().setUp()
        self.lines = make_log(5, rubbish=0, people=10, days=12, start='2018-01-02').splitlines(True)
        self.other = make_log(6, rubbish=0, people=10, days=12, start='2018-01-03').splitlines(True)
        self.log = self.house.path('access.log')
        self.state, self.backup = self.house.path('state'), self.house.path('backup')

    def grow_to(self, part, lines=None):
        content = b''.join((lines or self.lines)[:int(len(self.lines) * part)])
        self.house.write('access.log', content)
        return content

    def grow_otherwise(self, part):
        """What was in the log when the backup was made, and after it something else."""
        content = b''.join(self.lines[:int(len(self.lines) * part)] + self.other)
        self.house.write('access.log', content)
        return content

    def back_up(self):
        shutil.rmtree(self.backup, ignore_errors=True)
        shutil.copytree(self.state, self.backup)

    def put_back(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.backup, self.state)

    def without_daemon(self):
        """Counts, and keeps all of it."""
        self.house.stop()
        self.weblog(self.log, code=1, more=['--timeout', '0'])
        self.house.start()

    def assert_refused(self, counted, runs=3):
        for _ in range(runs):
            ran = self.weblog(self.log, code=1)
            self.assert_one_sentence(ran.err, 'older copy', self.state, 'move the directory away')
            self.assertEqual(len(ran.err.strip().splitlines()), 1, ran.err)
            self.assert_figures(self.reference(counted))

    def test_collector(self):
        self.grow_to(.3)
        self.weblog(self.log)
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        self.put_back()
        self.grow_to(1)
        self.assert_refused(counted)
        self.house.stop()       # it needs no daemon any more to know that
        self.assertIn('older copy', self.weblog(self.log, code=1).err)
        self.house.start()
        self.assert_figures(self.reference(counted))

    def test_collector_with_a_log_that_went_on_otherwise(self):
        self.grow_to(.3)
        self.weblog(self.log)
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        self.put_back()
        self.grow_otherwise(.3)
        self.assert_refused(counted)
        self.house.restart()
        self.assert_refused(counted)
        self.house.kill()
        self.house.start()
        self.assert_refused(counted)

    def test_collector_put_back_again_and_again(self):
        """The mark that it is an older copy goes with each copy; each is found out anew."""
        self.grow_to(.3)
        self.weblog(self.log)
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        for number in range(3):
            self.put_back()
            self.grow_otherwise(.3)
            self.house.restart()
            self.assert_refused(counted, runs=1 + number % 2)

    def test_collector_that_counted_more_than_the_daemon_knows(self):
        """Its numbers are ahead of the daemon's: only the content tells that they are others."""
        self.grow_to(.3)
        self.weblog(self.log)
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        self.put_back()
        self.house.stop()
        for part in (.4, .6, .8, 1):
            self.grow_to(part, self.lines[:int(len(self.lines) * .3)] + self.other)
            self.weblog(self.log, code=1, more=['--timeout', '0'])
        self.house.start()
        self.assert_refused(counted)
        self.house.restart()
        self.assert_refused(counted)

    def test_collector_with_batches_that_waited(self):
        """When the backup was made some waited, which were delivered since, and more."""
        self.grow_to(.2)
        self.weblog(self.log)
        self.grow_to(.4)
        self.without_daemon()
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        self.put_back()
        self.grow_otherwise(.4)
        self.assert_refused(counted)

    def test_collector_with_a_batch_on_its_way(self):
        """The daemon had it, the collector did not know yet: so does the backup, and the numbers after it are used twice."""
        endpoint = 'ipc://' + self.house.path('relay.ipc')
        self.grow_to(.2)
        self.weblog(self.log)
        self.grow_to(.4)
        relay = Relay(endpoint, self.house.endpoint, lambda way, type, _: (way, type) != ('down', 'ack'))
        arguments = self.house.weblog_arguments(self.log, languages=LANGUAGES)
        arguments[1] = endpoint
        self.house.run('suivi-weblog', *arguments, '--timeout', '1', code=1)
        relay.close()
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        self.put_back()
        self.grow_otherwise(.4)
        self.assert_refused(counted)

    def test_collector_with_only_what_was_on_its_way(self):
        """Nothing was counted since the backup but what it had itself: it goes on."""
        self.grow_to(.2)
        self.weblog(self.log)
        self.grow_to(.4)
        self.without_daemon()
        self.back_up()
        self.weblog(self.log)
        self.put_back()
        self.weblog(self.log)
        content = self.grow_otherwise(.4)
        self.weblog(self.log)
        self.assert_figures(self.reference(content))

    def test_collector_with_nothing_new(self):
        self.grow_to(.6)
        self.weblog(self.log)
        self.back_up()
        self.put_back()
        content = self.grow_to(1)
        self.weblog(self.log)
        self.assert_figures(self.reference(content))

    def test_collector_that_follows(self):
        self.grow_to(.3)
        self.weblog(self.log)
        self.back_up()
        counted = self.grow_to(.6)
        self.weblog(self.log)
        self.put_back()
        self.grow_otherwise(.3)
        arguments = self.house.weblog_arguments(self.log, languages=LANGUAGES)
        running = self.house.spawn('suivi-weblog', *arguments, '--follow')
        running.wait_line('older copy')
        self.house.write('access.log', b''.join(self.other), mode='ab')
        self.assertEqual(running.wait(), 1)
        self.assert_refused(counted)

    def test_daemon(self):
        self.grow_to(.5)
        self.weblog(self.log)
        self.house.stop()
        shutil.rmtree(self.house.data)
        self.house.start()
        self.grow_to(1)
        ran = self.weblog(self.log, code=1)
        self.assertIn('no longer has', ran.err)
        self.assertIn('source.gap', self.house.daemon.stderr())
        self.assertNotIn('no longer has', self.weblog(self.log).err)


class Clone(WeblogTest):
    """A machine that was copied, with its collector's state, and both go on with logs of their own."""

    def setUp(self):
        super().setUp()
        self.common = make_log(20, rubbish=0, people=10, days=12, start='2018-01-02')
        self.own = {name: make_log(seed, rubbish=0, people=10, days=12, start='2018-01-12').splitlines(True)
                    for name, seed in (('one', 21), ('two', 22))}
        for name in self.own:
            self.house.write(name + '.log', self.common)
        self.weblog(self.log('one'), state='one')
        shutil.copytree(self.house.path('one'), self.house.path('two'))

    def log(self, name):
        return self.house.path(name + '.log')

    def append(self, name, start, end):
        with open(self.log(name), 'ab') as file:
            file.write(b''.join(self.own[name][start:end]))

    def assert_counted(self, name):
        with open(self.log(name), 'rb') as file:
            self.assert_figures(self.reference(file.read()))

    def test_in_turn(self):
        self.append('two', 0, 50)
        self.append('one', 0, 30)
        self.weblog(self.log('two'), state='two')
        for _ in range(2):
            ran = self.weblog(self.log('one'), state='one', code=1)
            self.assert_one_sentence(ran.err, 'a copy of it is in use', self.house.path('one'))
            self.assert_counted('two')
        self.append('two', 50, None)
        self.weblog(self.log('two'), state='two')
        self.assert_counted('two')

    def test_the_same_log_counts_once(self):
        """Both read the same: one of them counts it, the other is told that it is a copy."""
        self.append('one', 0, None)
        shutil.copyfile(self.log('one'), self.log('two'))
        self.weblog(self.log('one'), state='one')
        self.assert_counted('one')
        for _ in range(2):
            ran = self.weblog(self.log('two'), state='two', code=1)
            self.assert_one_sentence(ran.err, 'a copy of it is in use', self.house.path('two'))
            self.assert_counted('one')
        self.weblog(self.log('one'), state='one')
        self.assert_counted('one')

    def test_sums_that_are_equal_by_chance(self):
        """Two lines of robots on one day count the same, and are not the same: none may pass for the other."""
        line = '203.0.113.%d - - [20/Jan/2018:10:00:00 +0000] "GET /%d HTTP/1.1" 200 100 "-" "-"\n'
        for number, name in enumerate(('one', 'two')):
            with open(self.log(name), 'a') as file:
                file.write(line % (number, number))
        self.weblog(self.log('one'), state='one')
        for _ in range(2):
            ran = self.weblog(self.log('two'), state='two', code=1)
            self.assert_one_sentence(ran.err, 'a copy of it is in use', self.house.path('two'))
            self.assert_counted('one')

    def test_at_the_same_time(self):
        """One of the two goes on, the other is stopped; which one is a matter of moments."""
        running = {name: self.house.spawn('suivi-weblog', *self.house.weblog_arguments(
            self.log(name), state=name, languages=LANGUAGES), '--follow') for name in self.own}
        for start in range(0, 120, 20):
            for name in running:
                self.append(name, start, start + 20)
            if start == 60:
                house.until(lambda: any('older copy' in one.stderr() for one in running.values()), 'one of them stopped')
        [loser] = [name for name, one in running.items() if 'older copy' in one.stderr()]
        [winner] = set(running) - {loser}
        self.append(loser, 120, None)
        self.assertEqual(running[loser].wait(), 1)
        self.append(winner, 120, None)
        running[winner].signal(signal.SIGTERM)
        self.assertEqual(running[winner].wait(), 0, running[winner].stderr())
        self.assertNotIn('older copy', running[winner].stderr())
        self.assert_counted(winner)
        self.weblog(self.log(loser), state=loser, code=1)
        self.assert_counted(winner)


class OneName(WeblogTest):
    """Two collectors, each with a state of its own, that send as the same source."""

    def setUp(self):
        super().setUp()
        self.contents = {name: make_log(seed, rubbish=0, people=10, days=12, start='2018-01-02')
                         for name, seed in (('one', 31), ('two', 32))}
        for name, content in self.contents.items():
            self.house.write(name + '.log', content)

    def arguments(self, name, *more, source='weblog@here'):
        return [*self.house.weblog_arguments(self.house.path(name + '.log'), site=name, state=name, languages=LANGUAGES),
                *(['--source', source] if source else []), *more]

    def first(self):
        """Stays, has sent, and sends no more for now."""
        running = self.house.spawn('suivi-weblog', *self.arguments('one', '--follow'))
        house.until(lambda: self.house.table('web.requests', '--where', 'site=one'), 'the first counted')
        return running

    def assert_second_refused(self, *more):
        ran = self.house.run('suivi-weblog', *self.arguments('two', '--timeout', '1', *more), code=1)
        self.assert_one_sentence(ran.err, 'another collector sends as weblog@here', 'source name of its own',
                                 'in ' + self.house.path('two') + ' and will be sent by the next run')
        self.assertEqual(len(ran.err.strip().splitlines()), 1, ran.err)
        self.assertEqual(nonzero(self.house.table('web.*', '--where', 'site=two')), {})

    def assert_both_counted(self):
        self.house.run('suivi-weblog', *self.arguments('two'))
        for name, content in self.contents.items():
            self.assert_figures(self.reference(content), site=name)

    def test_the_second_is_refused_until_the_first_has_ended(self):
        first = self.first()
        for _ in range(2):
            self.assert_second_refused()
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0, first.stderr())
        self.assert_both_counted()

    def test_the_second_is_refused_until_the_first_was_killed(self):
        first = self.first()
        self.assert_second_refused()
        first.kill()
        self.assert_both_counted()

    def test_the_second_is_refused_while_the_first_is_stopped(self):
        """It may come to life again."""
        first = self.first()
        first.signal(signal.SIGSTOP)
        self.assert_second_refused()
        first.signal(signal.SIGCONT)
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0, first.stderr())
        self.assert_both_counted()

    def test_the_daemon_is_started_anew_meanwhile(self):
        """It knows of no session then: who says hello first has the name."""
        first = self.first()
        self.assert_second_refused()
        self.house.restart()
        self.house.run('suivi-weblog', *self.arguments('two'))
        with open(self.house.path('one.log'), 'ab') as file:
            file.write(make_log(33, rubbish=0, people=5, days=10, start='2018-01-14'))
        house.until(lambda: self.house.table('web.requests', '--where', 'site=one', by='day').get(
            ('web.requests', '2018-01-15'), 0), 'the first goes on')
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0, first.stderr())
        self.contents['one'] += make_log(33, rubbish=0, people=5, days=10, start='2018-01-14')
        self.assert_both_counted()

    def test_one_that_stays_says_so_once_and_goes_on_when_it_may(self):
        first = self.first()
        second = self.house.spawn('suivi-weblog', *self.arguments('two', '--follow'))
        second.wait_line('another collector sends as weblog@here.*once the other is done')
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0, first.stderr())
        second.wait_line('takes batches again')
        second.signal(signal.SIGTERM)
        self.assertEqual(second.wait(), 0, second.stderr())
        self.assertEqual(second.stderr().count('another collector'), 1)
        self.assert_both_counted()

    def test_a_short_run_waits_for_another_short_run(self):
        """Two sites of one host, by a timer at the same minute: the host's name is all that both have for a source."""
        turned_away = []

        def hook(way, type, fields):
            if (way, type) == ('down', 'error'):
                turned_away.append(fields['code'])
                if len(turned_away) == 3:
                    first.signal(signal.SIGTERM)
            return True

        endpoint = 'ipc://' + self.house.path('relay.ipc')
        first = self.house.spawn('suivi-weblog', *self.arguments('one', '--follow', source=None))
        house.until(lambda: self.house.table('web.requests', '--where', 'site=one'), 'the first counted')
        relay = Relay(endpoint, self.house.endpoint, hook)
        self.addCleanup(relay.close)
        arguments = self.arguments('two', '--timeout', '30', source=None)
        arguments[1] = endpoint
        self.house.run('suivi-weblog', *arguments)
        self.assertEqual(first.wait(), 0, first.stderr())
        self.assertGreaterEqual(len(turned_away), 3)
        self.assertEqual(set(turned_away), {'busy'})
        for name, content in self.contents.items():
            self.assert_figures(self.reference(content), site=name)

    def test_many_short_runs_at_once(self):
        content = make_log(34, rubbish=0, people=10, days=12, start='2018-01-02')
        path = self.house.write('log', content)
        names = ['site%d' % number for number in range(6)]
        running = [self.house.spawn('suivi-weblog', '--timeout', '30', *self.house.weblog_arguments(
            path, site=name, state=name, languages=LANGUAGES)) for name in names]
        for name, one in zip(names, running):
            self.assertEqual(one.wait(), 0, one.stderr())
            self.assert_figures(self.reference(content), site=name)


if __name__ == '__main__':
    house.main()
