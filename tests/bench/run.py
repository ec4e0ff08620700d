#!/usr/bin/python3
"""Measures, and prints one table: ratios first, and beside each figure the floor it is held against, measured in the same
run. Such machines are noisy: the ratios tell more than the figures. docs/performance.md says what each line means.

usage: run.py [--quick] [--only PART] BUILD_DIR       exit 0 whatever the ratios are
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ARGUMENTS = argparse.ArgumentParser(description='Measures suivi beside the floors of this machine.')
ARGUMENTS.add_argument('--quick', action='store_true', help='a short run, only to see that it works')
ARGUMENTS.add_argument('--keep-log', action='store_true', help='keep the big log for the next run')
ARGUMENTS.add_argument('--only', metavar='PART', help='one part of it')
ARGUMENTS.add_argument('build', metavar='BUILD_DIR')
GIVEN = ARGUMENTS.parse_args()
os.environ['SUIVI_BUILD'] = os.path.abspath(GIVEN.build)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'system'))

import house  # noqa: E402  (it reads SUIVI_BUILD)
from peer import Peer, at  # noqa: E402

RUNS = 1 if GIVEN.quick else 3
LINES = 20_000 if GIVEN.quick else 1_000_000
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


def spaced(number):
    return '{:,}'.format(number).replace(',', ' ')


def ingest():
    """One collector, each event by itself on the wire, acked when it is on disk."""
    for series, days, batches, wanted in [(1_000, 1, 512, '>= 40 M/s'), (1_000, 30, 512, ''), (100_000, 1, 512, '>= 20 M/s'),
                                          (1_000_000, 1, 256, '>= 4 M/s'), (10_000_000, 1, 256, '>= 1 M/s')]:
        if GIVEN.quick:
            if series > 1_000:
                continue
            batches = 8
        ours, floors = [], []
        for _ in range(RUNS):
            ran = with_house(lambda home: tool('ingest', tcp_endpoint(home), series, days, batches, EVENTS),
                             listen=['tcp://127.0.0.1:*'])
            ours.append(ran['events'] / ran['seconds'])
            stream = tool('floors', 'stream', ran['bytes'] // ran['batches'], ran['batches'])
            floors.append(ran['events'] / stream['seconds'])
        say('ingest, %d series over %d days: done' % (series, days))
        row('events acked on disk, %s series%s' % (spaced(series), '' if days == 1 else ', %d days' % days),
            '%.2f of bare ZeroMQ' % (median(ours) / median(floors)), wanted, '%.1f M/s' % (median(ours) / 1e6),
            'ZeroMQ %.0f M/s' % (median(floors) / 1e6))
        if series == 1_000 and days == 1:
            beside_redis(median(ours))


def redis_once(directory):
    """Increments a second that Redis answers when each is in its log on the disk; over a socket file, which spares it TCP."""
    socket = os.path.join(directory, 'redis.sock')
    server = subprocess.Popen(['redis-server', '--port', '0', '--unixsocket', socket, '--dir', directory, '--save', '',
                               '--appendonly', 'yes', '--appendfsync', 'always'], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while subprocess.run(['redis-cli', '-s', socket, 'ping'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout != b'PONG\n':
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit('bench: redis-server does not answer')
        ran = subprocess.run(['redis-benchmark', '-s', socket, '-t', 'incr', '-r', '1000', '-P', '1000', '-c', '16', '-n',
                              str(20_000 if GIVEN.quick else 5_000_000), '--csv'], stdout=subprocess.PIPE, check=True, text=True)
        return float(ran.stdout.splitlines()[-1].split(',')[1].strip('"'))
    finally:
        server.kill()
        server.wait()


def beside_redis(ours):
    if not shutil.which('redis-server') or not shutil.which('redis-benchmark'):
        say('redis-server is not installed: no comparison with it')
        return
    theirs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as directory:
            theirs.append(redis_once(directory))
    row('the same beside Redis (INCR by 1000 a pipeline, log synced)', '%.0f x Redis' % (ours / median(theirs)), '',
        '%.1f M/s' % (ours / 1e6), 'Redis %.2f M/s' % (median(theirs) / 1e6))


def acks():
    """One event at a time, each acked before the next is sent."""
    ours, floors = [], []
    for _ in range(RUNS):
        def work(home):
            bare = os.path.join(home.directory, 'bare')
            os.mkdir(bare)
            floors.append(tool('floors', 'commits', bare, ROUNDS))
            ours.append(tool('ingest', tcp_endpoint(home), 10, 1, ROUNDS, 1, 1))
        with_house(work, listen=['tcp://127.0.0.1:*'])
    middle, bare = median([ran['ack_median'] for ran in ours]), median([ran['median'] for ran in floors])
    row('ack of a single event, tcp', '%.2f of a bare synced commit' % (middle / bare), '< 3',
        '%.0f us (p99 %.0f)' % (middle, median([ran['ack_p99'] for ran in ours])),
        'LMDB %.0f us (p99 %.0f)' % (bare, median([ran['p99'] for ran in floors])))
    say('acks: done')


def under_fire():
    """Months asked for while one collector sends as fast as it can."""
    for series, wanted in [(1_000, '< 5'), (100_000, '< 5')]:
        if GIVEN.quick and series > 1_000:
            continue
        idle, fire, rates = [], [], []

        def work(home):
            fill_five_years(home)
            ask = ('query', tcp_endpoint(home), 'tcp://127.0.0.1:*', ROUNDS, 'web.downloads', '2016', '2020')
            idle.append(tool(*ask))
            load = subprocess.Popen([house.program('bench/bench-ingest'), tcp_endpoint(home), str(series), '1', '0', str(EVENTS)],
                                    stdout=subprocess.PIPE, env=home.environment())
            load.stdout.readline()
            fire.append(tool(*ask))
            load.terminate()
            ran = json.loads(load.communicate()[0])
            rates.append(ran['events'] / ran['seconds'] / 1e6)
        for _ in range(RUNS):
            with_house(work, listen=['tcp://127.0.0.1:*'])
        middle = {name: median([ran[name] for ran in fire]) for name in fire[0]}
        before = {name: median([ran[name] for ran in idle]) for name in idle[0]}
        row('query, 60 months, while %s series come in' % spaced(series), '%.2f of idle, both p99' % (middle['p99'] / before['p99']), wanted,
            '%.0f us (p99 %.0f) at %.0f M/s' % (middle['median'], middle['p99'], median(rates)),
            'idle %.0f us (p99 %.0f); bare round trip meanwhile %.0f us (p99 %.0f)' % (before['median'], before['p99'],
                                                                                        middle['bare_median'], middle['bare_p99']))
    say('query while events come in: done')


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


def big_log(people):
    folder = os.path.join(house.BUILD, 'bench')
    path = os.path.join(folder, 'access-%d-%d.log' % (LINES, people))
    if not os.path.exists(path):
        say('writing a log of %d lines by %d clients' % (LINES, people))
        os.makedirs(folder, exist_ok=True)
        with open(path + '.new', 'wb') as file:
            subprocess.run([sys.executable, os.path.join(HERE, 'make_big.py'), str(LINES), str(people)], stdout=file, check=True)
        os.rename(path + '.new', path)
    with open(path, 'rb') as file:      # all of them read from memory
        while file.read(1 << 20):
            pass
    return path


def spent(command, env):
    """Seconds by the clock, and seconds of a core."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env) as running:
        said = running.stderr.read()
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        sys.exit('bench: %s: %s' % (command[0], said.decode()))
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def weblog_once(log):
    """From the start of suivi-weblog to its end: every line counted, every batch on the daemon's disk."""
    def work(home):
        times = spent([house.program('suivi-weblog'), *home.weblog_arguments(log, languages=','.join(LANGUAGES))], home.environment())
        lines = sum(home.table('web.requests', 'web.malformed').values())
        if lines != LINES:
            sys.exit('bench: %d lines of %d were counted' % (lines, LINES))
        return times
    return with_house(work)


