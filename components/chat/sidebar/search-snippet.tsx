/** The server marks matches with U+0001 and U+0002. The rest is plain text, whatever the message contains. */
export function SearchSnippet({ text }: { readonly text: string }) {
  const parts = text.split("\u0001").flatMap((part, index) => {
    if (index === 0) return [{ text: part, isMatch: false }];
    const [match = "", rest = ""] = part.split("\u0002");
    return [
      { text: match, isMatch: true },
      { text: rest, isMatch: false },
    ];
  });
  return (
    <span className="line-clamp-2 text-ink-3 text-xs [overflow-wrap:anywhere]">
      {parts.map((part, index) =>
        part.isMatch ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one string never move.
          <mark key={index} className="bg-accent-soft text-ink">
            {part.text}
          </mark>
        ) : (
          part.text
        ),
      )}
    </span>
  );
}
