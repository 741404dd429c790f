#!/usr/bin/env python3
"""Shards under faults: whether each input is done, skipped or failed exactly once.

    benches/exactly_once.py [--count 20000] [--shards 20] [--seed 1] BIN

Makes COUNT pictures, one in a hundred of them cut in the middle, and a plan of them. Removes ten more pictures after the plan.
Then one shard runs in two processes at once, one is killed at random times again and again until ten kills have hit it, and the others
run two at a time. At the end, `--finish` has to find every input once; the outputs have to be those of one ordinary run over what is left,
byte for byte; and no temporary file may be left. The exit status is 1 if anything of this does not hold.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))


def make(count, folder):
    """Photographs of the project, each with a comment of its own, in directories of a thousand. One in a hundred is cut."""
    photos = os.path.join(HERE, "..", "fixtures", "photos")
    bases = [open(os.path.join(photos, name), "rb").read() for name in ("chelsea.jpg", "camera.jpg", "hopper.jpg")]
    for number in range(count):
        base = bases[number % len(bases)]
        text = b"%d" % number
        bytes = base[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + base[2:]
        directory = os.path.join(folder, f"{number // 1000:03}")
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, f"{number:06}.jpg"), "wb") as file:
            file.write(bytes[: len(bytes) // 2] if number % 100 == 7 else bytes)


def tree(folder):
    """The digests of all files below a directory."""
    found = {}
    for directory, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(directory, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("binary")
    words = parser.parse_args()
    chance = random.Random(words.seed)
    binary = os.path.abspath(words.binary)
    work = tempfile.mkdtemp(prefix="thumbs-shards-")
    pictures, one, out, plan = (os.path.join(work, name) for name in ("in", "one", "out", "plan"))
    make(words.count, pictures)
    options = [pictures, "-s", "128", "-q", "70"]

    def run(*more):
        return subprocess.run([binary, *more, "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    plain = [binary, *options, "-o", out + "/", "--write-plan", plan, "--shards", str(words.shards)]
    subprocess.run(plain, check=True, stderr=subprocess.DEVNULL)
    for number in chance.sample(range(words.count), 10):
        os.remove(os.path.join(pictures, f"{number // 1000:03}", f"{number:06}.jpg"))
    shard = lambda number: ["--plan", plan, "--shard", str(number), "-j", "1"]
    marker = lambda number: os.path.exists(os.path.join(plan, "done", f"{number:05}.json"))

    begun = time.monotonic()
    assert run(*shard(2)) == 0
    took = time.monotonic() - begun
    kills = 0
    while kills < 10:
        process = subprocess.Popen([binary, *shard(1), "--quiet"], stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, took * 0.8))
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
        if marker(1):
            os.remove(os.path.join(plan, "done", "00001.json"))
    assert not marker(1)
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(lambda number: run(*shard(number)), [3, 3]))
        statuses += pool.map(lambda number: run(*shard(number)), [1, *range(4, words.shards + 1)])
    finished = subprocess.run([binary, "--finish", plan], capture_output=True, text=True)
    run(*options, "-o", one + "/")

    lines = subprocess.run(["zstdcat", os.path.join(plan, "report.ndjson.zst")], capture_output=True, text=True).stdout
    sources = [json.loads(line).get("source") for line in lines.splitlines()]
    sources = [source for source in sources if source is not None]
    whole, parts = tree(one), tree(out)
    holds = {
        "every shard ends with 0": set(statuses) == {0},
        "every input is reported once": len(sources) == len(set(sources)) == words.count,
        "the outputs are those of one run": whole == parts,
        "no temporary file is left": not any(".thumbs-" in name for name in [*parts, *tree(plan)]),
        "finish ends with 1, as pictures failed": finished.returncode == 1,
    }
    print(f"{words.count} pictures, {words.shards} shards, {kills} kills of the first, two processes for the third")
    print(finished.stderr.strip())
    for what, is_so in holds.items():
        print(f"{'yes' if is_so else 'NO '}  {what}")
    shutil.rmtree(work)
    sys.exit(0 if all(holds.values()) else 1)


main()
