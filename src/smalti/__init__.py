"""smalti: a self-hosted image-generation service that draws its pictures tile by tile."""

__version__ = "0.1.0"
