# SPDX-License-Identifier: GPL-2.0
"""The file that gives the order of folders.

A line is a floor, the top one first, and names a folder, or several that may not use each
other. "." is what lies directly in the top folder. A folder that is not named belongs to
the nearest named one around it. "#" begins a comment.
"""
import pathlib

from .errors import CannotCheck


class Order:
    def __init__(self, path):
        self.name = pathlib.Path(path).name
        self.floors = {}
        try:
            text = pathlib.Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CannotCheck(f"{path} cannot be read: {error}") from error
        for number, line in enumerate(text.splitlines(), 1):
            for folder in line.partition("#")[0].split():
                plain = folder.rstrip("/")
                if plain in self.floors:
                    raise CannotCheck(f"{path}:{number}: {plain} has a line already")
                self.floors[plain] = number
        if not self.floors:
            raise CannotCheck(f"{path} names no folder")

    def folder(self, file):
        """The named folder that the file belongs to, or None."""
        parents = pathlib.PurePath(file).parents
        if len(parents) == 1:
            return "." if "." in self.floors else None
        return next((str(parent) for parent in parents if str(parent) in self.floors and str(parent) != "."), None)

    def floor(self, file):
        """A number that grows downwards."""
        return self.floors[self.folder(file)]
