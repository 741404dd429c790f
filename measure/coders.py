"""The encoders that side.py compares: programs, libraries behind the servers serve.rs and serve.js, and Python modules."""
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SERVE = os.path.join(HERE, "target/release/serve")
THUMBS = os.environ.get("THUMBS", os.path.join(HERE, "../target/release/thumbs"))
NODE_MODULES = os.environ.get("PEERS_NODE_MODULES", os.environ.get("NODE_PATH", ""))
# Qualities that a search may use. Bytes between two of them are interpolated.
FINE, COARSE = list(range(4, 101, 2)), list(range(4, 101, 4))

OXIPNG = "import oxipng, sys; oxipng.optimize(sys.argv[1], sys.argv[2], level=6, strip=oxipng.StripChunks.safe())"


class Server:
    """A process that answers a line with a line; one for each thread that asks."""

    def __init__(self, argv, env=None):
        self.argv, self.env, self.local = argv, {**os.environ, **(env or {})}, threading.local()

    def ask(self, *fields):
        if not hasattr(self.local, "process"):
            self.local.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.env)
        process = self.local.process
        process.stdin.write("\t".join(map(str, fields)) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            sys.exit(f"{self.argv[0]} failed: {fields}")
        return list(map(float, answer.split("\t")))


serve = Server([SERVE])
node = Server(["node", os.path.join(HERE, "serve.js")], {"NODE_PATH": NODE_MODULES})


def run(argv):
    """Runs a program; its seconds of processor time, user and system."""
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"failed with {child.returncode}: {argv}")
    return usage.ru_utime + usage.ru_stime


class Coder:
    """`encode(png, quality, out, repeats)` writes `out` and gives the least seconds of processor time of one encoding."""

    def __init__(self, name, suffix, encode, qualities=FINE, is_program=False, version=""):
        self.name, self.suffix, self.encode, self.qualities = name, suffix, encode, qualities
        self.is_program, self.version = is_program, version


def program(name, suffix, argv, qualities=FINE, version=()):
    def encode(png, quality, out, repeats=1):
        return min(run(argv(png, quality, out)) for _ in range(repeats))
    said = subprocess.run(version, capture_output=True, text=True) if version else None
    words = (said.stdout + said.stderr).strip().split("\n")[0] if said else ""
    return Coder(name, suffix, encode, qualities, True, words)


def thumbs(suffix, effort, *more, qualities=FINE):
    words = [*(["--effort", str(effort)] if effort != "" else []), *more]
    argv = lambda png, quality, out: [THUMBS, "--quiet", "-s", "original", *([] if quality is None else ["-q", str(quality)]), *words,
                                      "--existing", "replace", "-o", out, "--", png]
    name = " ".join(["thumbs", *words])
    return program(name, suffix, argv, qualities, [THUMBS, "--version"])


def caesium(suffix):
    """For JPEG it gets a JPEG of quality 100 with full chroma: a PNG it would convert first, at a quality that cannot be set."""
    kind = "original" if suffix == "jpg" else suffix
    script = 'mkdir -p "$2"; "$0" -q "$1" --format "$4" -Q -o "$2" "$3" && mv "$2"/* "$5"'

    def encode(png, quality, out, repeats=1):
        source = png
        if suffix == "jpg":
            source = out + ".source.jpg"
            pixels(png).save(source, quality=100, subsampling=0)
        argv = ["sh", "-c", script, tool("caesiumclt"), str(quality), out + ".d", source, kind, out]
        return min(run(argv) for _ in range(repeats))
    said = subprocess.run([tool("caesiumclt"), "--version"], capture_output=True, text=True)
    return Coder("caesium", suffix, encode, FINE, True, said.stdout.strip())


def tool(name):
    """A program on PATH, or beside the interpreter."""
    return shutil.which(name) or os.path.join(os.path.dirname(sys.executable), name)


