"""Two years of what people and collectors say, from a seed: every kind of indicator, with all that happens to figures.
Late statements, ties, the same entry from several sources, corrections by difference, by new value and by retraction,
retractions of retractions, names that are taken back, events outside the plan.

    made = Made(7, own_indicators())
    made.events         [(source, indicator, dims, at, value)], in the order in which they happened

A plan is a list of dictionaries, as `framework_file` writes it.
"""
import datetime
import random

from reference_kinds import DAY, Indicator, seconds

REGIONS = ['north', 'south', 'east']
LANGUAGES = ['en', 'fr']
SITES = ['main', 'b, "c"', 'é']      # open: any text
DIMENSIONS = {'region': REGIONS, 'language': LANGUAGES, 'site': None}
SOURCES = ['desk@office', 'reader@one', 'reader@two']
FIRST, LAST = datetime.date(2017, 1, 1), datetime.date(2018, 12, 31)
NAMES = ['Kenya', 'Perú', 'Côte d\'Ivoire', 'Україна', '中国', 'Fiji', 'a name, with "quotes"']
KINDS = ('count', 'distinct', 'level', 'roster', 'status', 'milestone', 'evidence', 'narrative', 'ratio')
FIELDS = ('id', 'kind', 'frequency', 'dimensions', 'window', 'numerator', 'denominator', 'factor', 'decimals',
          'small_number', 'firsts')


def own_indicators():
    """A small plan with everything in it: each kind with and without dimensions, every window and frequency."""
    return [
        dict(id='talks', kind='count', frequency='month', dimensions=['region', 'site']),
        dict(id='talks.posts', kind='count', frequency='quarter', dimensions=['language']),
        dict(id='talks.calls', kind='count', frequency='year', dimensions=[]),
        dict(id='people', kind='distinct', frequency='month', dimensions=['region', 'site'], window='month'),
        dict(id='people.daily', kind='distinct', frequency='month', dimensions=['language'], window='day'),
        dict(id='people.quarterly', kind='distinct', frequency='quarter', dimensions=[], window='quarter'),
        dict(id='people.ever', kind='distinct', frequency='year', dimensions=['region'], window='plan'),
        dict(id='members', kind='level', frequency='month', dimensions=['region', 'language']),
        dict(id='staff', kind='level', frequency='month', dimensions=[]),
        dict(id='countries', kind='roster', frequency='quarter', dimensions=['region']),
        dict(id='networks', kind='roster', frequency='year', dimensions=[]),
        dict(id='strategy', kind='status', frequency='year', dimensions=['region']),
        dict(id='manual', kind='status', frequency='year', dimensions=[]),
        dict(id='report', kind='milestone', frequency='month', dimensions=['language']),
        dict(id='call', kind='milestone', frequency='quarter', dimensions=[]),
        dict(id='audit', kind='milestone', frequency='year', dimensions=['region']),
        dict(id='election', kind='milestone', frequency='biennium', dimensions=[]),
        dict(id='documents', kind='evidence', frequency='year', dimensions=['region']),
        dict(id='studies', kind='narrative', frequency='year', dimensions=[]),
        dict(id='rate.members', kind='ratio', frequency='month', numerator='talks', denominator='members', factor=100,
             decimals=1),
        dict(id='rate.people', kind='ratio', frequency='quarter', numerator='talks', denominator='people', factor=1, decimals=3),
        dict(id='rate.networks', kind='ratio', frequency='year', numerator='countries', denominator='staff', factor=7,
             decimals=0),
        dict(id='rate.of_rates', kind='ratio', frequency='year', numerator='rate.members', denominator='rate.people', factor=10,
             decimals=2),
    ]


def framework_file(indicators, dimensions=None, plan='2016/2020', more=()):
    """The framework file of a plan. `more`: lines for its head."""
    lines = ['name: test-plan', 'title: {en: A plan for tests}', 'plan: ' + plan, 'languages: [en]', *more, 'dimensions:']
    for name, values in (dimensions or DIMENSIONS).items():
        lines.append('  - name: ' + name)
        if values:
            lines.append('    values: [%s]' % ', '.join(values))
    lines.append('indicators:')
    for indicator in indicators:
        lines.append('  - id: ' + indicator['id'])
        for key, value in indicator.items():
            if key == 'dimensions' and value:
                lines.append('    dimensions: [%s]' % ', '.join(value))
            elif key not in ('id', 'dimensions', 'label'):
                lines.append('    %s: %s' % (key, value))
        lines.append('    label: {en: "%s"}' % indicator.get('label', 'The indicator ' + indicator['id']))
    return ('\n'.join(lines) + '\n').encode()


