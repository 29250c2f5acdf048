"""Back yards of Phoenix: sky, mountains, a wall, palms and cacti, a parasol."""

import math
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from demo.pictures.canvas import Color, Size, clouds, curve, enlarged, gradient, mix, noise, paint, shrunk

LARGE = 2


class Yard(NamedTuple):
    """What stands around a pool."""

    wall: Color
    seed: int
    palm: bool
    parasol: bool


def background(yard: Yard, horizon: int, size: Size) -> Image.Image:
    """Everything behind the pool; below the horizon it is not finished."""
    random = Random(yard.seed)
    large = enlarged(size, LARGE)
    picture = sky(random, size).resize(large)
    draw = ImageDraw.Draw(picture)
    foot = horizon * LARGE
    ridge(draw, random, foot - 150, 130, (148, 128, 138), large)
    ridge(draw, random, foot - 110, 90, (122, 98, 96), large)
    for _ in range(9):
        bush(draw, random, random.uniform(0, large[0]), foot - 96, random.uniform(50, 120), (74, 96, 62))
    if yard.palm:
        palm(draw, random, large[0] * random.choice((0.16, 0.83)), foot - 60, random.uniform(330, 420))
    wall(picture, yard, random, foot)
    draw = ImageDraw.Draw(picture)
    for _ in range(3):
        saguaro(draw, random, random.uniform(0.05, 0.95) * large[0], foot + 6, random.uniform(110, 190))
    for _ in range(14):
        agave(draw, random, random.uniform(0, large[0]), foot + 8, random.uniform(34, 64))
    return shrunk(picture, LARGE)


