"""What normexp is measured by: its speed and errors beside the peers', and the true values."""
