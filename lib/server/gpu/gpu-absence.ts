import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import { type CardsReading, type CardVendor, vendorOf } from "./gpu-reader";

/** Facts that the machine shows about graphics cards, whether or not anything can use them. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  readonly inContainer: boolean;
  /** Makers of the cards on the bus; empty if the system does not list them. */
  readonly vendors: readonly CardVendor[];
}

/** PCI class 0x03: display controllers. */
const DISPLAY_CLASS = /^0x03/;

const readWord = (path: string): string => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

/** Cards on the PCI bus, as the kernel lists them; a container sees its host's. */
function cardVendors(busFolder: string): CardVendor[] {
  try {
    return readdirSync(busFolder)
      .filter(name => DISPLAY_CLASS.test(readWord(join(busFolder, name, "class"))))
      .map(name => vendorOf(readWord(join(busFolder, name, "vendor"))));
  } catch {
    return [];
  }
}

export const readMachineFacts = (): MachineFacts => ({
  platform: process.platform,
  inContainer: existsSync("/.dockerenv") || existsSync("/run/.containerenv"),
  vendors: cardVendors("/sys/bus/pci/devices"),
});

export interface Absence {
  readonly reason: string;
  readonly remedy: string;
}

const CPU_WORKS = "Until then, chat works on the CPU.";

interface AbsenceInput {
  readonly gpuChoice: string;
  readonly info: EngineInfo | null;
  readonly nvidia: CardsReading;
  readonly machine: MachineFacts;
}

/** Why no GPU is used, and what to do about it on this machine. */
export function explainAbsence(input: AbsenceInput): Absence {
  const { gpuChoice, info, nvidia, machine } = input;
  if (gpuChoice === "off")
    return {
      reason: "The GPU is switched off by HEADROOM_GPU=off.",
      remedy: "Start Headroom without HEADROOM_GPU to use it.",
    };
  if (info === null)
    return { reason: "The engine has not started.", remedy: "See the log in Diagnostics for the reason." };
  return nvidia.kind === "read" ? unusedCard(nvidia, info) : (brokenDriver(nvidia) ?? missingDriver(machine));
}

/** The driver works, but llama.cpp could not use the card. */
function unusedCard(nvidia: Extract<CardsReading, { kind: "read" }>, info: EngineInfo): Absence {
  const name = nvidia.cards[0]?.name ?? "An NVIDIA card";
  const detail = info.gpuProblem === null ? "" : ` (${info.gpuProblem})`;
  return {
    reason: `${name} is here, but llama.cpp could not use it${detail}.`,
    remedy: `Install the CUDA 12 or 13 runtime (cudart and cublas) or a newer driver, or build for this machine with "npm run build:llama -- --gpu cuda". ${CPU_WORKS}`,
  };
}

function brokenDriver(nvidia: Extract<CardsReading, { kind: "unknown" }>): Absence | null {
  if (nvidia.failure === "missing") return null;
  if (nvidia.failure === "silent")
    return {
      reason: "nvidia-smi does not answer: the NVIDIA driver hangs.",
      remedy: `Restart the computer; if it happens again, reinstall the driver. ${CPU_WORKS}`,
    };
  if (/version mismatch/i.test(nvidia.said))
    return {
      reason: "The NVIDIA driver was updated and its old part is still running (version mismatch).",
      remedy: `Restart the computer. ${CPU_WORKS}`,
    };
  if (/GPU is lost/i.test(nvidia.said))
    return {
      reason: "The graphics card has dropped off the bus (GPU is lost).",
      remedy: `Restart the computer; check the card's seat and power. ${CPU_WORKS}`,
    };
  return {
    reason: `The NVIDIA driver does not work: ${nvidia.said.slice(0, 200) || "nvidia-smi said nothing"}`,
    remedy: `Install or repair the driver, then start Headroom again. ${CPU_WORKS}`,
  };
}

/** The backend's own message is for Diagnostics: to a person it says no more than these words. */
function missingDriver({ platform, inContainer, vendors }: MachineFacts): Absence {
  if (vendors.includes("nvidia"))
    return inContainer
      ? {
          reason: "This computer has an NVIDIA card, but this container was started without it.",
          remedy: `Start the container with the NVIDIA Container Toolkit and --gpus all. ${CPU_WORKS}`,
        }
      : {
          reason: "An NVIDIA card is here, but its driver is not installed.",
          remedy: `Install NVIDIA's driver from your system's packages, then start Headroom again. ${CPU_WORKS}`,
        };
  if (vendors.some(vendor => vendor !== "other"))
    return inContainer
      ? {
          reason: "This container has no access to the graphics card.",
          remedy: `Start it with --device /dev/dri and a Vulkan driver inside. ${CPU_WORKS}`,
        }
      : {
          reason: "A graphics card is here, but no Vulkan driver that llama.cpp can use.",
          remedy: `Install a Vulkan driver (${platform === "linux" ? "mesa-vulkan-drivers" : "from the card's maker"}), then start Headroom again. ${CPU_WORKS}`,
        };
  return {
    reason: "No graphics card that llama.cpp can use was found.",
    remedy: "Chat works on the CPU. To see how a model would fit a card, type in the card's memory.",
  };
}
