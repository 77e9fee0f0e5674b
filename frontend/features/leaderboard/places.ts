"use client";

import { createContext, use } from "react";

/** How many places there are: the length of every rank bar's scale. */
export const PlacesContext = createContext(1);

export function usePlaces(): number {
  return Math.max(1, use(PlacesContext));
}
