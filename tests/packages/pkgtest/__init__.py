# SPDX-License-Identifier: GPL-2.0
"""Tests of the packages, in Debian trees of their own.

tree      trees of a suite: with what building needs, and with what the packages depend on
chroot    a throw-away copy of one, to run programs in
debs      the packages, built twice
host      what the packages do to a host: installed, upgraded, downgraded, removed, purged
verdict   checks, counted
cli       the command line
"""
