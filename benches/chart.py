#!/usr/bin/env python3
"""Draws the figures of `compare.py --json FILE` as a bar chart.

    benches/chart.py FILE > docs/speed.svg

A group of bars for each set and size: CPU seconds of each program, net of starting it, as multiples of those of thumbs. Bars
longer than 8 are cut, with the number beside them.
"""
import html
import json
import sys

NAMES = {"base": "baseline JPEG", "prog": "progressive JPEG", "small": "JPEG of 640x480", "png": "PNG", "webp": "WebP"}
COLORS = {"thumbs": "#d9480f", "pyvips": "#74a9cf", "sharp": "#74c476", "pillow": "#9e9ac8", "vipsthumbnail": "#3690c0"}
LONGEST, WIDTH, LEFT, BAR, GAP = 8.0, 760, 190, 15, 12


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    groups = {}
    with open(sys.argv[1]) as file:
        for line in file:
            row = json.loads(line)
            groups.setdefault((row["set"], row["size"]), []).append(row)
    scale = (WIDTH - LEFT - 130) / LONGEST
    parts, y = [], 34
    for (name, size), rows in groups.items():
        files = rows[0]["files"]
        parts.append(f'<text x="{LEFT - 12}" y="{y + 12}" text-anchor="end" class="set">{NAMES.get(name, name)}</text>')
        parts.append(f'<text x="{LEFT - 12}" y="{y + 27}" text-anchor="end" class="note">{files:,} files to {size} px</text>')
        for row in rows:
            ratio = 1.0 if row["program"] == "thumbs" else row["cpu_ratio_net"]
            length = min(ratio, LONGEST) * scale
            color = COLORS.get(row["program"], "#999")
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{color}"/>')
            if ratio > LONGEST:
                x = LEFT + length - 14
                parts.append(f'<path d="M{x} {y + BAR} l5 -{BAR + 2} h4 l-5 {BAR + 2} z" fill="#fff"/>')
            label = f'{row["program"]} {ratio:.1f}, {row["peak_mb"]} MB' if ratio != 1 else f'thumbs, {row["peak_mb"]} MB'
            parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 11}">{html.escape(label)}</text>')
            y += BAR
        y += GAP
    dates = sorted({row["date"] for rows in groups.values() for row in rows})
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 14}" width="{WIDTH}" height="{y + 14}" '
          'font-family="system-ui, sans-serif" font-size="12" fill="#222">')
    print('<style>.set{font-weight:600}.note{fill:#666;font-size:11px}</style>')
    print(f'<rect width="{WIDTH}" height="{y + 14}" fill="#fff"/>')
    print(f'<text x="{LEFT}" y="20" class="set">CPU time, as a multiple of thumbs (shorter is better), and peak memory</text>')
    print("\n".join(parts))
    print(f'<text x="{LEFT}" y="{y + 6}" class="note">measured {" to ".join(dict.fromkeys((dates[0], dates[-1])))}, two cores</text>')
    print("</svg>")


if __name__ == "__main__":
    main()
