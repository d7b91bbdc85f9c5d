/** Tells whoever has to know; without `SLACK_WEBHOOK` the log does. */
export async function notify(text: string): Promise<void> {
  const url = process.env.SLACK_WEBHOOK;
  if (!url) {
    console.log(`[notify] ${text}`);
    return;
  }
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ text }) });
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}
