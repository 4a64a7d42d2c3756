"""The PNG that carries its recipe: written, and read again."""
