"""Many logs in one call, and a person who waits for them before a terminal."""
import fcntl
import os
import pty
import re
import resource
import select
import struct
import subprocess
import termios
import time

import house
from weblog_case import LANGUAGES, WeblogTest

FILES = 10_000
DESCRIPTORS = 40


def line(number, of):
    return ('192.0.%d.%d - - [%02d/Feb/2018:%02d:%02d:%02d +0000] "GET %s/page-%d HTTP/1.1" 200 %d "-" "Browser/%d.0 (X11)"\n' % (
        number // 250, number % 250 + 1, 1 + number % 28, number % 24, of, number % 60, ['', '/fr', '/es'][number % 3], number,
        number * 7, number % 90)).encode()


class Many(WeblogTest):
    def tiny_logs(self):
        os.mkdir(self.house.path('logs'))
        contents = [b''.join(line(number, of) for of in range(1 + number % 4)) for number in range(FILES)]
        return [self.house.write('logs/%05d.log' % number, content) for number, content in enumerate(contents)], contents

    def count(self, files, state):
        """Counts them with few descriptors; the processor's seconds that it took, and what was said."""
        def bound():
            resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = self.house.run('suivi-weblog', *self.house.weblog_arguments(*files, site=state, state=state, languages=LANGUAGES),
                             preexec_fn=bound)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ran.err

    def test_ten_thousand_files(self):
        files, contents = self.tiny_logs()
        few, _ = self.count(files[:FILES // 10], 'few')
        many, said = self.count(files, 'many')
        self.assertIn('%d new lines' % sum(content.count(b'\n') for content in contents), said)
        self.assert_figures(self.reference(*contents), site='many')
        again, said = self.count(files, 'many')
        self.assertIn('0 new lines', said)
        for seconds in (many, again):       # ten times as many, and not a hundred times as long
            self.assertLess(seconds, 30 * few + 1, 'a thousand files took %.2f s' % few)


class Waiting(WeblogTest):
    def before_terminal(self, *files):
        """The program with a terminal of 100 columns for stderr, and a pipe for stdin: the process and the terminal."""
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
        running = subprocess.Popen([house.program('suivi-weblog'), *self.house.weblog_arguments(*files)], stdin=subprocess.PIPE,
                                   stderr=end, env=self.house.environment(TERM='xterm'))
        os.close(end)
        self.addCleanup(running.kill)
        return running, terminal

    def read_all(self, terminal):
        got = b''
        while True:
            try:
                more = os.read(terminal, 65536)
            except OSError:         # so a terminal ends on Linux
                return got
            got += more

    def test_bar_on_a_terminal(self):
        log = self.house.write('access.log', b''.join(line(number, 0) for number in range(100)))
        running, terminal = self.before_terminal(log, '-')
        shown, number, deadline = b'', 0, time.monotonic() + house.LIMIT
        while not re.search(rb'\[#+\] 100 %  0:\d\d  reading', shown):
            self.assertLess(time.monotonic(), deadline, 'no bar was shown: %r' % shown)
            running.stdin.write(line(number, 1))
            running.stdin.flush()
            number += 1
            if select.select([terminal], [], [], 0.01)[0]:
                shown += os.read(terminal, 65536)
        running.stdin.close()
        shown += self.read_all(terminal)
        self.assertEqual(running.wait(house.LIMIT), 0)
        last = shown.decode().rstrip().split('\r\n')[-1]
        self.assertIn('%d new lines' % (100 + number), last)
        self.assertRegex(last, '\r\x1b\\[K[^\r]*$')      # the bar was wiped away
        self.assertNotIn('reading', last.rsplit('\x1b[K', 1)[1])

    def test_none_in_a_pipe(self):
        log = self.house.write('access.log', line(1, 0))
        running = self.house.spawn('suivi-weblog', *self.house.weblog_arguments(log, '-'), stdin=subprocess.PIPE)
        begun, number = time.monotonic(), 0
        while time.monotonic() < begun + 1.5:       # longer than a bar waits
            running.process.stdin.write(line(number, 1))
            running.process.stdin.flush()
            number += 1
        running.process.stdin.close()
        self.assertEqual(running.wait(), 0)
        self.assertNotIn('reading', running.stderr())
        self.assertNotIn('\x1b', running.stderr())


if __name__ == '__main__':
    house.main()
