"""The seizure: whoever takes the daemon's disk, memory, logs, backups or wire, or the collector's disk once a month's key is gone,
learns totals and not who came. Values are planted in a log and a register, everything is taken, and searched for each of them, in
many encodings and in every digest that needs no key; and who has a list of people to try does no better than chance."""
import base64
import calendar
import hashlib
import ipaddress
import json
import math
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

import house
from house import BUILD, SANITIZE
from kinds_case import seed_of_tests

SEED = seed_of_tests()
SEIZING = os.path.join(BUILD, 'tests', 'seizing')
MONTHS = ('2018-01', '2018-02', '2018-03')          # those of the planted visitors
LATER = ('2018-04', '2018-05', '2018-06', '2018-07')
CHUNK = 1 << 20

MAPPING = b"""entries:
  - indicator: leaders.mentored
    at: {column: day}
    name: {column: leader}
    dims:
      region: {column: region}
"""


# Who came

class Visitor:
    def __init__(self, dice, number, six):
        token = ''.join(dice.choice('hjkmqvxz') for _ in range(14))     # no robot's name
        if six:
            self.address = str(ipaddress.IPv6Address(0x2a << 120 | dice.getrandbits(120)))
        else:
            self.address = '.'.join(str(dice.randint(101, 223)) for _ in range(4))
        self.agent = 'Mozilla/5.0 (X11; %s-agent) Gecko/%d' % (token, number)
        self.user = token + '-user'
        self.referrer = 'https://%s-referrer.example/from' % token
        self.mail = token + '-mail@example.org'
        self.path = '/en/%s-path' % token

    def line(self, at, path=None, status=200):
        when = time.strftime('%d/%b/%Y:%H:%M:%S +0000', time.gmtime(at))
        return '%s - %s [%s] "GET %s?mail=%s HTTP/1.1" %d 512 "%s" "%s"\n' % (
            self.address, self.user, when, path or self.path, self.mail, status, self.referrer, self.agent)

    def values(self):
        return [self.address, self.agent, self.user, self.referrer, self.mail, self.path]


def noon(month, day):
    return calendar.timegm(time.strptime('%s-%02d 12' % (month, day), '%Y-%m-%d %H'))


def log_of(visitors, months, dice, days=3):
    """Each on some days of each month, twice, with a download."""
    lines = []
    for month in months:
        for visitor in visitors:
            for day in dice.sample(range(1, 29), days):
                at = noon(month, day) + dice.randint(0, 20000)
                lines += [(at, visitor.line(at)), (at + 60, visitor.line(at + 60)),
                          (at + 90, visitor.line(at + 90, visitor.path + '.pdf')), (at + 9000, visitor.line(at + 9000))]
    return ''.join(line for _, line in sorted(lines)).encode()


# What a thief looks for

