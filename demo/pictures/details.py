"""Close-ups of a pool's equipment, as found and as left."""

import math
from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from demo.pictures.canvas import (
    PHOTO,
    Color,
    clouds,
    curve,
    enlarged,
    gradient,
    leaf,
    mix,
    noise,
    paint,
    photograph,
    shrunk,
)
from demo.pictures.pool import LEAVES

LARGE = 2
WIDTH, HEIGHT = enlarged(PHOTO, LARGE)


def detail(name: str, dirty: bool, take: int) -> Image.Image:
    """Return a photo of `basket`, `water`, `cartridge` or `gauge`."""
    random = Random(f"{name} {take}")
    large = DETAILS[name](random, dirty)
    return photograph(shrunk(large, LARGE), random)


def surface(random: Random, color: Color) -> Image.Image:
    """Stone or plaster, lit from the upper left."""
    picture = gradient(
        (WIDTH, HEIGHT), ((0, mix(color, (255, 255, 255), 0.25)), (1, mix(color, (30, 26, 24), 0.2)))
    )
    paint(
        picture,
        mix(color, (70, 60, 50), 0.6),
        curve(clouds(random, (WIDTH // 4, HEIGHT // 4), 60).resize((WIDTH, HEIGHT)), 120, 240, 70),
    )
    paint(picture, mix(color, (40, 36, 30), 0.5), curve(noise(random, (WIDTH, HEIGHT), 6), 170, 255, 60))
    return picture


def shadow(picture: Image.Image, box: tuple[float, float, float, float], strength: int = 130) -> None:
    """Draw a soft oval shadow."""
    mask = Image.new("L", (WIDTH // 4, HEIGHT // 4))
    ImageDraw.Draw(mask).ellipse(tuple(value / 4 for value in box), fill=strength)
    paint(picture, (30, 24, 22), mask.filter(ImageFilter.GaussianBlur(9)).resize(picture.size))


def basket(random: Random, dirty: bool) -> Image.Image:
    """Return a skimmer basket from above."""
    picture = surface(random, (188, 176, 160))
    shadow(picture, (500, 240, 1640, 1440))
    draw = ImageDraw.Draw(picture)
    x, y, radius = WIDTH / 2, HEIGHT / 2, 560
    for inset, tone in (
        (0, (244, 244, 240)),
        (34, (206, 208, 206)),
        (52, (232, 234, 232)),
        (90, (150, 156, 158)),
    ):
        r = radius - inset
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tone)
    holes = radius - 110
    for row in range(-9, 10):
        for column in range(-9, 10):
            cx, cy = x + column * 50, y + row * 50
            if math.hypot(cx - x, cy - y) < holes:
                draw.rounded_rectangle((cx - 17, cy - 17, cx + 17, cy + 17), 7, fill=(62, 70, 72))
    if dirty:
        for _ in range(520):
            angle, reach = random.uniform(0, 2 * math.pi), 440 * random.random() ** 0.5
            at = x + math.cos(angle) * reach, y + math.sin(angle) * reach
            color = mix(random.choice(LEAVES), (40, 40, 24), random.uniform(0, 0.5))
            leaf(draw, random, (at[0] + 6, at[1] + 10), 92, (36, 34, 26))
            leaf(draw, random, at, random.uniform(60, 120), color)
    draw.arc((x - 470, y - 620, x + 470, y + 620), 200, 340, fill=(250, 250, 248), width=34)
    return picture


def water(random: Random, dirty: bool) -> Image.Image:
    """Return a test kit: two vials beside their scales."""
    picture = surface(random, (150, 190, 200))
    draw = ImageDraw.Draw(picture)
    shadow(picture, (420, 1180, 1700, 1460))
    draw.rounded_rectangle((440, 120, 1610, 1360), 60, fill=(238, 240, 242))
    draw.rounded_rectangle((470, 150, 1580, 1330), 44, fill=(252, 252, 252))
    chlorine = [mix((252, 250, 224), (240, 196, 30), step / 5) for step in range(6)]
    ph = [mix((244, 168, 60), (206, 30, 84), step / 5) for step in range(6)]
    scales = (("Cl", chlorine, 1 if dirty else 3, 560), ("pH", ph, 5 if dirty else 3, 1080))
    for label, scale, value, left in scales:
        draw.text((left + 30, 190), label, (60, 70, 78), ImageFont.load_default(86))
        for step, color in enumerate(scale):
            top = 1130 - step * 150
            draw.rounded_rectangle(
                (left + 240, top, left + 390, top + 116), 14, fill=color, outline=(190, 194, 196), width=4
            )
        draw.rounded_rectangle(
            (left, 320, left + 180, 1270), 70, fill=(226, 236, 240), outline=(176, 190, 198), width=8
        )
        liquid = scale[value]
        draw.rounded_rectangle((left + 16, 470, left + 164, 1254), 58, fill=liquid)
        draw.rounded_rectangle((left + 36, 500, left + 62, 1180), 13, fill=mix(liquid, (255, 255, 255), 0.55))
        draw.rounded_rectangle((left - 14, 290, left + 194, 400), 24, fill=(40, 92, 150))
        draw.line(
            (left + 184, 1188 - value * 150, left + 236, 1188 - value * 150), fill=(60, 70, 78), width=10
        )
    return picture


def cartridge(random: Random, dirty: bool) -> Image.Image:
    """Return a filter's pleats."""
    picture = surface(random, (172, 156, 140))
    shadow(picture, (300, 980, 1780, 1330))
    draw = ImageDraw.Draw(picture)
    clean, dark = (244, 246, 248), (150, 164, 178)
    if dirty:
        clean, dark = (176, 160, 122), (84, 74, 50)
    left, right, top, bottom = 330, 1720, 380, 1150
    for pleat in range(64):
        share = pleat / 63
        y = top + (bottom - top) * (1 - math.cos(share * math.pi)) / 2
        after = top + (bottom - top) * (1 - math.cos(min(1, share + 1 / 63) * math.pi)) / 2
        round_light = 0.35 + 0.65 * math.sin(math.pi * min(0.95, share * 0.8 + 0.2))
        draw.rectangle((left, y, right, after), fill=mix(dark, clean, round_light))
        draw.line((left, y, right, y), fill=mix(dark, (30, 30, 30), 0.25), width=5)
    if dirty:
        box = (left, top, right, bottom)
        spots = curve(clouds(random, (right - left, bottom - top), 130), 110, 220, 200)
        picture.paste(Image.new("RGB", spots.size, (88, 84, 44)), box[:2], spots)
    for x in (left - 46, (left + right) / 2 - 26, right - 40):
        wide = 52 if left < x < right - 60 else 92
        for row in range(top - 16, bottom + 16, 4):
            share = (row - top + 16) / (bottom - top + 32)
            tone = mix((20, 60, 110), (116, 170, 220), math.sin(math.pi * min(0.95, share * 0.8 + 0.15)))
            draw.rectangle((x, row, x + wide, row + 4), fill=tone)
    return picture


def gauge(random: Random, dirty: bool) -> Image.Image:
    """Return the pressure at the filter, in psi."""
    picture = surface(random, (120, 128, 134))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((WIDTH / 2 - 90, 1180, WIDTH / 2 + 90, HEIGHT), fill=(176, 148, 84))
    draw.rectangle((WIDTH / 2 - 50, 1180, WIDTH / 2 - 10, HEIGHT), fill=(226, 204, 140))
    shadow(picture, (470, 230, 1660, 1440), 150)
    x, y = WIDTH / 2, HEIGHT / 2
    for radius, tone in (
        (580, (60, 64, 68)),
        (550, (206, 210, 212)),
        (510, (120, 124, 128)),
        (496, (250, 250, 246)),
    ):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
    for value in range(61):
        angle = math.radians(225 - value * 4.5)
        length = 70 if value % 10 == 0 else 34
        near, far = 470 - length, 470
        draw.line(
            (
                x + math.cos(angle) * near,
                y - math.sin(angle) * near,
                x + math.cos(angle) * far,
                y - math.sin(angle) * far,
            ),
            fill=(30, 34, 38),
            width=11 if value % 10 == 0 else 5,
        )
        if value % 10 == 0:
            spot = x + math.cos(angle) * 330, y - math.sin(angle) * 330
            draw.text(spot, str(value), (30, 34, 38), ImageFont.load_default(76), anchor="mm")
    draw.arc(
        (x - 480, y - 480, x + 480, y + 480), -225 + 25 * 4.5, -225 + 60 * 4.5, fill=(206, 60, 48), width=26
    )
    draw.text((x, y + 230), "psi", (90, 94, 98), ImageFont.load_default(70), anchor="mm")
    reading = random.uniform(25, 29) if dirty else random.uniform(12, 15)
    angle = math.radians(225 - reading * 4.5)
    cos, sin = math.cos(angle), math.sin(angle)
    tip, back = (x + cos * 420, y - sin * 420), (x - cos * 90, y + sin * 90)
    draw.polygon(
        (tip, (back[0] + sin * 24, back[1] + cos * 24), (back[0] - sin * 24, back[1] - cos * 24)),
        fill=(190, 34, 30),
    )
    draw.ellipse((x - 44, y - 44, x + 44, y + 44), fill=(40, 44, 48))
    glare = Image.new("L", (WIDTH // 4, HEIGHT // 4))
    ImageDraw.Draw(glare).pieslice((150, 74, 362, 290), 190, 290, fill=54)
    paint(picture, (255, 255, 255), glare.filter(ImageFilter.GaussianBlur(8)).resize(picture.size))
    return picture


DETAILS: Mapping[str, Callable[[Random, bool], Image.Image]] = {
    "basket": basket,
    "water": water,
    "cartridge": cartridge,
    "gauge": gauge,
}