def cjpeg():
    path = os.environ.get("CJPEG", "cjpeg")

    def encode(png, quality, out, repeats=1):
        ppm = out + ".ppm"
        pixels(png).save(ppm)
        return min(run([path, "-quality", str(quality), "-outfile", out, ppm]) for _ in range(repeats))
    said = subprocess.run([path, "-version"], capture_output=True, text=True)
    return Coder("cjpeg of mozjpeg", "jpg", encode, FINE, True, (said.stdout + said.stderr).strip().split("\n")[0])


def pixels(png):
    from PIL import Image
    with Image.open(png) as picture:
        return picture.convert("RGB")


def jpegli():
    import importlib.metadata
    import pyjpegli

    def encode(png, quality, out, repeats=1):
        picture = pixels(png)
        raw, (width, height), least = picture.tobytes(), picture.size, 1e9
        for _ in range(repeats):
            start = time.thread_time()
            data = pyjpegli.encode(raw, width, height, quality)
            least = min(least, time.thread_time() - start)
        with open(out, "wb") as file:
            file.write(data)
        return least
    return Coder("jpegli", "jpg", encode, FINE, version="pyjpegli " + importlib.metadata.version("pyjpegli"))


def served(name, encoder):
    encode = lambda png, quality, out, repeats=1: serve.ask("encode", encoder, quality, repeats, png, out)[0]
    return Coder(name, "jpg", encode)


def sharp(kind, qualities=FINE):
    encode = lambda png, quality, out, repeats=1: node.ask("encode", kind, quality, repeats, png, out)[0]
    said = subprocess.run(["node", "-e", 'console.log(require("sharp").versions.sharp)'], capture_output=True, text=True,
                          env={**os.environ, "NODE_PATH": NODE_MODULES})
    return Coder("sharp", {"jpeg": "jpg"}.get(kind, kind), encode, qualities, version="sharp " + said.stdout.strip())


def avifenc(speed, *more):
    argv = lambda png, quality, out: [tool("avifenc"), "-j", "1", "-s", str(speed), *more, "--min", "0", "--max", "63", "-a", "end-usage=q", "-a",
                                      f"cq-level={63 - quality}", png, out]
    return program(" ".join(["avifenc", "-s", str(speed), *more]), "avif", argv, list(range(3, 64, 3)), [tool("avifenc"), "--version"])


def coder(word):
    """The encoder that a word of the command line names: KIND, or KIND:FORMAT:EFFORT."""
    kind, *rest = word.split(":")
    if kind == "thumbs":
        form, effort, more = rest[0], *(rest[1:2] or [""]), rest[2:]
        if form == "lossless":
            return thumbs("png", effort, *more, qualities=[None])
        if form == "palette":
            return thumbs("png", effort, "--lossy-png", *more, qualities=COARSE)
        return thumbs({"jpeg": "jpg"}.get(form, form), effort, *more, qualities=COARSE if form == "avif" else FINE)
    if kind == "ours":
        return served(f"thumbs, effort {rest[0]}", f"ours-{rest[0]}")
    if kind in ("mozjpeg", "mozjpeg-rs", "jpeg-encoder"):
        return served(kind, kind)
    if kind == "sharp":
        return sharp(*rest)
    if kind == "caesium":
        return caesium(*rest)
    if kind == "cjpeg":
        return cjpeg()
    if kind == "jpegli":
        return jpegli()
    if kind == "cwebp":
        argv = lambda png, quality, out: [tool("cwebp"), "-quiet", "-m", "6", "-q", str(quality), png, "-o", out]
        return program("cwebp -m 6", "webp", argv, FINE, [tool("cwebp"), "-version"])
    if kind == "avifenc":
        return avifenc(*rest)
    if kind == "oxipng":
        argv = lambda png, quality, out: [sys.executable, "-c", OXIPNG, png, out]
        return program("oxipng -o max", "png", argv, [None])
    if kind == "pngquant":
        argv = lambda png, quality, out: [tool("pngquant"), "--force", "--speed", "1", "--quality", f"0-{quality}", "--output", out, png]
        return program("pngquant --speed 1", "png", argv, COARSE, [tool("pngquant"), "--version"])
    if kind == "copy":
        return program("the source", "png", lambda png, quality, out: ["cp", png, out], [None])
    sys.exit(f"side.py: no encoder is called {word}")
