import { BlockList, isIPv4 } from "node:net";

/**
 * Networks that are not the public internet. IPv4 rules also hold for the same addresses mapped into IPv6.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
 */
const specialNetworks = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  specialNetworks.addSubnet(network, prefix, "ipv4");

/** Only global unicast (2000::/3) is public, except networks that tunnel IPv4 (6to4, Teredo) or are for documentation. */
const publicIpv6 = new BlockList();
publicIpv6.addSubnet("2000::", 3, "ipv6");
const specialIpv6 = new BlockList();
for (const [network, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const)
  specialIpv6.addSubnet(network, prefix, "ipv6");

const MAPPED_IPV4 = /^::ffff:/i;

/** Whether an IP address is on the public internet: not this computer, not its network, not reserved. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !specialNetworks.check(address, "ipv4");
  if (MAPPED_IPV4.test(address)) return !specialNetworks.check(address, "ipv6");
  return publicIpv6.check(address, "ipv6") && !specialIpv6.check(address, "ipv6");
}
