#!/usr/bin/env python3
"""What nights cost: one with nothing to do, and what the state adds to one with everything to do.

    benches/nightly.py BIN [--count 1000000] [--rounds 3]        nothing to do, over so many tiny files
    benches/nightly.py BIN --pictures DIR [--count 2000]         --update and --fsync beside a run without, over copies of DIR's

The tiny files are made with `cargo run -p oddities`. As root, the first also measures a night with cold caches. A run's outputs
stay until the end: removing them in between would change what the next finds on the disk.
"""
import argparse
import os
import shutil
import statistics
import tempfile

from many_files import make, run


def tell(what, runs):
    wall, cpu = (statistics.median(r[i] for r in runs) for i in (0, 1))
    print(f"{what:24} {wall:8.2f} s {cpu:8.2f} s CPU  peak {max(r[2] for r in runs):4.0f} MB  ({len(runs)} runs)", flush=True)
    return wall, cpu


def nothing_to_do(binary, count, rounds, work):
    folder = os.path.join(work, "in")
    make(count, folder)
    command = [binary, "--quiet", "-s", "16", "-o", os.path.join(work, "out"), "--update", folder]
    tell("everything to do", [run(command)])
    wall, _ = tell("nothing to do", [run(command) for _ in range(rounds)])
    print(f"{count / wall:.0f} files a second", flush=True)
    tell("... with --prune", [run([*command, "--prune"]) for _ in range(rounds)])
    caches = "/proc/sys/vm/drop_caches"
    if not os.access(caches, os.W_OK):
        print("cold caches need root, not measured")
        return
    os.sync()
    with open(caches, "w") as drop:
        drop.write("3")
    tell("... with cold caches", [run(command)])


def everything_to_do(binary, pictures, count, rounds, work):
    folder = os.path.join(work, "in")
    sources = sorted(entry.path for entry in os.scandir(pictures) if entry.is_file())
    for number in range(count):
        place = os.path.join(folder, f"{number // len(sources):04}")
        os.makedirs(place, exist_ok=True)
        shutil.copy(sources[number % len(sources)], place)
    variants = {"without": [], "--update": ["--update"], "--fsync": ["--fsync"]}
    runs = {name: [] for name in variants}
    run([binary, "--quiet", "-s", "256", "-o", os.path.join(work, "warm"), folder])
    for number in range(rounds):
        names = list(variants) if number % 2 == 0 else list(variants)[::-1]
        for name in names:
            os.sync()
            out = os.path.join(work, f"{number}{name}")
            runs[name].append(run([binary, "--quiet", "-s", "256", "-o", out, *variants[name], folder]))
    first = tell("without", runs["without"])
    for name in ("--update", "--fsync"):
        wall, cpu = tell(name, runs[name])
        print(f"    {100 * (wall / first[0] - 1):+.1f} % of the time, {100 * (cpu / first[1] - 1):+.1f} % of the CPU", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--pictures")
    parser.add_argument("--count", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    binary = os.path.abspath(options.bin)
    with tempfile.TemporaryDirectory(prefix="thumbs-nightly-") as work:
        if options.pictures:
            everything_to_do(binary, options.pictures, options.count or 2000, options.rounds or 7, work)
        else:
            nothing_to_do(binary, options.count or 1_000_000, options.rounds or 3, work)


if __name__ == "__main__":
    main()
