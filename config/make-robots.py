#!/usr/bin/env python3
"""Make config/robots.txt, the list of robots, out of the two lists it comes from.

usage: make-robots.py crawler-user-agents.json@COMMIT COUNTER_Robots_list.json@COMMIT > robots.txt

COMMIT names the revision each file was taken from; it goes into the header. How and when: docs/robots.md.
"""
import json
import re
import sys

HEADER = """\
# Patterns of the user agents of robots, made by make-robots.py; do not change by hand (docs/robots.md).
#
# "s PATTERN" is looked for with regard to case, "i PATTERN" without; the date is that of the newest entry.
#
# s: {crawlers} patterns of monperrus/crawler-user-agents, {crawlers_commit},
#    Copyright (c) 2017 Martin Monperrus
# i: {counter} patterns of atmire/COUNTER-Robots, {counter_commit},
#    Copyright (c) 2018 COUNTER ONLINE METRICS
#
# Both lists are under the MIT License:
#
# Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
# documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
# rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
# persons to whom the Software is furnished to do so, subject to the following conditions:
#
# The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
# Software.
#
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
# WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
# COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
# OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

date: {date}
"""


def read(argument):
    """-> (entries, commit) of FILE@COMMIT."""
    path, at, commit = argument.rpartition('@')
    if not at:
        sys.exit(f'make-robots.py: {argument}: add the revision the file is from: {argument}@COMMIT')
    with open(path, encoding='utf-8') as file:
        return json.load(file), commit


def one_line(pattern):
    """The same pattern, safe at both ends of a line: a space there is written \\x20."""
    if not pattern or re.search(r'[\x00-\x1f\x7f]', pattern):
        sys.exit(f'make-robots.py: pattern {pattern!r} does not fit on a line')
    re.compile(pattern)
    core = pattern.strip(' ')
    before = len(pattern) - len(pattern.lstrip(' '))
    return '\\x20' * before + core + '\\x20' * (len(pattern) - before - len(core))


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    crawlers, crawlers_commit = read(arguments[0])
    counter, counter_commit = read(arguments[1])
    dates = [entry['addition_date'].replace('/', '-') for entry in crawlers if entry.get('addition_date')]
    dates += [entry['last_changed'] for entry in counter if entry.get('last_changed')]
    print(HEADER.format(crawlers=len(crawlers), crawlers_commit=crawlers_commit, counter=len(counter),
                        counter_commit=counter_commit, date=max(dates)))
    for entry in crawlers:
        print('s', one_line(entry['pattern']))
    for entry in counter:
        print('i', one_line(entry['pattern']))


if __name__ == '__main__':
    sys.stdout.reconfigure(encoding='utf-8', newline='\n')
    main(sys.argv[1:])
