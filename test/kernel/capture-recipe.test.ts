/**
 * docs/capture.md's recipe for a capture, line by line, as root in a namespace where a rule closes port 80; and what
 * nfwhy says of the files it leaves. The kernel log is one for the whole machine, so the address is one of our own.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BIN } from '../cli/nfwhy.ts'
import { blocksOf } from '../docs/markdown.ts'
import { ROOT } from '../docs/sources.ts'
import { showAllNamespaces } from '../live/lab/kernel-log.ts'
import { runInNamespace, whyNot } from './namespaces.ts'

const TOOLS = [
  'iptables-legacy',
  'ip6tables-legacy',
  'dmesg',
  'ip',
  'nsenter',
  'ss',
  'sysctl',
  'conntrack',
  'ipset',
  'bash',
  'flock',
]
const notHere =
  process.getuid?.() === 0 ? whyNot(...TOOLS) : 'only root sees the kernel log of a network namespace (run as root)'

const sh = (page: string, heading: string): string[] =>
  blocksOf(readFileSync(join(ROOT, page), 'utf8'))
    .filter((block) => block.language === 'sh' && block.heading === heading)
    .map((block) => block.text)

describe.skipIf(notHere)(`the recipe for a capture${notHere ? `: ${notHere}` : ''}`, () => {
  const [trace = '', save = '', away = '', explain = ''] = sh('docs/capture.md', 'Capture on your own machine')
  const [hostState = ''] = sh('docs/formats/host-state.md', 'How to get it')
  let folder: string
  let hideAgain: () => Promise<unknown>
  beforeAll(async () => {
    hideAgain = await showAllNamespaces({ alone: true })
    folder = mkdtempSync(join(tmpdir(), 'nfwhy-recipe-'))
    // the recipe is for machines whose iptables is the legacy one
    for (const name of ['iptables', 'iptables-save', 'ip6tables', 'ip6tables-save'])
      symlinkSync('/usr/sbin/xtables-legacy-multi', join(folder, name))
  })
  afterAll(async () => {
    await hideAgain()
    rmSync(folder, { recursive: true })
  })

  test.each([
    ['iptables', '198.18.0.0', 15, (text: string) => text],
    ['ip6tables', '2001:db8::0', 32, (text: string) => text.replaceAll('iptables', 'ip6tables')],
  ])('with %s', (tool, network, length, inFamily) => {
    const address = network.replace(/0$/, String(2 + Math.floor(Math.random() * 90)))
    const nodad = address.includes(':') ? 'nodad' : ''
    const work = mkdtempSync(join(folder, 'work-'))
    const said = runInNamespace(`
PATH=${folder}:$PATH
LC_ALL=C.UTF-8
cd ${work}
unshare --net sleep 60 &
client=$!
until ip link add eth0 type veth peer name eth0 netns $client 2>/dev/null; do sleep 0.01; done
ip addr add ${address}/${length} dev eth0 ${nodad}
ip link set eth0 up
nsenter --net=/proc/$client/ns/net sh -c 'ip link set eth0 up; ip addr add ${network.replace(/0$/, '1')}/${length} dev eth0 ${nodad}'
${tool} -A INPUT -p tcp --dport 80 -j DROP
# half a second is enough for a packet once the links are up and the neighbours know each other
until nsenter --net=/proc/$client/ns/net timeout 1 bash --norc -c '</dev/tcp/${address}/81' 2>&1 | grep -q refused; do sleep 0.05; done
${inFamily(trace)}
nsenter --net=/proc/$client/ns/net timeout 0.5 bash --norc -c '</dev/tcp/${address}/80'
${inFamily(save)}
${inFamily(hostState)}
${inFamily(away)}
kill $client
echo @EXPLAINED
npx() { shift; node ${BIN} "$@"; }
${explain.replace(/'(tcp dst port 80)'/, `'$1 and host ${address}'`)}
echo @LEFT
${tool}-save`)
    expect(said).toContain('@LEFT')
    const [before = '', explained = '', left = ''] = said.split(/@EXPLAINED\n|@LEFT\n/)
    expect(before.replace(/^conntrack v.*\n/m, '')).toBe('')
    expect(explained).toMatch(/✗ DROPPED by (ip6tables )?filter INPUT rule 1 .*\n {2}tcp /)
    expect(explained).toContain('-A INPUT -p tcp -m tcp --dport 80 -j DROP')
    // all files were told by their content, and understood
    expect(explained).not.toMatch(/^ +warn/m)
    expect(left).not.toContain('TRACE')
    expect(left).toContain('-A INPUT -p tcp -m tcp --dport 80 -j DROP')
  })
})
