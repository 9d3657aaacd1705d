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
    const { status, stdout, stderr } = spawnSync('tcpdump', ['-r', file, '-w', '-', filter])
    if (status === 0) return packetNumbers(stdout)
    return /expression rejects all packets/.test(String(stderr)) ? [] : undefined
  }
}
