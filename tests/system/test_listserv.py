"""suivi-listserv: each post once, on its day, whatever becomes of the archive. The seed of what is drawn is printed; SUIVI_SEED sets it."""
import os
import random
import resource
import shutil
import subprocess
import sys

import house
import make_lists
from disks import fill, small_disk
from reference_lists import ListReference
from weblog_case import nonzero, packed

SEED = int(os.environ.get('SUIVI_SEED') or random.SystemRandom().randrange(1 << 32))


def setUpModule():
    print('seed: SUIVI_SEED=%d' % SEED, file=sys.stderr)


class ListsTest(house.HouseTest):
    def setUp(self):
        super().setUp()
        self.rng = random.Random('%d %s' % (SEED, self.id()))

    def reference(self, *contents):
        reference = ListReference()
        for content in contents:
            reference.add(content)
        return reference

    def assert_figures(self, reference, name='list', posters=True):
        where = ['--where', 'list=' + name]
        indicators = ['lists.posts', 'lists.posters'] if posters else ['lists.posts']
        wanted = {key: value for key, value in reference.months().items() if key[0] in indicators}
        self.assertEqual(nonzero(self.house.table(*indicators, *where)), wanted)
        self.assertEqual(nonzero(self.house.table('lists.posts', *where, by='day')), reference.days())
        self.assertEqual(sum(self.house.table('lists.undated', *where, by='year').values()), reference.undated)

    def listserv(self, *paths, **options):
        return self.house.listserv(*paths, **options)

    def maildir(self, name, parts):
        """Messages without their separators, as a Maildir has them."""
        for folder in ('cur', 'new', 'tmp'):
            os.makedirs(self.house.path(name, folder), exist_ok=True)
        for number, part in enumerate(parts):
            where = 'new/%d.host' % number if number % 3 == 0 else 'cur/%d.host:2,S' % number
            self.house.write('%s/%s' % (name, where), part.split(b'\n', 1)[1])
        return self.house.path(name)


