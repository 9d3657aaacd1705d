/** Of a frame that is for several: for which ones. */
export function groupMac(mac: string): 'broadcast' | 'multicast' | undefined {
  if (mac === 'ff:ff:ff:ff:ff:ff') return 'broadcast'
  return Number.parseInt(mac.slice(0, 2), 16) & 1 ? 'multicast' : undefined
}
