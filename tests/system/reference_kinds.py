"""What every figure must be, worked out slowly from docs/kinds.md: all that was ever said in one list, and for each figure
a walk over it. Nothing is shared with the programs.

What is said and done stands in the list in the order in which the daemon took it, so that what was known at any moment is
a beginning of the list.
"""
import calendar
import collections
import datetime
import fractions

import msgpack

DAY = datetime.timedelta(days=1)
TYPES = ('day', 'month', 'quarter', 'half', 'year', 'biennium', 'plan')
MONTHS = {'month': 1, 'quarter': 3, 'half': 6, 'year': 12}

FIELDS = ('id', 'recorded', 'value', 'holds', 'name', 'removed', 'done', 'title', 'link', 'file', 'sha256', 'parts', 'note', 'reason',
          'retracts')

# A plain name or number that a collector sends has no time of recording of its own: it was said when it happened.
Said = collections.namedtuple('Said', 'clock source indicator dims at form value')
Withdrawn = collections.namedtuple('Withdrawn', 'clock source first last')
Closed = collections.namedtuple('Closed', 'clock period')


def day_of(at):
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=at // 86400)


def seconds(day, of_day=43200):
    """Unix time of that second of a day."""
    return calendar.timegm(day.timetuple()) + of_day


# Periods are (type, first day, last day).

def period_of(type, day, plan):
    """The period of that type that holds the day; None when the plan does not."""
    if type == 'day':
        return type, day, day
    if type == 'plan':
        first, last = datetime.date(plan[0], 1, 1), datetime.date(plan[1], 12, 31)
        return (type, first, last) if first <= day <= last else None
    if type == 'biennium':
        year = day.year - day.year % 2
        return type, datetime.date(year, 1, 1), datetime.date(year + 1, 12, 31)
    months = MONTHS[type]
    month = (day.month - 1) // months * months + 1
    end = month + months - 1
    return (type, datetime.date(day.year, month, 1),
            datetime.date(day.year, end, calendar.monthrange(day.year, end)[1]))


