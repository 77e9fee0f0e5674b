import type { Metadata } from "next";
import { LatestDecisions } from "@/features/decisions/latest";
import { EquityRace } from "@/features/equity/race";
import { Standings } from "@/features/leaderboard/standings";
import { LatestTrades } from "@/features/trades/latest";

export const metadata: Metadata = { title: "Leaderboard 排行榜" };

export default function LeaderboardPage() {
  return (
    <>
      <Standings />
      <EquityRace />
      <div className="grid gap-8 xl:grid-cols-2">
        <LatestTrades />
        <LatestDecisions />
      </div>
    </>
  );
}
