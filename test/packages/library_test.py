#!/usr/bin/env python3
"""The library as others find it: installed into a fresh folder, then moved, then built against by programs of no part of
this tree, with CMake and with pkg-config.

Usage: library_test.py BUILD-FOLDER VERSION
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
BUILD = pathlib.Path()
VERSION = ""
SAID = {"blocking": "two teapots", "coroutine": "one kettle"}


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class InstalledLibrary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="rowmq-library-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        first = cls.path / "first"
        run("cmake", "--install", BUILD, "--prefix", first, "--component", "library")
        cls.prefix = cls.path / "moved"
        first.rename(cls.prefix)
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(cls.prefix / "lib/pkgconfig")}

    def flags(self, *asked):
        return run("pkg-config", *asked, "rowmq", env=self.environment).split()

    def check(self, program):
        name = program.name
        said = run(program, f"sqlite:{self.path / (name + '.db')}")
        self.assertEqual(said.strip(), SAID[name])
        (self.path / (name + ".db")).unlink()

    def test_holds_the_public_headers_one_archive_and_how_to_find_them(self):
        installed = {str(file.relative_to(self.prefix)) for file in self.prefix.rglob("*") if file.is_file()}
        headers = {f"include/rowmq/{header.name}" for header in (SOURCE / "include/rowmq").glob("*.hpp")}
        found = {f"lib/cmake/rowmq/rowmq{part}.cmake" for part in ("Config", "ConfigVersion", "Targets", "Targets-release")}
        # The name of the configuration is the tree's.
        installed = {re.sub(r"Targets-\w+", "Targets-release", name) for name in installed}
        self.assertEqual(installed, headers | found | {"lib/librowmq.a", "lib/pkgconfig/rowmq.pc"})

    def test_names_no_folder_of_the_machine_that_built_it(self):
        for file in [*self.prefix.rglob("*.cmake"), *self.prefix.rglob("*.pc")]:
            for folder in (SOURCE, BUILD, self.path):
                self.assertNotIn(str(folder), file.read_text(), file)

    def test_is_found_by_cmake(self):
        build = self.path / "with-cmake"
        run("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DROWMQ_WANTED={VERSION}")
        run("cmake", "--build", build)
        for program in SAID:
            self.check(build / program)

    def test_is_refused_by_cmake_where_another_version_is_wanted(self):
        done = subprocess.run(["cmake", "-G", "Ninja", "-S", CONSUMER, "-B", self.path / "refused", "-DROWMQ_WANTED=99.0",
                               f"-DCMAKE_PREFIX_PATH={self.prefix}"], text=True, capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('requested version "99.0"', re.sub(r"\s+", " ", done.stderr))

    def test_is_found_by_pkg_config(self):
        self.assertEqual(self.flags("--modversion"), [VERSION])
        for name in SAID:
            program = self.path / name
            run("g++", "-std=c++20", *self.flags("--cflags"), CONSUMER / f"{name}.cpp", "-o", program, *self.flags("--static", "--libs"))
            self.check(program)

    def test_needs_no_asio_for_blocking_calls(self):
        included = run("g++", "-std=c++20", *self.flags("--cflags"), "-M", CONSUMER / "blocking.cpp")
        self.assertIn("rowmq/blocking.hpp", included)
        self.assertNotIn("boost/asio", included)

    def test_needs_nothing_but_a_header_for_itself(self):
        for header in sorted((self.prefix / "include/rowmq").glob("*.hpp")):
            run("g++", "-std=c++20", *self.flags("--cflags"), "-fsyntax-only", "-x", "c++", "-", input=f"#include <rowmq/{header.name}>\n")


if __name__ == "__main__":
    VERSION, BUILD = sys.argv.pop(), pathlib.Path(sys.argv.pop()).resolve()
    unittest.main()
