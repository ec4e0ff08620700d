"""Whatever comes in: a clear sentence, nothing lost, nothing crashed, and the next one is served as if nothing had been."""
import contextlib
import gzip
import os
import random
import socket
import struct
import subprocess

import msgpack
import zmq

import house
from house import HouseTest, program
from make_logs import lines
from peer import at, members, NoAnswer, Peer, VERSION
from weblog_case import WeblogTest, make_log

NOBODY = 65534
MEMORY = 4000 if house.SANITIZE else 400     # megabytes that bad input may make the daemon take


class Collector(WeblogTest):
    """suivi-weblog and what it may be given."""

    def test_no_daemon(self):
        self.house.stop()
        content = make_log(300)
        path = self.house.write('access.log', content)
        ran = self.weblog(path, code=1, more=['--timeout', '1'])
        self.assert_one_sentence(ran.err, self.house.endpoint, self.house.path('state'))
        self.house.start()
        self.weblog(path)
        self.assert_figures(self.reference(content))

    def test_not_a_log(self):
        good = self.house.write('good.log', make_log(301))
        for name, content in [('letter.txt', b'Dear all,\nthis is no log.\n'), ('table.csv', b'a,b,c\n1,2,3\n' * 50),
                              ('random.bin', random.Random(1).randbytes(100000)), ('zeros.bin', bytes(100000) + b'\n')]:
            with self.subTest(name=name):
                path = self.house.write(name, content)
                ran = self.weblog(path, site=name, state=name + '.state', code=1)
                self.assert_one_sentence(ran.err, path + ':1')
                self.assertEqual(self.house.table('web.*', '--where', 'site=' + name), {})
                self.weblog(path, good, site=name, state=name + '.state', code=1)
                self.assert_figures(self.reference(make_log(301)), site=name)

    def test_no_such_file(self):
        good = self.house.write('good.log', make_log(302))
        ran = self.weblog(self.house.path('missing.log'), good, code=1)
        self.assert_one_sentence(ran.err, 'missing.log')
        self.assert_figures(self.reference(make_log(302)))

    def test_a_directory(self):
        ran = self.weblog(self.house.directory, code=1)
        self.assert_one_sentence(ran.err, self.house.directory)

    def odd_lines(self, name, *odd, **options):
        good = lines(303, rubbish=0)
        middle = len(good) // 2
        content = b'\n'.join(good[:middle] + list(odd) + good[middle:]) + b'\n'
        path = self.house.write(name + '.log', content)
        self.weblog(path, site=name, state=name, **options)
        self.assert_figures(self.reference(content), site=name)

    def test_nul_bytes(self):
        self.odd_lines('nul', bytes(5000), b'\0', b'192.0.2.9 - - [07/Mar/2018:10:00:00 +0000] "GET /a\0b HTTP/1.1" 200 9 "-" '
                       b'"Mozilla/5.0 \0 Firefox"')

    def test_invalid_utf8(self):
        self.odd_lines('utf8', b'\xff\xfe\xfd', b'192.0.2.9 - - [07/Mar/2018:10:00:00 +0000] "GET /\xc3\x28\xa0 HTTP/1.1" 200 9 '
                       b'"-" "Mozilla/5.0 \xe9t\xe9 (X11) Firefox"')

    def test_line_of_10_megabytes(self):
        self.odd_lines('long', b'x' * (10 << 20))

    def test_line_of_10_megabytes_in_bounded_memory(self):
        """400 MB in one line, out of a small file."""
        path = self.house.write('one.log.gz', gzip.compress(b'A' * (400 << 20), 1))
        running = self.house.spawn('suivi-weblog', *self.house.weblog_arguments(path))
        peak = 0
        while running.alive():
            with contextlib.suppress(OSError, TypeError):
                peak = max(peak, running.memory('VmHWM'))
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(0.02)
        self.assertEqual(running.wait(), 1, running.stderr())
        self.assertLess(peak, MEMORY)

    def test_truncated_gzip_then_whole(self):
        content = make_log(304, people=60)
        whole = gzip.compress(content)
        ran = self.weblog(self.house.write('cut.log.gz', whole[:len(whole) * 2 // 3]), code=1)
        self.assert_one_sentence(ran.err, 'cut.log.gz')
        self.assertGreater(sum(self.house.table('web.requests').values()), 0)
        self.weblog(self.house.write('whole.log.gz', whole))
        self.assert_figures(self.reference(content))

    def test_damaged_packing(self):
        whole = bytearray(gzip.compress(make_log(305)))
        for name, place in [('head', 12), ('middle', len(whole) // 2), ('crc', len(whole) - 6)]:
            with self.subTest(place=name):
                bad = whole.copy()
                bad[place] ^= 0x55
                ran = self.weblog(self.house.write(name + '.gz', bytes(bad)), site=name, state=name + '.state', code=1)
                self.assert_one_sentence(ran.err, name + '.gz')

    def test_state_without_permission(self):
        path = self.house.write('access.log', make_log(306))
        self.house.write('closed/file', b'')
        os.chmod(self.house.path('closed'), 0o500)
        ran = as_nobody(self, self.house, 'suivi-weblog', *self.house.weblog_arguments(path, state='closed/state'))
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assert_one_sentence(ran.stderr.decode(), self.house.path('closed'))

    def test_log_without_permission(self):
        path = self.house.write('access.log', make_log(307))
        os.chmod(path, 0)
        os.mkdir(self.house.path('open'))
        os.chmod(self.house.path('open'), 0o777)
        ran = as_nobody(self, self.house, 'suivi-weblog', *self.house.weblog_arguments(path, state='open/state'))
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assert_one_sentence(ran.stderr.decode(), path)

    def test_two_collectors_one_state(self):
        read, write = os.pipe()
        with os.fdopen(write, 'wb') as pipe:
            first = self.house.spawn('suivi-weblog', *self.house.weblog_arguments('-', languages='en'), stdin=read)
            os.close(read)
            house.until(lambda: os.path.exists(self.house.path('state')) and os.listdir(self.house.path('state')), 'a state')
            ran = self.house.run('suivi-weblog', *self.house.weblog_arguments('-'), code=None)
            while ran.code != 1:        # it was quicker than the first one's lock
                ran = self.house.run('suivi-weblog', *self.house.weblog_arguments('-'), code=None)
            self.assert_one_sentence(ran.err, self.house.path('state'))
            pipe.write(make_log(308))
        self.assertEqual(first.wait(), 0, first.stderr())

    def test_wrong_usage(self):
        path = self.house.write('access.log', make_log(309))
        state = ['--state', self.house.path('state')]
        for arguments in [[], state + [path], state + ['--site', 's'], state + ['--site', 's', '--format', 'elf', path],
                          state + ['--site', 's', '--no-such-option', path], state + ['--site', 's', '--follow', '-'],
                          state + ['--site', '', path], state + ['--site', 's', '--languages', ',,', path],
                          state + ['--site', 's', '--timeout', 'soon', path]]:
            with self.subTest(arguments=arguments):
                ran = self.house.run('suivi-weblog', *arguments, code=2)
                self.assertTrue(ran.err.strip())
                self.assertEqual(ran.out, '')

    def test_bad_robots_file(self):
        path = self.house.write('access.log', make_log(310))
        robots = self.house.write('robots.txt', b'date: 2020-01-01\ns good\ns [bad\n')
        ran = self.weblog(path, code=1, more=['--robots', robots])
        self.assert_one_sentence(ran.err, robots + ':3')

    def test_language_the_plan_does_not_have(self):
        """Refused events are told, kept in the dead-letter file, and the exit says so; what is good counts."""
        content = make_log(311)
        ran = self.weblog(self.house.write('access.log', content), languages='fr,tlh', default='tlh', code=1)
        self.assert_one_sentence(ran.err, 'tlh', 'refused')
        self.assertTrue(os.path.getsize(self.house.path('state', 'refused.log')))
        wanted = self.reference(content).count()['total']['web.requests']
        self.assertEqual(sum(self.house.table('web.requests').values()), wanted)


def as_nobody(test, home, name, *arguments):
    if os.getuid() == 0:
        def drop():
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    else:
        drop = None
    try:
        ran = subprocess.run([program(name), *arguments], preexec_fn=drop, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=house.LIMIT, env=home.environment())
    except PermissionError:
        test.skipTest('the programs are where nobody may run them')
    house.sound(name, ran.returncode, ran.stderr.decode())
    return ran


class Start(HouseTest):
    """suivid and how it may be started."""
    daemon = False

    def refuse(self, *arguments, code=1, **more):
        ran = self.house.run('suivid', *arguments, code=code, **more)
        self.assertNotIn('ready on', ran.err)
        self.assertEqual(ran.out, '')
        return ran.err

    def listening(self):
        return ['--data', self.house.data, '--listen', self.house.endpoint]

    def test_second_daemon_on_the_same_data(self):
        self.house.start()
        err = self.refuse('--data', self.house.data, '--listen', 'ipc://' + self.house.path('other.ipc'))
        self.assert_one_sentence(err, self.house.data)
        self.assert_serves()

    def test_second_daemon_on_the_same_endpoint(self):
        self.house.start()
        err = self.refuse('--data', self.house.path('data2'), '--listen', self.house.endpoint)
        self.assert_one_sentence(err, self.house.endpoint)
        self.assert_serves()

    def test_tcp_endpoint_taken(self):
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            endpoint = 'tcp://127.0.0.1:%d' % taken.getsockname()[1]
            err = self.refuse('--data', self.house.data, '--listen', endpoint)
            self.assert_one_sentence(err, endpoint)

    def test_endpoint_on_the_open_network(self):
        self.assertIn(self.house.run('suivid', '--data', self.house.data, '--listen', 'tcp://0.0.0.0:5999', code=None).code, (1, 2))

    def test_data_without_permission(self):
        self.house.write('closed/file', b'')
        os.chmod(self.house.path('closed'), 0o500)
        where = self.house.path('closed', 'data')
        ran = as_nobody(self, self.house, 'suivid', '--data', where, '--listen', 'ipc:///tmp/suivi-never.ipc')
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assert_one_sentence(ran.stderr.decode(), where)

    def test_data_is_a_file(self):
        path = self.house.write('file', b'')
        self.assert_one_sentence(self.refuse('--data', path, '--listen', self.house.endpoint), path)

    def test_data_of_something_else(self):
        self.house.write('data/data.mdb', b'this is no store' * 1000)
        self.assert_one_sentence(self.refuse(*self.listening()), self.house.data)

    def test_bad_framework(self):
        with open(os.path.join(house.SOURCE, 'config', 'nswp-2016-2020.yaml')) as file:
            good = file.read().splitlines()

        def with_line(wanted, instead):
            number = next(i for i, line in enumerate(good) if wanted in line)
            return number + 1, '\n'.join(good[:number] + [instead] + good[number + 1:]) + '\n'

        for wanted, instead in [('kind: count', '    kind: counter'), ('frequency: month', '    frequency: fortnight'),
                                ('dimensions: [site]', '    dimensions: [planet]'), ('  - id: web.visits', '  - id: Web Visits'),
                                ('plan: 2016/2020', 'plan: soon'), ('    label:', '    lable:'),
                                ('  - id: web.visits', '  - id: web.requests'), ('languages: [', '\tlanguages: [en')]:
            with self.subTest(instead=instead):
                number, text = with_line(wanted, instead)
                path = self.house.write('plan.yaml', text, 'w')
                err = self.refuse(*self.listening(), '--framework', path)
                self.assert_one_sentence(err, '%s:%d' % (path, number))
        self.assert_one_sentence(self.refuse(*self.listening(), '--framework', self.house.path('none.yaml')), 'none.yaml')
        empty = self.house.write('plan.yaml', b'')
        self.assert_one_sentence(self.refuse(*self.listening(), '--framework', empty), empty)

    def test_bad_settings(self):
        for text, number in [('data: /tmp/x\ncolour: red\n', 2), ('\n\nlisten: [ftp://example.org]\n', 3),
                             ('data: [a, b]\n', 1), ('listen: ["ipc:///tmp/x"\ndata: x\n', None), ('data: /a\ndata: /b\n', 2)]:
            with self.subTest(text=text):
                path = self.house.write('suivid.yaml', text, 'w')
                err = self.refuse('--config', path)
                self.assert_one_sentence(err, path + ':' + (str(number) if number else ''))
        err = self.refuse('--config', self.house.path('none.yaml'))
        self.assert_one_sentence(err, 'none.yaml')

    def test_wrong_usage(self):
        for arguments in (['--no-such-option'], ['--data'], ['something']):
            with self.subTest(arguments=arguments):
                self.assertTrue(self.refuse(*arguments, code=2).strip())

    def test_framework_that_changed(self):
        """Data of an indicator that the plan no longer has stays; a plan that makes nonsense of stored data is refused."""
        self.house.start()
        self.assert_serves()
        self.house.stop()
        with open(os.path.join(house.SOURCE, 'config', 'nswp-2016-2020.yaml')) as file:
            plan = file.read()
        begin, end = plan.index('  - id: web.requests'), plan.index('  - id: web.pageviews')
        path = self.house.write('plan.yaml', plan[:begin] + plan[end:], 'w')
        self.house.start('--framework', path)
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            self.assertEqual(len(peer.put([('web.requests', {'site': 's'})], [[0, at('2018-03-07'), 1]])['refused']), 1)
        self.house.stop()
        self.house.start()
        self.assertEqual(sum(self.house.table('web.requests').values()), 5)


class Socket(HouseTest):
    """What may come to the daemon's socket."""

    def tearDown(self):
        self.assert_serves()
        self.assertLess(self.house.daemon.memory('VmHWM'), MEMORY)

    def peer(self, source='peer@host'):
        peer = Peer(self.house.endpoint, source)
        self.addCleanup(peer.close)
        return peer

    def refused(self, code, *frames):
        peer = self.peer()
        peer.send_frames(*frames)
        error = peer.expect('error')
        self.assertEqual(error['code'], code, error)
        self.assertTrue(error['text'])
        return error

    def test_garbage_frames(self):
        rng = random.Random(5)
        peer = self.peer()
        for _ in range(2000):
            peer.send_frames(rng.randbytes(rng.choice([0, 1, 2, 7, 40, 300])))
        for size in (1 << 16, 1 << 20, 15 << 20):
            peer.send_frames(rng.randbytes(size))
        self.assertEqual(self.peer().hello()['last'], 0)

    def test_garbage_is_answered_bad(self):
        for frame in [b'', b'\xc0', b'hello', b'\x93\x01', msgpack.packb([VERSION]), msgpack.packb([VERSION, 'hello']),
                      msgpack.packb([VERSION, 'dance', {}]), msgpack.packb([VERSION, 'hello', 5]),
                      msgpack.packb([VERSION, 'hello', {}]), msgpack.packb({'version': 1}), b'\x93\x01\xa5hello\xdf\xff\xff\xff\xff',
                      b'\x93\x01\xa5batch\xdd\xff\xff\xff\xff', msgpack.packb([VERSION, 'welcome', {}]),
                      msgpack.packb([VERSION, 'hello', {'source': 'a@b', 'first': 0}]),
                      msgpack.packb([VERSION, 'hello', {'source': '', 'first': 1}]),
                      msgpack.packb([VERSION, 'hello', {'source': 'a\nb', 'first': 1}]),
                      msgpack.packb([VERSION, 'hello', {'source': 'x' * 1000, 'first': 1}]),
                      msgpack.packb([VERSION, 'hello', {'source': 'a@b', 'first': 1}]) + b'\x00']:
            with self.subTest(frame=frame[:40]):
                self.refused('bad', frame)

    def test_changed_bytes_of_good_messages(self):
        rng = random.Random(6)
        good = [msgpack.packb([VERSION, 'hello', {'source': 'm@h', 'outbox': 'o', 'software': 'x', 'first': 1}]),
                msgpack.packb([VERSION, 'batch', {'source': 'm@h', 'outbox': 'o', 'seq': 1, 'base': 1520000000, 'series': [
                    ['web.requests', {'site': 'mutant'}], ['web.visitors.unique', {'site': 'mutant', 'language': 'en'}]],
                    'events': [[0, 5, 3], [1, 6, b'\x01' + bytes(range(8))]]}]),
                msgpack.packb([VERSION, 'query', {'id': 1, 'indicators': ['web.*'], 'by': 'month', 'split': ['site'],
                                                  'from': '2018', 'to': '2018', 'where': {'site': 'mutant'}}])]
        peer = self.peer()
        for number in range(6000):
            frame = bytearray(rng.choice(good))
            for _ in range(rng.choice([1, 1, 2, 5])):
                frame[rng.randrange(len(frame))] = rng.choice([rng.randrange(256), 0xc1, 0xdf, 0xdd, 0xff, 0x00])
            if number % 5 == 0:
                frame = frame[:rng.randrange(len(frame))]
            peer.send_frames(bytes(frame))
        self.assertIsNotNone(self.peer().hello())

    def test_several_parts(self):
        peer = self.peer()
        hello = msgpack.packb([VERSION, 'hello', {'source': 'a@b', 'outbox': 'o', 'first': 1}])
        for frames in [(b'', hello), (hello, hello), (b'',) * 100, (hello, b''), (b'x' * 100000,) * 20]:
            peer.send_frames(*frames)
        self.assertEqual(self.peer().hello()['last'], 0)

    def test_future_version(self):
        error = self.refused('version', msgpack.packb([2, 'hello', {'source': 'a@b', 'outbox': 'o', 'first': 1}]))
        self.assertIn('2', error['text'])
        self.refused('version', msgpack.packb([1 << 40, 'anything', [], 'new', 'fields']))
        self.refused('version', msgpack.packb([0, 'hello', {}]))

    def test_ten_million_events(self):
        """As a frame that promises them, as one that holds as many as a frame may, and as one that is cut off (40 MB)."""
        head = msgpack.packb([VERSION, 'batch'])[1:]
        fields = (b'\x86' + b''.join(msgpack.packb(part) for part in (
            'source', 'big@host', 'outbox', 'o', 'seq', 1, 'base', at('2018-03-07'), 'series',
            [['web.requests', {'site': 'big'}]], 'events')))
        promise = b'\x93' + head + fields + b'\xdd' + struct.pack('>I', 10_000_000)
        error = self.refused('bad', promise + b'\x93\x00\x00\x01' * 1000)
        self.assertIn('10000000', error['text'].replace(' ', '').replace(',', ''))
        self.refused('bad', promise + b'\x93\x00\x00\x01' * 4_000_000)
        with Peer(self.house.endpoint, limit=1) as peer:
            peer.send_frames(promise + b'\x93\x00\x00\x01' * 10_000_000)
            self.assertRaises(NoAnswer, peer.receive)
        self.assertEqual(self.house.table('web.requests', '--where', 'site=big'), {})

    def test_two_million_events_in_a_frame_that_may_be(self):
        promise = msgpack.packb([VERSION, 'batch', {'source': 'b@h', 'outbox': 'o', 'seq': 1, 'base': 0, 'series': [
            ['web.requests', {'site': 'big'}]], 'events': [[0, 0, 1]] * 2_000_000}])
        self.refused('bad', promise)

    def test_too_much_that_is_kept_one_by_one(self):
        """As many sets, or levels, as an older collector may have in its outbox are taken; more are refused whole."""
        most, day = 1 << 18, at('2018-03-07')
        for number, (indicator, dims, value) in enumerate([
                ('web.visitors.unique', {'site': 'big', 'language': 'en'}, members(7)), ('members.total', {'region': 'africa'}, 5)]):
            with self.subTest(indicator=indicator):
                peer = self.peer('many-%d@host' % number)
                self.assertLess(peer.hello()['max_others'], most)
                peer.send('batch', peer.batch([(indicator, dims)], [[0, day, value]] * (most + 1)))
                error = peer.expect('error')
                self.assertEqual((error['code'], error['source'], error['seq']), ('bad', peer.source, 1))
                self.assertIn('more than 262144 of its events', error['text'])
                self.assertEqual(self.house.table(indicator), {})
                ack = peer.put([(indicator, dims)], [[0, day, value]] * most)
                self.assertEqual((ack['accepted'], list(ack.get('refused', []))), (most, []))

    def test_long_strings(self):
        text = 'x' * (10 << 20)
        for fields in [{'source': text, 'first': 1}, {'source': 'a@b', 'outbox': text, 'first': 1},
                       {'source': 'a@b', 'software': text, 'first': 1}]:
            self.refused('bad', msgpack.packb([VERSION, 'hello', fields]))
        self.refused('bad', msgpack.packb([VERSION, text, {}]))
        peer = self.peer()
        peer.hello()
        for series in [[[text, {}]], [['web.requests', {'site': text}]], [['web.requests', {text: 'x'}]]]:
            peer.send('batch', dict(peer.batch([], []), series=series, events=[[0, 0, 1]]))
            type, answer = peer.receive()
            self.assertTrue((type == 'error' and answer['code'] == 'bad') or answer.get('refused'), answer)
        peer = self.peer()
        peer.send('query', {'id': 1, 'indicators': [text]})
        self.assertEqual(peer.expect('error')['code'], 'bad')

    def test_deep_nesting(self):
        for opening in (b'\x91', b'\x81\xa1a', b'\xdc\x00\x01'):
            with self.subTest(opening=opening):
                self.refused('bad', b'\x93\x01\xa5hello\x82\xa6source\xa3a@b\xa3odd' + opening * 3_000_000)

    def test_unknown_keys_are_passed_over(self):
        peer = self.peer()
        peer.send('hello', {'source': 'new@host', 'outbox': 'o', 'software': 's', 'first': 1, 'mood': [1, {'a': None}], 'x': 1.5})
        self.assertEqual(peer.expect('welcome')['last'], 0)

    def test_not_zeromq(self):
        """Someone opens the socket and talks something else."""
        for text in (b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', bytes(100000), random.Random(7).randbytes(100000)):
            with socket.socket(socket.AF_UNIX) as plain:
                plain.settimeout(house.LIMIT)
                plain.connect(self.house.endpoint[len('ipc://'):])
                with contextlib.suppress(OSError):
                    plain.sendall(text)
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(65536):
                        pass

    def test_many_peers(self):
        peers = [self.peer() for _ in range(100)]
        for number, peer in enumerate(peers):
            peer.source = 'many%d@host' % number
            peer.say_hello(1)
        for peer in peers:
            self.assertEqual(peer.expect('welcome')['last'], 0)

    def test_peer_that_never_reads(self):
        """It asks and asks and takes no answer: the daemon may drop answers, but neither grows nor stops."""
        deaf = self.peer()
        deaf.socket.setsockopt(zmq.RCVHWM, 1)
        for _ in range(20000):
            deaf.send('query', {'id': 1, 'indicators': ['web.*']})
        self.assert_serves()


class Questions(HouseTest):
    """`suivi figures` and what it may be asked."""

    def test_unknown_indicator(self):
        ran = self.house.run('suivi', 'figures', 'web.nonsense', code=1)
        self.assert_one_sentence(ran.err, 'web.nonsense')
        self.assertEqual(ran.out, '')

    def test_no_daemon(self):
        self.house.stop()
        ran = self.house.run('suivi', 'figures', code=1)
        self.assert_one_sentence(ran.err, self.house.endpoint)

    def test_wrong_usage(self):
        for arguments in [[], ['dance'], ['figures', '--by', 'fortnight'], ['figures', '--format', 'pdf'], ['figures', '--from'],
                          ['figures', '--from', '2018-3'], ['figures', '--to', 'march'], ['figures', '--where', 'site'],
                          ['figures', '--no-such-option']]:
            with self.subTest(arguments=arguments):
                ran = self.house.run('suivi', *arguments, code=2)
                self.assertTrue(ran.err.strip())
                self.assertEqual(ran.out, '')

    def test_unknown_dimension(self):
        for arguments in (['--split', 'planet'], ['--where', 'planet=mars']):
            with self.subTest(arguments=arguments):
                ran = self.house.run('suivi', 'figures', 'web.requests', *arguments, code=None)
                self.assertIn(ran.code, (1, 2))
                self.assert_one_sentence(ran.err, 'planet')

    def test_stdout_closed(self):
        with Peer(self.house.endpoint) as peer:
            peer.hello()
            peer.count('web.requests', {'site': 's'}, '2018-03-07', 1)
        with open('/dev/full', 'wb') as full:
            ran = subprocess.run([program('suivi'), 'figures', '--format', 'csv'], stdout=full, stderr=subprocess.PIPE,
                                 env=self.house.environment(), timeout=house.LIMIT)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertTrue(ran.stderr)


if __name__ == '__main__':
    house.main()
