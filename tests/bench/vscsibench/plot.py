# SPDX-License-Identifier: GPL-2.0
"""A bar chart as SVG: groups of bars, a line at 1."""
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 900, 380
LEFT, RIGHT, TOP, BOTTOM = 50, 10, 50, 70
COLOURS = ("#2563ad", "#c9762b", "#5f9e4a", "#8a5fa8")
FONT = 'font-family="sans-serif" font-size="12"'


def nice_step(largest):
    for step in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10):
        if largest / step <= 8:
            return step
    return largest / 8


def _text(x, y, text, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {FONT}{extra}>{escape(text)}</text>'


def bars(title, groups, series, lines=()):
    """series: [(label, [a value or None for each group])]; lines: [(value, label)]"""
    values = [value for _, column in series for value in column if value is not None]
    largest = max([*values, *(value for value, _ in lines), 0.1]) * 1.08
    tall, wide = HEIGHT - TOP - BOTTOM, WIDTH - LEFT - RIGHT

    def level(value):
        return TOP + tall * (1 - value / largest)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           _text(LEFT, 20, title, "start", ' font-weight="bold"')]
    step, tick = nice_step(largest), 0
    while tick * step <= largest:
        at = level(tick * step)
        out.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#dddddd"/>')
        out.append(_text(LEFT - 6, at + 4, f"{tick * step:g}", "end"))
        tick += 1
    group_width = wide / max(1, len(groups))
    bar_width = group_width * 0.8 / max(1, len(series))
    for index, group in enumerate(groups):
        begin = LEFT + index * group_width + group_width * 0.1
        for number, (_, column) in enumerate(series):
            value = column[index]
            if value is None:
                continue
            x, y = begin + number * bar_width, level(value)
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar_width - 2:.1f}" '
                       f'height="{TOP + tall - y:.1f}" fill="{COLOURS[number % len(COLOURS)]}"/>')
            out.append(_text(x + bar_width / 2 - 1, y - 3, f"{value:.2f}", extra=' style="font-size:10px"'))
        out.append(_text(begin + group_width * 0.4, HEIGHT - BOTTOM + 18, group))
    for value, label in lines:
        at = level(value)
        out.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#444444" '
                   'stroke-dasharray="5 4"/>')
        out.append(_text(WIDTH - RIGHT, at - 4, label, "end"))
    at = LEFT
    for number, (label, _) in enumerate(series):
        out.append(f'<rect x="{at}" y="{HEIGHT - 30}" width="12" height="12" fill="{COLOURS[number % len(COLOURS)]}"/>')
        out.append(_text(at + 18, HEIGHT - 20, label, "start"))
        at += 40 + 7 * len(label)
    return "\n".join([*out, "</svg>", ""])
