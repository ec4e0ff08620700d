"""A log goes in, true figures come out: every format and packing, against the reference."""
import json
import os
import re
import subprocess
import sys
import unittest

import house
from make_logs import lines
from weblog_case import LANGUAGES, WeblogTest, make_log, packed

ORACLE = os.path.join(house.SHARED, 'oracle', 'weblog.py')


class Spine(WeblogTest):
    def compare(self, form, told=None, packing=None, seed=1, stdin=False):
        content = make_log(seed, form)
        name = 'access.log' + ('.' + packing if packing else '')
        path = self.house.write(name, packed(content, packing))
        if stdin:
            ran = self.weblog('-', format=told, stdin=packed(content, packing))
        else:
            ran = self.weblog(path, format=told)
        self.assertEqual(ran.out, '')
        reference = self.reference(content, form=form)
        self.assert_figures(reference)
        self.assert_zeros(reference)

    def test_combined(self):
        self.compare('combined', told='combined')

    def test_combined_detected(self):
        self.compare('combined', seed=2)

    def test_common(self):
        self.compare('common', told='common', seed=3)

    def test_common_detected(self):
        self.compare('common', seed=4)

    def test_vhost(self):
        self.compare('vhost', told='vhost', seed=5)

    def test_vhost_detected(self):
        self.compare('vhost', seed=6)

    def test_json(self):
        self.compare('json', told='json', seed=7)

    def test_json_detected(self):
        self.compare('json', seed=8)

    def test_gzip(self):
        self.compare('combined', packing='gz', seed=9)

    def test_zstd(self):
        self.compare('vhost', packing='zst', seed=10)

    def test_xz(self):
        self.compare('json', packing='xz', seed=11)

    def test_stdin(self):
        self.compare('combined', stdin=True, seed=12)

    def test_stdin_packed(self):
        self.compare('combined', stdin=True, packing='gz', seed=13)

    def test_no_final_newline_and_crlf(self):
        content = b'\r\n'.join(lines(14, rubbish=0))
        self.weblog(self.house.write('access.log', content))
        self.assert_figures(self.reference(content))

    def test_two_years_newest_first(self):
        parts = [make_log(20 + number, people=12, days=40, start=start)
                 for number, start in enumerate(['2017-12-20', '2016-02-10', '2015-12-01', '2018-11-25'])]
        paths = [self.house.write('log.%d' % number, part) for number, part in enumerate(parts)]
        self.weblog(*reversed(paths))
        self.assert_figures(self.reference(*parts), malformed_by_day=True)

    def test_sites_are_apart(self):
        one, two = make_log(30), make_log(31)
        self.weblog(self.house.write('one.log', one), site='one')
        self.weblog(self.house.write('two.log', two), site='two')
        self.assert_figures(self.reference(one), site='one')
        self.assert_figures(self.reference(two), site='two')

    def test_same_log_of_two_sites(self):
        content = make_log(32)
        path = self.house.write('one.log', content)
        for site in ('one', 'two'):
            self.weblog(path, site=site)
            self.assert_figures(self.reference(content), site=site)

    def test_languages(self):
        content = make_log(33)
        path = self.house.write('one.log', content)
        self.weblog(path, site='some', languages='fr,ru', default='es')
        self.assert_figures(self.reference(content, languages='fr,ru', default='es'), site='some')

    def test_languages_that_were_read(self):
        """Of each day those with a page view, whatever the site, and of each once, in however many runs."""
        def line(day, path, agent='Mozilla/5.0 (X11; Linux x86_64; rv:58.0) Gecko/20100101 Firefox/58.0'):
            return '192.0.2.7 - - [%s/Mar/2018:09:00:00 +0000] "GET %s HTTP/1.1" 200 5120 "-" "%s"\n' % (day, path, agent)
        first = line('06', '/fr/a') + line('06', '/b') + line('07', '/fr/c') + line('07', '/es/x.pdf') + line('07', '/es/', 'Googlebot/2.1')
        path = self.house.write('one.log', first.encode())
        self.weblog(path, site='one', languages='en,fr,es', default='en')
        self.house.write('one.log', (first + line('07', '/fr/d')).encode())
        self.weblog(path, site='one', languages='en,fr,es', default='en')
        self.weblog(self.house.write('two.log', (line('08', '/fr/e') + line('08', '/es/f')).encode()), site='two',
                    languages='en,fr,es', default='en', state='other')
        self.assertEqual(self.house.table('web.languages', by='day', split=['language']), {
            ('web.languages', '2018-03-06', 'en'): 1, ('web.languages', '2018-03-06', 'fr'): 1,
            ('web.languages', '2018-03-07', 'fr'): 1, ('web.languages', '2018-03-08', 'es'): 1,
            ('web.languages', '2018-03-08', 'fr'): 1})
        self.assertEqual(self.house.table('web.languages'), {('web.languages', '2018-03'): 3})
        self.assertIn('all is well', self.house.run('suivi', 'check').out)

    def test_no_languages(self):
        content = make_log(34)
        self.weblog(self.house.write('one.log', content), languages=None)
        self.assert_figures(self.reference(content, languages=None))

    def test_malformed_are_told(self):
        content = make_log(35, rubbish=0) + b'this is no line of a log\n' * 3
        ran = self.weblog(self.house.write('access.log', content))
        self.assertRegex(ran.err, r'access\.log')
        self.assertRegex(ran.err, r'\b3\b')

    def test_no_identifier_leaves(self):
        """Neither an address nor an agent is in the daemon's data or in the collector's state."""
        content = make_log(36)
        path = self.house.write('access.log', content)
        self.weblog(path)
        self.house.stop()
        addresses = set(re.findall(rb'^(\S+) - ', content, re.M))
        needles = addresses | {b'Mozilla/5.0', b'Googlebot', b'python-requests', b'policy.pdf'}
        for folder in (self.house.data, self.house.path('state')):
            for directory, _, names in os.walk(folder):
                for name in names:
                    with open(os.path.join(directory, name), 'rb') as file:
                        held = file.read()
                    self.assertEqual([needle for needle in needles if needle in held], [], name)


class Oracle(unittest.TestCase):
    """The reference of these tests agrees with the oracle, where that is there."""

    def setUp(self):
        if not os.path.exists(ORACLE):
            self.skipTest('../shared/oracle is not there')

    def test_reference(self):
        import tempfile
        from reference import Reference
        for form in ('combined', 'common', 'vhost', 'json'):
            with self.subTest(form=form), tempfile.NamedTemporaryFile(suffix='.log') as file:
                content = make_log(40, form, people=60)
                file.write(content)
                file.flush()
                ran = subprocess.run([sys.executable, ORACLE, '--format', form, file.name], stdout=subprocess.PIPE, check=True)
                oracle = json.loads(ran.stdout)
                counted = Reference(LANGUAGES.split(',')).add(content, form).count()
                for by in ('day', 'month'):
                    ours = {}
                    for (indicator, period), value in counted[by].items():
                        if indicator != 'web.malformed':
                            ours.setdefault(period, {})[indicator] = value
                    self.assertEqual(ours, oracle[by])
                self.assertEqual(counted['total'].get('web.malformed', 0), oracle['total']['web.malformed'])


if __name__ == '__main__':
    house.main()
