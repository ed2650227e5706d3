#!/usr/bin/env python3
"""Every rule of tidy.py is seen failing on a planted violation, and silent on the same tree without it."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True
import tidy  # noqa: E402

CLEAN = {
    "ARCHITECTURE.md": "| room | may include | its tests also |\n|---|---|---|\n| include/rowmq | | |\n"
                       "| src/base | include/rowmq | |\n| src/storage | src/base | |\n| src/storage/memory | src/storage | |\n"
                       "| src/broker | src/storage, include/rowmq | src/storage/memory |\n| src/app | * | |\n| test | * | |\n",
    "include/rowmq/ids.hpp": "#pragma once\n",
    "src/base/clock.hpp": '#pragma once\n#include "rowmq/ids.hpp"\n#include <vector>\n',
    "src/storage/engine.hpp": '#pragma once\n#include "base/clock.hpp"\n',
    "src/storage/memory/engine.hpp": '#pragma once\n#include "storage/engine.hpp"\n',
    "src/broker/queue.cpp": '#include "storage/engine.hpp"\n#include "rowmq/ids.hpp"\n#include "absent/foreign.h"\nint x;\n',
    "src/broker/queue_test.cpp": '#include "storage/memory/engine.hpp"\nTEST(A, b) {}\n',
    "src/app/main.cpp": '#include "storage/memory/engine.hpp"\nconst char* where = "/usr/share/doc";\n',
    "README.md": "Run `tools/dev run`, see https://example.org/work/home/x and ~/work/x.\n",
}


class Tidy(unittest.TestCase):
    def of(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return tidy.check_tree(root, sorted(files))

    def planted(self, name, text, where):
        """One violation, at `where` ("file:line"), and no other."""
        found = self.of(CLEAN | {name: text})
        self.assertEqual([":".join(line.split(":")[:2]) for line in found], [where], found)
        return found[0]

    def test_a_clean_tree_has_none(self):
        self.assertEqual(self.of(CLEAN), [])

    def test_the_include_table_is_there(self):
        self.assertIn("no table", self.of({"ARCHITECTURE.md": "no table\n"})[0])

    def test_a_room_includes_only_what_the_table_says(self):
        self.assertIn("src/base may not include src/storage",
                      self.planted("src/base/x.cpp", '#include "storage/engine.hpp"\n', "src/base/x.cpp:1"))

    def test_a_public_header_includes_nothing_of_src(self):
        self.planted("include/rowmq/broker.hpp", '#pragma once\n#include "base/clock.hpp"\n', "include/rowmq/broker.hpp:2")

    def test_neither_spaces_nor_a_path_that_climbs_are_a_way_around(self):
        self.planted("src/broker/x.cpp", '  #  include "storage/memory/engine.hpp"\n', "src/broker/x.cpp:1")
        self.planted("src/broker/x.cpp", '#include "../storage/memory/engine.hpp"\n', "src/broker/x.cpp:1")
        self.planted("src/broker/x.cpp", '#include <storage/memory/engine.hpp>\n', "src/broker/x.cpp:1")

    def test_a_room_below_another_is_a_room_of_its_own(self):
        self.planted("src/broker/catalog/x.cpp", '#include "storage/memory/engine.hpp"\n', "src/broker/catalog/x.cpp:1")

    def test_only_tests_include_what_tests_may(self):
        self.assertEqual(self.of(CLEAN | {"src/broker/y_test.cpp": '#include "storage/memory/engine.hpp"\n'}), [])
        self.planted("src/broker/y.cpp", '#include "storage/memory/engine.hpp"\n', "src/broker/y.cpp:1")

    def test_a_header_only_tests_include_is_a_test(self):
        bed = {"src/broker/bed.hpp": '#pragma once\n#include "storage/memory/engine.hpp"\n',
               "src/broker/b_test.cpp": '#include "broker/bed.hpp"\n'}
        self.assertEqual(self.of(CLEAN | bed), [])
        self.assertEqual(len(self.of(CLEAN | bed | {"src/broker/b.cpp": '#include "broker/bed.hpp"\n'})), 1)

    def test_every_file_has_a_room(self):
        self.assertIn("no room", self.planted("src/shed/x.cpp", '#include "rowmq/ids.hpp"\n', "src/shed/x.cpp:1"))

    def test_the_broker_is_deterministic(self):
        for line in ("std::thread worker;", "std::jthread t;", "std::this_thread::yield();", "sleep_for(1s);", "usleep(3);",
                     "auto t = std::chrono::system_clock::now();", "auto t = std::chrono::steady_clock::now();",
                     'getenv("X");', "int r = rand();", "std::mt19937 g;", "std::random_device d;", "time(nullptr);",
                     "std::mutex m;", "clock_gettime(0, &t);", "auto t = SteadyClock::now();", "std::shared_mutex m;",
                     "std::condition_variable c;", "pthread_create(&t, 0, f, 0);", "auto x = std::async(f);", "time(&t);",
                     "gettimeofday(&t, 0);", "boost::asio::steady_timer t(e);", "asio::thread_pool pool(2);", "nanosleep(&t, 0);",
                     "std::default_random_engine g;", "getrandom(p, 8, 0);", "arc4random();", 'open("/dev/urandom", 0);',
                     "srand(1);", "drand48();", 'secure_getenv("X");', 'setenv("X", "1", 1);', "char** e = environ;"):
            with self.subTest(line):
                self.planted("src/broker/x.cpp", line + "\n", "src/broker/x.cpp:1")
                self.planted("src/broker/catalog/x.hpp", "#pragma once\n" + line + "\n", "src/broker/catalog/x.hpp:2")
                self.planted("src/storage/memory/x.cpp", line + "\n", "src/storage/memory/x.cpp:1")
                self.assertEqual(self.of(CLEAN | {"src/app/x.cpp": line + "\n"}), [])
                self.assertEqual(self.of(CLEAN | {"src/broker/x_test.cpp": line + "\n"}), [])
        for innocent in ("operand(1);", "// std::thread is for others", "random_->next();", "lifetime(0);",
                         "strand(x);", "parts.clock->monotonic();", "stored_time.now();", "next_time(nullptr_);", "auto t = clock_.wall();"):
            with self.subTest(innocent):
                self.assertEqual(self.of(CLEAN | {"src/broker/x.cpp": innocent + "\n"}), [])

    def test_an_engine_has_what_is_its_nature_and_no_more(self):
        for path, kinds in tidy.STORAGE_MAY.items():
            for kind, line in {"clocks": "auto t = SteadyClock::now();", "threads": "std::mutex m;", "randomness": "std::random_device d;",
                               "environment": 'getenv("X");'}.items():
                text = ("#pragma once\n" if path.endswith(".hpp") else "int x;\n") + line + "\n"
                with self.subTest(path=path, line=line):
                    tree = CLEAN | {"ARCHITECTURE.md": CLEAN["ARCHITECTURE.md"] + "| src/storage/sqlite | src/storage | |\n",
                                    "src/storage/sqlite/uses.cpp": f'#include "{path[4:]}"\n' if path.endswith(".hpp") and "sqlite" in path else "int y;\n"}
                    self.assertEqual(len(self.of(tree | {path: text})), 0 if kind in kinds else 1)

    def test_what_an_engine_may_is_still_so(self):
        root = pathlib.Path(tidy.__file__).parents[2]
        for path, kinds in tidy.STORAGE_MAY.items():
            text = "\n".join(tidy.without_comment(line) for line in (root / path).read_text().split("\n"))
            for kind in kinds:
                self.assertTrue(tidy.NOT_DETERMINED[kind].search(text), f"{path} has no {kind} any more")

    def test_no_file_is_longer_than_500_lines(self):
        self.assertEqual(self.of(CLEAN | {"src/app/x.cpp": "int x;\n" * 500}), [])
        self.planted("src/app/x.cpp", "int x;\n" * 501, "src/app/x.cpp:500")

    def test_a_header_has_pragma_once(self):
        self.planted("src/app/x.hpp", "int x;\n", "src/app/x.hpp:1")

    def test_sql_lives_in_storage(self):
        for sql in ("SELECT id FROM queues", "INSERT INTO queues VALUES (1)", "UPDATE queues SET a=1", "DELETE FROM queues",
                    "CREATE TABLE t(a)", "PRAGMA journal_mode"):
            with self.subTest(sql):
                self.planted("src/broker/x.cpp", f'auto s = "{sql}";\n', "src/broker/x.cpp:1")
                self.assertEqual(self.of(CLEAN | {"src/storage/x.cpp": f'auto s = "{sql}";\n'}), [])

    def test_no_path_of_one_machine(self):
        for path in ("/home/ann/x", "/root/.cache", "/Users/ann"):
            with self.subTest(path):
                self.planted("README.md", f"See {path}.\n", "README.md:1")

    def test_a_link_of_a_page_leads_somewhere(self):
        self.planted("doc/x.md", "[a](../README.md) [b](https://example.org) [c](y.md)\n", "doc/x.md:1")
        self.assertEqual(self.of(CLEAN | {"doc/x.md": "[a](../README.md#more) [d](./) [s](../src/app)\n"}), [])

    def test_no_test_is_skipped(self):
        for line in ("  GTEST_SKIP();", "TEST(A, DISABLED_b) {}"):
            self.planted("src/broker/z_test.cpp", line + "\n", "src/broker/z_test.cpp:1")
        self.planted("test/x.py", "@pytest.mark.skip\n", "test/x.py:1")
        self.planted("test/x.py", 'x = pytest.importorskip("y")\n', "test/x.py:1")

    def test_no_trailing_white_space(self):
        self.planted("src/app/x.cpp", "int x; \n", "src/app/x.cpp:1")
        self.planted("src/app/x.sql", "--\t\n", "src/app/x.sql:1")

    def test_a_file_ends_with_a_line_feed(self):
        self.planted("src/app/x.cpp", "int x;", "src/app/x.cpp:1")

    def test_nothing_is_left_unfinished(self):
        self.planted("src/app/x.cpp", "// " + "TO" + "DO: more\n", "src/app/x.cpp:1")

    def test_the_real_table_names_real_rooms(self):
        root = pathlib.Path(tidy.__file__).parents[2]
        rooms = tidy.include_table((root / "ARCHITECTURE.md").read_text())
        for name in ("include/rowmq", "src/base", "src/storage", "src/broker", "src/sqs", "src/app"):
            self.assertIn(name, rooms)
        for room, (allowed, for_tests) in rooms.items():
            for name in allowed + for_tests:
                self.assertTrue(name == "*" or name in rooms or name.startswith("test/"), f"{room} names {name}")


if __name__ == "__main__":
    unittest.main()
