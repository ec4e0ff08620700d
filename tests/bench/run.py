#!/usr/bin/python3
"""Measures, and prints one table: ratios first, and beside each figure the floor it is held against, measured in the same
run. Such machines are noisy: the ratios tell more than the figures. docs/performance.md says what each line means.

usage: run.py [--quick] BUILD_DIR       exit 0 whatever the ratios are
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ARGUMENTS = argparse.ArgumentParser(description='Measures suivi beside the floors of this machine.')
ARGUMENTS.add_argument('--quick', action='store_true', help='a short run, only to see that it works')
ARGUMENTS.add_argument('--keep-log', action='store_true', help='keep the big log for the next run')
ARGUMENTS.add_argument('build', metavar='BUILD_DIR')
GIVEN = ARGUMENTS.parse_args()
os.environ['SUIVI_BUILD'] = os.path.abspath(GIVEN.build)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'system'))

import house  # noqa: E402  (it reads SUIVI_BUILD)
from peer import Peer, at  # noqa: E402

RUNS = 1 if GIVEN.quick else 3
LINES = 20_000 if GIVEN.quick else 1_000_000
BATCHES = 8 if GIVEN.quick else 256
EVENTS = 4096 if GIVEN.quick else 65536
ROUNDS = 100 if GIVEN.quick else 5000
LANGUAGES = ['en', 'fr', 'es', 'ru', 'zh']
TABLE = []


def say(text):
    print('bench: ' + text, file=sys.stderr, flush=True)


def row(what, ratio, wanted, ours, floor):
    TABLE.append((what, ratio, wanted, ours, floor))


def median(values):
    return statistics.median(values)


def tool(name, *arguments):
    ran = subprocess.run([house.program('bench/bench-' + name), *map(str, arguments)], stdout=subprocess.PIPE, check=True,
                         env=house.environment())
    return json.loads(ran.stdout)


def timed(command, **more):
    started = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   **more)
    return time.perf_counter() - started


def tcp_endpoint(home):
    """The port that the daemon took."""
    import re
    line = home.daemon.wait_line('ready on .*tcp://')
    return 'tcp://127.0.0.1:' + re.search(r'tcp://\S*?:(\d+)(?:\s|$)', line)[1]


def with_house(work, **start):
    home = house.House(start=False)
    try:
        home.start(**start)
        return work(home)
    finally:
        home.close()


def ingest():
    commits = []
    for _ in range(RUNS):
        home = house.House(start=False)
        ran = tool('floors', 'commits', home.directory, 0.2 if GIVEN.quick else 1)
        commits.append(ran['commits'] / ran['seconds'])
        home.close()
    for series, days, wanted in [(1_000, 1, '>= 10 M/s'), (1_000, 30, ''), (100_000, 1, ''), (1_000_000, 1, '')]:
        if GIVEN.quick and series > 1_000:
            continue
        ours, floors = [], []
        for _ in range(RUNS):
            ran = with_house(lambda home: tool('ingest', tcp_endpoint(home), series, days, BATCHES, EVENTS),
                             listen=['tcp://127.0.0.1:*'])
            ours.append(ran['events'] / ran['seconds'])
            stream = tool('floors', 'stream', ran['bytes'] // ran['batches'], ran['batches'])
            floors.append(ran['events'] / stream['seconds'])
        say('ingest, %d series over %d days: done' % (series, days))
        row('events acked on disk, %s series%s' % ('{:,}'.format(series).replace(',', ' '), '' if days == 1 else ', %d days' % days),
            '%.2f of bare ZeroMQ' % (median(ours) / median(floors)), wanted, '%.1f M/s' % (median(ours) / 1e6),
            'ZeroMQ %.0f M/s; LMDB %.1f k synced commits/s' % (median(floors) / 1e6, median(commits) / 1e3))


def fill_five_years(home):
    with Peer(home.endpoint) as peer:
        peer.hello()
        series = [('web.downloads', {'site': 'site', 'language': language}) for language in LANGUAGES]
        first = at('2016-01-01')
        for start in range(0, 1827, 365):
            peer.put(series, [[number, first + day * 86400, day % 17 + number] for day in range(start, min(start + 365, 1827))
                              for number in range(len(LANGUAGES))])


def query():
    def work(home):
        fill_five_years(home)
        for what, split in [('60 months', []), ('60 months x 5 languages', ['language'])]:
            for transport, endpoint, echo in [('ipc', home.endpoint, 'ipc://' + home.path('echo.ipc')),
                                              ('tcp', tcp_endpoint(home), 'tcp://127.0.0.1:*')]:
                ran = [tool('query', endpoint, echo, ROUNDS, 'web.downloads', '2016', '2020', *split) for _ in range(RUNS)]
                middle = {name: median([one[name] for one in ran]) for name in ran[0]}
                row('query, %s, %s' % (what, transport), '%.2f of a bare round trip' % (middle['median'] / middle['bare_median']),
                    '<= 2' if not split else '', '%.0f us (p99 %.0f), %d figures' % (middle['median'], middle['p99'], middle['figures']),
                    '%.0f us (p99 %.0f)' % (middle['bare_median'], middle['bare_p99']))
        say('query: done')
    with_house(work, listen=['tcp://127.0.0.1:*'])


def big_log():
    folder = os.path.join(house.BUILD, 'bench')
    path = os.path.join(folder, 'access-%d.log' % LINES)
    if not os.path.exists(path):
        say('writing a log of %d lines' % LINES)
        os.makedirs(folder, exist_ok=True)
        with open(path + '.new', 'wb') as file:
            subprocess.run([sys.executable, os.path.join(HERE, 'make_big.py'), str(LINES)], stdout=file, check=True)
        os.rename(path + '.new', path)
    with open(path, 'rb') as file:      # all of them read from memory
        while file.read(1 << 20):
            pass
    return path


def weblog_once(log):
    """From the start of suivi-weblog to its end: every line counted, every batch on the daemon's disk."""
    def work(home):
        seconds = timed([house.program('suivi-weblog'), *home.weblog_arguments(log, languages=','.join(LANGUAGES))],
                        env=home.environment())
        lines = sum(home.table('web.requests', 'web.malformed').values())
        if lines != LINES:
            sys.exit('bench: %d lines of %d were counted' % (lines, LINES))
        return seconds
    return with_house(work)