def sky(random: Random, size: Size) -> Image.Image:
    """Blue, paler below, with a few thin clouds."""
    blue = mix((58, 128, 205), (96, 158, 214), random.random())
    picture = gradient(size, ((0.0, blue), (0.34, (206, 226, 238)), (1.0, (230, 232, 226))))
    veil = clouds(random, (size[0] // 3, size[1]), 40).resize(size)
    paint(picture, (250, 250, 250), curve(veil, 138, 225, 190).filter(ImageFilter.GaussianBlur(5)))
    return picture


def ridge(
    draw: ImageDraw.ImageDraw, random: Random, base: float, height: float, color: Color, size: Size
) -> None:
    """Draw a mountain's outline."""
    waves = [(random.uniform(0.002, 0.012), random.uniform(0, 6), random.uniform(0.2, 1)) for _ in range(6)]
    total = sum(weight for _, _, weight in waves)
    tops = []
    for x in range(0, size[0] + 8, 8):
        lift = sum(abs(math.sin(x * speed + phase)) * weight for speed, phase, weight in waves) / total
        tops.append((x, base - height * lift * 1.3 + random.uniform(-3, 3) + 60))
    draw.polygon([*tops, (size[0], size[1]), (0, size[1])], fill=color)


def wall(picture: Image.Image, yard: Yard, random: Random, foot: int) -> None:
    """Plastered blocks under a cap of stone, gravel before it."""
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    top = foot - 120
    draw.rectangle((0, top, width, foot), fill=yard.wall)
    rough = noise(random, (width, 120), 5)
    shade = Image.new("RGB", (width, 120), mix(yard.wall, (90, 70, 60), 0.5))
    picture.paste(shade, (0, top), curve(rough, 90, 255, 70))
    draw.rectangle((0, top - 12, width, top + 4), fill=mix(yard.wall, (255, 255, 255), 0.35))
    draw.rectangle((0, top + 4, width, top + 14), fill=mix(yard.wall, (50, 40, 40), 0.35))
    draw.rectangle((0, foot - 16, width, height), fill=(190, 168, 142))


def bush(
    draw: ImageDraw.ImageDraw, random: Random, x: float, foot: float, width: float, color: Color
) -> None:
    """Draw a round crown made of many small ones, lit from above."""
    for number in range(70):
        share = number / 70
        radius = random.uniform(0.1, 0.2) * width
        angle, reach = random.uniform(0, 2 * math.pi), random.uniform(0, 1) ** 0.5
        cx = x + math.cos(angle) * reach * width * 0.7
        cy = foot - width * 0.5 + math.sin(angle) * reach * width * 0.5 - share * width * 0.15
        tone = mix(mix(color, (20, 34, 22), 0.5), mix(color, (220, 220, 150), 0.3), share)
        draw.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=tone)


def palm(draw: ImageDraw.ImageDraw, random: Random, x: float, foot: float, height: float) -> None:
    """Draw a fan palm."""
    lean = random.uniform(-30, 30)
    for step in range(60):
        share = step / 60
        cx, cy, half = x + lean * share**2, foot - height * share, 13 - 4 * share
        draw.rectangle((cx - half, cy - 8, cx + half, cy), fill=mix((104, 84, 66), (140, 118, 92), step % 2))
    top = (x + lean, foot - height)
    for number in range(26):
        angle = math.pi * (number / 25 * 1.5 - 0.25) + random.uniform(-0.08, 0.08)
        reach = random.uniform(95, 130)
        color = mix((44, 78, 40), (120, 142, 70), random.random())
        points = [top]
        for step in range(1, 9):
            share = step / 8
            points.append(
                (
                    top[0] + math.cos(angle) * reach * share,
                    top[1] - math.sin(angle) * reach * share * 0.8 + 62 * share**2,
                )
            )
        draw.line(points, fill=color, width=7, joint="curve")
        for px, py in points[2:]:
            for side in (-1, 1):
                tip = (px + side * 13, py + random.uniform(8, 24))
                draw.line(((px, py), tip), fill=mix(color, (30, 50, 26), 0.3), width=4)


def saguaro(draw: ImageDraw.ImageDraw, random: Random, x: float, foot: float, height: float) -> None:
    """Draw a cactus with two arms."""
    dark, light = (62, 92, 62), (112, 140, 92)

    def column(cx: float, low: float, high: float, half: float) -> None:
        draw.rounded_rectangle((cx - half, high, cx + half, low), half, fill=dark)
        draw.rounded_rectangle((cx - half * 0.6, high + 6, cx - half * 0.1, low), half * 0.2, fill=light)
        draw.line((cx + half * 0.4, high + 10, cx + half * 0.4, low), fill=mix(dark, light, 0.4), width=3)

    half = height * 0.085
    column(x, foot, foot - height, half)
    for side in (-1, 1):
        joint = foot - height * random.uniform(0.35, 0.6)
        arm = x + side * height * 0.2
        draw.rounded_rectangle(
            (min(x, arm), joint - half * 0.7, max(x, arm), joint + half * 0.7), half * 0.6, fill=dark
        )
        column(arm, joint + half * 0.6, joint - height * random.uniform(0.18, 0.32), half * 0.72)


def agave(draw: ImageDraw.ImageDraw, random: Random, x: float, foot: float, height: float) -> None:
    """Draw a rosette of pointed leaves."""
    color = random.choice(((98, 128, 112), (120, 142, 98), (84, 112, 84)))
    for number in range(11):
        angle = math.pi * (0.08 + 0.84 * number / 10)
        tip = (x + math.cos(angle) * height, foot - math.sin(angle) * height)
        base = height * 0.12
        shade = mix(color, (26, 44, 36), random.uniform(0, 0.4))
        draw.polygon(((x - base, foot), tip, (x + base, foot)), fill=shade)


def foreground(picture: Image.Image, yard: Yard, horizon: int) -> None:
    """Draw a parasol with its shadow between the pool and the viewer."""
    if not yard.parasol:
        return
    random = Random(yard.seed)
    x, foot = random.choice((64, 968)), horizon + 150
    layer = Image.new("L", picture.size)
    ImageDraw.Draw(layer).ellipse((x - 150, foot - 16, x + 110, foot + 26), fill=110)
    paint(picture, (50, 44, 44), layer.filter(ImageFilter.GaussianBlur(6)))
    box = (x - 170, foot - 330, x + 170, foot + 10)
    large = picture.crop(box).resize(enlarged((340, 340), 3))
    draw = ImageDraw.Draw(large)
    draw.rectangle((504, 200, 516, 990), fill=(232, 226, 214))
    cloth = random.choice(((214, 92, 62), (38, 110, 128), (230, 190, 96)))
    for panel in range(8):
        left, right = 30 + panel * 120, 30 + (panel + 1) * 120
        shade = mix(cloth, (255, 250, 240), 0.75) if panel % 2 else cloth
        shade = mix(shade, (40, 30, 30), abs(panel - 3) * 0.06)
        draw.polygon(((510, 60), (left, 330), ((left + right) / 2, 352), (right, 330)), fill=shade)
    picture.paste(shrunk(large, 3), box[:2])
