import { task } from '@lumo-framework/tasks';

/** Both tasks of this file are made from one package. Neither needs to be exported. */
const report = (name: string, rows: number) => task({ id: `several-${name}`, run: async () => ({ name, rows }) });

report('sales', 120);
report('stock', 48);
