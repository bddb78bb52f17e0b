import type { ContextUse } from "@/lib/schema/chat";
import { formatTokens } from "@/lib/units/tokens";

const oldest = ({ overflowingMessages }: ContextUse): string =>
  overflowingMessages === 1 ? "the oldest message" : `the oldest ${overflowingMessages} messages`;

export const leaveOutWords = (use: ContextUse): string => `Leave out ${oldest(use)}`;

export const summariseWords = (use: ContextUse): string => `Summarise ${oldest(use)}`;

export const leaveOutCost = ({ overflowingTokens }: ContextUse): string =>
  `The model no longer sees ${formatTokens(overflowingTokens)} tokens of the chat, and reads the rest again.`;

export const summariseCost = ({ overflowingTokens, summaryTokens }: ContextUse): string =>
  `Reads ${formatTokens(overflowingTokens)} tokens and writes up to ${formatTokens(summaryTokens)} before it answers; details are lost.`;
