#!/usr/bin/env python3
"""Write demo.log: three invented months of a small web site, always the same ones.

usage: make_demo_log.py > demo.log

Every address is one reserved for documentation (RFC 5737, RFC 3849), every name ends in example.org.
"""
import random
import time

SEED = 20180101
JANUARY, DAY = 1514764800, 86400  # 2018-01-01T00:00:00Z
DAYS = 90

PAGES = ['/', '/en/', '/en/about', '/en/news', '/en/members', '/en/resources', '/en/contact',
         '/fr/', '/fr/a-propos', '/fr/actualites', '/fr/membres', '/fr/ressources']
STATIC = ['/assets/site.css', '/assets/site.js', '/assets/logo.png', '/favicon.ico']
DOWNLOADS = {'en': ['/en/files/annual-report.pdf', '/en/files/smart-guide.pdf', '/en/files/briefing.docx'],
             'fr': ['/fr/files/rapport-annuel.pdf', '/fr/files/guide.pdf']}
BROWSERS = [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:57.0) Gecko/20100101 Firefox/57.0',
    'Mozilla/5.0 (X11; Linux x86_64; rv:52.0) Gecko/20100101 Firefox/52.0',
    'Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63.0.3239.132 Safari/537.36',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 11_2 like Mac OS X) AppleWebKit/604.4.7 (KHTML, like Gecko) Version/11.0 '
    'Mobile/15C153 Safari/604.1',
]
ROBOTS = ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
          'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', '-']
ADDRESSES = [f'192.0.2.{n}' for n in range(10, 40)] + [f'198.51.100.{n}' for n in range(5, 25)] + \
            [f'2001:db8::{n:x}' for n in range(0x10, 0x20)]


def line(at, address, path, agent, status=200, size=None, method='GET', referrer='-'):
    when = time.strftime('%d/%b/%Y:%H:%M:%S +0000', time.gmtime(at))
    size = 200 + sum(map(ord, path)) * 7 if size is None else size
    return at, f'{address} - - [{when}] "{method} {path} HTTP/1.1" {status} {size} "{referrer}" "{agent}"'


def visit(dice, at, address, agent, language):
    """One person's visit: a few pages with what belongs to them, now and then a download."""
    pages = [p for p in PAGES if p.startswith(f'/{language}/')] + ['/']
    referrer = '-'
    for step in range(dice.randint(1, 4)):
        path = dice.choice(pages)
        yield line(at, address, path, agent, referrer=referrer)
        if step == 0:
            yield line(at + 1, address, dice.choice(STATIC), agent, status=dice.choice([200, 304]))
        referrer = 'https://www.example.org' + path
        if dice.random() < 0.25:
            path = dice.choice(DOWNLOADS[language])
            yield line(at + 20, address, path, agent, referrer=referrer)
            if dice.random() < 0.4:  # the impatient click twice
                yield line(at + 25, address, path, agent, referrer=referrer)
        at += dice.randint(30, 600)


def site(dice):
    for number in range(52):
        address, agent = ADDRESSES[number], dice.choice(BROWSERS)
        language = dice.choice(['en', 'en', 'fr'])
        for _ in range(dice.choice([1, 1, 2, 3])):
            yield from visit(dice, JANUARY + dice.randrange(DAYS * DAY - 7200), address, agent, language)
    for number in range(40):
        at, agent = JANUARY + dice.randrange(DAYS * DAY), dice.choice(ROBOTS)
        yield line(at, ADDRESSES[-1 - number % 6], dice.choice(PAGES + ['/robots.txt']), agent)
    for _ in range(12):
        at = JANUARY + dice.randrange(DAYS * DAY)
        yield line(at, dice.choice(ADDRESSES), dice.choice(['/wp-login.php', '/old-page']), dice.choice(BROWSERS), 404)
    yield line(JANUARY + 40 * DAY, ADDRESSES[3], '/en/contact', BROWSERS[0], 302, method='POST')
    yield JANUARY + 50 * DAY, '198.51.100.9 - - [a line that the server did not finish'


def main():
    for _, text in sorted(site(random.Random(SEED)), key=lambda entry: entry[0]):
        print(text)


if __name__ == '__main__':
    main()
