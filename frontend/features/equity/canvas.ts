/** lightweight-charts behind four words: draw, showAll, recolor, remove. Everything it needs to know comes in a Drawing. */

import {
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  type MouseEventParams,
  PriceScaleMode,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Trade } from "@/api/client";
import { lineStyleOf } from "@/lib/marks";
import { formatDecimal, toNumber } from "@/lib/money";
import { withGaps } from "@/lib/series";
import { formatMoment, type Language, wallSeconds, type Zone } from "@/lib/time";
import { type Ink, readInk } from "./ink";
import type { Line } from "./lines";
import { marksOf } from "./trade-marks";

export type Drawing = {
  lines: readonly Line[];
  steps: { step: number; gap: number };
  capital: number;
  trades: readonly Trade[];
  logarithmic: boolean;
  zone: Zone;
  language: Language;
  startLabel: string;
};

type Curve = { series: ISeriesApi<"Line">; marks: ISeriesMarkersPluginApi<Time>; capital: IPriceLine | null };

const LOCALES: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };
const WIDE = 640;
const MARKED_TRADES_NARROW = 12;
const MARGIN_LEFT = 0.02;
const MARGIN_RIGHT = 0.01;
/** Names at the ends of the curves need room of their own. */
const MARGIN_NAMES = 0.09;

/** Below this spread, in USDT, the axis needs cents to tell its labels apart. */
const CENTS_SPREAD = 20;

export class Canvas {
  private readonly chart: IChartApi;
  private readonly curves = new Map<string, Curve>();
  private ink: Ink;
  private drawing: Drawing | null = null;
  /** The reader has zoomed or moved: from then on new points don't change the view. */
  private held = false;
  /** What the axis calls a time -> what it really is. */
  private moments = new Map<number, number>();

