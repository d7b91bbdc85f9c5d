/** What is left of a summary outside of fenced blocks, and whether every block in it was closed. */
export interface MarkdownShape {
  text: string;
  openFences: number;
  openDetails: number;
}

export function shapeOf(markdown: string): MarkdownShape {
  const outside: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split('\n')) {
    if (fence !== undefined) {
      if (line.startsWith(fence) && /^`+\s*$/.test(line)) fence = undefined;
      continue;
    }
    const opened = /^(`{3,})[a-z]*$/.exec(line);
    if (opened) fence = opened[1];
    else outside.push(line);
  }
  const text = outside.join('\n');
  return {
    text,
    openFences: fence === undefined ? 0 : 1,
    openDetails: (text.match(/<details>/g)?.length ?? 0) - (text.match(/<\/details>/g)?.length ?? 0),
  };
}