class Formats(ListsTest):
    def test_packed_or_not(self):
        content = make_lists.mbox(SEED, 150)
        for how in ('', 'gz', 'xz', 'zst'):
            with self.subTest(packed=how):
                name = 'list' + how
                self.listserv(self.house.write('a.mbox' + how, packed(content, how)), name=name)
                self.assert_figures(self.reference(content), name)

    def test_line_ends(self):
        content = make_lists.mbox(SEED, 60)
        path = self.house.write('crlf.mbox', content.replace(b'\n', b'\r\n'))
        self.listserv(path)
        self.assert_figures(self.reference(content))
        self.listserv(self.house.write('lf.mbox', content))
        self.assert_figures(self.reference(content))

    def test_addresses_of_a_list_archive(self):
        content = make_lists.mbox(SEED, 80, obscured=True)
        portuguese = make_lists.mbox(SEED + 1, 40, obscured=True, first=1000).replace(b' at example.org', b' em example.org')
        self.listserv(self.house.write('2018-February.txt.gz', packed(content, 'gz')))
        self.listserv(self.house.write('2018-March.txt', portuguese))
        self.assert_figures(self.reference(content, portuguese))

    def test_directory_of_months(self):
        months = [make_lists.mbox(SEED + number, 40, first=number * 400) for number in range(6)]
        for number, content in enumerate(months):
            self.house.write('archive/2018-%02d.txt.gz' % number, packed(content, 'gz'))
        self.house.write('archive/index.html', b'<html>none</html>\n')
        self.house.write('archive/attachments/one.bin', bytes(range(256)))
        ran = self.listserv(self.house.path('archive'))
        self.assertIn('2 files without a message', ran.err)
        self.assert_figures(self.reference(*months))

    def test_maildir(self):
        parts = make_lists.parts(SEED, 60)
        folder = self.maildir('Maildir', parts)
        nested = self.maildir('Maildir/sub', make_lists.parts(SEED + 2, 10, first=900))
        self.listserv(folder)
        reference = ListReference()
        for at in (folder, nested):
            for sub in ('cur', 'new'):
                for name in sorted(os.listdir(os.path.join(at, sub))):
                    with open(os.path.join(at, sub, name), 'rb') as file:
                        reference.message(None, file.read())
        self.assert_figures(reference)
        for name in os.listdir(os.path.join(folder, 'new')):       # read by somebody
            os.rename(os.path.join(folder, 'new', name), os.path.join(folder, 'cur', name + ':2,S'))
        self.listserv(folder)
        self.assert_figures(reference)

    def test_standard_input(self):
        content = make_lists.mbox(SEED, 50)
        self.listserv('-', stdin=content)
        self.listserv('-', stdin=packed(content, 'gz'))
        self.assert_figures(self.reference(content))

    def test_two_lists(self):
        """A post sent to both is a post of each; whoever posted to both is one poster."""
        content = make_lists.mbox(SEED, 60)
        path = self.house.write('a.mbox', content)
        for name in ('one', 'two'):
            self.listserv(path, name=name)
            self.assert_figures(self.reference(content), name)
        wanted = self.reference(content).months()
        posters = {key: value for key, value in wanted.items() if key[0] == 'lists.posters'}
        recent = max(month for _, month in posters)
        self.assertEqual(self.house.table('lists.posters')['lists.posters', recent], posters['lists.posters', recent])

    def test_separators(self):
        good = ['a@b.example Mon Jan  1 10:00:00 2018', 'MAILER-DAEMON Mon Jan  1 10:00 2018', 'a at b.example  Mon Jan  1 10:00:00 2018',
                'a@b.example Mon Jan  1 10:00:00 CET 2018', 'a@b.example Mon Jan  1 10:00:00 2018 +0100', 'a@b.example Mon, 1 Jan 2018 10:00:00 +0100',
                '- Mon Jan  1 10:00:00 2018']
        bad = ['here on', 'a@b.example', 'a@b.example Mon Jan', 'the 1 Jan on', ' a@b.example Mon Jan  1 10:00:00 2018', 'a@b.example Mon Jan  1 2018']
        content = b''.join(b'From %s\nMessage-ID: <%d@x>\n\ntext\n\n' % (line.encode(), number) for number, line in enumerate(good + bad))
        content += b'no empty line before it\nFrom a@b.example Mon Jan  1 10:00:00 2018\n'
        self.listserv(self.house.write('a.mbox', content))
        self.assertEqual(nonzero(self.house.table('lists.posts')), {('lists.posts', '2018-01'): len(good)})

    def test_undated(self):
        self.maildir('Maildir', [b'\nMessage-ID: <1@x>\nFrom: a@b.example\n\nno date\n', b'\nMessage-ID: <2@x>\nDate: 7 Mar 2018 10:00 +0000\n\n'])
        for _ in range(2):
            self.listserv(self.house.path('Maildir'))
        self.assertEqual(sum(self.house.table('lists.undated', by='year').values()), 1)
        self.assertEqual(nonzero(self.house.table('lists.posts', 'lists.posters')), {('lists.posts', '2018-03'): 1})

    def test_days_between_are_zero(self):
        content = b''.join(b'From a@b.example Thu Mar %2d 10:00:00 2018\nMessage-ID: <%d@x>\n\n\n' % (day, day) for day in (1, 5, 30))
        self.listserv(self.house.write('a.mbox', content))
        table = self.house.table('lists.posts', by='day')
        self.assertEqual(len(table), 30)
        self.assertEqual(sum(table.values()), 3)