def goaccess(log):
    report = os.path.join(house.BUILD, 'bench', 'goaccess.json')
    return ['goaccess', log, '--log-format=COMBINED', '-o', report, '--no-global-config', '--no-progress']


def awk(log):
    return ['awk', '{ n += NF } END { print n }', log]


def wc(log):
    return ['wc', '-l', log]


def beside(people, others):
    """suivi-weblog and the others over one log, in turn: the whole run by the clock, and what it takes of a core."""
    log = big_log(people)
    size = os.path.getsize(log) / 1e9
    ours, theirs = [], [[] for _ in others]
    for _ in range(RUNS):
        ours.append(weblog_once(log))
        for runs, (_, command, _) in zip(theirs, others):
            runs.append(spent(command(log), dict(os.environ, LC_ALL='C')))
    say('suivi-weblog, %d clients: done' % people)
    for kind, measure in enumerate(('by the clock', 'of a core')):
        our = median([run[kind] for run in ours])
        for runs, (name, _, wanted) in zip(theirs, others):
            their = median([run[kind] for run in runs])
            row('suivi-weblog, %d k lines, %s clients, %s' % (LINES // 1000, spaced(people), measure), '%.2f x %s' % (their / our, name), wanted,
                '%.2f s (%.2f GB/s)' % (our, size / our), '%.2f s (%.2f GB/s)' % (their, size / their))
    if not GIVEN.keep_log:
        os.unlink(log)


def weblog():
    others = [('awk, counting fields', awk, ''), ('wc -l', wc, '')]
    if shutil.which('goaccess'):
        others.insert(0, ('GoAccess', goaccess, '>= 10'))
    else:
        say('goaccess is not installed: no comparison with it')
    beside(30_000, others)
    if not GIVEN.quick:
        for people in (3_000, 100_000, 1_000_000):
            beside(people, others[-2:])


# By Fisher's information of the registers, less what the sizes of the sets would vary if they were Poisson's.
SKETCH_THEORY = {10_000: 0.519, 100_000: 0.692, 1_000_000: 0.755, 10_000_000: 0.760, 100_000_000: 0.761}


def sketch():
    for line in tool('sketch', 'errors', 30_000_000 if GIVEN.quick else 3_000_000_000):
        bias, error, noise = line['bias'] * 100, line['error'] * 100, line['error'] * 100 / line['runs'] ** 0.5
        row('distinct count of sets of %s, %s runs' % (spaced(line['count']), spaced(line['runs'])),
            'exact' if line['exact'] and error == 0 else 'standard error %.2f %%' % error, '<= 0.8 %',
            'bias %+.3f %% (itself known to %.3f)' % (bias, noise),
            '' if line['exact'] else 'theory %.2f %%' % SKETCH_THEORY[line['count']])
    say('sketch, errors: done')
    ran = [tool('sketch', 'speed', 100 if GIVEN.quick else 5000) for _ in range(RUNS)]
    middle = {name: median([one[name] for one in ran]) for name in ran[0]}
    row('sketch, a hash into an exact set of 1000', '%.2f of a radix sort' % (middle['add_exact'] / middle['radix_sort']), '',
        '%.1f ns' % middle['add_exact'], 'radix sort %.1f ns' % middle['radix_sort'])
    row('sketch, a hash into a dense set', '%.1f of an OR into a table' % (middle['add_dense'] / middle['table_or']), '',
        '%.1f ns' % middle['add_dense'], 'OR %.1f ns' % middle['table_or'])
    row('sketch, union of two dense sets', '%.0f of a memcpy' % (middle['merge'] / middle['memcpy']), '',
        '%.1f us; the estimate %.0f us' % (middle['merge'], middle['estimate']), 'memcpy of 8 KiB %.2f us' % middle['memcpy'])
    say('sketch, speed: done')


def statsd_lines(address, content, times):
    """Seconds from the first byte until the other side has read the last."""
    import socket
    began = time.monotonic()
    with socket.create_connection(address) as sender:
        for _ in range(times):
            sender.sendall(content)
        sender.shutdown(socket.SHUT_WR)
        sender.recv(1)
    return time.monotonic() - began


def statsd_floor(content, times):
    """The same bytes through a socket, into nothing."""
    import socket
    import threading
    buffer = bytearray(65536)

    def read(listener):
        taken, _ = listener.accept()
        with taken:
            while taken.recv_into(buffer):
                pass

    with socket.create_server(('127.0.0.1', 0)) as listener:
        reader = threading.Thread(target=read, args=[listener])
        reader.start()
        seconds = statsd_lines(listener.getsockname(), content, times)
        reader.join()
    return seconds


def statsd():
    import re
    content = b''.join(b'site.s%d.downloads:%d|c|#lang:en\n' % (number % 1000, number % 7 + 1) for number in range(100_000))
    times = 1 if GIVEN.quick else 100

    def work(home):
        rules = home.write('statsd.yaml', b'rules:\n  - {metric: site.*.downloads, type: counter, indicator: web.downloads, '
                                          b'dimensions: {site: $1, language: "#lang"}}\n')
        running = home.spawn('suivi-statsd', '--config', rules, '--state', home.path('state'), '--listen',
                             'tcp://127.0.0.1:0')
        port = int(re.search(r':(\d+)$', running.wait_line('ready on tcp'))[1])
        seconds = statsd_lines(('127.0.0.1', port), content, times)
        running.signal(15)
        running.wait()
        return seconds

    ours = min(with_house(work) for _ in range(RUNS))
    floor = min(statsd_floor(content, times) for _ in range(RUNS))
    lines = times * 100_000
    row('statsd lines over TCP, 1 k metrics, of a bare socket', '%.2f' % (floor / ours), '', '%.1f M lines/s' % (lines / ours / 1e6),
        '%.1f M lines/s' % (lines / floor / 1e6))


def idle():
    def work(home):
        start = home.daemon.memory('VmRSS')
        fill_five_years(home)
        home.table('web.*')
        return start, home.daemon.memory('VmRSS')
    start, warm = with_house(work)
    row('suivid resident, idle', '', '< 12 MB', '%.1f MB' % start, '%.1f MB with five years in it, after a query' % warm)


PYTHON_MAILBOX = '''
import mailbox, sys
print(sum(1 for message in mailbox.mbox(sys.argv[1], create=False) if message['Message-ID'] and message['Date'] and message['From']))
'''


def big_archive():
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'system'))
    import make_lists
    path = os.path.join(house.BUILD, 'bench', 'archive.mbox')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    parts = make_lists.parts(1, 1000)
    with open(path, 'wb') as file:
        for number in range(4 if GIVEN.quick else 200):
            file.write(b''.join(parts).replace(b'@example.org>', b'.%d@example.org>' % number))
    return path


