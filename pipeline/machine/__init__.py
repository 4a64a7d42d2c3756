"""What this machine can do: its device, its numbers, its memory."""
