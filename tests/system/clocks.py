"""A calendar for the daemon: it runs on the days that a test says, by libfaketime (Debian: libfaketime), which it knows nothing
of. Days can be turned while it runs."""
import glob
import os

import house

LIBRARIES = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')


class Clock:
    """Noon of a day, which stays until another is set. Skips the test where there is no such library."""

    def __init__(self, test, home, day):
        if not LIBRARIES or house.SANITIZE:
            test.skipTest('no libfaketime here' if not LIBRARIES else 'a sanitizer and another clock do not go together')
        self.path = home.path('clock')
        self.set(day)

    def set(self, day):
        """Written whole at once, since the programs read it at any moment."""
        with open(self.path + '.new', 'w') as file:
            file.write('%s 12:00:00\n' % day)
        os.rename(self.path + '.new', self.path)

    def environment(self):
        return {'LD_PRELOAD': LIBRARIES[0], 'FAKETIME_TIMESTAMP_FILE': self.path, 'FAKETIME_NO_CACHE': '1',
                'FAKETIME_DONT_FAKE_MONOTONIC': '1', 'TZ': 'UTC'}
