export { annotateReport } from './annotations.ts';
export { renderError } from './error.ts';
export { logReport } from './log.ts';
export { reportOutputs } from './outputs.ts';
export { redactReport } from './redact.ts';
export { writeResultsFile } from './results-file.ts';
export { translateStack } from './stack.ts';
export { renderSummary } from './summary.ts';
export type { FunctionChange, PlannedTask, PreflightCheck, Report, ReportStatus } from './types.ts';
