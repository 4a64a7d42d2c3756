"""Write CLIP's files with small random weights: its text encoder, its tokenizer, and a whole folder as on the Hub."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTextConfig, CLIPTextModel

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def make_small_text_encoder() -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=514,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )
    return CLIPTextModel(config)


def write_clip_tokenizer(folder: Path) -> None:
    """Write CLIP's tokenizer files with every byte in the vocabulary and no merges: one token for each letter."""
    letters = [*list_byte_letters(), *(letter + "</w>" for letter in list_byte_letters())]
    vocabulary = {token: number for number, token in enumerate([*letters, "<|startoftext|>", "<|endoftext|>"])}
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "do_lower_case": True,
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(
        json.dumps({name: token for name, token in settings.items() if name.endswith("_token")})
    )


def make_image_processor(size: int, mean: tuple[float, ...], std: tuple[float, ...]) -> CLIPImageProcessorPil:
    """Make what scales a picture to `size` px; `mean` and `std` are of RGB in [0, 1]."""
    return CLIPImageProcessorPil(
        size={"shortest_edge": size},
        crop_size={"height": size, "width": size},
        image_mean=list(mean),
        image_std=list(std),
    )


def write_clip(folder: Path) -> Path:
    """Write the files that the table lists of sentence-transformers/clip-ViT-B-32, of a few channels, its configs as
    old as those: sizes as bare numbers, a feature extractor's name, an end of text (2) that is not the tokenizer's."""
    part = folder / "0_CLIPModel"
    torch.manual_seed(6)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    CLIPModel(
        CLIPConfig(
            text_config={**small, **ends, "vocab_size": 514},
            vision_config={**small, "image_size": 32, "patch_size": 16},
            projection_dim=24,
        )
    ).save_pretrained(part)
    write_clip_tokenizer(part)
    (part / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "feature_extractor_type": "CLIPFeatureExtractor",
                "do_resize": True,
                "size": 32,
                "resample": 3,
                "do_center_crop": True,
                "crop_size": 32,
                "do_normalize": True,
                "image_mean": CLIP_MEAN,
                "image_std": CLIP_STD,
            }
        )
    )
    versions = {"sentence_transformers": "2.0.0", "transformers": "4.6.0", "pytorch": "1.7.1"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"__version__": versions}))
    module = {"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}
    (folder / "modules.json").write_text(json.dumps([module]))
    return folder


def list_byte_letters() -> list[str]:
    """Return the 256 printable letters that stand for bytes in GPT-2's and CLIP's vocabularies."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(256 - len(printable))]
