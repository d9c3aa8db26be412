"""The desk: the pages on which people look at disputes and decide them."""
