/** Captures of a router, a client and a server in network namespaces, and what was known of each before it was explained. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { FORMS } from '../../src/reports/index.ts'
import { write } from '../reports/cases.ts'

const FOLDER = new URL('../../fixtures/analysis/laboratory/', import.meta.url)

async function told(name: string): Promise<{ text: string; warnings: string[] }> {
  const folder = new URL(`${name}/`, FOLDER)
  const analysis = await open(
    readdirSync(folder).map((file) => ({ name: file, text: readFileSync(new URL(file, folder), 'utf8') })),
  )
  const { groups, ending } = await analysis.groups()
  const text = write(FORMS.text, groups, ending, { width: 160 }).replace(/\n {9}(?! )/g, ' ')
  return { text, warnings: analysis.warnings.map(({ code }) => code) }
}

it('does not take an address that nat gave for the client of two networks', async () => {
  const { text } = await told('first-seen-behind-snat')
  expect(text).toMatch(/^✗ NO REPLY +#1 ×3\n/)
  expect(text).not.toMatch(/renumber|Two networks/)
})

it('takes what -m socket has matched for handed over to the proxy', async () => {
  const { text } = await told('proxy-by-socket')
  expect(text.match(/^[✗!?✓] .*/gm)).toEqual([expect.stringMatching(/^✓ DELIVERED .* SYN {2}in lan {2}answered/)])
})

it('says that the ICMP error about a later packet never left', async () => {
  const { text } = await told('error-never-left')
  expect(text).toMatch(
    /✗ LOST: longer than the MTU +#1\n.* SYN .*\n {2}cause {2}The SYN was answered\. A later packet of this connection was lost\. It is 1452 bytes long .* An ICMP error from 10\.50\.1\.1 \(#5, .*\) was dropped by filter OUTPUT policy\./,
  )
  expect(text).not.toMatch(/came back|If no reply comes/)
})

it('says of an answered SYN that a later packet was dropped, and not where to look for a reply', async () => {
  const { text } = await told('data-dropped')
  expect(text).toContain(
    'The SYN was answered. A later packet of this connection was dropped by filter FORWARD rule 1.',
  )
  expect(text).not.toContain('No rule stopped it')
})

it('finds the rule that rejects among those that iptables-save lists without handles', async () => {
  const { text } = await told('rejected-by-handle')
  expect(text).toMatch(/^✗ REJECTED by filter EGRESS rule 2 +#1\n/)
  expect(text).toMatch(/fix {4}iptables -I EGRESS 2 .*tried on the model: sent/)
  expect(text).not.toContain('another outcome')
})

it('tells what this host sends of the rule in PREROUTING that it does not traverse', async () => {
  const { text } = await told('own-past-prerouting')
  expect(text).toContain('but this host sends the packet itself: such packets traverse nat OUTPUT, not PREROUTING.')
  expect(text).toMatch(/iptables -t nat -A OUTPUT -d 10\.50\.1\.1 -o lo -p tcp --dport 8080 .*tried on the model: sent/)
  expect(text).toMatch(/✓ FORWARDED {2}\(inferred\) {2}tcp 10\.50\.1\.2:\d+ .* answered/)
})

it('knows from a whole trace that a listed chain of POSTROUTING is absent', async () => {
  const { text } = await told('listed-chains')
  expect(text).not.toContain('last seen at filter FORWARD')
  expect(text).toMatch(/✓ FORWARDED {2}tcp 10\.50\.1\.2:\d+ → 10\.50\.2\.2:80 .* answered/)
})

it('marks nothing where everything works, neighbour discovery included', async () => {
  const { text } = await told('all-answered')
  expect(text).not.toMatch(/^[✗!?] /m)
  expect(text.match(/ answered /g)?.length).toBe(6)
})

it('lets in replies in the chain that Docker leaves to its users', async () => {
  const { text } = await told('between-bridges')
  expect(text).toMatch(
    /iptables -I DOCKER-USER 1 -s .* && +iptables -I DOCKER-USER 1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT/,
  )
  expect(text).not.toContain('docker may undo')
})

it('takes the empty list that ip -j prints for an empty file', async () => {
  expect((await told('no-neighbours')).warnings).not.toContain('not-recognised')
})
