#!/usr/bin/env python3
"""Draws the figures of `side.py` as SVG.

    measure/plot.py effort FILE [--set NAME] [--target 80] > docs/encoders.svg
    measure/plot.py bytes FILE... [--targets 70,80,85] > docs/compression.svg
    measure/plot.py spread FILE > docs/spread.svg
"""
import argparse
import html
import math

from table import grouped, lines, speeds, sums

OURS, PEERS, GREY = "#d9480f", "#3690c0", "#666"


class Drawing:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def text(self, x, y, words, **more):
        style = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{style}>{html.escape(words)}</text>')

    def line(self, x1, y1, x2, y2, color="#ddd"):
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{color}" fill="none"/>')

    def dot(self, x, y, color, radius=4.0):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>')

    def bar(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height}" fill="{color}"/>')

    def print(self):
        print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}" '
              'font-family="system-ui, sans-serif" font-size="12" fill="#222">')
        print(f'<rect width="{self.width}" height="{self.height}" fill="#fff"/>')
        print("\n".join(self.parts))
        print("</svg>")


def dates(rows):
    days = sorted({row["date"] for row in rows})
    return " to ".join(dict.fromkeys((days[0], days[-1])))


def effort(options):
    """Bytes against processor time; the efforts of ours are joined."""
    rows = [row for row in lines(options.file) if options.set in (None, row["set"])]
    cpu, figures = speeds(rows), sums(rows, "mozjpeg")[options.target]
    name_of = {name: next(iter(of.values()))["name"] for name, of in grouped(rows).items()}
    points = [(name, cpu[name], figures[name][2] * 100) for name in figures if name in cpu]
    drawing, left, top, right, bottom = Drawing(760, 380), 60, 40, 690, 320
    low_x, high_x = math.floor(math.log10(min(p[1] for p in points))), math.ceil(math.log10(max(p[1] for p in points)))
    low_y, high_y = 5 * math.floor(min(p[2] for p in points) / 5), 5 * math.ceil(max(p[2] for p in points) / 5)
    x = lambda ns: left + (math.log10(ns) - low_x) / (high_x - low_x) * (right - left)
    y = lambda share: bottom - (share - low_y) / (high_y - low_y) * (bottom - top)
    drawing.text(left, 20, f"Bytes at SSIMULACRA2 {options.target}, relative to mozjpeg, against processor time", font_weight=600)
    for power in range(low_x, high_x + 1):
        drawing.line(x(10 ** power), top, x(10 ** power), bottom)
        drawing.text(x(10 ** power), bottom + 18, f"{10 ** power:g}", text_anchor="middle")
    step = 5 if high_y - low_y <= 40 else 10
    for share in range(low_y, high_y + 1, step):
        drawing.line(left, y(share), right, y(share))
        drawing.text(left - 8, y(share) + 4, f"{share} %", text_anchor="end")
    drawing.text((left + right) / 2, bottom + 36, "nanoseconds a pixel, one thread", text_anchor="middle", fill=GREY)
    ours = [point for point in points if point[0].startswith("ours:")]
    for a, b in zip(ours, ours[1:]):
        drawing.line(x(a[1]), y(a[2]), x(b[1]), y(b[2]), OURS)
    taken = []
    for name, ns, share in points:
        is_ours = name.startswith("ours:")
        label = name_of[name].replace("thumbs, effort ", "thumbs " if name == ours[0][0] else "") if is_ours else name_of[name]
        drawing.dot(x(ns), y(share), OURS if is_ours else PEERS)
        # A label is put up or down until it lies on no other.
        box = lambda down: (x(ns) + 7, y(share) - 5 + down, x(ns) + 7 + 6.5 * len(label))
        free = lambda at: all(at[0] > right or at[2] < left or abs(at[1] - line) > 11 for left, line, right in taken)
        at = next(at for at in map(box, (0, 19, -13, 32, -26, 45, -39, 58)) if free(at))
        taken.append(at)
        drawing.text(at[0], at[1], label)
    pictures = {row["picture"] for row in rows}
    drawing.text(left, bottom + 56, f"{len(pictures)} pictures ({rows[0]['set']}), measured {dates(rows)}", fill=GREY)
    drawing.print()


