"""Swimming pools of Phoenix, as found and as left."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from demo.pictures import desert
from demo.pictures.canvas import (
    PHOTO,
    Color,
    Point,
    clouds,
    curve,
    gradient,
    lay,
    leaf,
    mix,
    noise,
    paint,
    photograph,
    ripples,
)

FLOOR = (1400, 1400)
"""The plan of the ground: the nearest at the bottom."""
HORIZON = 262
CORNERS: Sequence[Point] = ((130, HORIZON), (894, HORIZON), (1560, 800), (-536, 800))

LEAVES: Sequence[Color] = (
    (116, 82, 40), (146, 104, 52), (92, 98, 44), (160, 128, 60), (84, 62, 34), (122, 122, 58),
)  # fmt: skip

Part = tuple[Literal["box", "oval"], tuple[int, int, int, int]]


class PoolLook(NamedTuple):
    """One pool and its yard."""

    shape: Sequence[Part]
    """On the plan."""
    water: Color
    deck: Color
    tile: Color
    yard: desert.Yard


LOOKS: Sequence[PoolLook] = (
    PoolLook(
        (("oval", (250, 330, 900, 960)), ("oval", (560, 480, 1190, 1130))),
        (38, 166, 196), (205, 190, 168), (28, 84, 130), desert.Yard((222, 202, 176), 3, True, False),
    ),
    PoolLook(
        (("box", (280, 330, 1120, 1080)),),
        (52, 176, 190), (178, 172, 166), (46, 110, 112), desert.Yard((196, 176, 160), 11, False, True),
    ),
    PoolLook(
        (("box", (230, 420, 1170, 820)), ("oval", (420, 640, 980, 1120))),
        (30, 148, 190), (214, 180, 150), (122, 74, 56), desert.Yard((230, 214, 190), 17, True, True),
    ),
    PoolLook(
        (("oval", (270, 350, 1130, 1110)),),
        (66, 186, 200), (196, 188, 178), (30, 60, 104), desert.Yard((206, 170, 140), 23, False, False),
    ),
    PoolLook(
        (("box", (420, 320, 980, 1160)),),
        (26, 132, 170), (168, 158, 150), (54, 60, 70), desert.Yard((214, 206, 198), 31, True, False),
    ),
)  # fmt: skip


def pool(look: int, dirty: bool, take: int) -> Image.Image:
    """Return a photo of a pool; of one take, both stages (`dirty` and not) are seen from the same spot."""
    random = Random(f"pool {look} {take}")
    chosen = LOOKS[look]
    floor, basin = plan(chosen, dirty, random)
    picture = desert.background(chosen.yard, HORIZON, PHOTO)
    ground = lay(floor, CORNERS)
    water = lay(basin, CORNERS).filter(ImageFilter.GaussianBlur(1))
    seen = lay(Image.new("L", FLOOR, 255), CORNERS)
    mirror = ImageOps.flip(picture.crop((0, 0, PHOTO[0], HORIZON))).resize((PHOTO[0], 520))
    picture.paste(ground, (0, 0), seen)
    shine(picture, mirror, water, 0.45 if dirty else 0.6)
    desert.foreground(picture, chosen.yard, HORIZON)
    return photograph(picture, random)


def plan(look: PoolLook, dirty: bool, random: Random) -> tuple[Image.Image, Image.Image]:
    """Return the ground from above, and where it is water."""
    ground = deck(look.deck, random)
    basin = shape(look.shape, 0)
    shadow = curve(shape(look.shape, 46).filter(ImageFilter.GaussianBlur(14)), 0, 255, 100)
    paint(ground, (60, 52, 46), shadow)
    paint(ground, mix(look.deck, (255, 250, 240), 0.55), shape(look.shape, 34))
    paint(ground, mix(look.deck, (90, 80, 70), 0.5), shape(look.shape, 4))
    ground.paste(water(look, dirty, random), (0, 0), basin)
    # One sees the inner wall on the far side only, where the tiles are.
    wall = ImageChops.subtract(basin, ImageChops.offset(basin, 0, 44))
    paint(ground, look.tile, wall)
    paint(ground, mix(look.tile, (255, 255, 255), 0.5), ImageChops.multiply(wall, joints(34)))
    waterline = ImageChops.subtract(ImageChops.offset(basin, 0, 42), ImageChops.offset(basin, 0, 47))
    paint(ground, (235, 240, 240), curve(waterline, 0, 255, 128))
    if dirty:
        litter(ground, basin, random)
    return ground, basin


def shape(parts: Sequence[Part], grown: int) -> Image.Image:
    """Return a pool's outline as a mask; where its parts meet, corners are rounded."""
    small = Image.new("L", (FLOOR[0] // 2, FLOOR[1] // 2))
    draw = ImageDraw.Draw(small)
    for kind, box in parts:
        left, top, right, bottom = (value / 2 for value in box)
        grow = grown / 2
        grown_box = (left - grow, top - grow, right + grow, bottom + grow)
        if kind == "oval":
            draw.ellipse(grown_box, fill=255)
        else:
            draw.rounded_rectangle(grown_box, 34 + grow, fill=255)
    return curve(small.filter(ImageFilter.GaussianBlur(16)).resize(FLOOR), 120, 136)


def joints(pitch: int) -> Image.Image:
    """Thin lines of a grid."""
    grid = Image.new("L", FLOOR)
    draw = ImageDraw.Draw(grid)
    for at in range(0, FLOOR[0], pitch):
        draw.line((at, 0, at, FLOOR[1]), 255, 3)
        draw.line((0, at, FLOOR[0], at), 255, 3)
    return grid


def deck(color: Color, random: Random) -> Image.Image:
    """Stone slabs, no two of quite the same colour."""
    ground = Image.new("RGB", FLOOR, color)
    draw = ImageDraw.Draw(ground)
    for row, y in enumerate(range(0, FLOOR[1], 100)):
        for x in range(-150 * (row % 2) // 2, FLOOR[0], 150):
            shade = mix(color, (120, 105, 90), random.uniform(0, 0.22))
            draw.rectangle((x, y, x + 146, y + 96), fill=shade)
    stains = curve(clouds(random, FLOOR, 160), 120, 230, 60)
    paint(ground, (110, 96, 80), stains)
    return ground


def water(look: PoolLook, dirty: bool, random: Random) -> Image.Image:
    """Return all of the plan as if it were pool."""
    deep, shallow = mix(look.water, (8, 60, 100), 0.45), mix(look.water, (214, 244, 240), 0.45)
    # Drawn at half the size: nothing in it is sharp.
    size = FLOOR[0] // 2, FLOOR[1] // 2
    surface = gradient(size, ((0.2, deep), (0.5, look.water), (0.85, shallow)))
    steps = ImageDraw.Draw(surface)
    for step in range(3):
        y = 492 + 21 * step
        steps.rectangle((0, y, size[0], y + 3), fill=mix(shallow, deep, 0.35))
    net = curve(ripples(random, size, 22), 0, 255, 56 if dirty else 158)
    paint(surface, mix(shallow, (255, 255, 255), 0.6), net)
    paint(surface, deep, curve(noise(random, size, 45), 110, 240, 90))
    if dirty:
        paint(surface, (96, 138, 92), curve(clouds(random, size, 120), 10, 190, 210))
        paint(surface, (120, 108, 70), curve(clouds(random, size, 60), 150, 235, 150))
    return surface.resize(FLOOR, Image.Resampling.BILINEAR)


def litter(ground: Image.Image, basin: Image.Image, random: Random) -> None:
    """Leave: many on the water, where the wind drives them together, some beside it."""
    draw = ImageDraw.Draw(ground)
    drift = (random.uniform(400, 1000), random.uniform(450, 950))
    for number in range(420):
        x, y = random.uniform(60, 1340), random.uniform(250, 1390)
        if number % 3 == 0:
            x, y = random.gauss(drift[0], 130), random.gauss(drift[1], 90)
        at = min(max(x, 0), FLOOR[0] - 1), min(max(y, 0), FLOOR[1] - 1)
        inside = basin.getpixel((int(at[0]), int(at[1])))
        if not inside and number % 5:
            continue
        length, color = random.uniform(13, 30), random.choice(LEAVES)
        leaf(draw, random, (at[0] + 5, at[1] + 9), length, (52, 84, 76) if inside else (104, 92, 78))
        leaf(draw, random, at, length, mix(color, (240, 220, 150), random.uniform(0, 0.25)))


def shine(picture: Image.Image, mirror: Image.Image, water_mask: Image.Image, strength: float) -> None:
    """Draw the yard and the sky in the water, more of it farther away."""
    height = mirror.size[1]
    hazy = Image.blend(mirror, Image.new("RGB", mirror.size, (150, 200, 226)), 0.35)
    reflected = Image.new("RGB", PHOTO)
    reflected.paste(hazy.filter(ImageFilter.GaussianBlur(7)), (0, HORIZON))
    fade = ImageOps.invert(Image.linear_gradient("L")).resize((PHOTO[0], height))
    mask = Image.new("L", PHOTO)
    mask.paste(curve(fade, 0, 255, round(140 * strength)), (0, HORIZON))
    picture.paste(reflected, (0, 0), ImageChops.multiply(mask, water_mask))
