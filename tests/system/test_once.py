"""Each line is counted once, however often its file is given, however it grew, was rotated, packed, copied or cut."""
import os
import re
import resource
import shutil
import signal
import threading

import house
from peer import Relay
from reference import parse
from weblog_case import LANGUAGES, WeblogTest, make_log, nonzero, packed


def cut(content, part):
    """In two at a line's end, near that part of it. What comes first in the second is a good line: the day of a malformed
    one would be told by the lines before it."""
    lines = content.splitlines(keepends=True)
    place = int(len(lines) * part)
    while parse(lines[place].rstrip(b'\n'), 'combined') is None:
        place += 1
    return b''.join(lines[:place]), b''.join(lines[place:])


class Once(WeblogTest):
    def setUp(self):
        super().setUp()
        self.content = make_log(100, people=55, days=50)       # two months: no key of a month is destroyed yet
        self.first, self.rest = cut(self.content, 0.66)
        self.log = self.house.path('access.log')

    def put(self, content, name='access.log'):
        return self.house.write(name, content)

    def append(self, content, name='access.log'):
        with open(self.house.path(name), 'ab') as file:
            file.write(content)

    def assert_all_counted(self):
        self.assert_figures(self.reference(self.content))

    def test_same_file_twice(self):
        self.put(self.content)
        self.weblog(self.log)
        self.assert_all_counted()
        self.weblog(self.log)
        self.assert_all_counted()

    def test_given_twice_in_one_run(self):
        self.put(self.content)
        self.put(self.content, 'copy.log')
        self.weblog(self.log, self.log, self.house.path('copy.log'))
        self.assert_all_counted()

    def test_by_another_name_for_the_same_file(self):
        self.put(self.content)
        self.weblog(self.log)
        os.symlink(self.log, self.house.path('link.log'))
        os.link(self.log, self.house.path('hard.log'))
        self.weblog(self.house.path('link.log'), self.house.path('hard.log'), self.house.path('.', 'access.log'))
        self.assert_all_counted()

    def grown_by_half_a_line(self, line, form='combined', cuts=None):
        """At every one of `cuts` bytes of a line the log is read; then once more when the line is whole."""
        whole = self.first + line + b'\n' + self.rest
        for cut in cuts or range(1, len(line) + 1, 17):
            with self.subTest(cut=cut, line=line[:cut]):
                name = 'cut%d' % cut
                self.put(self.first + line[:cut], name + '.log')
                self.weblog(self.house.path(name + '.log'), site=name, state=name, format=form)
                self.append(line[cut:] + b'\n' + self.rest, name + '.log')
                self.weblog(self.house.path(name + '.log'), site=name, state=name, format=form)
                self.assert_figures(self.reference(whole), site=name)

    def test_grown_by_half_a_line(self):
        self.grown_by_half_a_line(b'192.0.2.77 - - [02/Mar/2018:10:00:00 +0000] "GET /fr/half HTTP/1.1" 200 55 '
                                  b'"https://example.org/a" "Mozilla/5.0 (X11; Linux x86_64) Half/1.0"')

    def test_half_a_line_stays_half(self):
        """What is left of a line that never got its end is one malformed line, however often it is read."""
        content = self.first + b'192.0.2.77 - - [02/Mar/2018:10:00:00 +00'
        self.put(content)
        for _ in range(3):
            self.weblog(self.log)
            self.assert_figures(self.reference(content))

    def test_last_line_without_end_then_more(self):
        self.put(self.first[:-1])
        self.weblog(self.log)
        self.assert_figures(self.reference(self.first))
        self.append(b'\n')
        self.weblog(self.log)
        self.append(self.rest)
        self.weblog(self.log)
        self.assert_all_counted()

    def test_grown_line_by_line(self):
        lines = self.content.splitlines(keepends=True)[:40]
        self.put(b'')
        self.weblog(self.log)
        for line in lines[:8]:
            self.append(line)
            self.weblog(self.log)
        self.append(b''.join(lines[8:]))
        self.weblog(self.log)
        self.assert_figures(self.reference(b''.join(lines)))

    def test_grown_by_many_lines(self):
        self.put(self.first)
        self.weblog(self.log)
        self.assert_figures(self.reference(self.first))
        self.append(self.rest)
        self.weblog(self.log)
        self.assert_all_counted()

    def test_rotated_by_rename(self):
        """The old file grew a last time before it was renamed; both names are given."""
        grown, new = cut(self.rest, 0.5)
        self.put(self.first)
        self.weblog(self.log)
        self.append(grown)
        os.rename(self.log, self.log + '.1')
        self.put(new)
        self.weblog(self.log, self.log + '.1')
        self.assert_all_counted()

    def test_rotated_by_rename_only_the_new_name_given(self):
        """The usual cron job: one name. What the old file had more is found beside it."""
        grown, new = cut(self.rest, 0.5)
        self.put(self.first)
        self.weblog(self.log)
        self.append(grown)
        os.rename(self.log, self.log + '.1')
        self.put(new)
        self.weblog(self.log)
        self.assert_all_counted()

    def test_rotated_and_packed(self):
        for packing in ('gz', 'zst', 'xz'):
            with self.subTest(packing=packing):
                site, log = packing, '%s.log' % packing
                self.put(self.first, log)
                self.weblog(self.house.path(log), site=site, state=site)
                os.unlink(self.house.path(log))
                self.put(packed(self.first, packing), log + '.1.' + packing)
                self.put(self.rest, log)
                self.weblog(self.house.path(log), self.house.path(log + '.1.' + packing), site=site, state=site)
                self.assert_figures(self.reference(self.content), site=site)

    def test_packed_after_it_grew(self):
        """Read, grown, rotated, packed, all before the next run."""
        self.put(self.first)
        self.weblog(self.log)
        os.unlink(self.log)
        self.put(packed(self.content, 'gz'), 'access.log.2.gz')
        self.weblog(self.house.path('access.log.2.gz'))
        self.assert_all_counted()

    def test_unpacked_again(self):
        self.put(packed(self.content, 'xz'), 'access.log.xz')
        self.weblog(self.house.path('access.log.xz'))
        self.put(self.content)
        self.weblog(self.log)
        self.assert_all_counted()

    def test_copytruncate(self):
        self.put(self.first)
        self.weblog(self.log)
        shutil.copyfile(self.log, self.log + '.1')
        with open(self.log, 'r+b') as file:
            file.truncate(0)
        self.append(self.rest)
        self.weblog(self.log)
        self.assert_all_counted()
        self.weblog(self.log + '.1', self.log)
        self.assert_all_counted()

    def test_copytruncate_after_it_grew(self):
        grown, new = cut(self.rest, 0.5)
        self.put(self.first)
        self.weblog(self.log)
        self.append(grown)
        shutil.copyfile(self.log, self.log + '.1')
        with open(self.log, 'r+b') as file:
            file.truncate(0)
        self.append(new)
        self.weblog(self.log, self.log + '.1')
        self.assert_all_counted()

    def test_truncated_and_longer_than_before(self):
        """Another log under the old name and inode, longer than what was read of the old one."""
        self.put(self.rest)
        self.weblog(self.log)
        with open(self.log, 'r+b') as file:
            file.truncate(0)
        self.append(self.first)
        self.weblog(self.log)
        self.assert_figures(self.reference(self.rest, self.first))

    def test_copied_to_another_place(self):
        self.put(self.content)
        self.weblog(self.log)
        shutil.copyfile(self.log, self.house.path('copy.log'))
        self.weblog(self.house.path('copy.log'))
        self.append(self.rest[:self.rest.index(b'\n') + 1], 'copy.log')
        self.weblog(self.house.path('copy.log'))
        self.assert_figures(self.reference(self.content, self.rest[:self.rest.index(b'\n') + 1]))

    def test_stdin_again(self):
        self.weblog('-', stdin=self.first)
        self.weblog('-', stdin=self.content)
        self.put(self.content)
        self.weblog(self.log)
        self.assert_all_counted()

    def test_files_in_any_order_and_several_runs(self):
        lines = self.content.splitlines(keepends=True)
        size = len(lines) // 5 + 1
        parts = [b''.join(lines[start:start + size]) for start in range(0, len(lines), size)]
        paths = [self.put(part, 'part%d.log' % number) for number, part in enumerate(parts)]
        reference = self.reference(*parts)
        for number, order in enumerate([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]]):
            site = 'one%d' % number
            with self.subTest(order=order, runs='one'):
                self.weblog(*(paths[part] for part in order), site=site, state=site)
                self.assert_figures(reference, site=site)
            site = 'many%d' % number
            with self.subTest(order=order, runs='one each'):
                for part in order:
                    self.weblog(paths[part], site=site, state=site)
                self.assert_figures(reference, site=site)

    def test_same_first_lines(self):
        """Two logs that begin alike are two logs once they differ; one that is the beginning of the other is not."""
        head = self.first[:20000]
        head = head[:head.rindex(b'\n') + 1]
        one, two = head + self.first[len(head):], head + self.rest
        self.put(one, 'one.log')
        self.put(two, 'two.log')
        self.weblog(self.house.path('one.log'), self.house.path('two.log'))
        self.assert_figures(self.reference(one, two))

    def test_a_month_that_comes_too_late(self):
        """January's log after March's, in runs of their own: its key is destroyed, so that nobody can tell its visitors
        any more. Everything that adds up counts on its own day, and the collector says what does not."""
        late, early = make_log(101, start='2018-03-02', days=20), make_log(102, start='2018-01-02', days=20)
        self.weblog(self.put(late, 'late.log'))
        ran = self.weblog(self.put(early, 'early.log'))
        self.assertRegex(ran.err, r'(?i)visitors?')
        counted = self.reference(late, early).count()['month']
        wanted = {key: value for key, value in counted.items() if not (key[0].startswith('web.visitors') and key[1] == '2018-01')}
        self.assertEqual(nonzero(self.house.table('web.*', '--where', 'site=site')), wanted)

    def test_a_key_that_cannot_be_used(self):
        """The fault is not the log's: nothing of the new lines is passed, and the next run counts them."""
        self.put(self.first)
        self.weblog(self.log)
        self.append(self.rest)
        folder = self.house.path('state', 'keys')
        for name in os.listdir(folder):
            os.chmod(os.path.join(folder, name), 0o644)
        ran = self.weblog(self.log, code=1)
        self.assert_one_sentence(ran.err, folder, 'chmod 600')
        self.assert_figures(self.reference(self.first))
        for name in os.listdir(folder):
            os.chmod(os.path.join(folder, name), 0o600)
        self.weblog(self.log)
        self.assert_all_counted()

    def test_no_daemon_for_two_runs(self):
        """Without a daemon the outbox keeps everything; the next run of any kind delivers it."""
        self.house.stop()
        self.put(self.first)
        self.weblog(self.log, code=1, more=['--timeout', '1'])
        self.append(self.rest)
        self.weblog(self.log, code=1, more=['--timeout', '1'])
        self.house.start()
        self.weblog(self.log)
        self.assert_all_counted()


