/** Both backends are traced: one packet is told of twice, and what stopped it decides. */
import { describe, expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'

const LEGACY = (policy: string) =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ${policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i lan9 -j ACCEPT\nCOMMIT\n`
/** As iptables-nft makes it. */
const NFT = (policy: string) =>
  `table ip filter { # handle 1\n\tchain FORWARD { # handle 1\n\t\ttype filter hook forward priority filter; policy ${policy};\n\t\tmeta l4proto tcp counter packets 1 bytes 60 ${policy} # handle 2\n\t}\n}\n`
const log = (ipId: number) =>
  `[  1.000001] TRACE: filter:FORWARD:policy:2 IN=eth0 OUT=eth1 MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.1 DST=10.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=${ipId} DF PROTO=TCP SPT=40000 DPT=80 WINDOW=64240 RES=0x00 SYN URGP=0\n`
const nft = (verdict: string) =>
  `trace id 11 ip filter FORWARD packet: iif "eth0" oif "eth1" ip saddr 192.0.2.1 ip daddr 10.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240\ntrace id 11 ip filter FORWARD rule meta l4proto tcp counter packets 1 bytes 60 ${verdict} # handle 2 (verdict ${verdict})\n`

/** `legacy`: its policy, and `verdict`: what nft's rule does; `logged`: the IP ID in the kernel log, 0 for a packet that is not there. */
async function told(legacy: string, verdict: string, logged = 7) {
  const files = {
    'rules.v4': LEGACY(legacy),
    'ruleset.nft': NFT(verdict),
    ...(logged === 0 ? {} : { 'trace.log': log(logged) }),
    'trace.nft': nft(verdict),
  }
  const inputs = Object.entries(files).map(([name, text]) => ({ name, text }))
  const { exchanges } = await (await open(inputs)).exchanges()
  const { groups, ending } = await (await open(inputs)).groups()
  return {
    exchanges: exchanges.map(({ status, culprit }) => [
      status,
      culprit && (culprit.handle === undefined ? 'legacy' : 'nft'),
    ]),
    text: printReport('text', groups, ending, {}),
  }
}

describe('one packet of two traces', () => {
  test('was dropped where nft dropped it, wherever the other log ends', async () => {
    const { exchanges, text } = await told('ACCEPT', 'drop')
    expect(exchanges).toEqual([['dropped', 'nft']])
    expect(text.split('\n')[0]).toMatch(/^✗ DROPPED by ip filter FORWARD handle 2/)
    expect(text).toMatch(/^\? UNDETERMINED .* #1$/m)
  })

  test('was dropped where iptables-legacy dropped it, though nft let it pass', async () => {
    const { exchanges, text } = await told('DROP', 'accept')
    expect(exchanges).toEqual([['dropped', 'legacy']])
    expect(text.split('\n')[0]).toMatch(/^✗ DROPPED by filter FORWARD policy/)
    expect(text).toMatch(/^\? UNDETERMINED .* #2$/m)
  })

  test('of which one trace is missing may have been dropped there', async () => {
    const { exchanges, text } = await told('DROP', 'accept', 0)
    expect(exchanges).toEqual([['undetermined', undefined]])
    expect(text).toMatch(/^\? UNDETERMINED /)
    expect(text.replace(/\s+/g, ' ')).toContain(
      'cause ip filter FORWARD of iptables-legacy is attached to FORWARD at the same priority (0) as filter FORWARD of nf_tables.',
    )
    expect(text).toContain('look   trace iptables-legacy as well: its lines are in the kernel log')
  })

  test('is told apart from another one', async () => {
    const { text } = await told('ACCEPT', 'drop', 9)
    expect(text).toMatch(/^✗ UNDETERMINED .* #1$/m)
  })
})