def text_of(period):
    type, first, last = period
    return {'day': lambda: first.isoformat(),
            'month': lambda: '%04d-%02d' % (first.year, first.month),
            'quarter': lambda: '%04d-Q%d' % (first.year, (first.month + 2) // 3),
            'half': lambda: '%04d-H%d' % (first.year, (first.month + 5) // 6),
            'year': lambda: '%04d' % first.year,
            'biennium': lambda: '%04d/%04d' % (first.year, last.year),
            'plan': lambda: '%04d/%04d' % (first.year, last.year)}[type]()


def read_period(text):
    if '/' in text:
        first, last = (int(year) for year in text.split('/'))
        type = 'biennium' if last == first + 1 and first % 2 == 0 else 'plan'
        return type, datetime.date(first, 1, 1), datetime.date(last, 12, 31)
    if 'Q' in text:
        return period_of('quarter', datetime.date(int(text[:4]), int(text[6]) * 3, 1), None)
    if 'H' in text:
        return period_of('half', datetime.date(int(text[:4]), int(text[6]) * 6, 1), None)
    type = {4: 'year', 7: 'month', 10: 'day'}[len(text)]
    return period_of(type, datetime.date.fromisoformat(text + '-01-01'[len(text) - 4:]), None)


def periods(type, first, last, plan):
    """All periods of that type that hold one of these days."""
    found, day = [], first
    while day <= last:
        period = period_of(type, day, plan)
        if period:
            found.append(period)
        day = (period[2] if period else day) + DAY
    return found


def rounded(number, decimals):
    """Half away from zero, as an exact fraction."""
    scaled = abs(number) * 10 ** decimals
    whole = (scaled * 2 + 1) // 2
    return fractions.Fraction(whole if number >= 0 else -whole, 10 ** decimals)


class Indicator:
    def __init__(self, id, kind, frequency='month', dimensions=(), window='month', numerator=None, denominator=None,
                 factor=1, decimals=0, small_number=None, firsts=None):
        self.id, self.kind, self.frequency, self.dimensions, self.window = id, kind, frequency, tuple(dimensions), window
        self.numerator, self.denominator, self.factor, self.decimals = numerator, denominator, factor, decimals
        self.firsts = firsts or {}
        self.small = (5 if kind == 'distinct' else 0) if small_number is None else small_number


class Book:
    def __init__(self, indicators, plan=(2016, 2020), today=None):
        self.indicators = {indicator.id: indicator for indicator in indicators}
        self.plan = plan
        self.clock = today or datetime.datetime.now(datetime.timezone.utc).date()
        self.history = []
        self.remembered = {}

    # What is said and done. The clock is the daemon's: `self.clock` is set forward by who keeps the book.

    def say(self, source, indicator, dims, at, value):
        form = {int: 'number', frozenset: 'set', str: 'name', dict: 'entry'}[type(value)]
        self.history.append(Said(self.clock, source, indicator, tuple(sorted(dims.items())), at, form, value))

    def withdraw(self, source, first, last):
        self.history.append(Withdrawn(self.clock, source, first, last))

    def close(self, text):
        self.history.append(Closed(self.clock, read_period(text)))

    def length_on(self, day):
        """How much had come by the end of that day."""
        return len([item for item in self.history if item.clock <= day])

    def length_reported(self, period):
        """How much had come when the period was closed, or the shortest closed one that holds it; None: it is open."""
        closings = [(place, item.period) for place, item in enumerate(self.history) if isinstance(item, Closed)]
        own = [place for place, closed in closings if closed == period]
        holding = sorted((closed[2] - closed[1], place) for place, closed in closings
                         if closed[1] <= period[1] and period[2] <= closed[2])
        return own[0] if own else holding[0][1] if holding else None

    # What counts

    def counting(self, id, length):
        """All that was said of an indicator and counts, among the first `length` of the history."""
        key = id, length
        if key not in self.remembered:
            self.remembered[key] = self._counting(id, length)
        return self.remembered[key]

    def _counting(self, id, length):
        history = self.history[:length]
        said = [item for place, item in enumerate(history)
                if isinstance(item, Said) and item.indicator == id and not self._gone(item, history[place:])]
        plain = [item for item in said if item.form != 'entry']
        entries = []
        for dims in sorted({item.dims for item in said}):
            entries += self._standing([item for item in said if item.form == 'entry' and item.dims == dims])
        return plain + entries

    @staticmethod
    def _gone(item, later):
        """Whether it was taken back."""
        return any(isinstance(act, Withdrawn) and act.source == item.source and act.first <= day_of(item.at) <= act.last
                   for act in later)

    def gave(self, source, first, last):
        """Whether there is anything left of what a source gave to these days."""
        return any(isinstance(item, Said) and item.source == source and first <= day_of(item.at) <= last
                   and not self._gone(item, self.history[place:]) for place, item in enumerate(self.history))

    def _standing(self, entries):
        """Of the entries of one series those that count: one of each id, none that is retracted, no retraction."""
        chosen = {}
        for item in entries:
            id = item.value['id']
            if id not in chosen or (item.at, canonical(item.value)) < (chosen[id].at, canonical(chosen[id].value)):
                chosen[id] = item
        retractions = {}
        for id, item in chosen.items():
            if item.value.get('retracts'):
                retractions.setdefault(item.value['retracts'], []).append(id)

        def retracted(id):
            return any(not retracted(by) for by in retractions.get(id, []))
        return [item for id, item in chosen.items() if not item.value.get('retracts') and not retracted(id)]

    # Figures

    def figures(self, id, by, split=(), where=None, length=None, first=None, last=None, sum_of=None, today=None):
        """{(period, values of the split...): value} of one indicator. `first` and `last` are days that begin and end
        periods of `by`; without `last` nobody said where to end."""
        indicator, length = self.indicators[id], len(self.history) if length is None else length
        today = today or self.clock
        if indicator.kind == 'ratio':
            return self._ratio(indicator, by, split, where, length, first, last, today)
        if sum_of and indicator.kind in ('distinct', 'roster'):
            return self._sums(indicator, by, split, where, length, first, last, sum_of, today)
        groups = collections.defaultdict(list)
        for item in self._said(indicator, by, length):
            dims = dict(item.dims)
            if all(dims.get(name) == value for name, value in (where or {}).items()):
                groups[tuple(dims.get(name, '') for name in split)].append(item)
        table = {}
        for group, said in groups.items():
            for period in self._periods(indicator, by, said, first, last, today):
                value = self.value(indicator, said, period)
                if value is not None:
                    table[(text_of(period), *group)] = value
        return table

    def _said(self, indicator, by, length):
        """All that goes into its figures. Of those who were counted one by one at their first time in a period: by its own type,
        else the longest that fits; on a day whose figure holds, what it holds instead of."""
        said = list(self.counting(indicator.id, length))
        fitting = [type for type in TYPES if type in indicator.firsts and TYPES.index(type) <= TYPES.index(by)]
        for type in fitting[-1:]:
            said += [item._replace(form='first ' + item.form) for item in self.counting(indicator.firsts[type], length)]
        for type in ['day'] if 'day' in indicator.firsts else fitting[-1:]:
            said += [item._replace(form='first of day') for item in self.counting(indicator.firsts[type], length)
                     if item.form == 'number']
        return said

    def _periods(self, indicator, by, said, first, last, today):
        """Those in which the group may have a figure."""
        days = [day_of(item.at) for item in said if item.form != 'first of day']
        if indicator.kind in ('level', 'status'):
            end = today if last is not None else min(today, max(datetime.date(self.plan[1], 12, 31), max(days)))
            if by == 'plan':    # holds what came before it, too
                found = [period_of('plan', datetime.date(self.plan[0], 1, 1), self.plan)]
                found = [period for period in found if min(days) <= period[2] and period[1] <= end]
            else:
                found = periods(by, min(days), end, self.plan)
        else:
            found = {period_of(by, day, self.plan) for day in days} - {None}
        return [period for period in found
                if (first is None or period[1] >= first) and (last is None or period[2] <= last)]

    def value(self, indicator, said, period):
        """The figure of one group for one period; None: there is none."""
        _, first, last = period
        inside = [item for item in said if first <= day_of(item.at) <= last]
        if indicator.kind in ('level', 'status'):
            known = [item for item in said if day_of(item.at) <= last]
            return self._last_known(indicator, known) if known else None
        if not inside:
            return None
        if indicator.kind == 'count':
            return sum(item.value for item in inside if item.form == 'number') + sum(
                self._instead(said, sum(item.value for item in said if item.form == 'number')) for said in by_day(inside))
        if indicator.kind == 'distinct':
            return self._distinct(indicator, inside, period)
        if indicator.kind == 'roster':
            return len(self._names(inside))
        if indicator.kind == 'milestone':
            return len({(item.dims, period_of(indicator.frequency, day_of(item.at), self.plan)) for item in inside})
        assert indicator.kind in ('evidence', 'narrative'), indicator.kind
        return len(inside)

    def _last_known(self, indicator, known):
        total = 0
        for dims in {item.dims for item in known}:
            statements = []
            for item in known:
                if item.dims == dims and item.form == 'entry':
                    statements.append((item.at, item.value['recorded'], item.value['value'], item.value['id']))
                elif item.dims == dims:
                    statements.append((item.at, item.at, item.value, 0))
            value = max(statements)[2]
            total += value if indicator.kind == 'level' else 1 if value == 1 else 0
        return total

    @staticmethod
    def _instead(said, given):
        """What the entries of one series and day add to what collectors gave to it."""
        entries = [item.value for item in said if item.form == 'entry']
        holding = [(entry['recorded'], entry['holds'], entry['id']) for entry in entries if 'holds' in entry]
        if not holding:
            return sum(entry['value'] for entry in entries)
        recorded, figure, _ = max(holding)
        since = sum(entry['value'] for entry in entries
                    if 'value' in entry and entry.get('reason') and entry['recorded'] > recorded)
        return max(0, figure + since) - given

    def _distinct(self, indicator, inside, period):
        windows = collections.defaultdict(list)
        for item in inside:
            longer = TYPES.index(period[0]) > TYPES.index(indicator.window)
            windows[period_of(indicator.window, day_of(item.at), self.plan) if longer else None].append(item)
        total = 0
        for items in windows.values():
            value = len(members_of(items)) + sum(item.value for item in items if item.form == 'first number')
            for said in by_day(items):
                given = sum(item.value for item in said if item.form == 'first of day')
                value += self._instead(said, len(members_of(said)) + given)
                said = [item._replace(form=item.form[len('first '):]) for item in said if item.form.startswith('first ')]
                value += self._instead(said, sum(item.value for item in said if item.form == 'number'))
            holds = any(item.form.endswith('entry') and 'holds' in item.value for item in items)
            total += max(0, value) if holds else value
        return total

    def _names(self, inside):
        names = set()
        said = collections.defaultdict(list)
        for item in inside:
            if item.form == 'entry':
                said[item.dims, day_of(item.at), item.value['name']].append(
                    (item.value['recorded'], item.value['id'], not item.value.get('removed')))
            else:
                said[item.dims, day_of(item.at), item.value].append((item.at, 0, True))
        for (_, _, name), statements in said.items():
            if max(statements)[2]:
                names.add(name)
        return names

    def _ratio(self, indicator, by, split, where, length, first, last, today):
        dims = self.dimensions(indicator)
        if any(name not in dims for name in where or {}):
            return {}
        own = [name for name in split if name in dims]
        above, below = (self.figures(operand, by, own, where, length, first, last, None, today)
                        for operand in (indicator.numerator, indicator.denominator))
        table = {}
        for (period, *values), denominator in below.items():
            numerator = above.get((period, *values))
            if numerator is not None and denominator != 0:
                place = dict(zip(own, values))
                table[(period, *(place.get(name, '') for name in split))] = rounded(
                    fractions.Fraction(numerator) / fractions.Fraction(denominator) * indicator.factor, indicator.decimals)
        return table

    def dimensions(self, indicator):
        """Those that it can be broken down by."""
        if indicator.kind != 'ratio':
            return indicator.dimensions
        above, below = (self.dimensions(self.indicators[id]) for id in (indicator.numerator, indicator.denominator))
        return tuple(name for name in above if name in below)

    def _sums(self, indicator, by, split, where, length, first, last, sum_of, today):
        table = collections.Counter()
        for (text, *group), value in self.figures(indicator.id, sum_of, split, where, length, first, last, None,
                                                  today).items():
            period = period_of(by, read_period(text)[1], self.plan)
            if period:
                table[(text_of(period), *group)] += value
        return dict(table)

    def reported(self, id, by, split=(), where=None, first=None, last=None):
        """As `figures`, with what was reported of the periods that are closed."""
        known = self.figures(id, by, split, where, None, first, last)
        lengths = {len(self.history)} | {place for place, item in enumerate(self.history) if isinstance(item, Closed)}
        then = {length: self.figures(id, by, split, where, length, first, last) for length in lengths}
        table = {}
        for key in set(known).union(*then.values()):
            length = self.length_reported(self.as_period(key[0], by))
            value = (known if length is None else then[length]).get(key)
            if value is not None:
                table[key] = value
        return table

    def as_period(self, text, by):
        return period_of('plan', datetime.date(self.plan[0], 1, 1), self.plan) if by == 'plan' else read_period(text)

    def state(self, id, text, by):
        """Why a period has no figure."""
        indicator, period = self.indicators[id], self.as_period(text, by)
        within = self.plan[0] <= period[1].year and period[2].year <= self.plan[1]
        long_enough = TYPES.index(by) >= TYPES.index(indicator.frequency)
        return 'missing' if within and long_enough and period[2] < self.clock else 'not due'

    def heard(self, id, period, where=None):
        """(days heard from, days) of a count or distinct, by what collectors gave; None: they gave nothing."""
        days = set()
        for item in self.counting(id, len(self.history)):
            dims = dict(item.dims)
            if item.form != 'entry' and all(dims.get(name) == value for name, value in (where or {}).items()):
                days.add(day_of(item.at))
        all_days = [day for day in (period[1] + DAY * number for number in range((period[2] - period[1]).days + 1))
                    if day <= self.clock]
        heard = len([day for day in all_days if day in days])
        return (heard, len(all_days)) if heard else None

    def outside(self, id, by, name):
        """What outsiders are not told by one dimension, of periods of the plan's frequency that are over: {period: values}; None in
        the place of the values: nothing is told of any."""
        least, secret = self.indicators[id].small, {}
        table = self.figures(id, by, (name,))
        for period in {period for period, _ in table}:
            rows = sorted((value, part) for (text, part), value in table.items() if text == period and value != 0)
            hidden = [row for row in rows if row[0] < least]
            others = [row for row in rows if row[0] >= least]
            while hidden and not (len(hidden) > 1 and sum(value for value, _ in hidden) >= least + len(hidden) - 2):
                if not others:
                    hidden = None
                    break
                hidden.append(others.pop(0))
            secret[period] = hidden if hidden is None else {part for _, part in hidden}
        return secret


def by_day(items):
    """Those of each series and day."""
    days = collections.defaultdict(list)
    for item in items:
        days[item.dims, day_of(item.at)].append(item)
    return days.values()


def members_of(items):
    return frozenset().union(*(item.value for item in items if item.form == 'set'))


def canonical(entry):
    """The bytes of an entry, by which one of two with the same id and time is chosen."""
    return msgpack.packb({name: entry[name] for name in FIELDS if name in entry})
