"""From the files of an export to a mapping that a person corrects: what the cells prove, and what is only guessed."""
