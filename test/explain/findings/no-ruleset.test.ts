/** A ruleset that was given and has nothing for the packet's family says that there are no rules for it. */
import { expect, it } from 'vitest'
import { type Input, open } from '../../../src/analysis/analysis.ts'

const TRACE = {
  name: 'trace.txt',
  text: `trace id 5a1b2c3d inet nfwhy-123456789 output packet: oif "lan" ip6 saddr fe80::1 ip6 daddr ff02::16 ip6 hoplimit 1 ip6 nexthdr ipv6-icmp icmpv6 type 143 icmpv6 code 0
trace id 5a1b2c3d inet nfwhy-123456789 output rule meta nftrace set 1 (verdict continue)
trace id 5a1b2c3d inet nfwhy-123456789 output verdict continue
trace id 5a1b2c3d inet nfwhy-123456789 output policy accept
`,
}
const NFT = 'table ip filter {\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy accept;\n\t}\n}\n'
const IPTABLES = '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'
const collected = (...lines: string[]) =>
  `# What nfwhy collect gathered; nfwhy reads it with the files beside it.\nhost r\n${lines.join('\n')}\n`
const ADDRESSES =
  '2: lan: <UP> mtu 1500\n    inet 10.1.0.1/24 scope global lan\n    inet6 2001:db8::1/64 scope global\n'
const PACKET = 'in lan icmpv6 2001:db8::2 > 2001:db8::1 echo-request'

const codes = (findings: readonly { code: string }[]) => findings.map(({ code }) => code)

const ofTrace = async (text?: string) => {
  const given: Input[] = [TRACE, ...(text === undefined ? [] : [{ name: 'given', text }])]
  return (await (await open(given)).groups()).groups.flatMap(({ journey }) => codes(journey.findings))
}

const simulated = async (text: string) => {
  const { journeys } = (
    await open([
      { name: 'given', text },
      { name: 'addr', text: ADDRESSES },
    ])
  ).simulate([PACKET])
  return codes(journeys[0]!.findings)
}

it('is said of a trace of nft where nft was not listed', async () => {
  expect(await ofTrace()).toContain('no-ruleset')
  // ip6tables-nft's rules may be there
  expect(await ofTrace(IPTABLES)).toContain('no-ruleset')
  expect(await ofTrace(collected('empty ip6tables-legacy.rules 0 0 ip6tables-legacy-save -c'))).toContain('no-ruleset')
})

it('is not said where nft lists other families, or nothing', async () => {
  expect(await ofTrace(NFT)).not.toContain('no-ruleset')
  expect(await ofTrace(collected('empty ruleset.nft 0 0 nft -a list ruleset'))).not.toContain('no-ruleset')
})

it('is not said of a simulated packet either', async () => {
  expect(await simulated(IPTABLES)).toContain('no-ruleset')
  expect(await simulated(NFT)).not.toContain('no-ruleset')
  expect(await simulated(collected('empty ruleset.nft 0 0 nft -a list ruleset'))).not.toContain('no-ruleset')
})