def listserv_twice(path):
    """A new archive, every post of it counted and on the daemon's disk; and the same under another name, where every post is known."""
    def work(home):
        command = [house.program('suivi-listserv'), *home.listserv_arguments(path)]
        first = spent(command, home.environment())
        again = path + '.again'
        os.link(path, again)
        try:
            return first, spent([*command[:-1], again], home.environment())
        finally:
            os.unlink(again)
    return with_house(work)


def listserv():
    path = big_archive()
    size = os.path.getsize(path) / 1e6
    ours, known, python, grep = [], [], [], []
    for _ in range(RUNS):
        first, again = listserv_twice(path)
        ours.append(first[0])
        known.append(again[0])
        python.append(spent([sys.executable, '-c', PYTHON_MAILBOX, path], dict(os.environ))[0])
        grep.append(spent(['sh', '-c', 'grep -c "^From " "$0" | cat', path], dict(os.environ, LC_ALL='C'))[0])     # to /dev/null it stops early
    os.unlink(path)
    for what, runs in (('all posts new', ours), ('all posts known', known)):
        row('suivi-listserv, mbox of %.0f MB, %s' % (size, what),
            '%.0f x Python, %.2f x grep' % (median(python) / median(runs), median(grep) / median(runs)), '>= 500 MB/s',
            '%.2f s (%.0f MB/s)' % (median(runs), size / median(runs)),
            'mailbox module %.0f MB/s, grep -c %.0f MB/s' % (size / median(python), size / median(grep)))
    say('suivi-listserv: done')


def main():
    for part in (ingest, acks, query, under_fire, weblog, listserv, statsd, sketch, idle):
        if GIVEN.only in (None, part.__name__):
            part()
    head = ('what', 'ratio', 'wanted', 'suivi', 'beside it')
    widths = [max(len(line[column]) for line in TABLE + [head]) for column in range(5)]
    order = (1, 2, 0, 3, 4)
    for line in [head, tuple('-' * width for width in widths)] + TABLE:
        print('  '.join(line[column].ljust(widths[column]) for column in order).rstrip())


main()
