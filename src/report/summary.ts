import { cutText, markdown } from './escape.ts';
import { headline, REPORT_ICONS } from './headline.ts';
import * as sections from './summary-sections.ts';
import { FULL_DETAIL, type SummaryDetail } from './summary-sections.ts';
import type { Report } from './types.ts';

/** What is left out first when a summary is too long, and what only when nothing else helped. */
const SHEDDING: readonly SummaryDetail[] = [
  FULL_DETAIL,
  { ...FULL_DETAIL, dataBytes: 1_024 },
  { ...FULL_DETAIL, dataBytes: 0 },
  { ...FULL_DETAIL, dataBytes: 0, stackBytes: 0 },
  { dataBytes: 0, stackBytes: 0, messageBytes: 500, rows: Number.POSITIVE_INFINITY },
  ...[1_000, 400, 150, 50, 15, 5, 0].map((rows) => ({ dataBytes: 0, stackBytes: 0, messageBytes: 200, rows })),
];

/**
 * The job summary in GitHub's Markdown, for a report that is redacted already. Never longer than `limitBytes` of UTF-8
 * (at least 4,000): one byte over 1 MiB and GitHub drops the whole summary, without failing the step.
 */
export function renderSummary(report: Report, limitBytes = 900_000): string {
  for (const detail of SHEDDING) {
    const summary = render(report, detail);
    if (Buffer.byteLength(summary) <= limitBytes) return summary;
  }
  return title(report);
}

function render(report: Report, detail: SummaryDetail): string {
  return [
    title(report),
    sections.facts(report, detail),
    sections.actionError(report, detail),
    ...sections.failedTasks(report, detail),
    sections.tasks(report, detail),
    ...sections.attempts(report, detail),
    sections.plannedTasks(report, detail),
    sections.functions(report, detail),
    sections.preflight(report, detail),
    sections.warnings(report, detail),
    sections.notices(report, detail),
    ...sections.data(report, detail),
    detail === FULL_DETAIL
      ? undefined
      : `_Shortened to fit into a job summary. The file in \`results-file\` has everything._`,
  ]
    .filter((section) => section !== undefined)
    .join('\n\n')
    .concat('\n');
}

function title(report: Report): string {
  return `## ${REPORT_ICONS[report.status]} ${markdown(cutText(headline(report), 300))}`;
}
