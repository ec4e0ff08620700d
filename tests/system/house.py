"""A house for system tests: a real daemon on an endpoint of its own, the real programs around it, in one directory that
goes away afterwards. Every wait is for an event and has a limit; nothing sleeps.

The programs are those of $SUIVI_BUILD (else build/release). Under the sanitizers a report ends a program with SANITIZED,
which no test takes for an expected exit.
"""
import collections
import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get('SUIVI_BUILD') or os.path.join(SOURCE, 'build', 'release'))
SHARED = os.path.join(os.path.dirname(SOURCE), 'shared')
SANITIZE = os.environ.get('SUIVI_SANITIZE', '')
SANITIZED = 99
LIMIT = 120 if SANITIZE else 60     # seconds that any one program may take
ROBOTS = os.path.join(SOURCE, 'config', 'robots.txt')

Ran = collections.namedtuple('Ran', 'code out err')


def program(name):
    return os.path.join(BUILD, name)


def environment(**more):
    env = {name: value for name, value in os.environ.items() if not name.startswith('SUIVI_')}
    env.update(LC_ALL='C.UTF-8', TZ='Pacific/Auckland', SUIVI_DATADIR=os.path.join(SOURCE, 'config'))
    for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS'):
        env[name] = ':'.join(filter(None, [env.get(name), 'exitcode=%d' % SANITIZED]))
    env.update(more)
    return {name: value for name, value in env.items() if value is not None}


def until(condition, what, limit=LIMIT):
    """For what no event tells: asks again, ever more rarely, until it is so."""
    deadline, pause = time.monotonic() + limit, 0.002
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError('waited %d s in vain for: %s' % (limit, what))
        threading.Event().wait(pause)
        pause = min(pause * 1.5, 0.2)


def sound(name, ran_code, err):
    """A program may say no; it may not crash."""
    if ran_code == SANITIZED or 'Sanitizer' in err or 'runtime error:' in err:
        raise AssertionError('%s: the sanitizer found a fault:\n%s' % (name, err))
    if ran_code < 0 and ran_code not in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT):
        raise AssertionError('%s died of signal %d:\n%s' % (name, -ran_code, err))


class Running:
    """A program that stays: its stderr is read as it comes, so that a test can wait for a line of it."""

    def __init__(self, command, env=None, **popen):
        self.name = os.path.basename(command[0])
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False
        # When a test is killed for its time, what it started goes with it.
        orphans = ['setpriv', '--pdeathsig', 'KILL'] if shutil.which('setpriv') else []
        self.process = subprocess.Popen(orphans + command, stdin=popen.pop('stdin', subprocess.DEVNULL),
                                        stdout=popen.pop('stdout', subprocess.DEVNULL), stderr=subprocess.PIPE,
                                        env=env or environment(), **popen)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.decode('utf-8', 'replace').rstrip('\n'))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def stderr(self):
        with self.changed:
            return '\n'.join(self.lines)

    def wait_line(self, pattern, limit=LIMIT):
        """The first line of stderr that `pattern` is found in; fails when the program ends without one."""
        def found():
            return next((line for line in self.lines if re.search(pattern, line)), None)
        with self.changed:
            if not self.changed.wait_for(lambda: found() or self.ended, limit) or not found():
                raise AssertionError('%s never said /%s/, but:\n%s' % (self.name, pattern, '\n'.join(self.lines)))
            return found()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit=LIMIT):
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError('%s did not end within %d s:\n%s' % (self.name, limit, self.stderr())) from None
        self.reader.join(limit)
        self.process.stderr.close()
        sound(self.name, code, self.stderr())
        return code

    def kill(self):
        if self.alive():
            self.process.kill()
        return self.wait()

    def memory(self, field):
        """VmRSS, VmHWM ... in megabytes."""
        with open('/proc/%d/status' % self.pid) as status:
            return int(re.search(r'^%s:\s+(\d+) kB' % field, status.read(), re.M)[1]) / 1024


