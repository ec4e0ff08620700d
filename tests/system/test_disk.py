"""Disks that are full, or fail, under either side: nothing is acknowledged that is not on disk, nothing is lost or doubled, and
what is wrong is said. A full disk is waited out; after one that failed the daemon wants to be started anew."""
import errno
import os
import re
import shutil

import house
from disks import FailingDisk, fill, small_disk
from peer import Peer, at
from weblog_case import LANGUAGES, WeblogTest, make_log

REQUEST = ('web.requests', {'site': 'peer'})
DAY = at('2018-03-07')


class DiskTest(WeblogTest):
    daemon = False

    def setUp(self):
        super().setUp()
        self.disk = self.house.path('disk')
        self.data = os.path.join(self.disk, 'data')
        os.mkdir(self.disk)

    def start(self, **more):
        return self.house.start(data=self.data, **more)

    def logs(self, seed, count, **traffic):
        contents = [make_log(seed + number, start='2018-%02d-01' % (number + 1), **traffic) for number in range(count)]
        return contents, [self.house.write('%d.log' % number, content) for number, content in enumerate(contents)]

    def requests(self, site='peer'):
        return self.house.table('web.requests', '--where', 'site=' + site).get(('web.requests', '2018-03'), 0)

    def requests_of_all(self):
        return sum(self.house.table('web.requests').values())

    def counted(self, site):
        """Lines, by the figures."""
        return sum(self.house.table('web.requests', 'web.malformed', '--where', 'site=' + site).values())

    def follow(self, log, state='followed', **more):
        return self.house.spawn('suivi-weblog', *self.house.weblog_arguments(log, site=state, state=state, languages=LANGUAGES),
                                '--source', state, '--follow', **more)


