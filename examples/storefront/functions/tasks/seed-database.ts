import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { tasks } from '@lumo-framework/core';
import { transaction, withDatabase } from '../../lib/database.ts';

// Each statement takes the rows of one file as JSON. What is there already stays as it is, so the task may run twice.
const CATEGORIES = `
  INSERT INTO categories (slug, name)
  SELECT slug, name FROM jsonb_to_recordset($1::jsonb) AS row (slug text, name text)
  ON CONFLICT (slug) DO NOTHING`;

const PRODUCTS = `
  INSERT INTO products (category_id, sku, name, description, price_cents, stock)
  SELECT c.id, row.sku, row.name, row.description, row.price_cents, row.stock
  FROM jsonb_to_recordset($1::jsonb)
    AS row (category text, sku text, name text, description text, price_cents integer, stock integer)
  JOIN categories c ON c.slug = row.category
  ON CONFLICT (sku) DO NOTHING`;

const SAMPLE_ORDERS = `
  WITH given AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS row (number text, email text, items jsonb)
  ), placed AS (
    INSERT INTO orders (number, email) SELECT number, email FROM given
    ON CONFLICT (number) DO NOTHING
    RETURNING id, number
  ), items AS (
    INSERT INTO order_items (order_id, product_id, quantity, price_cents)
    SELECT placed.id, p.id, item.quantity, p.price_cents
    FROM placed
    JOIN given USING (number)
    CROSS JOIN LATERAL jsonb_to_recordset(given.items) AS item (sku text, quantity integer)
    JOIN products p ON p.sku = item.sku
  )
  SELECT id FROM placed`;

export const run: tasks.TaskHandler = async (ctx) => {
  const { environment } = ctx.deployment;
  const folder = join(ctx.workingDirectory, 'seed-data');
  const [categories, products, orders] = await Promise.all(
    ['categories', 'products', 'sample-orders'].map((name) => readFile(join(folder, `${name}.json`), 'utf8')),
  );

  const inserted = await withDatabase((client) =>
    transaction(client, async () => ({
      categories: (await client.query(CATEGORIES, [categories])).rowCount ?? 0,
      products: (await client.query(PRODUCTS, [products])).rowCount ?? 0,
      // Real customers order in production; everywhere else the shop should not look empty.
      orders: environment === 'production' ? 0 : ((await client.query(SAMPLE_ORDERS, [orders])).rowCount ?? 0),
    })),
  );

  return {
    success: true,
    message: `Added ${inserted.categories} categories, ${inserted.products} products and ${inserted.orders} sample orders`,
    data: inserted,
  };
};
