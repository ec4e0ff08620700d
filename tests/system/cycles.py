#!/usr/bin/python3
"""The real programs under load, killed over and over: suivid, three suivi-weblog on logs that grow and are rotated (one of them
follows), two counting collectors (counting.c) and two peers in Python that never stop sending. Each cycle ends some of them at a
random moment (in start-up, in work, in shutdown, with a commit under way or not) by kill -9, or stops them for a while; then
all go on. After each round everything must be there exactly once: every figure, and the daemon's ledger.

usage: cycles.py [CYCLES | --minutes N] [--seed N]

Without a number: ten minutes. SIGINT ends it after the present round. Exit 0: all was right. Else the seed, what is wrong and
the directory with everything that was there are told, and the directory is kept.
"""
import argparse
import collections
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import make_logs
from house import BUILD, House, Running, SANITIZE, program
from peer import NoAnswer, Peer, at
from reference import ADDITIVE, parse, Reference, WITH_LANGUAGE

ROUND = 100             # cycles between two looks at the figures
LANGUAGES = 'en,fr,es,ru,zh'
APART = {'start_new_session': True}     # Ctrl-C is for this program alone
SLOW = 8 if SANITIZE else 1
# What no collector may ever say when programs are killed, and nothing else is wrong.
NEVER = re.compile(r'older copy|no longer has|damaged|refused|another collector|another process|too late|missing a batch')


class Wrong(Exception):
    pass


class Site:
    """A website whose log grows while it is counted. Lines are fed in the order of their time, and a file is rotated when it has
    been read most likely: what is counted out of order may change whether somebody came back, after that was told. No file
    begins with a malformed line, which would count on another day there (docs/weblog.md)."""

    def __init__(self, home, name, rng, follows):
        self.home, self.name, self.rng, self.follows = home, name, rng, follows
        self.lines = make_logs.lines(rng.randrange(1 << 30), people=60, days=50, start='2018-01-05', late=False)
        while parse(self.lines[0], 'combined') is None:
            del self.lines[0]
        self.fed = self.rotated = self.fed_since = 0
        self.log = home.path(name, 'access.log')
        home.write(os.path.join(name, 'access.log'), b'')
        self.running = None

    def feed(self, until_part):
        """More lines, and now and then another file."""
        end = int(len(self.lines) * until_part)
        with open(self.log, 'ab') as log:
            log.write(b''.join(line + b'\n' for line in self.lines[self.fed:end]))
        self.fed, self.fed_since = end, self.fed_since + 1
        well = self.fed < len(self.lines) and parse(self.lines[self.fed], 'combined') is not None
        if self.rng.random() < 0.2 and self.fed_since > 10 and well and (self.follows or not self.running):
            self.rotate()

    def rotate(self):
        self.rotated, self.fed_since = self.rotated + 1, 0
        old = '%s.%d' % (self.log, self.rotated)
        os.rename(self.log, old)
        with open(self.log, 'wb'):
            pass
        if self.rng.random() < 0.3 and not self.follows:
            subprocess.run(['gzip', old], check=True)

    def logs(self):
        folder = os.path.dirname(self.log)
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.startswith('access.log'))

    def command(self, last=False):
        files = [self.log] if self.follows and not last else self.logs()
        return [program('suivi-weblog'), '--timeout', str(60 * SLOW if last else 2), '--source', self.name,
                *(['--follow'] if self.follows and not last else []),
                *self.home.weblog_arguments(*files, site=self.name, state=os.path.join(self.name, 'state'), languages=LANGUAGES,
                                            default='en')]

    def check(self):
        reference = Reference(LANGUAGES.split(','), 'en').add(b''.join(line + b'\n' for line in self.lines[:self.fed]))
        where = ['--where', 'site=' + self.name]
        counted, split = reference.count(), reference.count(split=True)
        same(self.name + ' by month', self.home.table('web.*', *where), counted['month'])
        same(self.name + ' by day', self.home.table(*ADDITIVE, *where, by='day'), counted['day'])
        same(self.name + ' by language', self.home.table(*WITH_LANGUAGE, *where, split=['language']),
             {key: value for key, value in split['month'].items() if key[0] in WITH_LANGUAGE})


