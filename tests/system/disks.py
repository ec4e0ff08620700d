"""Disks that are small, and disks that fail: for the real programs, which know nothing of it."""
import contextlib
import errno
import os
import re
import subprocess

import house


@contextlib.contextmanager
def small_disk(test, path, size):
    """A disk of its own at `path`. Gives a function that makes it larger, or smaller."""
    os.makedirs(path, exist_ok=True)
    if os.getuid() != 0 or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=' + size, 'suivi-test', path],
                                          stderr=subprocess.DEVNULL).returncode != 0:
        test.skipTest('cannot mount a small disk here')
    try:
        yield lambda other: subprocess.run(['mount', '-o', 'remount,size=' + other, path], check=True)
    finally:
        subprocess.run(['umount', '-l', path], check=True)


def fill(folder, but=0):
    """Takes all the room there is but so many pages; returns the file that has it."""
    path = os.path.join(folder, 'filler')
    with open(path, 'wb', buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while filler.write(bytes(size)) == size:
                    continue
    os.truncate(path, os.path.getsize(path) - 4096 * but)
    return path


class FailingDisk:
    """The disk under `folder` as the programs see it that are started with `environment()`; see failing_disk.c."""

    def __init__(self, home, folder):
        self.folder = os.path.realpath(folder)
        self.order = home.path('disk.order')
        self.library = os.path.join(house.BUILD, 'tests', 'failing-disk.so')

    def environment(self):
        # A sanitizer's library wants to be the first.
        linked = subprocess.run(['ldd', house.program('suivid')], stdout=subprocess.PIPE, check=True).stdout.decode()
        first = re.findall(r'=> (\S*/lib(?:asan|tsan)\.so\S*)', linked)
        return {'LD_PRELOAD': ' '.join(first + [self.library]), 'FAILING_DISK': self.folder, 'FAILING_DISK_ORDER': self.order}

    def fail(self, what, code=errno.EIO, skip=0):
        """From now on, until it is well again. Written whole at once, since the programs read it at any moment."""
        with open(self.order + '.new', 'w') as file:
            file.write('%s %d %d\n' % (what, code, skip))
        os.rename(self.order + '.new', self.order)

    def mend(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.order)
