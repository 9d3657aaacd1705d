/** A reply to what a program of this host sent from another host's address, which no local route keeps here. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const MARKS = `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -p udp -m udp --sport 514 -j MARK --set-xmark 0x1/0xffffffff
COMMIT
`
const rules = (mangle: string) => `${mangle}*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
const ROUTES = '10.0.1.0/24 dev eth0 proto kernel scope link\n10.0.2.0/24 dev eth1 proto kernel scope link\n'
const FILES = {
  rules: rules(MARKS),
  addresses:
    '2: eth0    inet 10.0.1.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n3: eth1    inet 10.0.2.1/24 scope global eth1\\       valid_lft forever preferred_lft forever\n',
  routes: `${ROUTES}local 10.0.1.1 dev eth0 table local\nlocal 10.0.2.1 dev eth1 table local\n`,
  routingRules:
    '0:\tfrom all lookup local\n100:\tfrom all fwmark 0x1 lookup 100\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
  sysctls: 'net.ipv4.ip_forward = 0\n',
}

const UDP = { protocol: 'udp', length: 40 } as const
const asked = { ...UDP, out: 'eth1', src: '10.0.1.2', dst: '10.0.2.2', sport: 4000, dport: 514 }
const back = { ...UDP, in: 'eth1', src: '10.0.2.2', dst: '10.0.1.2', sport: 514, dport: 4000 }
const REQUEST = [trace('filter:OUTPUT:policy:1', asked)]
const marked = { ...back, mark: 1 }
const REPLY = [trace('mangle:PREROUTING:rule:1', back), trace('mangle:PREROUTING:policy:2', marked)]

async function told(files: Readonly<Record<string, string>>, lines = [...REQUEST, ...REPLY]) {
  const log = lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join('')
  const inputs = Object.entries({ log, ...files }).map(([name, text]) => ({ name, text }))
  const { exchanges } = await (await open(inputs)).exchanges()
  const { status, findings } = exchanges[0]!
  return { status, findings, found: findings.find(({ code }) => code === 'proxy-missing') }
}

describe('a reply to what this host asked with the address of another host', () => {
  it('needs a local route, which the table of its mark lacks, and not that this host forwards', async () => {
    const { status, findings, found } = await told(FILES)
    expect(status).toBe('reply-lost')
    expect(found?.message).toBe(
      'No local route keeps the reply on this host: a program of this host asked 10.0.2.2:514 with the source 10.0.1.2, which is not an address of this host. The route to 10.0.1.2 for mark 0x1 leads out of eth0.',
    )
    expect(found?.rules).toMatchObject([{ table: 'mangle', chain: 'PREROUTING', ruleNumber: 1 }])
    expect(found?.fix[0]?.edits).toMatchObject([
      { kind: 'route', op: 'add', route: { type: 'local', table: '100', device: 'lo' } },
    ])
    const accused = findings.filter(({ severity }) => severity !== 'note')
    expect(accused.map(({ code }) => code)).toEqual(['proxy-missing'])
    expect(findings.find(({ code }) => code === 'vanished-forwarding-off')).toMatchObject({ severity: 'note', fix: [] })
  })

  it('names no command without a mark, for its number is nobody else’s to choose', async () => {
    const plain = trace('filter:FORWARD:policy:1', { ...back, out: 'eth0' })
    const { status, found } = await told({ ...FILES, rules: rules(''), sysctls: 'net.ipv4.ip_forward = 1\n' }, [
      ...REQUEST,
      plain,
    ])
    expect(status).toBe('reply-lost')
    expect(found?.message).toContain('The route to 10.0.1.2 leads out of eth0.')
    expect(found?.fix.map(({ edits }) => edits)).toEqual([undefined])
  })

  it('is none where this host forwarded the request, though it forwards no more', async () => {
    const forwarded = [trace('filter:FORWARD:policy:1', { ...asked, in: 'eth0' })]
    const { found, findings } = await told(FILES, [...forwarded, ...REPLY])
    expect(found).toBeUndefined()
    expect(findings.find(({ code }) => code === 'vanished-forwarding-off')?.severity).toBe('error')
  })

  it('is none where only the reply was captured: nobody knows who asked', async () => {
    const conntrack =
      'udp      17 28 src=10.0.1.2 dst=10.0.2.2 sport=4000 dport=514 src=10.0.2.2 dst=10.0.1.2 sport=514 dport=4000 mark=0 use=1\n'
    const { found, findings } = await told({ ...FILES, conntrack }, REPLY)
    expect(found).toBeUndefined()
    expect(findings.find(({ code }) => code === 'vanished-forwarding-off')?.severity).toBe('error')
  })

  it('is none where nat gave the request that source', async () => {
    const nat = '*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.1.2\nCOMMIT\n'
    const own = { ...asked, src: '10.0.2.1' }
    const lines = [trace('filter:OUTPUT:policy:1', own), trace('nat:POSTROUTING:rule:1', own), ...REPLY]
    const { found } = await told({ ...FILES, rules: nat + FILES.rules }, lines)
    expect(found).toBeUndefined()
  })

  it('is none to an address of this host, nor where a local route keeps it', async () => {
    const own = await told({
      ...FILES,
      addresses: FILES.addresses.replace('10.0.1.1/24', '10.0.1.2/24'),
      routes: FILES.routes.replace('10.0.1.1', '10.0.1.2'),
    })
    expect(own.found).toBeUndefined()
    const led = await told({ ...FILES, routes: `${FILES.routes}local default dev lo table 100\n` })
    expect(led.found).toBeUndefined()
  })
})
