ALTER TABLE products ADD COLUMN stock integer NOT NULL DEFAULT 0 CHECK (stock >= 0);

-- The shop's front page lists what can be bought now.
CREATE INDEX products_in_stock_idx ON products (category_id) WHERE stock > 0;
