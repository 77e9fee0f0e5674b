/** Rows of the shape that is coming. */
export function Rows({ count, height }: { count: number; height: number }) {
  return (
    <div aria-hidden="true" className="grid gap-2 py-1">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal rows that never move
        <div key={index} className="skeleton" style={{ height }} />
      ))}
    </div>
  );
}
