"""What is true about signals, orders and money: values and decisions, without I/O, clock or randomness."""
