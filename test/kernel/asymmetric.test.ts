/**
 * Requests go through the traced router, and replies come back through another one: everything works, and connection
 * tracking here never sees a reply. None of it is called unanswered.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../src/demo/build.ts'
import type { Sending } from '../../src/demo/incident.ts'
import { Lab } from '../../src/demo/lab.ts'
import { Sender } from '../../src/demo/send.ts'
import { open } from '../../src/index.ts'
import { startTrace, stateOf } from '../problems/trace.ts'
import { whyNoLab } from './lab/available.ts'
import { whyNot } from './namespaces.ts'

const SERVER = '10.3.0.2'
const HOSTS = {
  client: {
    addresses: { eth0: ['10.1.0.2/24'], eth1: ['10.2.0.2/24'] },
    routes: [`${SERVER}/32 via 10.1.0.1`],
  },
  router: {
    addresses: { inside: ['10.1.0.1/24'], outside: ['10.3.0.1/24'] },
    sysctls: { 'net.ipv4.ip_forward': '1' },
    rules: {
      nft: `table inet fw {
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname "inside" ct state new,established,related,invalid accept
  }
}
`,
    },
  },
  other: {
    addresses: { outside: ['10.4.0.1/24'], inside: ['10.2.0.1/24'] },
    routes: ['10.1.0.0/24 via 10.2.0.2'],
    sysctls: { 'net.ipv4.ip_forward': '1' },
  },
  server: {
    addresses: { eth0: ['10.3.0.2/24'], eth1: ['10.4.0.2/24'] },
    routes: ['10.1.0.0/24 via 10.4.0.1'],
    listeners: [
      { protocol: 'tcp' as const, port: 80 },
      // unbound, it would reply from the address of the other link
      { protocol: 'udp' as const, address: SERVER, port: 53 },
    ],
  },
}
const LINKS = [
  ['client:eth0', 'router:inside'],
  ['router:outside', 'server:eth0'],
  ['server:eth1', 'other:outside'],
  ['other:inside', 'client:eth1'],
] as const

const reason = whyNot('nft', 'conntrack') ?? (await whyNoLab())
if (reason) console.warn(`no asymmetric paths are looked at: ${reason}`)

describe.skipIf(reason)('replies that come back through another router', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await Lab.open(Object.keys(HOSTS))
    await build(lab, { hosts: HOSTS, links: LINKS, backend: 'nft' })
  })
  afterAll(() => lab?.close())

  it.each<[string, Sending, string]>([
    // whoever sends data behind the SYN has had the reply to it
    ['TCP', { from: 'client', what: 'tcp', to: SERVER, port: 80 }, 'answered'],
    ['a query', { from: 'client', what: 'udp', to: SERVER, port: 53 }, 'undetermined'],
    ['a ping', { from: 'client', what: 'ping', to: SERVER }, 'undetermined'],
  ])('%s', async (_name, sending, status) => {
    const trace = await startTrace(lab, { traced: 'router', backend: 'nft' })
    expect((await new Sender(lab).send(sending, 'answered')).seen).toBe('answered')
    const capture = await trace.stop()
    await lab.must('router', ['sh', '-c', SILENT])
    const analysis = await open([...capture, ...(await stateOf(lab, 'router'))])
    await lab.must('router', ['nft', 'delete', 'table', 'inet', 'tracing'])
    await lab.must('router', ['conntrack', '-F'])
    const { exchanges } = await analysis.exchanges()
    const asked = exchanges.filter(({ asked: { dst } }) => dst === SERVER)
    expect(asked.map((one) => one.status)).toEqual([status])
    const said = asked.flatMap(({ findings }) => findings.filter(({ code }) => code === 'conntrack-unreplied'))
    if (status === 'answered') expect(said).toEqual([])
    else expect(said[0]?.message).toContain('A reply may return through another router')
  })
})

/** Waits until the entry has been without a reply for long enough to tell. */
const SILENT = `for i in $(seq 200); do
  left=$(conntrack -L -d ${SERVER} 2>/dev/null | awk '/UNREPLIED/ { print $3; exit }')
  [ -n "$left" ] || exit 0
  # of 120 seconds for a SYN, of 30 for the others
  if [ "$left" -gt 30 ]; then [ "$left" -gt 117 ] || exit 0; else [ "$left" -gt 27 ] || exit 0; fi
  sleep 0.05
done
exit 1`
