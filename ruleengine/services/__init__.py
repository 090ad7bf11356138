"""What reaches outside: brokers, one module per foreign library."""
