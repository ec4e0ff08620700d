#!/usr/bin/python3
"""Logs of web servers as they are found in the wild, from a seed: the same seed gives the same log.

In them: people who come back within the hour, over midnight, next month; languages; robots; downloads asked for twice
within half a minute; static files; failed and odd requests; escaped quotes; lines that come minutes too late; lines that
are no lines of a log.

usage: make_logs.py [--seed N] [--people N] [--days N] [--start YYYY-MM-DD] [--format combined|common|vhost|json]
"""
import argparse
import calendar
import collections
import json
import random
import sys
import time

Record = collections.namedtuple('Record', 'at zone host address user request status size referrer agent')

LANGUAGES = ['en', 'fr', 'es', 'ru', 'zh']
BROWSERS = [
    'Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.186 Safari/537.36',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_3) AppleWebKit/604.5.6 (KHTML, like Gecko) Version/11.0.3 Safari/604.5.6',
    'Mozilla/5.0 (Linux; Android 8.0.0; SM-G930F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.137 Mobile Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 11_2_6 like Mac OS X) AppleWebKit/604.5.6 (KHTML, like Gecko) Version/11.0 Mobile/15D100 Safari/604.1',
    'Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; "quoted" \\ and so on)',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:58.0) Gecko/20100101 Firefox/58.0 \u00e9t\u00e9',
]
ROBOTS = [
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)',
    'curl/7.58.0', 'python-requests/2.18.4', '', '-',
]
PAGES = ['/', '/news', '/news/item-%d', '/members/', '/about?tab=%d', '/resources/paper-%d#top', '/fran%%C3%%A7ais/%d', '/a.b/c']
STATIC = ['/style.css', '/logo.PNG', '/favicon.ico', '/robots.txt', '/app.js?v=3', '/feed.xml']
FILES = ['/files/policy.pdf', '/files/Report.PDF?download=1', '/fr/files/guide.docx', '/files/data.csv', '/files/talk.mp3']
RUBBISH = [
    b'', b'-', b'not a line of a log', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    b'192.0.2.1 - - [31/Feb/2018:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0"',
    b'192.0.2.1 - - [07/Mar/2018:25:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0"',
    b'192.0.2.1 - - [07/Mar/2018:10:00:00 +0000] "GET / HTTP/1.1',
    b'{"time_iso8601": "2018-03-07T10:00:00+00:00", "remote_addr": ',
]


def _address(rng):
    if rng.random() < 0.15:
        return '2001:db8::%x:%x' % (rng.randrange(1 << 16), rng.randrange(1 << 16))
    return '%s.%d' % (rng.choice(['192.0.2', '198.51.100', '203.0.113']), rng.randrange(1, 255))


def _page(rng, language):
    path = rng.choice(PAGES)
    path = path % rng.randrange(30) if '%d' in path else path.replace('%%', '%')
    return '/' + language + path if language != 'en' or rng.random() < 0.2 else path


