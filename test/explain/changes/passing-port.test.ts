/** The source port of who begins a connection is another one each time. */
import { expect, it } from 'vitest'
import { corrected } from '../../../src/explain/changes/iptables-correct.ts'
import { SYN } from '../findings/played.ts'

const WORDS = ['-p', 'tcp', '-m', 'tcp', '--sport', '1:1023', '--dport', '80', '-j', 'ACCEPT']
const condition = {
  ...({ kind: 'compare', field: 'tcp sport', op: '==' } as const),
  ...{ value: { range: [1, 1023] as [number, number] }, text: '--sport 1:1023' },
}

it('is asked for no more by a rule that is corrected for an opening', () => {
  expect(corrected(WORDS, { condition, settled: false }, SYN)?.join(' ')).toBe('-p tcp -m tcp --dport 80 -j ACCEPT')
})

it('stays what a rule for replies asks for', () => {
  const reply = { ...SYN, sport: 8080, tcpFlags: ['syn', 'ack'] as const }
  const words = corrected(WORDS, { condition, settled: false }, { ...reply, tcpFlags: [...reply.tcpFlags] })
  expect(words?.join(' ')).toBe('-p tcp -m tcp --sport 8080 --dport 80 -j ACCEPT')
})
