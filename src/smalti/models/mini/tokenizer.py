"""The tokenizer of smalti-mini: a picture to tiles of residual codes, and back.

A tile of 16 x 16 px becomes `CODES` codes of `CODEBOOK` entries each (residual vector
quantisation: each code refines what the ones before left over; van den Oord 2017, Lee 2022).
The decoder is local: convolutions of known reach and per-pixel norms, no attention and no
statistic over space, so pixels of a tile row depend on `LOOKAHEAD_ROWS` rows below it and no more.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TILE_PX = 16
CODES = 4
CODEBOOK = 1024
LATENT = 32
LOOKAHEAD_ROWS = 2


class PixelNorm(nn.Module):
    """Layer norm over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        last = x.permute(0, 2, 3, 1)
        out: Tensor = F.layer_norm(last, last.shape[-1:], self.weight, self.bias)
        return out.permute(0, 3, 1, 2)


class Block(nn.Module):
    """Residual block with a reach of one cell."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = PixelNorm(channels)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.out(F.silu(self.mix(self.norm(x))))
        return out


class Encoder(nn.Module):
    """[batch, 3, 16 h, 16 w] in [-1, 1] → latents [batch, LATENT, h, w]."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        w = width
        self.net = nn.Sequential(
            nn.PixelUnshuffle(4), nn.Conv2d(48, w, 3, padding=1), nn.SiLU(),
            nn.PixelUnshuffle(2), nn.Conv2d(4 * w, 2 * w, 1), Block(2 * w),
            nn.PixelUnshuffle(2), nn.Conv2d(8 * w, 4 * w, 1), Block(4 * w), Block(4 * w),
            PixelNorm(4 * w), nn.Conv2d(4 * w, LATENT, 1),
        )  # fmt: skip

    def forward(self, pixels: Tensor) -> Tensor:
        out: Tensor = self.net(pixels)
        return out


class Decoder(nn.Module):
    """Latents [batch, LATENT, h, w] → pixels [batch, 3, 16 h, 16 w] in about [-1, 1].

    Reach: 2 blocks of 4 px, 1 of 8 px and 1 of 16 px: a tile row sees two rows up and down.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        w = width
        self.net = nn.Sequential(
            nn.Conv2d(LATENT, 4 * w, 1), Block(4 * w),
            nn.Conv2d(4 * w, 8 * w, 1), nn.PixelShuffle(2), Block(2 * w),
            nn.Conv2d(2 * w, 4 * w, 1), nn.PixelShuffle(2), Block(w), Block(w),
            PixelNorm(w), nn.Conv2d(w, 48, 1), nn.PixelShuffle(4),
        )  # fmt: skip

    def forward(self, latents: Tensor) -> Tensor:
        out: Tensor = self.net(latents)
        return out

    def row(self, latents: Tensor, row: int, end: int) -> Tensor:
        """Pixels [batch, 3, 16, 16 w] of one tile row; `end`: rows of the whole picture.

        Each resolution keeps just the rows that the next one can see, so that a row costs about
        a third of what its whole window would.
        """
        top = max(0, row - 2)
        x = self.net[:2](latents[:, :, top : min(end, row + 3)])
        tile = max(0, row - 1)
        x = self.net[2:5](x[:, :, tile - top : min(end, row + 2) - top])
        half = max(0, 2 * row - 1)
        x = self.net[5:9](x[:, :, half - 2 * tile : min(2 * end, 2 * row + 3) - 2 * tile])
        out: Tensor = self.net[9:](x[:, :, 4 * row - 2 * half : 4 * row + 4 - 2 * half])
        return out


class Quantizer(nn.Module):
    """Residual vector quantisation with codebooks [CODES, CODEBOOK, LATENT]."""

    codebooks: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("codebooks", torch.zeros(CODES, CODEBOOK, LATENT))

    def codes_of(self, latents: Tensor) -> Tensor:
        """Nearest codes, greedily: [n, LATENT] → [n, CODES]."""
        rest, codes = latents, []
        for book in self.codebooks:
            code = nearest(rest, book)
            rest = rest - book[code]
            codes.append(code)
        return torch.stack(codes, dim=1)

    def latents_of(self, codes: Tensor) -> Tensor:
        """[..., CODES] → [..., LATENT]."""
        return torch.stack([self.codebooks[k][codes[..., k]] for k in range(CODES)]).sum(0)


def nearest(points: Tensor, book: Tensor) -> Tensor:
    """Index of the nearest entry of `book` [entries, d] for each of `points` [n, d]."""
    return (book.square().sum(1) - 2 * points @ book.T).argmin(1)


class Tokenizer(nn.Module):
    """Pictures [batch, 3, 16 h, 16 w] ↔ codes [batch, h, w, CODES]."""

    def __init__(self, encoder_width: int = 64, decoder_width: int = 64) -> None:
        super().__init__()
        self.encoder = Encoder(encoder_width)
        self.quantizer = Quantizer()
        self.decoder = Decoder(decoder_width)

    def encode(self, pixels: Tensor) -> Tensor:
        latents = self.encoder(pixels).permute(0, 2, 3, 1).float()
        codes = self.quantizer.codes_of(latents.reshape(-1, LATENT))
        return codes.reshape(*latents.shape[:3], CODES)

    def decode(self, codes: Tensor) -> Tensor:
        latents = self.quantizer.latents_of(codes).permute(0, 3, 1, 2)
        pixels: Tensor = self.decoder(latents.contiguous(memory_format=torch.channels_last))
        return pixels

    def decode_row(self, codes: Tensor, row: int, end: int) -> Tensor:
        """Pixels of one row; codes [batch, h, w, CODES] reach its window, which ends at `end`."""
        latents = self.quantizer.latents_of(codes).permute(0, 3, 1, 2)
        return self.decoder.row(latents.contiguous(memory_format=torch.channels_last), row, end)


def to_unit(rgb: Tensor) -> Tensor:
    """uint8 [batch, height, width, 3] → [-1, 1] [batch, 3, height, width], channels last."""
    return rgb.permute(0, 3, 1, 2).to(torch.float32).div(127.5).sub(1)


def to_rgb(unit: Tensor) -> Tensor:
    """[-1, 1] [batch, 3, height, width] → uint8 [batch, height, width, 3]."""
    return unit.float().add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
