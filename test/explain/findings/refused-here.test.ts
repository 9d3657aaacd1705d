/** This host itself says no. */
import { describe, expect, it } from 'vitest'
import { type Finding, open, type Packet } from '../../../src/index.ts'
import { type Case, LISTENS_ON, played, REPLY, told } from './played.ts'

const RESET: Packet = { ...REPLY, src: '10.0.1.1', tcpFlags: ['ack', 'rst'], tcpSeq: 0, tcpWindow: 0, tcpOptions: '' }
delete RESET.in
const filter = (...rules: string[]): Case => ({ rules: { filter: rules }, packet: RESET })

const ROUTES =
  '10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.1\nlocal 10.0.1.1 dev eth0 table local proto kernel scope host src 10.0.1.1\n'

async function refusals(files: Readonly<Record<string, string>>): Promise<Finding[]> {
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const found: Finding[] = []
  for await (const { findings } of analysis.journeys())
    found.push(...findings.filter(({ code }) => code === 'refused-here'))
  return found
}

describe('refused-here', () => {
  it('says what nobody takes', () => {
    expect(told(filter('-A INPUT -p udp -j REJECT'), 'refused-here')?.message).toBe(
      'No rule rejected the request: this host itself replies with a reset, because no program listens on tcp 10.0.1.1:80.',
    )
  })

  const GRE = '[SRC=10.0.1.2 DST=10.0.1.1 LEN=36 TOS=0x00 PREC=0x00 TTL=64 ID=9 DF PROTO=47 ] '
  it.each([
    ['that the error quotes', GRE, '', 'protocol gre'],
    ['that the log does not show', '', '', 'the protocol of the request'],
    ['unless a rule may say so', GRE, '-A INPUT -p gre -j REJECT --reject-with icmp-proto-unreachable\n', undefined],
  ])('says that nothing takes a protocol %s', async (_name, quoted, rule, which) => {
    const files = {
      'trace.log': `[   10.000000] TRACE: filter:OUTPUT:policy:1 IN= OUT=eth0 SRC=10.0.1.1 DST=10.0.1.2 LEN=64 TOS=0x00 PREC=0xC0 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=2 ${quoted}\n`,
      'rules.v4': `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp -j REJECT\n${rule}COMMIT\n`,
      addresses: '2: eth0    inet 10.0.1.1/24 scope global eth0\n',
      routes: ROUTES,
    }
    const said = (await refusals(files)).map(({ message }) => message)
    expect(said).toEqual(
      which === undefined
        ? []
        : [
            `No rule rejected the request: this host itself replies with protocol unreachable, because no program or module on it handles ${which}.`,
          ],
    )
  })

  it('knows of no missing program where a route delivered what is for another host', async () => {
    const quoted =
      'SRC=10.0.1.1 DST=10.0.8.9 LEN=48 TOS=0x00 PREC=0x00 TTL=64 ID=9 DF PROTO=UDP SPT=40000 DPT=123 LEN=28'
    const [refused] = await refusals({
      'trace.log': `[   10.000000] TRACE: filter:OUTPUT:policy:1 IN= OUT=lo SRC=10.0.1.1 DST=10.0.1.1 LEN=76 TOS=0x00 PREC=0xC0 TTL=64 ID=1 PROTO=ICMP TYPE=3 CODE=3 [${quoted} ] \n`,
      'rules.v4':
        '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n',
      routes: ROUTES,
    })
    expect(refused).toMatchObject({ severity: 'note', fix: [] })
    expect(refused?.message).toMatch(/10\.0\.8\.9 is not an address of this host\.$/)
  })

  it('names the rule that redirects what comes in, and not what this host asks itself', () => {
    const nat = ['-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080']
    const own = { rules: { nat, filter: [] }, host: LISTENS_ON(8080) }
    const { findings } = played({ ...own, packet: { ...RESET, dst: '10.0.2.1' } })
    expect(findings.find(({ code }) => code === 'refused-here')).toMatchObject({
      message:
        'No rule rejected the request: this host itself replies with a reset, because no program listens on tcp 10.0.1.1:80. nat PREROUTING rule 1 redirects port 80 to 8080, where a program listens, but requests of this host itself do not traverse PREROUTING.',
      fix: [],
    })
    expect(told({ ...own, packet: RESET }, 'refused-here')?.message).not.toContain('PREROUTING')
  })

  it.each([
    ['a rule may have sent it', filter('-A INPUT -p tcp -j REJECT --reject-with tcp-reset')],
    ['it comes from elsewhere', { ...filter(), packet: { ...RESET, in: 'eth1', src: '10.0.2.2' } }],
    ['a program broke the connection off', { ...filter(), packet: { ...RESET, tcpWindow: 500 } }],
    ['it is an answer', { ...filter(), packet: { ...RESET, tcpFlags: ['ack', 'syn'] } }],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'refused-here')).toBeUndefined()
  })
})
