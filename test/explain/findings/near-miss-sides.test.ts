/** A rule that asks for the interface which packets at its hook do not have. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'

const HOST = {
  'ip-addr.txt':
    '1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <UP> mtu 1500\n    inet 10.0.1.1/24 scope global eth0\n',
  'ip-route.txt': '10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.1\n',
}

async function near(...rules: string[]) {
  const text = `table inet fw {\n chain input {\n type filter hook input priority 0; policy drop;\n${rules.map((rule) => ` ${rule}\n`).join('')} }\n}\n`
  const analysis = await open(
    Object.entries({ ...HOST, 'rules.nft': text }).map(([name, one]) => ({ name, text: one })),
  )
  const { journeys } = analysis.simulate(['in eth0 tcp 10.0.1.9:40000 > 10.0.1.1:443 syn'])
  return journeys[0]!.findings.flatMap(({ code, severity, message }) =>
    code === 'near-miss' ? [{ severity, message }] : [],
  )
}

it('matches nothing, which is told for certain', async () => {
  expect(await near('oifname { "eth0", "eth1" } tcp dport 443 accept')).toEqual([
    {
      severity: 'warning',
      message:
        'inet fw input rule 1 would have accepted it, but only matches oifname { "eth0", "eth1" }, and a packet at hook input has no output interface.',
    },
  ])
})

it('matches what has none where it asks for all but one', async () => {
  expect(await near('oifname != "eth0" tcp dport 443 drop')).toEqual([])
})
