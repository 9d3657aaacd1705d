/** Drops, redacted with the log that they explain: the same is concluded, and no address is left. */
import { expect, it } from 'vitest'
import type { Drop, Journey } from '../../src/index.ts'
import { dropLine, lostDropsLine } from '../../src/read/host/drop-lines.ts'
import { Redactor } from '../../src/redact/index.ts'
import { saved } from '../explain/findings/played.ts'
import { explainLog, worldOf } from '../journey/journeys.ts'
import { trace } from '../journey/kernel-lines.ts'
import { addressesIn, latin1, leftOver, redactBytes } from './redacted.ts'

const RULES = saved({ raw: ['-A PREROUTING -j TRACE'], filter: ['-P FORWARD ACCEPT'] })
const PACKET = { in: 'eth0', src: '10.11.1.2', dst: '10.12.2.2', sport: 1024, dport: 80 } as const
const LINES = [1, 2, 3].map((id) => trace('raw:PREROUTING:policy:2', { ...PACKET, id, seq: id }))
const LOG = LINES.map((line) => `2026-11-20T12:00:00.500000+00:00 router kernel: ${line}\n`).join('')
const drop = (reason: string, id: number): Drop => ({
  time: '2026-11-20T12:00:00.500000Z',
  reason,
  location: 'ip_rcv_finish_core+0x25b',
  namespace: 4026532315,
  packet: { ...PACKET, protocol: 'tcp', tcpFlags: ['syn'], tcpSeq: id, ipId: id, inner: { src: '10.13.3.3' } },
})
const FILE = [dropLine(drop('IP_RPFILTER', 1)), dropLine(drop('NO_SOCKET', 2)), lostDropsLine(7)].join('')

const bytes = (text: string) => new TextEncoder().encode(text)
const conclusion = ({ outcome, basis, findings }: Journey) => [outcome, basis, findings.map(({ code }) => code)]

it('explain the same', () => {
  const redactor = new Redactor('drops')
  const [rules, log, file] = [RULES, LOG, FILE].map((text) => latin1(redactBytes(bytes(text), redactor, 100)!))
  const before = explainLog(LOG, worldOf(RULES, FILE)).journeys.map(conclusion)
  expect(before.slice(0, 2)).toEqual([
    ['vanished', 'observed', ['vanished-rp-filter']],
    ['delivered', 'observed', ['closed-port']],
  ])
  expect(explainLog(log!, worldOf(rules!, file!)).journeys.map(conclusion)).toEqual(before)
  expect(leftOver(addressesIn(FILE), bytes(file!))).toEqual([])
  expect(file).toContain(lostDropsLine(7))
})

it.each(['10.9.9.9 is our secret', '{"schema":"nfwhy.drop/1","note":"acme","lost":"x"}', '[]'])(
  'leave out %j',
  (text) => {
    const file = latin1(redactBytes(bytes(`${FILE}${text}\n`), new Redactor('drops'))!)
    expect(file.split('\n').slice(3)).toEqual(['', ''])
  },
)

it('leave out what people may have written into them', () => {
  const written = { ...drop('NO_SOCKET', 1), location: 'at acme, 10.9.9.9', comment: 'acme' }
  expect(latin1(redactBytes(bytes(dropLine(written)), new Redactor('drops'))!)).not.toContain('acme')
})
