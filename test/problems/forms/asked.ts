/**
 * The traced machine's rules and state as its tools print them when they are asked in other ways than `nfwhy collect`
 * asks: what people bring. Each file is one command's output, and its name the command.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lab } from '../../../src/demo/lab.ts'

/** Outputs by the command that printed them. */
export type Asked = Readonly<Record<string, string>>

const NFT_OPTIONS = ['', '-s', '-a -s', '-a -n', '-a -S', '-a -y', '-a -u', '-j', '-j -n']
const NFT = NFT_OPTIONS.map((options) => `nft ${options} list ruleset`.replace(/ {2}/, ' '))

const STATE = [
  ...['addr', '-d addr', '-o addr', '-br addr', '-br link', '-s addr', '-o link', '-d link', '-j addr'].map(ip),
  ...['route show table all', '-d route show table all', '-o route show table all', '-N route show table all'].flatMap(
    (words) => [ip(words), ip(`-6 ${words}`)],
  ),
  ...['route', '-6 route', 'rule', '-6 rule', '-d rule', '-d -6 rule', '-N rule', '-N -6 rule'].map(ip),
  ...['neigh', '-s neigh', '-6 neigh'].map(ip),
  ...['ss -tulpn', 'ss -lntu', 'ss -tuanp', 'ss -lnt', 'ss -tulpne', 'ss -tulpnO', 'ss -lntupH', 'netstat -tulpn'],
  ...['netstat -rn', 'ifconfig -a'],
  ...['', '-o extended', '-o extended,id', '-o timestamp', '-o xml', '-o save'].map((form) =>
    `conntrack -L ${form}`.trim(),
  ),
  ...['-o extended', '-o xml', '-o save'].map((form) => `conntrack -L -f ipv6 ${form}`),
  'cat /proc/net/nf_conntrack',
  ...['sysctl -a', 'sysctl net', 'sysctl -a -e --pattern forward'],
  ...['ipset list', 'ipset list -o xml', 'ipset save'],
]

const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security']
const LISTED = [
  '-S',
  '-S -v',
  '-L',
  '-L -v',
  '-L -n',
  '-L -n -v',
  '-L -n -v --line-numbers',
  '-L -n -v -x --line-numbers',
]

/** Addresses by the names of /etc/hosts: nobody here answers what a resolver asks. */
const WITHOUT_DNS =
  'mount -t tmpfs own /mnt; echo "hosts: files" > /mnt/names; mount --bind /mnt/names /etc/nsswitch.conf'

function ip(words: string): string {
  return `ip ${words}`
}

/** What fails or prints nothing is left out. Tables that are not there are not asked for: legacy would make them. */
export async function askedOf(lab: Lab, host: string): Promise<Asked> {
  const outputs: Record<string, string> = {}
  const ask = async (command: string) => {
    const { status, out } = await lab.run(host, ['sh', '-c', command])
    if (status === 0 && out.trim() !== '') outputs[command] = out
    return out
  }
  for (const command of [...NFT, ...STATE]) await ask(command)
  for (const tool of ['iptables-legacy', 'ip6tables-legacy', 'iptables-nft', 'ip6tables-nft']) {
    const names = `/proc/net/${tool.startsWith('ip6') ? 'ip6' : 'ip'}_tables_names`
    const isThere = tool.endsWith('nft') || (await lab.run(host, ['cat', names])).out.trim() !== ''
    if (!isThere) continue
    const saved = await ask(`${tool}-save`)
    for (const table of TABLES.filter((name) => saved.includes(`*${name}\n`)))
      for (const words of LISTED) {
        const command = `${tool} -t ${table} ${words}`
        if (words.includes('-n') || words.includes('-S')) await ask(command)
        else outputs[command] = (await lab.run(host, ['unshare', '-m', 'sh', '-c', `${WITHOUT_DNS}; ${command}`])).out
      }
  }
  return outputs
}

const FIELDS = [
  ...['frame.time_epoch', 'nflog.prefix', 'nflog.ifindex_indev', 'nflog.ifindex_outdev', 'nflog.hook'],
  ...['ip.src', 'ip.dst', 'ip.proto', 'ip.id', 'ip.len', 'ip.ttl', 'ip.dsfield', 'ip.flags.df', 'ip.flags.mf'],
  ...['ipv6.src', 'ipv6.dst', 'ipv6.nxt', 'ipv6.plen', 'ipv6.hlim', 'ipv6.flow', 'ipv6.tclass'],
  ...['tcp.srcport', 'tcp.dstport', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.window_size_value', 'tcp.options'],
  ...['udp.srcport', 'udp.dstport', 'icmp.type', 'icmp.code', 'icmp.ident', 'icmp.seq', 'icmpv6.type', 'icmpv6.code'],
]
const columns = (fields: readonly string[]) => fields.flatMap((field) => ['-e', field])
const TSHARK: Readonly<Record<string, readonly string[]>> = {
  'tshark -T json': ['-T', 'json'],
  'tshark -T ek': ['-T', 'ek'],
  'tshark -T fields, quoted, with nflog.tlv': [
    ...['-T', 'fields', '-E', 'header=y', '-E', 'separator=,', '-E', 'quote=d'],
    ...columns(['frame.time_epoch', 'nflog.tlv']),
  ],
  'tshark -T fields, tabs': ['-T', 'fields', '-E', 'header=y', ...columns(FIELDS)],
  'tshark -T fields, semicolons': ['-T', 'fields', '-E', 'header=y', '-E', 'separator=;', ...columns(FIELDS)],
}

/** What tshark prints of a capture of NFLOG, where there is one; nothing where tshark is not. */
export function tsharkOf(pcap: Uint8Array): Asked {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-tshark-'))
  const path = join(folder, 'nflog.pcap')
  writeFileSync(path, pcap)
  const printed = Object.entries(TSHARK).map(([words, options]): [string, string] => {
    const { stdout } = spawnSync('tshark', ['-n', '-r', path, ...options], { encoding: 'utf8', maxBuffer: 1e9 })
    return [words, stdout ?? '']
  })
  rmSync(folder, { recursive: true })
  return Object.fromEntries(printed.filter(([, text]) => text !== ''))
}
