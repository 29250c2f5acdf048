"""Technicians, signatures and logos."""

import math
from itertools import pairwise
from random import Random
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from demo.pictures.canvas import Color, curve, enlarged, gradient, mix, paint, shrunk

SIDE = 480
LARGE = 3


class Face(NamedTuple):
    """What somebody looks like."""

    skin: Color
    hair: Color
    style: Literal["short", "bun", "long", "curls"]
    beard: bool
    cap: bool
    shirt: Color
    wall: Color


FACES = {
    "sam-ortiz": Face((206, 152, 112), (40, 30, 26), "short", True, True, (11, 110, 143), (206, 222, 226)),
    "maya-begay": Face((186, 128, 92), (24, 20, 22), "bun", False, False, (11, 110, 143), (228, 214, 196)),
    "luis-cervantes": Face(
        (222, 174, 138), (70, 48, 34), "short", False, True, (11, 110, 143), (198, 212, 204)
    ),
    "dana-kowalski": Face(
        (242, 206, 180), (196, 142, 76), "long", False, False, (11, 110, 143), (214, 218, 230)
    ),
    "amparo-ferrer": Face(
        (232, 188, 154), (58, 34, 24), "curls", False, False, (63, 125, 44), (230, 224, 206)
    ),
    "vicent-llopis": Face(
        (224, 176, 140), (128, 124, 120), "short", True, True, (63, 125, 44), (206, 218, 200)
    ),
}


def portrait(name: str) -> Image.Image:
    """Return a drawn one, square."""
    face = FACES[name]
    side = SIDE * LARGE
    picture = gradient(
        (side, side), ((0, mix(face.wall, (255, 255, 255), 0.3)), (1, mix(face.wall, (90, 100, 110), 0.3)))
    )
    draw = ImageDraw.Draw(picture)
    x = side / 2
    shade, light = mix(face.skin, (90, 40, 30), 0.28), mix(face.skin, (255, 236, 214), 0.25)

    def oval(cx: float, cy: float, half: float, tall: float, fill: Color) -> None:
        draw.ellipse((cx - half, cy - tall, cx + half, cy + tall), fill=fill)

    hair_behind(draw, face, x)
    draw.rounded_rectangle((x - 500, 1120, x + 500, side + 300), 250, fill=face.shirt)
    draw.polygon(((x - 130, 1110), (x, 1270), (x + 130, 1110)), fill=shade)
    draw.rounded_rectangle((x - 105, 930, x + 105, 1170), 70, fill=shade)
    for way in (-1, 1):
        draw.polygon(
            ((x + way * 112, 1080), (x + way * 250, 1170), (x + way * 70, 1310), (x, 1240)),
            fill=mix(face.shirt, (255, 255, 255), 0.25),
        )
        oval(x + way * 262, 720, 44, 74, shade)
    oval(x, 700, 262, 336, face.skin)
    oval(x - 40, 640, 180, 220, mix(face.skin, light, 0.5))
    for way in (-1, 1):
        oval(x + way * 150, 790, 56, 40, mix(face.skin, (222, 110, 90), 0.16))
    if face.beard:
        beard = mix(face.hair, face.skin, 0.25)
        draw.chord((x - 258, 380, x + 258, 1042), 12, 168, fill=beard)
        oval(x, 830, 120, 66, beard)
    for way in (-1, 1):
        oval(x + way * 104, 668, 42, 26, (250, 250, 248))
        oval(x + way * 104, 668, 23, 25, (60, 42, 32))
        oval(x + way * 104 - 7, 660, 7, 7, (255, 255, 255))
        draw.arc(
            (x + way * 104 - 62, 560, x + way * 104 + 62, 660),
            205,
            335,
            fill=mix(face.hair, face.skin, 0.15),
            width=17,
        )
    draw.arc((x - 44, 660, x + 44, 790), 30, 150, fill=shade, width=13)
    draw.chord((x - 98, 770, x + 98, 910), 14, 166, fill=(250, 248, 244))
    draw.arc((x - 98, 770, x + 98, 910), 10, 170, fill=mix(shade, (150, 50, 50), 0.5), width=14)
    hair_before(draw, face, x)
    return shrunk(picture, LARGE)


def hair_behind(draw: ImageDraw.ImageDraw, face: Face, x: float) -> None:
    """Draw the hair that falls behind the shoulders."""
    if face.style == "bun":
        draw.ellipse((x - 120, 200, x + 120, 430), fill=face.hair)
    if face.style == "long":
        draw.rounded_rectangle((x - 335, 400, x + 335, 1180), 260, fill=mix(face.hair, (60, 40, 20), 0.2))
    if face.style == "curls":
        for number in range(26):
            angle = math.pi * (0.75 + number / 25 * 1.5)
            cx, cy = x + math.cos(angle) * 320, 690 + math.sin(angle) * 360
            draw.ellipse(
                (cx - 100, cy - 100, cx + 100, cy + 100), fill=mix(face.hair, (120, 80, 50), number % 3 * 0.1)
            )


