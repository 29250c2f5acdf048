"""Gardens of Valencia, as found and as left."""

import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from demo.pictures.canvas import (
    PHOTO,
    Color,
    Point,
    clouds,
    curve,
    enlarged,
    lay,
    leaf,
    mix,
    noise,
    paint,
    photograph,
    shrunk,
)
from demo.pictures.desert import bush, sky

FLOOR = (1400, 1400)
HORIZON = 300
CORNERS: Sequence[Point] = ((60, HORIZON), (964, HORIZON), (1700, 800), (-676, 800))
LARGE = 2

LEAVES: Sequence[Color] = ((172, 122, 48), (198, 160, 70), (134, 84, 40), (150, 140, 60))


class GardenLook(NamedTuple):
    """One garden."""

    grass: Color
    wall: Color
    seed: int
    path: bool
    house: bool


LOOKS: Sequence[GardenLook] = (
    GardenLook((88, 148, 58), (236, 230, 216), 5, True, True),
    GardenLook((104, 158, 66), (224, 204, 172), 9, False, False),
    GardenLook((78, 138, 62), (240, 236, 228), 14, True, False),
)


def garden(look: int, wild: bool, take: int) -> Image.Image:
    """Return a photo of a garden; of one take, both stages (`wild` and not) are seen from the same spot."""
    random = Random(f"garden {look} {take}")
    chosen = LOOKS[look]
    picture = background(chosen)
    ground = lay(lawn(chosen, wild, random), CORNERS)
    picture.paste(ground, (0, 0), lay(Image.new("L", FLOOR, 255), CORNERS))
    hedge(picture, chosen, wild)
    return photograph(picture, random)


def lawn(look: GardenLook, wild: bool, random: Random) -> Image.Image:
    """Return the ground from above: stripes where it is mown, else tufts, bare patches, daisies and leaves."""
    ground = Image.new("RGB", FLOOR, look.grass)
    draw = ImageDraw.Draw(ground)
    if not wild:
        for number, left in enumerate(range(0, FLOOR[0], 110)):
            tone = mix(look.grass, (206, 232, 130) if number % 2 else (24, 74, 34), 0.2)
            draw.rectangle((left, 0, left + 110, FLOOR[1]), fill=tone)
    blades = noise(random, FLOOR, 4)
    paint(ground, mix(look.grass, (18, 56, 26), 0.6), curve(blades, 120, 250, 150))
    paint(ground, mix(look.grass, (224, 236, 140), 0.5), curve(noise(random, FLOOR, 5), 150, 255, 120))
    if wild:
        paint(ground, (42, 92, 40), curve(clouds(random, FLOOR, 70), 120, 200, 190))
        paint(ground, (178, 160, 92), curve(clouds(random, FLOOR, 190), 150, 225, 200))
        for _ in range(260):
            x, y = random.uniform(0, FLOOR[0]), random.uniform(0, FLOOR[1])
            draw.ellipse((x, y, x + 9, y + 9), fill=random.choice(((250, 248, 240), (244, 210, 60))))
        for _ in range(420):
            at = random.uniform(0, FLOOR[0]), random.uniform(0, FLOOR[1])
            leaf(draw, random, (at[0] + 3, at[1] + 5), 26, (40, 70, 34))
            leaf(draw, random, at, random.uniform(16, 30), random.choice(LEAVES))
    if look.path:
        stones(ground, random, wild)
    return ground


def stones(ground: Image.Image, random: Random, wild: bool) -> None:
    """Draw a path of flat stones, overgrown where nobody trimmed its edges."""
    draw = ImageDraw.Draw(ground)
    for row in range(9):
        y = 60.0 + 150 * row
        x = 900 + 120 * math.sin(y / 260)
        rough = random.uniform(-12, 12)
        grown = 34 if wild else 0
        draw.rounded_rectangle((x - 4, y + 8, x + 224, y + 122), 34, fill=(44, 74, 40))
        tone = mix((206, 196, 180), (150, 140, 128), random.random() * 0.5)
        draw.rounded_rectangle(
            (x + grown, y + grown / 2 + rough, x + 214, y + 110 - grown / 2 + rough), 30, fill=tone
        )


