/** A DNAT rule takes a port that it was not meant for, or sends a range of ports to one of them. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { clocked, trace } from '../journey/kernel-lines.ts'
import { ADDRESS, type Line, ROUTES, rules } from './two-networks.ts'

const asked = { in: 'wan', src: '203.0.113.9', dst: '203.0.113.1', sport: 40_000, dport: 7105 }

async function found(
  rule: string,
  { to = 7105, port = 7105, listens = 0, link = '-i wan ', address = '0.0.0.0' } = {},
) {
  const came = { ...asked, dport: port }
  const sent = { ...came, out: 'lan', dst: '10.0.0.2', dport: to }
  const reset = { in: 'lan', src: '10.0.0.2', dst: '203.0.113.9', sport: to, dport: 40_000, flags: 'ACK RST' }
  const lines: Line[] = [
    [10, 'nat:PREROUTING:rule:1', came],
    [10, 'filter:FORWARD:policy:1', sent],
    [10, 'nat:POSTROUTING:policy:1', sent],
    [10.1, 'filter:FORWARD:policy:1', { ...reset, out: 'wan', seq: 0, window: 0 }],
  ]
  const log = clocked(lines.map(([clock, place, packet]) => [clock, trace(place, packet)]))
  const ss = `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\ntcp   LISTEN 0      128          ${address}:${listens}      0.0.0.0:*    users:(("wg",pid=7,fd=3))\n`
  const files = { log, rules: rules([`[7:420] -A PREROUTING ${link}-p tcp ${rule}`]), ADDRESS, ROUTES, ss }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  expect(exchange!.status).toBe('refused')
  return exchange!.findings.find(({ code }) => code === 'dnat-of-others')
}

test('a range of ports that goes to its first one is to blame for a refusal of the others', async () => {
  const range = '-m tcp --dport 7100:7110 -j DNAT --to-destination 10.0.0.2:7100'
  const said = await found(range, { to: 7100 })
  expect(said).toMatchObject({ severity: 'warning' })
  expect(said?.message).toBe(
    'Every packet that nat PREROUTING rule 1 matches goes to 10.0.0.2:7100. This packet was for 203.0.113.1:7105, another port of the range 7100-7110.',
  )
  expect(said?.fix[0]).toMatchObject({
    edits: [{ op: 'insert', table: 'nat', chain: 'PREROUTING', ruleNumber: 1 }],
    unverified: 'whether a program listens on 10.0.0.2:7105 is unknown here',
  })
  expect(said?.fix[0]).not.toHaveProperty('after')
})

test('a range that goes to a port outside it is meant so, and so is its first port', async () => {
  expect(await found('-m tcp --dport 7100:7110 -j DNAT --to-destination 10.0.0.2:80', { to: 80 })).toBeUndefined()
  const first = '-m tcp --dport 7100:7110 -j DNAT --to-destination 10.0.0.2:7100'
  expect(await found(first, { to: 7100, port: 7100 })).toBeUndefined()
  // each port is kept
  expect(await found('-m tcp --dport 7100:7110 -j DNAT --to-destination 10.0.0.2')).toBeUndefined()
  expect(await found('-m tcp --dport 7105 -j DNAT --to-destination 10.0.0.2:7105')).toBeUndefined()
})

test.each([
  '-m tcp ! --dport 22',
  '-m multiport ! --dports 22,51820',
  '-m tcp --dport 1024:65535',
  '-m multiport --dports 1:21,23:65535',
])('all ports but some (%s) are no service: a program of this host listens on one that is taken', async (ports) => {
  const rule = `${ports} -j DNAT --to-destination 10.0.0.2`
  const said = await found(rule, { listens: 7105 })
  expect(said).toMatchObject({ severity: 'warning' })
  expect(said?.message).toBe(
    'Every packet that nat PREROUTING rule 1 matches goes to 10.0.0.2. This packet was for 203.0.113.1:7105, where wg of this host listens.',
  )
  expect(said?.fix[0]).toMatchObject({ after: 'delivered' })
  expect(await found(rule, { listens: 22 })).toBeUndefined()
})

test('some ports of many are a service that is meant to be sent there, whoever listens here', async () => {
  for (const ports of ['-m tcp --dport 7000:8000', '-m multiport --dports 1:21,7000:8000', '-m tcp --dport 1:32767'])
    expect(await found(`${ports} -j DNAT --to-destination 10.0.0.2`, { listens: 7105 })).toBeUndefined()
})

test('a rule that spreads packets over several hosts does not send each to this one', async () => {
  const said = await found('-m tcp ! --dport 22 -j DNAT --to-destination 10.0.0.2-10.0.0.4', { listens: 7105 })
  expect(said?.message).toBe(
    'nat PREROUTING rule 1 sends it to 10.0.0.2:7105. This packet was for 203.0.113.1:7105, where wg of this host listens.',
  )
})

test("a port that is published at all addresses is the program's that listens on the very address that was asked", async () => {
  const published = '-m addrtype --dst-type LOCAL -m tcp --dport 7105 -j DNAT --to-destination 10.0.0.2:7105'
  const said = await found(published, { listens: 7105, link: '', address: '203.0.113.1' })
  expect(said).toMatchObject({ severity: 'warning' })
  expect(said?.message).toBe(
    'Every packet that nat PREROUTING rule 1 matches goes to 10.0.0.2:7105. This packet was for 203.0.113.1:7105, where wg of this host listens.',
  )
  expect(said?.fix[0]).toMatchObject({ after: 'delivered' })
  // on all addresses many a program listens whose port was published for a container on purpose
  expect(await found(published, { listens: 7105, link: '' })).toBeUndefined()
  expect(await found(published, { listens: 22, link: '', address: '203.0.113.1' })).toBeUndefined()
})