  constructor(
    private readonly box: HTMLElement,
    onHover: (seconds: number | null) => void,
  ) {
    this.ink = readInk(box);
    this.chart = createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(box).fontFamily },
      rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.08, bottom: 0.06 } },
      timeScale: { timeVisible: true, secondsVisible: false, borderVisible: false, minBarSpacing: 0.05 },
      handleScroll: { vertTouchDrag: false },
      handleScale: { axisPressedMouseMove: { price: false } },
    });
    this.chart.subscribeCrosshairMove(({ time }: MouseEventParams) =>
      onHover(time === undefined ? null : (this.moments.get(time as number) ?? null)),
    );
    this.chart.subscribeDblClick(() => this.showAll());
    for (const event of ["wheel", "pointerdown"]) box.addEventListener(event, this.hold, { passive: true });
    this.recolor();
  }

  draw(drawing: Drawing): void {
    this.drawing = drawing;
    this.chart.applyOptions({
      localization: { locale: LOCALES[drawing.language], priceFormatter: priceFormat(drawing), timeFormatter: this.timeFormat },
      rightPriceScale: { mode: drawing.logarithmic ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal },
    });
    this.moments = new Map();
    this.dropCurvesExcept(new Set(drawing.lines.map(({ id }) => id)));
    for (const [index, line] of drawing.lines.entries()) this.drawLine(line, drawing, index === 0);
    if (!this.held) this.showAll();
  }

  /** From the first point to the last, with room for the first label and the names at the end. */
  showAll(): void {
    this.held = false;
    const slots = this.moments.size;
    const right = this.wide ? MARGIN_NAMES : MARGIN_RIGHT;
    if (slots > 0) this.chart.timeScale().setVisibleLogicalRange({ from: -slots * MARGIN_LEFT, to: slots * (1 + right) });
  }

  recolor(): void {
    this.ink = readInk(this.box);
    const { text, line, label } = this.ink;
    this.chart.applyOptions({
      layout: { background: { color: "transparent" }, textColor: text },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      crosshair: { vertLine: { color: text, labelBackgroundColor: label }, horzLine: { color: text, labelBackgroundColor: label } },
    });
    if (this.drawing !== null) this.draw(this.drawing);
  }

  remove(): void {
    for (const event of ["wheel", "pointerdown"]) this.box.removeEventListener(event, this.hold);
    this.chart.remove();
  }

  private readonly hold = () => {
    this.held = true;
  };

  private readonly timeFormat = (time: Time) =>
    formatMoment(new Date((time as number) * 1000).toISOString(), "minute", "utc", this.drawing?.language ?? "en");

  private get wide(): boolean {
    return this.box.clientWidth >= WIDE;
  }

  private dropCurvesExcept(ids: ReadonlySet<string>): void {
    for (const [id, { series }] of this.curves) {
      if (ids.has(id)) continue;
      this.chart.removeSeries(series);
      this.curves.delete(id);
    }
  }

  private drawLine(line: Line, drawing: Drawing, first: boolean): void {
    const curve = this.curves.get(line.id) ?? this.newCurve(line.id);
    const color = this.ink.marks(line.colorIndex);
    curve.series.applyOptions({
      color,
      lineStyle: lineStyleOf(line.colorIndex),
      lineWidth: line.baseline ? 1 : 2,
      title: this.wide ? line.name : "",
      // One scale must hold the capital too: whoever is far above it should look far above it.
      autoscaleInfoProvider: (own: () => { priceRange: { minValue: number; maxValue: number } | null } | null) =>
        including(own(), drawing.capital),
    });
    curve.series.setData(this.dataOf(line, drawing));
    curve.marks.setMarkers(
      marksOf(
        this.wide ? drawing.trades : drawing.trades.slice(0, MARKED_TRADES_NARROW),
        line,
        color,
        (at) => wallSeconds(at, drawing.zone) as UTCTimestamp,
      ),
    );
    if (curve.capital !== null) curve.series.removePriceLine(curve.capital);
    curve.capital = first ? this.capitalLine(curve.series, drawing) : null;
  }

  private newCurve(id: string): Curve {
    const series = this.chart.addSeries(LineSeries, { priceLineVisible: false, crosshairMarkerRadius: 3 });
    const curve: Curve = { series, marks: createSeriesMarkers(series, []), capital: null };
    this.curves.set(id, curve);
    return curve;
  }

  /** A point whose run ends is followed by nothing visible: the stretch to the next one is drawn in no colour. */
  private dataOf(line: Line, { steps, zone }: Drawing) {
    return withGaps(line.points, steps.step, steps.gap).map(({ seconds, point, endsRun }) => {
      const time = wallSeconds(seconds, zone) as UTCTimestamp;
      this.moments.set(time, seconds);
      if (point === null) return { time };
      return endsRun ? { time, value: toNumber(point.equity), color: "transparent" } : { time, value: toNumber(point.equity) };
    });
  }

  private capitalLine(series: ISeriesApi<"Line">, { capital, startLabel }: Drawing): IPriceLine {
    return series.createPriceLine({
      price: capital,
      title: startLabel,
      color: this.ink.text,
      lineWidth: 1,
      lineStyle: 2,
      axisLabelVisible: false,
    });
  }
}

type Scaled = { priceRange: { minValue: number; maxValue: number } | null };

function including(own: Scaled | null, capital: number): Scaled | null {
  if (own === null || own.priceRange === null) return own;
  const { minValue, maxValue } = own.priceRange;
  return { ...own, priceRange: { minValue: Math.min(minValue, capital), maxValue: Math.max(maxValue, capital) } };
}

function priceFormat({ lines, capital }: Drawing): (price: number) => string {
  let [low, high] = [capital, capital];
  for (const { points } of lines)
    for (const { equity } of points) {
      low = Math.min(low, toNumber(equity));
      high = Math.max(high, toNumber(equity));
    }
  const places = high - low < CENTS_SPREAD ? 2 : 0;
  return (price) => formatDecimal(price.toFixed(places));
}
