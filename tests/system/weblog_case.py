"""What tests of suivi-weblog share: a log, its reference, and their comparison with the daemon's figures."""
import gzip
import lzma
import subprocess

import make_logs
from house import HouseTest
from reference import ADDITIVE, DISTINCT, WITH_LANGUAGE, Reference

LANGUAGES = 'en,fr,es,ru,zh'


def packed(content, how):
    if how == 'gz':
        return gzip.compress(content)
    if how == 'xz':
        return lzma.compress(content)
    if how == 'zst':
        return subprocess.run(['zstd', '-qc'], input=content, stdout=subprocess.PIPE, check=True).stdout
    return content


def nonzero(table):
    return {key: value for key, value in table.items() if value != 0}


class WeblogTest(HouseTest):
    def reference(self, *contents, form='combined', languages=LANGUAGES, default='en'):
        reference = Reference(languages.split(',') if languages else (), default)
        for content in contents:
            reference.add(content, form)
        return reference

    def assert_figures(self, reference, site='site', malformed_by_day=True):
        """The daemon's figures of the site are the reference's: days, months, totals, by language, and their zeros."""
        where = ['--where', 'site=' + site]
        counted = reference.count()
        month = self.house.table('web.*', *where, by='month')
        day = self.house.table(*ADDITIVE, *where, by='day')
        if not malformed_by_day:
            for table in (counted['day'], counted['month'], month, day):
                for key in [key for key in table if key[0] == 'web.malformed']:
                    del table[key]
        self.assert_near(nonzero(month), counted['month'])
        self.assertEqual(nonzero(day), counted['day'])
        for indicator in ADDITIVE:
            total = sum(value for key, value in month.items() if key[0] == indicator)
            if indicator != 'web.malformed' or malformed_by_day:
                self.assertEqual(total, counted['total'].get(indicator, 0), indicator)
        if not reference.default:
            return
        split = self.house.table(*WITH_LANGUAGE, *where, by='month', split=['language'])
        wanted = {key: value for key, value in reference.count(split=True)['month'].items() if key[0] in WITH_LANGUAGE}
        self.assert_near(nonzero(split), wanted)

    def assert_near(self, figures, wanted):
        """Equal; but counts of visitors past 1024 are estimates, within five of their standard errors."""
        self.assertEqual(set(figures), set(wanted))
        for key, value in wanted.items():
            estimated = 'web.visitors' in key[0] and value > 1024
            self.assertLessEqual(abs(figures[key] - value), value * 0.008 * 5 if estimated else 0, (key, figures[key], value))

    def assert_zeros(self, reference, site='site'):
        """Heard from and nothing is a row of 0; not heard from is no row."""
        rows = self.house.table(*ADDITIVE, '--where', 'site=' + site, by='day')
        for indicator in ADDITIVE:
            self.assertEqual({key[1] for key in rows if key[0] == indicator}, reference.days(), indicator)
        rows = self.house.table(*DISTINCT, '--where', 'site=' + site, by='month')
        for indicator in DISTINCT:
            self.assertEqual({key[1] for key in rows if key[0] == indicator}, {day[:7] for day in reference.days()},
                             indicator)

    def weblog(self, *files, **options):
        options.setdefault('languages', LANGUAGES)
        return self.house.weblog(*files, **options)


make_log = make_logs.log