class Once(ListsTest):
    def test_again_grown_rebuilt_shuffled(self):
        parts = make_lists.parts(SEED, 120)
        path = self.house.path('a.mbox')
        reference = self.reference(b''.join(parts))
        for count in (1, 30, 31, 80, len(parts)):
            self.house.write('a.mbox', b''.join(parts[:count]))
            self.listserv(path)
        self.assert_figures(reference)
        ran = self.listserv(path)
        self.assertIn(' 0 new posts', ran.err)
        for name in ('rebuilt.mbox', 'a.mbox'):             # under another name, and in its own place
            self.rng.shuffle(parts)
            self.house.write(name, b''.join(parts))
            self.assertIn(' 0 new posts', self.listserv(self.house.path(name)).err)
        self.house.write('a.mbox', b''.join(parts[10:] + make_lists.parts(SEED + 9, 5, first=5000) + parts[:10]))
        self.listserv(path)
        self.assert_figures(self.reference(b''.join(parts), b''.join(make_lists.parts(SEED + 9, 5, first=5000))), posters=False)

    def test_other_text_before_the_place(self):
        """Longer than it was, but not what it was: what is new in it stands before where the last run ended."""
        parts, new = make_lists.parts(SEED, 60), make_lists.parts(SEED + 9, 5, first=5000)
        path = self.house.write('a.mbox', b''.join(parts))
        self.listserv(path)
        self.house.write('a.mbox', b''.join(new + parts))
        self.listserv(path)
        self.assert_figures(self.reference(b''.join(parts), b''.join(new)))

    def test_appended_to(self):
        parts = make_lists.parts(SEED, 100)
        path = self.house.write('a.mbox', b'')
        while parts:
            count = self.rng.randrange(1, 30)
            with open(path, 'ab') as file:
                file.write(b''.join(parts[:count]))
            parts = parts[count:]
            self.listserv(path)
        with open(path, 'rb') as file:
            self.assert_figures(self.reference(file.read()))

    def test_cut_anywhere(self):
        """Read when half a message was written: when the rest is there it counts as if it had been read once."""
        content = make_lists.mbox(SEED, 12)
        reference = self.reference(content)
        cuts = sorted(self.rng.sample(range(len(content)), 25))
        path = self.house.path('a.mbox')
        for cut in cuts + [len(content)]:
            self.house.write('a.mbox', content[:cut])
            self.listserv(path, code=None)
        self.assert_figures(reference)
        for number, cut in enumerate(cuts[:12]):
            name = 'cut%d' % number
            for part in (content[:cut], content):
                self.house.write('b.mbox', part)
                self.listserv(self.house.path('b.mbox'), name=name, code=None)
            self.assert_figures(reference, name)

    def test_packed_file_that_is_cut_off(self):
        content = make_lists.mbox(SEED, 200)
        whole = packed(content, 'gz')
        path = self.house.path('a.mbox.gz')
        for cut in (len(whole) // 3, len(whole) - 9):
            self.house.write('a.mbox.gz', whole[:cut])
            ran = self.listserv(path, code=1)
            self.assert_one_sentence(ran.err, 'a.mbox.gz', 'cut off')
        self.house.write('a.mbox.gz', whole)
        self.listserv(path)
        self.assert_figures(self.reference(content))

    def test_killed(self):
        contents = [make_lists.mbox(SEED + number, 400, first=number * 1000) for number in range(4)]
        paths = [self.house.write('%d.mbox' % number, content) for number, content in enumerate(contents)]
        for round_number in range(24):
            running = self.house.spawn('suivi-listserv', *self.house.listserv_arguments(*paths[:1 + round_number % 4]))
            try:
                running.process.wait(self.rng.uniform(0, 0.08))
            except house.subprocess.TimeoutExpired:
                pass
            running.kill()
        self.listserv(*paths)
        self.assert_figures(self.reference(*contents))

    def test_daemon_killed_and_away(self):
        content = make_lists.mbox(SEED, 100)
        path = self.house.write('a.mbox', content)
        self.house.kill()
        ran = self.listserv(path, code=1)
        self.assert_one_sentence(ran.err, 'Is suivid running?')
        self.house.start()
        self.listserv(path)
        self.assert_figures(self.reference(content))

    def test_keys_of_months_that_are_over_are_destroyed(self):
        path = self.house.write('a.mbox', make_lists.mbox(SEED, 1000))
        self.listserv(path)
        months = sorted(name for name in os.listdir(self.house.path('lists', 'keys')) if not name.endswith('.destroyed'))
        wanted = sorted({key[1] for key in self.house.table('lists.posters')})[-2:]
        self.assertEqual(months, wanted)

    def test_a_late_post_of_such_a_month_marks_a_break(self):
        """Its poster cannot be known again: counted twice, and told."""
        def post(number, day):
            return b'From a@b.example %s 10:00:00 2018\nFrom: a@b.example\nMessage-ID: <%d@x>\n\n\n' % (day, number)
        self.listserv(self.house.write('a.mbox', post(1, b'Thu Mar  1') + post(2, b'Tue May  1')))
        self.assertNotIn('a new key', self.house.run('suivi', 'explain', 'lists.posters', '2018-03').out)
        self.listserv(self.house.write('b.mbox', post(3, b'Fri Mar  2')))
        self.assertEqual(nonzero(self.house.table('lists.posters')), {('lists.posters', '2018-03'): 2, ('lists.posters', '2018-05'): 1})
        self.assertIn('a new key', self.house.run('suivi', 'explain', 'lists.posters', '2018-03').out)

    def test_lists_of_a_run_share_the_keys_and_each_has_its_break(self):
        """However many lists: 64 KiB of locked memory are enough (docs/keys.md)."""
        def post(number, day):
            return b'From a@b.example %s 10:00:00 2018\nFrom: a@b.example\nMessage-ID: <%d@x>\n\n\n' % (day, number)
        names = ['list%d' % number for number in range(8)]
        first = post(1, b'Thu Mar  1') + post(2, b'Tue May  1')
        for name in names[:2]:
            self.house.write(name + '.mbox', first)
        settings = 'archives:\n'
        for number, name in enumerate(names):
            settings += '  - list: %s\n    paths: ["%s"]\n' % (name, self.house.path('%s.mbox' % name))
            if number == 1:
                self.run_limited(self.house.write('two.yaml', settings.encode()))
                self.assertEqual(nonzero(self.house.table('lists.posters')), {('lists.posters', '2018-03'): 1, ('lists.posters', '2018-05'): 1})
        for number, name in enumerate(names):
            self.house.write(name + '.mbox', first + post(10 + number, b'Fri Mar  2'))
        self.run_limited(self.house.write('all.yaml', settings.encode()))
        for name in names:
            figure = self.house.table('lists.posters', '--where', 'list=' + name)
            self.assertEqual(figure[('lists.posters', '2018-03')], 2 if name in names[:2] else 1, name)
            told = self.house.run('suivi', 'explain', 'lists.posters', '2018-03', '--where', 'list=' + name).out
            self.assertIn('a new key', told, name)
        self.assertEqual(self.house.table('lists.posters')[('lists.posters', '2018-03')], 2)

    def run_limited(self, config):
        if house.SANITIZE:
            self.skipTest('the sanitizers lock no memory')
        if os.geteuid() == 0 and not shutil.which('setpriv'):
            self.skipTest('root may lock any memory')
        drop = ['setpriv', '--bounding-set=-ipc_lock'] if os.geteuid() == 0 else []
        ran = subprocess.run([*drop, house.program('suivi-listserv'), '--endpoint', self.house.endpoint, '--state',
                              self.house.path('lists'), '--config', config], stderr=subprocess.PIPE, env=self.house.environment(),
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536)))
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_nothing_identifying_is_kept(self):
        path = self.house.write('private-name.mbox', make_lists.mbox(SEED, 100))
        self.listserv(path)
        self.house.stop()
        for folder in ('lists', 'data'):
            for name in os.listdir(self.house.path(folder)):
                at = self.house.path(folder, name)
                if os.path.isfile(at):
                    with open(at, 'rb') as file:
                        kept = file.read()
                    for secret in (b'example.org', b'person1', b'private-name'):
                        self.assertNotIn(secret, kept, name)


