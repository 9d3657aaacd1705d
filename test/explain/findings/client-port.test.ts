/** A rule for a service that asks for a source port: whoever asks comes from one that was free. */
import { expect, it } from 'vitest'
import { type Case, findingsOf, LISTENS_ON, played, TO_ROUTER, told } from './played.ts'

const notes = (one: Case) => findingsOf(played(one), 'near-miss').map(({ message }) => message)
const command = (one: Case) => told(one, 'near-miss')?.fix

it('is what is missed: the port that a client of the very service would have to come from', () => {
  const asks = (sports: string, dport: number): Case => ({
    rules: {
      nat: [`[0:0] -A PREROUTING -p tcp -m tcp --sport ${sports} --dport ${dport} -j DNAT --to-destination 10.0.2.9`],
      filter: [],
    },
    ...{ packet: TO_ROUTER, host: LISTENS_ON(22) },
  })
  expect(notes(asks('1:1023', 80))).toEqual([
    'nat PREROUTING rule 1 would have rewritten its destination, but only matches --sport 1:1023; the packet comes from port 40000.',
  ])
  expect(command(asks('1:1023', 80))).toMatch(/--dport 80 -j DNAT --to-destination 10\.0\.2\.9 → forwarded$/)
  expect(command(asks('20', 80))).toMatch(/--dport 80 -j DNAT/)
  expect(notes(asks('1:1023', 81))).toEqual([])
})

it('is not left out of a rule for replies: it would open every port that programs ask from', () => {
  const accepts = (dports: string): Case => ({
    rules: { filter: ['-P INPUT DROP', `-A INPUT -p tcp -m tcp --sport 20 --dport ${dports} -j ACCEPT`] },
    packet: TO_ROUTER,
  })
  expect(command(accepts('80'))).toBe('iptables -R INPUT 1 -p tcp --dport 80 -j ACCEPT → delivered')
  expect(command({ ...accepts('1024:65535'), packet: { ...TO_ROUTER, dport: 5432 } })).toBeUndefined()
})
