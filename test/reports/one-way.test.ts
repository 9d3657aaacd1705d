/** What is sent each way by itself, as VXLAN is, has an entry that nobody replies to: that is no news. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { dmesg, trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'

async function report(dport: number): Promise<string> {
  const packet = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 50_671, dport, protocol: 'udp' as const }
  const ends = `src=192.0.2.9 dst=192.0.2.1 sport=50671 dport=${dport}`
  const back = `src=192.0.2.1 dst=192.0.2.9 sport=${dport} dport=50671`
  const files = {
    rules: RULES,
    log: dmesg([trace('filter:INPUT:policy:1', packet)]),
    conntrack: `udp      17 22 ${ends} [UNREPLIED] ${back} mark=0 use=1\n`,
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  return printReport('text', groups, ending, { full: true })
}

test('no reply to VXLAN is missed, and one to another port is', async () => {
  expect(await report(5000)).toContain('Connection tracking had seen no reply')
  expect(await report(4789)).not.toContain('reply')
})
