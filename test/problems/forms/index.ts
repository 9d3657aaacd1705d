/** Forms in which people bring what was kept of a problem, and each of them says what `nfwhy collect` would, or less of it. */
import { gzipSync } from 'node:zlib'
import { makeTar } from '../../read/make-tar.ts'
import {
  bytesOf,
  encodingOf,
  type Form,
  inputsOf,
  instead,
  iptablesAs,
  isIptables,
  isOnNft,
  type Kept,
  without,
} from './kept.ts'
import { rotated, WRAPPINGS } from './log.ts'
import { pasted, STYLES, transcript } from './pasted.ts'

const NFT = /^ruleset\.nft$/
const ALL_RULES = /^ip6?tables-\w+\.rules$|^ruleset\.nft$/
const ROUTES = /^ip-route/
const ROUTING_RULES = /^ip-rule/
const ADDRESSES = /^ip-addr/
const NEIGHBOURS = /^ip-neigh/
const SOCKETS = /^sockets/
const CONNTRACK = /^conntrack\.txt/
const SYSCTL = /^sysctl/
const IPSET = /^ipset/

const prefixed = <T>(prefix: string, forms: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(forms).map(([name, form]) => [`${prefix}: ${name}`, form]))

/** A form for each command, which is its name. */
const byCommands = (replaced: RegExp, ...all: readonly (readonly string[])[]): Record<string, Form> =>
  Object.fromEntries(all.map((commands) => [commands[0]!, instead(replaced, ...commands)]))

const RULES: Readonly<Record<string, Form>> = {
  ...prefixed('nft', {
    ...byCommands(
      NFT,
      ...['nft list ruleset', 'nft -s list ruleset', 'nft -a -s list ruleset', 'nft -a -n list ruleset'].map((one) => [
        one,
      ]),
      ...['nft -a -S list ruleset', 'nft -a -y list ruleset', 'nft -j list ruleset'].map((one) => [one]),
    ),
    // without what iptables-save says of the same
    'nft -a alone': (kept) =>
      isIptables(kept) && isOnNft(kept) ? inputsOf(without(kept, /^ip6?tables-nft/)) : undefined,
    'nft -j alone': (kept) =>
      isIptables(kept) && isOnNft(kept) ? instead(ALL_RULES, 'nft -j list ruleset')(kept) : undefined,
  }),
  ...prefixed('iptables', {
    'iptables-save -c alone': (kept) => (isIptables(kept) && isOnNft(kept) ? inputsOf(without(kept, NFT)) : undefined),
    'iptables-save alone': (kept) =>
      isIptables(kept) ? instead(isOnNft(kept) ? ALL_RULES : /^ip6?tables/, ...saves(kept))(kept) : undefined,
    '-S': iptablesAs('-S', true),
    '-S, a file a table': iptablesAs('-S', false),
    '-S -v': iptablesAs('-S -v', true),
    '-L -n -v --line-numbers': iptablesAs('-L -n -v --line-numbers', true),
    '-L -n -v, a file a table': iptablesAs('-L -n -v', false),
    '-L -n -v -x': iptablesAs('-L -n -v -x --line-numbers', true),
    '-L -n': iptablesAs('-L -n', true),
    '-L -v': iptablesAs('-L -v', true),
    '-L': iptablesAs('-L', true),
  }),
  ...prefixed('ipset', byCommands(IPSET, ['ipset list'], ['ipset list -o xml'])),
}

const saves = ({ asked }: Kept) => Object.keys(asked).filter((one) => /^ip6?tables-\w+-save$/.test(one))

