#!/usr/bin/env python3
"""Prints the figures of `side.py` as Markdown.

    measure/table.py FILE [--set NAME] [--first ENCODER] [--targets 70,80] [--only WORD,WORD]
    measure/table.py --spread FILE

kB are sums over the pictures that every encoder brings to the target; their number stands in the head. Percentages are of the encoder
that --first names, else of the first row. CPU time is in nanoseconds a pixel, over the pictures that were timed.
"""
import argparse
import json


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def grouped(rows):
    """Encoder -> picture -> row, in the order of the file."""
    out = {}
    for row in rows:
        out.setdefault(row["encoder"], {})[row["picture"]] = row
    return out


def sums(rows, first=None):
    """For each target: the number of pictures, and encoder -> kB, share of the first encoder's bytes, Butteraugli's mean."""
    encoders = grouped(rows)
    first = first or next(iter(encoders))
    targets = list(dict.fromkeys(target for row in rows for target in row["at"]))
    out = {}
    for target in targets:
        reached = [{p for p, row in of.items() if row["at"].get(target, {}).get("reached")} for of in encoders.values()]
        common = set.intersection(*reached)
        figures = {}
        for name, of in encoders.items():
            points = [of[p]["at"][target] for p in common]
            norms = [point["butteraugli"] for point in points if "butteraugli" in point]
            figures[name] = (sum(point["bytes"] for point in points), sum(norms) / len(norms) if norms else None)
        whole = figures[first][0]
        out[target] = len(common), {name: (size / 1e3, size / whole if whole else 0, norm) for name, (size, norm) in figures.items()}
    return out


def speeds(rows):
    """Encoder -> nanoseconds a pixel."""
    out = {}
    for name, of in grouped(rows).items():
        timed = [row for row in of.values() if "cpu" in row]
        if timed:
            out[name] = sum(row["cpu"] for row in timed) * 1e9 / sum(row["size"][0] * row["size"][1] for row in timed)
    return out


def table(rows, options):
    totals, cpu = sums(rows, options.first), speeds(rows)
    targets = [target for target in totals if not options.targets or target in options.targets.split(",")]
    head = ["encoder", *(["ns per pixel"] if cpu else [])]
    for target in targets:
        what = "kB" if target == "lossless" else f"kB at {target}"
        head += [f"{what} ({totals[target][0]})", ""]
        if any(norm for _, _, norm in totals[target][1].values()):
            head.append("Butteraugli")
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for name, of in grouped(rows).items():
        cells = [next(iter(of.values()))["name"], *([f"{cpu[name]:,.1f}" if name in cpu and cpu[name] < 10 else f"{cpu.get(name, 0):,.0f}"] if cpu else [])]
        for target in targets:
            size, share, norm = totals[target][1][name]
            cells += [f"{size:,.1f}", f"{share:.1%}".replace("%", " %")]
            if norm:
                cells.append(f"{norm:.3f}")
        print("| " + " | ".join(cells) + " |")


def spread(rows):
    print("| format | pictures | | lowest | 5th percentile | median | 95th percentile | highest | between 79 and 83 |\n|" + " --- |" * 9)
    for form in dict.fromkeys(row["format"] for row in rows):
        of = [row for row in rows if row["format"] == form]
        for label, key in ((f"`--target {of[0]['target']}`", "score"), (f"`-q {of[0]['fixed']}`", "fixed_score")):
            scores = sorted(row[key] for row in of)
            at = lambda share: f"{scores[round(share * (len(scores) - 1))]:.1f}"
            near = sum(79 <= score <= 83 for score in scores) / len(scores)
            print(f"| {form} | {len(scores)} | {label} | {at(0)} | {at(.05)} | {at(.5)} | {at(.95)} | {at(1)} | {near:.0%} |".replace("%", " %"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--set")
    parser.add_argument("--first")
    parser.add_argument("--targets")
    parser.add_argument("--only", help="only these encoders")
    parser.add_argument("--spread", action="store_true")
    options = parser.parse_args()
    rows = lines(options.file)
    if options.spread:
        return spread(rows)
    for name in dict.fromkeys(row["set"] for row in rows if options.set in (None, row["set"])):
        of = [row for row in rows if row["set"] == name and (not options.only or row["encoder"] in options.only.split(","))]
        pictures = {row["picture"]: row["size"] for row in of}
        print(f"\n{name}: {len(pictures)} pictures, {sum(w * h for w, h in pictures.values()) / 1e6:.1f} megapixels\n")
        table(of, options)


if __name__ == "__main__":
    main()
