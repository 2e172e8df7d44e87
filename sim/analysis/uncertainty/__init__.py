"""Which unknown numbers a conclusion rests on: screening, variance shares, boxes, robustness."""
