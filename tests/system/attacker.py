"""One who asks everything that outsiders may ask, and reckons: all that was told is a system of linear equations over the cells
that nothing is told of, and how small and how large a cell can be within it is found exactly, by the simplex method in fractions."""
from fractions import Fraction


class System:
    """Equations over variables that are 0 or more. Variables are any keys."""

    def __init__(self):
        self.place = {}
        self.rows = []          # in the reduced form of Gauss: (place of the pivot, [coefficients], right side)
        self.pending = []
        self.zero = set()

    def say(self, terms, value):
        """The sum of these variables is `value`."""
        terms = list(terms)
        if value == 0:
            self.zero.update(terms)
        else:
            self.pending.append(({term: 1 for term in terms}, Fraction(value)))

    def say_at_least(self, terms, value):
        """A sum that is `value` or more: with a variable of its own that takes up the rest."""
        self.pending.append(({**{term: 1 for term in terms}, ('rest', len(self.pending)): -1}, Fraction(value)))

    def solve(self):
        """A first basis that fits."""
        equations = []
        for terms, value in self.pending:
            terms = {term: factor for term, factor in terms.items() if term not in self.zero}
            assert terms or value == 0, 'the answers contradict each other'
            if terms:
                equations.append((terms, value))
                for term in terms:
                    self.place.setdefault(term, len(self.place))
        width = len(self.place)
        rows = []
        for terms, value in equations:
            row = [Fraction(0)] * (width + 1)
            for term, factor in terms.items():
                row[self.place[term]] += factor
            row[-1] = value
            rows.append(row)
        self.width = width
        self.table = [row if row[-1] >= 0 else [-number for number in row] for row in independent(rows, width)]
        self.find_basis()

    def find_basis(self):
        """With a helper for each row, which are driven out again."""
        count, width = len(self.table), self.width
        self.table = [row[:-1] + [Fraction(int(i == k)) for k in range(count)] + row[-1:] for i, row in enumerate(self.table)]
        self.basis = [width + i for i in range(count)]
        left = self.optimize([0] * width + [1] * count)
        assert left == 0, 'the answers contradict each other'
        for i, column in enumerate(self.basis):         # a helper of value 0 that stayed
            if column >= width:
                self.pivot(i, next(k for k in range(width) if self.table[i][k] != 0))
        self.table = [row[:width] + row[-1:] for row in self.table]

    def pivot(self, at, column):
        row = self.table[at]
        if row[column] != 1:
            factor = row[column]
            row = self.table[at] = [number / factor if number else number for number in row]
        places = [k for k, number in enumerate(row) if number]
        for other in self.table + ([self.cost] if self.cost else []):
            factor = other[column]
            if other is not row and factor:
                for k in places:
                    other[k] -= factor * row[k]
        self.basis[at] = column

    cost = None

    def optimize(self, cost):
        """The least that the sum of cost x variable can be; None: it has no end. By Bland's rule, which never goes round."""
        self.cost = [Fraction(number) for number in cost] + [Fraction(0)]
        for row, column in zip(self.table, self.basis):
            factor = self.cost[column]
            if factor:
                for k, number in enumerate(row):
                    if number:
                        self.cost[k] -= factor * number
        while True:
            column = next((k for k, number in enumerate(self.cost[:-1]) if number < 0), None)
            if column is None:
                break
            ratios = [(row[-1] / row[column], self.basis[i], i) for i, row in enumerate(self.table) if row[column] > 0]
            if not ratios:
                self.cost = None
                return None
            self.pivot(min(ratios)[2], column)
        least, self.cost = -self.cost[-1], None
        return least

    def bounds(self, terms):
        """(least, most) of a sum of variables, whole numbers; None: no end."""
        places = [self.place[term] for term in terms if term in self.place]
        if any(term not in self.place and term not in self.zero for term in terms):
            return 0, None
        cost = [0] * self.width
        for place in places:
            cost[place] += 1
        least = self.optimize(cost)
        most = self.optimize([-number for number in cost])
        return -(-least.numerator // least.denominator), None if most is None else -most.numerator // most.denominator


def independent(rows, width):
    """By Gauss: rows that say nothing new are left out."""
    kept = []
    for row in rows:
        row = list(row)
        for pivot, other in kept:
            factor = row[pivot]
            if factor:
                row = [a - factor * b if b else a for a, b in zip(row, other)]
        pivot = next((k for k in range(width) if row[k]), None)
        if pivot is None:
            assert row[-1] == 0, 'the answers contradict each other'
            continue
        row = [number / row[pivot] if number else number for number in row]
        for i, (place, other) in enumerate(kept):
            factor = other[pivot]
            if factor:
                kept[i] = (place, [a - factor * b if b else a for a, b in zip(other, row)])
        kept.append((pivot, row))
    return [row for _, row in kept]