class DryRun(ListsTest):
    def test_prints_what_would_be_sent(self):
        content = make_lists.mbox(SEED, 80)
        path = self.house.write('a.mbox', content)
        ran = self.listserv(path, more=['--dry-run'])
        rows = [line.split(',') for line in ran.out.splitlines()]
        self.assertEqual(rows[0], ['indicator', 'period', 'list', 'value'])
        posts = {('lists.posts', day): int(value) for name, day, _, value in rows[1:] if name == 'lists.posts' and value != '0'}
        self.assertEqual(posts, self.reference(content).days())
        self.assertFalse(os.path.exists(self.house.path('lists')))
        self.assertEqual(self.house.table('lists.*'), {})
        self.listserv(path)
        ran = self.listserv(self.house.write('b.mbox', content + make_lists.mbox(SEED + 1, 1, first=5000)), more=['--dry-run'])
        self.assertIn('1 new post', ran.err)
        self.assert_figures(self.reference(content))


class Follow(ListsTest):
    def test_posts_as_they_come(self):
        parts = make_lists.parts(SEED, 60)
        box = self.house.write('a.mbox', b''.join(parts[:20]))
        folder = self.maildir('Maildir', [])
        running = self.house.spawn('suivi-listserv', *self.house.listserv_arguments(box, folder), '--follow')
        reference = self.reference(b''.join(parts[:20]))

        def total():
            return sum(self.house.table('lists.posts').values()) == sum(reference.posts.values())
        house.until(total, 'the first messages')
        with open(box, 'ab') as file:
            file.write(b''.join(parts[20:40]))
        reference.add(b''.join(parts[20:40]))
        house.until(total, 'the messages that were appended')
        for number, part in enumerate(parts[40:]):
            message = part.split(b'\n', 1)[1]
            path = self.house.write('Maildir/tmp/%d' % number, message)
            os.rename(path, self.house.path('Maildir', 'new', str(number)))
            reference.message(None, message)
        house.until(total, 'the messages that were delivered')
        running.signal(house.signal.SIGTERM)
        self.assertEqual(running.wait(), 0, running.stderr())
        self.assert_figures(reference)


