"""Pictures as cameras make them, which Pillow alone cannot write."""

import base64
import io

from PIL import Image, ImageCms

# 32 x 16 pixels, the left half (20, 60, 200), the right half (200, 40, 60); written by pillow-heif 1.8.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAXxtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9j"
    "AAAAAERAAAEAAQAAAAABoAABAAAAAAAAAOMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/Glw"
    "cnAAAADcaXBjbwAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQApQgEBA3AA"
    "AAMAkAAAAwAAAwAeoCCBBZbqrprm4CGgwIAAAAyAAAADAIRiAAEABkQBwXPBiQAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABA"
    "AAAAQAAAAChjbGFwAAAAIAAAAAEAAAAQAAAAAf///+AAAAAC////0AAAAAIAAAAQcGl4aQAAAAADCAgIAAAAGGlwbWEAAAAAAAAAAQABBYEC"
    "AwWEAAAA621kYXQAAADfKAGvBPIc/FcwcWTS3/0w//I/iPn//jv/wlz3F2f/8SN03+t4tEYyN+hVH64HHb+y0IyNXWzR+A91W6imBBdwBvLL"
    "vLMqLwD9A0AUesRHHYnOFhyfp7m6AZO9Zp6PeCNgd1AemPFwWFJ1ZM5WnsFoN3S+okLGl2nN4fyagH1p1ydAMnes09HvBA1XqA9MeLgsKTpi"
    "IFjHZdOWNeBv8lVqvTNLHmLEe62fYAEWweQm5IjpFloOK0BqC0BAXURNOENhjTQgLRqRzWKUEPD4aNK+TzO365BCXxACtNE/KxtdQA=="
)


def in_swapped_colours(image: Image.Image, file_format: str) -> bytes:
    """A picture with a profile in which red and blue are swapped: no reader that ignores it shows the same."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    swapped = profile.replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"????", b"bXYZ", 1)
    stream = io.BytesIO()
    image.save(stream, file_format, icc_profile=swapped, quality=95)
    return stream.getvalue()
