"""Real logs and hostile ones of ../shared/data/weblog against the truth files beside them; skipped when they are not there."""
import glob
import json
import os

import house
from weblog_case import WeblogTest, nonzero
from reference import ADDITIVE, read_any

FOLDER = os.path.join(house.SHARED, 'data', 'weblog')


def truth_files():
    return sorted(path for path in glob.glob(os.path.join(FOLDER, '*.truth.json')) if 'hostile' not in path)


def flat(periods):
    return {(indicator, period): value for period, table in periods.items() for indicator, value in table.items()}


class SharedTest(WeblogTest):
    def setUp(self):
        if not truth_files():
            self.skipTest('../shared/data is not there')
        super().setUp()

    def site_figures(self, site, by):
        table = {}
        for (indicator, period), value in nonzero(self.house.table(*(['web.*'] if by == 'month' else ADDITIVE), '--where',
                                                                   'site=' + site, by=by)).items():
            if indicator != 'web.malformed':
                table.setdefault(period, {})[indicator] = value
        return table

    def malformed(self, site):
        return sum(self.house.table('web.malformed', '--where', 'site=' + site).values())


class Logs(SharedTest):
    def test_every_log(self):
        for number, truth_file in enumerate(truth_files()):
            source = truth_file[:-len('.truth.json')]
            site = 'site%d' % number
            with self.subTest(log=os.path.basename(source)):
                with open(truth_file) as file:
                    truth = json.load(file)
                files = sorted(glob.glob(source + '/*')) if os.path.isdir(source) else [source]
                self.weblog(*files, site=site)
                self.assert_near(flat(self.site_figures(site, 'month')), flat(truth['month']))
                self.assertEqual(self.site_figures(site, 'day'), truth['day'])
                self.assertEqual(self.malformed(site), truth['total']['web.malformed'])

    def test_all_again(self):
        """Everything into one site in one run, then again: nothing new."""
        folder = os.path.join(FOLDER, 'saunathinker-2025-daily')
        files = sorted(glob.glob(folder + '/*'))
        self.weblog(*files[5:], *files[:5])
        before = self.house.table('web.*')
        self.weblog(*files)
        self.assertEqual(self.house.table('web.*'), before)
        with open(folder + '.truth.json') as file:
            self.assert_near(flat(self.site_figures('site', 'month')), flat(json.load(file)['month']))


# Files of the hostile set for which the definitions page leaves something open, or which are no logs:
# (lines that are requests, malformed lines, exit). All others: the reference's figures and exit 0. A pair is a range.
SPECIAL = {
    'bad-crc.log.gz': ((0, 1000), 0, 1),
    'truncated.log.gz': ((1, 660), (0, 1), 1),
    'trailing-garbage.log.gz': (20, 0, (0, 1)),
    'not-gzip.log.gz': (20, 0, 0),
    'bomb.log.gz': (0, 0, 1),
    'one-huge-line.log.gz': (0, 0, 1),
    'custom-csv.log': (0, 0, 1),
    'garbage.log': (0, 0, 1),
    'utf16.log': (0, 0, 1),
    'bom.log': ((19, 20), (0, 1), 0),
    'odd-dates.log': ((9, 10), (16, 17), 0),
}


def within(value, wanted):
    low, high = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    return low <= value <= high


class Hostile(SharedTest):
    def test_every_file(self):
        for number, path in enumerate(sorted(glob.glob(os.path.join(FOLDER, 'hostile', '*')))):
            site, name = 'hostile%d' % number, os.path.basename(path)
            with self.subTest(file=name):
                ran = self.weblog(path, site=site, code=None)
                if name in SPECIAL:
                    self.special(name, site, ran)
                    continue
                self.assertEqual(ran.code, 0, ran.err)
                form = 'vhost' if name.startswith('bunkerweb') else 'combined'
                self.assert_figures(self.reference(read_any(path), form=form), site=site)
        self.assert_serves()

    def special(self, name, site, ran):
        requests, malformed, code = SPECIAL[name]
        self.assertTrue(within(ran.code, code), (ran.code, ran.err))
        if ran.code != 0:
            self.assert_one_sentence(ran.err, name)
        table = self.house.table('web.requests', '--where', 'site=' + site)
        got = sum(table.values()), self.malformed(site)
        self.assertTrue(within(got[0], requests), 'requests %r, not %r' % (got[0], requests))
        self.assertTrue(within(got[1], malformed), 'malformed %r, not %r' % (got[1], malformed))
        if requests == 0:
            self.assertEqual(table, {})


if __name__ == '__main__':
    house.main()
