-- An empty array cannot tell a cart that is empty from one that nobody spoke of.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS cart_emptied Bool COMMENT 'The client told the whole cart, and there was nothing in it' AFTER cart_items;
