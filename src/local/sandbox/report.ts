/** How an invocation ended, in the words of Lambda's report line. */
export interface InvocationReport {
  requestId: string;
  durationMs: number;
  /** Only of the first invocation of a sandbox. */
  initMs: number | undefined;
  memoryMb: number;
  usedBytes: number;
  status: 'success' | 'timeout' | 'error';
  errorType: string | undefined;
}

const MIB = 1024 * 1024;

/** END and REPORT, tab separated as Lambda writes them. The init phase is billed. */
export function reportLines(report: InvocationReport): string {
  const { requestId, durationMs, initMs, memoryMb } = report;
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(durationMs + (initMs ?? 0))} ms`,
    `Memory Size: ${memoryMb} MB`,
    `Max Memory Used: ${Math.min(memoryMb, Math.ceil(report.usedBytes / MIB))} MB`,
  ];
  if (initMs !== undefined) fields.push(`Init Duration: ${initMs.toFixed(2)} ms`);
  if (report.status !== 'success') fields.push(`Status: ${report.status}`);
  if (report.errorType !== undefined) fields.push(`Error Type: ${report.errorType}`);
  return `END RequestId: ${requestId}\n${fields.join('\t')}\t\n`;
}