def base64_of(data):
    """However it is aligned: the part that does not hang on what stands before and after."""
    found = []
    for shift in range(3):
        text = base64.b64encode(b'\0' * shift + data)
        first = -(-shift * 8 // 6)
        last = (shift + len(data)) * 8 // 6
        found.append(text[first:last])
    return found


def encodings(text):
    data = text.encode()
    forms = [data, data.upper(), data.lower(), text.encode('utf-16-le'), text.encode('utf-16-be'), text.upper().encode('utf-16-le'),
             data.hex().encode(), data.hex().upper().encode(), urllib.parse.quote(text, safe='').encode(), data[::-1]]
    try:
        packed = ipaddress.ip_address(text).packed
        forms += [packed, packed[::-1], packed.hex().encode()] if len(packed) == 16 else [packed.hex().encode()]
    except ValueError:
        pass
    return set(forms + base64_of(data))


def digested(visitor):
    """What of it a collector might hash."""
    address, agent, path = visitor.address.encode(), visitor.agent.encode(), visitor.path.encode()
    lengths = struct.pack('<QQ', len(address), len(agent) + 1)
    texts = [address, agent, address + agent, agent + address, lengths + address + agent, lengths + address + agent + path,
             struct.pack('<QQ', len(address), 0) + address, visitor.user.encode(), visitor.mail.encode(), visitor.referrer.encode()]
    texts += [address + between + agent for between in (b' ', b'\0', b'|', b'\t', b',', b':', b'\n')]
    packed = ipaddress.ip_address(visitor.address).packed
    return texts + [packed, packed + agent]


def seizing(*arguments, stdin=b''):
    return subprocess.run([SEIZING, *arguments], input=stdin, stdout=subprocess.PIPE, check=True).stdout.decode().split('\n')[:-1]


def lines_of(items):
    return '\n'.join(item.hex() for item in items).encode() + b'\n'


def digests(texts):
    """Of each text all that need no key: (long ones, of 8 bytes or more; short ones, of 4)."""
    long, short = set(), set()
    for text, line in zip(texts, seizing('hashes', stdin=lines_of(texts))):
        values = [bytes.fromhex(value) for value in line.split(' ')]
        values += [hashlib.new(name, text).digest() for name in ('md5', 'sha1', 'sha256', 'sha512', 'sha3_256', 'blake2b')]
        values += [function(text).to_bytes(4, 'big') for function in (zlib.crc32, zlib.adler32)]
        for value in values:
            if len(value) == 4:
                short |= {value, value[::-1]}
                continue
            for part in {value, value[:8], value[-8:]}:
                long |= {part, part[::-1], part.hex().encode(), part.hex().upper().encode()}
    return long, short


class Search:
    """Needles, each with what it is of."""
    def __init__(self, folder):
        self.folder, self.needles, self.what = folder, [], []

    def add(self, what, needles):
        for needle in needles:
            self.needles.append(needle)
            self.what.append(what)

    def among(self, *paths):
        """{what: where} of all that is found."""
        path = os.path.join(self.folder, 'needles')
        with open(path, 'wb') as file:
            file.write(lines_of(self.needles))
        found = {}
        for line in seizing('search', path, *paths):
            number, where, place = line.split(' ')
            found.setdefault(self.what[int(number)], []).append('%s in %s at %s' % (
                self.needles[int(number)], os.path.basename(where), place))
        return found


# What is taken

class Tap:
    """Stands on a Unix socket between the programs and the daemon, and writes down every byte of both directions."""
    def __init__(self, path, daemon, record):
        self.daemon, self.file, self.lock = daemon, open(record, 'wb'), threading.Lock()
        self.record, self.ends = record, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(16)
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                front, _ = self.socket.accept()
            except OSError:
                return
            back = socket.socket(socket.AF_UNIX)
            back.connect(self.daemon)
            for one, other in ((front, back), (back, front)):
                self.ends.append((one, threading.Thread(target=self.pass_on, args=(one, other), daemon=True)))
                self.ends[-1][1].start()

    def pass_on(self, one, other):
        while True:
            try:
                data = one.recv(1 << 16)
                other.sendall(data)
            except OSError:
                data = b''
            with self.lock:
                self.file.write(data)
            if not data:
                self.hang_up(one, other)
                return

    @staticmethod
    def hang_up(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.hang_up(self.socket, *(end for end, _ in self.ends))
        self.accepting.join()
        for end, thread in self.ends:
            thread.join()
            end.close()
        self.socket.close()
        self.file.close()


def dump_memory(pid, path):
    """All that a core dump could hold, and more: every mapping that can be read."""
    with open('/proc/%d/maps' % pid) as maps, open('/proc/%d/mem' % pid, 'rb', 0) as memory, open(path, 'wb') as out:
        for line in maps:
            area, access = line.split()[:2]
            if 'r' not in access or line.rstrip().endswith(('[vvar]', '[vsyscall]', '[vvar_vclock]')):
                continue
            begin, end = (int(number, 16) for number in area.split('-'))
            for at in range(begin, end, CHUNK):
                try:
                    memory.seek(at)
                    out.write(memory.read(min(CHUNK, end - at)))
                except OSError:         # past the end of a mapped file
                    continue


def files_below(*folders):
    return sorted(os.path.join(at, name) for folder in folders for at, _, names in os.walk(folder) for name in names
                  if os.path.isfile(os.path.join(at, name)))


class SeizureTest(house.HouseTest):
    def setUp(self):
        super().setUp()
        print('seed %d' % SEED, file=sys.stderr)
        self.dice = random.Random(SEED)
        self.said = []          # what the programs say to people, and to the journal
        real = self.house.endpoint[len('ipc://'):]
        self.tap = Tap(real + '-tap', real, self.house.path('wire'))
        self.addCleanup(self.tap.close)
        self.house.endpoint = 'ipc://' + real + '-tap'
        self.visitors = [Visitor(self.dice, number, six=number % 2) for number in range(24)]
        self.names = ['%s %s' % (self.token().title(), self.token().title()) for _ in range(6)]

    def token(self):
        return ''.join(self.dice.choice('bcdfghjkmnpqrstvwxz') for _ in range(9))

    def run_program(self, *arguments, **how):
        ran = self.house.run(*arguments, **how)
        self.said += [ran.out.encode(), ran.err.encode()]
        return ran

    def weblog(self, *files, state='state', site='site'):
        self.run_program('suivi-weblog', *self.house.weblog_arguments(*files, state=state, site=site, languages='en,fr', default='en'))

    def record_names(self):
        state = ['--state', self.house.path('people')]
        for number, name in enumerate(self.names[:3]):
            self.run_program('suivi', 'record', *state, 'leaders.mentored', '--at', '2018-02-0%d' % (number + 1), '--dim',
                             'region=africa', '--name', name if number else '-', stdin=name.encode())
        rows = ''.join('2018-03-0%d,%s,europe\n' % (number + 1, name) for number, name in enumerate(self.names[3:]))
        path = self.house.write('names.csv', ('day,leader,region\n' + rows).encode())
        self.run_program('suivi', 'import', *state, path, '--mapping', self.house.write('mapping.yaml', MAPPING))

    def count_visitors(self):
        """The planted ones; with a line that is none, and a robot's."""
        robot = Visitor(self.dice, 99, six=False)
        robot.agent += ' Googlebot/2.1'
        broken = Visitor(self.dice, 98, six=True)
        self.visitors += [robot, broken]
        log = log_of(self.visitors[:-1], MONTHS, self.dice) + broken.line(0).replace('GET', '"GET').replace(' 200 ', ' x ').encode()
        self.log = self.house.write('access.log', log)
        self.weblog(self.log)

    def let_months_pass(self, state='state', site='site'):
        others = [Visitor(self.dice, number, six=False) for number in range(3)]
        self.weblog(self.house.write('later-%s.log' % site, log_of(others, LATER, self.dice)), state=state, site=site)

    def ask(self):
        self.assertEqual(self.figure('web.visitors.unique', '2018-02'), len(self.visitors) - 2)
        self.assertEqual(self.figure('leaders.mentored', '2018-02'), 3)
        for id in ('web.visitors.unique', 'leaders.mentored'):
            self.run_program('suivi', 'explain', id, '2018-02')
        self.run_program('suivi', 'close', '2018-01')
        self.run_program('suivi', 'check')

    def figure(self, id, month):
        rows = json.loads(self.run_program('suivi', 'figures', id, '--from', month, '--to', month, '--format', 'json').out)
        return rows['figures'][0]['value'] if isinstance(rows, dict) else rows[0]['value']

    # Taking and searching

    def take_daemon(self, memory=True):
        """Paths of all there is of the daemon."""
        loot = []
        if memory and not SANITIZE:     # whose shadow memory fills the address space
            dump_memory(self.house.daemon.pid, self.house.path('memory'))
            loot.append(self.house.path('memory'))
            self.assertGreater(os.path.getsize(loot[-1]), 1 << 20)
        self.tap.file.flush()
        words = self.house.write('words', self.house.daemon.stderr().encode() + b''.join(self.said))
        copies = []
        for path in files_below(self.house.data):
            with open(path, 'rb') as file:
                copies.append(self.house.write(os.path.join('backup', os.path.basename(path)), file.read()))
        self.assertIn('data.mdb', [os.path.basename(path) for path in copies])
        return loot + copies + [self.tap.record, words]

    def search_of_all(self):
        """What must not be found, and what is told by the like of it."""
        search = Search(self.house.directory)
        texts = [(kind, value) for visitor in self.visitors for kind, value in
                 zip(('address', 'agent', 'user', 'referrer', 'mail', 'path'), visitor.values())]
        texts += [('name', name) for name in self.names]
        for kind, value in texts:
            search.add('%s %s' % (kind, value), encodings(value))
        hashed = [text for visitor in self.visitors for text in digested(visitor)]
        hashed += [form.encode() for name in self.names for form in (name, name.lower(), name.casefold(), name.upper())]
        long, self.short = digests(hashed)
        self.short |= {order for visitor in self.visitors[::2]
                       for order in self.packed_orders(visitor.address)}
        search.add('a digest', long)
        return search

    @staticmethod
    def packed_orders(address):
        packed = ipaddress.ip_address(address).packed
        return [packed, packed[::-1]] if len(packed) == 4 else []

    def assert_nothing(self, search, loot):
        found = search.among(*loot)
        self.assertEqual(found, {}, '%d of %d sorts of needles were found' % (len(found), len(set(search.what))))
        self.assert_short_by_chance(loot)

    def assert_short_by_chance(self, loot):
        """Four bytes are found anywhere by chance; of what was kept, all would be. Zeros and text are no chance, so drawn ones of
        the same number are looked for, too; more than twice as many as of these, and 10, come by chance less than once in 10^4."""
        drawn = set()
        while len(drawn) < len(self.short):
            drawn.add(self.dice.randbytes(4))
        counts = []
        for needles in (self.short, drawn):
            search = Search(self.house.directory)
            search.add('', sorted(needles))
            counts.append(len(search.among(*loot).get('', [])))
        self.assertLessEqual(counts[0], 2 * counts[1] + 10, '%s of %d' % (counts, len(self.short)))


class TheDaemon(SeizureTest):
    def test_nothing_of_who_came(self):
        self.count_visitors()
        self.record_names()
        self.ask()
        loot = self.take_daemon()
        search = self.search_of_all()
        self.assertGreater(len(search.needles), 10000)
        self.assert_nothing(search, loot)
        self.house.stop()
        self.assert_nothing(search, self.take_daemon(memory=False) + files_below(self.house.data))

    def test_the_search_finds_what_is_there(self):
        """In the log itself; and whatever is put into a copy of the data on purpose."""
        self.count_visitors()
        self.record_names()
        search = self.search_of_all()
        found = search.among(self.log, self.house.path('names.csv'))
        for visitor in self.visitors:
            for kind, value in zip(('address', 'agent', 'user', 'referrer', 'mail', 'path'), visitor.values()):
                self.assertIn('%s %s' % (kind, value), found)
        for name in self.names[3:]:     # those that were imported from a file
            self.assertIn('name ' + name, found)
        self.house.stop()
        with open(os.path.join(self.house.data, 'data.mdb'), 'rb') as file:
            data = file.read()
        path = self.house.path('planted.mdb')
        for number in self.dice.sample(range(len(search.needles)), 60):
            needle = search.needles[number]
            place = self.dice.randrange(len(data) - len(needle))
            with open(path, 'wb') as file:
                file.write(data[:place] + needle + data[place + len(needle):])
            with self.subTest(needle=needle):
                self.assertIn(search.what[number], search.among(path))
        with open(path, 'wb') as file:
            file.write(data + b''.join(self.short))
        with self.assertRaises(AssertionError):
            self.assert_short_by_chance([path])

    def test_the_tap_sees_the_wire(self):
        self.count_visitors()
        self.tap.file.flush()
        search = Search(self.house.directory)
        search.add('id', [b'web.visitors.unique'])
        self.assertIn('id', search.among(self.tap.record))


class TheCollector(SeizureTest):
    """Its disk, when the months of the planted visitors are over."""
    def setUp(self):
        super().setUp()
        self.count_visitors()
        self.record_names()
        keys = self.house.path('state', 'keys')
        self.assertTrue(set(MONTHS[-2:]) <= set(os.listdir(keys)))
        self.kept, self.links = {}, {}
        for month in MONTHS[-2:]:
            with open(os.path.join(keys, month), 'rb') as file:
                self.kept[month] = file.read()
            self.links[month] = self.house.path('link-' + month)
            os.link(os.path.join(keys, month), self.links[month])
        self.let_months_pass()

    def true_hashes(self, month):
        texts = []
        for visitor in self.visitors[:-2]:
            address, agent = visitor.address.encode(), visitor.agent.encode()
            texts.append(struct.pack('<QQ', len(address), len(agent) + 1) + address + agent)
        path = self.house.write('stolen-key', self.kept[month])
        return [int(line, 16).to_bytes(8, 'big') for line in seizing('keyed', path, stdin=lines_of(texts))]

    def test_the_keys_are_gone(self):
        """Overwritten, not only unlinked; and no copy of them anywhere."""
        self.assertFalse(set(MONTHS) & set(os.listdir(self.house.path('state', 'keys'))))
        search = Search(self.house.directory)
        for month, key in self.kept.items():
            with open(self.links[month], 'rb') as file:
                self.assertNotEqual(file.read(), key)
            search.add(month, [key, key[::-1], key[:16], key[16:], key.hex().encode(), *base64_of(key)])
        loot = files_below(self.house.path('state'), self.house.path('people')) + self.take_daemon()
        self.assertEqual(search.among(*loot), {})

    def test_nothing_of_who_came(self):
        """Also in the free pages of its outbox; though the keyed hashes are there, as who has the key can see."""
        loot = files_below(self.house.path('state'), self.house.path('people'))
        self.assertIn('outbox.mdb', [os.path.basename(path) for path in loot])
        self.assert_nothing(self.search_of_all(), loot)
        for month in self.kept:
            search = Search(self.house.directory)
            for number, value in enumerate(self.true_hashes(month)):
                search.add(number, [value, value[::-1]])
            self.assertEqual(len(search.among(*files_below(self.house.data))), len(self.visitors) - 2)


class WhoHasAList(SeizureTest):
    """Of people who may have come: half of them did. Without the key each draws keys of his own, and learns nothing."""
    keys = 20

    def candidates(self, count):
        """(those who came, those who did not), as a collector hashes them."""
        def texts():
            for number in range(count):
                visitor = Visitor(self.dice, number, six=number % 2)
                self.people.append(visitor)
                address, agent = visitor.address.encode(), visitor.agent.encode()
                yield struct.pack('<QQ', len(address), len(agent) + 1) + address + agent
        self.people = []
        came = list(texts())
        lines = sorted((at, visitor.line(at)) for visitor in self.people
                       for at in [noon('2018-01', self.dice.randint(1, 28)) + self.dice.randint(0, 30000)])
        log = self.house.write('crowd.log', ''.join(line for _, line in lines).encode())
        self.weblog(log, state='crowd', site='crowd')
        with open(self.house.path('crowd', 'keys', '2018-01'), 'rb') as file:
            self.key = file.read()
        self.let_months_pass(state='crowd', site='crowd')
        self.assertNotIn('2018-01', os.listdir(self.house.path('crowd', 'keys')))
        return came, list(texts())

    def hashed(self, key, texts):
        return seizing('keyed', self.house.write('a-key', key), stdin=lines_of(texts))

    def test_against_an_exact_set(self):
        came, others = self.candidates(400)
        self.house.stop()
        loot = files_below(self.house.data, self.house.path('crowd'))

        def hits(key):
            search = Search(self.house.directory)
            for who, texts in (('came', came), ('others', others)):
                search.add(who, [bytes.fromhex(line) for line in self.hashed(key, texts)])
            found = search.among(*loot)
            return len(found.get('came', [])), len(found.get('others', []))

        self.assertEqual(hits(self.key), (400, 0))      # who has the key knows each of them
        for _ in range(self.keys):                      # 800 numbers of 64 bits are there by chance once in 10^13
            self.assertEqual(hits(self.dice.randbytes(32)), (0, 0))

    def test_against_an_estimated_set(self):
        """A hash that the set may hold leaves it as it is. The shares of those who came and of the others differ by chance by more
        than five standard deviations once in 1.7 million."""
        came, others = self.candidates(3000)
        self.house.stop()
        path = os.path.join(self.house.data, 'data.mdb')
        places = seizing('sets', path)
        self.assertGreater(len(places), 0)

        def shares(key, place):
            return [sum(line == '1' for line in seizing('fits', path, place, stdin='\n'.join(self.hashed(key, texts)).encode() + b'\n'))
                    for texts in (came, others)]

        told = [shares(self.key, place) for place in places]
        self.assertIn(3000, [fit for fit, _ in told])
        place = places[[fit for fit, _ in told].index(3000)]
        self.assertLess(shares(self.key, place)[1], 2700)       # who has the key can tell
        sums = [sum(column) for column in zip(*(shares(self.dice.randbytes(32), place) for _ in range(self.keys)))]
        tried = 3000 * self.keys
        share = sum(sums) / (2 * tried)
        bound = 5 * math.sqrt(2 * share * (1 - share) / tried)
        self.assertTrue(0.05 < share < 0.95, share)
        self.assertLessEqual(abs(sums[0] - sums[1]) / tried, bound)


if __name__ == '__main__':
    house.main()
