"""One function for each category: it adds the parts to the canvas and returns y of the floor, or None."""

from collections.abc import Callable

from catalog.demo.scene import Scene
from catalog.demo.shapes.bags import bag
from catalog.demo.shapes.boots import ankle_boot, high_boot
from catalog.demo.shapes.garments import dress, top
from catalog.demo.shapes.hats import hat
from catalog.demo.shapes.heels import pump
from catalog.demo.shapes.sandals import sandal
from catalog.demo.shapes.slip_ons import flat, loafer, slipper
from catalog.demo.shapes.trainers import trainer
from catalog.demo.shapes.trousers import trousers
from catalog.demo.shapes.watches import watch

SHAPES: dict[str, Callable[[Scene], float | None]] = {
    "heels": pump,
    "sandals": sandal,
    "sports": trainer,
    "boots": ankle_boot,
    "high boots": high_boot,
    "loafers": loafer,
    "slippers": slipper,
    "flats": flat,
    "bags": bag,
    "tops": top,
    "dresses": dress,
    "trousers": trousers,
    "hats": hat,
    "watches": watch,
}
