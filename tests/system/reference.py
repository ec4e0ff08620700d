#!/usr/bin/python3
"""What suivi-weblog must count, worked out slowly from the definitions page: no cleverness, all lines in memory, nothing
shared with the programs but the list of robots.

usage: reference.py [--format F] [--languages en,fr] [--default-language en] FILE...      (packed ones too) -> JSON
"""
import argparse
import bz2
import collections
import datetime
import gzip
import json
import lzma
import os
import re
import subprocess
import sys

ADDITIVE = ['web.requests', 'web.robots', 'web.malformed', 'web.pageviews', 'web.visits', 'web.downloads']
DISTINCT = ['web.visitors.unique', 'web.visitors.returning']
WITH_LANGUAGE = ['web.pageviews', 'web.visits', 'web.downloads'] + DISTINCT

STATIC = {'css', 'js', 'mjs', 'map', 'png', 'jpg', 'jpeg', 'gif', 'svg', 'svgz', 'ico', 'bmp', 'webp', 'avif', 'woff',
          'woff2', 'ttf', 'otf', 'eot', 'xml', 'json', 'txt', 'swf', 'class'}
DOWNLOAD = {'pdf', 'doc', 'docx', 'odt', 'rtf', 'xls', 'xlsx', 'ods', 'csv', 'ppt', 'pptx', 'odp', 'epub', 'zip', 'gz',
            'tgz', 'bz2', 'xz', '7z', 'rar', 'mp3', 'ogg', 'm4a', 'mp4', 'webm', 'mov', 'avi', 'deb', 'rpm', 'dmg', 'exe',
            'iso'}
