"""Plan, executor, inventory, world and settle: what drives decisions and writes them."""
