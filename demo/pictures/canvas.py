"""What all drawings are made with: smooth noise, gradients, a floor seen in perspective, the look of a photo."""

import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

Color = tuple[int, int, int]
Point = tuple[float, float]
Size = tuple[int, int]

PHOTO: Size = (1024, 768)


def noise(random: Random, size: Size, cell: int) -> Image.Image:
    """Grey clouds whose lumps are about `cell` pixels wide."""
    grid = (size[0] // cell + 3, size[1] // cell + 3)
    rough = Image.frombytes("L", grid, random.randbytes(grid[0] * grid[1]))
    return rough.resize(size, Image.Resampling.BICUBIC)


def clouds(random: Random, size: Size, cell: int) -> Image.Image:
    """Noise with finer noise in it."""
    coarse, fine = noise(random, size, cell), noise(random, size, max(2, cell // 3))
    return Image.blend(coarse, fine, 0.35)


def gradient(size: Size, stops: Sequence[tuple[float, Color]]) -> Image.Image:
    """Colours from top (0) to bottom (1)."""
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        at = y / max(1, size[1] - 1)
        low = max((stop for stop in stops if stop[0] <= at), default=stops[0])
        high = min((stop for stop in stops if stop[0] >= at), default=stops[-1])
        share = (at - low[0]) / ((high[0] - low[0]) or 1)
        column.putpixel((0, y), mix(low[1], high[1], share))
    return column.resize(size)


def mix(one: Color, other: Color, share: float) -> Color:
    """`share` 0 is one colour, 1 the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def curve(image: Image.Image, low: int, high: int, top: int = 255) -> Image.Image:
    """Of a grey image: what is below `low` becomes 0, what is above `high` becomes `top`."""
    return image.point([round(min(1, max(0, (value - low) / (high - low))) * top) for value in range(256)])


def paint(image: Image.Image, color: Color, mask: Image.Image) -> None:
    """Lays a colour on where the grey mask is bright."""
    image.paste(color, (0, 0, *image.size), mask)


def ripples(random: Random, size: Size, cell: int) -> Image.Image:
    """Return the net of light that the sun draws on the floor of a pool, grey."""
    ridges = [round(max(0.0, 1 - abs(value - 128) / 60) ** 3 * 255) for value in range(256)]
    nets = [noise(random, size, width).point(ridges) for width in (cell, round(cell * 1.7))]
    return ImageChops.screen(nets[0], nets[1].point([round(value * 0.6) for value in range(256)]))


def leaf(draw: ImageDraw.ImageDraw, random: Random, at: Point, length: float, color: Color) -> None:
    """Draw one leaf, lying any way round."""
    turn, width = random.uniform(0, 2 * math.pi), length * random.uniform(0.16, 0.3)
    outline = [(-1, 0), (-0.4, 1), (0.3, 0.8), (1, 0), (0.3, -0.8), (-0.4, -1)]
    cos, sin = math.cos(turn), math.sin(turn)
    corners = [(x * length / 2, y * width) for x, y in outline]
    draw.polygon([(at[0] + x * cos - y * sin, at[1] + x * sin + y * cos) for x, y in corners], fill=color)


def lay(floor: Image.Image, corners: Sequence[Point]) -> Image.Image:
    """Return the floor, a plan seen from above, as it looks from where one stands: its corners, clockwise from the
    upper left one, lie at `corners` of a photo."""
    width, height = floor.size
    plan = ((0, 0), (width, 0), (width, height), (0, height))
    rows = []
    for (x, y), (u, v) in zip(corners, plan, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return floor.transform(PHOTO, Image.Transform.PERSPECTIVE, _solve(rows), Image.Resampling.BICUBIC)


def _solve(rows: list[list[float]]) -> list[float]:
    """Gauss-Jordan; the last column is the right side."""
    count = len(rows)
    for pivot in range(count):
        best = max(range(pivot, count), key=lambda row: abs(rows[row][pivot]))
        rows[pivot], rows[best] = rows[best], rows[pivot]
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for row in range(count):
            if row != pivot:
                factor = rows[row][pivot]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[pivot], strict=True)]
    return [row[-1] for row in rows]


def photograph(image: Image.Image, random: Random) -> Image.Image:
    """Make a drawing look like a snapshot: a hand that is not quite still, light, grain, darker corners."""
    width, height = image.size
    turned = image.rotate(random.uniform(-0.8, 0.8), Image.Resampling.BICUBIC)
    x, y = (random.randrange(round(side * 0.03)) for side in image.size)
    framed = turned.resize(image.size, box=(16 + x, 12 + y, width - 46 + x, height - 35 + y))
    lit = ImageEnhance.Brightness(framed).enhance(random.uniform(0.95, 1.04))
    soft = lit.filter(ImageFilter.GaussianBlur(0.6))
    corners = Image.radial_gradient("L").resize(image.size)
    paint(soft, (10, 12, 20), curve(corners, 150, 420, 110))
    grain = Image.frombytes("L", (256, 192), random.randbytes(256 * 192)).resize(image.size)
    return Image.blend(soft, ImageChops.overlay(soft, Image.merge("RGB", [grain] * 3)), 0.045)


def enlarged(size: Size, factor: int) -> Size:
    """For drawing large and shrinking, which makes edges smooth."""
    return size[0] * factor, size[1] * factor


def shrunk(image: Image.Image, factor: int) -> Image.Image:
    """Return the other half of `enlarged`."""
    return image.reduce(factor)