class House:
    def __init__(self, start=True, **daemon):
        self.directory = tempfile.mkdtemp(prefix='suivi-', dir='/tmp')
        os.chmod(self.directory, 0o755)
        self.endpoint = 'ipc://' + self.path('d.ipc')
        self.data = self.path('data')
        self.daemon = None
        self.daemons = []
        self.others = []
        if start:
            try:
                self.start(**daemon)
            except BaseException:
                self.close(show=True)
                raise

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write(self, name, content, mode='wb'):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode) as file:
            file.write(content)
        return path

    def environment(self, **more):
        return environment(SUIVI_ENDPOINT=self.endpoint, **more)

    # The daemon

    def start(self, *arguments, data=None, listen=(), wait=True, env=None, **popen):
        command = [program('suivid'), '--data', data or self.data, '--listen', self.endpoint]
        for endpoint in listen:
            command += ['--listen', endpoint]
        self.daemon = Running(command + list(arguments), env=environment(**(env or {})), **popen)
        self.daemons.append(self.daemon)
        if wait:
            self.daemon.wait_line(r'ready on ')
        return self.daemon

    def stop(self):
        """SIGTERM: it finishes and exits 0."""
        self.daemon.signal(signal.SIGTERM)
        code = self.daemon.wait()
        if code != 0:
            raise AssertionError('SIGTERM: suivid exited %d:\n%s' % (code, self.daemon.stderr()))

    def kill(self):
        self.daemon.kill()

    def restart(self):
        if self.daemon.alive():
            self.stop()
        self.start()

    # The programs

    def run(self, name, *arguments, code=0, stdin=b'', limit=LIMIT, env=None, **popen):
        """Runs a program to its end. `code`: the exit that is right, or None for any."""
        try:
            ran = subprocess.run([program(name), *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=env or self.environment(), timeout=limit, **popen)
        except subprocess.TimeoutExpired as slow:
            raise AssertionError('%s did not end within %d s:\n%s' % (name, limit, (slow.stderr or b'').decode())) from None
        result = Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode('utf-8', 'replace'))
        sound(name, result.code, result.err)
        if code is not None and result.code != code:
            raise AssertionError('%s %s: exit %d, not %d\n%s' %
                                 (name, ' '.join(map(str, arguments)), result.code, code, result.err))
        return result

    def weblog_arguments(self, *files, site='site', state='state', format=None, languages=None, default=None):
        arguments = ['--endpoint', self.endpoint, '--state', self.path(state), '--site', site]
        if format:
            arguments += ['--format', format]
        if languages:
            arguments += ['--languages', languages]
        if default:
            arguments += ['--default-language', default]
        return arguments + list(files)

    def weblog(self, *files, code=0, stdin=b'', more=(), env=None, **which):
        return self.run('suivi-weblog', *more, *self.weblog_arguments(*files, **which), code=code, stdin=stdin, env=env)

    def listserv_arguments(self, *paths, name='list', state='lists'):
        return ['--endpoint', self.endpoint, '--state', self.path(state), '--list', name, *paths]

    def listserv(self, *paths, code=0, stdin=b'', more=(), env=None, **which):
        return self.run('suivi-listserv', *more, *self.listserv_arguments(*paths, **which), code=code, stdin=stdin, env=env)

    def spawn(self, name, *arguments, env=None, **popen):
        """Starts a program that stays, or that will be killed."""
        running = Running([program(name), *arguments], env=env or self.environment(), **popen)
        self.others.append(running)
        return running

    def figures(self, *arguments, code=0):
        """Rows of `suivi figures --format csv`, as dictionaries."""
        ran = self.run('suivi', 'figures', *arguments, '--format', 'csv', code=code)
        return list(csv.DictReader(io.StringIO(ran.out, newline='')))

    def table(self, *arguments, by='month', split=()):
        """{(indicator, period, split values...): value}"""
        more = ['--split', ','.join(split)] if split else []
        return {(row['indicator'], row['period'], *(row[name] for name in split)): int(row['value'])
                for row in self.figures(*arguments, '--by', by, *more)}

    # The end

    def close(self, show=False):
        """Stops the daemon, as a service manager would, and takes everything away. Fails when a program ended as none should."""
        faults = []
        for running in self.others + self.daemons:
            try:
                if running.alive():
                    running.signal(signal.SIGCONT)
                if running.alive() and running is self.daemon:
                    self.stop()
                elif running.alive():
                    running.kill()
                elif not running.process.stderr.closed:
                    running.wait()
            except AssertionError as fault:
                faults.append(str(fault))
        if show or faults:
            for number, running in enumerate(self.daemons):
                print('--- suivid (%d, exit %s) said:\n%s' % (number, running.process.poll(), running.stderr()[-4000:]),
                      file=sys.stderr)
        for folder, _, _ in os.walk(self.directory):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.directory, ignore_errors=True)
        if faults:
            raise AssertionError('\n'.join(faults))


class HouseTest(unittest.TestCase):
    """A test with a house: the daemon's words are shown when it fails, and nothing stays behind."""
    maxDiff = 4000
    daemon = True               # start one

    def run(self, result=None):
        self.result = result
        return super().run(result)

    def setUp(self):
        self.faults_before = self.faults()
        self.house = House(start=False)
        self.addCleanup(lambda: self.house.close(show=self.faults() > self.faults_before))
        if self.daemon:
            self.house.start()

    def faults(self):
        return len(self.result.failures) + len(self.result.errors)

    def assert_one_sentence(self, err, *parts):
        """What a person gets: one line (a summary may come before) that names what it is about."""
        last = [line for line in err.splitlines() if line.strip()]
        self.assertTrue(last, 'nothing was said')
        for part in parts:
            self.assertIn(part, err)
        self.assertNotIn('errno', err)

    def assert_serves(self):
        """The daemon is alive, and takes and tells a good peer's figure."""
        self.assertTrue(self.house.daemon.alive(), self.house.daemon.stderr())
        from peer import Peer
        name = 'serves-%d' % time.monotonic_ns()
        with Peer(self.house.endpoint, name + '@host') as peer:
            peer.hello()
            peer.count('web.requests', {'site': name}, '2018-03-07', 5)
        rows = self.house.table('web.requests', '--where', 'site=' + name)
        self.assertEqual(rows, {('web.requests', '2018-03'): 5})


def main():
    """Runs the tests of the calling file; 77 (skipped) when every one of them was skipped."""
    for name in ('suivid', 'suivi', 'suivi-weblog', 'suivi-listserv'):
        if not os.access(program(name), os.X_OK):
            print('%s is not there: build first, or set SUIVI_BUILD' % program(name), file=sys.stderr)
            sys.exit(1)
    run = unittest.main(module='__main__', exit=False, verbosity=2).result
    if not run.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if run.testsRun > 0 and len(run.skipped) >= run.testsRun else 0)
