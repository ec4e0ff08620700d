#!/usr/bin/python3
"""A big combined log, the same for the same numbers, written fast: a busy site of an organisation over some months, with
robots, style sheets and pictures, downloads, five languages; about 250 bytes a line.

usage: make_big.py LINES [PEOPLE] > access.log     PEOPLE: how many clients are not robots, 30 000 if not told
"""
import random
import sys
import time

START = 1514764800      # 2018-01-01


def pools(rng, people):
    systems = ['X11; Linux x86_64', 'Windows NT 10.0; Win64; x64', 'Windows NT 6.1; WOW64', 'Macintosh; Intel Mac OS X 10_13_%d',
               'Linux; Android 8.0.0; SM-G9%d0F', 'iPhone; CPU iPhone OS 11_%d like Mac OS X']
    agents = []
    for number in range(400):
        system = systems[number % len(systems)]
        system = system % (number % 9) if '%' in system else system
        agents.append('Mozilla/5.0 (%s) AppleWebKit/537.%d (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.%d' % (
            system, number % 40, 50 + number % 20, 3000 + number, number % 190, number % 40))
    robots = ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
              'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
              'Mozilla/5.0 (compatible; AhrefsBot/5.2; +http://ahrefs.com/robot/)', 'curl/7.58.0']
    paths = []
    for number in range(6000):
        language = rng.choice(['', '', '/fr', '/es', '/ru', '/zh'])
        kind = rng.randrange(10)
        if kind < 4:
            paths.append('%s/resource-library/subject-%d/item-%d' % (language, number % 40, number))
        elif kind < 9:
            paths.append('/files/theme/css_%d.%s?v=%d' % (number, rng.choice(['css', 'js', 'png', 'svg']), number % 7))
        else:
            paths.append('%s/files/policy-brief-%d.pdf' % (language, number))
    clients = [('%d.%d.%d.%d' % (rng.randrange(1, 224), rng.randrange(256), rng.randrange(256), rng.randrange(1, 255)),
                rng.choice(agents)) for _ in range(people)]
    clients += [('66.249.%d.%d' % (rng.randrange(64, 96), rng.randrange(1, 255)), rng.choice(robots)) for _ in range(4000)]
    referrers = ['-'] * 40 + ['https://www.example.org/en/resource-library/subject-%d/' % number for number in range(40)]
    return clients, paths, referrers


def write(lines, people, out):
    rng = random.Random(2016)
    clients, paths, referrers = pools(rng, people)
    statuses = ['200'] * 17 + ['304', '301', '404']
    step = 75 * 86400 / lines
    chunk = []
    second, stamp = None, ''
    for number in range(lines):
        now = START + int(number * step)
        if now != second:
            second, stamp = now, time.strftime('%d/%b/%Y:%H:%M:%S +0000', time.gmtime(now))
        draw = rng.getrandbits(62)
        address, agent = clients[draw % len(clients)]
        draw //= len(clients)
        path = paths[draw % 6000]
        draw //= 6000
        chunk.append('%s - - [%s] "GET %s HTTP/1.1" %s %d "%s" "%s"\n' % (
            address, stamp, path, statuses[draw % 20], draw % 90000, referrers[draw % 80], agent))
        if len(chunk) == 10000:
            out.write(''.join(chunk).encode())
            chunk.clear()
    out.write(''.join(chunk).encode())


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3) or not all(number.isdigit() and int(number) > 0 for number in sys.argv[1:]):
        sys.exit(__doc__)
    write(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 30000, sys.stdout.buffer)
