#!/usr/bin/env python3
"""Prints the figures of `side.py` as Markdown.

    measure/table.py FILE [--set NAME] [--first ENCODER] [--targets 70,80] [--only WORD,WORD]
    measure/table.py --spread FILE

kB are sums, and percentages are of the encoder that --first names, else of the first row. They count the pictures that both encoders bring
to the target; if those are not all, their number follows. CPU time is in nanoseconds a pixel, over the pictures that were timed.
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
    """For each target, encoder -> (pictures, kB, share of the first encoder's bytes, Butteraugli's mean), over the pictures that both reach."""
    encoders = grouped(rows)
    first = first or next(iter(encoders))
    targets = list(dict.fromkeys(target for row in rows for target in row["at"]))
    reached = lambda name, target: {p for p, row in encoders[name].items() if row["at"].get(target, {}).get("reached")}
    out = {}
    for target in targets:
        out[target] = {}
        for name, of in encoders.items():
            common = reached(name, target) & reached(first, target)
            points = [of[p]["at"][target] for p in common]
            norms = [point["butteraugli"] for point in points if "butteraugli" in point]
            size, whole = sum(point["bytes"] for point in points), sum(encoders[first][p]["at"][target]["bytes"] for p in common)
            out[target][name] = len(common), size / 1e3, size / whole if whole else None, sum(norms) / len(norms) if norms else None
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
    pictures = len({row["picture"] for row in rows})
    head = ["encoder", *(["ns per pixel"] if cpu else [])]
    for target in targets:
        head += ["kB" if target == "lossless" else f"kB at {target}", ""]
        if any(norm for *_, norm in totals[target].values()):
            head.append("Butteraugli")
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for name, of in grouped(rows).items():
        cells = [next(iter(of.values()))["name"]]
        if cpu:
            cells.append("" if name not in cpu else f"{cpu[name]:,.{1 if cpu[name] < 10 else 0}f}")
        for target in targets:
            count, size, share, norm = totals[target][name]
            share = "" if share is None else f"{share:.1%}".replace("%", " %")
            cells += [f"{size:,.1f}" + ("" if count == pictures else f" ({count})"), share]
            if any(other for *_, other in totals[target].values()):
                cells.append(f"{norm:.3f}" if norm else "")
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
