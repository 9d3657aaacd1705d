/** In which order the families' hooks lie around a packet: netdev, bridge, and IP; ARP beside it. */
import { wordTable } from '../model/word-table.ts'

export const NETDEV = 0
const LAYERS: Readonly<Record<string, number>> = wordTable({
  netdev: NETDEV,
  bridge: 1,
  arp: 2,
  ip: 3,
  ip6: 3,
  inet: 3,
})

export const layerOf = (family: string): number => LAYERS[family] ?? 3
