/** Captures that are no kernel log, through the command: told by their content, from a file or while they are written. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { attributes, pcap, record } from '../read/captures/nflog/files.ts'
import { begin, EXAMPLE, folder, nfwhy } from './nfwhy.ts'

const incident = new URL('../../fixtures/incidents/nodeport-clash/', import.meta.url)
const bytesOf = (name: string) => readFileSync(new URL(name, incident))
const rules = readFileSync(join(EXAMPLE, 'rules.v4'))
const addresses = readFileSync(join(EXAMPLE, 'host/ip-addr.json'))

test.each([
  ['nflog.pcap', 'nflog-pcap'],
  ['ulogd.json', 'ulogd-json'],
  ['tshark.json', 'tshark-json'],
  ['tshark-fields.csv', 'wireshark-table'],
])('%s, whatever it is named, in a folder with rules and host state', async (name, format) => {
  const cwd = folder({ 'why/unknown': bytesOf(name), 'why/rules': rules, 'why/ip': addresses })
  const { code, stdout, stderr } = await nfwhy(['explain', '--json', 'why'], { cwd })
  expect([code, stderr]).toEqual([1, ''])
  const { inputs, journeys, stats, warnings } = JSON.parse(stdout)
  expect(inputs).toContainEqual({ name: 'why/unknown', format, bytes: bytesOf(name).length })
  expect(stats).toMatchObject({ events: 45, journeys: 2, skipped: 0, lost: 0 })
  expect(warnings).toEqual([])
  expect(
    journeys.map(({ outcome, culprit }: { outcome: string; culprit?: { chain: string } }) => [outcome, culprit?.chain]),
  ).toEqual([
    ['dropped', 'KUBE-NODEPORTS'],
    ['delivered', undefined],
  ])
})

test('a capture that tcpdump is still writing is told as it comes', async () => {
  const cwd = folder({ rules, ip: addresses })
  const run = begin(['explain', '-', 'rules', 'ip'], { cwd })
  const capture = bytesOf('nflog.pcap')
  run.child.stdin!.write(capture.subarray(0, 6000))
  await run.shows('✗ DROPPED by filter KUBE-FIREWALL rule 1')
  run.child.stdin!.write(capture.subarray(6000))
  const { code } = await run.end()
  expect(code).toBe(1)
  expect(run.shown()).toMatch(/\n2 packets: 1 dropped, 1 to this host\n$/)
})

test('a capture of another link type is an error that names it', async () => {
  const cwd = folder({ 'eth.pcap': pcap([[1, 2, 3]], { linkType: 1 }), rules })
  const { code, stdout, stderr } = await nfwhy(['explain', 'eth.pcap', 'rules'], { cwd })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('eth.pcap: its packets are of link type ETHERNET (1)')
  expect(stderr).toContain('tcpdump -i nflog')
})

test('what the capture lost is counted', async () => {
  const at = (number: number) => record(attributes(undefined, undefined, [12, [0, 0, 0, number]]))
  const cwd = folder({ 'a.pcap': pcap([at(1), at(5)]) })
  const { stdout } = await nfwhy(['explain', '--json', 'a.pcap'], { cwd })
  const { stats, warnings } = JSON.parse(stdout)
  expect(stats.lost).toBe(3)
  expect(warnings.map(({ code }: { code: string }) => code)).toContain('records-lost')
})