class Traffic:
    def __init__(self, seed, people=40, days=75, start='2018-01-05', late=True):
        self.rng = random.Random(seed)
        self.begin = calendar.timegm(time.strptime(start, '%Y-%m-%d'))
        self.end = self.begin + days * 86400
        self.records = []
        for _ in range(people):
            self._person()
        for _ in range(max(3, people // 6)):
            self._robot()
        for _ in range(max(2, people // 10)):
            self._midnight()
        # The server writes a line when a request ends: most within a second, some minutes late.
        rng = self.rng
        self.records.sort(key=lambda r: r.at + (rng.uniform(0, 240) if late and rng.random() < 0.05 else rng.random()))

    def _add(self, at, address, agent, request, status=200, referrer='-'):
        if not self.begin <= at < self.end:
            return
        rng = self.rng
        self.records.append(Record(at, rng.choice([0, 0, 0, 60, -300, 330]), rng.choice(['www.example.org:443', 'example.org']),
                                   address, rng.choice(['-', '-', '-', 'ann', 'user name']), request, status,
                                   '-' if status == 304 else str(rng.randrange(100, 90000)), referrer, agent))

    def _visit(self, at, address, agent, language):
        """A visit's requests, each at a second of its own; returns when it ended."""
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2, 3, 5, 8])):
            if rng.random() < 0.05:
                language = rng.choice(LANGUAGES)
            self._add(at, address, agent, 'GET %s HTTP/1.1' % _page(rng, language), rng.choice([200, 200, 200, 304]),
                      rng.choice(['-', 'https://example.org/', 'https://search.example/?q="sex work"']))
            for _ in range(rng.randrange(3)):
                at += 1
                self._add(at, address, agent, 'GET %s HTTP/1.1' % rng.choice(STATIC))
            if rng.random() < 0.25:
                path = rng.choice(FILES)
                for _ in range(rng.choice([1, 1, 2, 4])):
                    at += rng.choice([1, 8, 29, 30, 31, 60])
                    self._add(at, address, agent, 'GET %s HTTP/1.1' % path, rng.choice([200, 200, 304, 206]))
            if rng.random() < 0.1:
                at += 1
                self._add(at, address, agent, rng.choice(['POST /form HTTP/1.1', 'HEAD / HTTP/1.1', '-', '', '\\x16\\x03',
                                                          'GET', 'get / HTTP/1.1', 'GET  /two HTTP/1.1',
                                                          'GET /q?a=\\"b\\" HTTP/1.1']), rng.choice([200, 400, 404]))
            at += rng.choice([5, 40, 300, 1200, 1799, 1800, 1801])
        return at

    def _person(self):
        rng = self.rng
        address, agent, language = _address(rng), rng.choice(BROWSERS), rng.choice(LANGUAGES)
        at = self.begin + rng.randrange(self.end - self.begin)
        for _ in range(rng.choice([1, 1, 2, 3, 6])):
            at = self._visit(at, address, agent, language)
            at += rng.choice([1795, 1900, 7200, 86400, 9 * 86400, 31 * 86400])

    def _midnight(self):
        """A visit that spans midnight, by preference that of a month's end."""
        rng = self.rng
        day = self.begin + rng.randrange((self.end - self.begin) // 86400) * 86400
        date = time.gmtime(day)
        day += (calendar.monthrange(date.tm_year, date.tm_mon)[1] - date.tm_mday) * 86400
        address, agent = _address(rng), rng.choice(BROWSERS)
        for at in (day + 86400 - 900, day + 86400 - 1, day + 86400, day + 86400 + 1500):
            self._add(at, address, agent, 'GET %s HTTP/1.1' % _page(rng, 'fr'))

    def _robot(self):
        rng = self.rng
        address, agent, at = _address(rng), rng.choice(ROBOTS), self.begin + rng.randrange(86400)
        while at < self.end:
            self._add(at, address, agent, 'GET %s HTTP/1.1' % rng.choice([_page(rng, 'en'), '/robots.txt', FILES[0]]))
            at += rng.randrange(3600, 86400 * 4)


def _clf(record):
    date = time.gmtime(record.at + record.zone * 60)
    sign, zone = ('-', -record.zone) if record.zone < 0 else ('+', record.zone)
    return '%02d/%s/%04d:%02d:%02d:%02d %s%02d%02d' % (date.tm_mday, calendar.month_abbr[date.tm_mon], date.tm_year,
                                                      date.tm_hour, date.tm_min, date.tm_sec, sign, zone // 60, zone % 60)


def _quoted(text):
    """As Apache escapes what a client sent; requests above are written escaped already."""
    return text.replace('\\', '\\\\').replace('"', '\\"')


def line(record, form):
    if form == 'json':
        date = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.at + record.zone * 60))
        sign, zone = ('-', -record.zone) if record.zone < 0 else ('+', record.zone)
        return json.dumps({     # an empty request becomes "-": whether it is one, readers of such logs do not agree
            'time_iso8601': '%s%s%02d:%02d' % (date, sign, zone // 60, zone % 60), 'remote_addr': record.address,
            'remote_user': record.user, 'request': record.request or '-', 'status': record.status,
            'body_bytes_sent': 0 if record.size == '-' else int(record.size), 'request_time': 0.004,
            'http_referrer': record.referrer, 'http_user_agent': record.agent}, ensure_ascii=record.at % 2 == 0).encode()
    text = '%s - %s [%s] "%s" %d %s' % (record.address, record.user, _clf(record), record.request, record.status, record.size)
    if form != 'common':
        text += ' "%s" "%s"' % (_quoted(record.referrer), _quoted(record.agent))
    if form == 'vhost':
        text = record.host + ' ' + text
    return text.encode()


def lines(seed, form='combined', rubbish=0.01, **traffic):
    """The log's lines, without line ends."""
    made = Traffic(seed, **traffic)
    out = []
    for record in made.records:
        out.append(line(record, form))
        if made.rng.random() < rubbish:
            out.append(made.rng.choice(RUBBISH))
    return out


def log(seed, form='combined', **traffic):
    return b''.join(text + b'\n' for text in lines(seed, form, **traffic))


if __name__ == '__main__':
    arguments = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    arguments.add_argument('--seed', type=int, default=1)
    arguments.add_argument('--people', type=int, default=40)
    arguments.add_argument('--days', type=int, default=75)
    arguments.add_argument('--start', default='2018-01-05')
    arguments.add_argument('--format', default='combined', choices=['combined', 'common', 'vhost', 'json'])
    given = arguments.parse_args()
    sys.stdout.buffer.write(log(given.seed, given.format, people=given.people, days=given.days, start=given.start))
