"""Stopped (SIGSTOP, as a machine that sleeps or swaps) and continued, for longer than the other side's patience and with
batches on their way: nothing is lost or doubled, and the other side says something sensible meanwhile."""
import os
import signal
import socket
import threading

import house
from peer import Peer, Relay, at
from weblog_case import LANGUAGES, WeblogTest, make_log

REQUEST = ('web.requests', {'site': 'peer'})


class Stopped(WeblogTest):
    def setUp(self):
        super().setUp()
        self.contents = [make_log(70 + number, people=20, days=26, start='2018-01-0%d' % (number + 2)) for number in range(4)]
        self.paths = [self.house.write('%d.log' % number, content) for number, content in enumerate(self.contents)]
        self.endpoint = 'ipc://' + self.house.path('relay.ipc')

    def relay(self, hook):
        relay = Relay(self.endpoint, self.house.endpoint, hook)
        self.addCleanup(relay.close)

    def start_weblog(self, *paths, more=()):
        arguments = self.house.weblog_arguments(*paths, languages=LANGUAGES)
        arguments[1] = self.endpoint
        return self.house.spawn('suivi-weblog', *arguments, *more)

    def stop_at(self, direction, wanted, hellos):
        """The daemon stops when the first message `wanted` passes, and is continued when the collector, which has no other
        answer, has said hello that many times more."""
        said, stopped = [0], []

        def hook(way, type, fields):
            if stopped and type == 'hello':
                said[0] += 1
                if said[0] == hellos:
                    self.house.daemon.signal(signal.SIGCONT)
            elif not stopped and (way, type) == (direction, wanted):
                stopped.append(True)
                self.house.daemon.signal(signal.SIGSTOP)
                return way == 'up'      # what the daemon did say is lost
            return True

        self.relay(hook)
        running = self.start_weblog(*self.paths, more=['--timeout', '60'])
        self.assertEqual(running.wait(), 0, running.stderr())
        self.assertGreaterEqual(said[0], hellos)
        self.assert_figures(self.reference(*self.contents))

    def test_daemon_at_the_hello(self):
        self.stop_at('up', 'hello', 2)

    def test_daemon_at_a_batch(self):
        self.stop_at('up', 'batch', 2)

    def test_daemon_at_an_ack(self):
        self.stop_at('down', 'ack', 2)

    def test_runs_come_and_go_while_the_daemon_is_stopped(self):
        """Each says that nobody answers; what they all sent waits for the daemon, and counts once."""
        self.weblog(self.paths[0])
        self.house.daemon.signal(signal.SIGSTOP)
        for number in (2, 3, 4):
            ran = self.weblog(*self.paths[:number], code=1, more=['--timeout', '1'])
            self.assert_one_sentence(ran.err, self.house.endpoint + ' does not answer', 'will be sent by the next run',
                                     self.house.path('state'))
        self.house.daemon.signal(signal.SIGCONT)
        self.assert_figures(self.reference(self.contents[0]))
        self.weblog(*self.paths)
        self.assert_figures(self.reference(*self.contents))

    def test_acts_whose_answer_is_lost(self):
        """Nobody knows whether they were done; that is said, and said again they do no harm."""
        self.weblog(self.paths[0], more=('--source', 'weblog@www1'))
        lost = []

        def hook(way, type, fields):
            if way == 'down' and type in ('closed', 'withdrawn'):
                lost.append(type)
                return False
        self.relay(hook)
        through = ('--endpoint', self.endpoint, '--timeout', '1')
        withdraw = ('withdraw', '--source', 'weblog@www1', '--from', '2018', '--to', '2018', '--reason', 'wrong')
        ran = self.house.run('suivi', 'close', '2018-Q1', *through, code=1)
        self.assertIn('does not answer', ran.err)
        self.assertIn('It may be closed all the same', ran.err)
        ran = self.house.run('suivi', *withdraw, *through, code=1)
        self.assertIn('It may be withdrawn all the same', ran.err)
        ran = self.house.run('suivi', 'close', *through, code=1)
        self.assertNotIn('all the same', ran.err)
        self.assertEqual(lost, ['closed', 'withdrawn', 'closed'])
        self.assertIn('2018-Q1', self.house.run('suivi', 'close').out)
        self.assert_one_sentence(self.house.run('suivi', *withdraw, code=1).err, 'weblog@www1')

    def test_daemon_stops_in_the_middle_and_the_run_ends_before(self):
        """The batches are with the daemon, and it takes them when nobody is there any more."""
        def hook(way, type, fields):
            if (way, type) == ('up', 'batch'):
                self.house.daemon.signal(signal.SIGSTOP)
            return True

        self.relay(hook)
        for number in (1, 4):
            running = self.start_weblog(*self.paths[:number], more=['--timeout', '1'])
            self.assertEqual(running.wait(), 1)
            self.assert_one_sentence(running.stderr(), 'stopped answering', 'will be sent by the next run')
            self.house.daemon.signal(signal.SIGCONT)
        self.weblog(*self.paths)
        self.assert_figures(self.reference(*self.contents))

    def test_more_connections_than_a_stopped_daemon_has_room_for(self):
        """Nobody waits for it longer than it was told to."""
        knocking = []
        self.addCleanup(lambda: [one.close() for one in knocking])
        self.house.daemon.signal(signal.SIGSTOP)
        for _ in range(5000):
            one = socket.socket(socket.AF_UNIX)
            knocking.append(one)
            one.setblocking(False)
            try:
                one.connect(self.house.path('d.ipc'))
            except BlockingIOError:
                break
        else:
            self.skipTest('it has room for very many')
        ran = self.weblog(self.paths[0], code=1, more=['--timeout', '1'])
        self.assert_one_sentence(ran.err, self.house.endpoint + ' does not answer')
        ran = self.house.run('suivi', 'figures', '--timeout', '1', code=1)
        self.assert_one_sentence(ran.err, self.house.endpoint + ' does not answer')
        ran = self.house.run('suivid', '--data', self.house.path('other'), '--listen', self.house.endpoint, code=1)
        self.assert_one_sentence(ran.err, 'another program listens on ' + self.house.endpoint)
        self.house.daemon.signal(signal.SIGCONT)
        self.weblog(self.paths[0])
        self.assert_figures(self.reference(self.contents[0]))

    def test_one_that_follows_says_so_and_goes_on(self):
        lines = self.contents[0].splitlines(keepends=True)
        log = self.house.write('followed.log', b''.join(lines[:50]))
        running = self.house.spawn('suivi-weblog', *self.house.weblog_arguments(log, languages=LANGUAGES), '--follow')
        house.until(lambda: self.house.table('web.requests'), 'the first lines counted')
        self.house.daemon.signal(signal.SIGSTOP)
        with open(log, 'ab') as file:
            file.write(b''.join(lines[50:]))
        running.wait_line('does not answer.*will be sent once it answers')
        self.house.daemon.signal(signal.SIGCONT)
        running.wait_line('takes batches again')
        self.assertEqual(len(running.stderr().splitlines()), 2, running.stderr())
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 0, running.stderr())
        self.assert_figures(self.reference(self.contents[0]))

    def test_collector_while_its_batches_are_on_their_way(self):
        """The daemon serves the others, and is started anew meanwhile; the collector finds that out."""
        for restart in (False, True):
            for direction, wanted in (('down', 'welcome'), ('up', 'batch'), ('down', 'ack')):
                with self.subTest(at=wanted, restart=restart):
                    moment = threading.Event()

                    def hook(way, type, fields, when=(direction, wanted), moment=moment):
                        if (way, type) == when and not moment.is_set():
                            running.signal(signal.SIGSTOP)
                            moment.set()
                        return True

                    relay = Relay(self.endpoint, self.house.endpoint, hook)
                    self.addCleanup(relay.close)
                    site = '%s-%s' % (wanted, restart)
                    arguments = self.house.weblog_arguments(*self.paths, site=site, state=site, languages=LANGUAGES)
                    arguments[1] = self.endpoint = 'ipc://' + self.house.path('relay.ipc')
                    running = self.house.spawn('suivi-weblog', *arguments, '--source', site, '--timeout', '60')
                    self.assertTrue(moment.wait(house.LIMIT), 'no %s passed' % wanted)
                    self.assert_serves()
                    if restart:
                        self.house.kill()
                        self.house.start()
                    running.signal(signal.SIGCONT)
                    self.assertEqual(running.wait(), 0, running.stderr())
                    self.assert_figures(self.reference(*self.contents), site=site)
                    self._cleanups.pop()
                    relay.close()

    def test_peers_that_lose_patience_and_come_by_other_connections(self):
        """Each connection leaves the same batches with the stopped daemon: whichever it sees first, they count once."""
        def send(peer, first, last):
            for seq in range(first, last + 1):
                peer.send('batch', peer.batch([REQUEST], [[0, at('2018-03-07'), seq]], seq=seq))

        peers = [Peer(self.house.endpoint) for _ in range(5)]
        for peer in peers:
            self.addCleanup(peer.close)
        peers[0].hello()
        send(peers[0], 1, 4)
        self.house.daemon.signal(signal.SIGSTOP)
        send(peers[0], 5, 20)
        for peer in peers[1:]:
            peer.say_hello(1)
            send(peer, 1, 20)
        self.house.daemon.signal(signal.SIGCONT)
        last = Peer(self.house.endpoint)
        self.addCleanup(last.close)
        for _ in range(house.LIMIT):
            last.hello()
            send(last, 1, 20)
            answers = [last.receive() for _ in range(20)]
            if all(type == 'ack' for type, _ in answers):
                break       # else one of the others said hello in between
        self.assertEqual(last.hello()['last'], 20)
        self.assertEqual(self.house.table('web.requests'), {('web.requests', '2018-03'): sum(range(1, 21))})

    def test_asked_to_end_while_stopped(self):
        """SIGTERM comes when it is continued: what was sent before is there or is sent again."""
        def hook(way, type, fields):
            if (way, type) == ('up', 'batch') and not stopped:
                stopped.append(True)
                self.house.daemon.signal(signal.SIGSTOP)
            return True

        stopped = []
        self.relay(hook)
        running = self.start_weblog(*self.paths, more=['--timeout', '2'])
        self.assertEqual(running.wait(), 1, running.stderr())
        self.house.daemon.signal(signal.SIGTERM)
        self.house.daemon.signal(signal.SIGCONT)
        self.assertEqual(self.house.daemon.wait(), 0)
        self.house.start()
        self.weblog(*self.paths)
        self.assert_figures(self.reference(*self.contents))


if __name__ == '__main__':
    house.main()
