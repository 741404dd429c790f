#!/usr/bin/env python3
"""Side by side with the peers, on the same files, in turn.

    benches/compare.py [--size 256] [--rounds 5] [--peers vipsthumbnail,sharp,pillow,pyvips] [--args='-f webp']
                       [--json FILE] BIN [FOLDER...]

FOLDERs come from the command line, else from THUMBS_PICTURES (separated by ':'), else fixtures/photos. Every run makes one
JPEG of quality 80 from each file of the folder. A peer that is not installed is skipped, with a word. Prints, per folder and
program, the medians of wall and CPU seconds and the peak memory of the largest process, and how many times BIN's cost that is:
gross, and net of a run over one tiny picture (so that an interpreter's start counts for nobody). Ratios are medians over the
rounds; over 1 means that BIN is ahead. A run that fails or leaves too few outputs is marked, and the exit status is 1. --json appends
the medians and ratios to FILE, one object for each folder and program; benches/chart.py draws them.

PEERS_PYTHON names an interpreter that has Pillow and pyvips (default: the one that runs this), PEERS_NODE_MODULES a
node_modules folder that has sharp.
"""
import argparse
import datetime
import json
import os
import shlex
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)
CORES = len(os.sched_getaffinity(0))

PILLOW = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from PIL import Image, ImageOps
size, out, jobs, files = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
def one(path):
    with Image.open(path) as picture:
        picture.draft("RGB", (2 * size, 2 * size))
        picture = ImageOps.exif_transpose(picture)
        if picture.mode in ("P", "LA", "PA", "RGBA"):
            picture = picture.convert("RGBA")
            picture.thumbnail((size, size), Image.Resampling.LANCZOS)
            flat = Image.new("RGB", picture.size, "white")
            flat.paste(picture, mask=picture)
            picture = flat
        else:
            picture.thumbnail((size, size), Image.Resampling.LANCZOS)
        picture.convert("RGB").save(os.path.join(out, os.path.basename(path) + ".jpg"), quality=80)
if __name__ == "__main__":
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(one, files, chunksize=4))
"""
PYVIPS = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
import pyvips
size, out, jobs, files = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
pyvips.cache_set_max(0)
def one(path):
    picture = pyvips.Image.thumbnail(path, size, height=size, size="down")
    picture.write_to_file(os.path.join(out, os.path.basename(path) + ".jpg"), Q=80, keep="none", background=255)
with ThreadPoolExecutor(jobs) as pool:
    list(pool.map(one, files))
"""
SHARP = """
const sharp = require("sharp"), path = require("path");
const [size, out, jobs, ...files] = process.argv.slice(1);
sharp.cache(false); sharp.concurrency(1);
let next = 0;
const lane = async () => { while (next < files.length) { const file = files[next++];
  await sharp(file, {limitInputPixels: false}).rotate().resize(+size, +size, {fit: "inside", withoutEnlargement: true})
    .flatten({background: "white"}).jpeg({quality: 80}).toFile(path.join(out, path.basename(file) + ".jpg")); } };
Promise.all(Array.from({length: +jobs}, lane)).catch(e => { console.error(e.message); process.exit(1); });
"""


def works(command, **env):
    try:
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None


def peers(size, wanted):
    """Name -> (version, files -> argv, environment) of those that run here."""
    modules = {"NODE_PATH": os.environ.get("PEERS_NODE_MODULES", os.environ.get("NODE_PATH", ""))}
    python = lambda text: lambda out, files: [PYTHON, "-c", text, size, out, str(CORES), *files]
    # Eight files a process, as many processes as cores, one thread each: its fastest way through a pile of files.
    vips = lambda out, files: [
        "sh", "-c", 'out=$1; shift; printf "%s\\0" "$@" | xargs -0 -P' + str(CORES) + " -n 8 vipsthumbnail -s " + size
        + ' -o "$out/%s.jpg[Q=80,strip]"', "vips", out, *files]
    known = {
        "vipsthumbnail": (["vipsthumbnail", "--vips-version"], vips, {"VIPS_CONCURRENCY": "1"}),
        "sharp": (["node", "-e", 'console.log(require("sharp").versions.sharp)'],
                  lambda out, files: ["node", "-e", SHARP, size, out, str(CORES), *files], modules),
        "pillow": ([PYTHON, "-c", "import PIL; print(PIL.__version__)"], python(PILLOW), {}),
        "pyvips": ([PYTHON, "-c", "import pyvips; print(*(pyvips.version(i) for i in range(3)), sep='.')"], python(PYVIPS),
                   {"VIPS_CONCURRENCY": "1"}),
    }
    found = {}
    for name in wanted:
        if name not in known:
            sys.exit(f"compare.py: no peer is called {name}; there are {', '.join(known)}")
        probe, argv, env = known[name]
        answer = works(probe, **env)
        if answer is None or answer.returncode:
            print(f"-- {name} is not installed here, skipped")
        else:
            found[name] = (answer.stdout.strip().split("\n")[0], argv, env)
    return found


