"use client";

import { useText } from "@/i18n/use-text";
import { Button } from "@/ui/button";
import { Segmented } from "@/ui/segmented";
import { csvOf, type Line } from "./lines";
import { RANGES, type Range } from "./queries";

export type Look = { range: Range; scale: "linear" | "log"; view: "chart" | "table"; markers: boolean };

type Props = { look: Look; onChange: (look: Look) => void; lines: readonly Line[] };

export function RaceTools({ look, onChange, lines }: Props) {
  const { race } = useText();
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Segmented
        label={race.range}
        options={RANGES.map((value) => ({ value, label: race.ranges[value] }))}
        value={look.range}
        onChange={(range) => onChange({ ...look, range })}
      />
      {look.view === "chart" && <ChartTools look={look} onChange={onChange} />}
      <Segmented<Look["view"]>
        label={race.view}
        options={[
          { value: "chart", label: race.views.chart },
          { value: "table", label: race.views.table },
        ]}
        value={look.view}
        onChange={(view) => onChange({ ...look, view })}
      />
      <Button
        aria-label={race.csvLabel}
        title={race.csvLabel}
        disabled={lines.length === 0}
        onClick={() => save(csvOf(lines), `tiltyard-equity-${look.range}.csv`)}
      >
        {race.csv} <span aria-hidden="true">↓</span>
      </Button>
    </div>
  );
}

function ChartTools({ look, onChange }: Omit<Props, "lines">) {
  const { race } = useText();
  return (
    <>
      <Segmented<Look["scale"]>
        label={race.scale}
        options={[
          { value: "linear", label: race.scales.linear },
          { value: "log", label: race.scales.log },
        ]}
        value={look.scale}
        onChange={(scale) => onChange({ ...look, scale })}
      />
      <label title={race.markersText} className="flex h-8 cursor-pointer items-center gap-1.5 px-1">
        <input
          type="checkbox"
          className="size-4 accent-ink"
          checked={look.markers}
          onChange={({ target }) => onChange({ ...look, markers: target.checked })}
        />
        {race.markers}
      </label>
    </>
  );
}

function save(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
