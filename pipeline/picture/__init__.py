"""Write the PNG that carries its recipe, and read it again."""
