"""The right to be forgotten, the warehouse's side: find every id of a person, delete every row, look for what is left, keep it out."""
