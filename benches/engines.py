#!/usr/bin/env python3
"""The engines that run a plan, side by side on this machine.

    benches/engines.py [--count 20000] [--shards 40] [--size 256] [--rounds 1] [--folder DIR] [--only ENGINE,...] BIN PICTURE...

Makes COUNT names for the PICTUREs (hard links, or copies on another file system), plans them in SHARDS shards, and runs in turn:

    one          BIN in one process with a worker for each core
    xargs        xargs -P, as many processes as cores, each with one worker
    ray          Ray on two nodes of this machine, each with half of the cores
    ray-killed   the same; one node is killed when a third of the shards are done
    slurm        an array of Slurm (contrib/slurm), with its daemons on this machine
    spark        Spark in local mode (contrib/spark)

ENGINES_PYTHON names an interpreter with the module thumbs, ray and pyspark (default: this one). All engines run BIN. An engine that is not
installed is left out with a word. Prints a Markdown table: medians of the time that the engine takes to start and of the wall
time from the first shard to the end of --finish, how much longer than one process that is, and the digest of all outputs. The time
of Spark includes its start. The exit status is 1 if an engine fails, or if digests differ.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CONTRIB = os.path.join(os.path.dirname(HERE), "contrib")
PYTHON = os.environ.get("ENGINES_PYTHON", sys.executable)
CORES = len(os.sched_getaffinity(0))
ENVIRONMENT = {**os.environ, "RAY_AUTH_MODE": "disabled", "PYSPARK_PYTHON": PYTHON, "SPARK_LOCAL_IP": "127.0.0.1"}

RAY = """
import json, os, sys, threading, time
import ray
from ray.cluster_utils import Cluster
import thumbs.ray
plan, program, cores, kill_after = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
begin = time.monotonic()
store = 80 << 20
head = {"num_cpus": max(1, cores // 2), "object_store_memory": store, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args=head)
node = cluster.add_node(num_cpus=max(1, cores // 2), object_store_memory=store)
cluster.wait_for_nodes()
ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
start = time.monotonic() - begin
over = threading.Event()
killed = []
def kill():
    while not over.wait(0.02):
        done = len(os.listdir(os.path.join(plan, "done"))) if os.path.exists(os.path.join(plan, "done")) else 0
        if done >= kill_after:
            killed.append(done)
            cluster.remove_node(node, allow_graceful=False)
            return
killer = threading.Thread(target=kill)
if kill_after:
    killer.start()
begin = time.monotonic()
finish = thumbs.ray.run(plan, program=[program])
wall = time.monotonic() - begin
over.set()
if kill_after:
    killer.join()
ray.shutdown()
cluster.shutdown()
print(json.dumps({"start": start, "wall": wall, "status": finish.status, "failed": finish.failed, "digest": finish.digest, "killed": killed}))
"""


class Missing(Exception):
    """The engine is not installed."""


class Failed(Exception):
    """The engine fails."""


def call(words, **options):
    ran = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, **options)
    if ran.returncode != 0:
        raise Failed(f"{words[0]}: exit status {ran.returncode}: {(ran.stdout + ran.stderr).strip()[-1000:]}")
    return ran


def digest(said):
    return said.strip().splitlines()[-1].rsplit("digest ", 1)[1]


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.program = os.path.abspath(options.program)
        self.folder = folder

    def pictures(self):
        pictures = [os.path.abspath(picture) for picture in self.options.pictures]
        for number in range(self.options.count):
            source = pictures[number % len(pictures)]
            folder = os.path.join(self.folder, "in", f"{number // 1000:04}")
            if number % 1000 == 0:
                os.makedirs(folder)
            name = os.path.join(folder, f"{number % 1000:03}{os.path.splitext(source)[1]}")
            try:
                os.link(source, name)
            except OSError:
                shutil.copy(source, name)

    def plan(self, shards):
        """A plan in a fresh directory, beside which its outputs go. The seconds that it takes."""
        self.here = os.path.join(self.folder, "run")
        shutil.rmtree(self.here, ignore_errors=True)
        os.mkdir(self.here)
        # The digest is of the names of the outputs, too: they are relative, and the same each time.
        words = [self.program, "../in", "-s", str(self.options.size), "-o", "out/", "--write-plan", "plan"]
        begin = time.monotonic()
        call([*words, "--shards", str(shards)], cwd=self.here)
        return time.monotonic() - begin

    def finish(self):
        return digest(call([self.program, "--finish", "plan"], cwd=self.here).stderr)

    def one(self):
        begin = time.monotonic()
        call([self.program, "--plan", "plan", "--shard", f"1-{self.options.shards}", "-j", str(CORES)], cwd=self.here)
        found = self.finish()
        return None, time.monotonic() - begin, found

    def xargs(self):
        begin = time.monotonic()
        words = [self.program, "--plan", "plan", "--shard", "K", "-j", "1", "--quiet"]
        numbers = "".join(f"{shard}\n" for shard in range(1, self.options.shards + 1))
        call(["xargs", "-P", str(CORES), "-I", "K", *words], cwd=self.here, input=numbers)
        found = self.finish()
        return None, time.monotonic() - begin, found

    def ray(self, kill_after=0):
        self.needs("ray", "thumbs.ray")
        words = [PYTHON, "-c", RAY, os.path.join(self.here, "plan"), self.program, str(CORES), str(kill_after)]
        ran = json.loads(call(words, cwd=self.here).stdout.strip().splitlines()[-1])
        if ran["status"] != 0 or (kill_after and not ran["killed"]):
            raise Failed(json.dumps(ran))
        if kill_after:
            print(f"ray-killed: one of two nodes was killed after {ran['killed'][0]} shards", file=sys.stderr)
        return ran["start"], ran["wall"], ran["digest"]

    def ray_killed(self):
        return self.ray(max(1, self.options.shards // 3))

    def slurm(self):
        begin = time.monotonic()
        # Slurm runs until its command ends, and that ends with its input.
        words = [os.path.join(CONTRIB, "slurm", "loopback"), os.path.join(self.here, "slurm"), "sh", "-c"]
        words.append('echo "$SLURM_CONF"; cat')
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as daemons:
            try:
                conf = daemons.stdout.readline().strip()
                if not os.path.isfile(conf):
                    raise (Missing if daemons.wait() == 77 else Failed)(conf)
                start = time.monotonic() - begin
                environment = {**ENVIRONMENT, "SLURM_CONF": conf, "THUMBS": self.program}
                begin = time.monotonic()
                submit = [os.path.join(CONTRIB, "slurm", "submit"), "plan", "--cpus-per-task=1", "--mem=0"]
                subprocess.run(submit, cwd=self.here, env=environment, stdout=subprocess.DEVNULL, check=True)
                queue = ["squeue", "--noheader"]
                while subprocess.run(queue, env=environment, capture_output=True, text=True, check=True).stdout.strip():
                    time.sleep(0.1)
                wall = time.monotonic() - begin
            finally:
                daemons.stdin.close()
        log = next((name for name in os.listdir(self.here) if name.startswith("thumbs-finish-")), None)
        if log is None:
            raise Failed("the finish has not run")
        with open(os.path.join(self.here, log), encoding="utf-8") as file:
            return start, wall, digest(file.read())

    def spark(self):
        self.needs("pyspark")
        if shutil.which("java") is None:
            raise Missing("there is no java")
        begin = time.monotonic()
        submit = f"--master local[{CORES},4] --conf spark.ui.enabled=false pyspark-shell"
        ENVIRONMENT.update(PYSPARK_SUBMIT_ARGS=submit, THUMBS=self.program)
        found = digest(call([PYTHON, os.path.join(CONTRIB, "spark", "pipe.py"), "plan"], cwd=self.here).stderr)
        return None, time.monotonic() - begin, found

    @staticmethod
    def needs(*modules):
        ran = subprocess.run([PYTHON, "-c", f"import {', '.join(modules)}"], capture_output=True, text=True)
        if ran.returncode != 0:
            raise Missing(f"{PYTHON}: {ran.stderr.strip().splitlines()[-1]}")


def main():
    engines = ["one", "xargs", "ray", "ray-killed", "slurm", "spark"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", help="where to work (default: the directory for temporary files)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=engines)
    parser.add_argument("program", metavar="BIN")
    parser.add_argument("pictures", metavar="PICTURE", nargs="+")
    options = parser.parse_args()
    if unknown := set(options.only) - set(engines):
        parser.error(f"no such engine: {', '.join(unknown)}")
    folder = tempfile.mkdtemp(prefix="thumbs-engines-", dir=options.folder)
    try:
        return measure(Bench(options, folder), [engine for engine in engines if engine in options.only])
    finally:
        shutil.rmtree(folder)


def measure(bench, engines):
    options = bench.options
    bench.pictures()
    starts, walls, digests, words = {}, {}, {}, {}
    planned = []
    for _ in range(options.rounds):
        for engine in engines:
            if engine in words:
                continue
            planned.append(bench.plan(options.shards))
            try:
                start, wall, found = getattr(bench, engine.replace("-", "_"))()
            except (Missing, Failed, subprocess.CalledProcessError) as error:
                words[engine] = f"{'not installed' if isinstance(error, Missing) else 'FAILED'}: {error}"
                print(f"{engine}: {words[engine]}", file=sys.stderr)
                continue
            starts.setdefault(engine, []).append(start or 0)
            walls.setdefault(engine, []).append(wall)
            digests.setdefault(engine, set()).add(found)
    print(f"{options.count} pictures, {options.shards} shards, {CORES} cores; the plan takes {statistics.median(planned):.1f} s\n")
    print("| engine | start, s | wall, s | over one process | digest |\n|---|---:|---:|---:|---|")
    base = statistics.median(walls["one"]) if "one" in walls else None
    for engine in engines:
        if engine not in walls:
            print(f"| {engine} | | | | {words[engine].splitlines()[0]} |")
            continue
        start, wall = statistics.median(starts[engine]), statistics.median(walls[engine])
        over = f"{wall - base:+.1f} s, {wall / base - 1:+.1%}" if base and engine != "one" else ""
        print(f"| {engine} | {f'{start:.1f}' if start else ''} | {wall:.1f} | {over} | {', '.join(sorted(digests[engine]))} |")
    alike = len({found for each in digests.values() for found in each}) == 1
    failed = any(text.startswith("FAILED") for text in words.values())
    print(f"\nThe outputs are {'the same' if alike else 'DIFFERENT'}.")
    return 0 if alike and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