class FullForTheDaemon(DiskTest):
    def test_the_same_batch_is_taken_when_there_is_room(self):
        """Error "store", nothing acked; when there is room again the same batch is taken, once."""
        with small_disk(self, self.disk, '4m') as resize:
            self.start()
            with Peer(self.house.endpoint) as peer:
                peer.hello()
                full, sites = None, 0
                for _ in range(100):
                    series = [('web.requests', {'site': 'site-%d-%s' % (sites + i, 'x' * 90)}) for i in range(1000)]
                    peer.send('batch', peer.batch(series, [[i, at('2018-03-07'), 1] for i in range(1000)]))
                    type, fields = peer.receive()
                    if type == 'error':
                        full = fields
                        break
                    self.assertEqual((type, fields['seq']), ('ack', peer.next))
                    peer.next += 1
                    sites += 1000
                self.assertIsNotNone(full, 'the disk never filled')
                self.assertEqual(full['code'], 'store')
                self.assertIn(self.disk, self.house.daemon.stderr() + full['text'])
                self.assertTrue(self.house.daemon.alive())
                self.assertEqual(sum(self.house.table('web.requests').values()), sites)
                resize('64m')
                peer.hello()
                self.assertEqual(peer.put(series, [[i, at('2018-03-07'), 1] for i in range(1000)])['accepted'], 1000)
                self.assertEqual(sum(self.house.table('web.requests').values()), sites + 1000)
            self.assert_serves()
            self.house.stop()

    def test_any_room_that_is_too_little_is_no_room(self):
        """A write that fits in part comes back as an input/output error; the disk is well all the same."""
        with small_disk(self, self.disk, '16m'), Peer(self.house.endpoint) as peer:
            self.start()
            peer.hello()
            refused, taken = 0, 0
            for pages in (0, 1, 2, 3, 5, 8, 13, 21, 34):
                filler = fill(self.disk, but=pages)
                series = [('web.requests', {'site': 'site-%d-%d-%s' % (pages, i, 'x' * 90)}) for i in range(2000)]
                batch = peer.batch(series, [[i, DAY, 1] for i in range(2000)])
                for attempt in ('without room', 'with room'):
                    peer.send('batch', batch)
                    type, fields = peer.receive()
                    if type == 'ack':
                        break
                    self.assertEqual(attempt, 'without room', fields)
                    self.assertIn('the disk is full', fields['text'])
                    refused += 1
                    os.unlink(filler)
                    peer.hello()
                taken += 1
                self.assertEqual(peer.hello()['last'], taken)
            self.assertGreater(refused, 5)
            self.assertEqual(self.requests_of_all(), 2000 * taken)
            self.house.stop()

    def test_collectors_are_told_and_the_same_process_takes_everything(self):
        """Runs that want much room, and one that follows and may find enough, through two full disks."""
        contents, paths = self.logs(330, 2, people=250, days=80)
        lines = make_log(340, people=40, days=50, start='2018-02-02').splitlines(keepends=True)
        parts = [lines[:5], lines[5:len(lines) // 3], lines[len(lines) // 3:]]
        log = self.house.write('followed.log', b''.join(parts[0]))
        with small_disk(self, self.disk, '4m'):
            daemon = self.start()
            followed = self.follow(log)
            house.until(lambda: self.house.table('web.requests', '--where', 'site=followed'), 'the followed log counted')
            for number in (1, 2):
                filler = fill(self.disk)
                with open(log, 'ab') as file:
                    file.write(b''.join(parts[number]))
                for _ in range(2):
                    ran = self.weblog(*paths[:number], code=1)
                    self.assert_one_sentence(ran.err, self.data, 'the disk is full', 'make room')
                    self.assert_figures(self.reference(*contents[:number - 1]))
                os.unlink(filler)
                self.weblog(*paths[:number])
                self.assert_figures(self.reference(*contents[:number]))
            followed.signal(house.signal.SIGTERM)
            self.assertEqual(followed.wait(), 0, followed.stderr())
            self.assert_figures(self.reference(b''.join(lines)), site='followed')
            self.assertIs(self.house.daemon, daemon)
            self.assertTrue(daemon.alive())
            self.assertIn('event=commit.failed', daemon.stderr())
            self.house.stop()

    def test_starts_on_a_full_disk_with_its_store(self):
        """It tells the figures, and takes batches when there is room."""
        with small_disk(self, self.disk, '4m'):
            self.start()
            with Peer(self.house.endpoint) as peer:
                peer.hello()
                peer.count(*REQUEST, '2018-03-07', 5)
                self.house.stop()
                filler = fill(self.disk)
                self.start()
                self.assertEqual(self.requests(), 5)
                peer.hello()
                peer.send('batch', peer.batch([REQUEST], [[0, DAY, 7]] * 1000))
                self.assertEqual(peer.expect('error')['code'], 'store')
                os.unlink(filler)
                peer.put([REQUEST], [[0, DAY, 7]])
            self.assertEqual(self.requests(), 12)
            self.house.stop()

    def test_starts_with_any_room(self):
        """From none on: it serves, or says what is wrong; and once there is room it serves."""
        for pages in [*range(0, 24), 32, 64]:
            with self.subTest(pages=pages), small_disk(self, self.disk, '1m') as resize:
                fill(self.disk, but=pages)
                daemon = self.start(wait=False)
                house.until(lambda: 'ready on' in daemon.stderr() or not daemon.alive(), 'ready, or not')
                if daemon.alive():
                    self.house.stop()
                else:
                    self.assertEqual(daemon.wait(), 1)
                    self.assertRegex(daemon.stderr(), self.disk + '.*(the disk is full|[Nn]o space left)')
                resize('64m')
                self.start()
                self.assert_serves()
                self.house.stop()


class FullForACollector(DiskTest):
    def test_the_next_run_counts_what_could_not_be_saved(self):
        self.house.start()
        contents, paths = self.logs(320, 4, people=300, days=60)
        with small_disk(self, self.disk, '128k') as resize:
            ran = self.weblog(*paths, state='disk/state', code=1)
            self.assert_one_sentence(ran.err, self.disk)
            resize('256m')
            self.weblog(*paths, state='disk/state')
            self.assert_figures(self.reference(*contents))

    def test_starts_with_any_room(self):
        self.house.start()
        contents, paths = self.logs(322, 1, people=30, days=20)
        for pages in [*range(0, 24), 32, 64, 128]:
            name = 'pages%d' % pages
            with self.subTest(pages=pages), small_disk(self, self.disk, '2m') as resize:
                fill(self.disk, but=pages)
                ran = self.weblog(*paths, state='disk/state', site=name, code=None, more=['--source', name])
                self.assertIn(ran.code, (0, 1))
                if ran.code == 1:
                    self.assertRegex(ran.err, self.disk + '.*[Nn]o space left')
                resize('64m')
                self.weblog(*paths, state='disk/state', site=name, more=['--source', name])
                self.assert_figures(self.reference(*contents), site=name)

    def test_one_that_follows_goes_on_by_itself(self):
        self.house.start()
        lines = make_log(324, people=60, days=40, start='2018-01-02').splitlines(keepends=True)
        log = self.house.write('followed.log', b''.join(lines[:50]))
        with small_disk(self, self.disk, '4m'):
            running = self.follow(log, state='disk/state')
            house.until(lambda: self.house.table('web.requests'), 'the first lines counted')
            filler = fill(self.disk)
            with open(log, 'ab') as file:
                file.write(b''.join(lines[50:800]))
            said = running.wait_line('trying again')
            self.assertRegex(said, re.escape(self.disk) + '.*no space left')
            with open(log, 'ab') as file:
                file.write(b''.join(lines[800:]))
            self.assertEqual(self.counted('disk/state'), 50)
            os.unlink(filler)
            house.until(lambda: self.counted('disk/state') == len(lines), 'every line counted')
            running.signal(house.signal.SIGTERM)
            self.assertEqual(running.wait(), 0, running.stderr())
            self.assert_figures(self.reference(b''.join(lines)), site='disk/state')


class FailingForTheDaemon(DiskTest):
    def setUp(self):
        super().setUp()
        self.failing = FailingDisk(self.house, self.disk)

    def start(self, **more):
        return super().start(env=self.failing.environment(), **more)

    def restart(self):
        self.house.stop()
        return self.start()

    def refused(self, peer, value):
        """The next batch is not taken; the error's sentence."""
        peer.send('batch', peer.batch([REQUEST], [[0, DAY, value]]))
        error = peer.expect('error')
        self.assertEqual((error['code'], error['seq']), ('store', peer.next))
        return error['text']

    def test_nothing_is_taken_until_it_is_started_anew(self):
        for what, code in (('sync', errno.EIO), ('header', errno.EIO), ('header', errno.ENOSPC), ('write', errno.EIO),
                           ('write', errno.EROFS)):
            with self.subTest(what=what, code=errno.errorcode[code]), Peer(self.house.endpoint, what + str(code)) as peer:
                daemon = self.start()
                before = self.requests()
                peer.hello()
                peer.count(*REQUEST, '2018-03-07', 1)
                self.failing.fail(what, code)
                self.refused(peer, 10)
                said = self.refused(peer, 10)
                self.assertIn(self.data, said)
                self.assertIn('restart suivid once the disk is well', said)
                self.assertEqual(self.requests(), before + 1)
                self.failing.mend()         # which proves nothing about what was written before
                self.assertIn('restart suivid', self.refused(peer, 10))
                self.assertEqual(peer.hello()['last'], 1)
                self.assertIn('restart suivid', self.refused(peer, 10))
                self.assertEqual(self.requests(), before + 1)
                self.assertRegex(daemon.stderr(), 'event=commit.failed .*restart suivid')
                self.restart()
                self.assertEqual(peer.hello()['last'], 1)
                peer.count(*REQUEST, '2018-03-07', 10)
                self.assertEqual(self.requests(), before + 11)
                self.house.stop()

    def test_collectors_say_why_and_deliver_to_the_next_daemon(self):
        contents, paths = self.logs(350, 3, people=30, days=25)
        log = self.house.write('followed.log', contents[2])
        self.start()
        self.weblog(paths[0])
        self.failing.fail('sync')
        followed = self.follow(log)
        for number in (1, 2, 2):
            ran = self.weblog(*paths[:number + 1], code=1)
            self.assert_one_sentence(ran.err, self.data, 'restart suivid once the disk is well')
            self.assert_figures(self.reference(contents[0]))
        followed.wait_line('restart suivid once the disk is well')
        self.failing.mend()
        self.assertIn('restart suivid', self.weblog(*paths, code=1).err)
        self.restart()
        self.weblog(*paths)
        self.assert_figures(self.reference(*contents))
        followed.wait_line('takes batches again')
        followed.signal(house.signal.SIGTERM)
        self.assertEqual(followed.wait(), 0, followed.stderr())
        self.assert_figures(self.reference(contents[2]), site='followed')
        self.house.stop()

    def test_any_call_may_be_the_one_that_fails(self):
        """A stream of batches, of which some were acknowledged: these are there, and each of the others once."""
        value = 0
        for what in ('sync', 'header', 'any'):
            for skip in range(0, 12, 2):
                with self.subTest(what=what, skip=skip):
                    self.failing.mend()
                    self.start()
                    with Peer(self.house.endpoint) as peer:
                        peer.hello()
                        self.failing.fail(what, skip=skip)
                        while True:
                            peer.send('batch', peer.batch([REQUEST], [[0, DAY, 1]]))
                            if peer.receive()[0] == 'error':
                                break
                            peer.next += 1
                            value += 1
                        self.assertEqual(self.requests(), value)
                        self.assertEqual(peer.hello()['last'], value)
                    self.failing.mend()
                    self.house.kill()
        self.start()
        with Peer(self.house.endpoint) as peer:
            self.assertEqual(peer.hello()['last'], value)
        self.assertEqual(self.requests(), value)
        self.house.stop()

    def test_what_was_never_synced_is_synced_before_it_is_told(self):
        """Killed while it synced, a daemon leaves figures in memory that the next one finds: that one makes sure of them
        before it says anything, or does not start."""
        self.start()
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            peer.count(*REQUEST, '2018-03-07', 1)
        self.house.kill()
        self.failing.fail('sync')
        daemon = self.start(wait=False)
        self.assertEqual(daemon.wait(), 1)
        self.assertNotIn('ready on', daemon.stderr())
        self.assert_one_sentence(daemon.stderr(), self.data, os.strerror(errno.EIO))
        self.failing.mend()
        self.start()
        self.assertEqual(self.requests(), 1)
        self.house.stop()

    def test_no_room_is_waited_out_whatever_call_finds_it(self):
        lines = make_log(354, people=30, days=25, start='2018-02-02').splitlines(keepends=True)
        log, fed, told = self.house.write('followed.log', b''.join(lines[:50])), 50, 0
        self.start()
        followed = self.follow(log)
        with Peer(self.house.endpoint) as peer:
            for what, code in (('sync', errno.ENOSPC), ('write', errno.ENOSPC), ('sync', errno.EDQUOT)):
                with self.subTest(what=what, code=errno.errorcode[code]):
                    house.until(lambda: self.counted('followed') == fed, 'every line counted')
                    peer.hello()
                    self.failing.fail(what, code)
                    self.assertIn('the disk is full', self.refused(peer, 10))
                    self.assertIn('the disk is full', self.refused(peer, 10))
                    with open(log, 'ab') as file:
                        file.write(b''.join(lines[fed:fed + 100]))
                    told, fed = told + 1, fed + 100
                    house.until(lambda: followed.stderr().count('the disk is full') == told, 'it is told')
                    self.failing.mend()
                    peer.count(*REQUEST, '2018-03-07', 10)
                    house.until(lambda: followed.stderr().count('takes batches again') == told, 'it is over')
        self.assertEqual(self.requests(), 30)
        followed.signal(house.signal.SIGTERM)
        self.assertEqual(followed.wait(), 0, followed.stderr())
        self.assert_figures(self.reference(b''.join(lines[:fed])), site='followed')
        self.house.stop()

class FailingForACollector(DiskTest):
    def setUp(self):
        super().setUp()
        self.failing = FailingDisk(self.house, self.disk)
        self.house.start()

    def run_weblog(self, *paths, **more):
        return self.weblog(*paths, state='disk/state', env=self.house.environment(**self.failing.environment()), **more)

    def test_any_call_may_be_the_one_that_fails(self):
        """Whichever it is, and though it goes on failing from there: the run says so, the next one loses and doubles nothing."""
        contents, paths = self.logs(360, 4, people=12, days=25)
        fed = 0
        for what in ('sync', 'header', 'write'):
            site, failed = what, 0
            for skip in range(0, 8):
                # More to count now and then, so that it is another commit that fails.
                fed = min(len(paths), 1 + skip // 2)
                self.failing.fail(what, skip=skip)
                ran = self.run_weblog(*paths[:fed], site=site, code=None, more=['--source', site])
                if ran.code != 0:
                    failed += 1
                    self.assert_one_sentence(ran.err, self.disk)
            self.failing.mend()
            self.run_weblog(*paths, site=site, more=['--source', site])
            self.assert_figures(self.reference(*contents), site=site)
            self.assertGreater(failed, 2, what)
            shutil.rmtree(os.path.join(self.disk, 'state'))

    def test_nothing_is_sent_that_may_be_in_memory_only(self):
        """Killed while it synced, a collector leaves a batch in memory that the next one finds. If that were sent, and then
        lost with the power, its number would come again with other content: so the next one makes sure of it first."""
        command = [os.path.join('tests', 'counting'), os.path.join(self.disk, 'state'), 'counting', 'counting', '1']
        self.house.stop()
        self.house.run(*command, code=1)
        self.house.start()
        self.failing.fail('sync')
        ran = self.house.run(*command, code=1, env=self.house.environment(**self.failing.environment()))
        self.assert_one_sentence(ran.err, os.path.join(self.disk, 'state'), os.strerror(errno.EIO))
        self.assertEqual(self.house.table('web.*'), {})
        self.failing.mend()
        self.house.run(*command)
        self.assertEqual(self.house.table('web.requests'), {('web.requests', '2018-01'): 2})

    def test_one_that_follows_waits_for_room_whatever_call_finds_that_there_is_none(self):
        lines = make_log(368, people=40, days=25, start='2018-01-02').splitlines(keepends=True)
        log, fed = self.house.write('followed.log', b''.join(lines[:50])), 50
        running = self.follow(log, state='disk/state', env=self.house.environment(**self.failing.environment()))
        for told, what in enumerate(('write', 'sync', 'header')):
            house.until(lambda: self.counted('disk/state') == fed, 'every line counted')
            self.failing.fail(what, errno.ENOSPC)
            with open(log, 'ab') as file:
                file.write(b''.join(lines[fed:fed + 100]))
            fed += 100
            house.until(lambda: running.stderr().count('trying again') == told + 1, 'it is told')
            self.failing.mend()
        house.until(lambda: self.counted('disk/state') == fed, 'every line counted')
        running.signal(house.signal.SIGTERM)
        self.assertEqual(running.wait(), 0, running.stderr())
        self.assert_figures(self.reference(b''.join(lines[:fed])), site='disk/state')

    def test_one_that_follows_ends_and_the_next_goes_on(self):
        contents, _ = self.logs(366, 1, people=40, days=25)
        lines = contents[0].splitlines(keepends=True)
        log = self.house.write('followed.log', b''.join(lines[:50]))
        env = self.house.environment(**self.failing.environment())
        running = self.follow(log, state='disk/state', env=env)
        house.until(lambda: self.house.table('web.requests'), 'the first lines counted')
        self.failing.fail('sync')
        with open(log, 'ab') as file:
            file.write(b''.join(lines[50:]))
        self.assertEqual(running.wait(), 1)
        self.assert_one_sentence(running.stderr(), self.disk)
        self.failing.mend()
        running = self.follow(log, state='disk/state', env=env)
        house.until(lambda: self.counted('disk/state') == len(lines), 'every line counted')
        running.signal(house.signal.SIGTERM)
        self.assertEqual(running.wait(), 0, running.stderr())
        self.assert_figures(self.reference(contents[0]), site='disk/state')


if __name__ == '__main__':
    house.main()
