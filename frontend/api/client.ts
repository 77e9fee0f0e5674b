/** The one door to the API: typed by the generated schema, same origin, errors as one class. */

import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.gen";
import { adminToken } from "./token";

type Schemas = components["schemas"];
export type SystemStatus = Schemas["SystemStatus"];
export type Leaderboard = Schemas["Leaderboard"];
export type Standing = Schemas["Standing"];
export type Estimate = Schemas["Estimate"];
export type Contestant = Schemas["ContestantBrief"];
export type ContestantHealth = Schemas["ContestantHealth"];
export type EquityPoint = Schemas["EquityPoint"];
export type Trade = Schemas["Trade"];
export type Decision = Schemas["Decision"];
export type Cycle = Schemas["Cycle"];
export type CycleDetail = Schemas["CycleDetail"];
export type Turn = Schemas["Turn"];
export type TurnDecision = Schemas["TurnDecision"];
export type ContestantEvent = Schemas["ContestantEvent"];
export type Conversation = Schemas["ConversationDetail"];
export type Call = Schemas["Call"];
export type Tokens = Schemas["Tokens"];
export type Price = Schemas["Price"];
export type Position = Schemas["Position"];
export type LogRow = Schemas["LogRow"];

/** The arena answered with a problem, or (status 0) did not answer at all. `message` is the server's own sentence. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
    this.name = "ApiError";
  }
}

const authorize: Middleware = {
  onRequest({ request }) {
    const token = request.method === "GET" ? null : adminToken();
    if (token !== null) request.headers.set("authorization", `Bearer ${token}`);
    return request;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new ApiError(0, error instanceof Error ? error.message : String(error));
  },
};

export const client = createClient<paths>({
  querySerializer: { array: { style: "form", explode: true } },
});
client.use(authorize);

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

/** The data of an answer, or an ApiError with what the server said. */
export function unwrap<Data>({ data, error, response }: Answer<Data>): Data {
  if (response.ok && data !== undefined) return data;
  throw new ApiError(response.status, detailOf(error) ?? `${response.status} ${response.statusText}`.trim());
}

function detailOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("detail" in error)) return null;
  return typeof error.detail === "string" ? error.detail : null;
}
