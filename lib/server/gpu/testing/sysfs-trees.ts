import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Files by path, with what the kernel prints. */
export type Tree = Readonly<Record<string, string>>;

/** One device on the bus with a folder in /sys/class/drm, whose `device` is a link to it. */
export interface DrmDevice {
  /** "0000:03:00.0" */
  readonly address: string;
  /** Below the device's folder on the bus. */
  readonly files: Tree;
  /** Below /sys/class/drm/cardN. */
  readonly drmFiles?: Tree;
}

/*
 * The files and their units are those of Linux's own documentation:
 *  - Documentation/gpu/amdgpu/driver-misc.rst: mem_info_vram_total and _used in bytes, product_name (some server cards), unique_id (Vega and newer)
 *  - Documentation/gpu/amdgpu/thermal.rst, from drivers/gpu/drm/amd/pm/amdgpu_pm.c: gpu_busy_percent; hwmon temp1_input in millidegrees, power1_average and
 *    power1_input in microwatts; in1_input of processors' graphics only, freq2_input of cards only
 *  - Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon and sysfs-driver-intel-i915-hwmon: energy1_input in microjoules, temp2_input of the package
 *  - Documentation/ABI/testing/sysfs-devices-power: power/runtime_status
 * Numbers of devices and revisions are those of libdrm's amdgpu.ids and of pci.ids.
 */

/** 24 GiB, 2 GiB in use; 37 % busy, 48 °C, 61 W. */
export const rx7900Xtx: DrmDevice = {
  address: "0000:03:00.0",
  files: {
    vendor: "0x1002\n",
    device: "0x744c\n",
    revision: "0xc8\n",
    uevent: "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:03:00.0\n",
    unique_id: "7d4e0a3c9b1f5a26\n",
    mem_info_vram_total: "25753026560\n",
    mem_info_vram_used: "2147483648\n",
    gpu_busy_percent: "37\n",
    "power/runtime_status": "active\n",
    "hwmon/hwmon4/name": "amdgpu\n",
    "hwmon/hwmon4/temp1_input": "48000\n",
    "hwmon/hwmon4/temp2_input": "56000\n",
    "hwmon/hwmon4/power1_average": "61000000\n",
    "hwmon/hwmon4/freq1_input": "1250000000\n",
    "hwmon/hwmon4/freq2_input": "1249000000\n",
  },
};

/** The graphics of a Ryzen 7000 processor: 512 MiB of system memory are reserved for it. */
export const ryzenGraphics: DrmDevice = {
  address: "0000:1a:00.0",
  files: {
    vendor: "0x1002\n",
    device: "0x164e\n",
    revision: "0xc1\n",
    mem_info_vram_total: "536870912\n",
    mem_info_vram_used: "31457280\n",
    gpu_busy_percent: "0\n",
    "power/runtime_status": "active\n",
    "hwmon/hwmon5/name": "amdgpu\n",
    "hwmon/hwmon5/in0_input": "1275\n",
    "hwmon/hwmon5/in1_input": "1100\n",
    "hwmon/hwmon5/temp1_input": "41000\n",
    "hwmon/hwmon5/power1_input": "12345000\n",
    "hwmon/hwmon5/freq1_input": "600000000\n",
  },
};

/** A card for servers that has its name in itself. */
export const instinct: DrmDevice = {
  address: "0000:c1:00.0",
  files: {
    vendor: "0x1002\n",
    device: "0x740f\n",
    revision: "0x02\n",
    product_name: "AMD Instinct MI210\n",
    unique_id: "1f0c2e4a6b8d0f13\n",
    mem_info_vram_total: "68702699520\n",
    mem_info_vram_used: "10969088\n",
    "hwmon/hwmon1/temp1_input": "36000\n",
    "hwmon/hwmon1/power1_average": "41000000\n",
    "hwmon/hwmon1/freq2_input": "1600000000\n",
  },
};

