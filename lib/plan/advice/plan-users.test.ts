import { expect, test } from "vitest";
import { MIB } from "@/lib/units/bytes";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { planUsers } from "./plan-users";

const card = { ...p4000, totalBytes: 24_576 * MIB, freeBytes: 24_576 * MIB, usedByOthersBytes: 0 };
const settings = planSettings({ N_CTX: 8192, KV_CACHE_QUANT: "f16", TARGET_VRAM_USAGE: 0.8 });

test("counts weights once, a cache for each user and a compute buffer for each card", () => {
  expect(planUsers(mistralSurface, card, settings, 100)).toEqual({
    users: 100,
    // 107,536,384 + 32 x 122,716,160
    weightsBytes: 4_034_453_504,
    // 32 blocks x 8,192 tokens x (1,024 + 1,024) elements x 2 bytes
    kvBytesPerUser: 1_073_741_824,
    computeBytesPerCard: 113_258_496,
    // 0.8 x 24,576 MiB, less 300 MiB, less the compute buffer
    usableBytesPerCard: 20_188_011_724,
    // (20,188,011,724 - 4,034,453,504) / 1,073,741,824 = 15.04
    usersOnOneCard: 15,
    cardsForTheModel: 1,
    // (4,034,453,504 + 100 x 1,073,741,824) / 20,188,011,724 = 5.52
    cardsForAllUsers: 6,
  });
});

test("says that nobody fits on a card that is too small, and how many such cards it takes", () => {
  const small = { ...card, totalBytes: 4096 * MIB, freeBytes: 4096 * MIB };
  // 0.8 x 4,096 MiB - 300 MiB - 113,258,496 = 3,008,142,540; (4,034,453,504 + 1,073,741,824) / 3,008,142,540 = 1.7
  expect(planUsers(mistralSurface, small, settings, 1)).toMatchObject({ usersOnOneCard: 0, cardsForTheModel: 2 });
  const tiny = { ...card, totalBytes: 256 * MIB, freeBytes: 256 * MIB };
  expect(planUsers(mistralSurface, tiny, settings, 1)).toMatchObject({ cardsForTheModel: null });
});
