import type { tasks } from '@lumo-framework/core';
import { withDatabase } from '../../lib/database.ts';

/** The pages that are asked for most, each with the query that answers it. */
const PAGES = {
  '/api/categories': `
    SELECT c.slug, c.name, count(p.id)::integer AS products
    FROM categories c LEFT JOIN products p ON p.category_id = c.id
    GROUP BY c.id ORDER BY c.name`,
  '/api/popular-products': `
    SELECT sku, name, category, price_cents, sold, stock
    FROM popular_products JOIN products USING (id, sku, name, price_cents)
    ORDER BY sold DESC, name LIMIT 10`,
  '/api/assets': `SELECT path, hashed_path FROM asset_manifest ORDER BY path`,
};

export const run: tasks.TaskHandler = async (ctx) => {
  const pages = await withDatabase(async (client) => {
    await client.query('REFRESH MATERIALIZED VIEW CONCURRENTLY popular_products');
    const warmed: Record<string, number> = {};
    for (const [path, query] of Object.entries(PAGES)) {
      const { rows } = await client.query(query);
      await client.query(
        `INSERT INTO page_cache (path, body) VALUES ($1, $2)
         ON CONFLICT (path) DO UPDATE SET body = excluded.body, warmed_at = now()`,
        [path, JSON.stringify(rows)],
      );
      warmed[path] = rows.length;
    }
    return warmed;
  });

  const empty = Object.keys(pages).filter((path) => pages[path] === 0);
  for (const path of empty) console.warn(`${path} is empty`);

  return {
    success: true,
    message: `Warmed ${Object.keys(pages).length} pages for ${ctx.deployment.environment}`,
    data: { pages, empty },
  };
};