const STATE: Readonly<Record<string, Form>> = {
  ...prefixed(
    'addresses',
    byCommands(ADDRESSES, ['ip addr'], ['ip -d addr'], ['ip -o addr'], ['ip -br addr'], ['ip -s addr'], ['ip -j addr']),
  ),
  'addresses: ip -o addr, ip -o link': instead(ADDRESSES, 'ip -o addr', 'ip -o link'),
  'addresses: ip -br addr, ip -d link': instead(ADDRESSES, 'ip -br addr', 'ip -d link'),
  'addresses: ifconfig -a': instead(ADDRESSES, 'ifconfig -a'),
  ...prefixed(
    'routes',
    Object.fromEntries(
      [
        'route show table all',
        '-d route show table all',
        '-o route show table all',
        '-N route show table all',
        'route',
      ].map((words) => [`ip ${words}`, instead(ROUTES, `ip ${words}`, `ip -6 ${words}`)]),
    ),
  ),
  'routes: netstat -rn': instead(ROUTES, 'netstat -rn'),
  'rules: ip rule': instead(ROUTING_RULES, 'ip rule', 'ip -6 rule'),
  'rules: ip -d rule': instead(ROUTING_RULES, 'ip -d rule', 'ip -d -6 rule'),
  'rules: ip -N rule': instead(ROUTING_RULES, 'ip -N rule', 'ip -N -6 rule'),
  ...prefixed('neighbours', byCommands(NEIGHBOURS, ['ip neigh'], ['ip -s neigh'])),
  ...prefixed(
    'sockets',
    byCommands(
      SOCKETS,
      ...[
        'ss -tulpn',
        'ss -lntu',
        'ss -tuanp',
        'ss -lnt',
        'ss -tulpne',
        'ss -tulpnO',
        'ss -lntupH',
        'netstat -tulpn',
      ].map((one) => [one]),
    ),
  ),
  ...prefixed(
    'conntrack',
    byCommands(
      CONNTRACK,
      ['conntrack -L', 'conntrack -L -f ipv6 -o extended'],
      ['conntrack -L -o extended', 'conntrack -L -f ipv6 -o extended'],
      ['conntrack -L -o extended,id', 'conntrack -L -f ipv6 -o extended'],
      ['conntrack -L -o timestamp', 'conntrack -L -f ipv6 -o extended'],
      ['conntrack -L -o xml', 'conntrack -L -f ipv6 -o xml'],
      ['conntrack -L -o save', 'conntrack -L -f ipv6 -o save'],
      ['cat /proc/net/nf_conntrack'],
    ),
  ),
  ...prefixed('settings', byCommands(SYSCTL, ['sysctl -a'], ['sysctl net'])),
}

const TRACES: Readonly<Record<string, Form>> = {
  ...prefixed(
    'trace',
    byCommands(/^trace\.txt$/, ['nft monitor trace'], ['nft -n -a monitor trace'], ['xtables-monitor --trace']),
  ),
  'trace: xtables-monitor, iptables-save alone': (kept) =>
    isIptables(kept) && isOnNft(kept)
      ? instead(/^trace\.txt$|^ruleset\.nft$/, 'xtables-monitor --trace')(kept)
      : undefined,
  'trace: no handles, rules without handles': (kept) =>
    isIptables(kept)
      ? undefined
      : instead(/^trace\.txt$|^ruleset\.nft$/, 'nft monitor trace', 'nft list ruleset')(kept),
  'trace: nft monitor trace, iptables-save alone': (kept) =>
    isIptables(kept) && isOnNft(kept) ? instead(/^trace\.txt$|^ruleset\.nft$/, 'nft monitor trace')(kept) : undefined,
  ...prefixed(
    'log',
    Object.fromEntries(
      Object.entries(WRAPPINGS).map(([name, wrap]): [string, Form] => [
        name,
        ({ files }) => {
          const log = files['dmesg.log']
          return log ? inputsOf({ ...files, 'dmesg.log': wrap(log) }) : undefined
        },
      ]),
    ),
  ),
  ...prefixed(
    'nflog',
    byCommands(
      /^nflog\.pcap$/,
      ...['tshark -T json', 'tshark -T ek', 'tshark -T fields, quoted, with nflog.tlv'].map((one) => [one]),
      ...['tshark -T fields, tabs', 'tshark -T fields, semicolons'].map((one) => [one]),
    ),
  ),
  'log: rotated': ({ files }) => {
    const { 'dmesg.log': log, ...others } = files
    if (!log) return undefined
    const { older, newer } = rotated(log)
    return [{ name: 'kern.log', text: newer }, { name: 'kern.log.1.gz', bytes: gzipSync(older) }, ...inputsOf(others)]
  },
}

