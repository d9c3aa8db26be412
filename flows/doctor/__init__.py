"""`planerka doctor`: what is wrong with an installation, and the command or key that mends it. It changes nothing."""
