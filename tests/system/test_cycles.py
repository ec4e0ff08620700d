"""A hundred cycles of kill -9 and the like, under load: every figure is what was fed, counted once (cycles.py says how). The seed
is printed, SUIVI_SEED sets it; SUIVI_CYCLES sets how many. `./dev soak` runs any number."""
import os
import random
import sys

import house
from cycles import Soak, Wrong

SEED = int(os.environ.get('SUIVI_SEED') or random.SystemRandom().randrange(1 << 32))
CYCLES = int(os.environ.get('SUIVI_CYCLES') or (15 if house.SANITIZE else 100))


class Cycles(house.HouseTest):
    def test_everything_counts_once(self):
        print('seed: SUIVI_SEED=%d' % SEED, file=sys.stderr)
        soak = Soak(self.house, SEED, CYCLES)
        try:
            soak.run()
        except Wrong as fault:
            self.fail(fault)
        self.assertEqual(soak.done, CYCLES)
        if CYCLES >= 100:       # a run that hardly kills shows nothing
            self.assertGreater(soak.tally['daemon'], CYCLES // 4)
            self.assertGreater(soak.tally['collectors'], CYCLES // 4)
            self.assertGreater(soak.tally['stopped'], 0)


if __name__ == '__main__':
    house.main()
