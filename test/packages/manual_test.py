#!/usr/bin/env python3
"""The manual pages say what the program does: the same commands, the same options, settings that it takes. And the shell
completes what it has.

Usage: manual_test.py PROGRAM ROWMQ.1 ROWMQ.TOML.5
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM, COMMANDS_PAGE, SETTINGS_PAGE = "", "", ""
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("ROWMQ_")}


def help_of(*command):
    return subprocess.run([PROGRAM, *command, "--help"], text=True, capture_output=True, check=True, env=CLEAN).stdout


def flags_in_help(text):
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.MULTILINE))


def subcommands(text):
    listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
    return re.findall(r"^  (\w[\w-]*)", listed.group(1), re.MULTILINE) if listed else []


def offered(*command):
    """{"queues create": {"--fifo", ...}} of everything the program has, from its own help."""
    text = help_of(*command)
    found = {" ".join(command): flags_in_help(text)}
    for name in subcommands(text):
        found |= offered(*command, name)
    return found


def flags_in_page(lines):
    tags = [line for line in lines if re.match(r"\.BI? |\.BR ", line)]
    return set(re.findall(r"--[\w-]+", " ".join(tags).replace("\\-", "-")))


def sections(page, request):
    """{heading: lines} of each .SH or .SS."""
    found, heading = {}, None
    for line in page.splitlines():
        if line.startswith((".SH", ".SS")):
            heading = line[4:] if line.startswith(request) else None
            found.setdefault(heading, [])
        elif heading is not None:
            found[heading].append(line)
    found.pop(None, None)
    return found


def described():
    """The same as offered(), from the page."""
    found = {}
    for heading, lines in sections(COMMANDS_PAGE, ".SS").items():
        name = " ".join(word for word in heading.split() if word.islower() and word.isascii() and "[" not in word)
        found[name] = flags_in_page(lines)
    return found


class Manual(unittest.TestCase):
    maxDiff = None

    def test_describes_every_command_and_option_the_program_has_and_no_other(self):
        common = flags_in_page(sections(COMMANDS_PAGE, ".SH")["OPTIONS OF EVERY COMMAND"])
        program, page = offered(), described()
        program.pop("")
        wrong = [f"command '{name}' is not in packaging/man/rowmq.1.in" for name in program if name not in page]
        wrong += [f"command '{name}' of packaging/man/rowmq.1.in is not in the program" for name in page if name not in program]
        for name in program.keys() & page.keys():
            wrong += [f"{name} {flag} is not in the page" for flag in sorted(program[name] - common - page[name])]
            wrong += [f"{name} {flag} of the page is not in the program" for flag in sorted(page[name] - program[name])]
        self.assertEqual(wrong, [])

    def test_has_every_setting_of_the_table_in_the_documentation(self):
        rows = re.findall(r"^\| `(?:\[(\w+)\]` `)?(\w+)", (SOURCE / "doc/operating/configure.md").read_text(), re.MULTILINE)
        self.assertGreater(len(rows), 3)
        page = sections(SETTINGS_PAGE, ".SH")
        missing = [f"{section} {setting}" for section, setting in rows
                   if not any(line.startswith(f".BR {setting} ") for line in page.get(f"[{section}]" if section else "SETTINGS", []))]
        self.assertEqual(missing, [], "settings of doc/operating/configure.md that packaging/man/rowmq.toml.5.in does not have")

    def test_names_settings_that_the_program_takes(self):
        text = ""
        for heading in ("SETTINGS", "[listen]", "[tls]", "[access_keys]", "[sqs]", "[outbound]", "[limits]"):
            settings = re.findall(r'^\.BR (\w+) " = (.*)"$', "\n".join(sections(SETTINGS_PAGE, ".SH")[heading]), re.MULTILINE)
            self.assertTrue(settings)
            text += "" if heading == "SETTINGS" else heading + "\n"
            text += "".join(f"{name} = {value}\n" for name, value in settings).replace("\\(dq", '"').replace("\\-", "-")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "rowmq.toml"
            file.write_text(text)
            done = subprocess.run([PROGRAM, "queues", "--config", file], text=True, capture_output=True, cwd=folder, env=CLEAN)
        # The file was read without a complaint: what is missing is the store it names.
        self.assertEqual(done.returncode, 2, done.stderr + text)

    def test_names_every_limit_of_the_program(self):
        limits = re.findall(r'Limit\{"(\w+)"', (SOURCE / "src/app/settings_values.cpp").read_text())
        self.assertGreater(len(limits), 5)
        page = "\n".join(sections(SETTINGS_PAGE, ".SH")["[limits]"])
        self.assertEqual([name for name in limits if f".BR {name} " not in page], [])

    def test_is_set_without_a_warning(self):
        groff = shutil.which("groff")
        self.assertIsNotNone(groff)
        for page in (COMMANDS_PAGE, SETTINGS_PAGE):
            done = subprocess.run([groff, "-man", "-Tutf8", "-ww", "-z"], input=page, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


class Completion(unittest.TestCase):
    def completes(self, *words):
        """What bash offers for the last of the words."""
        script = f"""
            source {SOURCE}/packaging/completion/rowmq.bash
            COMP_WORDS=({PROGRAM} {' '.join(f"'{word}'" for word in words)}) COMP_CWORD={len(words)}
            _rowmq && printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        return set(subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True, env=CLEAN).stdout.split())

    def test_knows_every_command(self):
        self.assertEqual(self.completes(""), set(subcommands(help_of())))
        self.assertEqual(self.completes("rec"), {"receive"})

    def test_knows_commands_and_options_of_commands(self):
        self.assertEqual(self.completes("queues", "cr"), {"create"})
        self.assertEqual(self.completes("queues", "create", "orders", "-"), flags_in_help(help_of("queues", "create")))
        self.assertEqual(self.completes("receive", "orders", "--ke"), {"--keep"})

    def test_offers_files_where_a_file_is_wanted(self):
        self.assertIn(f"{SOURCE}/LICENSE", self.completes("serve", "--config", f"{SOURCE}/LIC"))


if __name__ == "__main__":
    SETTINGS_PAGE, COMMANDS_PAGE, PROGRAM = pathlib.Path(sys.argv.pop()).read_text(), pathlib.Path(sys.argv.pop()).read_text(), sys.argv.pop()
    PROGRAM = str(pathlib.Path(PROGRAM).resolve())
    unittest.main()
