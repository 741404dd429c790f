#!/usr/bin/env python3
"""What very many tiny files cost: memory, time, and system calls a file.

    benches/many_files.py BIN [--count 100000] [--jobs 2] [--trace 1000]

Makes the files with `cargo run -p oddities`, runs BIN over them into an empty folder and prints time and peak memory; then the
same with a tenth of them, so that growth with the number shows. With strace it counts the calls over --trace of them, less
those of a run over one file.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def make(count, folder):
    subprocess.run(["cargo", "run", "-q", "-p", "oddities", "--", "many", str(count), folder], cwd=ROOT, check=True)


def run(argv):
    begin = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{argv[0]} ended with {child.returncode}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def calls(argv, work):
    log = os.path.join(work, "strace")
    subprocess.run(["strace", "-f", "-qq", "-o", log, *argv], stdin=subprocess.DEVNULL, check=True)
    counted = collections.Counter()
    with open(log, errors="replace") as lines:
        for text in lines:
            name = re.match(r"\d+ +(\w+)\(", text)
            counted[name.group(1) if name else ""] += 1
    counted.pop("", None)
    return counted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--trace", type=int, default=1000)
    options = parser.parse_args()
    binary = os.path.abspath(options.bin)
    with tempfile.TemporaryDirectory(prefix="thumbs-many-") as work:
        out = os.path.join(work, "out")
        command = lambda folder: [binary, "--quiet", "-s", "16", "-j", options.jobs, "-o", out, folder]
        for count in (options.count // 10, options.count):
            folder = os.path.join(work, str(count))
            make(count, folder)
            wall, cpu, peak = run(command(folder))
            print(f"{count} files: {wall:.2f} s, {cpu:.2f} s CPU, peak {peak:.0f} MB, {count / wall:.0f} files/s", flush=True)
            shutil.rmtree(out)
            shutil.rmtree(folder)
        if not shutil.which("strace"):
            print("strace is not installed, system calls not counted")
            return
        few, one = os.path.join(work, "few"), os.path.join(work, "one")
        make(options.trace + 1, few)
        make(1, one)
        many = calls(command(few), work)
        shutil.rmtree(out)
        many.subtract(calls(command(one), work))
        for name, number in many.most_common():
            if number >= options.trace / 20:
                print(f"{name:18}{number / options.trace:6.2f} a file")


if __name__ == "__main__":
    main()