const packable = ({ files }: Kept) =>
  Object.entries(files).map(([name, text]) => ({ name, bytes: bytesOf(name, text) }))

const changed =
  (change: (text: string) => string): Form =>
  ({ files }) =>
    inputsOf(
      Object.fromEntries(
        Object.entries(files).map(([name, text]) => [name, encodingOf(name) === 'utf8' ? change(text) : text]),
      ),
    )

const utf16 = (text: string): Uint8Array =>
  Uint8Array.from([0xff, 0xfe, ...Buffer.from(text.replaceAll('\n', '\r\n'), 'utf16le')])

const FILES: Readonly<Record<string, Form>> = {
  'names that say nothing': (kept) =>
    packable(kept).map(({ bytes }, i) => ({ name: `${String.fromCharCode(97 + i)}.txt`, bytes })),
  'the other order': (kept) => packable(kept).reverse(),
  'names that mislead': (kept) => {
    const names = Object.keys(kept.files)
    return packable(kept).map(({ bytes }, i) => ({ name: names[(i + 5) % names.length]!, bytes }))
  },
  'Windows line endings': changed((text) => text.replaceAll('\n', '\r\n')),
  'a byte order mark': changed((text) => `\uFEFF${text}`),
  'UTF-16 of PowerShell': ({ files }) =>
    Object.entries(files).map(([name, text]) => ({
      name,
      bytes: encodingOf(name) === 'utf8' ? utf16(text) : bytesOf(name, text),
    })),
  'no blanks at the end': changed((text) => text.replaceAll(/[ \t]+$/gm, '')),
  'no end of the last line': changed((text) => text.replace(/\n$/, '')),
  'empty lines in front': changed((text) => `\n\n${text}`),
  'tabs are blanks': changed((text) => text.replaceAll('\t', '    ')),
  'blanks that do not break': changed((text) => text.replaceAll('  ', ' \u00a0')),
  'colours of a terminal': changed((text) => text.replaceAll(/^(\S+)/gm, '\u001b[36m$1\u001b[0m')),
  'written by script(1)': changed(
    (text) =>
      `Script started on 2026-11-27 04:51:00+00:00 [TERM="xterm"]\r\n${text.replaceAll('\n', '\r\n')}\r\nScript done on 2026-11-27 04:51:09+00:00 [COMMAND_EXIT_CODE="0"]\n`,
  ),
  gzip: (kept) => packable(kept).map(({ name, bytes }) => ({ name: `${name}.gz`, bytes: gzipSync(bytes) })),
  tar: ({ files }) => [{ name: 'why.tar', bytes: tarOf(files, '') }],
  'tar.gz of a folder': ({ files }) => [{ name: 'why.tgz', bytes: gzipSync(tarOf(files, 'var/tmp/why/')) }],
}

const tarOf = (files: Readonly<Record<string, string>>, folder: string) =>
  makeTar(Object.entries(files).map(([name, text]) => ({ name: `${folder}${name}`, content: bytesOf(name, text) })))

const PASTED: Readonly<Record<string, Form>> = prefixed('pasted', {
  ...Object.fromEntries(
    Object.entries(STYLES).map(([name, style]): [string, Form] => [
      name,
      (kept) => {
        const pieces = transcript(kept)
        return pieces && [{ name: 'ticket.txt', text: pasted(style, pieces) }]
      },
    ]),
  ),
  'a file for each command, with its prompt': (kept) =>
    transcript(kept)?.map(([command, output], i) => ({
      name: `${i}.txt`,
      text: `root@gw:~# ${command}\n${output}root@gw:~# `,
    })),
  'a file for each command': (kept) => transcript(kept)?.map(([, output], i) => ({ name: `${i}.txt`, text: output })),
})

export const FORMS: Readonly<Record<string, Form>> = { ...FILES, ...RULES, ...STATE, ...TRACES, ...PASTED }