def weblog():
    log = big_log()
    size = os.path.getsize(log) / 1e6
    others = [('awk, one pass', ['awk', '$9 == 200 { n++ } END { print n }', log], ''), ('wc -l', ['wc', '-l', log], '')]
    if shutil.which('goaccess'):
        report = os.path.join(house.BUILD, 'bench', 'goaccess.json')
        others.insert(0, ('GoAccess', ['goaccess', log, '--log-format=COMBINED', '-o', report, '--no-global-config',
                                       '--no-progress'], '>= 10'))
    else:
        say('goaccess is not installed: no comparison with it')
    ours, theirs = [], {name: [] for name, _, _ in others}
    for _ in range(RUNS):
        ours.append(weblog_once(log))
        for name, command, _ in others:
            theirs[name].append(timed(command, env=dict(os.environ, LC_ALL='C')))
    say('suivi-weblog: done')
    for name, _, wanted in others:
        row('suivi-weblog, %d k lines end to end' % (LINES // 1000), '%.2f x %s' % (median(theirs[name]) / median(ours), name), wanted,
            '%.2f s (%.0f MB/s)' % (median(ours), size / median(ours)),
            '%.2f s (%.0f MB/s)' % (median(theirs[name]), size / median(theirs[name])))
    if not GIVEN.keep_log:
        os.unlink(log)


def idle():
    def work(home):
        start = home.daemon.memory('VmRSS')
        fill_five_years(home)
        home.table('web.*')
        return start, home.daemon.memory('VmRSS')
    start, warm = with_house(work)
    row('suivid resident, idle', '', '< 12 MB', '%.1f MB' % start, '%.1f MB with five years in it, after a query' % warm)


def main():
    for part in (ingest, query, weblog, idle):
        part()
    head = ('what', 'ratio', 'wanted', 'suivi', 'beside it')
    widths = [max(len(line[column]) for line in TABLE + [head]) for column in range(5)]
    order = (1, 2, 0, 3, 4)
    for line in [head, tuple('-' * width for width in widths)] + TABLE:
        print('  '.join(line[column].ljust(widths[column]) for column in order).rstrip())


main()
