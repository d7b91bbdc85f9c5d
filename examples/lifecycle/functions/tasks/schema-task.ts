import { type StandardSchema, schemaTask } from '@lumo-framework/tasks';

interface Prices {
  currency: string;
  prices: number[];
}

/** A schema by hand. One of Zod, Valibot or ArkType can stand in its place. */
const prices: StandardSchema<unknown, Prices> = {
  '~standard': {
    version: 1,
    vendor: 'example',
    validate: (value) => {
      const { currency, prices = [] } = value as { currency?: unknown; prices?: unknown };
      if (typeof currency !== 'string') return { issues: [{ message: 'is no text', path: ['currency'] }] };
      if (!Array.isArray(prices)) return { issues: [{ message: 'is no list', path: ['prices'] }] };
      return { value: { currency, prices: prices.map(Number) } };
    },
  },
};

/** Its payload comes from `lumo.config.js`, or from `--payload`. */
export const schema = schemaTask({
  id: 'schema-task',
  schema: prices,
  run: async ({ currency, prices }) => ({ currency, sum: prices.reduce((sum, price) => sum + price, 0) }),
});
