import type { Metadata } from "next";
import { Suspense } from "react";
import { Cycles } from "@/features/cycles/cycles";

export const metadata: Metadata = { title: "Cycles 轮次" };

export default function CyclesPage() {
  return (
    <Suspense>
      <Cycles />
    </Suspense>
  );
}
