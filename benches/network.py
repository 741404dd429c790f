#!/usr/bin/env python3
"""Pictures from the network, side by side with the peers.

    benches/network.py [--count 5000] [--delay 50] [--connections 64] [--size 256] [--rounds 3] [--folder DIR] BIN

Makes COUNT JPEGs of 640x480 with BIN from fixtures/photos (or takes those of DIR), each with bytes of its own, and serves them
from this machine, each answer after DELAY milliseconds. Then measures, in turn:

    files        BIN over the same files on disk
    urls         BIN over their URLs, into a directory
    shards       BIN over a table of the URLs, into WebDataset shards
    img2dataset  the same with img2dataset
    recipe       ThreadPoolExecutor, requests, and Image.thumbnail of Pillow, into a directory

PEERS_PYTHON names an interpreter that has img2dataset, requests and Pillow; without it, only BIN is measured. Prints a Markdown table:
medians of wall seconds, CPU seconds (user and system, with all processes that a program starts and waits for), and the
peak of memory, which is the proportional set size of the whole tree of processes, sampled. The server is a process of its own, and
does not count. At the end it compares the URLs in the shards of both. The exit status is 1 if they differ, or if a program fails.
"""
import argparse
import asyncio
import csv
import json
import multiprocessing
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "python", "benches"))

from tree import measure

PYTHON = os.environ.get("PEERS_PYTHON")
CORES = len(os.sched_getaffinity(0))

RECIPE = """
import io, os, sys
from concurrent.futures import ThreadPoolExecutor
import requests
from PIL import Image
size, out, connections, urls = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), open(sys.argv[4]).read().split()
def one(url):
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    picture = Image.open(io.BytesIO(answer.content))
    picture.thumbnail((size, size))
    picture.convert("RGB").save(os.path.join(out, url.rsplit("/", 1)[1]), quality=80)
with ThreadPoolExecutor(connections) as pool:
    list(pool.map(one, urls))
"""


