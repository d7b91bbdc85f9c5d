import type { Annotation, Runner } from '../../src/runner/types.ts';

/** Stands where GitHub's runner is: keeps what it is given, and masks one secret. */
export function recorder(onActions = true): { runner: Runner; annotations: Annotation[]; lines: string[] } {
  const annotations: Annotation[] = [];
  const lines: string[] = [];
  const runner: Runner = {
    onActions,
    info: (line) => lines.push(line),
    warning: (message) => annotations.push({ level: 'warning', title: '', message }),
    debug: () => {},
    group: (_title, body) => body(),
    untrusted: (more) => lines.push(...more),
    annotate: (annotation) => annotations.push(annotation),
    mask: () => {},
    redact: (text) => text.replaceAll('s3cret-v4lue', '***'),
    saveState: () => {},
    setOutput: () => {},
    appendSummary: () => {},
  };
  return { runner, annotations, lines };
}
