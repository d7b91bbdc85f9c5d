CREATE MATERIALIZED VIEW popular_products AS
SELECT p.id, p.sku, p.name, p.price_cents, c.slug AS category, sum(i.quantity)::integer AS sold
FROM products p
JOIN categories c ON c.id = p.category_id
JOIN order_items i ON i.product_id = p.id
GROUP BY p.id, c.slug;

-- A unique index lets the view be refreshed while the shop reads it.
CREATE UNIQUE INDEX popular_products_id_idx ON popular_products (id);

CREATE TABLE page_cache (
  path      text PRIMARY KEY,
  body      jsonb NOT NULL,
  warmed_at timestamptz NOT NULL DEFAULT now()
);
