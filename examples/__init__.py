"""Examples to copy; nothing of Deals imports them."""
