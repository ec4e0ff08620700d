"""What suivi-listserv must count, computed slowly and plainly from docs/definitions.md with Python's own modules."""
import calendar
import collections
import email.utils
import hashlib
import re
import time
from email.parser import BytesHeaderParser
from email.policy import compat32

DAY = 86400
DATE = (rb'(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+)?'
        rb'(?:[A-Z][a-z]{2}[ \t]+\d{1,2}[ \t]+\d{1,2}:\d\d(?::\d\d)?(?:[ \t]+\S+){0,4}?[ \t]+\d{4}|'
        rb'\d{1,2}[ \t]+[A-Z][a-z]{2}[ \t]+\d{4}[ \t]+\d{1,2}:\d\d)')
SEPARATOR = re.compile(rb'From (?:[^ \t]+|[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+)[ \t]+(' + DATE + rb')')


def messages(content):
    """(separator line, the message's lines as bytes) of an mbox."""
    separator, lines, blank = None, [], True
    for line in content.splitlines(keepends=True) if b'\r' not in content else re.findall(rb'[^\n]*\n|[^\n]+', content):
        if blank and SEPARATOR.match(line):
            if separator is not None:
                yield separator, b''.join(lines)
            separator, lines = line, []
        elif separator is not None:
            lines.append(line)
        blank = line in (b'\n', b'\r\n')
    if separator is not None:
        yield separator, b''.join(lines)


def instant(text):
    try:
        when = email.utils.parsedate_tz(str(text))
        return email.utils.mktime_tz(when) if when and 1970 <= when[0] <= 2100 else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def separator_instant(separator):
    match = SEPARATOR.match(separator) if separator else None
    text = match[1].decode('ascii', 'replace') if match else ''
    try:
        return calendar.timegm(time.strptime(' '.join(text.split()), '%a %b %d %H:%M:%S %Y'))
    except ValueError:
        return instant(text)


def day_of(message, separator):
    """Seconds since 1970, or None."""
    received = None
    if message.get('Received'):
        received = instant(str(message.get('Received')).rsplit(';', 1)[-1].strip())
    if received is None:
        received = separator_instant(separator)
    date = instant(message['Date']) if message['Date'] else None
    if date is None or (received is not None and abs(date - received) > 15 * DAY):
        return received if received is not None else date
    return date


def address_of(message):
    text = str(message.get('From') or '')
    if '@' not in text:
        text = re.sub(r'^\s*(\S+) \S+ (\S+)', r'\1@\2', text)
    return email.utils.parseaddr(text)[1].lower()


class ListReference:
    """One list; add its archives in the order in which they are read."""

    def __init__(self):
        self.known = set()
        self.posts = collections.Counter()          # by day
        self.posters = collections.defaultdict(set)  # by month
        self.undated = 0

    def add(self, content):
        for separator, raw in messages(content):
            self.message(separator, raw)
        return self

    def message(self, separator, raw):
        message = BytesHeaderParser(policy=compat32).parsebytes(raw)
        text = raw.replace(b'\r\n', b'\n').rstrip(b'\n')
        key = str(message.get('Message-ID') or '').strip() or hashlib.sha256(text or separator).digest()
        if key in self.known:
            return
        self.known.add(key)
        when = day_of(message, separator)
        if when is None:
            self.undated += 1
            return
        day = time.strftime('%Y-%m-%d', time.gmtime(when))
        self.posts[day] += 1
        if address_of(message):
            self.posters[day[:7]].add(address_of(message))

    def months(self):
        """As House.table has it by month, without zeros."""
        table = collections.Counter()
        for day, count in self.posts.items():
            table['lists.posts', day[:7]] += count
        for month, people in self.posters.items():
            table['lists.posters', month] = len(people)
        return dict(table)

    def days(self):
        return {('lists.posts', day): count for day, count in self.posts.items()}