class Counting:
    """counting.c; what number n is worth is said there."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        self.running = None

    def command(self, last=False):
        return [os.path.join(BUILD, 'tests', 'counting'), self.home.path(self.name, 'state'), self.name, self.name,
                *(['1'] if last else [])]

    def feed(self, until_part):
        pass

    def check(self):
        out = self.home.path(self.name, 'last')
        with open(out) as file:
            last = int(file.read())
        wanted, members = collections.Counter(), collections.defaultdict(set)
        for number in range(1, last + 1):
            month = time.strftime('%Y-%m', time.gmtime(at('2018-01-01', 0) + number % 90 * 86400))
            wanted['web.requests', month] += number % 9 + 1
            members['web.visitors.unique', month].add(number % 500)
        wanted.update({key: len(hashes) for key, hashes in members.items()})
        same(self.name, self.home.table('web.*', '--where', 'site=' + self.name), dict(wanted))
        return 2 * last


class Sending(threading.Thread):
    """A peer that sends without end, over every restart of the daemon: batch n is the same whenever it is sent."""

    def __init__(self, endpoint, name, seed):
        super().__init__(daemon=True)
        self.endpoint, self.name, self.seed = endpoint, name, seed
        self.ending, self.fault = threading.Event(), None
        self.acked = self.repeated = 0

    def events(self, seq):
        rng = random.Random('%d %s %d' % (self.seed, self.name, seq))
        return [[0, at('2018-%02d-%02d' % (rng.randrange(1, 13), rng.randrange(1, 29))), rng.randrange(1, 9)]
                for _ in range(rng.randrange(1, 60))]

    def run(self):
        try:
            while not self.ending.is_set():
                with Peer(self.endpoint, self.name, 'outbox', limit=0.5 * SLOW) as peer:
                    self.converse(peer)
        except Exception as fault:
            self.fault = fault

    def converse(self, peer):
        try:
            last = peer.hello()['last']
            if last < self.acked:
                raise Wrong('%s: %d was acknowledged, and now %d is the last' % (self.name, self.acked, last))
            self.acked = sending = last
            while not self.ending.is_set():
                while sending < self.acked + 8:
                    sending += 1
                    peer.send('batch', peer.batch([('web.requests', {'site': self.name})], self.events(sending), seq=sending))
                type, answer = peer.receive()
                if type == 'ack':
                    self.acked = max(self.acked, answer['seq'])
                    self.repeated += answer['repeated']
                elif answer.get('code') == 'sequence':
                    return      # another daemon, which wants to hear hello
                elif type == 'error':
                    raise Wrong('%s was told: %s' % (self.name, answer['text']))
        except NoAnswer:
            pass        # hello again, by another connection

    def finish(self):
        self.ending.set()
        self.join()
        if self.fault:
            raise self.fault

    def check(self, home):
        """What came after the last ack may have been counted, too."""
        with Peer(self.endpoint, self.name, 'outbox') as peer:
            last = peer.hello()['last']
        if last < self.acked:
            raise Wrong('%s: %d was acknowledged, and now %d is the last' % (self.name, self.acked, last))
        wanted, events = collections.Counter(), 0
        for seq in range(1, last + 1):
            for _, when, value in self.events(seq):
                wanted['web.requests', time.strftime('%Y-%m', time.gmtime(when))] += value
                events += 1
        same(self.name, home.table('web.requests', '--where', 'site=' + self.name), dict(wanted))
        return last, events


def same(what, found, wanted):
    found = {key: value for key, value in found.items() if value != 0}
    if found != wanted:
        different = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        raise Wrong('%s: %d figures are wrong: %s' % (what, len(different), '; '.join(
            '%s is %s, not %s' % (' '.join(key), found.get(key), wanted.get(key)) for key in different[:5])))


def ledger(data):
    """{source: {what: number}} of a daemon that has stopped, as docs/store.md has it, read by a tool that is not ours."""
    names = ('last', 'batches', 'again', 'read', 'accepted', 'refused', 'repeated', 'missing')
    dump = subprocess.run(['mdb_dump', '-s', 'ledger', data], stdout=subprocess.PIPE, check=True).stdout.decode()
    lines = [bytes.fromhex(line.strip()) for line in dump.split('HEADER=END\n')[1].split('DATA=END')[0].splitlines()]
    rows = {}
    for key, row in zip(lines[::2], lines[1::2]):
        source = key.split(b'\0')[0].decode()
        if source in rows:
            raise Wrong('the ledger has two outboxes of ' + source)
        rows[source] = {name: int.from_bytes(row[1 + 8 * place:9 + 8 * place], 'big') for place, name in enumerate(names)}
    return rows


class Round:
    """A hundred cycles, say, with collectors of their own; the daemon's data may be older."""

    def __init__(self, home, seed, cycles, progress):
        self.home, self.cycles, self.progress = home, cycles, progress
        self.rng = random.Random(seed)
        name = 'r%d-' % seed
        self.sites = [Site(home, '%sweb%d' % (name, number), self.rng, follows=number == 0) for number in range(3)]
        self.countings = [Counting(home, '%scounting%d' % (name, number)) for number in range(2)]
        for one in self.countings:
            os.mkdir(home.path(one.name))
        self.sendings = [Sending(home.endpoint, '%speer%d' % (name, number), seed) for number in range(2)]
        self.killed = collections.Counter()
        self.all = self.sites + self.countings

    # What runs

    def spawn(self, one, last=False):
        if one in self.countings and last:
            with open(self.home.path(one.name, 'last'), 'wb') as out:
                one.running = Running(one.command(last), env=self.home.environment(), stdout=out, **APART)
        else:
            one.running = Running(one.command(last), env=self.home.environment(), **APART)
        return one.running

    def ended(self, one, codes):
        """Takes the exit of one that has ended, or was killed."""
        code, said = one.running.wait(), one.running.stderr()
        if code not in codes or NEVER.search(said):
            raise Wrong('%s exited %d and said:\n%s' % (one.name, code, said))
        one.running = None

    def start_all(self):
        """Whoever has ended by itself, because its work was done or there was no daemon, goes on."""
        if not self.home.daemon.alive():
            self.home.start(wait=False, **APART)
        for one in self.all:
            if one.running and not one.running.alive():
                self.ended(one, (0, 1))
            if not one.running:
                self.spawn(one)

    # What is done to it

    def pause(self, longest):
        """A random moment; over at once when nobody has to be waited for any more."""
        try:
            self.home.daemon.process.wait(self.rng.random() ** 2 * longest * SLOW)
        except subprocess.TimeoutExpired:
            pass

    def end_daemon(self, how):
        daemon = self.home.daemon
        if how == 'terminated':
            daemon.signal(signal.SIGTERM)
            self.pause(0.03)
        daemon.kill()
        if daemon.process.returncode not in (0, -signal.SIGKILL, -signal.SIGTERM):
            raise Wrong('suivid exited %d and said:\n%s' % (daemon.process.returncode, daemon.stderr()))
        self.killed['daemon' if daemon.process.returncode else 'ended in time'] += 1
        if len(self.home.daemons) > 20:
            del self.home.daemons[0]

    def end_one(self, one, how):
        if how == 'terminated':
            one.running.signal(signal.SIGTERM)
            self.pause(0.03)
        code = one.running.process.poll()
        if code is None:
            one.running.process.kill()
        self.ended(one, (0, 1, -signal.SIGKILL, -signal.SIGTERM))
        self.killed['collectors'] += code is None

    def cycle(self, number):
        for one in self.all:
            one.feed((number + 1) / self.cycles)
        self.start_all()
        self.pause(self.rng.choice([0.03, 0.1, 0.4]))
        victims = self.rng.sample(self.all, self.rng.choice([0, 0, 1, 1, 2, 5]))
        with_daemon = not victims or self.rng.random() < 0.6
        how = self.rng.choice(['killed', 'killed', 'killed', 'terminated', 'stopped'])
        if how == 'stopped':
            self.stop([one.running for one in victims] + ([self.home.daemon] if with_daemon else []))
        order = victims + ([None] if with_daemon else [])
        self.rng.shuffle(order)
        for one in order:
            if one is None:
                self.end_daemon(how)
            else:
                self.end_one(one, how)
            if self.rng.random() < 0.3:
                self.pause(0.05)

    def stop(self, running):
        for one in running:
            if one.alive():
                one.signal(signal.SIGSTOP)
        self.pause(self.rng.choice([0.1, 0.1, 1.5]))
        for one in running:
            if one.alive():
                one.signal(signal.SIGCONT)
        self.killed['stopped'] += 1
        self.pause(0.1)

    # The whole

    def run(self):
        for sending in self.sendings:
            sending.start()
        for number in range(self.cycles):
            self.cycle(number)
            for sending in self.sendings:
                if sending.fault:
                    raise sending.fault
            self.progress(number + 1, self)
        self.finish()

    def finish(self):
        """Faults are over: all is delivered, and told."""
        self.start_all()
        self.home.daemon.wait_line('ready on')
        for one in self.all:
            one.running.signal(signal.SIGTERM)
            self.ended(one, (0, 1, -signal.SIGTERM))
        for sending in self.sendings:
            sending.finish()
        for one in self.all:
            self.spawn(one, last=True)
        for one in self.all:
            self.ended(one, (0,))
        for site in self.sites:
            site.check()
        counted = {one.name: one.check() for one in self.countings}
        sent = {sending.name: sending.check(self.home) for sending in self.sendings}
        self.home.run('suivi', 'check')
        self.home.stop()
        self.balance(counted, sent)
        self.home.start(**APART)

    def balance(self, counted, sent):
        rows = ledger(self.home.data)
        for name in [one.name for one in self.all + self.sendings]:
            row = rows[name]
            last, accepted = row['last'], row['accepted']
            if row['batches'] != last or row['missing'] or row['refused'] or row['read'] != accepted + row['repeated']:
                raise Wrong('the ledger has %s: %s' % (name, row))
            if name in sent and (last, accepted) != sent[name] or name in counted and accepted != counted[name]:
                raise Wrong('the ledger has %d events of %s' % (accepted, name))
            self.killed['batches'] += last

    def close(self):
        for sending in self.sendings:
            sending.ending.set()
        for one in self.all:
            if one.running and one.running.alive():
                one.running.signal(signal.SIGCONT)
                one.running.kill()


