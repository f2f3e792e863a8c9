"""Learning: files → checked records → fitted model → evaluation → gate → registry."""
