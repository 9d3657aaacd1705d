/** What is said where files are missing that would tell, and where they are there. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { leadsToThisHost } from '../../src/journey/destination.ts'
import type { Host } from '../../src/model/host.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { type TestPacket, trace } from '../journey/kernel-lines.ts'
import { ADDRESSES, ROUTES, RULES_OF_ROUTING } from './two-uplinks.ts'

type Files = Readonly<Record<string, string>>

async function told(files: Files, ...lines: string[]) {
  const log = lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join('')
  const inputs = Object.entries({ log, ...files }).map(([name, text]) => ({ name, text }))
  const { exchanges } = await (await open(inputs)).exchanges()
  const [first] = exchanges
  return { status: first?.status, findings: first?.findings ?? [] }
}

const said = ({ findings }: Awaited<ReturnType<typeof told>>, code: string) =>
  findings.filter((one) => one.code === code).map(({ severity, message }) => `${severity}: ${message}`)

const save = (...tables: string[][]): string =>
  tables.map(([table, ...lines]) => `*${table}\n${lines.map((line) => `${line}\n`).join('')}COMMIT\n`).join('')

describe('without the routing rules', () => {
  const rules = save(
    ['mangle', ':OUTPUT ACCEPT [0:0]', '-A OUTPUT -p tcp -m tcp --dport 443 -j MARK --set-xmark 0x1/0xffffffff'],
    ['nat', ':POSTROUTING ACCEPT [0:0]'],
  )
  const sent = { src: '192.0.2.1', dst: '203.0.113.9', sport: 40_000, dport: 443 }
  const lines = [
    trace('mangle:OUTPUT:rule:1', { ...sent, out: 'eth0' }),
    trace('mangle:OUTPUT:policy:2', { ...sent, out: 'eth0', mark: 1 }),
    trace('nat:POSTROUTING:policy:1', { ...sent, out: 'eth1', mark: 1 }),
  ]
  const files = { rules, ADDRESSES, ROUTES }
  const left =
    'warning: It left by eth1 with the source 192.0.2.1, an address of eth0: this host chose the source before'

  it('a rule whose mark may have led the packet is said to have perhaps', async () => {
    const [perhaps] = said(await told(files, ...lines), 'not-masqueraded')
    expect(perhaps).toContain(
      `${left} mangle OUTPUT rule 1 gave the packet mark 0x1, which may have sent it out of eth1 (routing rules are unknown)`,
    )
    const [known] = said(await told({ ...files, RULES_OF_ROUTING }, ...lines), 'not-masqueraded')
    expect(known).toContain(`${left} mangle OUTPUT rule 1 sent the packet out of eth1 by mark 0x1.`)
  })

  it('a marked packet may be kept here by another table, and an unmarked one is told by the addresses', () => {
    const links = [{ name: 'eth0', addresses: [{ family: 'ip' as const, address: '192.0.2.1', prefixLength: 24 }] }]
    const routes = [
      { family: 'ip' as const, type: 'local' as const, destination: '0.0.0.0/0', table: '100', device: 'lo' },
      { family: 'ip' as const, type: 'unicast' as const, destination: '0.0.0.0/0', table: 'main', device: 'eth0' },
    ]
    const asked = { in: 'eth0', src: '192.0.2.9', dst: '203.0.113.9' }
    const here = (packet: typeof asked & { mark?: number }, host: Host) =>
      leadsToThisHost(packet, { ...emptyWorld(), host: { links, routes, ...host } })
    expect(here({ ...asked, mark: 1 }, {})).toBeUndefined()
    expect(here({ ...asked, mark: 0 }, {})).toBe(false)
    expect(here({ ...asked, mark: 1 }, { routingRules: [] })).toBe(false)
    expect(here({ ...asked, mark: 1, dst: '192.0.2.1' }, {})).toBe(true)
  })
})

describe('a reply', () => {
  const asked: TestPacket = {
    in: 'eth1',
    src: '198.51.100.9',
    dst: '203.0.113.5',
    sport: 40_000,
    dport: 53,
    protocol: 'udp',
  }
  const reply: TestPacket = {
    in: 'eth0',
    src: '203.0.113.5',
    dst: '198.51.100.9',
    sport: 53,
    dport: 40_000,
    protocol: 'udp',
  }
  const rules = save(['raw', ':PREROUTING ACCEPT [0:0]'])
  const lines = [asked, reply].map((packet) => trace('raw:PREROUTING:policy:1', packet))

  it('is no answer where nothing tells by which interface it left', async () => {
    expect((await told({ rules, ADDRESSES }, ...lines)).status).toBe('undetermined')
    expect((await told({ rules, ADDRESSES, ROUTES, RULES_OF_ROUTING }, ...lines)).status).toBe('answered')
  })
})

describe('a reset of this host itself', () => {
  const asked = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 22 }
  const reset = { out: 'eth0', src: '192.0.2.1', dst: '192.0.2.9', sport: 22, dport: 40_000, flags: 'ACK RST' }
  const lines = [trace('filter:INPUT:rule:1', asked), trace('filter:OUTPUT:policy:1', reset)]

  it('may be of a rule where the rules are not known', async () => {
    expect((await told({}, ...lines)).status).toBe('undetermined')
    const rules = save(['filter', ':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '-A INPUT -p tcp -j ACCEPT'])
    expect((await told({ rules }, ...lines)).status).toBe('refused')
  })
})