/** On the xe driver: energy and temperature, no used memory, no load. */
export const arcB580: DrmDevice = {
  address: "0000:04:00.0",
  files: {
    vendor: "0x8086\n",
    device: "0xe20b\n",
    revision: "0x00\n",
    "tile0/physical_vram_size_bytes": "12884901888\n",
    "hwmon/hwmon3/name": "xe\n",
    "hwmon/hwmon3/energy1_input": "5000000000\n",
    "hwmon/hwmon3/temp2_input": "44000\n",
  },
};

/** Graphics of an Intel processor, on i915: nothing of memory, no sensors. */
export const uhd770: DrmDevice = {
  address: "0000:00:02.0",
  files: { vendor: "0x8086\n", device: "0x4680\n", revision: "0x0c\n", "power/runtime_status": "active\n" },
};

/** On Intel's own kernel for servers, which tells both sizes of memory. */
export const flex170: DrmDevice = {
  address: "0000:4d:00.0",
  files: { vendor: "0x8086\n", device: "0x56c0\n", revision: "0x08\n", "hwmon/hwmon2/temp1_input": "51000\n" },
  drmFiles: { lmem_total_bytes: "17179869184\n", lmem_avail_bytes: "12884901888\n" },
};

export const quadro: DrmDevice = {
  address: "0000:b3:00.0",
  files: { vendor: "0x10de\n", device: "0x1bb1\n", revision: "0xa1\n" },
};

/** Some lines of both lists, in their own layout. */
export const nameLists: Tree = {
  "usr/share/libdrm/amdgpu.ids":
    "# List of AMDGPU IDs\n1.0.0\n164E,\tC1,\tAMD Radeon Graphics\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC,\tAMD Radeon RX 7900 XT\n",
  "usr/share/misc/pci.ids":
    "# comment\n1002  Advanced Micro Devices, Inc. [AMD/ATI]\n\t164e  Raphael\n\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]\n\t\t1da2 471e  Nitro+ RX 7900 XTX\n10de  NVIDIA Corporation\n\te20b  not Intel's\n8086  Intel Corporation\n\t4680  AlderLake-S GT1\n\t56c0  ATS-M [Data Center GPU Flex 170]\n\te20b  Battlemage G21 [Arc B580]\n",
};

/** A copy of a device with other files; an empty text is a file that is empty. */
export const withFiles = (device: DrmDevice, files: Tree, address = device.address): DrmDevice => ({
  ...device,
  address,
  files: { ...device.files, ...files },
});

export const withoutFiles = (device: DrmDevice, ...names: readonly string[]): DrmDevice => ({
  ...device,
  files: Object.fromEntries(Object.entries(device.files).filter(([name]) => !names.includes(name))),
});

function writeFiles(folder: string, tree: Tree): void {
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** A root folder whose sys/class/drm lists these devices in this order. */
export class SysfsTree {
  readonly root = mkdtempSync(join(tmpdir(), "headroom-sysfs-"));

  constructor(devices: readonly DrmDevice[], files: Tree = {}) {
    writeFiles(this.root, files);
    mkdirSync(join(this.root, "sys/class/drm/renderD128"), { recursive: true });
    devices.forEach((device, index) => {
      const drm = join(this.root, `sys/class/drm/card${index}`);
      mkdirSync(drm);
      mkdirSync(`${drm}-HDMI-A-1`);
      writeFiles(drm, device.drmFiles ?? {});
      writeFiles(this.deviceFolder(device), device.files);
      symlinkSync(`../../../devices/${device.address}`, join(drm, "device"));
    });
  }

  deviceFolder({ address }: DrmDevice): string {
    return join(this.root, "sys/devices", address);
  }

  write(device: DrmDevice, files: Tree): void {
    writeFiles(this.deviceFolder(device), files);
  }

  /** As when a card is pulled out or its driver gives it up: the folder in /sys/class/drm goes as well. */
  vanish(device: DrmDevice, index: number): void {
    rmSync(join(this.root, `sys/class/drm/card${index}`), { recursive: true });
    rmSync(this.deviceFolder(device), { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
