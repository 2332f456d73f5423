"""Makes a tiny, randomly initialised Llama with a tokenizer of its own, so that a real server has something to serve."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 1000
LENGTH = 16_384
TEXT = [
    'Answer with one JSON object that holds every id once: {"c1": "yes", "c2": "no"}.',
    'You check one response against a list of criteria. {"reason": "one short sentence", "met": "yes"}',
    'You write a rubric. {"criteria": [{"criterion": "...", "weight": 3}], "dropped": ["c3"]}',
    'Decide which of two responses is better: {"winner": "A"}, {"winner": "B"} or {"winner": "tie"}.',
]
CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def make(folder: Path) -> None:
    """Write the model and its tokenizer to a folder."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=2,  # vLLM on a CPU wants heads of 32 at least
        num_key_value_heads=2,
        max_position_embeddings=LENGTH,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TEXT, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    fast.chat_template = CHAT
    return fast


if __name__ == "__main__":
    make(Path(sys.argv[1]))
