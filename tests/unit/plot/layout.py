"""What is wrong with how a figure looks: a check of any figure, by the extents of its renderer."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.legend import Legend
from matplotlib.path import Path
from matplotlib.text import Text

SMALLEST = 7.0
CONTRAST = 4.5
SLACK = 1.0
"""Pixels by which boxes may touch."""
READ = 0.9
"""Part of the ground of a text from which it must stand out."""


def flaws(fig, dpi=100):
    """Sentences about text that is off the canvas, covered, too small or too pale."""
    fig.set_dpi(dpi)
    canvas = FigureCanvasAgg(fig)
    fig.draw_without_rendering()
    renderer = canvas.get_renderer()
    legends = fig.findobj(lambda artist: isinstance(artist, Legend) and artist.get_visible())
    inside = {id(text) for legend in legends for text in legend.get_texts()}
    texts = [text for text in _drawn(fig) if id(text) not in inside]
    boxes = [
        (_short(text), Text.get_window_extent(text, renderer), text.get_rotation())
        for text in texts
    ]
    boxes += [("legend", legend.get_window_extent(renderer), 0.0) for legend in legends]
    found = [*_outside(fig, boxes), *_covered(boxes), *_small([*texts, *_of(legends)])]
    return [*found, *_pale(fig, [*texts, *_of(legends)], renderer)]


def _of(legends):
    return [text for legend in legends for text in legend.get_texts()]


def _drawn(fig):
    """Texts that can be seen: visible with all they stand in, and tick labels within the axes."""
    hidden = set()
    for ax in fig.axes:
        if not ax.get_visible():
            hidden |= {id(text) for text in ax.findobj(Text)}
            continue
        for axis in (ax.xaxis, ax.yaxis):
            shown = {id(tick) for tick in axis._update_ticks()}
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                for label in (tick.label1, tick.label2):
                    if id(tick) not in shown or not label.get_visible():
                        hidden.add(id(label))
    return [
        text
        for text in fig.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def _outside(fig, boxes):
    width, height = fig.canvas.get_width_height()
    for name, box, _ in boxes:
        if box.x0 < -SLACK or box.y0 < -SLACK or box.x1 > width + SLACK or box.y1 > height + SLACK:
            yield f"off the canvas: {name}"


def _covered(boxes):
    ends = np.array([box.extents for _, box, _ in boxes]).reshape(-1, 4)
    low, high = ends[:, :2], ends[:, 2:]
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    near = np.triu((shared > SLACK).all(axis=-1), 1)
    for i, j in zip(*np.nonzero(near), strict=True):
        (one, a, turned), (other, b, also) = boxes[i], boxes[j]
        if _shape(a, turned).intersects_path(_shape(b, also)):
            yield f"one over the other: {one} / {other}"


def _shape(box, degrees):
    """The outline of a text that is turned, from the upright box around it."""
    angle = np.deg2rad(degrees % 180.0)
    c, s = abs(np.cos(angle)), abs(np.sin(angle))
    wide, high = np.linalg.solve([[c, s], [s, c]], [box.width, box.height])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (np.array([wide, high]) / 2 - SLACK)
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    middle = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]
    return Path(corners @ turn + middle, closed=False)


def _small(texts):
    for text in texts:
        if text.get_fontsize() < SMALLEST:
            yield f"{text.get_fontsize():.1f} points: {_short(text)}"


def _pale(fig, texts, renderer):
    """Text whose colour does not stand out from nearly all pixels under it."""
    places = [Text.get_window_extent(text, renderer) for text in texts]
    opaque = [text.get_alpha() for text in texts]
    for text in texts:
        text.set_alpha(0.0)
    fig.set_layout_engine("none")  # all stays where it is
    fig.canvas.draw()
    ground = np.asarray(fig.canvas.buffer_rgba())[..., :3] / 255.0
    for text, alpha in zip(texts, opaque, strict=True):
        text.set_alpha(alpha)
    height = ground.shape[0]
    for text, box in zip(texts, places, strict=True):
        rows = slice(max(0, int(height - box.y1)), max(1, int(np.ceil(height - box.y0))))
        under = ground[rows, max(0, int(box.x0)) : max(1, int(np.ceil(box.x1)))].reshape(-1, 3)
        if not under.size:
            continue
        ink = _luminance(np.array(_rgb(text.get_color()))[None])[0]
        light = _luminance(under)
        ratio = (np.maximum(light, ink) + 0.05) / (np.minimum(light, ink) + 0.05)
        if np.quantile(ratio, 1.0 - READ) < CONTRAST:
            yield f"contrast {np.quantile(ratio, 1.0 - READ):.1f}: {_short(text)}"


def _rgb(colour):
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _luminance(rgb):
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def _short(text):
    return repr(text.get_text()[:40])
