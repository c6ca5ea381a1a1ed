# SPDX-License-Identifier: GPL-2.0
"""Makes a tree of 2,000 files, the same each time."""
import os
import random
import sys

TIME = 1_700_000_000


def main():
    top, rng = sys.argv[1], random.Random(2000)
    os.umask(0o022)
    os.makedirs(top)
    os.chdir(top)
    places = [f"{session}/{part}" for session in ("one", "two", "three")
              for part in ("etc", "a name with spaces", "deep/er/still", "x" * 90)]
    for place in places:
        os.makedirs(place)
    for number in range(2000):
        name = f"{places[number % len(places)]}/{'file' if number % 3 else 'a file'} {number}"
        size = rng.choice((0, 1, 511, 512, 513, 1500, 1500, 2500, 4096, 9000))
        with open(name, "wb") as file:
            file.write(rng.randbytes(size))
        os.chmod(name, rng.choice((0o644, 0o600, 0o755, 0o4711, 0o400)))
        os.utime(name, (TIME, TIME + number))
        if number % 50 == 0:
            os.symlink(f"../no such {number}", name + ".link")
        elif number % 50 == 1:
            os.symlink(os.path.basename(name), name + ".link")
        if number % 50 < 2:
            os.utime(name + ".link", (TIME, TIME), follow_symlinks=False)
    for where, _, _ in os.walk(".", topdown=False):
        os.utime(where, (TIME, TIME))


main()
