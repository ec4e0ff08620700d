"""Arrows go one way: what a folder includes stands in this list before it."""
import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
DAEMON = ('proto', 'config', 'daemon/io', 'daemon/store', 'daemon/books', 'daemon/figures', 'daemon/intake', 'daemon/audit',
          'daemon/answers', 'daemon')
SHARED = ('proto', 'config', 'clients/lib', 'clients/collector')
CLIENTS = [(*SHARED, 'clients/' + name) for name in ('cli', 'listserv', 'statsd', 'weblog')]     # none includes another
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def includes():
    """(folder, file, folder that it includes from) of each include of ours."""
    for top in ('proto', 'config', 'daemon', 'clients'):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                if name.endswith(('.c', '.h')):
                    here = os.path.relpath(folder, ROOT)
                    with open(os.path.join(folder, name), encoding='utf-8') as file:
                        for other in INCLUDE.findall(file.read()):
                            yield here, os.path.join(here, name), os.path.dirname(other)


class Layers(unittest.TestCase):
    def test_every_folder_has_its_place(self):
        self.assertEqual({here for here, _, _ in includes()}, {*DAEMON, *(folder for order in CLIENTS for folder in order)})

    def test_arrows_go_one_way(self):
        for order in (DAEMON, *CLIENTS):
            for here, file, there in includes():
                if here in order:
                    with self.subTest(file=file, includes=there):
                        self.assertIn(there, order[:order.index(here) + 1])


if __name__ == '__main__':
    unittest.main(verbosity=2)
