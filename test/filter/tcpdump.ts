/** The judge of filters, where it is installed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Packet } from '../../src/model/packet.ts'
import { packetNumbers, pcapFile } from './packets.ts'

export const HAS_TCPDUMP = spawnSync('tcpdump', ['--version']).error === undefined

/** Asks tcpdump which of these packets a filter takes: their places, or undefined where it refuses the filter. */
export function tcpdumpOf(packets: readonly Packet[]): (filter: string) => number[] | undefined {
  const file = join(mkdtempSync(join(tmpdir(), 'filter-')), 'packets.pcap')
  writeFileSync(file, pcapFile(packets))
  return (filter) => {
    // -O: libpcap 1.10.3's optimizer has `src and dst net (2001:db8::/48 and 2001:db8::/48)` reject every packet
    const { status, stdout } = spawnSync('tcpdump', ['-O', '-r', file, '-w', '-', filter])
    return status === 0 ? packetNumbers(stdout) : undefined
  }
}