def background(look: GardenLook) -> Image.Image:
    """Sky, a house or hills, a white wall, orange trees and cypresses."""
    random = Random(look.seed)
    large = enlarged(PHOTO, LARGE)
    picture = sky(random, PHOTO).resize(large)
    draw = ImageDraw.Draw(picture)
    foot = HORIZON * LARGE
    for _ in range(16):
        bush(draw, random, random.uniform(0, large[0]), foot - 130, random.uniform(60, 120), (92, 122, 84))
    for _ in range(4):
        cypress(draw, random, random.uniform(0.03, 0.97) * large[0], foot - 90, random.uniform(230, 330))
    if look.house:
        house(draw, random.choice((0.08, 0.62)) * large[0], foot - 70)
    draw.rectangle((0, foot - 130, large[0], large[1]), fill=look.wall)
    rough = curve(noise(random, (large[0], 130), 6), 100, 255, 40)
    picture.paste(Image.new("RGB", rough.size, mix(look.wall, (110, 90, 70), 0.5)), (0, foot - 130), rough)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, foot - 142, large[0], foot - 126), fill=(188, 112, 78))
    draw.rectangle((0, foot - 26, large[0], large[1]), fill=(92, 74, 56))
    for x in (random.uniform(0.1, 0.35), random.uniform(0.45, 0.6), random.uniform(0.7, 0.92)):
        orange_tree(draw, random, x * large[0], foot + 14, random.uniform(150, 190))
    return shrunk(picture, LARGE)


def cypress(draw: ImageDraw.ImageDraw, random: Random, x: float, foot: float, height: float) -> None:
    """Slim and dark."""
    for number in range(120):
        share = number / 120
        half = height * 0.11 * math.sin(math.pi * min(0.98, share + 0.12)) ** 0.7
        cx, radius = x + random.uniform(-half, half) * 0.7, height * 0.03
        cy = foot - height * share
        tone = mix((30, 58, 40), (78, 106, 66), random.random() * (0.4 + (cx > x) * 0.5))
        draw.ellipse((cx - radius, cy - radius * 2, cx + radius, cy + radius * 2), fill=tone)


def house(draw: ImageDraw.ImageDraw, x: float, foot: float) -> None:
    """White, under a roof of tiles."""
    draw.rectangle((x, foot - 250, x + 520, foot), fill=(244, 238, 226))
    draw.polygon(
        ((x - 36, foot - 246), (x + 80, foot - 350), (x + 440, foot - 350), (x + 556, foot - 246)),
        fill=(184, 98, 66),
    )
    for row in range(0, 100, 16):
        draw.line(
            (x - 30 + row * 1.1, foot - 250 - row, x + 550 - row * 1.1, foot - 250 - row),
            fill=(158, 80, 54),
            width=4,
        )
    for window in (70, 230, 390):
        draw.rectangle((x + window, foot - 200, x + window + 66, foot - 96), fill=(70, 100, 116))
        for shutter in (-26, 66):
            draw.rectangle(
                (x + window + shutter, foot - 204, x + window + shutter + 26, foot - 92), fill=(62, 110, 92)
            )


def orange_tree(draw: ImageDraw.ImageDraw, random: Random, x: float, foot: float, width: float) -> None:
    """Draw a round crown with oranges in it."""
    draw.rectangle((x - 9, foot - width * 0.8, x + 9, foot), fill=(106, 82, 60))
    bush(draw, random, x, foot - width * 0.5, width, (58, 110, 52))
    for _ in range(22):
        angle, reach = random.uniform(0, 2 * math.pi), random.uniform(0, 0.6)
        cx = x + math.cos(angle) * reach * width
        cy = foot - width * 1.05 + math.sin(angle) * reach * width * 0.8
        draw.ellipse((cx - 8, cy - 8, cx + 8, cy + 8), fill=(238, 140, 34))
        draw.ellipse((cx - 5, cy - 6, cx, cy - 1), fill=(250, 184, 92))


def hedge(picture: Image.Image, look: GardenLook, wild: bool) -> None:
    """Along one side: cut straight, or grown over."""
    random = Random(look.seed + 1)
    large = Image.new("RGBA", enlarged((260, 420), LARGE))
    draw = ImageDraw.Draw(large)
    for number in range(900):
        share = number / 900
        y = 90 + 720 * share
        reach = 40 + 400 * share
        bulge = random.uniform(-70, 60) if wild else random.uniform(-6, 6)
        x, radius = random.uniform(-20, reach + bulge), random.uniform(12, 26)
        height = (random.uniform(0, 260) + (random.uniform(0, 90) if wild else 0)) * (0.35 + share)
        tone = mix((28, 70, 34), (112, 158, 70), min(1.0, height / 260) * random.uniform(0.5, 1))
        draw.ellipse((x - radius, y - height - radius, x + radius, y - height + radius), fill=tone)
    layer = shrunk(large, LARGE).filter(ImageFilter.GaussianBlur(0.5))
    if look.path:
        picture.paste(layer, (0, HORIZON - 40), layer)
    else:
        flipped = layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        picture.paste(flipped, (PHOTO[0] - 260, HORIZON - 40), flipped)
