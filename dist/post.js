process.env.STATE_step ??= 'main';
await import('./index.js');