def answers(folder, delay, port):
    """The server: reads nothing of a request but its path, and holds all pictures in memory."""
    pictures = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            body = file.read()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        pictures[b"/" + name.encode()] = head.encode() + body
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    class Answers(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport, self.rest = transport, b""

        def data_received(self, data):
            self.rest += data
            while b"\r\n\r\n" in self.rest:
                request, self.rest = self.rest.split(b"\r\n\r\n", 1)
                # urllib asks for the end of the connection, and may wait for it.
                ends = b"connection: close" in request.lower()
                loop.call_later(delay / 1000, self.answer, pictures.get(request.split(b" ", 2)[1], missing), ends)

        def answer(self, bytes, ends):
            if not self.transport.is_closing():
                self.transport.write(bytes)
                if ends:
                    self.transport.close()

    async def serve():
        server = await loop.create_server(Answers, "127.0.0.1", 0, backlog=4096)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(serve())


def make(binary, count, source, folder):
    """COUNT pictures, each with a comment of its own."""
    with tempfile.TemporaryDirectory() as base:
        if source is None:
            photos = os.path.join(HERE, "..", "fixtures", "photos")
            shape = ["-s", "640x480", "--fit", "cover", "--enlarge", "-f", "jpeg", "-o", base, "--quiet"]
            for quality in (75, 85, 92):
                names = ["--name", f"{{stem}}-{quality}.{{ext}}", "-q", str(quality)]
                subprocess.run([binary, photos, *shape, *names], check=True)
            source = base
        bases = [os.path.join(source, name) for name in sorted(os.listdir(source))]
        bases = [open(path, "rb").read() for path in bases if os.path.isfile(path)]
        bases = [bytes for bytes in bases if bytes[:2] == b"\xff\xd8"]
        if not bases:
            sys.exit(f"{source} holds no JPEG")
        for number in range(count):
            text = b"%d" % number
            comment = b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text
            picture = bases[number % len(bases)]
            with open(os.path.join(folder, f"{number:06}.jpg"), "wb") as file:
                file.write(picture[:2] + comment + picture[2:])


def sources(folder, key):
    """The URLs of all samples in the shards of a folder."""
    found = set()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".tar"):
            with tarfile.open(os.path.join(folder, name)) as shard:
                for member in shard:
                    if member.name.endswith(".json"):
                        found.add(json.load(shard.extractfile(member))[key])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", metavar="BIN")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--delay", type=float, default=50)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder")
    given = parser.parse_args()
    binary = os.path.abspath(given.binary)
    with tempfile.TemporaryDirectory(prefix="thumbs-network-") as work:
        at = lambda *names: os.path.join(work, *names)
        os.mkdir(at("pictures"))
        make(binary, given.count, given.folder, at("pictures"))
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=answers, args=(at("pictures"), given.delay, theirs), daemon=True)
        server.start()
        urls = [f"http://127.0.0.1:{ours.recv()}/"]
        urls = [urls[0] + name for name in sorted(os.listdir(at("pictures")))]
        with open(at("urls.txt"), "w") as file:
            file.write("\n".join(urls) + "\n")
        with open(at("urls.csv"), "w", newline="") as file:
            csv.writer(file).writerows([["url", "caption"], *([url, f"picture {n}"] for n, url in enumerate(urls))])
        recipe = ["-s", str(given.size), "-f", "jpeg", "-q", "80", "--quiet"]
        net = ["--allow-private", "--connections", str(given.connections)]
        shards = ["--table", at("urls.csv"), "--keep-columns", "caption", "--webdataset"]
        jobs = {
            "files": lambda out: [binary, at("pictures"), *recipe, "-o", out],
            "urls": lambda out: [binary, "--files-from", at("urls.txt"), *recipe, *net, "-o", out],
            "shards": lambda out: [binary, *shards, out, *recipe, *net],
        }
        if PYTHON:
            jobs["img2dataset"] = lambda out: [
                PYTHON, "-c", "from img2dataset.main import main; main()", f"--url_list={at('urls.csv')}",
                "--input_format=csv", "--url_col=url", "--caption_col=caption", f"--output_folder={out}",
                "--output_format=webdataset", f"--image_size={given.size}", "--resize_mode=keep_ratio_largest",
                "--resize_only_if_bigger=True", "--encode_quality=80", f"--processes_count={CORES}",
                f"--thread_count={max(1, given.connections // CORES)}", "--number_sample_per_shard=1000",
                "--compute_hash=sha256", "--retries=2", "--enable_wandb=False",
            ]
            jobs["recipe"] = lambda out: [
                PYTHON, "-c", RECIPE, str(given.size), out, str(given.connections), at("urls.txt")
            ]
        else:
            print("PEERS_PYTHON is not set, so the peers are skipped", file=sys.stderr)
        results, good, done = {name: [] for name in jobs}, True, {}
        for _ in range(given.rounds):
            for name, command in jobs.items():
                out = at("out-" + name)
                shutil.rmtree(out, ignore_errors=True)
                os.mkdir(out)
                cost = measure(command(out))
                results[name].append((cost.wall, cost.cpu, cost.memory))
                if name in ("shards", "img2dataset"):
                    done[name] = sources(out, "source" if name == "shards" else "url")
                    made = len(done[name])
                else:
                    made = len(os.listdir(out))
                if not cost.succeeded or made != given.count:
                    good = False
                    print(f"{name}: {made} of {given.count} are made", file=sys.stderr)
        server.terminate()
        print(f"{given.count} pictures, {given.delay:g} ms each, {given.connections} connections, {CORES} processors\n")
        print("| | wall, s | CPU, s | memory, MiB | pictures a second |\n| --- | --- | --- | --- | --- |")
        for name, rounds in results.items():
            wall, cpu, peak = (statistics.median(column) for column in zip(*rounds))
            print(f"| {name} | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {given.count / wall:.0f} |")
        if "img2dataset" in done:
            ours, theirs = done["shards"], done["img2dataset"]
            print(f"\nURLs in the shards: {len(ours)} and {len(theirs)} of img2dataset; {len(ours ^ theirs)} in one alone")
            for url in sorted(ours ^ theirs)[:10]:
                print(f"only in {'ours' if url in ours else 'theirs'}: {url}")
            good &= ours == theirs
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
