"""A person's pictures become a style of their own: LoRA weights, trained a step at a time."""