def hair_before(draw: ImageDraw.ImageDraw, face: Face, x: float) -> None:
    """Draw the top of the head, or a cap on it."""
    if face.cap:
        cap, dark = face.shirt, mix(face.shirt, (10, 20, 30), 0.35)
        for way in (-1, 1):
            draw.rounded_rectangle((x + way * 255 - 26, 480, x + way * 255 + 26, 690), 24, fill=face.hair)
        draw.pieslice((x - 290, 270, x + 290, 850), 180, 360, fill=cap)
        draw.chord((x - 300, 470, x + 300, 650), 180, 360, fill=dark)
        draw.ellipse((x - 330, 500, x + 330, 596), fill=dark)
        draw.ellipse((x - 64, 360, x + 64, 470), fill=(250, 250, 248))
        draw.ellipse((x - 30, 390, x + 30, 440), fill=cap)
        return
    draw.chord((x - 282, 330, x + 282, 900), 192, 348, fill=face.hair)
    part = -70 if face.style != "bun" else 0
    draw.polygon(((x + part, 470), (x - 276, 540), (x - 262, 700), (x - 190, 590)), fill=face.hair)
    draw.polygon(((x + part, 470), (x + 276, 540), (x + 262, 700), (x + 190, 580)), fill=face.hair)
    draw.arc((x - 220, 370, x + 150, 760), 215, 285, fill=mix(face.hair, (255, 255, 255), 0.22), width=16)


def signature(number: int) -> Image.Image:
    """Return a name written by finger, black on nothing."""
    random = Random(f"signature {number}")
    large = Image.new("RGBA", enlarged((600, 220), LARGE))
    draw = ImageDraw.Draw(large)
    x, points = 150.0, []
    phase, speed = random.uniform(0, 6), random.uniform(0.5, 0.75)
    for step in range(220):
        share = step / 220
        tall = (190 if share < 0.12 or 0.5 < share < 0.6 else 74) * (1 - share * 0.4)
        x += 6 + 7 * math.cos(step * speed * 0.5 + phase)
        points.append((x, 350 - math.sin(step * speed * 0.5 + phase) * tall - share * 60))
    for index, (start, end) in enumerate(pairwise(points)):
        width = 9 + round(5 * abs(math.sin(index * 0.21 + phase)))
        draw.line((start, end), fill=(24, 30, 62, 255), width=width)
        draw.ellipse(
            (end[0] - width / 2, end[1] - width / 2, end[0] + width / 2, end[1] + width / 2),
            fill=(24, 30, 62, 255),
        )
    draw.line(((180, 520), (x * 0.7, 470), (x + 60, 500)), fill=(24, 30, 62, 255), width=9, joint="curve")
    return shrunk(large, LARGE)


def logo(scene: str) -> Image.Image:
    """Return a round mark: the sun over water for a `pool`, else a leaf."""
    side = SIDE * LARGE
    disc = Image.new("L", (side, side))
    ImageDraw.Draw(disc).ellipse((6, 6, side - 6, side - 6), fill=255)
    picture = pool_mark(side) if scene == "pool" else garden_mark(side)
    picture.putalpha(disc)
    return shrunk(picture, LARGE)


def pool_mark(side: int) -> Image.Image:
    """Return the sun going down behind waves."""
    picture = gradient((side, side), ((0, (250, 214, 150)), (0.6, (244, 160, 96)), (1, (236, 120, 84))))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((side * 0.28, side * 0.2, side * 0.72, side * 0.64), fill=(255, 246, 220))
    for level, color in enumerate(((64, 176, 196), (22, 136, 170), (11, 110, 143), (8, 82, 112))):
        top = side * (0.5 + level * 0.12)
        wave = [
            (x, top + math.sin(x / side * 4 * math.pi + level * 1.6) * side * 0.032)
            for x in range(0, side + 1, 6)
        ]
        draw.polygon([*wave, (side, side), (0, side)], fill=color)
    return picture.convert("RGBA")


def garden_mark(side: int) -> Image.Image:
    """Two leaves and an orange."""
    picture = gradient((side, side), ((0, (92, 158, 70)), (1, (46, 104, 40))))
    leaf = Image.new("L", (side, side))
    draw = ImageDraw.Draw(leaf)
    draw.ellipse((side * 0.3, side * 0.02, side * 0.98, side * 0.7), fill=255)
    other = Image.new("L", (side, side))
    ImageDraw.Draw(other).ellipse((side * 0.06, side * 0.16, side * 0.72, side * 0.84), fill=255)
    both = Image.composite(leaf, Image.new("L", leaf.size), other)
    paint(picture, (232, 246, 206), both)
    paint(picture, (176, 214, 130), curve(both.filter(ImageFilter.GaussianBlur(60)), 130, 250))
    draw = ImageDraw.Draw(picture)
    draw.line((side * 0.24, side * 0.8, side * 0.66, side * 0.26), fill=(46, 104, 40), width=26)
    draw.ellipse((side * 0.54, side * 0.52, side * 0.82, side * 0.8), fill=(240, 150, 44))
    draw.ellipse((side * 0.59, side * 0.56, side * 0.67, side * 0.64), fill=(250, 198, 112))
    return picture.convert("RGBA")
