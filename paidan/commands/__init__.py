"""Commands of the lowest floor: nothing of training or serving."""
