/** What a trace shows of one rule's limit says nothing of another rule's, though both have the same words. */
import { expect, it } from 'vitest'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainFile, explainLog } from '../../journey/journeys.ts'
import { dmesg, type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { saved } from '../findings/played.ts'

const SYN: TestPacket = { in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 }
const LIMIT = '-m limit --limit 5/min --limit-burst 3'

/** INPUT's limit is used up; OUTPUT's is for what this host replies. */
function dropped(output: string) {
  const filter = [
    '-P INPUT DROP',
    '-P OUTPUT DROP',
    `-A INPUT -p tcp -m tcp --dport 80 ${LIMIT} -j ACCEPT`,
    `-A OUTPUT -p tcp -m tcp --sport 80 ${output} -j ACCEPT`,
  ]
  const host = { ...ROUTER, sockets: [{ protocol: 'tcp', family: 'ip' as const, state: 'LISTEN', port: 80 }] }
  const { journeys } = explainLog(
    dmesg([trace('filter:INPUT:policy:2', SYN)]),
    makeWorld(saved({ filter }), host),
    [],
    { engine: modelEngine },
  )
  return journeys[0]!.findings
}

it('leaves the reply to another rule of the same words, whose limit is its own', () => {
  const [first] = dropped(LIMIT).flatMap(({ fix }) => fix)
  expect(first).toMatchObject({ verified: 'model', after: 'delivered' })
  expect(first?.but).toBeUndefined()
  const [other] = dropped(`-d 10.0.9.9/32 ${LIMIT}`).flatMap(({ fix }) => fix)
  expect(other).toMatchObject({ after: 'delivered', but: 'its reply would be dropped' })
})

it("knows one rule's limit as used up and another one's as not, of the same words", () => {
  const limit = 'limit rate 5/minute burst 3 packets'
  const headers =
    'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn'
  const text = [
    `packet: iif "eth0" ${headers}`,
    `rule tcp dport 80 ${limit} counter packets 1 bytes 60 (verdict continue)`,
    'policy drop ',
  ]
  const rules = `table inet filter {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\ttcp dport 80 ${limit} counter packets 1 bytes 60 # handle 3
\t\ttcp dport 80 ${limit} accept # handle 4
\t}
}
`
  const lines = text.map((line) => `trace id 0a0b0c0d inet filter input ${line}\n`).join('')
  const { findings } = explainFile(lines, makeWorld(rules, ROUTER), [], { engine: modelEngine }).journeys[0]!
  const [fix] = findings.find(({ code }) => code === 'dropped-by-policy')!.fix
  expect(fix?.unverified).toBeUndefined()
  expect(fix).toMatchObject({ verified: 'model', after: 'delivered' })
})
