"""The shipped settings of nginx and Apache do what docs/stamp.md says, in the servers themselves, on days that the test sets;
and what they log is counted."""
import os
import random
import re

import house
from clocks import Clock
from house import HouseTest
from stamp_case import answer
from web_servers import Apache, Nginx

DAYS = ('2019-01-01', '2019-01-31', '2019-02-01', '2019-12-31', '2020-01-01', '2020-02-29', '2020-03-01', '2029-12-31', '2030-01-15')
RULE = r'suivi=(\d{4}-\d\d-\d\d[nf]?); Path=/; Max-Age=33696000; SameSite=Lax; HttpOnly'
UNIQUE = 'web.visitors.unique'


def days_around(day):
    year, month = int(day[:4]), int(day[5:7])
    for back in (0, 1, 2, 3, 11, 12, 13, -1):
        total = year * 12 + month - 1 - back
        for number in (1, 15, 28):
            yield '%04d-%02d-%02d' % (total // 12, total % 12 + 1, number)


class Servers:
    def setUp(self):
        super().setUp()
        self.root = os.path.dirname(self.house.write('www/index.html', b'<p>hello'))
        for name in ('style.css', 'other.css', 'report.PDF', 'logo.png', 'data.json', 'fr/index.html', 'a.b/index.html'):
            self.house.write('www/' + name, b'x')
        self.clock = Clock(self, self.house, DAYS[0])
        self.server = self.make(self, self.house, self.root, self.clock)

    def stamp_of(self, cookie):
        if cookie is None:
            return None
        read = re.fullmatch(RULE, cookie)
        self.assertTrue(read, cookie)
        return read[1]

    def get(self, path, stamp=None, **more):
        status, cookie = self.server.get(path, stamp, **more)
        return status, self.stamp_of(cookie)

    def test_every_stamp_on_every_kind_of_day(self):
        for today in DAYS:
            self.clock.set(today)
            odd = ['', '-', 'junk', today[:7], today + 'x', today + 'nn', '2018-13-01', '2018-00-10', '2018-10-32', 'x' + today, '1999-12-31']
            stamps = [None, *odd, *(day + mark for day in [today, *days_around(today)] for mark in ('', 'n', 'f'))]
            for stamp in stamps:
                self.assertEqual(self.get('/', stamp), (200, answer(stamp, today)), (stamp, today))

    def test_only_what_is_counted_is_stamped(self):
        today = DAYS[0]
        for path, stamped in (('/', True), ('/?a=b.css', True), ('/fr/', True), ('/a.b/', True), ('/style.css', True), ('/style.css?v=2', True),
                              ('/other.css', False), ('/report.PDF', False), ('/report.PDF?x', False), ('/logo.png', False),
                              ('/data.json', False)):
            self.assertEqual(self.get(path), (200, today + 'n' if stamped else None), path)
        for path, status in (('/nothing', 404), ('/moved', 302), ('/style.css/', 404)):
            self.assertEqual(self.get(path, '2018-11-11'), (status, None), path)
        self.assertEqual(self.get('/', method='HEAD'), (200, None))
        self.assertNotEqual(self.get('/', method='POST')[1], today + 'n')
        os.utime(os.path.join(self.root, 'index.html'), (1514764800, 1514764800))
        known = {'If-Modified-Since': 'Mon, 01 Jan 2018 00:00:00 GMT'}
        self.assertEqual(self.get('/', '2018-11-11', headers=known), (304, today + 'f'))
        self.assertEqual(self.get('/', headers={'Cookie': 'xsuivi=2018-11-11'}), (200, today + 'n'))

    def test_what_is_logged_is_counted(self):
        """Twenty browsers over some days, each known to the test."""
        seed = int(os.environ.get('SUIVI_SEED') or random.randrange(1 << 32))
        print('seed %d' % seed, flush=True)
        rng = random.Random(seed)
        stamps, known, views = {}, {}, 0
        firsts, returning = {'day': set(), 'month': set(), 'quarter': set(), 'year': set()}, set()
        unstamped = 0
        for today in ('2019-12-30', '2019-12-31', '2020-01-01', '2020-01-02', '2020-02-10', '2020-03-31', '2020-04-01', '2021-01-05'):
            self.clock.set(today)
            for who in rng.sample(range(20), 8):
                for path in rng.choice((['/'], ['/', '/style.css'], ['/', '/logo.png', '/fr/'])):
                    sent = stamps.get(who)
                    _, new = self.get(path, sent)
                    if who % 5 != 0:            # others refuse it
                        stamps[who] = new or sent
                    if path == '/logo.png':
                        continue
                    views += path != '/style.css'
                    unstamped += sent is None and path != '/style.css'
                    seen = known.setdefault(who, set())
                    seen.add(today)
                    if sent is None:
                        continue
                    for by, period in (('day', today), ('month', today[:7]), ('year', today[:4]),
                                       ('quarter', '%s-Q%d' % (today[:4], (int(today[5:7]) + 2) // 3))):
                        firsts[by].add((who, period))
                    month = int(today[:4]) * 12 + int(today[5:7])
                    if any(day < today and month - int(day[:4]) * 12 - int(day[5:7]) <= 1 for day in seen):
                        returning.add((who, today[:7]))
        log = self.house.write('access.log', self.server.stop())
        self.house.weblog(log, more=['--stamp', '--stamp-path', '/style.css'])
        for by, members in firsts.items():
            self.assertEqual(sum(self.house.table(UNIQUE, by=by).values()), len(members), by)
        self.assertEqual(sum(self.house.table('web.visitors.returning').values()), len(returning))
        self.assertEqual(sum(self.house.table('web.firsts.unstamped').values()), unstamped)
        self.assertEqual(sum(self.house.table('web.firsts.pageviews').values()), views)


class OfNginx(Servers, HouseTest):
    make = Nginx


class OfApache(Servers, HouseTest):
    make = Apache


if __name__ == '__main__':
    house.main()
