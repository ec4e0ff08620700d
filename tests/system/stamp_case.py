"""Visitors by stamp, slowly and plainly (docs/stamp.md): what a server answers, browsers that do what it asks, and the figures
as they must be, reckoned from who they are."""
import calendar
import collections
import json
import random
import re
import time

LANGUAGES = ('en', 'fr', 'es')
BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0'
ROBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
DAY = 86400
CONFIRMS = '/style.css'

Request = collections.namedtuple('Request', 'at path referrer stamp agent address')


def months(day):
    return int(day[:4]) * 12 + int(day[5:7])


def answer(stamp, today):
    """The stamp that the server sends back; None: it leaves the one there is."""
    read = re.fullmatch(r'(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))([nf]?)', stamp or '')
    if not read:
        return today + 'n'
    if read[1] == today:
        return today + 'f' if read[2] == 'n' else None
    if 0 <= months(today) - months(read[1]) <= 1:
        return today
    return today + 'f'


def text_of(at, form='%Y-%m-%d'):
    return time.strftime(form, time.gmtime(at))


class Browser:
    """One person's browser. What it does is noted as the person would know it, beside what the log will hold."""

    def __init__(self, world, number, kind):
        self.world, self.number, self.kind = world, number, kind
        self.stamp, self.identity = None, (number, 0)
        self.address = '10.%d.%d.%d' % (number >> 16, number >> 8 & 255, number & 255)

    def clear(self):
        self.stamp, self.identity = None, (self.number, self.identity[1] + 1)

    def ask(self, at, path, referrer, language):
        today = text_of(at)
        page = not path.endswith(('.css', '.png'))
        counts = page or path == CONFIRMS
        sent = None if self.kind == 'refuses' else self.stamp
        self.world.requests.append(Request(at, path, referrer, sent, ROBOT if self.kind == 'robot' else BROWSER, self.address))
        if self.kind != 'robot' and counts:
            self.world.seen.append((at, self.identity, sent is not None, language, page))
        if counts:
            self.stamp = answer(sent, today) or sent

    def view(self, at, language):
        """A page, then what it is made of: first an image that was asked for before the page had come, with the old cookie."""
        page = '/%s/page-%d' % (language, self.world.rng.randrange(9))
        old = self.stamp
        self.ask(at, page, '-', language)
        new, self.stamp = self.stamp, old
        self.ask(at, '/early.png', '-', language)
        self.stamp = new
        if self.kind != 'bounces':
            self.ask(at + 1, CONFIRMS, 'https://site.example' + page, language)
        self.ask(at + 1, '/late.png', 'https://site.example' + page, language)


class World:
    def __init__(self, seed, people=120, first='2017-11-01', days=426):
        self.rng = random.Random(seed)
        self.requests, self.seen = [], []
        start = calendar.timegm(time.strptime(first, '%Y-%m-%d'))
        kinds = ['plain'] * 8 + ['refuses', 'robot', 'bounces', 'clears']
        for number in range(people):
            browser = Browser(self, number, kinds[number % len(kinds)])
            often = self.rng.choice([0.005, 0.02, 0.1, 0.4])
            for day in range(days):
                if self.rng.random() >= often:
                    continue
                if browser.kind == 'clears' and self.rng.random() < 0.3:
                    browser.clear()
                at = start + day * DAY + self.rng.choice([0, self.rng.randrange(DAY // 2)])
                for _ in range(self.rng.choice([1, 1, 2, 3])):
                    browser.view(at, self.rng.choice(LANGUAGES))
                    at += self.rng.choice([5, 60, 3 * 3600])
        self.requests.sort(key=lambda request: request.at)
        self.seen.sort(key=lambda seen: seen[0])

    def log(self, form='combined', zone='+0000', first=None, last=None):
        """Times are the clock's of a server in that zone. `first`, `last`: of these days only."""
        lines = []
        for request in self.requests:
            day = text_of(request.at)
            if (first and day < first) or (last and day > last):
                continue
            call = 'GET %s HTTP/1.1' % request.path
            when = text_of(request.at, '%d/%b/%Y:%H:%M:%S ') + zone
            if form == 'json':
                lines.append(json.dumps({
                    'time_iso8601': text_of(request.at, '%Y-%m-%dT%H:%M:%S') + zone[:3] + ':' + zone[3:],
                    'remote_addr': request.address, 'request': call, 'status': 200, 'http_referer': request.referrer,
                    'http_user_agent': request.agent, 'stamp': request.stamp or ''}))
                continue
            lines.append('%s%s - - [%s] "%s" 200 12 "%s" "%s" "%s"' % (
                'site.example:443 ' if form == 'vhost' else '', request.address, when, call, request.referrer, request.agent,
                request.stamp or '-'))
        return ''.join(line + '\n' for line in lines).encode()


PERIODS = {
    'day': lambda day: day,
    'month': lambda day: day[:7],
    'quarter': lambda day: '%s-Q%d' % (day[:4], (int(day[5:7]) + 2) // 3),
    'year': lambda day: day[:4],
}


class Truth:
    """The figures, from who was there on which days. Whoever has come back once with a stamp is known from then on."""

    def __init__(self, world, split=False):
        self.figures = collections.defaultdict(collections.Counter)
        self.split = split
        first_time = {period: set() for period in PERIODS}
        days, returned = collections.defaultdict(set), set()
        for at, who, stamped, language, page in world.seen:
            day = text_of(at)
            if page:
                self.add('pageviews', day, language)
            if not stamped:
                if page:
                    self.add('unstamped', day, language)
                days[who].add(day)
                continue
            days[who].add(day)
            for period, of in PERIODS.items():
                if (who, of(day)) not in first_time[period]:
                    first_time[period].add((who, of(day)))
                    self.add(period, day, language)
            before = {other for other in days[who] if other < day}
            if (who, day[:7]) not in returned and any(months(day) - months(other) <= 1 for other in before):
                returned.add((who, day[:7]))
                self.add('returning', day, language)

    def add(self, what, day, language):
        self.figures[what][(day, language)] += 1

    def table(self, what, by, name):
        """As House.table gives it, without zeros."""
        sums = collections.Counter()
        for (day, language), value in self.figures[what].items():
            sums[(name, PERIODS[by](day), *([language] if self.split else []))] += value
        return dict(sums)
