"""Real list archives and hostile ones of ../shared/data/listserv against the truth files beside them; skipped when they are not there."""
import glob
import json
import os
import tarfile

import house
from weblog_case import nonzero

FOLDER = os.path.join(house.SHARED, 'data', 'listserv')
# Archives whose separators have "name em host": the truth's program knows "at" only, and so finds no message in them.
OTHER_LANGUAGES = {'gpt-usuarios.mbox.gz': 851}
# Where the truth's readers of hostile files may differ: no mailbox at all, and senders that are no addresses.
NO_MAILBOX = {'garbage.mbox', 'mmdf.mbox'}


class DataTest(house.HouseTest):
    def setUp(self):
        if not os.path.isdir(FOLDER):
            self.skipTest('../shared/data is not there')
        super().setUp()

    def months(self, name):
        table = {}
        for (indicator, month), value in nonzero(self.house.table('lists.posts', 'lists.posters', '--where', 'list=' + name)).items():
            table.setdefault(month, {})[indicator] = value
        return table


class Archives(DataTest):
    def truths(self):
        return sorted(path for path in glob.glob(os.path.join(FOLDER, '**', '*.truth.json'), recursive=True)
                      if not os.path.basename(path).startswith(('hostile', 'ponymail-joined')))

    def paths_of(self, source):
        if not source.endswith('.tar.gz'):
            return [source]
        folder = self.house.path('unpacked', os.path.basename(source))
        with tarfile.open(source) as tar:
            tar.extractall(folder)
        return [folder]

    def test_every_archive(self):
        for number, truth_file in enumerate(self.truths()):
            source = truth_file[:-len('.truth.json')]
            name = os.path.basename(source)
            with self.subTest(archive=name):
                with open(truth_file) as file:
                    truth = json.load(file)
                ran = self.house.listserv(*self.paths_of(source), name='list%d' % number, code=None)
                self.assertEqual(ran.code, 0 if truth['total'] or name in OTHER_LANGUAGES else 1, ran.err)
                if name in OTHER_LANGUAGES:
                    got = sum(row['lists.posts'] for row in self.months('list%d' % number).values())
                    self.assertEqual(got, OTHER_LANGUAGES[name])
                else:
                    self.assertEqual(self.months('list%d' % number), truth['month'])

    def test_archives_of_one_list_joined(self):
        """Three archivers' copies of a month, and copies of single messages: each post once."""
        with open(os.path.join(FOLDER, 'ponymail-joined.truth.json')) as file:
            truth = json.load(file)
        for name, joined in truth.items():
            self.house.listserv(*(os.path.join(FOLDER, 'ponymail', file) for file in joined['files']), name=name)
            self.assertEqual(self.months(name), joined['truth']['month'])

    def test_again(self):
        folder = os.path.join(FOLDER, 'twisted-python')
        files = sorted(glob.glob(folder + '/*.gz'))
        self.house.listserv(*files[10:], *files[:10])
        before = self.months('list')
        with open(folder + '.truth.json') as file:
            self.assertEqual({month: row['lists.posts'] for month, row in before.items()},
                             {month: row['lists.posts'] for month, row in json.load(file)['month'].items()})
        self.house.listserv(folder)
        self.assertEqual(self.months('list'), before)


class Hostile(DataTest):
    def test_every_file(self):
        with open(os.path.join(FOLDER, 'hostile.truth.json')) as file:
            truth = json.load(file)['files']
        strict = {'from-in-body.mbox': 6, 'no-blank-before-from.mbox': 1, 'content-length.mbox': 3}
        for number, (name, wanted) in enumerate(sorted(truth.items())):
            with self.subTest(file=name):
                ran = self.house.listserv(os.path.join(FOLDER, 'hostile', name), name='hostile%d' % number, code=None)
                self.assertEqual(ran.code, 1 if name in NO_MAILBOX else 0, ran.err)
                posts = {month: row['lists.posts'] for month, row in self.months('hostile%d' % number).items()}
                if name == 'odd-dates.mbox':        # a date that cannot be, or is far off, gives way to the date of the separator
                    self.assertEqual(posts, {'2023-03': 26})
                else:
                    self.assertEqual(sum(posts.values()), strict.get(name, wanted['messages_deduplicated']))
                    self.assertLessEqual(set(posts), set(wanted['per_month_with_from_line_fallback']))
        self.assert_serves()


if __name__ == '__main__':
    house.main()