def report(seed, done, started, tally):
    print('%7d cycles, %5d s: suivid killed %d times, collectors %d times, stopped %d times; %d batches; seed %d' % (
        done, time.monotonic() - started, tally['daemon'], tally['collectors'], tally['stopped'], tally['batches'], seed),
        file=sys.stderr, flush=True)


class Soak:
    """Rounds, one after another on the data of the ones before, until it is enough."""

    def __init__(self, home, seed, cycles=None, seconds=None):
        self.home, self.seed, self.cycles, self.seconds = home, seed, cycles, seconds
        self.started = self.said = time.monotonic()
        self.done, self.tally, self.asked_to_end = 0, collections.Counter(), False

    def progress(self, number, this):
        if time.monotonic() > self.said + 30:
            self.said = time.monotonic()
            report(self.seed, self.done + number, self.started, self.tally + this.killed)

    def over(self):
        if self.cycles is not None:
            return self.done >= self.cycles
        return self.asked_to_end or time.monotonic() > self.started + self.seconds

    def run(self):
        rounds = 0
        while not self.over():
            cycles = ROUND if self.cycles is None else min(ROUND, self.cycles - self.done)
            this = Round(self.home, self.seed + rounds, cycles, self.progress)
            try:
                this.run()
            finally:
                this.close()
            for one in this.all:
                subprocess.run(['rm', '-rf', self.home.path(one.name)], check=True)
            rounds, self.done, self.tally = rounds + 1, self.done + cycles, self.tally + this.killed
            report(self.seed, self.done, self.started, self.tally)