def reference_indicators(indicators):
    return [Indicator(**{name: indicator[name] for name in FIELDS if name in indicator}) for indicator in indicators]


class Made:
    def __init__(self, seed, indicators, dimensions=None, each=40, outside=True):
        self.random = random.Random('%s entries' % seed)
        self.dimensions = dimensions or DIMENSIONS
        self.indicators = {indicator['id']: indicator for indicator in indicators}
        self.outside = outside
        self.events = []
        for indicator in indicators:
            if indicator['kind'] != 'ratio':
                self._fill(indicator, self.random.randint(each // 2, each * 3 // 2))
        self.events.sort(key=lambda event: event[3])

    # Small choices

    def id(self):
        return self.random.getrandbits(63) or 1

    def dims(self, indicator):
        return {name: self.random.choice(self.dimensions[name] or SITES) for name in indicator.get('dimensions', [])}

    def source(self):
        return self.random.choice(SOURCES)

    def at(self):
        """Mostly within the two years, mostly within the day; some on the very edges of days, months and years. Even, where
        times of recording are odd, so that only meant ties are ties."""
        chance = self.random.random()
        if self.outside and chance < 0.03:
            day = self.random.choice([FIRST - 400 * DAY, datetime.date(2015, 12, 31)])
        elif chance < 0.2:
            day = self.random.choice([datetime.date(2017, 12, 31), datetime.date(2018, 1, 1), datetime.date(2018, 3, 31),
                                      datetime.date(2018, 2, 28), datetime.date(2017, 7, 1)])
        else:
            day = FIRST + DAY * self.random.randrange((LAST - FIRST).days + 1)
        return seconds(day, self.random.choice([0, 86398, 43200, self.random.randrange(43200) * 2]))

    def entry(self, at, recorded=None, **fields):
        """Said within some weeks of the event, or long after."""
        if recorded is None:
            recorded = at + 1 + 2 * self.random.choice([0, self.random.randrange(86400), self.random.randrange(40000000)])
        entry = {'id': self.id(), 'recorded': recorded, **fields}
        if self.random.random() < 0.2:
            entry['note'] = self.random.choice(['from the minutes', 'dit au téléphone', 'x' * 300])
        return entry

    def add(self, indicator, dims, at, value, source=None):
        self.events.append((source or self.source(), indicator['id'], dims, at, value))

    # Each kind

    def _fill(self, indicator, count):
        make = getattr(self, '_' + indicator['kind'])
        for _ in range(count):
            make(indicator, self.dims(indicator), self.at())
        if indicator['kind'] in ('level', 'status') and self.outside and not indicator['dimensions']:
            make(indicator, {}, seconds(datetime.date(2021, 2, 3)))     # after the plan
        self._twice(indicator)
        self._retract(indicator)

    def _count(self, indicator, dims, at):
        number = self.random.choice([0, 1, 7, 120, -4, self.random.randrange(5000), 10 ** 9])
        if self.random.random() < 0.5:
            self.add(indicator, dims, at, number)
        elif self.random.random() < 0.3:
            self._hold(indicator, dims, at)
        elif number < 0:
            self.add(indicator, dims, at, self.entry(at, value=number, reason='counted too many'))
        else:
            self.add(indicator, dims, at, self.entry(at, value=number))

    def _distinct(self, indicator, dims, at):
        chance = self.random.random()
        if chance < 0.1:
            self._hold(indicator, dims, at)
        elif chance < 0.25:
            self.add(indicator, dims, at, self.entry(at, value=self.random.randint(-3, 9), reason='two of them were one'))
        else:
            pool = [1, 2, 3, (1 << 64) - 1, 1 << 63, *range(100, 130)]
            self.add(indicator, dims, at, frozenset(self.random.sample(pool, self.random.choice([0, 1, 3, 12]))))

    def _hold(self, indicator, dims, at):
        """The figure of a day, with what was counted on that day, and what is said of it before and after."""
        holding = self.entry(at, holds=self.random.choice([0, 1, 7, 400]), reason='so says the list of names')
        self.add(indicator, dims, at, holding)
        counts = indicator['kind'] == 'count'
        for _ in range(self.random.randrange(3)):
            self.add(indicator, dims, at, self.random.randrange(90) if counts else frozenset(
                self.random.sample(range(100, 130), 5)))
        for _ in range(self.random.randrange(3)):
            entry = self.entry(at, recorded=holding['recorded'] + self.random.choice([-86400, -2, 0, 2, 86400]))
            chance = self.random.random()
            if chance < 0.3:
                entry.update(holds=self.random.randrange(20), reason='counted once more')
            elif chance < 0.8 or not counts:
                entry.update(value=self.random.randint(-9, 9), reason='one came twice')
            else:
                entry.update(value=self.random.randrange(9))
            self.add(indicator, dims, at + 2 * self.random.randint(-40, 40) * 600, entry)

    def _level(self, indicator, dims, at):
        number = self.random.randrange(400)
        if self.random.random() < 0.25:
            self.add(indicator, dims, at, number)
        else:
            first = self.entry(at, value=number)
            self.add(indicator, dims, at, first)
            self._again(indicator, dims, at, first, lambda: self.random.randrange(400))

    def _status(self, indicator, dims, at):
        first = self.entry(at, value=self.random.randint(0, 1))
        self.add(indicator, dims, at, first)
        self._again(indicator, dims, at, first, lambda: self.random.randint(0, 1))

    def _again(self, indicator, dims, at, first, value):
        """Statements about the same moment: a correction said later, one said at the same time, one said before."""
        chance = self.random.random()
        if chance < 0.3:
            later = first['recorded'] + self.random.choice([2, 0, 0, -2, 86400])
            self.add(indicator, dims, at, self.entry(at, recorded=later, value=value(), reason='it was written down wrong'))

    def _roster(self, indicator, dims, at):
        name = self.random.choice(NAMES)
        if self.random.random() < 0.4:
            self.add(indicator, dims, at, name)
            recorded = at + 1
        else:
            there = self.entry(at, name=name)
            self.add(indicator, dims, at, there)
            recorded = there['recorded']
        if self.random.random() < 0.3:      # taken back: said later, before, or at the same time
            recorded += self.random.choice([86400, 2, 0, -2000])
            self.add(indicator, dims, at, self.entry(at, recorded=recorded, name=name, removed=True, reason='not this one'))
            if self.random.random() < 0.4:
                self.add(indicator, dims, at, self.entry(at, recorded=recorded + 2, name=name))

    def _milestone(self, indicator, dims, at):
        done = (datetime.date(1970, 1, 1) + DAY * (at // 86400 + self.random.randint(-20, 60))).isoformat()
        for _ in range(self.random.choice([1, 1, 2])):
            entry = self.entry(at, done=done)
            if self.random.random() < 0.3:
                entry.update(title='Report', file='report.pdf', sha256=self.random.randbytes(32))
            self.add(indicator, dims, at, entry)

    def _evidence(self, indicator, dims, at):
        entry = self.entry(at, title=self.random.choice(['Minutes of a visit', 'Rapport « annuel »']))
        chance = self.random.random()
        if chance < 0.4:
            entry['link'] = 'https://example.org/' + str(self.random.randrange(1000))
        elif chance < 0.8:
            entry.update(file='minutes.pdf', sha256=self.random.randbytes(32))
        else:
            entry['note'] = 'seen on paper'
        self.add(indicator, dims, at, entry)

    def _narrative(self, indicator, dims, at):
        parts = ['%s, told in %d words.\n\nAnd more.' % (part, self.random.randrange(900)) for part in
                 ('Problem', 'Aims', 'Strategies', 'Results', 'Impact', 'Conclusions')]
        self.add(indicator, dims, at, self.entry(at, title='A case study', parts=parts))

    # Of all kinds

    def _entries(self, indicator):
        return [event for event in self.events if event[1] == indicator['id'] and isinstance(event[4], dict)]

    def _twice(self, indicator):
        """The same entry from another source; the same id with another day, or another content."""
        entries = self._entries(indicator)
        for _, _, dims, at, entry in self.random.sample(entries, len(entries) // 6):
            for _ in range(self.random.choice([1, 1, 3])):
                self.add(indicator, dims, at, dict(entry))
            chance = self.random.random()
            if chance < 0.3:
                self.add(indicator, dims, at + 86400 * self.random.randint(-40, 40), dict(entry))
            elif chance < 0.6:
                self.add(indicator, dims, at, {**entry, 'note': self.random.choice('abc')})
            elif chance < 0.7 and indicator['dimensions']:
                self.add(indicator, self.dims(indicator), at, dict(entry))      # mostly another series: another entry

    def _retract(self, indicator):
        """Some of the entries; some of these retractions; some of the latter."""
        targets = [(dims, entry) for _, _, dims, _, entry in self._entries(indicator)]
        for share in (6, 3, 2):
            retractions = []
            for dims, entry in self.random.sample(targets, len(targets) // share):
                at = self.at()
                retraction = self.entry(at, retracts=entry['id'], reason='it never was')
                for _ in range(self.random.choice([1, 1, 2])):
                    self.add(indicator, dims, at, retraction)
                retractions.append((dims, retraction))
            targets = retractions
