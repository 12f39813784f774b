"""What comes in by any of the seven doors: kept raw first, then worked on by one pipeline."""
