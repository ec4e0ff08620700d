"""Archives of invented mailing lists, for tests: the same seed, the same bytes."""
import email.utils
import random
import time

START = 1517443200      # 2018-02-01
WORDS = 'meeting report budget network region draft minutes agenda question thanks workshop'.split()


def body(rng):
    lines = [' '.join(rng.choices(WORDS, k=rng.randrange(0, 9))) for _ in range(rng.randrange(0, 12))]
    if rng.random() < 0.2:
        lines += ['', rng.choice(['From here on it is easy', 'From the office, Tuesday', '>From a@b.example Mon Jan  1 10:00:00 2018',
                                  'From: nobody in particular'])]
    return lines


def date_of(rng, at):
    kind = rng.random()
    if kind < 0.8:
        return email.utils.formatdate(at)
    if kind < 0.85:
        return time.strftime('%a, %d %b %Y %H:%M:%S +0200', time.gmtime(at + 7200))
    if kind < 0.9:
        return rng.choice(['yesterday', '', 'Fri, 99 Foo 2018 10:00:00 +0000'])
    if kind < 0.95:
        return email.utils.formatdate(at - 40 * 86400)       # a clock that is wrong: the received date counts
    return email.utils.formatdate(at + 3 * 86400)


def headers(rng, number, at, people, obscured):
    person = 'person%d%sexample.org' % (rng.randrange(people), ' at ' if obscured else '@')
    fields = ['From: ' + rng.choice(['%s (P. Person)' % person, person.upper() if not obscured else person] +
                                    ([] if obscured else ['"Person, P." <%s>' % person]))]
    if rng.random() < 0.95:
        fields.append('Date: ' + date_of(rng, at))
    if rng.random() < 0.3 and not obscured:
        fields.insert(0, 'Received: from a.example by b.example\n\twith SMTP id %d; %s' % (number, email.utils.formatdate(at + 60)))
        fields.insert(1, 'Received: from c.example by a.example; Mon, 1 Jan 2001 00:00:00 +0000')
    if rng.random() < 0.9:
        fields.append(rng.choice(['Message-ID: <%d@example.org>', 'message-id: <%d@example.org>', 'Message-ID:\n <%d@example.org>']) % number)
    fields.append('Subject: ' + ' '.join(rng.choices(WORDS, k=4)))
    fields.append('X-Long: ' + 'x' * rng.choice([0, 10, 3000]))
    return fields


def message(rng, number, people=20, obscured=False, at=None):
    """(separator, text), both with LF."""
    at = START + number * 7000 if at is None else at
    fields = headers(rng, number, at, people, obscured)
    sender = 'someone at example.org' if obscured else 'someone@example.org'
    separator = 'From %s %s' % (sender, time.strftime('%a %b %e %H:%M:%S %Y', time.gmtime(at + 60)))
    text = '\n'.join(fields + [''] + body(rng)) + '\n'
    return separator, text


def parts(seed, count, first=0, **more):
    """Messages, each as it stands in an mbox; some come twice."""
    rng = random.Random(seed)
    made = []
    for number in range(first, first + count):
        separator, text = message(rng, number, **more)
        made.append((separator + '\n' + text + '\n').encode())
        if rng.random() < 0.05:
            made.append(rng.choice(made))
    return made


def mbox(seed, count, **more):
    return b''.join(parts(seed, count, **more))