MONTHS = dict(zip('Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(), range(1, 13)))
EPOCH = datetime.datetime(1970, 1, 1)

# A field between quotes ends at the first unescaped quote that a space or the end of the line follows.
QUOTED = r'"((?:[^"\\]|\\.|"(?=[^ ]))*)"(?= |$)'
LINE = re.compile(r'(?P<address>[^ \t\n\r\f\v]+) [^ \t\n\r\f\v]+ .*?\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] '
                  + QUOTED.replace('(', '(?P<request>', 1) + r' (?P<status>\d{3}) (?P<size>\d+|-)(?P<rest>.*)$', re.S)
REST = re.compile(' ' + QUOTED + ' ' + QUOTED.replace('(', '(?P<agent>', 1) + r'(?: .*)?$', re.S)

View = collections.namedtuple('View', 'at address agent request status')


def _seconds(year, month, day, hour, minute, second, sign, offset_hours, offset_minutes):
    try:
        if not 0 <= second <= 60:
            return None
        moment = datetime.datetime(year, month, day, hour, minute) - EPOCH
    except ValueError:
        return None
    offset = (offset_hours * 60 + offset_minutes) * 60
    return int(moment.total_seconds()) + second + (offset if sign == '-' else -offset)


def _clf_time(text):
    found = re.fullmatch(r'(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)', text, re.A)
    if not found or found[2] not in MONTHS:
        return None
    return _seconds(int(found[3]), MONTHS[found[2]], int(found[1]), int(found[4]), int(found[5]), int(found[6]), found[7],
                    int(found[8]), int(found[9]))


def _iso_time(text):
    found = re.fullmatch(r'(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):?(\d\d))', text, re.A)
    if not found:
        return None
    return _seconds(*(int(found[i]) for i in range(1, 7)), found[7] or '+', int(found[8] or 0), int(found[9] or 0))


def _parse_json(text):
    try:
        fields = json.loads(text.decode('utf-8', 'surrogateescape'))
        at = _iso_time(fields.get('date') or fields.get('time_iso8601') or '')
        if at is None:
            at = _clf_time(fields.get('time') or fields.get('time_local') or '')
        address = fields.get('ip') or fields.get('remote_addr') or fields.get('remote_ip')
        status = int(fields.get('status') or fields.get('response'))
        request = fields['request'] if 'request' in fields else 'GET %s HTTP/1.1' % fields['path']
        agent = fields.get('user_agent') or fields.get('http_user_agent') or fields.get('agent') or ''
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return View(at, address, agent, request, status) if at is not None and address else None


def parse(text, form):
    """A View, or None for a malformed line. Bytes become characters one to one, so that any byte is text."""
    if form == 'json':
        return _parse_json(text)
    text = text.decode('latin-1')
    if form == 'vhost':
        text = text.partition(' ')[2]
    found = LINE.match(text)
    at = _clf_time(found['time']) if found else None
    if at is None:
        return None
    rest = REST.fullmatch(found['rest'])
    if not rest and found['rest'].strip(' \t\r\n\f\v'):
        return None
    return View(at, found['address'], rest['agent'] if rest else None, found['request'], int(found['status']))


def robots(path):
    patterns = []
    with open(path, encoding='utf-8') as lines:
        for line in lines:
            line = line.rstrip('\n')
            if line.startswith(('s ', 'i ')):
                patterns.append(re.compile(line[2:], re.I if line[0] == 'i' else 0))
    verdicts = {}

    def is_robot(agent, form):
        if agent is None:
            return False
        if agent in ('', '-'):
            return True
        if (agent, form) not in verdicts:
            text = agent if form == 'json' else agent.encode('latin-1').decode('utf-8', 'replace')
            verdicts[agent, form] = any(pattern.search(text) for pattern in patterns)
        return verdicts[agent, form]
    return is_robot


def asked_for(view):
    """('page' | 'download' | None, path)"""
    words = view.request.split(' ')
    if len(words) < 2 or words[0] != 'GET' or view.status not in (200, 304):
        return None, None
    path = words[1].partition('?')[0].partition('#')[0]
    ending = path.rpartition('.')[2].lower() if '.' in path else ''
    if ending in DOWNLOAD:
        return 'download', path
    return (None if ending in STATIC else 'page'), path


def _month_before(month):
    year, number = int(month[:4]), int(month[5:])
    return '%04d-%02d' % ((year, number - 1) if number > 1 else (year - 1, 12))


def _day(at):
    return (EPOCH + datetime.timedelta(seconds=at)).strftime('%Y-%m-%d')


class Reference:
    def __init__(self, languages=(), default='en', robots_file=None):
        self.languages, self.default = list(languages), default
        self.is_robot = robots(robots_file or os.path.join(os.path.dirname(__file__), '../../config/robots.txt'))
        self.views = []
        self.malformed = []         # days
        self.unplaced = 0           # malformed lines of a file without any good one: not a log, nothing counted
        self.read = 0

    def add(self, content, form='combined'):
        """One whole file."""
        if not content:
            return self
        texts = content.split(b'\n')
        if texts[-1] == b'':
            texts.pop()
        before, waiting, good = None, 0, False
        for text in texts:
            view = parse(text.rstrip(b'\r'), form)
            if view is None:
                waiting, self.malformed = (waiting + 1, self.malformed) if before is None else (0, self.malformed + [before])
                continue
            if before is None:
                self.malformed += [_day(view.at)] * waiting
            before, good = _day(view.at), True
            self.views.append((view, form))
        if good:
            self.read += len(texts)
        return self

    def language(self, path):
        first = path.split('/')[1] if path.startswith('/') and path.count('/') >= 1 else ''
        return first if first in self.languages else self.default

    def days(self):
        """Days on which a line parsed: their zeros are reported."""
        return {_day(view.at) for view, _ in self.views}

    def count(self, split=False):
        """{'day': {(indicator, period[, language]): value}, 'month': ..., 'total': {indicator: value}}; no zeros. Distinct
        indicators by month only."""
        day, month, total = (collections.Counter() for _ in range(3))

        def add(indicator, date, language=''):
            language = (language,) if split else ()
            day[(indicator, date, *language)] += 1
            month[(indicator, date[:7], *language)] += 1
            total[indicator] += 1

        for date in self.malformed:
            add('web.malformed', date)
        pages, clicks = collections.defaultdict(list), collections.defaultdict(list)
        for view, form in sorted(self.views, key=lambda pair: pair[0].at):
            add('web.requests', _day(view.at))
            if self.is_robot(view.agent, form):
                add('web.robots', _day(view.at))
                continue
            what, path = asked_for(view)
            client = view.address, view.agent
            if what == 'page':
                add('web.pageviews', _day(view.at), self.language(path))
                pages[client].append((view.at, self.language(path)))
            elif what == 'download':
                counted = clicks[client, path]
                if not counted or view.at - counted[-1] > 30:
                    counted.append(view.at)
                    add('web.downloads', _day(view.at), self.language(path))
        for views in pages.values():
            self._client(views, add, month, split)
        return {'day': dict(day), 'month': dict(month), 'total': dict(total)}

    def _client(self, views, add, month, split):
        visits, seen, previous = collections.Counter(), collections.defaultdict(set), None
        for at, language in views:
            if previous is None or at - previous > 1800:
                add('web.visits', _day(at), language)
                visits[_day(at)[:7]] += 1
            previous = at
            seen[_day(at)[:7]].add(language)
        for name, languages in seen.items():
            back = visits[name] >= 2 or _month_before(name) in seen
            for language in languages if split else [None]:
                key = (language,) if split else ()
                month[('web.visitors.unique', name, *key)] += 1
                if back:
                    month[('web.visitors.returning', name, *key)] += 1


def read_any(path):
    if path.endswith('.zst'):
        return subprocess.run(['zstd', '-dcq', path], stdout=subprocess.PIPE, check=True).stdout
    opener = {'.gz': gzip.open, '.xz': lzma.open, '.bz2': bz2.open}.get(os.path.splitext(path)[1], open)
    with opener(path, 'rb') as file:
        return file.read()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    arguments.add_argument('--format', default='combined')
    arguments.add_argument('--languages', default='')
    arguments.add_argument('--default-language', default='en')
    arguments.add_argument('files', nargs='+')
    given = arguments.parse_args()
    reference = Reference([name for name in given.languages.split(',') if name], given.default_language)
    for path in given.files:
        reference.add(read_any(path), given.format)
    counted = reference.count()
    json.dump({by: {' '.join(key) if isinstance(key, tuple) else key: value for key, value in sorted(counted[by].items())}
               for by in ('total', 'month', 'day')}, sys.stdout, indent=1)
    print()


if __name__ == '__main__':
    main()
