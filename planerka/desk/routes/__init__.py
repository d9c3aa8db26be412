"""The pages, a module each: what may be asked, of whom, and what is answered."""