class FullDisk(ListsTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.house.path('disk'))

    def test_the_next_run_counts_what_could_not_be_saved(self):
        content = make_lists.mbox(SEED, 3000)
        path = self.house.write('a.mbox', content)
        with small_disk(self, self.house.path('disk'), '128k') as resize:
            ran = self.listserv(path, state='disk/state', code=1)
            self.assert_one_sentence(ran.err, self.house.path('disk'), 'o space left')
            resize('256m')
            self.listserv(path, state='disk/state')
            self.assert_figures(self.reference(content))

    def test_one_that_follows_goes_on_by_itself(self):
        parts = make_lists.parts(SEED, 3000)
        path = self.house.write('a.mbox', b''.join(parts[:10]))
        with small_disk(self, self.house.path('disk'), '4m'):
            running = self.house.spawn('suivi-listserv', *self.house.listserv_arguments(path, state='disk/state'), '--follow')
            house.until(lambda: self.house.table('lists.posts'), 'the first posts counted')
            filler = fill(self.house.path('disk'))
            with open(path, 'ab') as file:
                file.write(b''.join(parts[10:]))
            self.assertRegex(running.wait_line('trying again'), '[Nn]o space left')
            os.unlink(filler)
            reference = self.reference(b''.join(parts))
            house.until(lambda: sum(self.house.table('lists.posts').values()) == sum(reference.posts.values()), 'every post counted')
            running.signal(house.signal.SIGTERM)
            self.assertEqual(running.wait(), 0, running.stderr())
            self.assert_figures(reference)


class Usage(ListsTest):
    daemon = False

    def test_wrong_usage(self):
        for arguments in ([], ['--list', 'a'], ['x.mbox'], ['--list', 'a', '--follow', '-'], ['--list', 'a', '-', '-'],
                          ['--list', 'a', '--follow', '--dry-run', 'x'], ['--bogus'], ['--list', 'a\nb', 'x'], ['--timeout', 'x']):
            if arguments:
                ran = self.house.run('suivi-listserv', *arguments, code=2)
                self.assertIn('--help', ran.err)

    def test_help_and_version(self):
        self.assertIn('--list', self.house.run('suivi-listserv', '--help').out)
        self.assertRegex(self.house.run('suivi-listserv', '--version').out, r'^suivi-listserv \d')

    def test_what_is_no_archive(self):
        self.house.start()
        good = self.house.write('good.mbox', make_lists.mbox(SEED, 5))
        for path, words in ((self.house.path('nowhere'), 'No such file'), (self.house.write('text', b'hello\n'), 'is it an mbox'),
                            (self.house.write('broken.gz', b'\x1f\x8b\x08\x00\x00'), 'cut off')):
            ran = self.listserv(path, good, code=1)
            self.assert_one_sentence(ran.err, os.path.basename(path), words)
        self.assertGreater(sum(self.house.table('lists.posts').values()), 0)
        self.listserv(self.house.write('empty', b''), name='empty')


if __name__ == '__main__':
    house.main()