def bars(options):
    """A group for each file: bytes of each encoder at each target, relative to the first."""
    targets = options.targets.split(",")
    drawing, left, y, scale = Drawing(860, 0), 220, 44, 3.3
    drawing.text(left, 22, "Bytes at equal SSIMULACRA2, in percent of the first peer (shorter is better)", font_weight=600)
    every = []
    for path in options.files:
        rows = lines(path)
        every += rows
        for name in dict.fromkeys(row["set"] for row in rows):
            of = [row for row in rows if row["set"] == name]
            totals = sums(of)
            for target in [target for target in totals if target in targets or target == "lossless"]:
                figures = totals[target]
                count = len({row["picture"] for row in of})
                form = next(encoder.split(":")[1] for encoder in figures if encoder.startswith("thumbs:"))
                form = {"webp": "WebP", "avif": "AVIF", "lossless": "PNG", "palette": "PNG with a palette"}.get(form, form)
                words = "without loss" if target == "lossless" else f"at {target}"
                drawing.text(left - 12, y + 11, f"{form} {words}", text_anchor="end", font_weight=600)
                drawing.text(left - 12, y + 26, f"{count} pictures ({name})", text_anchor="end", fill=GREY)
                for encoder, (_, _, share, _) in figures.items():
                    is_ours = encoder.startswith(("thumbs", "ours"))
                    label = next(row["name"] for row in of if row["encoder"] == encoder)
                    drawing.bar(left, y, min(share, 1.3) * 100 * scale, 13, OURS if is_ours else PEERS)
                    drawing.text(left + min(share, 1.3) * 100 * scale + 6, y + 11, f"{label} {share:.1%}".replace("%", " %"))
                    y += 15
                y += 12
    drawing.text(left, y + 4, f"measured {dates(every)}", fill=GREY)
    drawing.height = y + 16
    drawing.print()


def spread(options):
    """A dot for each picture, by its score: searched and at one quality."""
    rows = lines(options.file)
    drawing, left, right, y = Drawing(760, 0), 190, 730, 60
    scores = [row[key] for row in rows for key in ("score", "fixed_score")]
    low, high = 5 * math.floor(max(min(scores), 40) / 5), 100
    x = lambda score: left + (max(score, low) - low) / (high - low) * (right - left)
    drawing.text(left, 22, "SSIMULACRA2 of each picture", font_weight=600)
    forms = list(dict.fromkeys(row["format"] for row in rows))
    bottom = y + 66 * len(forms) - 20
    for score in range(low, high + 1, 5):
        drawing.line(x(score), 46, x(score), bottom)
        drawing.text(x(score), 40, str(score), text_anchor="middle", fill=GREY)
    for form in forms:
        of = [row for row in rows if row["format"] == form]
        for label, key, color in ((f"--target {of[0]['target']}", "score", OURS), (f"-q {of[0]['fixed']}", "fixed_score", PEERS)):
            drawing.text(left - 12, y + 4, f"{form} {label}", text_anchor="end")
            for at, row in enumerate(of):
                drawing.dot(x(row[key]), y - 6 + 12 * (at * 7 % 13) / 12, color, 2.5)
            y += 28
        y += 10
    drawing.text(left, bottom + 18, f"{len(rows) // len(forms)} pictures, measured {dates(rows)}", fill=GREY)
    drawing.height = bottom + 30
    drawing.print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("effort")
    one.add_argument("file")
    one.add_argument("--set")
    one.add_argument("--target", default="80")
    one.set_defaults(run=effort)
    one = commands.add_parser("bytes")
    one.add_argument("files", nargs="+")
    one.add_argument("--targets", default="70,80,85")
    one.set_defaults(run=bars)
    one = commands.add_parser("spread")
    one.add_argument("file")
    one.set_defaults(run=spread)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
