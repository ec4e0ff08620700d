"""What tests of `suivi record`, `correct` and `import` share: they are run as a person runs them, and the books are looked at."""
import json
import os
import re

from house import HouseTest

ENTRY = re.compile(r'\(entry ([0-9a-f]{16})\)$')


class RecordTest(HouseTest):
    def suivi(self, verb, *arguments, code=0, stdin=b'', timeout='10'):
        return self.house.run('suivi', verb, '--state', self.house.path('state'), '--timeout', timeout, *arguments, code=code,
                              stdin=stdin)

    def record(self, *arguments, **how):
        return self.suivi('record', *arguments, **how)

    def correct(self, *arguments, **how):
        return self.suivi('correct', *arguments, **how)

    def bring(self, *arguments, **how):
        return self.suivi('import', *arguments, **how)

    def entry_of(self, ran):
        found = ENTRY.search(ran.out.strip())
        self.assertTrue(found, ran.out)
        return found[1]

    def figure(self, indicator, period, by='month', **where):
        """The value, or None where there is no figure."""
        conditions = [word for name, value in where.items() for word in ('--where', '%s=%s' % (name, value))]
        return self.house.table(indicator, '--from', period, '--to', period, *conditions, by=by).get((indicator, period))

    def everything(self):
        """All figures there are, of whatever indicator and year: equal before and after what changes nothing."""
        return [(row['indicator'], row['period'], row['value']) for row in self.house.figures('--from', '2015', '--to', '2021')]

    def assert_changes_nothing(self, run, *parts):
        """`run` is refused with one sentence, and the books are as they were."""
        before = self.everything()
        ran = run()
        self.assertEqual(ran.out, '')
        self.assertEqual(len(ran.err.strip().splitlines()), 1, ran.err)
        self.assert_one_sentence(ran.err, *parts)
        self.assertEqual(self.everything(), before)
        return ran

    def entries(self, indicator, period, *more):
        """What `suivi explain` tells of its entries."""
        ran = self.house.run('suivi', 'explain', indicator, period, '--format', 'json', *more)
        return json.loads(ran.out)['entries']

    def files(self):
        """Every file below the house's directory, and what is in it."""
        for folder, _, names in os.walk(self.house.directory):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, 'rb') as file:
                        yield path, file.read()

    def assert_nowhere(self, *names, but=()):
        """None of these, however spelled, is in a file's name or in a file but those that the test wrote itself."""
        for path, content in self.files():
            for name in names:
                self.assertNotIn(name.lower(), path.lower())
                if path not in but:
                    for form in (name, name.lower(), name.upper()):
                        for encoding in ('utf-8', 'utf-16-le'):
                            self.assertNotIn(form.encode(encoding), content, path)