def main():
    arguments = argparse.ArgumentParser(prog='cycles.py', description='kills the real programs over and over')
    arguments.add_argument('cycles', nargs='?', type=int)
    arguments.add_argument('--minutes', type=float)
    arguments.add_argument('--seed', type=int,
                           default=int(os.environ.get('SUIVI_SEED') or random.SystemRandom().randrange(1 << 32)))
    given = arguments.parse_args()
    if given.cycles is not None and given.minutes is not None:
        arguments.error('give a number of cycles or --minutes, not both')
    home = House(start=False)
    home.start(**APART)
    soak = Soak(home, given.seed, given.cycles, 60 * (given.minutes or 10))
    print('seed: SUIVI_SEED=%d, in %s' % (given.seed, home.directory), file=sys.stderr, flush=True)

    def end(*_):
        soak.asked_to_end = True
        soak.cycles = None
    signal.signal(signal.SIGINT, end)
    try:
        soak.run()
        home.close()
    except Exception as fault:
        for number, daemon in enumerate(home.daemons[-3:]):
            print('--- suivid said, %d before the last:\n%s' % (len(home.daemons[-3:]) - 1 - number, daemon.stderr()[-2000:]),
                  file=sys.stderr)
        home.daemon.kill()
        print('\nWrong, in round %d of seed %d: %s\nKept: %s (the daemon\'s data, the logs and each collector\'s state). Please '
              'report it with that directory.\nThe same moments again, as far as a machine can: SUIVI_SEED=%d' % (
                  soak.done // ROUND + 1, given.seed, fault, home.directory, given.seed), file=sys.stderr)
        return 1
    print('All right: every figure is what was fed, counted once.', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
