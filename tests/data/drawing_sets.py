"""Files of labelme and CVAT, written as these tools do."""

import json
from xml.sax.saxutils import quoteattr

SIZE = (12, 10)


def shape(label, points, kind="polygon", **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}} | more


def write_labelme(file, *shapes, image=None, size=SIZE, **more):
    """Write a JSON file of labelme beside an image of its name, or of another."""
    file.parent.mkdir(parents=True, exist_ok=True)
    data = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": image or f"{file.stem}.png"}
    data |= {"imageData": None, "imageHeight": size[1], "imageWidth": size[0]}
    file.write_text(json.dumps(data | more))
    return file


def cvat_image(name, *drawn, size=SIZE, subset=""):
    """Return an image of CVAT with elements such as ``("box", {"label": "cat", "xtl": 1, ...})``."""
    inner = "".join(
        f"<{tag} {' '.join(f'{key}={quoteattr(str(value))}' for key, value in attributes.items())}></{tag}>"
        for tag, attributes in drawn
    )
    part = f' subset="{subset}"' if subset else ""
    return f'<image id="0" name={quoteattr(name)}{part} width="{size[0]}" height="{size[1]}">{inner}</image>'


def write_cvat(file, *images):
    file.parent.mkdir(parents=True, exist_ok=True)
    head = "<version>1.1</version><meta><task><labels><label><name>cat</name></label></labels></task></meta>"
    file.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>{head}{"".join(images)}</annotations>')
    return file