class Follow(WeblogTest):
    """--follow: the test writes, the figures come. The daemon tells of no arrival, so it is asked until they are there."""

    def setUp(self):
        super().setUp()
        self.lines = make_log(110, people=25, rubbish=0).splitlines(keepends=True)
        self.log = self.house.write('access.log', b''.join(self.lines[:50]))

    def follow(self, endpoint=None, languages=LANGUAGES, default=None, **popen):
        arguments = self.house.weblog_arguments(self.log, languages=languages, default=default)
        if endpoint:
            arguments[1] = endpoint
        return self.house.spawn('suivi-weblog', *arguments, '--follow', **popen)

    def requests(self):
        return sum(nonzero(self.house.table('web.requests')).values()) + sum(self.house.table('web.malformed').values())

    def wait_lines(self, count):
        house.until(lambda: self.requests() >= count, '%d lines in the figures' % count, limit=30)
        self.assertEqual(self.requests(), count)

    def append(self, *lines):
        with open(self.log, 'ab') as file:
            file.write(b''.join(lines))

    def end(self, running):
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 0, running.stderr())
        self.assert_figures(self.reference(b''.join(self.lines)))

    def test_grows(self):
        running = self.follow()
        self.wait_lines(50)
        self.append(*self.lines[50:60], self.lines[60][:30])
        self.wait_lines(60)
        self.append(self.lines[60][30:], *self.lines[61:])
        self.wait_lines(len(self.lines))
        self.end(running)

    def test_renamed(self):
        running = self.follow()
        self.wait_lines(50)
        os.rename(self.log, self.log + '.1')
        with open(self.log + '.1', 'ab') as old:       # the server writes to the old file until it is told
            old.write(b''.join(self.lines[50:60]))
        self.wait_lines(60)
        self.append(*self.lines[60:80])
        self.wait_lines(80)
        os.rename(self.log, self.log + '.2')
        self.append(*self.lines[80:])
        self.wait_lines(len(self.lines))
        self.end(running)

    def test_copytruncate(self):
        running = self.follow()
        self.wait_lines(50)
        shutil.copyfile(self.log, self.log + '.1')
        with open(self.log, 'r+b') as file:
            file.truncate(0)
        self.append(*self.lines[50:55])
        self.wait_lines(55)
        self.append(*self.lines[55:])
        self.wait_lines(len(self.lines))
        self.end(running)

    def test_stopped_and_started_again(self):
        running = self.follow()
        self.wait_lines(50)
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 0)
        os.rename(self.log, self.log + '.1')
        self.append(*self.lines[50:])
        running = self.follow()
        self.wait_lines(len(self.lines))
        self.end(running)

    def test_daemon_away_for_a_while(self):
        running = self.follow()
        self.wait_lines(50)
        self.house.stop()
        self.append(*self.lines[50:70])
        running.wait_line('no daemon|stopped answering', limit=30)
        self.append(*self.lines[70:])
        self.house.start()
        self.wait_lines(len(self.lines))
        running.wait_line('takes batches again')
        self.end(running)

    def test_copied_cut_and_grown_past_the_place(self):
        """All between two looks at the log: it is longer than before, and another one."""
        running = self.follow()
        self.wait_lines(50)
        running.signal(signal.SIGSTOP)
        self.append(*self.lines[50:55])
        shutil.copyfile(self.log, self.log + '.1')
        with open(self.log, 'r+b') as file:
            file.truncate(0)
        self.append(*self.lines[55:])
        self.assertGreater(os.path.getsize(self.log), os.path.getsize(self.log + '.1'))
        running.signal(signal.SIGCONT)
        self.wait_lines(len(self.lines))
        self.end(running)

    def test_daemon_that_cannot_save(self):
        """Its disk is full, say: told once as long as that lasts, and again when it is over."""
        full, errors = threading.Event(), []

        def hook(way, type, fields):
            if not full.is_set() or (way, type) != ('up', 'batch'):
                return True
            errors.append(fields['seq'])
            return 'error', {'code': 'store', 'text': 'No space left on device', 'source': fields['source'],
                             'seq': fields['seq']}

        endpoint = 'ipc://' + self.house.path('relay.ipc')
        relay = Relay(endpoint, self.house.endpoint, hook)
        self.addCleanup(relay.close)
        running = self.follow(endpoint)
        self.wait_lines(50)
        for part in (self.lines[50:70], self.lines[70:]):
            full.set()
            before = len(errors)
            self.append(*part)
            house.until(lambda: len(errors) >= before + 3, 'the batch sent three times')
            full.clear()
            house.until(lambda: len(re.findall('takes batches again', running.stderr())) == 1 + (before > 0), 'all is well')
        self.wait_lines(len(self.lines))
        self.assertEqual(len(re.findall('No space left on device', running.stderr())), 2, running.stderr())
        self.end(running)

    def test_no_room_to_save(self):
        """The collector's own disk is full: told once, waited out, and nothing is lost or doubled."""
        running = self.follow(restore_signals=False)       # SIGXFSZ stays ignored, so that a write says what is wrong
        self.wait_lines(50)
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        self.append(*self.lines[50:70])
        running.wait_line('trying again')
        self.append(*self.lines[70:])
        resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.wait_lines(len(self.lines))
        self.assertEqual(running.stderr().count('trying again'), 1)
        self.end(running)

    def test_refused_events_are_told_at_once(self):
        running = self.follow(languages='fr,tlh', default='tlh')
        running.wait_line('refused .*tlh.*refused.log')
        told = running.stderr().count('refused.log')
        self.append(*self.lines[50:])
        house.until(lambda: running.stderr().count('refused.log') > told, 'the next ones told')
        running.signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 1)

    def test_no_regular_file(self):
        """A pipe has no place to go on from, and opening it would wait for its writer."""
        os.mkfifo(self.house.path('pipe'))
        for path in (self.house.path('pipe'), self.house.directory, '/dev/null'):
            with self.subTest(path=path):
                ran = self.house.run('suivi-weblog', *self.house.weblog_arguments(self.log, path), '--follow', code=1)
                self.assert_one_sentence(ran.err, path, 'regular file')

    def test_a_pipe_comes_later(self):
        running = self.follow()
        self.wait_lines(50)
        os.rename(self.log, self.log + '.1')
        os.mkfifo(self.log)
        running.wait_line('regular file')
        os.unlink(self.log)
        self.append(*self.lines[50:])
        self.wait_lines(len(self.lines))
        self.end(running)

    def test_killed(self):
        running = self.follow()
        self.wait_lines(50)
        self.append(*self.lines[50:90])
        running.kill()
        self.append(*self.lines[90:])
        running = self.follow()
        self.wait_lines(len(self.lines))
        self.end(running)


if __name__ == '__main__':
    house.main()
