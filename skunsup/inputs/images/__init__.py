"""Images: their transformer, likelihood, layers and networks."""

from skunsup.inputs.images._arrays import as_images
from skunsup.inputs.images._files import image_paths
from skunsup.inputs.images._image_file import (
    LIMITS,
    MAX_FILE_SIZE,
    MAX_PIXELS,
    FileLimits,
    image_size,
    load_image,
)
from skunsup.inputs.images._images import Images
from skunsup.inputs.images._shapes import checked_shape

__all__ = [
    "LIMITS",
    "MAX_FILE_SIZE",
    "MAX_PIXELS",
    "FileLimits",
    "Images",
    "as_images",
    "checked_shape",
    "image_paths",
    "image_size",
    "load_image",
]
