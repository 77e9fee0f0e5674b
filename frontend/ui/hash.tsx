/** A long hash, cut by the view only: copying it takes the whole. */
export function Hash({ value, title }: { value: string; title?: string }) {
  return (
    <code
      title={title === undefined ? value : `${title}\n${value}`}
      translate="no"
      className="inline-block max-w-36 truncate align-bottom font-mono text-small"
    >
      {value}
    </code>
  );
}