def run(argv, env, out, expected):
    """One run into an empty folder: (wall, cpu, peak MB, outputs, whether all is well)."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    begin = time.monotonic()
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null, env={**os.environ, **env})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begin
    made = sum(os.path.getsize(os.path.join(at, name)) > 100 for at, _, names in os.walk(out) for name in names)
    well = child.returncode == 0 and made == expected
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, made, well


def tiny_picture(path):
    """A 16 x 16 PNG, which every peer reads: what a program costs before it has done anything."""
    block = lambda name, body: struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head)
                   + block(b"IDAT", zlib.compress(b"".join(b"\0" + b"\xc0\x30\x30" * 16 for _ in range(16)))) + block(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--size", default="256")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="vipsthumbnail,sharp,pillow,pyvips")
    parser.add_argument("--args", default="", help="further options for BIN")
    parser.add_argument("--json", help="append the figures to this file, one JSON object a line")
    options = parser.parse_args()
    env_folders = os.environ.get("THUMBS_PICTURES", "")
    folders = options.folders or env_folders.split(":") if (options.folders or env_folders) else [os.path.join(HERE, "../fixtures/photos")]

    binary = os.path.abspath(options.bin)
    ours = lambda out, files: [binary, "--quiet", "-s", options.size, "-f", "jpeg", "-q", "80", "--name", "{name}.jpg", "-o", out,
                               *shlex.split(options.args), "--", *files]
    version = works([binary, "--version"])
    if version is None or version.returncode:
        sys.exit(f"compare.py: {binary} does not run")
    programs = {"thumbs": (version.stdout.strip().removeprefix("thumbs "), ours, {})}
    programs.update(peers(options.size, [name for name in options.peers.split(",") if name]))

    failed = False
    with tempfile.TemporaryDirectory(prefix="thumbs-compare-") as work:
        out, tiny = os.path.join(work, "out"), os.path.join(work, "tiny.png")
        tiny_picture(tiny)
        start = {name: [statistics.median(run(argv(out, [tiny]), env, out, 1)[k] for _ in range(3)) for k in (0, 1)]
                 for name, (_, argv, env) in programs.items()}
        for folder in folders:
            files = sorted(entry.path for entry in os.scandir(os.path.abspath(folder)) if entry.is_file() and entry.name[0] != ".")
            if not files:
                sys.exit(f"compare.py: no files in {folder}")
            size = sum(map(os.path.getsize, files)) / 1e6
            print(f"\n{os.path.basename(os.path.normpath(folder))}: {len(files)} files, {size:.1f} MB, to {options.size} px, "
                  f"{CORES} cores, medians of {options.rounds}")
            run(ours(out, files), {}, out, len(files))  # so that the first does not pay for the disk
            rows = {name: [] for name in programs}
            for _ in range(options.rounds):
                for name, (_, argv, env) in programs.items():
                    rows[name].append(run(argv(out, files), env, out, len(files)))
            print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'MB':>6}   {'CPU, times ours':>22} {'wall, times ours':>22}")
            for name, mine in rows.items():
                median = lambda k: statistics.median(row[k] for row in mine)
                ratio = lambda k, net: statistics.median(
                    max(a[k] - net * start[name][k], 1e-3) / max(b[k] - net * start["thumbs"][k], 1e-3)
                    for a, b in zip(mine, rows["thumbs"]))
                well = all(row[4] for row in mine)
                failed |= not well
                mark = "" if well else f"   FAILED: {mine[-1][3]} of {len(files)} outputs"
                print(f"{name + ' ' + programs[name][0][:11]:26}{median(0):8.3f}{median(1):8.3f}{median(2):6.0f}   "
                      f"{ratio(1, 0):9.2f} (net {ratio(1, 1):6.2f}) {ratio(0, 0):9.2f} (net {ratio(0, 1):6.2f}){mark}")
                if options.json:
                    figures = {"date": datetime.date.today().isoformat(), "set": os.path.basename(os.path.normpath(folder)),
                               "files": len(files), "megabytes": round(size, 1), "size": options.size, "program": name,
                               "version": programs[name][0][:11], "wall": round(median(0), 3), "cpu": round(median(1), 3),
                               "peak_mb": round(median(2)), "cpu_ratio_net": round(ratio(1, 1), 2), "ok": well}
                    with open(options.json, "a") as file:
                        print(json.dumps(figures), file=file)
    sys.exit(failed)


if __name__ == "__main__":
    main()
