# SPDX-License-Identifier: GPL-2.0
"""What was looked at, and how it came out."""


class Verdict:
    def __init__(self, suite):
        self.suite, self.passed, self.failed = suite, 0, 0

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
            print(f"{self.suite}: ok    {name}", flush=True)
        else:
            self.failed += 1
            print(f"{self.suite}: FAIL  {name}", flush=True)
            for line in str(detail).strip().splitlines()[-40:]:
                print(f"    {line}", flush=True)
        return good

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f"got    {got}\nwanted {wanted}")

    def ends(self, name, done, code=0):
        return self.check(name, done.code == code, f"ended with {done.code}\n{done.text}")

    def says(self, name, text, *parts):
        missing = [part for part in parts if part not in text]
        return self.check(name, not missing, f"nothing of {missing} in:\n{text}")
