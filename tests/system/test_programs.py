"""The programs as such: help, versions, exits; and the library as installed: built against with pkg-config, run."""
import os
import re
import shutil
import subprocess

import house
from house import HouseTest
from weblog_case import WeblogTest, make_log

OPTIONS = {
    ('suivid',): ['--config', '--data', '--listen', '--framework', '--help', '--version'],
    ('suivi-weblog',): ['--endpoint', '--state', '--site', '--format', '--languages', '--default-language', '--from', '--to', '--follow',
                        '--epoch', '--shared-keys', '--make-key', '--stamp', '--stamp-path', '--forget-site', '--help', '--version'],
    ('suivi-listserv',): ['--list', '--config', '--dry-run', '--once', '--follow', '--endpoint', '--state', '--source', '--timeout',
                          '--help', '--version'],
    ('suivi-statsd',): ['--config', '--listen', '--dry-run', '--endpoint', '--state', '--source', '--timeout', '--help', '--version'],
    ('suivi',): ['figures', 'explain', 'due', 'close', 'withdraw', 'record', 'correct', 'import',
                 'sources', 'check', '--help', '--version'],
    ('suivi', 'figures'): ['--from', '--to', '--by', '--split', '--where', '--as-of', '--reported', '--gaps', '--outside',
                           '--sum-of', '--format', '--help'],
    ('suivi', 'explain'): ['--where', '--full', '--format', '--language', '--endpoint', '--timeout', '--help'],
    ('suivi', 'due'): ['--on', '--within', '--format', '--language', '--endpoint', '--timeout', '--help'],
    ('suivi', 'close'): ['--note', '--format', '--endpoint', '--timeout', '--help'],
    ('suivi', 'withdraw'): ['--source', '--from', '--to', '--reason', '--endpoint', '--timeout', '--help'],
    ('suivi', 'record'): ['--at', '--value', '--name', '--done', '--in-force', '--title', '--link', '--file', '--dim', '--for', '--note',
                          '--template', '--state', '--endpoint', '--framework', '--timeout', '--help'],
    ('suivi', 'correct'): ['--at', '--value', '--difference', '--in-force', '--remove', '--retract', '--reason', '--dim', '--note',
                           '--state', '--endpoint', '--framework', '--timeout', '--help'],
    ('suivi', 'import'): ['--mapping', '--at', '--dry-run', '--reason', '--state', '--endpoint', '--framework', '--timeout', '--help'],
    ('suivi', 'sources'): ['--format', '--endpoint', '--timeout', '--help'],
    ('suivi', 'check'): ['--framework', '--endpoint', '--timeout', '--help'],
}


class Programs(HouseTest):
    daemon = False

    def version(self):
        with open(os.path.join(house.SOURCE, 'CMakeLists.txt')) as file:
            return re.search(r'project\(suivi VERSION (\S+)', file.read())[1]

    def test_help(self):
        for (name, *verb), options in OPTIONS.items():
            with self.subTest(program=name, verb=verb):
                ran = self.house.run(name, *verb, '--help')
                self.assertEqual(ran.err, '')
                for option in options:
                    self.assertIn(option, ran.out)
                self.assertLessEqual(max(len(line) for line in ran.out.splitlines()), 110)

    def test_version(self):
        for name in ('suivid', 'suivi', 'suivi-weblog', 'suivi-listserv', 'suivi-statsd'):
            ran = self.house.run(name, '--version')
            self.assertEqual((ran.out.strip(), ran.err), ('%s %s' % (name, self.version()), ''))

    def test_wrong_usage_says_how(self):
        for name in ('suivid', 'suivi', 'suivi-weblog', 'suivi-listserv', 'suivi-statsd'):
            ran = self.house.run(name, '--no-such-option', code=2)
            self.assertEqual(ran.out, '')
            self.assertIn('--help', ran.err)

    def test_summary_goes_to_stderr(self):
        self.house.start()
        path = self.house.write('access.log', make_log(400))
        ran = self.house.weblog(path)
        self.assertEqual(ran.out, '')
        self.assertNotIn('\x1b', ran.err)

    def test_daemon_is_quiet(self):
        """A ready line, and at SIGTERM at most a good-bye."""
        self.house.start()
        self.house.stop()
        self.assertLessEqual(len(self.house.daemon.lines), 3, self.house.daemon.stderr())

    def test_ready_line(self):
        self.house.start()
        self.assertIn('suivid: ready on ' + self.house.endpoint, self.house.daemon.lines)


class Installed(WeblogTest):
    """`cmake --install` into a directory of our own, as packagers do it; then only what is there is used."""
    daemon = False

    def setUp(self):
        super().setUp()
        if not shutil.which('pkg-config') or not shutil.which('cmake') or not os.path.exists(os.path.join(house.BUILD, 'CMakeCache.txt')):
            self.skipTest('no build directory of cmake here')
        self.root = self.house.path('root')
        subprocess.run(['cmake', '--install', house.BUILD], env=dict(os.environ, DESTDIR=self.root), check=True,
                       stdout=subprocess.DEVNULL)

    def installed(self, name):
        for directory, _, names in os.walk(self.root):
            if name in names:
                return os.path.join(directory, name)
        self.fail('%s is not installed' % name)

    def test_files(self):
        for name in ('suivid', 'suivi', 'suivi-weblog', 'suivi.h', 'libsuivi.pc', 'nswp-2016-2020.yaml', 'robots.txt', 'membership.yaml',
                     'survey.yaml'):
            self.installed(name)

    def test_example_of_the_library(self):
        pkgconfig = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(self.installed('libsuivi.pc')),
                         PKG_CONFIG_SYSROOT_DIR=self.root)
        flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'libsuivi'], env=pkgconfig, stdout=subprocess.PIPE,
                               check=True).stdout.decode().split()
        example = self.house.path('example')
        sanitize = ['-fsanitize=' + house.SANITIZE] if house.SANITIZE else []
        subprocess.run(['cc', '-Wall', '-Wextra', '-Werror', '-std=c17', *sanitize, '-o', example,
                        os.path.join(house.SOURCE, 'clients', 'lib', 'example.c'), *flags], check=True, timeout=house.LIMIT)
        self.house.start()
        libraries = os.path.dirname(self.installed('libsuivi.so'))
        for number in (1, 2):
            ran = subprocess.run([example, self.house.path('mine'), 'members'], input=b'a\n' * 12, timeout=house.LIMIT,
                                 env=self.house.environment(LD_LIBRARY_PATH=libraries), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
            self.assertEqual(ran.returncode, 0, ran.stderr.decode())
            self.assertEqual(sum(self.house.table('lists.posts', split=['list']).values()), number * 12)

    def test_installed_programs(self):
        """They find their own data, not that of the source tree."""
        environment = self.house.environment(SUIVI_DATADIR=os.path.dirname(self.installed('robots.txt')))
        self.house.start()
        content = make_log(401)
        path = self.house.write('access.log', content)
        ran = subprocess.run([self.installed('suivi-weblog'), *self.house.weblog_arguments(path, languages='en,fr,es,ru,zh')],
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=house.LIMIT)
        self.assertEqual(ran.returncode, 0, ran.stderr.decode())
        self.assert_figures(self.reference(content))


if __name__ == '__main__':
    house.main()
