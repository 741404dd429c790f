#!/usr/bin/env python3
"""JPEGs compressed in place by a run that is killed again and again: is every file old or good, and does the report agree?

    benches/in_place.py BIN FOLDER [--count 2000] [--kills 50] [--seed 1] [--longest 2] [--decoder PROGRAM]

Copies pictures of FOLDER (again, with other names, where it holds fewer than --count), then runs `BIN --in-place --update`
over the copies and kills it (SIGKILL) after a random time, --kills times, and once more without a kill. After every kill each
file has to be the old one to the byte, or a whole picture of the same size that is at least 5 % smaller, with the mode, the
modification time and the extended attribute that the old one had. Every savings that a report tells has to be those of the disk.
At the end all that was saved on the disk is what the reports told, but for what was replaced within the moments before a kill
and never told; a further run changes nothing, and no temporary file is left.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time

TIME = 1_234_567_890_123_456_789


def pictures(folder):
    names = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return sorted(name for name in names if name.lower().endswith((".jpg", ".jpeg")))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()


def decoded(path):
    """Width and height, by decoding the whole file with another program that says nothing to it."""
    with open(path, "rb") as file:
        out = subprocess.run([*DECODER.split(), "-pnm"], stdin=file, capture_output=True)
    if out.returncode or out.stderr:
        raise SystemExit(f"{path}: {out.stderr.decode(errors='replace')}")
    return out.stdout[:40].split()[1:3]


def check(files, good):
    """How many files are new; ends the program where one is neither old nor good."""
    new = 0
    for path, (old, length, size) in files.items():
        now = digest(path)
        stat = os.stat(path)
        kept = (stat.st_mode & 0o7777, stat.st_mtime_ns, os.getxattr(path, "user.bench"))
        if kept != (0o640, TIME, b"kept"):
            raise SystemExit(f"{path}: mode, time or attribute is {kept}")
        if now == old:
            continue
        new += 1
        # What was looked at once is known by its bytes.
        if now not in good:
            if decoded(path) != size:
                raise SystemExit(f"{path}: not the size of the old one")
            if stat.st_size * 100 > length * 95:
                raise SystemExit(f"{path}: {stat.st_size} of {length} bytes")
            good.add(now)
    return new


def told(report):
    """Savings by source, of the lines that are whole: a killed run may leave half of one."""
    savings = {}
    if os.path.exists(report):
        with open(report, errors="replace") as lines:
            for text in lines:
                if not text.endswith("\n"):
                    break
                line = json.loads(text)
                if line["type"] == "done":
                    savings[line["source"]] = line["outputs"][0]["savings"]
    return savings


def leftovers(folder):
    return [name for _, _, names in os.walk(folder) for name in names if name.startswith(".thumbs-") and name.endswith(".tmp")]


def main():
    global DECODER
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=2.0, help="seconds until a kill, at most")
    parser.add_argument("--decoder", default="djpeg -strict", help="of JPEG, to PNM on standard output")
    options = parser.parse_args()
    DECODER = options.decoder
    random.seed(options.seed)
    binary, sources = os.path.abspath(options.bin), pictures(options.folder)
    with tempfile.TemporaryDirectory(prefix="thumbs-in-place-", dir=os.environ.get("TMPDIR")) as work:
        folder, files = os.path.join(work, "in"), {}
        for at in range(options.count):
            source = sources[at % len(sources)]
            path = os.path.join(folder, f"{at % 20:02}", f"{at:05}{os.path.splitext(source)[1]}")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copyfile(source, path)
            os.setxattr(path, "user.bench", b"kept")
            os.chmod(path, 0o640)
            os.utime(path, ns=(TIME, TIME))
            files[path] = (digest(path), os.path.getsize(path), decoded(path))
        before = sum(length for _, length, _ in files.values())
        report, good, all_told, unsure, kills = os.path.join(work, "report"), set(), {}, 0, 0
        command = [binary, "--quiet", "--in-place", "--update", "--report", report, folder]
        for number in range(options.kills + 1):
            if os.path.exists(report):
                os.remove(report)
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            if number < options.kills:
                time.sleep(random.uniform(0.02, options.longest))
                child.send_signal(signal.SIGKILL)
            status = child.wait()
            if status == -signal.SIGKILL:
                kills += 1
            elif status:
                raise SystemExit(f"run {number} ended with {status}")
            savings = told(report)
            for path, saved in savings.items():
                if files[path][1] - os.path.getsize(path) != saved or path in all_told:
                    raise SystemExit(f"{path}: the report says {saved}, or says it twice")
            all_told.update(savings)
            new = check(files, good)
            print(f"run {number}: {'killed' if status else 'ended'}, {len(savings)} told, {new} new", flush=True)
        new = check(files, good)
        after = sum(os.path.getsize(path) for path in files)
        for path, (old, length, _) in files.items():
            if path not in all_told and digest(path) != old:
                unsure += 1
                all_told[path] = length - os.path.getsize(path)
        if before - after != sum(all_told.values()):
            raise SystemExit(f"saved {before - after}, told {sum(all_told.values())}")
        stood = {path: digest(path) for path in files}
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
        if told(report) or any(digest(path) != stands for path, stands in stood.items()):
            raise SystemExit("a further run changed something")
        if leftovers(folder):
            raise SystemExit(f"left over: {leftovers(folder)}")
        print(f"{len(files)} pictures, {kills} kills: {new} new and good, {len(files) - new} old to the byte, none else")
        print(f"{before} bytes became {after}: {before - after} saved, {100 * (before - after) / before:.1f} %")
        print(f"told by the reports: {new - unsure}; replaced just before a kill and not told: {unsure}")


main()
