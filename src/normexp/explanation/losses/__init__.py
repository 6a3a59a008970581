"""The working of each loss: forward to its value, and its gradient, class by class."""
